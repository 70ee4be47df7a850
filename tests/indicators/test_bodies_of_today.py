"""Series over today's boundaries, on cells small enough to add up by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.data.measure import Measure
from analysis.indicators.bodies_of_today import recoded
from analysis.indicators.measured import activity, indicator_series, joint_cells, living, measures_of
from analysis.plan.plan import Plan
from analysis.quarter.readings import Counted

T = {"vi": "v", "en": "e"}
ROWS = [
    # Period, agency, field, on time, resolved: three old communes, their district, and the commune they became.
    ("2025-06", "xa-a", "land", 9, 10),
    ("2025-06", "xa-b", "land", 10, 40),
    ("2025-06", "xa-c", "civil", 50, 50),
    ("2025-06", "huyen", "land", 3, 20),
    ("2025-07", "xa-n", "land", 30, 60),
    ("2025-07", "xa-b", "land", 1, 4),  # somebody still records the old code
    ("2025-07", "huyen", "land", 0, 2),
    ("2025-07", None, "civil", 5, 5),
]
CROSSWALK = [
    {"old": "xa-a", "new": "xa-m", "from": "2020-01-01"},  # a chain: m is no more, either
    {"old": "xa-m", "new": "xa-n", "from": "2025-07-01"},
    {"old": "xa-b", "new": "xa-n", "from": "2025-07-01"},
    {"old": "xa-c", "new": "xa-n", "from": "2025-07-01"},
    {"old": "huyen", "from": "2025-07-01"},
]
Q2, Q3 = pd.Period("2025Q2"), pd.Period("2025Q3")


def _plan(crosswalk: list[dict[str, Any]], form: str = "share") -> Plan:
    share = {"form": "share", "title": T, "numerator": {"late": False}}
    mean = {"form": "mean", "title": T, "value": {"days_between": ["accepted_at", "finished_at"]}}
    said = {"kind": form, "title": T, "reported": "…", "indicator": "i", "rule": "at_least", "threshold": 0.9}
    return Plan.model_validate(
        {
            "title": T, "year": 2025, "calendar": {"frequency": "M"}, "source": "s", "scope": T, "unit": T,
            "indicators": {"i": share if form == "share" else mean},
            "groups": {"agency": {"local": {"title": T, "members": ["xa-a", "xa-b", "xa-n", "huyen"]}}},
            "crosswalk": {"agency": crosswalk}, "targets": {"t": {**said, "each": {"of": "agency", "in": "local"}}},
        }
    )  # fmt: skip


def _counted(plan: Plan, cells: pd.DataFrame) -> Counted:
    measures: list[Measure] = [*activity(plan), *measures_of(plan).values()]
    return Counted({None: dict.fromkeys(measures, cells)}, True, ("2025-06", "2025-07"))


@pytest.fixture
def cells() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["period", "agency", "field", "numerator", "denominator"])


def _series(plan: Plan, cells: pd.DataFrame, through: str = "2025-07") -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return numerator and denominator, period by period, by dimension and series."""
    found = indicator_series(
        plan, _counted(plan, cells).of(plan), through=through, gaps_are_zero=False, groups={"agency": ["local"]}
    )
    rows = found.groupby(["dimension", "series"])[["numerator", "denominator"]]
    return {key: list(map(tuple, mine.to_numpy().tolist())) for key, mine in rows}  # type: ignore[misc]


def test_three_communes_that_became_one_are_added_up_before_the_ratio_is_formed(cells: pd.DataFrame) -> None:
    plan = _plan(CROSSWALK).in_quarter(Q3)
    # June: 9 + 10 + 50 of 10 + 40 + 50; July: its own 30 of 60, and one of the four of the straggler.
    # The abolished district is in the whole, in its field and in the group, and has no series.
    assert _series(plan, cells) == {
        ("total", "total"): [(72, 120), (36, 71)],
        ("agency", "xa-n"): [(69, 100), (31, 64)],
        ("agency", "local"): [(72, 120), (31, 66)],
        ("field", "land"): [(22, 70), (31, 66)],
        ("field", "civil"): [(50, 50), (5, 5)],
    }
    found = indicator_series(plan, _counted(plan, cells).of(plan), through="2025-07", gaps_are_zero=False)
    june = found.query("series == 'xa-n' and period == '2025-06'").iloc[0]
    assert june["value"] == pytest.approx(0.69)  # the mean of the three ratios is 0.716…
    # 69 (31) of 100 (64): the binomial error of the sums.
    assert june["standard_error"] == pytest.approx((0.69 * 0.31 / 100) ** 0.5)


