"""What if, asked of a quarter: frames before and after, on the demo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import Quarter
from analysis.attainment.shifted_draws import Shift
from analysis.attainment.shifted_items import ItemsShift
from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.plan.inventories import CASES
from analysis.plan.promises import ItemsPromise
from analysis.quarter import stages
from analysis.quarter.what_if import not_movable


@pytest.fixture
def q(demo_run: RunParameters, demo_processed: Path, monkeypatch: pytest.MonkeyPatch) -> Quarter:
    monkeypatch.setattr(stages, "PROCESSED", demo_processed)
    return Quarter(demo_run)


MOVABLE = [
    "online_uptake", "overdue", "portal_integration", "online_publication", "one_stop", "online_centre", "apparatus",
    "autonomy",
]  # fmt: skip


@pytest.mark.parametrize("target", MOVABLE)
def test_without_a_move_every_promise_stands_as_reported(q: Quarter, target: str) -> None:
    asked = q.what_if(target)
    assert asked.after is asked.before
    reported = q.results.attainment.of("promises", target).reset_index(drop=True)
    mine = asked.before[asked.before["target"] == target].reset_index(drop=True)
    columns = ["part", "numerator", "denominator", "expected", "probability", "baseline_probability", "verdict", "note"]
    pd.testing.assert_frame_equal(mine[columns], reported[columns], check_dtype=False)
    assert asked.change["change"].dropna().eq(0).all()


def test_the_probability_after_is_one_line_on_the_moved_draws(q: Quarter) -> None:
    asked = q.what_if("online_uptake", points=0.05, agency=["ubnd-nt", "cucthue"])
    assert asked.move == Shift("online_of_all", "agency", ("ubnd-nt", "cucthue"), 0.05)
    values = asked.year_end("of_all")
    assert values["before"].tolist() == q.year_end("online_of_all").tolist()
    assert (values["after"] > values["before"]).all()
    row = asked.change.loc[("online_uptake", "of_all")]
    assert q.probability(values["after"] >= 0.30) == row["after"]
    assert row["change"] == pytest.approx(row["after"] - row["before"])


def test_cases_are_cases_of_the_year(q: Quarter) -> None:
    fewer = q.what_if("overdue", cases=-50, field="datdai").year_end("datdai")
    so_far = q.share("overdue", field="datdai").loc["2021-01":"2021-09", "denominator"].sum()
    rest = q.draws("overdue", field="datdai").groupby("draw")["denominator"].sum()
    late = (fewer["before"] - fewer["after"]) * (so_far + rest)
    # no month of a draw has fewer than no late cases
    fewest = q.draws("overdue", field="datdai").groupby("draw")["numerator"].min()
    np.testing.assert_allclose(late[fewest >= 50], 50.0, rtol=1e-9)
    assert (fewest >= 50).mean() > 0.8
    assert late.max() <= 50 + 1e-9


def test_items_by_number_by_month_and_by_name(q: Quarter) -> None:
    start = q.what_if("one_stop")
    first = start.open_items["item"].iloc[0]
    assert start.moved(items=2).move == ItemsShift("one_stop", more=2)
    # 2.79 months are left of the year: one a month is two items, whole ones
    assert start.months_left == pytest.approx(2.7926, abs=1e-4)
    assert start.moved(per_month=1).move == ItemsShift("one_stop", more=2)
    named = start.moved(items=[first])
    assert named.move == q.what_if("one_stop", items=first).move == ItemsShift("one_stop", items=(first,))
    assert named.change["change"].iloc[0] >= 0
    assert (start.moved(items=2).year_end()["after"] * 173).round(6).mod(1).eq(0).all()


@pytest.mark.slow
def test_what_is_needed_is_enough_and_a_step_less_is_not(q: Quarter) -> None:
    asked = q.what_if("online_uptake")
    found = asked.needed(0.8)
    assert asked.moved(points=found.amount).change.loc[("online_uptake", ""), "after"] == found.probability >= 0.8
    assert asked.moved(points=found.amount - 0.001).change.loc[("online_uptake", ""), "after"] < 0.8
    items = q.what_if("autonomy")
    assert items.moved(items=int(items.needed(0.8).amount)).change["after"].iloc[0] >= 0.8
    assert items.moved(items=int(items.needed(0.8).amount) - 1).change["after"].iloc[0] < 0.8


def test_members_are_those_of_the_promise(q: Quarter) -> None:
    assert q.what_if("overdue").move.dimension == "field"
    assert set(q.what_if("overdue").move.members) == set(q.plan.members("field", "named_fields"))
    assert q.what_if("overdue", field="named_fields").move.members == q.plan.members("field", "named_fields")
    assert q.what_if("online_uptake").move.dimension == "agency"
    assert len(q.what_if("online_uptake").move.members) == 34


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda q: q.what_if("satisfaction"), "satisfaction: it is judged by a survey or a published index"),
        (lambda q: q.what_if("pci_group"), "pci_group: it is judged by a survey or a published index"),
        (lambda q: q.what_if("overdue", agency="stp"), "overdue is not moved by 'agency'; it is by field"),
        (lambda q: q.what_if("overdue", field="hotich"), "overdue is not moved by field 'hotich'"),
        (lambda q: q.what_if("online_uptake", agency="a", field="b"), "one dimension was expected"),
        (lambda q: q.what_if("one_stop", points=0.1), "one_stop is on items: it is moved by items or per_month"),
        (lambda q: q.what_if("one_stop", field="datdai"), "one_stop is on items: it has no field"),
        (lambda q: q.what_if("overdue", items=3), "overdue is on no items"),
        (lambda q: q.what_if("one_stop", items="x"), "one_stop has no open item 'x'"),
        (lambda q: q.what_if("one_stop").needed(1.0), "at most 0.995 was expected, found 1.0"),
        (lambda q: q.what_if("overdue").year_end("x"), "overdue has no part 'x'; there are datdai"),
    ],
)
def test_what_cannot_be_moved_is_said_in_a_sentence(q: Quarter, ask, sentence: str) -> None:
    with pytest.raises(BadParameters, match=sentence):
        ask(q)


def test_items_judged_by_single_cases_are_not_moved(q: Quarter) -> None:
    promise = q.plan.targets["portal_integration"]
    assert isinstance(promise, ItemsPromise)
    assert promise.inventory is not None
    done = {CASES: {"at_least": 1}}
    by_cases = promise.model_copy(update={"inventory": promise.inventory.model_copy(update={"done": done})})
    assert "single cases" in not_movable(by_cases)


def test_it_shows_itself(q: Quarter) -> None:
    asked = q.what_if("one_stop", items=1)
    assert "WhatIf(one_stop: probability 0." in repr(asked)
    assert "ItemsShift" in asked._repr_html_()
