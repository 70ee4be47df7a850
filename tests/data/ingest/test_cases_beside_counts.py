"""Cases beside the counts that add them up: the same cases, which must agree and are counted once."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest

from analysis.data.contracts import Cases, Counts, check, columns_of
from analysis.data.ingest.cases_beside_counts import refuse_other_counts
from analysis.data.ingest.folder_contents import read_folder
from analysis.data.ingest.received import Calendar, receive
from analysis.data.sources.about import DaysOfCases
from analysis.faults import BadData, BadParameters

ABOUT = """\
title: t
source: s
extracted_on: 2021-12-20
cases_beside_counts: {first_day: 2021-08-15, last_day: 2021-09-14}
"""
CASES = [
    # agency, accepted, due, finished: of September, received and resolved; then only resolved, then only received.
    ("a", "2021-08-16 09:00", "2021-08-20", "2021-08-19 10:00"),
    ("a", "2021-08-10 09:00", "2021-08-20", "2021-08-23 10:00"),
    ("b", "2021-09-14 16:00", "2021-09-20", None),
]
COUNTS = [
    # period, agency, timeliness, received, resolved; 2021-08 and 2021-10 are not within the days of the cases.
    ("2021-08", "a", None, 7, 0),
    ("2021-09", "a", None, 1, 0),
    ("2021-09", "b", None, 1, 0),
    ("2021-09", "a", "early", 0, 1),
    ("2021-09", "a", "late", 0, 1),
    ("2021-10", "b", "on_time", 5, 5),
]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "received"
    folder.mkdir()
    (folder / "about.yml").write_text(ABOUT, encoding="utf-8")
    frame = pd.DataFrame(CASES, columns=["agency", "accepted_at", "due_at", "finished_at"])
    for name in ("accepted_at", "due_at", "finished_at"):
        frame[name] = pd.to_datetime(frame[name])
    outcome = frame["finished_at"].isna().map({True: "open", False: "resolved"})
    frame = frame.assign(case_id=["H1", "H2", "H3"], outcome=outcome, first_due_at=frame["due_at"])
    check(frame.reindex(columns=columns_of(Cases)), Cases, where="test").to_parquet(folder / "cases.parquet")
    _write_counts(folder, COUNTS)
    return folder


def _write_counts(folder, rows):
    frame = pd.DataFrame(rows, columns=["period", "agency", "timeliness", "received", "resolved"])
    check(frame.reindex(columns=columns_of(Counts)), Counts, where="test").to_parquet(folder / "counts.parquet")


def _receive(folder, as_of=date(2021, 9, 20)):
    kept, calendar = folder.parent / "kept", Calendar("M", 14)
    return receive(folder, None, as_of=as_of, calendar=calendar, reject_limit=0.05, tables_folder=kept)


def _read(folder):
    return read_folder(folder, as_of=date(2021, 9, 20), reject_limit=0.05, tables_folder=folder.parent / "kept")


def _compare(folder, first_day=date(2021, 8, 15)):
    refuse_other_counts(
        folder / "cases.parquet",
        pd.read_parquet(folder / "counts.parquet"),
        DaysOfCases(first_day=first_day, last_day=date(2021, 9, 14)),
        extracted_on=date(2021, 12, 20),
        cutoff_day=14,
        frequency="M",
        due_precision="day",
    )


def test_cases_that_agree_are_counted_once(folder):
    received = _receive(folder)
    assert received.cases is None
    assert received.counts[["received", "resolved"]].sum().tolist() == [14, 7]
    path, days = received.cases_of_days
    assert pd.read_parquet(path)["case_id"].tolist() == ["H1", "H2", "H3"]
    assert received.cases_from == days.first_day == date(2021, 8, 15)
    assert received.cases_of(date(2021, 8, 15), date(2021, 9, 14)) == path
    assert received.cases_of(date(2021, 6, 15), date(2021, 9, 14)) is None
    rows = received.intake.groupby(["table", "code"])["rows"].sum()
    assert rows.to_dict() == {("cases", "accepted"): 3, ("counts", "accepted"): 6}


def test_cases_filed_after_the_day_looked_back_to_are_counted_apart(folder):
    # The whole extract is compared, whichever day is looked back to.
    rows = _receive(folder, date(2021, 8, 31)).intake.query("table == 'cases'").set_index("code")["rows"]
    assert rows.to_dict() == {"accepted": 2, "not_yet_known": 1}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("2021-09", "b", None, 2, 0), "period 2021-09, agency b: received 1 by the cases, 2 by counts"),
        (("2021-09", "b", None, 0, 0), "period 2021-09, agency b: received 1 by the cases, 0 by counts"),
        (("2021-09", "c", None, 1, 0), "period 2021-09, agency c: received 0 by the cases, 1 by counts"),
        (
            ("2021-09", "a", "on_time", 0, 1),
            "period 2021-09, agency a, timeliness on_time: resolved 0 by the cases, 1 by counts.parquet; the same "
            "number was expected (differences: 1)",
        ),
    ],
)
def test_cases_that_do_not_add_up_to_the_counts_are_refused(folder, row, expected):
    others = [one for one in COUNTS if one[:3] != row[:3]]
    _write_counts(folder, [*others, row])
    with pytest.raises(BadData, match=re.escape(expected)):
        _compare(folder)


def test_counts_without_timeliness_are_compared_without_it(folder):
    _write_counts(folder, [("2021-09", "a", None, 1, 2), ("2021-09", "b", None, 1, 0)])
    _compare(folder)
    _write_counts(folder, [("2021-09", "a", None, 1, 1), ("2021-09", "b", None, 1, 0)])
    with pytest.raises(BadData, match="period 2021-09, agency a: resolved 2 by the cases, 1 by counts"):
        _compare(folder)


def test_days_in_which_no_period_lies_are_refused(folder):
    with pytest.raises(BadData, match=r"from 2021-08-16 to 2021-09-14, .* no whole period of the counts"):
        _compare(folder, first_day=date(2021, 8, 16))


def test_days_that_end_before_they_begin_are_refused(folder):
    (folder / "about.yml").write_text(ABOUT.replace("2021-09-14", "2021-08-14"), encoding="utf-8")
    with pytest.raises(BadParameters, match="last_day 2021-08-14 is before first_day 2021-08-15"):
        _read(folder)


def test_cases_beside_counts_are_declared(folder):
    undeclared = "".join(line for line in ABOUT.splitlines(keepends=True) if "cases_beside" not in line)
    (folder / "about.yml").write_text(undeclared, encoding="utf-8")
    with pytest.raises(BadData, match=r"both are there, and about\.yml does not say under cases_beside_counts"):
        _read(folder)


@pytest.mark.parametrize(
    ("renamed", "found"),
    [
        (("cases.parquet", "other.parquet"), r"found counts\.parquet"),
        (("counts.parquet", "margins.parquet"), r"found cases\.parquet, margins\.parquet"),
        (("cases.parquet", "cases-province.parquet"), r"found cases-province\.parquet, counts\.parquet"),
    ],
)
def test_what_is_declared_is_there(folder, renamed, found):
    (folder / renamed[0]).rename(folder / renamed[1])
    with pytest.raises(BadData, match=rf"cases\.parquet and counts\.parquet were expected, .*{found}"):
        _read(folder)


def test_cases_taken_before_the_day_looked_back_to_are_refused(folder):
    with pytest.raises(BadData, match="taken from its system on 2021-12-20, before as_of 2021-12-31"):
        _receive(folder, date(2021, 12, 31))
