"""The year-end value of a share, inside each draw: observed so far plus simulated rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.periods import write

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
