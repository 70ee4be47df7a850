"""Promises on dated items: what decides them, and how the probability must move."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.attainment.items import (
    GAP_COLUMNS,
    MINIMUM_FINISHED,
    PACE_COLUMNS,
    enough_items,
    gap_by_owner,
    gap_holders,
    items_pace,
    items_year_end,
)
from analysis.indicators.dated_items import DatedItems
from dated_lists import YEAR_END, item, listed

DONE = [item(f"done-{i}", "2021-03-14", f"2021-03-{10 + i}") for i in range(6)]
OPEN = [item("open", "2021-09-14"), item("ahead", "2021-12-14")]


def _stands(items, threshold=1.0, rule="at_least", draws=400):
    return items_year_end(
        items, year_end=YEAR_END, rule=rule, threshold=threshold, draw_count=draws, seed=3, key="list"
    )


def test_an_open_list_is_a_share_in_each_draw():
    stands = _stands(listed(*DONE, *OPEN, item("next-year", "2022-03-14"), as_of="2021-09-20"))
    assert (stands.numerator, stands.denominator) == (6, 8)
    assert stands.observed_to_date == 0.75
    assert set(np.unique(stands.values)) == {6 / 8, 7 / 8, 1.0}
    assert stands.kept.met.tolist() == (stands.values == 1.0).tolist()
    assert stands.kept.probability == pytest.approx(np.mean(stands.values == 1.0))
    assert not stands.kept.decided
    assert stands.chances["item"].tolist() == ["ahead", "open"]
    assert stands.chances["chance"].sum() == pytest.approx(8 * stands.values.mean() - 6)


def test_all_done_is_met_before_the_year_is_over():
    stands = _stands(listed(*DONE, as_of="2021-04-20"))
    assert stands.kept.verdict == "met"
    assert stands.values.tolist() == [1.0]


def test_enough_done_is_met_while_items_are_open():
    stands = _stands(listed(*DONE, *OPEN, as_of="2021-09-20"), threshold=0.75)
    assert stands.kept.verdict == "met"
    assert len(stands.values) == 400
    assert _stands(listed(*DONE, *OPEN, as_of="2021-09-20"), 0.75, "more_than").kept.verdict != "met"


def test_nothing_is_missed_before_the_year_is_over():
    hopeless = [item(f"open-{i}", "2019-06-14") for i in range(30)]
    stands = _stands(listed(*DONE, *hopeless, as_of="2021-12-13"))
    assert stands.kept.verdict == "very_unlikely"
    assert stands.kept.probability == 0.005


@pytest.mark.parametrize(("done", "verdict"), [("2021-12-14", "met"), ("2021-12-15", "missed"), (None, "missed")])
def test_the_count_at_the_end_of_the_year_decides(done, verdict):
    stands = _stands(listed(*DONE, item("last", "2021-09-14", done), as_of="2021-12-20"))
    assert stands.kept.verdict == verdict
    assert stands.values.tolist() == [stands.numerator / 7]


def test_what_is_done_after_the_day_is_open():
    ahead = [item("late", "2021-06-14", "2021-09-21")]
    assert _stands(listed(*DONE, *ahead, as_of="2021-09-20")).chances["item"].tolist() == ["late"]
    assert _stands(listed(*DONE, *ahead, as_of="2021-09-21")).kept.verdict == "met"


def test_an_item_called_off_is_promised_no_more():
    dropped = item("dropped", "2021-06-14", called_off_on="2021-07-01")
    stands = _stands(listed(*DONE, dropped, as_of="2021-09-20"))
    assert (stands.denominator, stands.kept.verdict) == (6, "met")
    assert _stands(listed(*DONE, dropped, as_of="2021-06-30")).denominator == 7


@pytest.mark.parametrize("finished", [MINIMUM_FINISHED - 1, MINIMUM_FINISHED])
def test_with_too_few_finished_items_nothing_is_said(finished):
    stands = _stands(listed(*DONE[:finished], *OPEN, as_of="2021-09-20"))
    known = finished >= MINIMUM_FINISHED
    assert stands.kept.note == ("" if known else "too_few_finished_items")
    assert stands.chances["chance"].notna().all() == known
    assert (len(stands.values) > 0) == known


def test_items_done_when_the_list_began_are_counted_and_teach_nothing():
    old = [item(f"old-{i}", "2021-12-14", "2020-08-15", listed_on="2020-12-14") for i in range(50)]
    stands = _stands(listed(*old, *OPEN, as_of="2021-09-20"))
    assert (stands.numerator, stands.denominator) == (50, 52)
    assert stands.kept.note == "too_few_finished_items"
    assert _stands(listed(*old, *OPEN, as_of="2021-09-20"), threshold=0.9).kept.verdict == "met"


def test_a_list_without_a_promised_item():
    stands = _stands(listed(item("next-year", "2022-03-14"), as_of="2021-09-20"))
    assert stands.kept.note == "no_progress_items"
    assert np.isnan(stands.observed_to_date)


def test_a_rule_that_doing_more_could_break_is_refused():
    with pytest.raises(ValueError, match="at_least or more_than"):
        _stands(listed(*DONE, as_of="2021-09-20"), rule="at_most")


# Properties -----------------------------------------------------------------------------------------------------------

ROADMAP = [date(2020, 9, 14), date(2021, 3, 14), date(2021, 6, 14), date(2021, 9, 14), date(2021, 12, 14)]
ORIGIN = date(2021, 9, 20)
LISTS = st.lists(
    st.tuples(st.sampled_from(ROADMAP), st.none() | st.dates(date(2020, 12, 15), ORIGIN)), min_size=4, max_size=14
).filter(lambda rows: sum(done is not None for _, done in rows) >= MINIMUM_FINISHED and (rows[0][1] is None))
THRESHOLDS = st.sampled_from([0.5, 0.8, 0.9, 1.0])


def _list(rows, as_of=ORIGIN):
    made = [
        item(f"item-{i:02d}", planned.isoformat(), done.isoformat() if done else None)
        for i, (planned, done) in enumerate(rows)
    ]
    return listed(*made, as_of=as_of.isoformat())


@settings(max_examples=15)
@given(LISTS, THRESHOLDS, st.dates(date(2020, 12, 15), ORIGIN))
def test_doing_an_open_item_never_lowers_the_probability(rows, threshold, done):
    before = _stands(_list(rows), threshold, draws=100)
    after = _stands(_list([(rows[0][0], done), *rows[1:]]), threshold, draws=100)
    assert after.kept.probability >= before.kept.probability


@settings(max_examples=15)
@given(LISTS, THRESHOLDS, st.integers(0, 120))
def test_waiting_with_nothing_done_never_raises_the_probability(rows, threshold, days):
    before = _stands(_list(rows), threshold, draws=100)
    after = _stands(_list(rows, as_of=ORIGIN + timedelta(days=days)), threshold, draws=100)
    assert after.kept.probability <= before.kept.probability


@settings(max_examples=15)
@given(LISTS, THRESHOLDS)
def test_an_item_done_later_is_as_good_as_one_never_done_until_it_is(rows, threshold):
    later = [(planned, done or date(2021, 11, 1)) for planned, done in rows]
    assert _stands(_list(later), threshold, draws=100).kept.probability == (
        _stands(_list(rows), threshold, draws=100).kept.probability
    )


@settings(max_examples=15)
@given(LISTS, THRESHOLDS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, threshold, random):
    items = _list(rows)
    at = list(range(len(items.table)))
    random.shuffle(at)
    shuffled = DatedItems(items.as_of, items.table.iloc[at].reset_index(drop=True))
    one, other = _stands(items, threshold, draws=100), _stands(shuffled, threshold, draws=100)
    assert (one.values == other.values).all()
    assert one.kept.probability == other.kept.probability


@settings(max_examples=15)
@given(LISTS, st.sampled_from([0.5, 0.7, 0.8]), st.sampled_from([0.8, 0.9, 1.0]))
def test_a_higher_threshold_is_never_likelier(rows, lower, higher):
    items = _list(rows)
    assert _stands(items, higher, draws=100).kept.probability <= _stands(items, lower, draws=100).kept.probability


def test_what_a_late_finish_teaches():
    """Not monotone, and rightly: a late item that got done is the only sign that late ones do."""
    rest = [item("open", "2021-06-14"), *DONE[:4]]
    late = _stands(listed(item("was", "2021-03-14", "2021-08-14"), *rest, as_of="2021-09-20"), draws=4000)
    timely = _stands(listed(item("was", "2021-03-14", "2021-03-14"), *rest, as_of="2021-09-20"), draws=4000)
    assert timely.kept.probability < late.kept.probability


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


@pytest.mark.parametrize(
    ("promised", "rule", "threshold", "needed"),
    [(40, "at_least", 0.9, 36), (42, "at_least", 0.9, 38), (10, "more_than", 0.5, 6), (4, "more_than", 1.0, 4)],
)
def test_the_smallest_number_of_items_that_keeps_a_promise(promised, rule, threshold, needed):
    assert enough_items(promised, rule, threshold) == needed
