"""A promise on figures that somebody enters, against a value that the plan states: the cost of compliance halved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.attainment.evidence import Evidence
from analysis.attainment.index import judge
from analysis.attainment.situation import Situation
from analysis.data.contracts import Catalogue, Progress, empty
from analysis.data.published import read_breaks, read_published
from analysis.faults import BadParameters
from analysis.forecast.rest_of_year import Forecast
from analysis.parameters import ROOT
from analysis.plan.plan import Plan, read_plan

T = {"vi": "v", "en": "e"}
COSTS = {
    "2025Q1": (96, "2025-04-20"), "2025Q2": (90, "2025-07-20"), "2025Q3": (84, "2025-10-20"),
    "2025Q4": (75, "2026-01-20"), "2026Q1": (70, "2026-04-20"), "2026Q2": (64, "2026-07-20"),
    "2026Q3": (58, "2026-10-20"), "2026Q4": (48, "2027-01-20"),
}  # fmt: skip
"""Cost of compliance as per cent of that of 2024, and the day on which it was entered."""


def _plan(tmp_path: Path, year: int, times: float, **stated: Any) -> Plan:
    value = {"value": 100, "source": "the province's count for 2024"} | stated
    cost = {"form": "score", "title": T, "index": "compliance_cost", "better": "lower"}
    score = {"measure": "score", "rule": "at_most", "threshold": {"of": value, "times": times}}
    promise = {
        "kind": "index", "title": T, "reported": "cắt giảm chi phí tuân thủ", "indicator": "cost",
        "parts": {"score": score},
    }  # fmt: skip
    plan = {
        "title": T, "year": year, "calendar": {"frequency": "M"}, "source": "s", "scope": T, "unit": T, "area": "here",
        "indicators": {"cost": cost}, "targets": {"halved": promise},
    }  # fmt: skip
    path = tmp_path / "plan.yml"
    path.write_text(json.dumps(plan), encoding="utf-8")
    return read_plan(path)


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """The figures as they are typed into the file of published figures."""
    columns = read_published(ROOT / "data" / "published").columns
    rows = [
        {"area": "here", "indicator": "compliance_cost", "period": period, "value": value, "unit": "score",
         "published_on": day, "source": "https://example.vn/12-BC", "confidence": "H"}
        for period, (value, day) in COSTS.items()
    ]  # fmt: skip
    pd.DataFrame(rows).reindex(columns=columns).to_csv(tmp_path / "figures.csv", index=False)
    return Evidence(
        as_of=date(2026, 10, 25),
        surveys=pd.DataFrame(),
        last_round=2026,
        catalogue=empty(Catalogue),
        progress=empty(Progress),
        published=read_published(tmp_path),
        breaks=read_breaks(ROOT / "data" / "published"),
    )


def _row(plan: Plan, evidence: Evidence, quarter: str) -> dict[str, Any]:
    none = pd.DataFrame()
    nothing = Forecast(none, none, none, none, none, ())
    judgement = judge(plan.targets["halved"], Situation(plan, pd.Period(quarter), none, nothing, 2000, 1, evidence))
    assert judgement.parts == []
    return judgement.row


@pytest.mark.parametrize(("times", "verdict"), [(0.7, "missed"), (0.75, "met")])
def test_a_cost_is_cut_by_the_last_figure_of_the_year(
    tmp_path: Path, evidence: Evidence, times: float, verdict: str
) -> None:
    row = _row(_plan(tmp_path, 2025, times), evidence, "2025Q4")
    assert (row["threshold"], row["observed_to_date"], row["verdict"]) == (pytest.approx(100 * times), 75, verdict)


def test_before_its_last_figure_a_year_has_a_probability(tmp_path: Path, evidence: Evidence) -> None:
    plan = _plan(tmp_path, 2026, 0.5)
    row = _row(plan, evidence, "2026Q3")
    assert (row["threshold"], row["observed_to_date"], row["note"]) == (50, 58, "")
    assert 0 < row["probability"] < 1
    assert row["lower"] < row["expected"] < row["upper"]
    # An easier promise on the same figures is likelier.
    assert _row(_plan(tmp_path, 2026, 0.6), evidence, "2026Q3")["probability"] > row["probability"]
    known = replace(evidence, as_of=date(2027, 1, 20))
    assert _row(plan, known, "2026Q4")["verdict"] == "met"


def test_three_quarters_are_too_few(tmp_path: Path, evidence: Evidence) -> None:
    row = _row(_plan(tmp_path, 2025, 0.7), replace(evidence, as_of=date(2025, 10, 20)), "2025Q3")
    assert (row["verdict"], row["note"]) == ("not_estimated", "too_few_published_figures")


def test_an_error_that_would_not_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match="the error of a stated value is used for shares and means only"):
        _plan(tmp_path, 2026, 0.5, standard_error=3)
