"""Names of bodies and fields that are markup, formulas, mathematics, turned writing or without end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page

from analysis.parameters import ROOT
from analysis.quarter.results import Results
from shared_results import keep_as_if_computed

pytestmark = pytest.mark.slow
NAMES = {
    "datdai": "<script>document.title = 'taken over'</script> & <b>Đất</b>",
    "thue": "=cmd()|A1 $x$ $\\alpha$",
    "cucthue": "=cmd()|A1",
    "nhadat": "{x} 100% %s '\"",
    "ubnd-nt": "Sở " + "có tên rất dài " * 21,
    "ubnd-cr": "\u202eمرحبا UBND",
    "bhxhtinh": "Khôngcókhoảngtrắng" * 17,
}


@pytest.fixture(scope="module")
def quarter(chromium, demo_quarter: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a quarter published for a plan with such names."""
    folder = tmp_path_factory.mktemp("hostile")
    plan = (ROOT / "parameters/plans/khanh-hoa-2021.yml").read_text(encoding="utf-8")
    for code, name in NAMES.items():
        written = json.dumps({"vi": name, "en": name}, ensure_ascii=True)  # JSON is YAML
        plan, changed = re.subn(
            rf"^    {code}: \{{vi: .*$", lambda _, to=f"    {code}: {written}": to, plan, flags=re.M
        )
        assert changed == 1
    (folder / "hostile.yml").write_text(plan, encoding="utf-8")
    run = yaml.safe_load((ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml").read_text(encoding="utf-8"))
    run |= {"plan_file": str(folder / "hostile.yml")}
    (folder / "2021-Q3.yml").write_text(yaml.safe_dump(run), encoding="utf-8")
    keep_as_if_computed(folder / "2021-Q3.yml", demo_quarter)
    command = [sys.executable, "-m", "analysis.cli", "run", folder / "2021-Q3.yml", "--reports", folder / "reports"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "reports" / "hostile" / "2021-Q3"


@pytest.mark.parametrize("name", ["index", "02_online_uptake", "03_timeliness", "06_targets"])
def test_such_names_are_read_and_nothing_else(new_page: Callable[..., Page], quarter: Path, name: str) -> None:
    page, told = new_page(offline=True, viewport={"width": 360, "height": 740}), []
    page.on("console", lambda message: told.append(message.text))
    page.goto((quarter / f"{name}.html").as_uri())
    page.eval_on_selector_all("details", "all => all.forEach(details => details.open = true)")
    assert told == []
    assert page.title() != "taken over"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    text = page.inner_text("main")
    assert "\u202e" not in text
    if name != "index":
        assert NAMES["datdai"] in text
        assert NAMES["nhadat"] in text


def test_no_file_beside_the_pages_begins_a_cell_with_a_formula(quarter: Path) -> None:
    files = [*quarter.glob("*.csv"), *(quarter / "figures").glob("*.csv")]
    assert any("cmd()" in file.read_text(encoding="utf-8") for file in files)
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            assert not any(cell.startswith(("=", "@")) for cell in line.split(",")), f"{file.name}: {line}"
