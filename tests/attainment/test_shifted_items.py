"""More items done than in each draw: four draws of three open items, counted by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.attainment import items as items_module
from analysis.attainment.evidence import Evidence
from analysis.attainment.needed import Needed
from analysis.attainment.shifted_items import ItemsShift, JudgedItems, needed_items
from analysis.attainment.situation import Situation
from analysis.data.contracts import Catalogue, Progress, check, empty
from analysis.faults import BadParameters
from analysis.forecast.rest_of_year import Forecast
from analysis.plan.plan import Plan

T = {"vi": "v", "en": "e"}
NOTHING = pd.DataFrame()
DONE = [("a", "2021-03-01", "2021-03-05"), ("b", "2021-04-01", "2021-04-09"), ("c", "2021-05-01", "2021-05-09")]
OPEN = [("d", "2021-12-01", None), ("e", "2021-10-01", None), ("f", "2021-11-01", None)]
DRAWS = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1], [1, 1, 1]], dtype=bool)
"""Whether d, e and f are done by the end of the year."""


def _at(rows: list[tuple[str, str, str | None]], as_of: date = date(2021, 9, 20)) -> Situation:
    frame = pd.DataFrame(rows, columns=["item", "planned_on", "done_on"])
    frame = frame.assign(target="centre", kind="milestone", planned=None, actual=None)
    frame[["planned_on", "done_on"]] = frame[["planned_on", "done_on"]].apply(pd.to_datetime)
    progress = check(frame[list(Progress.to_schema().columns)], Progress, where="progress")
    said: dict[str, Any] = {"title": T, "year": 2021, "source": "s", "scope": T, "unit": T}
    said |= {"calendar": {"frequency": "M", "deadlines": {"cutoff": 14}}}
    said["targets"] = {"centre": {"kind": "milestones", "title": T, "reported": "…"}}
    evidence = Evidence(as_of, NOTHING, 2020, empty(Catalogue), progress, NOTHING, NOTHING)
    forecast = Forecast(*[NOTHING] * 5, ())
    return Situation(Plan.model_validate(said), pd.Period("2021Q3"), NOTHING, forecast, 4, 1, evidence)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> JudgedItems:
    monkeypatch.setattr(items_module, "done_by", lambda items, past, **_: DRAWS.copy())
    return JudgedItems.of(_at([*DONE, *OPEN]), "centre")


def _probability(judged: JudgedItems) -> float:
    return float(judged.table()["probability"].iloc[0])


def test_without_a_move_it_is_judged_as_in_every_report(judged: JudgedItems) -> None:
    assert _probability(judged) == 0.25
    assert judged.year_end("centre", "").tolist() == [5 / 6, 3 / 6, 5 / 6, 1.0]


def test_named_items_are_done_in_every_draw(judged: JudgedItems) -> None:
    moved = judged.moved(ItemsShift("centre", items=("f",)))
    # f completes the first draw; the third still lacks e
    assert moved.year_end("centre", "").tolist() == [1.0, 4 / 6, 5 / 6, 1.0]
    assert _probability(moved) == 0.5


def test_items_more_are_those_planned_first_of_the_open_ones_of_each_draw(judged: JudgedItems) -> None:
    one, three = (judged.moved(ItemsShift("centre", more=more)) for more in (1, 3))
    assert one.year_end("centre", "").tolist() == [1.0, 4 / 6, 1.0, 1.0]
    assert _probability(one) == 0.75
    assert _probability(three) == 0.995
    # f is named; of d and e the second draw lacks, e is planned first, so that d alone is missing
    both = judged.moved(ItemsShift("centre", items=("f",), more=1))
    assert both.year_end("centre", "").tolist() == [1.0, 5 / 6, 1.0, 1.0]


def test_open_items_stand_in_the_order_of_their_days_and_the_months_are_counted(judged: JudgedItems) -> None:
    assert judged.open_items["item"].tolist() == ["e", "f", "d"]
    assert judged.months_left == pytest.approx(85 / (365.25 / 12))  # 20 September to 14 December


def test_the_smallest_number_of_items_is_found(judged: JudgedItems) -> None:
    at = judged.at
    assert needed_items(at, "centre", 0.25).amount == 0
    assert needed_items(at, "centre", 0.7).amount == 1
    found = needed_items(at, "centre", 0.8)
    assert (found.amount, found.probability) == (3, 0.995)


def test_what_is_decided_or_unknown_needs_no_move() -> None:
    over = needed_items(_at([*DONE, *OPEN], as_of=date(2021, 12, 20)), "centre")
    assert (over.amount, over.probability, over.reason) == (None, 0.0, "decided")
    assert needed_items(_at(DONE), "centre") == Needed(0.0, pytest.approx(float("nan"), nan_ok=True), 1.0)
    few = needed_items(_at([DONE[0], *OPEN]), "centre")
    assert (few.amount, few.reason) == (None, "too_few_finished_items")


def test_only_open_items_can_be_named_and_nothing_is_undone(judged: JudgedItems) -> None:
    with pytest.raises(BadParameters, match="no open item 'a'"):
        judged.moved(ItemsShift("centre", items=("a",)))
    with pytest.raises(BadParameters, match="stay done"):
        ItemsShift("centre", more=-1)
