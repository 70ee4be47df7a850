"""How many cases have no value in what promises use, counted by hand."""

from __future__ import annotations

import pandas as pd

from analysis.indicators.reporting import without_value
from analysis.indicators.satisfaction import respondents_by_field
from analysis.plan.plan import Plan

T = {"vi": "v", "en": "e"}
SHARE = {"form": "share", "title": T, "numerator": {"late": False}, "by": ["agency", "field", "paid_by"]}
SAID = {"title": T, "reported": "…"}
ON = {"kind": "share", "rule": "at_least", "threshold": 0.9} | SAID
SURVEYS = pd.DataFrame(
    {
        "indicator": "surveyed_own",
        "dimension": ["total", "field", "agency"],
        "series": ["total", "land", "stp"],
        "period": "2021",
        "respondents": pd.array([500, 480, 400], dtype="Int64"),
    }
)


def _plan(**targets: object) -> Plan:
    said = {"title": T, "year": 2021, "calendar": {"frequency": "Q"}, "source": "s", "scope": T, "unit": T}
    alive = {("field", None): ["land"], ("paid_by", None): ["card"]}
    return Plan.model_validate(
        said
        | {
            "indicators": {"on_time": SHARE, "digitised": SHARE},
            "instruments": {"own": {"of": "survey", "title": T, "instrument": "own"}},
            "targets": targets,
        }
    ).over(alive)


def test_each_dimension_that_a_promise_uses_has_a_row_and_no_other() -> None:
    rows = [
        ("2020Q4", "on_time", None, None, None, 100),  # not looked at
        ("2021Q1", "on_time", "stp", "land", None, 7),
        ("2021Q1", "on_time", None, None, "card", 3),
        ("2021Q2", "on_time", "stc", "civil", None, 10),
        ("2021Q2", "digitised", "stc", None, "cash", 20),
    ]
    cells = pd.DataFrame(rows, columns=["period", "indicator", "agency", "field", "paid_by", "denominator"])
    plan = _plan(
        land=ON | {"indicator": "on_time", "dimension": "field", "series": "land"},
        each=ON | {"indicator": "on_time", "each": {"of": "paid_by"}},
        whole=ON | {"indicator": "digitised", "watch": {"of": "agency", "below": 0.9}},
        asked=SAID
        | {"kind": "survey", "instrument": "own", "rule": "at_least", "threshold": 0.8, "each": {"of": "field"}},
    )
    found = without_value(plan, cells, SURVEYS, ["2021Q1", "2021Q2", "2021Q3"])
    assert found.to_numpy().tolist() == [
        ["field", "on_time", 20, 3],
        ["paid_by", "on_time", 20, 17],
        ["agency", "digitised", 20, 0],
        ["field", "surveyed_own", 500, 20],
    ]


def test_respondents_by_field_end_with_those_of_none() -> None:
    rows = respondents_by_field(SURVEYS, "surveyed_own", "2021")
    assert rows["field"].isna().tolist() == [False, True]
    assert rows["denominator"].tolist() == [480, 20]
    assert respondents_by_field(SURVEYS, "surveyed_own", "2020").empty
