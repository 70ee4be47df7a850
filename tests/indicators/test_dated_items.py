"""What is on a list of dated items, as known on a day."""

from datetime import date

import pandas as pd
import pytest

from analysis.data.contracts import Progress, check
from analysis.faults import BadData
from analysis.indicators.dated_items import from_progress
from dated_lists import YEAR_END, item, listed


def _progress(*rows):
    columns = ["target", "item", "kind", "planned_on", "done_on", "planned", "actual"]
    return check(pd.DataFrame(rows, columns=columns), Progress, where="hand-made progress")


def test_a_list_of_its_own_leaves_other_targets_and_the_headcount_out():
    progress = _progress(
        ("apparatus", "b", "milestone", "2021-06-14", "2021-06-20", None, None),
        ("apparatus", "a", "milestone", "2021-03-14", "2021-03-10", None, None),
        ("apparatus", "q1", "headcount", "2021-03-14", "2021-03-14", 100, 99),
        ("autonomy", "c", "inventory", "2021-03-14", None, None, None),
    )
    items = from_progress(progress, "apparatus", as_of=date(2021, 12, 20))
    assert items.table["item"].tolist() == ["a", "b"]
    assert items.table["done_on"].tolist() == [pd.Timestamp("2021-03-10"), pd.Timestamp("2021-06-20")]
    assert items.table["listed_on"].tolist() == [pd.Timestamp("2020-03-14"), pd.Timestamp("2020-06-14")]
    assert items.table["called_off_on"].isna().all()
    assert from_progress(progress, "one_stop", as_of=date(2021, 12, 20)).table.empty


def test_an_item_done_later_is_open():
    rows = (item("a", "2021-03-14", "2021-06-20"), item("b", "2021-03-14", "2021-06-21"))
    assert listed(*rows, as_of="2021-06-20").table["done_on"].isna().tolist() == [False, True]


def test_an_item_called_off_is_not_promised_unless_it_was_done_before():
    items = listed(
        item("done-first", "2021-03-14", "2021-03-01", called_off_on="2021-04-01"),
        item("dropped", "2021-03-14", called_off_on="2021-04-01"),
        item("dropped-later", "2021-03-14", called_off_on="2021-09-01"),
        item("next-year", "2022-03-14"),
        as_of="2021-06-20",
    )
    assert items.promised(YEAR_END)["item"].tolist() == ["done-first", "dropped-later"]
    assert items.table.set_index("item")["called_off_on"].notna().to_dict() == {
        "done-first": False, "dropped": True, "dropped-later": False, "next-year": False
    }  # fmt: skip


def test_an_item_listed_twice_is_refused():
    row = ("autonomy", "a", "inventory", "2021-03-14", None, None, None)
    with pytest.raises(BadData, match="lists 'a' twice for autonomy"):
        from_progress(_progress(row, row), "autonomy", as_of=date(2021, 12, 20))
