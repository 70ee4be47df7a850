"""Thresholds to score forecasts with: those a plan could have set before the year, from past data alone."""

from __future__ import annotations

import numpy as np

from analysis.forecast.panel import Panel
from analysis.rules import Rule

GROWTH_STEPS = (0.5, 1.0, 1.5)
"""Distances of the thresholds to be reached from last year's share, in units of the panel's usual yearly gain."""

GAIN_BOUNDS = (0.01, 0.20)
"""Bounds of the absolute value of that gain (share units)."""

GAIN_UNKNOWN = 0.05
"""The gain used where the panel has only one year."""

CUTS = (0.8, 1.0)
"""The ``at_most`` thresholds as multiples of last year's share."""

FIXED = (0.02, 0.05)
"""Fixed shares of which the one nearer to the panel's share is a further ``at_most`` threshold."""

LEAST = 0.002
"""Smallest ``at_most`` threshold."""


def thresholds(before: Panel, year: int, rule: Rule, *, peers: np.ndarray | None = None) -> np.ndarray:
    """Return the thresholds (U, J) of every series for a year, 0–1 and increasing; NaN where there is none.

    ``at_least`` and ``more_than``: last year's share plus ½, 1 and 1½ of the panel's median gain in that year.
    ``at_most``: 80 and 100 % of last year's share, and 2 % or 5 %. A series without a last year has no thresholds, and
    equal thresholds count once.

    Parameters
    ----------
    before : Panel
        Counts up to the last period before the year.
    year : int
        The year forecast.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    peers : np.ndarray of bool, shape (U,), optional
        Series that make up the panel's gain and share, all by default.
    """
    rows = slice(None) if peers is None else peers
    last = before.year_share(year - 1)
    if rule == "at_most":
        K, N = before.counts_of(year - 1)
        whole = max(float(np.nansum(K[rows])) / max(float(np.nansum(N[rows])), 1.0), LEAST)
        fixed = min(FIXED, key=lambda limit: abs(np.log(limit / whole)))
        found = np.column_stack([np.maximum(last[:, None] * np.array(CUTS), LEAST), np.full(len(last), fixed)])
        found[~np.isfinite(last)] = np.nan
    else:
        gains = (last - before.year_share(year - 2))[rows]
        gain = float(np.median(gains[np.isfinite(gains)])) if np.isfinite(gains).any() else GAIN_UNKNOWN
        gain = float(np.copysign(np.clip(abs(gain), *GAIN_BOUNDS), gain))
        found = last[:, None] + gain * np.array(GROWTH_STEPS)
    found = np.sort(np.clip(found, 0.0, 1.0), axis=1)
    again = np.concatenate([np.zeros((len(found), 1), dtype=bool), np.diff(found, axis=1) == 0], axis=1)
    return np.where(again, np.nan, found)
