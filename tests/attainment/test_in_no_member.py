"""Of 40 cases in the year so far 15 have no field: which of them a promise on members judges, counted by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.attainment.in_no_member import COLUMNS, in_no_member
from analysis.indicators.satisfaction import COLUMNS as ROUNDS
from analysis.plan.plan import Plan

T = {"vi": "v", "en": "e"}
CASES = pd.DataFrame(
    [
        ("2020Q4", "land", "stp", 100),  # last year: in no window
        ("2020Q4", None, "stp", 100),
        ("2021Q1", "land", "stp", 7),
        ("2021Q1", None, "stp", 3),
        ("2021Q2", "civil", "stc", 10),
        ("2021Q3", "forest", "stc", 8),
        ("2021Q3", None, None, 12),
    ],
    columns=["period", "field", "agency", "denominator"],
).assign(numerator=0)
GROUPS = {
    "some": {"title": T, "members": ["land", "water"], "former": ["forest"]},
    "rest": {"title": T, "members": ["civil"]},
}
ALIVE = {
    ("field", None): ["civil", "forest", "land"],
    ("field", "some"): ["land"],
    ("field", "rest"): ["civil"],
    ("agency", None): ["stc", "stp"],
}
STEPS = {"2021-06-30": 0.8, "2021-12-31": 0.9}
ON_TIME = {"form": "share", "title": T, "numerator": {"late": False}}


def _found(
    origin: str = "2021Q3", surveys: pd.DataFrame | None = None, last_round: int = 2021, **target: Any
) -> list[list[Any]]:
    """Return dimension, denominator, in no member, and without a value, of a plan with one promise."""
    said = {"kind": "share", "title": T, "reported": "…", "indicator": "on_time", "rule": "at_least", "threshold": 0.9}
    plan = Plan.model_validate(
        {
            "title": T, "year": 2021, "calendar": {"frequency": "Q"}, "source": "s", "scope": T, "unit": T,
            "groups": {"field": GROUPS}, "indicators": {"on_time": ON_TIME},
            "instruments": {"own": {"of": "survey", "title": T, "instrument": "own"}},
            "targets": {"one": {key: value for key, value in (said | target).items() if value is not None}},
        }
    )  # fmt: skip
    known = {"on_time": CASES[CASES["period"] <= origin]}
    rounds = pd.DataFrame(columns=["indicator", *ROUNDS]) if surveys is None else surveys
    rows = in_no_member(plan, known, rounds, ALIVE, origin=pd.Period(origin), last_round=last_round)
    assert list(rows) == COLUMNS
    assert set(rows["target"]) <= {"one"}
    return rows[["dimension", "denominator", "in_no_member", "without_value"]].to_numpy().tolist()


@pytest.mark.parametrize(
    ("target", "counted"),
    [
        # Each member of a dimension: the three fields have 7 + 10 + 8, which leaves 15 of 40.
        ({"each": {"of": "field"}}, [["field", 40, 15, 15]]),
        ({"each": {"of": "agency"}}, [["agency", 40, 12, 12]]),
        # Forest and civil status are in no group that has a threshold: 8 + 10 more.
        (
            {"each": {"of": "field"}, "threshold": None, "threshold_by": {"some": 0.9}},
            [["field", 40, 33, 15]],
        ),
        # Members of a group: civil status is meant to be outside; forest was a member once, and water has no case.
        ({"each": {"of": "field", "in": "some"}}, [["field", 40, 23, 15]]),
        ({"each": {"of": "field", "in": "rest"}}, [["field", 40, 15, 15]]),
        ({"each": {"of": "field", "in": "some", "together": True}}, [["field", 40, 23, 15]]),
        ({"dimension": "field", "series": "some"}, [["field", 40, 23, 15]]),
        # Of the last quarter, the fourth, nothing is known yet.
        ({"dimension": "field", "series": "rest", "window": "last_quarter"}, [["field", 0, 0, 0]]),
        # Steps judge by the last of them, which is that of the year.
        (
            {"dimension": "field", "series": "rest", "threshold": None, "steps": STEPS},
            [["field", 40, 15, 15]],
        ),
        # The whole, and one named member.
        ({}, []),
        ({"each": {"of": "field", "together": True}}, []),
        ({"dimension": "field", "series": "land"}, []),
    ],
)  # fmt: skip
def test_what_a_promise_on_members_does_not_judge(target: dict[str, Any], counted: list[list[Any]]) -> None:
    assert _found(**target) == counted


def _parts(**parts: dict[str, Any]) -> dict[str, Any]:
    return {"combine": "all_of", "parts": parts}


def test_parts_of_one_dimension_are_members_and_parts_of_two_are_one_each() -> None:
    land, civil = ({"dimension": "field", "series": one} for one in ("land", "civil"))
    assert _found(**_parts(a=land, b=civil)) == [["field", 40, 15, 15]]
    assert _found(**_parts(a=land, b={"dimension": "agency", "series": "stp"})) == []
    # By the end of June: 7 + 3 in the first quarter, 10 in the second.
    assert _found(**_parts(a=land | {"until": "2021-06-30"}, b=civil | {"until": "2021-06-30"})) == [
        ["field", 20, 3, 3]
    ]
    # Two groups: forest is a former member of one of them.
    both = _parts(**{one: {"dimension": "field", "series": one} for one in ("some", "rest")})
    assert _found(**both) == [["field", 40, 23, 15]]


def test_a_single_member_that_each_field_comes_down_to_is_still_each_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ALIVE, ("field", None), ["land"])
    # Written out the promise is on one field; 33 of the 40 cases are in none that it judges.
    assert _found(each={"of": "field"}) == [["field", 40, 33, 15]]


def test_only_what_is_known_by_the_origin_counts() -> None:
    assert _found("2021Q1", each={"of": "field"}) == [["field", 10, 3, 3]]


def test_the_sum_of_the_members_and_of_those_in_none_is_what_is_counted() -> None:
    [[_, counted, outside, _]] = _found(each={"of": "field"})
    year = CASES[CASES["period"] >= "2021"]
    assert counted == outside + year.loc[year["field"].notna(), "denominator"].sum()


def test_answers_of_a_survey_on_no_field() -> None:
    rows = [("total", "total", 500), ("field", "land", 200), ("field", "civil", 120), ("agency", "stp", 500)]
    surveys = pd.DataFrame(
        [("surveyed_own", *row, period) for period in ("2021", "2020") for row in rows],
        columns=["indicator", "dimension", "series", "respondents", "period"],
    ).astype({"respondents": "Int64"})
    survey = {"kind": "survey", "instrument": "own", "indicator": None}
    # 500 less 200 and 120.
    assert _found(surveys=surveys, **survey, each={"of": "field"}) == [["field", 500, 180, 180]]
    assert _found(surveys=surveys, **survey, fields=["land", "civil"]) == [["field", 500, 180, 180]]
    assert _found(surveys=surveys, **survey, fields=["land"]) == []
    assert _found(surveys=surveys, **survey) == []
    # The round of the plan's year is not held yet.
    assert _found(surveys=surveys[surveys["period"] == "2020"], **survey, each={"of": "field"}) == [["field", 0, 0, 0]]
    assert _found(surveys=surveys, last_round=2020, **survey, each={"of": "field"}) == [["field", 0, 0, 0]]
