"""The figures of one area of a published index, laid out period by period to the end of the plan's year.

Shared by promises on the score and on the rank: which figures are comparable, which periods make the year's value, what
is too little to go on, and the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from analysis.attainment.verdict import AttainmentDraws, decided_by_arithmetic, not_estimated
from analysis.data.published import period_of
from analysis.indicators.index_scores import FREQUENCIES
from analysis.periods import weeks_of_year, write_week
from analysis.rules import Rule, meets

MINIMUM_FIGURES = {"Y": 3, "Q": 4, "M": 6, "W": 12}
"""Published figures that an area must have: of years as few as for a tier, because there are no more; of shorter
periods so many that it shows whether a change lasts or was noise, on which all periods to come depend."""
LONGEST_WAIT = {"Y": 2, "Q": 1, "M": 1, "W": 1}
"""Years from the last figure's to the plan's: of a yearly index two as long as last year's is not out."""
LONGEST_HISTORY = 156
"""Periods of the history that are looked at: three years of weeks."""
PERIODS_A_YEAR = {"Y": 1, "Q": 4, "M": 12, "W": 52}

YearValue = Literal["last", "mean"]
"""How an index of shorter periods makes a year's value: that of the last period, or the mean of all."""


@dataclass(frozen=True)
class PreviousYear:
    """A threshold relative to the value of the year before.

    Attributes
    ----------
    times : float
        Factor on the value of the year before.
    """

    times: float = 1.0


@dataclass(frozen=True, eq=False)
class IndexYearEnd:
    """A promise on the score or the rank of an index for the plan's year.

    Attributes
    ----------
    frequency : {"W", "M", "Q", "Y"} or None
        Length of the periods it was judged by.
    last_period : str or None
        Last period of the area with a figure, as published figures write it.
    last_score, last_rank : float, int or None
        Points and place then; missing and None where they were not published.
    figures : int
        Scores (or ranks) of the area that are comparable with the last one and entered.
    values : np.ndarray, shape (draws,)
        The year's score (points) or rank; a single one once it is published; empty when not estimated.
    previous : np.ndarray, shape (draws,)
        The same of the year before, along the same paths; empty unless the threshold is relative to it.
    kept : AttainmentDraws
        Whether the promise is.
    baseline_probability : float
        Probability (0–1) by the last published figure carried on, with the errors this made so far; missing where it
        could be tried fewer than twice.
    """

    frequency: str | None
    last_period: str | None
    last_score: float
    last_rank: int | None
    figures: int
    values: np.ndarray
    previous: np.ndarray
    kept: AttainmentDraws
    baseline_probability: float


@dataclass(frozen=True, eq=False)
class IndexSeries:
    """The last comparable figures of an area, period by period up to the end of the plan's year.

    Attributes
    ----------
    frequency : {"W", "M", "Q", "Y"}
        Length of the periods.
    method : str or missing
        What the figures share with those of other areas that they may be compared with.
    periods : pd.PeriodIndex, length T
        From the first figure, or the first period that is asked for, to the last period of the plan's year.
    scores, ranks, rank_of : np.ndarray, shape (T,)
        Points, places and areas ranked; NaN where not published.
    now, before : np.ndarray of int
        Rows that make the value of the plan's year, and of the year before where it is asked for; none where a break
        parts them from the last figure.
    """

    frequency: str
    method: object
    periods: pd.PeriodIndex
    scores: np.ndarray
    ranks: np.ndarray
    rank_of: np.ndarray
    now: np.ndarray
    before: np.ndarray


