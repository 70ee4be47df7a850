"""What the rest of the year must deliver, and who holds what is missing."""

import pandas as pd
import pytest

from analysis.attainment.items import items_year_end
from analysis.attainment.items_pace import GAP_COLUMNS, PACE_COLUMNS, gap_by_owner, gap_holders, items_pace
from dated_lists import YEAR_END, item, listed

ITEMS = listed(
    item("a", "2021-03-14", "2021-03-14", owner="stp"),  # before the last six months
    item("b", "2021-06-14", "2021-06-20", owner="stp"),
    item("c", "2021-06-14", "2021-09-01", owner="stp"),
    item("d", "2021-06-14", owner="sxd"),
    item("e", "2021-09-20", owner="sxd"),
    item("f", "2021-12-14", owner="sct"),
    item("g", "2021-11-14", owner="sct"),
    item("h", "2021-12-14", owner="sxd"),
    as_of="2021-09-20",
)


def _judged(items, threshold=1.0, rule="at_least"):
    stands = items_year_end(
        items, year_end=YEAR_END, rule=rule, threshold=threshold, draw_count=200, seed=1, key="list"
    )
    return stands, items_pace(items, stands, target="list", year_end=YEAR_END, rule=rule, threshold=threshold)


def test_by_hand():
    _, pace = _judged(ITEMS)
    row = pace.iloc[0]
    months = 85 / (365.25 / 12)
    assert pace.columns.tolist() == PACE_COLUMNS
    assert row["months_left"] == pytest.approx(months)
    assert row["items_needed"] == 5
    assert row["needed_per_month"] == pytest.approx(5 / months)
    assert row["recent_per_month"] == pytest.approx(2 / 6)
    assert (row["items_open"], row["items_late"]) == (5, 2)


@pytest.mark.parametrize(
    ("threshold", "rule", "needed"), [(0.9, "at_least", 5), (0.75, "at_least", 3), (0.5, "more_than", 2)]
)
def test_the_smallest_number_that_keeps_the_promise(threshold, rule, needed):
    # 8 promised, 3 done: 90 % of 8 are 7.2, so all; 75 % are 6; more than half are 5
    assert _judged(ITEMS, threshold, rule)[1].iloc[0]["items_needed"] == needed


def test_nothing_is_asked_for_once_decided():
    assert _judged(ITEMS, 0.3)[1].empty
    over = listed(item("a", "2021-03-14"), as_of="2021-12-20")
    assert _judged(over)[1].columns.tolist() == PACE_COLUMNS
    assert _judged(over)[1].empty


def test_the_longest_overdue_come_first_then_the_latest_planned():
    stands, _ = _judged(ITEMS)
    holders = gap_holders(ITEMS, stands, year_end=YEAR_END)
    assert holders.columns.tolist() == GAP_COLUMNS
    assert holders["item"].tolist() == ["d", "e", "f", "h", "g"]
    assert holders["days_late"].tolist() == [98, 0, pd.NA, pd.NA, pd.NA]
    assert holders["chance"].between(0, 1).all()


def test_owners_of_the_gap():
    stands, _ = _judged(ITEMS)
    owners = gap_by_owner(gap_holders(ITEMS, stands, year_end=YEAR_END))
    assert owners[["owner", "open", "late"]].to_numpy().tolist() == [["sxd", 3, 2], ["sct", 2, 0]]
    assert gap_by_owner(gap_holders(ITEMS, stands, year_end=YEAR_END).assign(owner=None)).empty


def test_after_the_year_the_gap_is_what_was_not_done_by_its_end():
    items = listed(
        item("in-time", "2021-09-14", "2021-12-14"), item("too-late", "2021-12-04", "2021-12-16"), as_of="2021-12-20"
    )
    stands, _ = _judged(items)
    holders = gap_holders(items, stands, year_end=YEAR_END)
    assert holders[["item", "days_late", "chance"]].to_numpy().tolist() == [["too-late", 10, 0.0]]


def test_a_list_not_estimated_still_says_who_holds_the_gap():
    items = listed(item("a", "2021-06-14"), item("b", "2021-12-14"), as_of="2021-09-20")
    stands, pace = _judged(items)
    assert pace.iloc[0]["items_needed"] == 2
    assert gap_holders(items, stands, year_end=YEAR_END)["chance"].isna().all()
