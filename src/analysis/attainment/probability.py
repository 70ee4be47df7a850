"""Every promise of a plan at the end of a quarter: the probability that it will be kept, and what that rests on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.attainment.dated import dated_promise
from analysis.attainment.evidence import Evidence
from analysis.attainment.index_tier import index_row
from analysis.attainment.items import GAP_COLUMNS, PACE_COLUMNS
from analysis.attainment.shares import judged_part, rate, target_row
from analysis.attainment.surveys import survey_row
from analysis.attainment.verdict import as_table
from analysis.attainment.year_end import RUN_RATE_COLUMNS
from analysis.forecast.rest_of_year import Forecast
from analysis.interpretation import Interpretation
from analysis.plan import Plan
from analysis.promises import IndexTarget, ItemsTarget, ShareTarget, SurveyTarget

BASELINE_COLUMNS = ["target", "part", "baseline", "point", "raw", "dressed", "chosen", "errors", "error"]
MISSING_COLUMNS = ["target", *GAP_COLUMNS]


@dataclass(frozen=True, eq=False)
class Attainment:
    """How every promise of a plan stands at the end of a quarter.

    Attributes
    ----------
    promises : pd.DataFrame
        Columns `promise_rows.COLUMNS`: a row per target, `part` empty, then a row per part of the targets that have
        several. Shares 0–1, counts in cases, items or persons; `note` is the code of the reason a promise is not
        estimated.
    baselines : pd.DataFrame
        `target, part, baseline, point` (year-end share), `raw` (does the point meet the rule), `dressed`
        (probability), `chosen`, `errors` (past errors behind it), `error` (their mean size, share units).
    run_rate : pd.DataFrame
        See `run_rate.run_rate`.
    items_pace, items_missing : pd.DataFrame
        See `dated.DatedPromise`.
    """

    promises: pd.DataFrame
    baselines: pd.DataFrame
    run_rate: pd.DataFrame
    items_pace: pd.DataFrame
    items_missing: pd.DataFrame


def attainment(
    plan: Plan,
    quarter: pd.Period,
    indicators: pd.DataFrame,
    forecast: Forecast,
    evidence: Evidence,
    chosen: Interpretation,
    *,
    draw_count: int,
    seed: int,
) -> Attainment:
    """Return the attainment of every promise, the shares judged jointly on the same draws.

    Parameters
    ----------
    plan : Plan
        The promises, those on each member of a list written out (`Plan.over`).
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator, value`.
    forecast : Forecast
        Draws of the rest of the year.
    evidence : Evidence
        What is known beside the counts.
    chosen : Interpretation
        How the plan is read.
    draw_count, seed : int
        Of the run, for promises that no path of cases judges.
    """
    rows, part_rows, baselines, rates, paces, missing = [], [], [], [], [], []
    for target in plan.targets:
        if isinstance(target, ShareTarget):
            judged = [judged_part(plan, part, quarter, indicators, forecast, chosen) for part in target.parts]
            rows.append(target_row(target, judged, quarter))
            for one in judged:
                name = one.part.id if target.combine else ""
                if name:
                    part_rows.append(one.row(target.id, name, quarter))
                baselines.append(one.baselines.table.assign(target=target.id, part=name))
                rates.append(rate(plan, target.id, name, one, quarter, indicators))
        elif isinstance(target, SurveyTarget):
            rows.append(
                survey_row(
                    plan, target, quarter, indicators, forecast, evidence, chosen, draw_count=draw_count, seed=seed
                )
            )
        elif isinstance(target, ItemsTarget):
            dated = dated_promise(plan, target, quarter, evidence, draw_count=draw_count, seed=seed)
            rows.append(dated.row)
            part_rows += dated.parts
            paces.append(dated.pace)
            missing.append(dated.missing)
        elif isinstance(target, IndexTarget):
            rows.append(index_row(plan, target, quarter, evidence, draw_count=draw_count, seed=seed))
    return Attainment(
        promises=as_table(rows + part_rows),
        baselines=_joined(baselines, BASELINE_COLUMNS),
        run_rate=_joined(rates, RUN_RATE_COLUMNS),
        items_pace=_joined(paces, PACE_COLUMNS),
        items_missing=_joined(missing, MISSING_COLUMNS),
    )


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