@dataclass(frozen=True, eq=False)
class YearValues:
    """Values of the plan's year and of the year before, shape (draws,); a single value is known.

    Attributes
    ----------
    now, before : np.ndarray
        Points or ranks; `before` is empty unless it is asked for.
    """

    now: np.ndarray
    before: np.ndarray


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a series says of the year.

    Attributes
    ----------
    values, baseline : YearValues or None
        By the model, and by the last figure carried on; None where there is none.
    note : str
        Code of the reason why there are no values; empty otherwise.
    """

    values: YearValues | None = None
    baseline: YearValues | None = None
    note: str = ""


def refuse_unknown(known: pd.DataFrame, as_of: date, scale: tuple[float, float]) -> None:
    """Refuse figures that were not known on a day, or that cannot be.

    Parameters
    ----------
    known : pd.DataFrame
        See `indicators.index_scores.history`.
    as_of : date
        Day up to which figures are known.
    scale : tuple of float
        Lowest and highest score there can be, in points.

    Raises
    ------
    ValueError
        A figure was published after the day, or a score is outside the scale.
    """
    if (pd.to_datetime(known["published_on"]) > pd.Timestamp(as_of)).any():
        raise ValueError(f"figures published after {as_of} are not known on it")
    scores = known["score"].dropna()
    if not scores.between(*scale).all():
        raise ValueError(f"the score {scores[~scores.between(*scale)].iloc[0]} is outside the scale {scale}")


def _periods_of_year(frequency: str, year: int, year_end: date) -> pd.PeriodIndex:
    if frequency == "W":
        return weeks_of_year(year_end)
    return pd.period_range(*(pd.Period(f"{year}-{month}", "M").asfreq(frequency) for month in (1, 12)))


def series_of(
    known: pd.DataFrame, area: str, year: int, year_end: date, year_value: YearValue, *, relative: bool
) -> list[IndexSeries]:
    """Return the series of an area by length of period, the finest first.

    Parameters
    ----------
    known : pd.DataFrame
        See `indicators.index_scores.history`.
    area : str
        Code of the area.
    year : int
        The plan's year.
    year_end : date
        Its last day.
    year_value : {"last", "mean"}
        How shorter periods make a year's value.
    relative : bool
        Whether the year before is asked for.
    """
    mine = known[known["area"] == area]
    previous_end = (pd.Timestamp(year_end) - pd.DateOffset(years=1)).date()
    found = []
    for frequency in FREQUENCIES:
        needed = _periods_of_year(frequency, year, year_end)
        before = _periods_of_year(frequency, year - 1, previous_end)
        if year_value == "last":
            needed, before = needed[-1:], before[-1:]
        found.append(_series(mine[mine["frequency"] == frequency], needed, before if relative else before[:0]))
    return [series for series in found if series is not None]


def _series(mine: pd.DataFrame, needed: pd.PeriodIndex, before: pd.PeriodIndex) -> IndexSeries | None:
    """Return the last comparable figures up to the last period needed; None without any."""
    end = needed[-1]
    at = ordinals(mine)
    mine, at = mine[at <= end.ordinal], at[at <= end.ordinal]
    if mine.empty:
        return None
    last = mine.iloc[int(at.argmax())]
    is_own = (mine["stretch"] == last["stretch"]).to_numpy()
    first_needed = before[0] if len(before) else needed[0]
    start = min(at[is_own].min(), max(_earliest(mine, at, is_own), first_needed.ordinal))
    start = max(start, end.ordinal + 1 - LONGEST_HISTORY)
    periods = pd.period_range(end - int(end.ordinal - start), end)
    grid = mine[is_own].set_axis(at[is_own] - start)[["score", "rank", "rank_of"]]
    grid = grid.astype(float).reindex(range(len(periods)))
    parts_from_now = is_parted(last, end) and at.max() < end.ordinal
    return IndexSeries(
        frequency=str(last["frequency"]),
        method=last["method"],
        periods=periods,
        scores=grid["score"].to_numpy(),
        ranks=grid["rank"].to_numpy(),
        rank_of=grid["rank_of"].to_numpy(),
        now=_rows(needed[:0] if parts_from_now else needed, start),
        before=_rows(before, start),
    )


def ordinals(figures: pd.DataFrame) -> np.ndarray:
    """Return the numbers of the figures' periods, consecutive for consecutive periods of one length."""
    return np.array([period_of(label).ordinal for label in figures["period"]], dtype=int)


