"""Persons counted against persons allowed."""

from datetime import date

import pandas as pd
import pytest

from analysis.data.contracts import Progress, check
from analysis.indicators.headcount import headcount, headcount_series


def _path(*rows):
    frame = pd.DataFrame(rows, columns=["item", "planned_on", "done_on", "planned", "actual"])
    return check(frame.assign(target="apparatus", kind="headcount"), Progress, where="hand-made path")


PATH = _path(
    ("q2", "2021-06-14", "2021-06-14", 2081, 2083),
    ("q1", "2021-03-14", "2021-03-16", 2094, 2090),
    ("q3", "2021-09-14", "2021-09-14", 2068, 2070),
    ("q4", "2021-12-14", None, 2052, None),
)


def test_a_count_done_later_is_missing_and_the_path_is_not():
    points = headcount(PATH, "apparatus", as_of=date(2021, 6, 20))
    assert points["planned"].tolist() == [2094, 2081, 2068, 2052]
    assert points["actual"].tolist() == [2090, 2083, pd.NA, pd.NA]
    assert points["gap"].tolist() == [-4, 2, pd.NA, pd.NA]
    assert headcount(PATH, "apparatus", as_of=date(2021, 3, 15))["actual"].isna().all()
    assert headcount(PATH, "autonomy", as_of=date(2021, 6, 20)).empty


def test_bodies_of_one_day_add_up_once_all_are_counted():
    path = _path(
        ("stp", "2021-03-14", "2021-03-14", 60, 61),
        ("sxd", "2021-03-14", "2021-03-20", 40, 38),
    )
    assert headcount(path, "apparatus", as_of=date(2021, 3, 19))["actual"].isna().all()
    assert headcount(path, "apparatus", as_of=date(2021, 3, 20)).iloc[0][["planned", "actual", "gap"]].tolist() == [
        100, 99, -1
    ]  # fmt: skip


def test_series_of_the_months_with_a_count():
    points = headcount(PATH, "apparatus", as_of=date(2021, 9, 20))
    series = headcount_series(points, indicator="payroll", labels=["2021-05", "2021-06", "2021-09"], cutoff_day=14)
    assert series["period"].tolist() == ["2021-06", "2021-09"]
    assert series[["numerator", "denominator"]].to_numpy().tolist() == [[2083, 2081], [2070, 2068]]
    assert series["value"].tolist() == pytest.approx([2083 / 2081, 2070 / 2068])
    assert series["standard_error"].tolist() == [0, 0]