def test_a_quarter_before_has_the_bodies_that_there_were(cells: pd.DataFrame) -> None:
    before = _series(_plan(CROSSWALK).in_quarter(Q2), cells, "2025-06")
    # In June only the first step of the chain had been taken.
    as_it_was = _series(_plan([]), cells, "2025-06")
    as_it_was["agency", "xa-m"] = as_it_was.pop(("agency", "xa-a"))
    assert before == as_it_was
    assert {code for dimension, code in before if dimension == "agency"} == {"xa-m", "xa-b", "xa-c", "huyen", "local"}


def test_who_was_abolished_lives_no_more_and_keeps_its_cases(cells: pd.DataFrame) -> None:
    plan = _plan(CROSSWALK).in_quarter(Q3)
    counted = _counted(plan, cells).of(plan)
    alive = living(plan, counted, through="2025-07")
    assert (alive["agency", None], alive["agency", "local"]) == (["xa-n"], ["xa-n"])
    by_body = joint_cells(plan, counted, through="2025-07").fillna("nobody").groupby("agency")["denominator"].sum()
    assert by_body.to_dict() == {"huyen": 22, "nobody": 5, "xa-n": 164}


def test_every_period_from_the_first_case_on_has_a_row_where_cases_are_counted(cells: pd.DataFrame) -> None:
    plan = _plan(CROSSWALK).in_quarter(Q3)
    found = indicator_series(
        plan, _counted(plan, cells[cells["period"] == "2025-06"]).of(plan), through="2025-07", gaps_are_zero=True
    )
    rows = found[found["dimension"] == "agency"]
    assert rows[["series", "period", "denominator"]].to_numpy().tolist() == [
        ["xa-n", "2025-06", 100], ["xa-n", "2025-07", 0],
    ]  # fmt: skip


def test_a_mean_is_that_of_all_cases(cells: pd.DataFrame) -> None:
    plan = _plan(CROSSWALK, "mean").in_quarter(Q3)
    # Two communes with 1 case of 4 days, and with 3 of 2 days each: 10 days in 4 cases.
    days = pd.DataFrame(
        [("2025-06", "xa-a", "land", 1, 4.0, 16.0), ("2025-06", "xa-b", "land", 3, 6.0, 12.0)],
        columns=["period", "agency", "field", "denominator", "total", "total_squares"],
    )
    found = indicator_series(plan, _counted(plan, days).of(plan), through="2025-06", gaps_are_zero=False)
    mine = found[found["dimension"] == "agency"]
    assert mine[["series", "denominator", "total", "total_squares", "value"]].to_numpy().tolist() == [
        ["xa-n", 4, 10.0, 28.0, 2.5]
    ]


def test_without_a_merger_in_force_the_same_cells_come_back(cells: pd.DataFrame) -> None:
    none, later = _plan([]), _plan([{"old": "xa-b", "new": "xa-n", "from": "2026-01-01"}]).in_quarter(Q3)
    for plan in (none, later):
        counted = _counted(plan, cells)
        assert counted.of(plan) is counted.cells[None]
        assert recoded(cells, plan) is cells
    # What is added up once is not added up again.
    plan = _plan(CROSSWALK).in_quarter(Q3)
    counted = _counted(plan, cells)
    assert counted.of(plan) is counted.of(_plan(CROSSWALK).in_quarter(Q3))


def test_where_a_case_was_received_is_a_dimension_of_its_own(cells: pd.DataFrame) -> None:
    plan = _plan(CROSSWALK[2:3]).in_quarter(Q3)
    table = cells.assign(received_at_agency=cells["agency"])
    today = recoded(table, plan)
    assert "xa-b" in set(today["received_at_agency"])
    assert "xa-b" not in set(today["agency"])