def _rows(periods: pd.PeriodIndex, start: int) -> np.ndarray:
    """Return the rows of periods in a grid; none where it does not hold all of them."""
    rows = np.array([period.ordinal - start for period in periods], dtype=int)
    return rows if (rows >= 0).all() else rows[:0]


def is_parted(figure: pd.Series, end: pd.Period) -> bool:
    """Return whether a break lies between the start of a figure's period and the end of another.

    Parameters
    ----------
    figure : pd.Series
        A row of `indicators.index_scores.history`.
    end : pd.Period
        The other period.
    """
    return bool(pd.notna(figure["same_until"]) and figure["same_until"] <= end.end_time)


def _earliest(mine: pd.DataFrame, at: np.ndarray, is_own: np.ndarray) -> int:
    """Return the first period that may be comparable with the own stretch of figures, published or not."""
    first = mine[is_own].iloc[int(at[is_own].argmin())]
    period = period_of(str(first["period"]))
    if is_parted(first, period):
        return int(period.ordinal)
    of_others = at[~is_own & (at < at[is_own].min())]
    earliest = of_others.max() + 1 if len(of_others) else at.min() - LONGEST_HISTORY
    if pd.notna(first["same_since"]):
        holds_the_break = pd.Period(first["same_since"], freq=period.freq)
        is_whole = holds_the_break.start_time >= first["same_since"]
        earliest = max(earliest, holds_the_break.ordinal + (0 if is_whole else 1))
    return int(earliest)


def reason_not_carried(figures: np.ndarray, series: IndexSeries, year: int) -> str:
    """Return the code of the reason why figures are not carried to the year's end; empty where they are.

    Parameters
    ----------
    figures : np.ndarray, shape (T,)
        Scores or ranks of the series.
    series : IndexSeries
        The series.
    year : int
        The plan's year.
    """
    known = np.flatnonzero(np.isfinite(figures))
    if len(known) < MINIMUM_FIGURES[series.frequency]:
        return "too_few_published_years" if series.frequency == "Y" else "too_few_published_figures"
    is_old = year - series.periods[known[-1]].year > LONGEST_WAIT[series.frequency]
    return "published_years_too_old" if is_old else ""


def first_estimate(
    candidates: Sequence[IndexSeries], column: str, estimate: Callable[[IndexSeries], Estimate], *, relative: bool
) -> tuple[IndexSeries | None, Estimate]:
    """Return the first series that gives an estimate, and that; without one, the series with the most figures.

    A published figure of the year as a whole comes first, then the finest periods.

    Parameters
    ----------
    candidates : sequence of IndexSeries
        The series of the area, the finest first.
    column : {"scores", "ranks"}
        What is promised.
    estimate : callable
        Returns what a series says that no break parts from the year.
    relative : bool
        Whether the year before is asked for.
    """
    found: list[tuple[IndexSeries, Estimate]] = []
    for series in sorted(candidates, key=lambda one: one.frequency != "Y" or np.isnan(getattr(one, column)[-1])):
        if not len(series.now):
            answer = Estimate(note="index_changed")
        elif relative and not len(series.before):
            answer = Estimate(note="previous_year_not_comparable")
        else:
            answer = estimate(series)
        if not answer.note:
            return series, answer
        found.append((series, answer))
    if not found:
        return None, Estimate(note="no_published_index")
    return max(found, key=lambda pair: np.isfinite(getattr(pair[0], column)).sum())


