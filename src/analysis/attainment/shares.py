"""Promises on shares and means: each part on the joint draws, beside the baselines, and parts joined by any or all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.situation import CountedSituation, Judgement
from analysis.attainment.verdict import (
    AttainmentDraws,
    blank_row,
    combined,
    not_estimated,
    probability_of,
    spread,
)
from analysis.attainment.year_end import YearEnd, run_rate, series_of, year_end
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import chosen_baseline, dressed_quantiles, mean_absolute_errors, past_errors
from analysis.forecast.origin_state import OriginState, baseline_origin_state, past_years, window_of
from analysis.forecast.panel import SeriesPanel
from analysis.forecast.rest_of_year import indicator_panel, peers_of, series_labels
from analysis.forecast.shocks import stream
from analysis.periods import write
from analysis.plan.indicators import Mean
from analysis.plan.plan import Plan
from analysis.plan.promises import Measured, Part, Relative, StatedValue
from analysis.rules import Rule, meets


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


class SimpleForecasts:
    """What simple forecasts say of promises, with errors learnt from earlier years of the series' peers.

    A promise may have a part for each body: what its series have in common is worked out once for each indicator.

    Parameters
    ----------
    at : CountedSituation
        What is known.
    """

    def __init__(self, at: CountedSituation) -> None:
        self._at = at
        self._found: dict[tuple[str, pd.Period, pd.Period], _OfIndicator | None] = {}

    def of(self, part: Part, threshold: float, *, origin: pd.Period, last: pd.Period) -> PartBaselines:
        """Return the baselines of a part at an origin.

        Parameters
        ----------
        part : Part
            The share and its rule.
        threshold : float
            Share 0–1 promised.
        origin, last : pd.Period
            Last period known, and last period of the plan's year.

        Returns
        -------
        PartBaselines
            Empty when the year is over or the series has no forecast: there is nothing to compare then.
        """
        nothing = PartBaselines(pd.DataFrame(), float("nan"))
        here = self._at.counted.of(part)
        here = here[here["period"] == write(origin)]
        if origin >= last or here.empty:
            return nothing
        key = (part.indicator, origin, last)
        if key not in self._found:
            self._found[key] = self._of_indicator(*key)
        found = self._found[key]
        if found is None or (label := str(found.labels[here.index[0]])) not in found.now.series:
            return nothing
        row = found.now.series.index(label)
        quantiles = {name: found.quantiles[name][row] for name in BASELINES}
        table = found.errors.assign(
            point=[found.now.points[name][row] for name in BASELINES],
            dressed=[_probability(quantiles[name], part.rule, threshold) for name in BASELINES],
            chosen=[name == found.chosen for name in BASELINES],
        )
        table["raw"] = meets(table["point"].to_numpy(), part.rule, threshold)
        table = table[np.isfinite(table["point"])].reset_index(drop=True)
        probability = _probability(quantiles[found.chosen], part.rule, threshold) if found.chosen else float("nan")
        return PartBaselines(table, probability)

    def _of_indicator(self, indicator: str, origin: pd.Period, last: pd.Period) -> _OfIndicator | None:
        plan, known = self._at.plan, self._at.indicators
        rows = known[(known["indicator"] == indicator) & (known["period"] <= write(origin))]
        panel = indicator_panel(rows, indicator)
        window = window_of(panel, last.year)
        if window is None:
            return None
        now = baseline_origin_state(window, last.year)
        peers, breaks = peers_of(rows, plan.group_series), plan.break_periods.get(indicator, ())
        past = past_years(panel, last.year, now.series, partial(_stood, panel), peers=peers, breaks=breaks)
        return _OfIndicator(
            labels=series_labels(rows),
            now=now,
            errors=mean_absolute_errors(past, BASELINES).rename(columns={"name": "baseline"}),
            quantiles={name: dressed_quantiles(now, name, past_errors(past, name)) for name in BASELINES},
            chosen=chosen_baseline(past),
        )


@dataclass(frozen=True, eq=False)
class _OfIndicator:
    """Simple forecasts of all series of an indicator, and how far off they were in earlier years."""

    labels: pd.Series
    now: OriginState
    errors: pd.DataFrame
    quantiles: Mapping[str, np.ndarray]
    chosen: str | None


def _stood(panel: SeriesPanel, origin: pd.Period, year: int) -> OriginState | None:
    window = window_of(panel.until(origin), year)
    return None if window is None else baseline_origin_state(window, year)


def _probability(quantiles: np.ndarray, rule: Rule, threshold: float) -> float:
    if np.isnan(quantiles).any():
        return float("nan")
    return probability_of(meets(quantiles, rule, threshold), decided=False)


@dataclass(frozen=True, eq=False)
class JudgedPart:
    """A part with its year-end values and what the baselines say of it.

    Attributes
    ----------
    part : Part
        The part.
    name : str
        Its name in tables; empty where it is the only one.
    share : YearEnd
        Counts so far and draws of the year's end.
    threshold : float
        What is promised, as a number; missing where an earlier year it is relative to is not known.
    thresholds : np.ndarray, shape (draws,) or (1,)
        The same in each draw: an earlier year's value may be uncertain itself.
    baselines : PartBaselines
        What simple forecasts say.
    uncounted : str
        Code of why the input cannot give its counts; empty where it can.
    ends_early : bool
        Whether it lacks the last period known of others.
    """

    part: Part
    name: str
    share: YearEnd
    threshold: float
    thresholds: np.ndarray
    baselines: PartBaselines
    uncounted: str = ""
    ends_early: bool = False

    @property
    def kept(self) -> AttainmentDraws:
        """Whether the part is kept, per draw."""
        if not len(self.share.values):
            if not self.share.denominator:
                return not_estimated(self.uncounted or "no_counts")
            return not_estimated("last_period_missing" if self.ends_early else "not_enough_history")
        if np.isnan(self.threshold):
            return not_estimated("baseline_incomplete")
        met = meets(self.share.values, self.part.rule, self.thresholds)
        if self.part.at_most is not None:
            met = met | (self.share.numerators <= self.part.at_most)
        return AttainmentDraws(met, decided=self.share.decided and len(np.atleast_1d(met)) == 1)

    def row(self, target: str, part: str, quarter: pd.Period) -> dict[str, Any]:
        """Return the part as a row of the table of promises, `verdict.COLUMNS`.

        Parameters
        ----------
        target, part : str
            Ids of the target and, where it has several parts, of this one; else empty.
        quarter : pd.Period
            The quarter reported.
        """
        kept = self.kept
        baseline = kept.probability if kept.decided else self.baselines.probability
        return (
            blank_row(target, part, quarter)
            | spread(self.share.values)
            | {
                "indicator": self.part.indicator,
                "rule": self.part.rule,
                "threshold": self.threshold,
                "numerator": self.share.numerator,
                "denominator": self.share.denominator,
                "observed_to_date": self.share.observed_to_date,
                "probability": kept.probability,
                "baseline_probability": baseline if len(kept.met) else float("nan"),
                "verdict": kept.verdict,
                "note": kept.note,
            }
        )


def judge(target: Measured, at: CountedSituation) -> Judgement:
    """Return a promise on shares or means, judged.

    Parameters
    ----------
    target : Measured
        The promise, written out as parts.
    at : Situation
        What is known.
    """
    simple = SimpleForecasts(at)
    judged = [judged_part(part, name, target.id, at, simple) for part, name in target.judged]
    return Judgement(
        row=target_row(target, judged, at.quarter),
        parts=[one.row(target.id, one.name, at.quarter) for one in judged if one.name],
        baselines=[one.baselines.table.assign(target=target.id, part=one.name) for one in judged],
        run_rate=[rate(at.plan, target.id, one, at.quarter, at.counted.of(one.part)) for one in judged],
        watched=[watched(target, at)] if target.watch else [],
    )


WATCHED_COLUMNS = ["target", "dimension", "series", "numerator", "denominator", "value", "line"]


def watched(target: Measured, at: CountedSituation) -> pd.DataFrame:
    """Return the series on the wrong side of the line a promise watches, in the quarter reported, the worst first.

    Parameters
    ----------
    target : Measured
        The promise; its first indicator is looked at.
    at : CountedSituation
        What is known.

    Returns
    -------
    pd.DataFrame
        Columns `WATCHED_COLUMNS`: counts and value of the quarter, and the line. Without rows where none is.
    """
    watch = target.watch
    assert watch is not None
    line = watch.below if watch.below is not None else watch.above
    rows = at.indicators[at.indicators["indicator"] == target.indicators[0]]
    rows = rows[rows["period"].isin(periods.labels_of(at.quarter, at.plan.calendar.frequency))]
    groups = at.plan.groups.get(watch.of, {})
    rows = rows[(rows["dimension"] == watch.of) & ~rows["series"].isin(groups)]
    if watch.within:
        rows = rows[rows["series"].isin(groups[watch.within].members)]
    sums = rows.groupby("series")[["numerator", "denominator", "total"]].sum(min_count=1).astype(float)
    value = sums["total"].fillna(sums["numerator"]) / sums["denominator"].where(sums["denominator"] > 0)
    found = sums.assign(value=value, line=line, dimension=watch.of, target=target.id)
    wrong = value < line if watch.below is not None else value > line
    found = found[wrong].sort_values("value", ascending=watch.below is not None).reset_index()
    return found[WATCHED_COLUMNS].astype({"numerator": "Int64", "denominator": "int64"})


def judged_part(part: Part, name: str, target: str, at: CountedSituation, simple: SimpleForecasts | None) -> JudgedPart:
    """Return one part of a promise, judged at the end of a quarter.

    Parameters
    ----------
    part : Part
        The part.
    name, target : str
        Its name in tables, and the id of its promise.
    at : Situation
        What is known.
    simple : SimpleForecasts or None
        The simple forecasts beside it; None leaves them out, which take most of the time.
    """
    origin, last = known_and_last(part, at)
    share = year_end(at.counted.of(part), at.drawn.of(part), part, origin=origin, last=last)
    central, thresholds = _thresholds(part, target, at)
    # What the simple rules were wrong by in earlier years is known of whole years only.
    comparable = part.window == "year" and part.until is None and not np.isnan(central)
    baselines = PartBaselines(pd.DataFrame(), float("nan"))
    if comparable and simple is not None:
        baselines = simple.of(part, central, origin=origin, last=last)
    why = at.uncounted.get(part.indicator, "")
    return JudgedPart(part, name, share, central, thresholds, baselines, why, _ends_early(part, at, origin))


def _ends_early(part: Part, at: CountedSituation, origin: pd.Period) -> bool:
    """Return whether a part's series lacks the last period known of its indicator: it cannot be forecast from there."""
    mine = at.counted.of(part)
    return bool(len(mine)) and mine["period"].max() < periods.write(origin)


