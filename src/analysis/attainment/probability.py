"""Every promise of a plan at the end of a quarter: the probability that it will be kept, and what that rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.attainment import dated, index, shares, surveys
from analysis.attainment.evidence import Evidence
from analysis.attainment.items import GAP_COLUMNS, PACE_COLUMNS
from analysis.attainment.situation import Judgement, Situation
from analysis.attainment.verdict import as_table
from analysis.attainment.year_end import RUN_RATE_COLUMNS
from analysis.forecast.rest_of_year import Forecast
from analysis.indicators.item_progress import CURVE
from analysis.plan.plan import Plan

JUDGES: dict[str, Callable[[Any, Situation], Judgement]] = {
    "share": shares.judge,
    "mean": shares.judge,
    "survey": surveys.judge,
    "inventory": dated.judge,
    "milestones": dated.judge,
    "index": index.judge,
}
"""Kind of promise → what judges it."""

BASELINE_COLUMNS = ["target", "part", "baseline", "point", "raw", "dressed", "chosen", "errors", "error"]
MISSING_COLUMNS = ["target", *GAP_COLUMNS]
CURVE_COLUMNS = ["target", "part", *CURVE]


@dataclass(frozen=True, eq=False)
class Attainment:
    """How every promise of a plan stands at the end of a quarter.

    Attributes
    ----------
    promises : pd.DataFrame
        Columns `verdict.COLUMNS`: a row per target, `part` empty, then a row per part of the targets that have
        several. Shares 0–1, counts in cases, items or persons; `note` is the code of the reason a promise is not
        estimated.
    baselines : pd.DataFrame
        `target, part, baseline, point` (year-end share), `raw` (does the point meet the rule), `dressed`
        (probability), `chosen`, `errors` (past errors behind it), `error` (their mean size, share units).
    run_rate : pd.DataFrame
        See `year_end.run_rate`.
    watched : pd.DataFrame
        See `shares.watched`.
    items_pace, items_missing : pd.DataFrame
        See `items.items_pace`; `target` and the columns of `items.gap_holders`.
    items_curve : pd.DataFrame
        `target`, and the columns of `item_progress.curve`: items planned and done by each day of the year on which
        either steps; `part` is empty, and ``headcount`` for the persons allowed and counted along a path.
    """

    promises: pd.DataFrame
    baselines: pd.DataFrame
    run_rate: pd.DataFrame
    items_pace: pd.DataFrame
    items_missing: pd.DataFrame
    items_curve: pd.DataFrame
    watched: pd.DataFrame


def attainment(
    plan: Plan,
    quarter: pd.Period,
    indicators: pd.DataFrame,
    forecast: Forecast,
    evidence: Evidence,
    *,
    draw_count: int,
    seed: int,
    uncounted: Mapping[str, str] | None = None,
) -> Attainment:
    """Return the attainment of every promise, those on shares and means judged jointly on the same draws.

    Parameters
    ----------
    plan : Plan
        The promises, those on each member of a list written out (`Plan.over`).
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`.
    forecast : Forecast
        Draws of the rest of the year.
    evidence : Evidence
        What is known beside the counts.
    draw_count, seed : int
        Of the run, for promises that no path of cases judges.
    uncounted : mapping, optional
        Indicator → code of why the input cannot give its counts.
    """
    at = Situation(plan, quarter, indicators, forecast, draw_count, seed, evidence, uncounted=uncounted or {})
    judged = [JUDGES[target.kind](target, at) for target in plan.promises]
    return Attainment(
        promises=as_table([one.row for one in judged] + [row for one in judged for row in one.parts]),
        baselines=_joined([frame for one in judged for frame in one.baselines], BASELINE_COLUMNS),
        run_rate=_joined([frame for one in judged for frame in one.run_rate], RUN_RATE_COLUMNS),
        items_pace=_joined([frame for one in judged for frame in one.pace], PACE_COLUMNS),
        items_missing=_joined([frame for one in judged for frame in one.missing], MISSING_COLUMNS),
        items_curve=_joined([frame for one in judged for frame in one.curves], CURVE_COLUMNS),
        watched=_joined([frame for one in judged for frame in one.watched], shares.WATCHED_COLUMNS),
    )


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