def _mean(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the means over some rows, shape (draws,), rounded so that 90 in each of 52 weeks is 90."""
    return np.round(values[rows].mean(axis=0), 9) if len(rows) else np.empty(0)


def values_of(paths: np.ndarray, series: IndexSeries) -> YearValues:
    """Return the values of the years along paths.

    Parameters
    ----------
    paths : np.ndarray, shape (T, draws)
        Scores or ranks by period.
    series : IndexSeries
        The series they are of.
    """
    return YearValues(_mean(paths, series.now), _mean(paths, series.before))


def known_values(figures: np.ndarray, series: IndexSeries) -> YearValues:
    """Return the values of the years by what is published; NaN where a period is missing.

    Parameters
    ----------
    figures : np.ndarray, shape (T,)
        Scores or ranks by period.
    series : IndexSeries
        The series they are of.
    """
    return values_of(figures[:, None], series)


def carried_on(figures: np.ndarray, rows: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return the last figure carried on, with the errors of carrying on each earlier one as far, shape (T, errors).

    Only rows asked for are carried to; a gap among them takes the figure before it, or else the next one.

    Parameters
    ----------
    figures : np.ndarray, shape (T,)
        Scores or ranks by period; missing ones are NaN.
    rows : np.ndarray of int
        Rows asked for.
    limits : tuple of float
        Lowest and highest value there can be.
    """
    known = np.flatnonzero(np.isfinite(figures))
    if not len(known):
        return np.empty((len(figures), 0))
    last = known[-1]
    ahead = rows[rows > last] - last
    filled = pd.Series(figures).ffill().bfill().to_numpy()
    origins = [at for at in known if len(ahead) and at + ahead[-1] <= last and np.isfinite(figures[at + ahead]).all()]
    carried = np.repeat(filled[:, None], len(origins), axis=1)
    for column, at in enumerate(origins):
        carried[last + ahead, column] += figures[at + ahead] - figures[at]
    return carried.clip(*limits)


def _is_met(values: YearValues, rule: Rule, threshold: float | PreviousYear) -> np.ndarray:
    if isinstance(threshold, PreviousYear):
        return meets(values.now, rule, np.round(threshold.times * values.before, 9))
    return meets(values.now, rule, threshold)


def year_end_answer(
    series: IndexSeries | None, column: str, found: Estimate, rule: Rule, threshold: float | PreviousYear
) -> IndexYearEnd:
    """Return the answer from what a series says.

    Parameters
    ----------
    series : IndexSeries or None
        The series; None where nothing is published.
    column : {"scores", "ranks"}
        What is promised.
    found : Estimate
        What the series says.
    rule : {"at_least", "more_than", "at_most"}
        How the value stands to the threshold.
    threshold : float or PreviousYear
        Points or a rank, or a multiple of the year before's.
    """
    nothing, baseline = np.empty(0), float("nan")
    if found.values is None:
        values, kept = YearValues(nothing, nothing), not_estimated(found.note)
    else:
        values, met = found.values, _is_met(found.values, rule, threshold)
        kept = decided_by_arithmetic(bool(met[0])) if len(met) == 1 else AttainmentDraws(met, decided=False)
        if kept.decided:
            baseline = kept.probability
        elif found.baseline is not None and len(found.baseline.now) > 1:
            baseline = AttainmentDraws(_is_met(found.baseline, rule, threshold), decided=False).probability
    at = np.empty(0) if series is None else np.flatnonzero(np.isfinite(series.scores) | np.isfinite(series.ranks))
    if series is None or not len(at):
        return IndexYearEnd(None, None, float("nan"), None, 0, nothing, nothing, kept, baseline)
    last = int(at[-1])
    period, rank = series.periods[last], series.ranks[last]
    return IndexYearEnd(
        frequency=series.frequency,
        last_period=write_week(period) if series.frequency == "W" else str(period),
        last_score=float(series.scores[last]),
        last_rank=int(rank) if np.isfinite(rank) else None,
        figures=int(np.isfinite(getattr(series, column)).sum()),
        values=values.now,
        previous=values.before,
        kept=kept,
        baseline_probability=baseline,
    )
