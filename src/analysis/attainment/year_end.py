"""The year-end value of a share, inside each draw: observed so far plus simulated rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.attainment.verdict import probability_of
from analysis.periods import write
from analysis.promises import Part
from analysis.rules import meets

Window = Literal["year_to_date", "last_quarter"]
_PERIODS = {
    ("year_to_date", "M"): 12,
    ("year_to_date", "Q"): 4,
    ("last_quarter", "M"): 3,
    ("last_quarter", "Q"): 1,
}
"""Periods in a window, by the frequency of the data."""


@dataclass(frozen=True, eq=False)
class YearEnd:
    """One share of the plan's year.

    Attributes
    ----------
    numerator, denominator : int
        Cases from the start of the year to the origin.
    values : np.ndarray, shape (draws,)
        Year-end share (0–1) in each draw; a single value when the year is over; empty when not forecast.
    rest_denominator : np.ndarray, shape (draws,)
        Cases the rest of the year brings, per draw.
    decided : bool
        Whether the year is over.
    """

    numerator: int
    denominator: int
    values: np.ndarray
    rest_denominator: np.ndarray
    decided: bool

    @property
    def observed_to_date(self) -> float:
        """Share of the year so far; missing before its first case."""
        return self.numerator / self.denominator if self.denominator else float("nan")


def year_end(
    indicators: pd.DataFrame,
    draws: pd.DataFrame,
    indicator: str,
    series: str,
    *,
    origin: pd.Period,
    last: pd.Period,
    window: Window = "year_to_date",
) -> YearEnd:
    """Return the year-end value of one share.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`.
    draws : pd.DataFrame
        See `forecast.rest_of_year.Forecast`.
    indicator, series : str
        The share.
    origin, last : pd.Period
        Last period known and last period of the plan's year.
    window : {"year_to_date", "last_quarter"}
        Whether the share is of the whole year or of its last quarter.
    """
    length = _PERIODS[window, last.freqstr[0]]
    first = write(last - (length - 1))
    rows = indicators[(indicators["indicator"] == indicator) & (indicators["series"] == series)]
    so_far = rows[(rows["period"] >= first) & (rows["period"] <= write(origin))]
    K, N = int(so_far["numerator"].sum()), int(so_far["denominator"].sum())
    if origin == last:
        values = np.array([K / N]) if N else np.empty(0)
        return YearEnd(K, N, values, np.zeros(len(values)), decided=True)
    mine = draws[(draws["indicator"] == indicator) & (draws["series"] == series)]
    mine = mine[mine["period"] >= first]
    rest = mine.groupby("draw", sort=True)[["numerator", "denominator"]].sum().astype(float)
    total = rest["denominator"].to_numpy() + N
    values = np.divide(rest["numerator"].to_numpy() + K, total, out=np.full(len(total), np.nan), where=total > 0)
    return YearEnd(K, N, values, rest["denominator"].to_numpy(), decided=False)


RUN_RATE_COLUMNS = ["target", "part", "weeks_left", "required_share", "cases_per_week", "rest_cases", "current_share"]


def run_rate(
    target: str, part: str, share: YearEnd, *, threshold: float, weeks_left: float, current_share: float
) -> pd.DataFrame:
    """Return one row: the share, and the cases a week, that the remaining periods must deliver.

    Parameters
    ----------
    target, part : str
        The promise.
    share : YearEnd
        Counts so far and draws of the rest.
    threshold : float
        Share 0–1 promised for the year.
    weeks_left : float
        Weeks from the close of the quarter to the close of the year.
    current_share : float
        Share (0–1) of the last quarter, for comparison.

    Returns
    -------
    pd.DataFrame
        Columns `RUN_RATE_COLUMNS`, no row when nothing is left of the year or nothing was forecast. `required_share` is
        [threshold (N + rest) - K] / rest at the median rest over the draws: above 1 the promise is out of reach,
        below 0 it is kept already. `cases_per_week` is that many cases of the numerator a week (for an `at_most`
        promise: at most that many).
    """
    if share.decided or not len(share.rest_denominator) or weeks_left <= 0:
        return pd.DataFrame(columns=RUN_RATE_COLUMNS)
    rest = float(np.median(share.rest_denominator))
    if rest <= 0:
        return pd.DataFrame(columns=RUN_RATE_COLUMNS)
    needed = threshold * (share.denominator + rest) - share.numerator
    row = (target, part, weeks_left, needed / rest, needed / weeks_left, rest, current_share)
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
        `series, numerator, denominator` of the year so far, cases.
    members : mapping
        ``agencies`` or ``fields`` → the series of the whole's members.

    Returns
    -------
    pd.DataFrame
        Columns `GAP_COLUMNS`, a row per member that has cases: its counts and share (0–1) of the year so far; `short`,
        the cases it would take to bring that share to the promise (cases too many, where the promise is `at_most`), not
        below 0; `probability`, of the part, and `probability_if`, on the same draws, should this member alone be at
        the promise for the rest of the year and bring the part of all cases it brings now. Empty once decided.
    """
    if whole.decided or not len(whole.values):
        return pd.DataFrame(columns=GAP_COLUMNS)
    counts = so_far.set_index("series")
    cases = whole.denominator
    total = cases + whole.rest_denominator
    direction = -1 if part.rule == "at_most" else 1
    now = probability_of(meets(whole.values, part.rule, part.threshold), decided=False)
    rows = []
    for dimension, codes in members.items():
        for code in codes:
            if code not in counts.index or not counts.loc[code, "denominator"]:
                continue
            numerator, denominator = (int(counts.loc[code, column]) for column in ("numerator", "denominator"))
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
