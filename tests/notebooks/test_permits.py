"""A plan without a promise on online filing, on counts of a few quarters: all pages are made, and say what it lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import xlsxwriter
import yaml

import permits
from analysis.publish.store.history import LOG, history

pytestmark = pytest.mark.slow


def _far_workbook(folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "far.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Ky", "DonVi", "Nhan"])
        sheet.write_string(1_048_575, 16_383, " ")
    (folder / "far-mapping.yml").write_text(
        "about: {title: t, source: s}\nformat: workbook\ntable: counts\n"
        "columns: {period: Ky, agency: DonVi, received: Nhan}\n",
        encoding="utf-8",
    )


def test_the_pages_of_a_small_register_say_which_cases_nobody_judges(tmp_path: Path) -> None:
    run = permits.register(tmp_path).model_dump(mode="json", exclude_none=True)
    (tmp_path / "2021-Q3.yml").write_text(yaml.safe_dump(run), encoding="utf-8")
    # Before it a quarter whose workbook ends its reader: a blank in the outermost cell of the sheet.
    _far_workbook(tmp_path)
    before = run | {
        "quarter": "2021-Q2",
        "as_of": "2021-07-01",
        "input_path": str(tmp_path / "far.xlsx"),
        "source_file": str(tmp_path / "far-mapping.yml"),
    }
    (tmp_path / "2021-Q2.yml").write_text(yaml.safe_dump(before), encoding="utf-8")
    command = [sys.executable, "-m", "analysis.cli", "run", "2021-Q2.yml", "2021-Q3.yml", "--reports", "reports"]
    done = subprocess.run(
        [*command, "--on-failure", "tee hook.txt"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    told = "far.xlsx: stopped while reading the rows, because that needed more than 1,900 MB"
    assert told in done.stderr
    assert told in (tmp_path / "hook.txt").read_text(encoding="utf-8")
    assert told in (tmp_path / "reports" / LOG).read_text(encoding="utf-8")
    assert history(tmp_path / "reports")[["quarter", "ended", "code"]].to_numpy().tolist() == [
        ["2021-Q2", "failed", 3],
        ["2021-Q3", "published", 0],
    ]
    made = tmp_path / "reports" / "permits" / "2021-Q3"
    assert "37,5% (15/40 hồ sơ)" in (made / "01_data_quality.html").read_text(encoding="utf-8")
    assert "15 trong 40 hồ sơ được tính không có lĩnh vực" in (made / "06_targets.html").read_text(encoding="utf-8")
    assert (made / "in_no_member.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "each_field,on_time,field,40,15,15",
        "group,on_time,field,40,23,15",
    ]
