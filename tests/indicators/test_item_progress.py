"""How far a list is, by hand."""

from datetime import date

import pandas as pd
import pytest

from analysis.data.contracts import Progress, check
from analysis.indicators.dated_items import DatedItems
from analysis.indicators.item_progress import (
    COUNTS,
    CURVE,
    SERIES,
    counts,
    curve,
    headcount,
    headcount_series,
    progress_series,
)
from dated_lists import YEAR_END, YEAR_START, item, listed

QUARTERS = ["2021Q1", "2021Q2", "2021Q3", "2021Q4"]
ITEMS = listed(
    item("early", "2021-06-14", "2021-02-01", owner="stp"),
    item("on-the-day", "2021-03-14", "2021-03-14", owner="stp"),
    item("late", "2021-03-14", "2021-05-20", owner="sxd"),
    item("open", "2021-06-14", owner="sxd"),
    item("ahead", "2021-12-14", owner="sxd"),
    item("after-the-year", "2021-12-15", "2021-02-01", owner="stp"),
    item("dropped", "2021-03-14", called_off_on="2021-04-01", owner="sxd"),
    as_of="2021-09-20",
)


def test_counts_at_the_end_of_each_closed_quarter():
    table = counts(ITEMS, labels=QUARTERS, cutoff_day=14, year_end=YEAR_END)
    assert table.columns.tolist() == COUNTS
    assert table[["promised", "due", "done", "due_done", "late", "called_off"]].to_numpy().tolist() == [
        [5, 2, 2, 1, 1, 0],  # of on-the-day and late one is done; early is done and not due
        [5, 4, 3, 3, 1, 1],
        [5, 4, 3, 3, 1, 1],
    ]
    assert table["day"].dt.date.tolist() == [date(2021, 3, 14), date(2021, 6, 14), date(2021, 9, 14)]


def test_shares_of_the_year_and_of_what_was_due_by_owner():
    shares = progress_series(ITEMS, indicator="integration", labels=QUARTERS[:1], cutoff_day=14, year_end=YEAR_END)
    assert shares.columns.tolist() == SERIES
    by = {(row.indicator, row.series): (row.numerator, row.denominator, row.value) for row in shares.itertuples()}
    assert by == {
        ("integration", "total"): (2, 5, 0.4),
        ("integration", "stp"): (2, 2, 1.0),
        ("integration", "sxd"): (0, 3, 0.0),
        ("integration_due", "total"): (1, 2, 0.5),
        ("integration_due", "stp"): (1, 1, 1.0),
        ("integration_due", "sxd"): (0, 1, 0.0),
    }
    assert shares["standard_error"].eq(0).all()


def test_a_share_of_nothing_due_is_missing_and_has_no_error():
    items = listed(item("a", "2021-12-14"), as_of="2021-03-20")
    shares = progress_series(items, indicator="x", labels=QUARTERS[:1], cutoff_day=14, year_end=YEAR_END)
    due = shares[shares["indicator"] == "x_due"].iloc[0]
    assert (due["numerator"], due["denominator"]) == (0, 0)
    assert pd.isna(due["value"])
    assert pd.isna(due["standard_error"])


def test_months_close_on_the_cut_off_day():
    table = counts(ITEMS, labels=["2021-02", "2021-03"], cutoff_day=14, year_end=YEAR_END)
    assert table["done"].tolist() == [1, 2]
    assert counts(ITEMS, labels=["2021-03"], cutoff_day=None, year_end=YEAR_END)["day"].dt.day.tolist() == [31]


def test_the_two_curves_step_where_items_are_planned_and_done():
    table = curve(ITEMS, year_start=YEAR_START, year_end=YEAR_END)
    assert table.columns.tolist() == CURVE
    assert [(row.day.date().isoformat(), row.planned, row.done) for row in table.itertuples()] == [
        ("2020-12-15", 0, 0),
        ("2021-02-01", 0, 1),
        ("2021-03-14", 2, 2),
        ("2021-05-20", 2, 3),
        ("2021-06-14", 4, 3),
        ("2021-09-20", 4, 3),
        ("2021-12-14", 5, pd.NA),
    ]


def test_what_was_planned_and_done_before_the_year_is_in_its_first_step():
    table = curve(
        listed(item("a", "2019-06-14", "2019-06-01"), item("b", "2021-06-14"), as_of="2021-03-20"),
        year_start=YEAR_START,
        year_end=YEAR_END,
    )
    assert table.iloc[0][["planned", "done"]].tolist() == [1, 1]


def test_a_list_without_items_has_no_rows():
    empty = DatedItems(ITEMS.as_of, ITEMS.table.iloc[:0])
    assert counts(empty, labels=QUARTERS, cutoff_day=14, year_end=YEAR_END).empty
    assert progress_series(empty, indicator="x", labels=QUARTERS, cutoff_day=14, year_end=YEAR_END).empty
    assert curve(empty, year_start=YEAR_START, year_end=YEAR_END).empty


def test_a_list_of_which_everything_was_called_off_still_says_so():
    items = listed(item("a", "2021-03-14", called_off_on="2021-02-01"), as_of="2021-03-20")
    table = counts(items, labels=QUARTERS[:1], cutoff_day=14, year_end=YEAR_END)
    assert table[["promised", "called_off"]].to_numpy().tolist() == [[0, 1]]


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
