"""What a newer extract says of periods an older one had already counted."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis.data.contracts import Counts, columns_of
from analysis.data.revisions import COLUMNS, earlier_archive, revisions


def _counts(*rows):
    frame = pd.DataFrame(rows, columns=["period", "received", "resolved"]).reindex(columns=columns_of(Counts))
    return frame.astype({"received": "Int64", "resolved": "Int64"})


def _told(before, now):
    return revisions(before, now).to_numpy().tolist()


def test_periods_that_say_the_same_are_not_told():
    counts = _counts(("2021-08", 3, 2), ("2021-09", 5, 4))
    assert _told(counts, counts) == []
    assert list(revisions(counts, counts)) == COLUMNS


def test_differences_are_told_newest_first_over_all_rows_of_a_period():
    before = _counts(("2021-07", 3, 2), ("2021-08", 3, 2), ("2021-08", 1, 0))
    now = _counts(("2021-07", 3, 3), ("2021-08", 2, 0), ("2021-08", 3, 5))
    assert _told(before, now) == [
        ["2021-08", "received", 4, 5, 1],
        ["2021-08", "resolved", 2, 5, 3],
        ["2021-07", "resolved", 2, 3, 1],
    ]


def test_a_period_that_vanished_or_appeared_differs_too_but_a_later_one_does_not():
    before, now = (
        _counts(("2021-07", 3, 2), ("2021-09", 1, 1)),
        _counts(("2021-08", 4, 0), ("2021-09", 1, 1), ("2021-10", 9, 9)),
    )
    assert _told(before, now) == [
        ["2021-08", "received", 0, 4, 4],
        ["2021-07", "received", 3, 0, -3],
        ["2021-07", "resolved", 2, 0, -2],
    ]


def test_what_one_extract_does_not_count_is_not_compared():
    assert _told(_counts(("2021-07", None, 2)), _counts(("2021-07", 3, 5))) == [["2021-07", "resolved", 2, 5, 3]]
    assert _told(_counts(), _counts(("2021-07", 3, 5))) == []


@pytest.mark.parametrize(
    ("name", "earlier"),
    [
        ("2021-09-20", ("2021-06-20", date(2021, 6, 20))),
        ("2021-06-20", ("2020-12-20", date(2020, 12, 20))),
        ("2020-12-20", None),
    ],
)
def test_the_archive_before_one_is_the_sibling_of_the_latest_earlier_day(tmp_path, name, earlier):
    for folder in ("2020-12-20", "2021-06-20", "2021-09-20", "2022-01-05", "latest", "2021-13-01"):
        (tmp_path / folder).mkdir()
    (tmp_path / "2021-08-01").touch()  # a file
    expected = earlier and (tmp_path / earlier[0], earlier[1])
    assert earlier_archive(tmp_path / name, before=date(2021, 12, 31)) == expected


@pytest.mark.parametrize(
    ("before", "name"),
    [(date(2021, 9, 20), "2021-06-20"), (date(2021, 6, 20), "2021-03-20"), (date(2021, 3, 20), None)],
)
def test_a_folder_with_a_name_holds_the_archives_before_it_itself(tmp_path, before, name):
    for folder in ("demo/2021-03-20", "demo/2021-06-20", "demo/notes", "2021-01-20"):
        (tmp_path / folder).mkdir(parents=True)
    expected = name and (tmp_path / "demo" / name, date.fromisoformat(name))
    assert earlier_archive(tmp_path / "demo", before=before) == expected


def test_a_file_has_no_archive_before_it(tmp_path):
    (tmp_path / "2021-06-20").mkdir()
    (tmp_path / "2021-09-20").touch()
    assert earlier_archive(tmp_path / "2021-09-20", before=date(2021, 12, 31)) is None
