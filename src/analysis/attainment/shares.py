"""Targets on shares: each part on the joint draws, beside the baselines, and parts joined by any or all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.verdict import blank_row, combine, probability_of, spread, verdict
from analysis.attainment.year_end import YearEnd, run_rate, year_end
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import chosen_baseline, dressed_quantiles, mean_absolute_errors, past_errors
from analysis.forecast.origin_state import OriginState, baseline_origin_state, past_years, window_of
from analysis.forecast.panel import SeriesPanel
from analysis.forecast.rest_of_year import Forecast, indicator_panel
from analysis.interpretation import Interpretation
from analysis.periods import write
from analysis.plan import Plan
from analysis.promises import Part, ShareTarget
from analysis.rules import meets


@dataclass(frozen=True, eq=False)
class PartBaselines:
    """The five baselines of one part.

    Attributes
    ----------
    table : pd.DataFrame
        `baseline, point` (year-end share 0–1), `raw` (whether the point meets the rule), `dressed` (probability),
        `chosen` (lowest past error: chosen before the fact), `errors` (number behind the dressing), `error` (their
        mean absolute size, share units).
    probability : float
        The chosen one's dressed probability; missing when no earlier year could be scored.
    """

    table: pd.DataFrame
    probability: float


def judged_baselines(indicators: pd.DataFrame, part: Part, *, origin: pd.Period, last: pd.Period) -> PartBaselines:
    """Return the baselines of a part at an origin, with errors learnt from earlier years of all series.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`.
    part : Part
        The share, its rule and threshold.
    origin, last : pd.Period
        Last period known, and last period of the plan's year.

    Returns
    -------
    PartBaselines
        Empty when the year is over or the series has no forecast: there is nothing to compare then.
    """
    nothing = PartBaselines(pd.DataFrame(), float("nan"))
    rows = indicators[(indicators["indicator"] == part.indicator) & (indicators["period"] <= write(origin))]
    here = (rows["series"] == part.series) & (rows["period"] == write(origin))
    if origin == last or not here.any():
        return nothing
    panel = indicator_panel(rows, part.indicator)
    window = window_of(panel, last.year)
    if window is None or part.series not in window.series:
        return nothing
    now = baseline_origin_state(window, last.year)
    past = past_years(panel, last.year, now.series, partial(_stood, panel))
    row, chosen = now.series.index(part.series), chosen_baseline(past)
    errors = mean_absolute_errors(past, BASELINES).rename(columns={"name": "baseline"})
    quantiles = {name: dressed_quantiles(now, name, past_errors(past, name))[row] for name in BASELINES}
    table = errors.assign(
        point=[now.points[name][row] for name in BASELINES],
        dressed=[_probability(quantiles[name], part) for name in BASELINES],
        chosen=[name == chosen for name in BASELINES],
    )
    table["raw"] = meets(table["point"].to_numpy(), part.rule, part.threshold)
    table = table[np.isfinite(table["point"])].reset_index(drop=True)
    return PartBaselines(table, _probability(quantiles[chosen], part) if chosen else float("nan"))


def _stood(panel: SeriesPanel, origin: pd.Period, year: int) -> OriginState | None:
    window = window_of(panel.until(origin), year)
    return None if window is None else baseline_origin_state(window, year)


def _probability(quantiles: np.ndarray, part: Part) -> float:
    if np.isnan(quantiles).any():
        return float("nan")
    return probability_of(meets(quantiles, part.rule, part.threshold), decided=False)


@dataclass(frozen=True, eq=False)
class JudgedPart:
    """A part with its year-end values and what the baselines say of it."""

    part: Part
    share: YearEnd
    baselines: PartBaselines

    @property
    def met(self) -> np.ndarray:
        """Whether the part is kept, per draw."""
        return meets(self.share.values, self.part.rule, self.part.threshold)

    @property
    def note(self) -> str:
        """Code of the reason the part is not estimated; empty otherwise."""
        if len(self.share.values):
            return ""
        return "not_enough_history" if self.share.denominator else "no_counts"

    def row(self, target: str, part: str, quarter: pd.Period) -> dict[str, Any]:
        """Return the part as a row of the table of promises, `verdict.COLUMNS`.

        Parameters
        ----------
        target, part : str
            Ids of the target and, where it has several parts, of this one; else empty.
        quarter : pd.Period
            The quarter reported.
        """
        probability, baseline = float("nan"), float("nan")
        if len(self.share.values):
            probability = probability_of(self.met, decided=self.share.decided)
            baseline = probability if self.share.decided else self.baselines.probability
        return (
            blank_row(target, part, quarter)
            | spread(self.share.values)
            | {
                "indicator": self.part.indicator,
                "rule": self.part.rule,
                "threshold": self.part.threshold,
                "numerator": self.share.numerator,
                "denominator": self.share.denominator,
                "observed_to_date": self.share.observed_to_date,
                "probability": probability,
                "baseline_probability": baseline,
                "verdict": verdict(probability, decided=self.share.decided),
                "note": self.note,
            }
        )


def judged_part(
    plan: Plan, part: Part, quarter: pd.Period, indicators: pd.DataFrame, forecast: Forecast, chosen: Interpretation
) -> JudgedPart:
    """Return one part of a share target, judged at the end of a quarter.

    Parameters
    ----------
    plan, part
        The promise.
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`.
    forecast : Forecast
        Draws of the rest of the year.
    chosen : Interpretation
        Says which part of the year is judged.
    """
    counted = indicators.loc[indicators["indicator"] == part.indicator, "period"]
    origin, last = plan.known_through(quarter, counted.unique()), plan.last_period
    window = chosen.year_window
    share = year_end(indicators, forecast.draws, part.indicator, part.series, origin=origin, last=last, window=window)
    # What the simple rules were wrong by in earlier years is known of whole years only.
    whole_year = window == "year_to_date"
    nothing = PartBaselines(pd.DataFrame(), float("nan"))
    return JudgedPart(
        part, share, judged_baselines(indicators, part, origin=origin, last=last) if whole_year else nothing
    )


def target_row(target: ShareTarget, judged: list[JudgedPart], quarter: pd.Period) -> dict[str, Any]:
    """Return a share target as a row of the table of promises, `verdict.COLUMNS`.

    Parameters
    ----------
    target : ShareTarget
        The target.
    judged : list of JudgedPart
        Its parts, on the same draws.
    quarter : pd.Period
        The quarter reported.
    """
    if target.combine is None:
        return judged[0].row(target.id, "", quarter)
    indicators = list(dict.fromkeys(one.part.indicator for one in judged))
    row = blank_row(target.id, "", quarter) | {"indicator": "+".join(indicators), "rule": target.combine}
    missing = [one for one in judged if not len(one.share.values)]
    if missing:
        return row | {"note": missing[0].note}
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


def rate(
    plan: Plan, target: str, name: str, judged: JudgedPart, quarter: pd.Period, indicators: pd.DataFrame
) -> pd.DataFrame:
    """Return what the rest of the year must deliver for a part, beside the last quarter; see `year_end.run_rate`.

    Parameters
    ----------
    plan : Plan
        Its calendar says how many weeks are left.
    target, name : str
        Ids of the target and of the part.
    judged : JudgedPart
        The part.
    quarter : pd.Period
        The quarter reported.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`; the last quarter's share is taken from it.
    """
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
