"""The year-end value of a share, inside each draw: observed so far plus simulated rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.attainment.verdict import probability_of
from analysis.periods import write
from analysis.plan.promises import Part, Window
from analysis.rules import Rule, meets

_PERIODS = {
    ("year", "M"): 12,
    ("year", "Q"): 4,
    ("last_quarter", "M"): 3,
    ("last_quarter", "Q"): 1,
}
"""Periods in a window, by the frequency of the data."""


@dataclass(frozen=True, eq=False)
class YearEnd:
    """One series of an indicator in the plan's year.

    Attributes
    ----------
    numerator : int or float
        Cases from the start of the year to the origin; of a mean, their total.
    denominator : int
        Cases from the start of the year to the origin.
    values : np.ndarray, shape (draws,)
        Year-end value (a share 0–1, or a mean) in each draw; a single one when the year is over; empty when not
        forecast.
    numerators : np.ndarray, shape (draws,)
        Year-end numerator in each draw.
    rest_denominator : np.ndarray, shape (draws,)
        Cases the rest of the year brings, per draw.
    decided : bool
        Whether the year, or the part of it that counts, is over.
    """

    numerator: float
    denominator: int
    values: np.ndarray
    numerators: np.ndarray
    rest_denominator: np.ndarray
    decided: bool

    @property
    def observed_to_date(self) -> float:
        """Value of the year so far; missing before its first case."""
        return self.numerator / self.denominator if self.denominator else float("nan")


def series_of(frame: pd.DataFrame, part: Part) -> pd.DataFrame:
    """Return the rows of a part's series.

    Parameters
    ----------
    frame : pd.DataFrame
        With `indicator, dimension, series`.
    part : Part
        The part.
    """
    mine = (frame["indicator"] == part.indicator) & (frame["dimension"] == part.dimension)
    return frame[mine & (frame["series"] == part.series)]


def year_end(
    indicators: pd.DataFrame,
    draws: pd.DataFrame,
    part: Part,
    *,
    origin: pd.Period,
    last: pd.Period,
) -> YearEnd:
    """Return the year-end value of one part, over its window.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, dimension, series, period, numerator, denominator`; of a mean, `total` in the numerator's place.
    draws : pd.DataFrame
        See `forecast.rest_of_year.Forecast`.
    part : Part
        The series and its window.
    origin, last : pd.Period
        Last period known, and last period that counts: of the plan's year, or of a step within it.
    """
    first = first_of_window(part.window, last)
    rows = series_of(indicators, part)
    so_far = rows[(rows["period"] >= first) & (rows["period"] <= write(min(origin, last)))]
    K, N = _numerator(so_far), int(so_far["denominator"].sum())
    if origin >= last:
        values = np.array([K / N]) if N else np.empty(0)
        return YearEnd(K, N, values, np.full(len(values), K), np.zeros(len(values)), decided=True)
    mine = series_of(draws, part)
    mine = mine[(mine["period"] >= first) & (mine["period"] <= write(last))]
    rest = mine.groupby("draw", sort=True)[["numerator", "denominator"]].sum().astype(float)
    total, above = rest["denominator"].to_numpy() + N, rest["numerator"].to_numpy() + K
    values = np.divide(above, total, out=np.full(len(total), np.nan), where=total > 0)
    return YearEnd(K, N, values, above, rest["denominator"].to_numpy(), decided=False)


def first_of_window(window: Window, last: pd.Period) -> str:
    """Return the label of the first period that counts.

    Parameters
    ----------
    window : {"year", "last_quarter"}
        Whether the whole year counts, or its last quarter.
    last : pd.Period
        Last period that counts: of the plan's year, or of a step within it.
    """
    year_last = last + (_PERIODS["year", last.freqstr[0]] - _place_in_year(last))
    return write(year_last - (_PERIODS[window, last.freqstr[0]] - 1))


def _numerator(rows: pd.DataFrame) -> float:
    if "total" in rows and rows["total"].notna().any():
        return float(rows["total"].sum())
    return int(rows["numerator"].sum())


def _place_in_year(period: pd.Period) -> int:
    return int(period.month if period.freqstr.startswith("M") else period.quarter)


RUN_RATE_COLUMNS = [
    "target", "part", "weeks_left", "required_share", "cases_per_week", "rest_cases", "current_share", "reachable",
]  # fmt: skip


def run_rate(
    target: str,
    part: str,
    share: YearEnd,
    *,
    rule: Rule,
    threshold: float,
    highest: float,
    weeks_left: float,
    current_share: float,
) -> pd.DataFrame:
    """Return one row: the share, and the cases a week, that the remaining periods must deliver.

    Parameters
    ----------
    target, part : str
        The promise.
    share : YearEnd
        Counts so far and draws of the rest.
    rule : {"at_least", "more_than", "at_most"}
        The rule of the promise.
    threshold : float
        Value promised for the year: a share 0–1, or a mean.
    highest : float
        The highest value a case can have: 1 of a share, infinite of a mean; the lowest is 0.
    weeks_left : float
        Weeks from the close of the quarter to the close of the year.
    current_share : float
        Share (0–1) of the last quarter, for comparison.

    Returns
    -------
    pd.DataFrame
        Columns `RUN_RATE_COLUMNS`, no row when nothing is left of the year or nothing was forecast. `required_share` is
        [threshold (N + rest) - K] / rest at the median rest over the draws. `cases_per_week` is that many cases of the
        numerator a week (for an `at_most` promise: at most that many). `reachable` is the share of draws in which the
        promise could be kept at all, should every case of the rest be as good as one can be: with another number of
        cases, what is out of reach at the median may be within it.
    """
    if share.decided or not len(share.rest_denominator) or weeks_left <= 0:
        return pd.DataFrame(columns=RUN_RATE_COLUMNS)
    rest = float(np.median(share.rest_denominator))
    if rest <= 0:
        return pd.DataFrame(columns=RUN_RATE_COLUMNS)
    needed = threshold * (share.denominator + rest) - share.numerator
    best = 0.0 if rule == "at_most" else highest
    cases = share.rest_denominator[share.rest_denominator > 0]
    reachable = float(np.mean(meets((share.numerator + best * cases) / (share.denominator + cases), rule, threshold)))
    row = (target, part, weeks_left, needed / rest, needed / weeks_left, rest, current_share, reachable)
    return pd.DataFrame([row], columns=RUN_RATE_COLUMNS)


GAP_COLUMNS = [
    "target", "part", "dimension", "series", "numerator", "denominator", "share", "short", "probability",
    "probability_if",
]  # fmt: skip


def gap(
    target: str,
    part: Part,
    name: str,
    whole: YearEnd,
    so_far: pd.DataFrame,
    members: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Return what each member of a whole is short of the promise, most first, and what it could change by itself.

    Parameters
    ----------
    target : str
        The promise.
    part : Part
        Its share of the whole.
    name : str
        What the part is called in the table of promises.
    whole : YearEnd
        Counts and draws of that share.
    so_far : pd.DataFrame
        `dimension, series, numerator, denominator` of the year so far, cases.
    members : mapping
        Dimension → the codes of the whole's members.

    Returns
    -------
    pd.DataFrame
        Columns `GAP_COLUMNS`, a row per member that has cases: its counts and share (0–1) of the year so far; `short`,
        the cases it would take to bring that share to the promise (cases too many, where the promise is `at_most`), not
        below 0; `probability`, of the part, and `probability_if`, on the same draws, should this member alone be at
        the promise for the rest of the year and bring the part of all cases it brings now. Empty once decided.
    """
    if whole.decided or not len(whole.values) or not isinstance(part.threshold, float):
        return pd.DataFrame(columns=GAP_COLUMNS)
    counts = so_far.set_index(["dimension", "series"])
    cases = whole.denominator
    total = cases + whole.rest_denominator
    direction = -1 if part.rule == "at_most" else 1
    now = probability_of(meets(whole.values, part.rule, part.threshold), decided=False)
    rows = []
    for dimension, codes in members.items():
        for code in codes:
            if (dimension, code) not in counts.index or not counts.loc[(dimension, code), "denominator"]:
                continue
            numerator, denominator = (
                int(counts.loc[(dimension, code), column]) for column in ("numerator", "denominator")
            )
            share = numerator / denominator
            lacking = max(0.0, direction * (part.threshold - share))
            better = direction * lacking * (denominator / cases) * whole.rest_denominator
            values = whole.values + np.divide(better, total, out=np.zeros_like(total), where=total > 0)
            then = probability_of(meets(values, part.rule, part.threshold), decided=False)
            rows.append(
                (target, name, dimension, code, numerator, denominator, share, lacking * denominator, now, then)
            )
    frame = pd.DataFrame(rows, columns=GAP_COLUMNS)
    return frame.sort_values(["dimension", "short", "series"], ascending=[True, False, True], ignore_index=True)
