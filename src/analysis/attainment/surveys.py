"""A promise judged by a survey of the year: the bridge from ratings, and the last round carried on beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.attainment.survey_bridge import last_round_carried_on, rounds_of, survey_year
from analysis.attainment.verdict import blank_row, spread, verdict
from analysis.attainment.year_end import year_end
from analysis.forecast.rest_of_year import Forecast
from analysis.forecast.shocks import stream
from analysis.indicators.satisfaction import SIPAS, SURVEYED, rated_by_year, sipas_method
from analysis.indicators.series import TOTAL
from analysis.interpretation import Interpretation
from analysis.plan import Plan
from analysis.promises import SurveyTarget


def survey_row(
    plan: Plan,
    target: SurveyTarget,
    quarter: pd.Period,
    indicators: pd.DataFrame,
    forecast: Forecast,
    evidence: Evidence,
    chosen: Interpretation,
    *,
    draw_count: int,
    seed: int,
) -> dict[str, Any]:
    """Return a survey target as a row of the table of promises.

    `numerator` is missing and `denominator` the respondents of the year's round, where it is known: its share is
    weighted. Not estimated once the survey is called off, or without enough earlier rounds.

    Parameters
    ----------
    plan, target, quarter
        The promise, and the quarter reported.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`, with the ratings named by the target's `proxy`.
    forecast : Forecast
        Draws of the rest of the year, those ratings included.
    evidence : Evidence
        Surveys known.
    chosen : Interpretation
        Says which survey judges.
    draw_count, seed
        Of the run.
    """
    indicator, series, method = f"{SURVEYED}provincial", TOTAL, None
    if chosen.instrument == "sipas":
        indicator, series, method = SIPAS, plan.area or TOTAL, sipas_method(plan.year)
    row = blank_row(target.id, "", quarter) | {
        "indicator": indicator,
        "rule": target.rule,
        "threshold": target.threshold,
    }
    closed = periods.last_day(quarter, plan.calendar.cutoff_day)
    if chosen.instrument == "provincial" and target.cancelled and target.cancelled.on <= closed:
        return row | {"note": "survey_cancelled"}
    origin, last = plan.origin(quarter), plan.last_period
    rated = indicators[indicators["indicator"].eq(target.proxy) & indicators["period"].le(periods.write(origin))]
    rounds = rounds_of(evidence.surveys, rated_by_year(rated), indicator=indicator, series=series, method=method)
    rounds = rounds[rounds["period"].astype(int) <= evidence.last_round]
    if rounds.empty:
        return row | {"note": "no_survey_round"}
    draws = np.empty(0)
    if target.proxy:
        draws = year_end(indicators, forecast.draws, target.proxy, TOTAL, origin=origin, last=last).values
    asked: dict[str, Any] = {
        "year": plan.year,
        "draw_count": draw_count,
        "planned_respondents": target.planned_respondents,
    }
    year = survey_year(rounds, draws, rng=stream(seed, "survey", target.id), **asked)
    probability = year.probability(target.rule, target.threshold)
    simple = last_round_carried_on(rounds, rng=stream(seed, "last round", target.id), **asked)
    own = rounds[rounds["period"] == str(plan.year)]
    return (
        row
        | spread(year.values)
        | {
            "denominator": own["respondents"].iloc[0] if len(own) else float("nan"),
            "observed_to_date": float(own["value"].iloc[0]) if len(own) else float("nan"),
            "probability": probability,
            "baseline_probability": probability if year.decided else simple.probability(target.rule, target.threshold),
            "verdict": verdict(probability, decided=year.decided),
            "note": year.note,
        }
    )
