"""A promise judged by a survey of the year: the bridge from ratings, and the last round carried on beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.situation import Judgement, Situation
from analysis.attainment.survey_bridge import last_round_carried_on, rounds_of, survey_year
from analysis.attainment.verdict import AttainmentDraws, blank_row, combined, spread, verdict
from analysis.attainment.year_end import year_end
from analysis.forecast.shocks import stream
from analysis.indicators.satisfaction import SURVEYED, rated_by_year
from analysis.plan.instruments import IndicatorInstrument, SurveyInstrument
from analysis.plan.promises import Part, SurveyPromise
from analysis.plan.record import TOTAL
from analysis.rules import meets


def judge(target: SurveyPromise, at: Situation) -> Judgement:
    """Return a promise that a survey judges.

    Parameters
    ----------
    target : SurveyPromise
        The promise; on each of several fields, they are its parts.
    at : Situation
        What is known.
    """
    fields = target.fields
    if not fields:
        return Judgement(_row(target, "", None, at)[0])
    judged = [_row(target, one, one, at) for one in fields]
    kept = combined([draws for _, draws in judged], "all_of")
    row = blank_row(target.id, "", at.quarter) | {"indicator": judged[0][0]["indicator"], "rule": "all_of"}
    row |= {"probability": kept.probability, "verdict": kept.verdict, "note": kept.note}
    return Judgement(row, [part for part, _ in judged])


def _row(target: SurveyPromise, part: str, field: str | None, at: Situation) -> tuple[dict[str, Any], AttainmentDraws]:
    """Return a survey target, or its part of one field, as a row of the table of promises, and its draws.

    `numerator` is missing and `denominator` the respondents of the year's round, where it is known: its share is
    weighted. Not estimated once the survey is called off, or without enough earlier rounds.
    """
    plan, instrument = at.plan, at.plan.instruments[target.instrument]
    assert not isinstance(instrument, IndicatorInstrument)  # such a promise is one on shares, see `Plan.promise`
    if isinstance(instrument, SurveyInstrument):
        indicator, series, method = f"{SURVEYED}{instrument.instrument}", field or TOTAL, None
    else:
        indicator, series, method = instrument.index, plan.area or TOTAL, instrument.method
    row = blank_row(target.id, part, at.quarter) | {
        "indicator": indicator,
        "rule": target.rule,
        "threshold": target.threshold,
    }

    def unknown(note: str) -> tuple[dict[str, Any], AttainmentDraws]:
        return row | {"note": note}, AttainmentDraws(np.empty(0, dtype=bool), decided=False, note=note)

    closed = periods.last_day(at.quarter, plan.calendar.cutoff_day)
    cancelled = instrument.cancelled if isinstance(instrument, SurveyInstrument) else None
    if cancelled and pd.Timestamp(cancelled.on).date() <= closed:
        return unknown("survey_cancelled")
    if field and not isinstance(instrument, SurveyInstrument):
        return unknown("no_survey_round")
    origin, last = plan.origin(at.quarter), plan.last_period
    rated = at.indicators[
        at.indicators["indicator"].eq(target.proxy) & at.indicators["period"].le(periods.write(origin))
    ]
    surveys = at.evidence.surveys
    wanted = "field" if field else TOTAL
    surveys = surveys[surveys["dimension"].isin([wanted, "area"])] if "dimension" in surveys else surveys
    rounds = rounds_of(surveys, rated_by_year(rated), indicator=indicator, series=series, method=method)
    rounds = rounds[rounds["period"].astype(int) <= at.evidence.last_round]
    if rounds.empty:
        return unknown("no_survey_round")
    draws = np.empty(0)
    if target.proxy:
        whole = Part(indicator=target.proxy, rule=target.rule, threshold=0.0)
        draws = year_end(at.indicators, at.forecast.draws, whole, origin=origin, last=last).values
    asked: dict[str, Any] = {
        "year": plan.year,
        "draw_count": at.draw_count,
        "planned_respondents": target.planned_respondents,
    }
    keys = (target.id, field) if field else (target.id,)
    year = survey_year(rounds, draws, rng=stream(at.seed, "survey", *keys), **asked)
    probability = year.probability(target.rule, target.threshold)
    simple = last_round_carried_on(rounds, rng=stream(at.seed, "last round", *keys), **asked)
    own = rounds[rounds["period"] == str(plan.year)]
    told = {
        "denominator": own["respondents"].iloc[0] if len(own) else float("nan"),
        "observed_to_date": float(own["value"].iloc[0]) if len(own) else float("nan"),
        "probability": probability,
        "baseline_probability": probability if year.decided else simple.probability(target.rule, target.threshold),
        "verdict": verdict(probability, decided=year.decided),
        "note": year.note,
    }
    met = meets(year.values, target.rule, target.threshold)
    return row | spread(year.values) | told, AttainmentDraws(met, decided=year.decided, note=year.note)
