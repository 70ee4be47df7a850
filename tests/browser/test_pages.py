"""The published pages as a reader opens them: offline, on a telephone, in the dark, on paper, by screen reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from analysis.parameters import ROOT
from analysis.report.editions import EDITIONS

pytestmark = pytest.mark.slow
QUARTER = Path("khanh-hoa-2021", "2021-Q3")
NOTEBOOKS = [path.stem for path in sorted((ROOT / "notebooks" / "report").glob("*.ipynb")) if path.stem != EDITIONS]
NAMES = ["index" if name == "00_summary" else name for name in NOTEBOOKS]
PAGES = [Path("index.html"), *(QUARTER / f"{name}.html" for name in NAMES)]
ACCESSIBLE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module", params=PAGES, ids=lambda path: "-".join([*path.parts[1:-1], path.stem]))
def path(request: pytest.FixtureRequest, reports: Path) -> Path:
    return reports / request.param


@pytest.fixture(scope="module")
def page(chromium: Browser, path: Path) -> Iterator[Page]:
    """The page opened without a network, once for all tests that only look; what a reader may unfold is unfolded."""
    context = chromium.new_context(offline=True)
    yield _opened(context.new_page(), path)
    context.close()


def _opened(page: Page, path: Path) -> Page:
    page.goto(path.as_uri())
    page.eval_on_selector_all("details", "all => all.forEach(details => details.open = true)")
    return page


def _barriers(page: Page, only: list[str]) -> str:
    """Return what axe finds that hinders people, a line each, with the elements it hinders them at."""
    found = Axe().run(page, options={"runOnly": only, "resultTypes": ["violations"]}).response["violations"]
    return "\n".join(f"{rule['id']} ({rule['impact']}): {[node['target'] for node in rule['nodes']]}" for rule in found)


@cache
def _ids(html: Path) -> set[str]:
    return {str(tag["id"]) for tag in BeautifulSoup(html.read_bytes(), "html.parser").find_all(id=True)}


def test_every_page_is_looked_at(reports):
    found = [*reports.glob("*.html"), *(reports / QUARTER).glob("*.html")]
    assert {path.relative_to(reports) for path in found} == set(PAGES)


def test_a_page_asks_for_nothing_and_complains_of_nothing(new_page, path):
    page, asked, told = new_page(offline=True), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(path.as_uri(), wait_until="networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert told == []


def test_nobody_is_shut_out_and_colours_keep_their_contrast_in_the_dark(new_page, path):
    # The page's own policy forbids scripts, axe among them.
    page = _opened(new_page(offline=True, bypass_csp=True), path)
    assert _barriers(page, ACCESSIBLE) == ""
    page.emulate_media(color_scheme="dark")
    assert _barriers(page, ["color-contrast"]) == ""


def test_every_picture_shows_and_says_its_numbers(page):
    pictures = page.eval_on_selector_all("img", "all => all.map(img => [img.alt, img.naturalWidth])")
    assert [alt for alt, width in pictures if len(alt) < 20 or not re.search(r"\d", alt) or width == 0] == []


def test_a_telephone_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_link_leads_somewhere(page):
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    assert links
    lost = []
    for link in links:
        url, fragment = urldefrag(link)
        if urlsplit(url).scheme != "file":
            continue
        target = Path(unquote(urlsplit(url).path))
        if not target.is_file() or (fragment and unquote(fragment) not in _ids(target)):
            lost.append(link)
    assert lost == []


def test_the_summary_prints_on_one_page(new_page, reports):
    page = new_page(offline=True)
    page.goto((reports / QUARTER / "index.html").as_uri())
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    # Chromium compresses what is on a page, not the page object itself.
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
