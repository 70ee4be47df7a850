"""Who has no history of their own: told by the first case of each, on a plan of 2026."""

from __future__ import annotations

import pandas as pd

from analysis.attainment.without_history import COLUMNS, without_history
from analysis.plan.plan import Plan

T = {"vi": "v", "en": "e"}
FIRSTS = {
    ("total", "total"): "2024Q1",
    ("agency", "old"): "2024Q1",
    ("agency", "quarter_late"): "2024Q2",  # has the whole of 2025, the year before the plan's
    ("agency", "whole_year"): "2025Q1",
    ("agency", "new"): "2025Q3",
    ("agency", "idle"): "2024Q1",  # rows from the start, cases from 2026 on
    ("agency", "some"): "2025Q3",  # a group
    ("field", "new"): "2025Q3",  # of fields the plan says nothing
}


def _series() -> pd.DataFrame:
    rows = []
    for (dimension, series), first in FIRSTS.items():
        for period in pd.period_range(first, "2026Q2", freq="Q"):
            cases = 0 if series == "idle" and period.year < 2026 else 1
            rows.append(("i", dimension, series, str(period), cases))
    return pd.DataFrame(rows, columns=["indicator", "dimension", "series", "period", "denominator"])


def _found(crosswalk: list[dict[str, str]]) -> list[list[str]]:
    parts = {f"{series}_{dimension}": {"dimension": dimension, "series": series} for dimension, series in FIRSTS}
    del parts["total_total"]
    plan = Plan.model_validate(
        {
            "title": T, "year": 2026, "calendar": {"frequency": "Q"}, "source": "s", "scope": T, "unit": T,
            "indicators": {"i": {"form": "share", "title": T, "numerator": {"late": False}}},
            "groups": {"agency": {"some": {"title": T, "members": ["old"]}}},
            "crosswalk": {"agency": crosswalk},
            "targets": {"t": {
                "kind": "share", "title": T, "reported": "…", "indicator": "i", "rule": "at_least", "threshold": 0.9,
                "combine": "all_of", "parts": parts,
            }},
        }
    )  # fmt: skip
    promises = pd.DataFrame({"target": "t", "part": list(parts), "note": ["" for _ in parts]})
    promises.loc[promises["part"] == "idle_agency", "note"] = "not_enough_history"
    rows = without_history(plan, "t", _series(), promises)
    assert list(rows) == COLUMNS
    return rows[["dimension", "series", "since", "note"]].to_numpy().tolist()


def test_who_began_late_and_lacks_some_of_the_year_before_has_none() -> None:
    assert _found([{"old": "gone", "from": "2025-07-01"}]) == [
        ["agency", "new", "2025Q3", ""],
        ["agency", "idle", "2026Q1", "not_enough_history"],
    ]


def test_a_plan_that_says_nothing_of_mergers_says_nothing_of_histories() -> None:
    assert _found([]) == []
