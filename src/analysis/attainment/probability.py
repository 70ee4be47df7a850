"""The probability that each promise of a plan is kept, all from the same draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.baseline import PartBaselines, judged_baselines
from analysis.attainment.rules import combine, meets, probability_of, verdict
from analysis.attainment.run_rate import COLUMNS as RUN_RATE_COLUMNS
from analysis.attainment.run_rate import run_rate
from analysis.attainment.year_end import YearEnd, year_end
from analysis.forecast.rest_of_year import Forecast
from analysis.plan import Part, Plan, ShareTarget, SurveyTarget, Target

LEVEL = 0.8
"""Nominal level of the prediction intervals."""

COLUMNS = [
    "target", "part", "indicator", "quarter", "rule", "threshold", "numerator", "denominator", "observed_to_date",
    "expected", "lower", "upper", "level", "probability", "baseline_probability", "verdict", "note",
]  # fmt: skip
BASELINE_COLUMNS = ["target", "part", "baseline", "point", "raw", "dressed", "chosen", "errors", "error"]
NO_DATA = {"inventory": "no_progress_items", "milestones": "no_progress_items", "index": "no_published_index"}


@dataclass(frozen=True, eq=False)
class Attainment:
    """How every promise of a plan stands at the end of a quarter.

    Attributes
    ----------
    promises : pd.DataFrame
        Columns `COLUMNS`: a row per target, `part` empty, then a row per part of the share targets that have
        several. Shares 0–1; `note` is the code of the reason a promise is not estimated.
    baselines : pd.DataFrame
        `target, part, baseline, point` (year-end share), `raw` (does the point meet the rule), `dressed`
        (probability), `chosen`, `errors` (past errors behind it), `error` (their mean size, share units).
    run_rate : pd.DataFrame
        See `run_rate.run_rate`.
    """

    promises: pd.DataFrame
    baselines: pd.DataFrame
    run_rate: pd.DataFrame


def attainment(plan: Plan, quarter: pd.Period, indicators: pd.DataFrame, forecast: Forecast) -> Attainment:
    """Return the attainment of every promise, judged jointly on the same draws.

    Parameters
    ----------
    plan : Plan
        The promises.
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator, value`.
    forecast : Forecast
        Draws of the rest of the year.
    """
    rows, part_rows, baselines, rates = [], [], [], []
    for target in plan.targets:
        if not isinstance(target, ShareTarget):
            rows.append(_not_estimated(plan, target, quarter))
            continue
        judged = [_judge(plan, target, part, quarter, indicators, forecast) for part in target.parts]
        rows.append(_target_row(target, judged, quarter))
        if target.combine:
            part_rows += [one.row(target.id, one.part.id, quarter) for one in judged]
        for one in judged:
            name = one.part.id if target.combine else ""
            baselines.append(one.baselines.table.assign(target=target.id, part=name))
            rates.append(_rate(plan, target.id, name, one, quarter, indicators))
    return Attainment(
        promises=pd.DataFrame(rows + part_rows, columns=COLUMNS).astype({"numerator": "Int64", "denominator": "Int64"}),
        baselines=_joined(baselines, BASELINE_COLUMNS),
        run_rate=_joined(rates, RUN_RATE_COLUMNS),
    )


@dataclass(frozen=True, eq=False)
class _Judged:
    """A part with its year-end values and what the baselines say of it."""

    part: Part
    share: YearEnd
    baselines: PartBaselines

    @property
    def met(self) -> np.ndarray:
        return meets(self.share.values, self.part.rule, self.part.threshold)

    @property
    def note(self) -> str:
        if len(self.share.values):
            return ""
        return "not_enough_history" if self.share.denominator else "no_counts"

    def row(self, target: str, part: str, quarter: pd.Period) -> dict[str, object]:
        values = self.share.values
        probability, baseline = float("nan"), float("nan")
        expected = lower = upper = float("nan")
        if len(values):
            probability = probability_of(self.met, decided=self.share.decided)
            baseline = probability if self.share.decided else self.baselines.probability
            expected = float(np.mean(values))
            lower, upper = (float(q) for q in np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
        return _row(target, part, quarter) | {
            "indicator": self.part.indicator,
            "rule": self.part.rule,
            "threshold": self.part.threshold,
            "numerator": self.share.numerator,
            "denominator": self.share.denominator,
            "observed_to_date": self.share.observed_to_date,
            "expected": expected,
            "lower": lower,
            "upper": upper,
            "probability": probability,
            "baseline_probability": baseline,
            "verdict": verdict(probability, decided=self.share.decided),
            "note": self.note,
        }


def _judge(
    plan: Plan, target: ShareTarget, part: Part, quarter: pd.Period, indicators: pd.DataFrame, forecast: Forecast
) -> _Judged:
    origin, last = plan.origin(quarter), plan.last_period
    share = year_end(indicators, forecast.draws, part.indicator, part.series, origin=origin, last=last)
    return _Judged(part, share, judged_baselines(indicators, part, origin=origin, last=last))


def _target_row(target: ShareTarget, judged: list[_Judged], quarter: pd.Period) -> dict[str, object]:
    if target.combine is None:
        return judged[0].row(target.id, "", quarter)
    indicators = list(dict.fromkeys(one.part.indicator for one in judged))
    row = _row(target.id, "", quarter) | {
        "indicator": "+".join(indicators),
        "rule": target.combine,
    }
    missing = [one for one in judged if not len(one.share.values)]
    if missing:
        return row | {"verdict": "not_estimated", "note": missing[0].note}
    decided = all(one.share.decided for one in judged)
    met = combine([one.met for one in judged], target.combine)
    probability = probability_of(met, decided=decided)
    # Baselines have no joint draws: the parts are taken to succeed together, the best case "all" allows and the
    # worst case of "any". The page names it.
    parts = [one.baselines.probability for one in judged]
    together = max(parts) if target.combine == "any_of" else min(parts)
    return row | {
        "probability": probability,
        "baseline_probability": probability if decided else float("nan") if np.isnan(parts).any() else together,
        "verdict": verdict(probability, decided=decided),
    }


def _not_estimated(plan: Plan, target: Target, quarter: pd.Period) -> dict[str, object]:
    row = _row(target.id, "", quarter) | {"verdict": "not_estimated"}
    if isinstance(target, SurveyTarget):
        closed = periods.last_day(quarter, plan.calendar.cutoff_day)
        cancelled = target.cancelled is not None and target.cancelled.on <= closed
        note = "survey_cancelled" if cancelled else "no_survey_round"
        return row | {"rule": target.rule, "threshold": target.threshold, "note": note}
    return row | {"note": NO_DATA[target.kind]}


def _row(target: str, part: str, quarter: pd.Period) -> dict[str, object]:
    blank: dict[str, object] = dict.fromkeys(COLUMNS, float("nan"))
    text = {"target": target, "part": part, "indicator": "", "rule": "", "note": "", "verdict": ""}
    return blank | text | {"quarter": periods.write_quarter(quarter), "level": LEVEL}


def _rate(
    plan: Plan, target: str, name: str, judged: _Judged, quarter: pd.Period, indicators: pd.DataFrame
) -> pd.DataFrame:
    part = judged.part
    labels = periods.labels_of(quarter, plan.calendar.frequency)
    mine = (indicators["indicator"] == part.indicator) & (indicators["series"] == part.series)
    recent = indicators[mine & indicators["period"].isin(labels)]
    cases = recent["denominator"].sum()
    return run_rate(
        target,
        name,
        judged.share,
        threshold=part.threshold,
        weeks_left=periods.weeks_left(quarter, plan.calendar.cutoff_day),
        current_share=float(recent["numerator"].sum() / cases) if cases else float("nan"),
    )


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
