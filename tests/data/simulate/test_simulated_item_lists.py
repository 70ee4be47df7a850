"""Simulated lists are what they say: of the sizes asked for, with days in order, and the same again."""

import pandas as pd

from analysis.data.simulate.item_lists import COLUMNS, END, item_lists

LISTS = item_lists(60, seed=7)


def test_lists_have_five_to_three_hundred_items_each_with_one_row():
    sizes = LISTS.groupby("list")["item"].agg(["size", "nunique"])
    assert list(LISTS.columns) == COLUMNS
    assert len(sizes) == 60
    assert sizes["size"].between(5, 300).all()
    assert (sizes["size"] == sizes["nunique"]).all()


def test_days_come_in_order():
    assert (LISTS["listed_on"] < LISTS["first_planned_on"]).all()
    done, off, moved = (LISTS.dropna(subset=name) for name in ("done_on", "called_off_on", "moved_on"))
    assert (done["listed_on"] < done["done_on"]).all()
    assert (off["listed_on"] < off["called_off_on"]).all()
    assert (moved["moved_on"] < moved["first_planned_on"]).all()
    assert (moved["first_planned_on"] < moved["planned_on"]).all()
    still = LISTS[LISTS["moved_on"].isna()]
    assert still["planned_on"].equals(still["first_planned_on"])


def test_there_is_every_kind_of_list_and_of_item():
    days = LISTS.groupby("list")["first_planned_on"].nunique()
    assert days.min() == 1
    assert days.max() > 6
    assert LISTS["done_on"].isna().mean() > 0.02
    assert not LISTS[["done_on", "called_off_on"]].notna().all(axis=1).any()
    assert LISTS["called_off_on"].notna().any()
    assert LISTS["moved_on"].notna().any()
    assert (LISTS["done_on"] > END).any()


def test_more_lists_leave_the_first_as_they_are():
    pd.testing.assert_frame_equal(item_lists(3, seed=7), LISTS[LISTS["list"] <= "list-0002"])