def known_and_last(part: Part, at: CountedSituation) -> tuple[pd.Period, pd.Period]:
    """Return the last period known of a part's indicator, and the last that counts.

    Parameters
    ----------
    part : Part
        The part.
    at : CountedSituation
        What is known.
    """
    last = at.plan.last_period if part.until is None else at.plan.last_whole_period(part.until)
    return at.plan.known_through(at.quarter, at.counted_periods.get(part.indicator, ())), last


def _thresholds(part: Part, target: str, at: CountedSituation) -> tuple[float, np.ndarray]:
    """Return what is promised as a number, and in each draw."""
    wanted = part.threshold
    if not isinstance(wanted, Relative):
        return float(wanted), np.array([float(wanted)])
    if isinstance(wanted.of, StatedValue):
        central = wanted.of.value * wanted.times
        if not wanted.of.standard_error:
            return central, np.array([central])
        noise = stream(at.seed, "stated value", target, part.id).standard_normal(at.draw_count)
        return central, (wanted.of.value + wanted.of.standard_error * noise) * wanted.times
    year = at.plan.year - 1 if wanted.of == "previous" else wanted.of
    value = value_of_year(at.counted.of(part), part, at.plan, year)
    return value * wanted.times, np.array([value * wanted.times])


def value_of_year(indicators: pd.DataFrame, part: Part, plan: Plan, year: int) -> float:
    """Return the value of a part's series in an earlier year; missing unless all of its periods are known.

    Parameters
    ----------
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`.
    part : Part
        The series and its window.
    plan : Plan
        Says which periods are a year.
    year : int
        The year.
    """
    last = plan.last_period - (plan.year - year) * (12 if plan.calendar.frequency == "M" else 4)
    known = set(series_of(indicators, part)["period"])
    if not set(periods.labels_of_year(last)) <= known:
        return float("nan")
    return year_end(indicators, indicators.iloc[:0], part, origin=last, last=last).observed_to_date


