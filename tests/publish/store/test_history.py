"""Every run is remembered, whatever became of it."""

from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from analysis.parameters import RunParameters
from analysis.publish.store import history as kept_history
from analysis.publish.store.history import HISTORY, LOG, append, history, log, progress_logger, record_run
from analysis.publish.store.verify import verify


def test_lines_are_appended_behind_those_there(tmp_path: Path) -> None:
    append(tmp_path / "kept", "một\n")
    append(tmp_path / "kept", "hai\nba\n")
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "một\nhai\nba\n"


def test_a_full_disk_leaves_a_file_as_it_was(tmp_path: Path, no_file_beyond) -> None:
    append(tmp_path / "kept", "first\n")
    with no_file_beyond(9), pytest.raises(OSError, match="No space left") as refused:
        append(tmp_path / "kept", "second\n")
    assert refused.value.filename == str(tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "first\n"


def test_a_full_disk_leaves_no_file_where_there_was_none(tmp_path: Path, no_file_beyond) -> None:
    with no_file_beyond(3), pytest.raises(OSError, match="No space left"):
        append(tmp_path / "kept", "first\n")
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_was_cut_is_ended_first(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("first\nsec")
    append(tmp_path / "kept", "third\n")
    assert (tmp_path / "kept").read_text() == "first\nsec\nthird\n"


BEGAN = datetime.now(UTC)


def _remember(reports: Path, run: RunParameters, ended: str) -> None:
    record_run(reports, run, began=BEGAN, ended=ended, code=0, data="abc")


def test_runs_are_remembered_in_the_order_they_end(tmp_path: Path, run: RunParameters) -> None:
    _remember(tmp_path, run, "published")
    record_run(tmp_path, run, began=BEGAN, ended="failed", code=4, reason='02: cell [3]: "x"\nfailed')
    told = history(tmp_path)
    assert told["ended"].tolist() == ["published", "failed"]
    assert told["reason"].tolist() == ["", '02: cell [3]: "x"\nfailed']
    assert (told["plan"].iloc[0], told["quarter"].iloc[0], told["as_of"].iloc[0]) == (
        "khanh-hoa-2021", "2021-Q3", "2021-09-20",
    )  # fmt: skip
    assert told["who"].iloc[0]


def test_no_run_yet(tmp_path: Path) -> None:
    assert history(tmp_path).empty


def test_runs_that_end_at_once_are_all_remembered(tmp_path: Path, run: RunParameters) -> None:
    context = multiprocessing.get_context("fork")
    several = [context.Process(target=_remember, args=(tmp_path, run, f"{i}")) for i in range(8)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    lines = (tmp_path / HISTORY).read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["ended"] for line in lines) == [f"{i}" for i in range(8)]


def test_a_full_disk_leaves_the_history_as_it_was(tmp_path: Path, run: RunParameters, no_file_beyond) -> None:
    _remember(tmp_path, run, "published")
    before = (tmp_path / HISTORY).read_bytes()
    with no_file_beyond(len(before) + 20), pytest.raises(OSError, match="No space left"):
        _remember(tmp_path, run, "nothing to do")
    assert (tmp_path / HISTORY).read_bytes() == before
    _remember(tmp_path, run, "failed")
    assert history(tmp_path)["ended"].tolist() == ["published", "failed"]


def test_a_line_that_a_power_cut_left_half_costs_no_other(tmp_path: Path, run: RunParameters) -> None:
    _remember(tmp_path, run, "published")
    whole = (tmp_path / HISTORY).read_bytes()
    cut = '{"ended_at": "2021-10-01", "who": "Đ'.encode()[:-1]  # inside a letter, which takes two bytes
    (tmp_path / HISTORY).write_bytes(whole + cut)
    assert history(tmp_path)["ended"].tolist() == ["published"]
    _remember(tmp_path, run, "failed")
    assert history(tmp_path)["ended"].tolist() == ["published", "failed"]


@pytest.mark.parametrize(
    "edit", [{"data": None}, {"plan": 5}, {"run_id": ["x"]}, {"run_id": "x"}], ids=lambda edit: f"{edit}"
)
def test_a_line_that_was_edited_to_be_no_runs_is_told_and_costs_no_other(tmp_path: Path, run, edit) -> None:
    _remember(tmp_path, run, "published")
    file = tmp_path / HISTORY
    file.write_text(json.dumps(json.loads(file.read_text()) | edit) + "\n")
    _remember(tmp_path, run, "failed")
    assert history(tmp_path)["ended"].tolist() == ["failed"]
    assert verify(tmp_path, tmp_path / "ledger") == [f"{file} line 1: cut short, or not what a run wrote"]


def test_a_reason_may_hold_what_ends_a_line_elsewhere(tmp_path: Path, run: RunParameters) -> None:
    record_run(tmp_path, run, began=BEGAN, ended="failed", code=4, reason="one\u2028two")
    assert history(tmp_path)["reason"].tolist() == ["one\u2028two"]


def test_what_is_told_and_how_it_ended_is_logged_with_its_moment(tmp_path: Path, run: RunParameters) -> None:
    told: list[str] = []
    progress_logger(tmp_path, run, told.append)("computing the results")
    assert told == ["computing the results"]
    record_run(tmp_path, run, began=datetime.now(UTC), ended="failed", code=3, reason="no such month")
    lines = (tmp_path / LOG).read_text(encoding="utf-8").splitlines()
    moments, said = zip(*(line.split(" ", 1) for line in lines), strict=True)
    assert all(datetime.fromisoformat(moment).tzinfo is not None for moment in moments)
    assert said == (
        "khanh-hoa-2021 2021-Q3: computing the results",
        "khanh-hoa-2021 2021-Q3: failed (3) in 0.0 s: no such month",
    )


def test_a_log_that_cannot_be_written_stops_no_run(tmp_path: Path, run: RunParameters) -> None:
    (tmp_path / LOG).mkdir()
    told: list[str] = []
    progress_logger(tmp_path, run, told.append)("on it")
    assert told == ["on it"]
    record_run(tmp_path, run, began=datetime.now(UTC), ended="published", code=0)
    assert len(history(tmp_path)) == 1


def test_a_line_of_the_log_waits_for_no_suspended_run_longer_than_it_is_worth(
    tmp_path: Path, run: RunParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_history, "_LOG_LOCK_TIMEOUT", 0.2)
    with FileLock(tmp_path / f".{LOG}.lock"):
        log(tmp_path, run, "computing the results")
    log(tmp_path, run, "publishing")
    said = (tmp_path / LOG).read_text(encoding="utf-8")
    assert said.count("\n") == 1
    assert said.endswith("publishing\n")
