"""A survey target as a row of the table: which rounds are known, and what judges."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from analysis.attainment.evidence import Evidence
from analysis.attainment.situation import Situation
from analysis.attainment.surveys import judge
from analysis.data.contracts import Catalogue, Progress, empty
from analysis.data.published import read_breaks, read_published
from analysis.forecast.rest_of_year import Forecast
from analysis.indicators.satisfaction import published_rounds
from analysis.parameters import ROOT
from analysis.plan.plan import Plan

T = {"vi": "v", "en": "e"}
Q3 = pd.Period("2021Q3")
LABELS = [str(month) for month in pd.period_range("2018-01", "2021-09", freq="M")]
RATED = pd.DataFrame(
    [("rated_satisfied", "total", "total", label, 90, 100, 0.9) for label in LABELS],
    columns=["indicator", "dimension", "series", "period", "numerator", "denominator", "value"],
)
DRAWS = pd.DataFrame(
    [("rated_satisfied", "total", "total", month, draw, 90, 100) for month in ("2021-10", "2021-11", "2021-12")
     for draw in range(400)],
    columns=["indicator", "dimension", "series", "period", "draw", "numerator", "denominator"],
)  # fmt: skip
FORECAST = Forecast(DRAWS, *[pd.DataFrame()] * 4, ())
PUBLISHED = ROOT / "data" / "published"


TARGET = {
    "kind": "survey", "title": T, "reported": "…", "rule": "more_than", "threshold": 0.81, "proxy": "rated_satisfied",
}  # fmt: skip
RATINGS = {"form": "share", "title": T, "of": "ratings", "numerator": {"rating": ["satisfied", "very_satisfied"]}}


def _facts(*rounds: tuple[int, float], last_round: int = 2021, as_of: date = date(2021, 9, 20)) -> Evidence:
    provincial = pd.DataFrame(
        [("surveyed_provincial", "total", "total", str(year), 2000, value, 0.01) for year, value in rounds],
        columns=["indicator", "dimension", "series", "period", "respondents", "value", "standard_error"],
    )
    published, breaks = read_published(PUBLISHED), read_breaks(PUBLISHED)
    sipas = published_rounds(published, breaks, index="sipas", area="khanh-hoa", as_of=as_of)
    return Evidence(
        as_of=as_of,
        surveys=pd.concat([provincial, sipas], ignore_index=True),
        last_round=last_round,
        catalogue=empty(Catalogue),
        progress=empty(Progress),
        published=published,
        breaks=breaks,
    )


def _row(facts: Evidence, *, instrument: str = "provincial", cancelled: dict[str, Any] | None = None) -> dict[str, Any]:
    instruments = {
        "provincial": {"of": "survey", "title": T, "instrument": "provincial", "cancelled": cancelled},
        "sipas": {"of": "published", "title": T, "index": "sipas", "method": "sipas-2017"},
    }
    plan = Plan.model_validate(
        {"title": T, "year": 2021, "calendar": {"frequency": "M", "deadlines": {"cutoff": 14}}, "source": "s",
         "scope": T, "unit": T, "area": "khanh-hoa", "indicators": {"rated_satisfied": RATINGS},
         "instruments": instruments, "targets": {"satisfaction": TARGET | {"instrument": instrument}}}
    )  # fmt: skip
    judgement = judge(plan.targets["satisfaction"], Situation(plan, Q3, RATED, FORECAST, 400, 1, facts))
    assert judgement.parts == []
    return judgement.row


THREE = ((2018, 0.90), (2019, 0.90), (2020, 0.90))


def test_three_rounds_far_above_the_threshold_make_it_nearly_certain() -> None:
    row = _row(_facts(*THREE))
    assert row["indicator"] == "surveyed_provincial"
    assert row["probability"] > 0.9
    assert row["lower"] < 0.9 < row["upper"]
    assert 0.005 <= row["baseline_probability"] <= 0.995
    # No share of the year is known yet, and none is claimed.
    assert pd.isna(row["denominator"])
    assert pd.isna(row["observed_to_date"])


def test_two_rounds_are_not_enough() -> None:
    assert _row(_facts(*THREE[:2]))["note"] == "not_enough_rounds"
    assert _row(_facts())["note"] == "no_survey_round"


@pytest.mark.parametrize(("value", "verdict"), [(0.82, "met"), (0.81, "missed")])
def test_the_years_own_round_decides_and_more_than_is_strict(value: float, verdict: str) -> None:
    row = _row(_facts(*THREE, (2021, value)))
    assert (row["verdict"], row["observed_to_date"], row["denominator"]) == (verdict, value, 2000)
    assert row["baseline_probability"] == row["probability"]


def test_a_round_that_may_not_be_known_yet_is_not_looked_at() -> None:
    assert _row(_facts(*THREE, (2021, 0.5), last_round=2020)) == pytest.approx(_row(_facts(*THREE)), nan_ok=True)


@pytest.mark.parametrize(
    ("on", "instrument", "note"),
    [
        ("2021-09-09", "provincial", "survey_cancelled"),
        ("2021-09-15", "provincial", ""),
        ("2021-09-09", "sipas", "not_enough_rounds"),
    ],
)
def test_a_survey_called_off_judges_nothing_and_another_one_still_does(on: str, instrument: str, note: str) -> None:
    row = _row(_facts(*THREE), instrument=instrument, cancelled={"on": on, "reason": T, "source": "s"})
    # Of SIPAS by the method of 2021 one year is published by then: it is asked, and too little is known.
    assert row["indicator"] == {"sipas": "sipas", "provincial": "surveyed_provincial"}[instrument]
    assert row["note"] == note


def test_sipas_of_the_year_judges_once_it_is_published() -> None:
    # 84.40 in 2021, published on 25 May 2022.
    row = _row(_facts(as_of=date(2022, 6, 1)), instrument="sipas")
    assert (row["verdict"], row["observed_to_date"]) == ("met", pytest.approx(0.844))