def target_row(target: Measured, judged: list[JudgedPart], quarter: pd.Period) -> dict[str, Any]:
    """Return a promise as a row of the table of promises, `verdict.COLUMNS`.

    Parameters
    ----------
    target : Measured
        The promise.
    judged : list of JudgedPart
        Its parts, on the same draws.
    quarter : pd.Period
        The quarter reported.
    """
    if target.combine is None:
        return judged[0].row(target.id, "", quarter)
    if target.combine == "last":
        return judged[-1].row(target.id, "", quarter)
    indicators = list(dict.fromkeys(one.part.indicator for one in judged))
    row = blank_row(target.id, "", quarter) | {"indicator": "+".join(indicators), "rule": target.combine}
    kept = combined([one.kept for one in judged], target.combine)
    if not len(kept.met):
        return row | {"note": kept.note}
    # Baselines have no joint draws: the parts are taken to succeed together, the best case "all" allows and the
    # worst case of "any". The page names it.
    parts = [one.baselines.probability for one in judged if not one.kept.decided]
    together = float("nan")
    if parts and not np.isnan(parts).any():
        together = max(parts) if target.combine == "any_of" else min(parts)
    return row | {
        "probability": kept.probability,
        "baseline_probability": kept.probability if kept.decided else together,
        "verdict": kept.verdict,
    }


def rate(plan: Plan, target: str, judged: JudgedPart, quarter: pd.Period, indicators: pd.DataFrame) -> pd.DataFrame:
    """Return what the rest of the year must deliver for a part, beside the last quarter; see `year_end.run_rate`.

    Parameters
    ----------
    plan : Plan
        Its calendar says how many weeks are left.
    target : str
        Id of the promise.
    judged : JudgedPart
        The part.
    quarter : pd.Period
        The quarter reported.
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`; the last quarter's value is taken from it.
    """
    labels = periods.labels_of(quarter, plan.calendar.frequency)
    mine = series_of(indicators, judged.part)
    recent = mine[mine["period"].isin(labels)]
    cases = recent["denominator"].sum()
    above = recent["total"].sum() if "total" in recent and recent["total"].notna().any() else recent["numerator"].sum()
    return run_rate(
        target,
        judged.name,
        judged.share,
        rule=judged.part.rule,
        threshold=judged.threshold,
        highest=math.inf if isinstance(plan.indicators.get(judged.part.indicator), Mean) else 1.0,
        weeks_left=periods.weeks_left(quarter, plan.calendar.cutoff_day),
        current_share=float(above / cases) if cases else float("nan"),
    )
