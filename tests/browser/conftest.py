"""Debian's Chromium, and the demo quarter published for it to read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from shared_results import published


# No fixture outlives its module: Playwright keeps an event loop running, and no other test could start one meanwhile.
@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    # Chromium does not start as root inside its own sandbox; in a container one often is root.
    args = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        env = {**os.environ, "HOME": str(tmp_path_factory.mktemp("home"))}  # where it would leave crash reports
        browser = playwright.chromium.launch(executable_path=path, args=args, env=env)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Return an opener of blank pages, each in a browsing context of its own with the options given."""
    contexts = []

    def new_page(**options: object) -> Page:
        contexts.append(chromium.new_context(**options))
        return contexts[-1].new_page()

    yield new_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module", params=["en", "vi"])
def language(request: pytest.FixtureRequest) -> str:
    """The language the pages are in."""
    return request.param


@pytest.fixture(scope="module")
def reports(language: str, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of reports with the demo quarter in it; asks for Chromium first, so as not to publish for nobody."""
    return published(language, tmp_path_factory)
