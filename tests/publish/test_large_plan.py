"""A plan of 25 promises over the 80 bodies of the exercise of 2026 is published: its pages draw less."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from analysis import strict_yaml
from analysis.data.simulate.two_tier.folder import write_two_tier
from analysis.parameters import ROOT
from analysis.publish.pages.gates import PAGE_LIMIT
from said_once import said_twice

pytestmark = pytest.mark.slow
MORE = {"on_time": 0.95, "digitised": 0.9, "electronic_result": 0.84, "data_reused": 0.4}
"""Indicators that every body is promised on besides, and the share."""


def _large_plan(file: Path) -> None:
    plan = strict_yaml.read(ROOT / "parameters/plans/khanh-hoa-2026.yml", what="plan").content
    for indicator, threshold in MORE.items():
        plan["indicators"][indicator] = {**plan["indicators"][indicator], "by": ["agency", "field"]}
        plan["targets"][f"{indicator}_each"] = {
            "kind": "share",
            "title": {"vi": f"Từng cơ quan: {indicator}", "en": f"Each body: {indicator}"},
            "reported": "of the test",
            "indicator": indicator,
            "rule": "at_least",
            "threshold": threshold,
            "each": {"of": "agency"},
        }
    assert len(plan["targets"]) == 25
    assert sum(len(group["members"]) for group in plan["groups"]["agency"].values()) == 80
    file.write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="module")
def quarter(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The folder of its published third quarter."""

    def publish(folder: Path) -> None:
        write_two_tier(folder / "data", scale=0.02, until=date(2026, 10, 5))
        _large_plan(folder / "large.yml")
        run = {"plan_file": str(folder / "large.yml"), "quarter": "2026-Q3", "as_of": "2026-10-05", "draw_count": 200,
               "input_path": str(folder / "data")}  # fmt: skip
        (folder / "2026-Q3.yml").write_text(yaml.safe_dump(run), encoding="utf-8")
        command = [sys.executable, "-m", "analysis.cli", "run", folder / "2026-Q3.yml", "--reports", folder / "reports"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return made_once("large-plan", publish) / "reports" / "large" / "2026-Q3"


def test_every_page_is_small_enough_to_be_mailed(quarter: Path) -> None:
    pages = sorted(quarter.glob("*.html"))
    assert len(pages) == 8
    assert {page.name: page.stat().st_size for page in pages if page.stat().st_size > PAGE_LIMIT} == {}


def test_what_is_not_drawn_stands_in_tables_and_files(quarter: Path) -> None:
    not_drawn = [
        figure
        for page in quarter.glob("*.html")
        for figure in BeautifulSoup(page.read_bytes(), "html.parser").find_all("figure")
        if figure.img is None
    ]
    assert not_drawn
    for figure in not_drawn:
        assert figure.p is not None
        assert re.search(r"\d", figure.p.get_text())
        assert (quarter / str(figure.find_all("a")[-1]["href"])).is_file()


def test_its_page_of_promises_says_no_long_sentence_twice(quarter: Path) -> None:
    assert said_twice((quarter / "06_targets.html").read_text(encoding="utf-8"), "vi") == []


def test_the_summary_counts_25_promises_and_names_every_one(quarter: Path) -> None:
    page = BeautifulSoup((quarter / "index.html").read_bytes(), "html.parser")
    assert page.find(class_="answer").get_text().startswith("Trong 25 mục tiêu, ")
    assert sum(int(count.get_text()) for count in page.find(class_="counts").find_all("strong")) == 25
    numbered = [re.match(r"\d+", row.th.get_text()) for row in page.find(id="promises").tbody("tr")]
    assert sorted(int(number[0]) for number in numbered if number) == list(range(1, 26))


def test_the_summary_prints_on_two_sheets(quarter: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    printed = tmp_path / "summary.pdf"
    subprocess.run(
        [chromium, "--headless", "--disable-gpu", *sandbox, "--no-pdf-header-footer", f"--print-to-pdf={printed}",
         (quarter / "index.html").resolve().as_uri()],
        env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) <= 2
