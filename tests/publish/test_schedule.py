"""Quarters whose data is complete and that are not published."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from analysis.faults import BadParameters
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.publish.schedule import due, next_quarter, schedule

HERE = Path("/")


@pytest.fixture
def runs(run: RunParameters) -> list[RunParameters]:
    days = {"2021-Q4": date(2021, 12, 20), "2021-Q2": date(2021, 6, 20), "2021-Q3": date(2021, 9, 20)}
    return [run.model_copy(update={"quarter": quarter, "as_of": day}) for quarter, day in days.items()]


def _quarters(found: list[RunParameters]) -> list[str]:
    return [one.quarter for one in found]


def test_a_quarter_is_due_from_the_day_its_data_is_complete(tmp_path: Path, runs: list[RunParameters]) -> None:
    assert due(runs, tmp_path, today=date(2021, 6, 19)) == []
    assert _quarters(due(runs, tmp_path, today=date(2021, 6, 20))) == ["2021-Q2"]


def test_all_missed_ones_are_caught_up_with_earliest_first(tmp_path: Path, runs: list[RunParameters]) -> None:
    assert _quarters(due(runs, tmp_path, today=date(2022, 3, 1))) == ["2021-Q2", "2021-Q3", "2021-Q4"]


def test_what_is_published_is_not_due_again(tmp_path: Path, runs: list[RunParameters]) -> None:
    done = tmp_path / ".runs" / "x"
    done.mkdir(parents=True)
    (tmp_path / "khanh-hoa-2021").mkdir()
    (tmp_path / "khanh-hoa-2021" / "2021-Q2").symlink_to("../.runs/x")
    assert _quarters(due(runs, tmp_path, today=date(2021, 9, 30))) == ["2021-Q3"]


@pytest.mark.parametrize("kind", ["systemd", "cron"])
def test_a_schedule_runs_the_very_command(kind: str) -> None:
    command = ["/opt/a place/dunghen", "due", "--on-failure", "mail -s x"]
    (line,) = [line for line in schedule(kind, command, HERE).splitlines() if "dunghen" in line and "due" in line]
    assert shlex.split(line.removeprefix("ExecStart=").removeprefix("0 6 * * * cd / && ")) == command


def test_cron_does_not_end_at_a_percent_sign() -> None:
    assert schedule("cron", ["date", "+%F"], Path("/a b%c")) == "0 6 * * * cd '/a b'\\%c && date +\\%F\n"


AWKWARD = [
    'mail -s "due failed" office@x',
    """sh -c 'notify "$DUNGHEN_REASON" $HOME ${HOME}'""",
    "it's 100% done!",
    "%",
    "a\\%b \\",
    "`id` $(id) ~ * ; #",
    "",
]


@pytest.mark.parametrize("left_to_the_shell", [False, True], ids=["cron takes \\ away", "the shell does"])
def test_cron_hands_on_every_word_as_it_was_said(left_to_the_shell: bool) -> None:
    script = "import json, sys; print(json.dumps(sys.argv[1:]))"
    line = schedule("cron", [sys.executable, "-c", script, *AWKWARD], HERE).removeprefix("0 6 * * * ")
    assert re.search(r"(?<!\\)%", line) is None
    heard = line if left_to_the_shell else line.replace("\\%", "%")
    ended = subprocess.run(["/bin/sh", "-c", heard], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == AWKWARD


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ('mail -s "due failed" office@x', r'"mail -s \"due failed\" office@x"'),
        ('sh -c "notify $DUNGHEN_REASON"', r'"sh -c \"notify $$DUNGHEN_REASON\""'),
        ("/srv/$USER/100%", "/srv/$$USER/100%%"),
        (r"a\b", r'"a\\b"'),
        ("it's done!", '"it\'s done!"'),
        (";", '";"'),  # bare, it would begin another command
        ("", '""'),
    ],
)
def test_systemd_is_told_every_word_in_its_own_quotes(word: str, written: str) -> None:
    assert f"\nExecStart=/opt/dunghen due {written}\n" in schedule("systemd", ["/opt/dunghen", "due", word], HERE)


def test_systemd_finds_a_program_in_a_folder_with_a_dollar_sign() -> None:
    assert "\nExecStart=/opt/$5/100%%/dunghen due\n" in schedule("systemd", ["/opt/$5/100%/dunghen", "due"], HERE)


TEXT = """\
plan_file: parameters/plans/khanh-hoa-2021.yml
quarter: "2021-Q2"
as_of: "2021-06-21"
input_path: {input}
status: final
signed_by: Sở Nội vụ
answers: {{uptake_base: received}}
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
    assert (run.status, run.signed_by, run.answers) == ("draft", None, {"uptake_base": "received"})


def test_the_next_quarter_keeps_words_as_they_were_typed(last: Path) -> None:
    last.write_text(last.read_text(encoding="utf-8").replace("received", "NO"), encoding="utf-8")
    assert read_run_file(next_quarter(last), look=False).answers == {"uptake_base": "NO"}


def test_what_is_there_is_not_written_over(last: Path, tmp_path: Path) -> None:
    (tmp_path / "2021-Q3.yml").write_text("mine", encoding="utf-8")
    with pytest.raises(BadParameters, match="is there already"):
        next_quarter(last)
    assert (tmp_path / "2021-Q3.yml").read_text(encoding="utf-8") == "mine"


def test_a_year_ends_with_its_plan() -> None:
    with pytest.raises(BadParameters, match="2021-Q4 ends 2021; a plan for the year after was expected"):
        next_quarter(ROOT / "parameters" / "khanh-hoa-2021" / "2021-Q4.yml")
