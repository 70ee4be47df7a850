from datetime import date
from pathlib import Path

import pytest

from analysis.faults import BadParameters
from analysis.parameters import ROOT, read_run_file
from analysis.publish.next_quarter import next_quarter

TEXT = """\
plan_file: parameters/plans/khanh-hoa-2021.yml
quarter: "2021-Q2"
as_of: "2021-06-21"
input_path: {input}
status: final
signed_by: Sở Nội vụ
uptake_base: received
"""


@pytest.fixture
def last(tmp_path: Path) -> Path:
    folder = tmp_path / "raw" / "2021-06-21"
    folder.mkdir(parents=True)
    file = tmp_path / "2021-Q2.yml"
    file.write_text(TEXT.format(input=folder), encoding="utf-8")
    return file


def test_the_next_quarter_is_a_draft_with_its_days_moved_and_its_answers_kept(last: Path, tmp_path: Path) -> None:
    written = next_quarter(last)
    assert written == tmp_path / "2021-Q3.yml"
    run = read_run_file(written, look=False)
    # seven days after the month closed on the 14th, as before
    assert (run.quarter, run.as_of) == ("2021-Q3", date(2021, 9, 21))
    assert run.input_path == str(tmp_path / "raw" / "2021-09-21")
    assert (run.status, run.signed_by, run.uptake_base) == ("draft", None, "received")


def test_what_is_there_is_not_written_over(last: Path, tmp_path: Path) -> None:
    (tmp_path / "2021-Q3.yml").write_text("mine", encoding="utf-8")
    with pytest.raises(BadParameters, match="is there already"):
        next_quarter(last)
    assert (tmp_path / "2021-Q3.yml").read_text(encoding="utf-8") == "mine"


def test_a_year_ends_with_its_plan() -> None:
    with pytest.raises(BadParameters, match="2021-Q4 ends 2021; a plan for the year after was expected"):
        next_quarter(ROOT / "parameters" / "khanh-hoa-2021" / "2021-Q4.yml")
