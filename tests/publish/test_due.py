"""Quarters whose data is complete and that are not published."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path

import pytest

from analysis.parameters import RunParameters
from analysis.publish.due import due, schedule


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
    (line,) = [line for line in schedule(kind, command).splitlines() if "dunghen" in line and "due" in line]
    assert shlex.split(line.removeprefix("ExecStart=").removeprefix("0 6 * * * ")) == command


def test_cron_does_not_end_at_a_percent_sign() -> None:
    assert schedule("cron", ["date", "+%F"]) == "0 6 * * * date +\\%F\n"
