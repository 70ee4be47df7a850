"""Promises to score forecasts by: thresholds a plan could have set before the year, from past data only."""

from __future__ import annotations

import numpy as np

from analysis.forecast.panel import Panel
from analysis.rules import Rule

GROWTH_STEPS = (0.5, 1.0, 1.5)
"""Steps above last year's share a threshold to be reached is set at, in units of the panel's usual yearly gain."""

GAIN_BOUNDS = (0.01, 0.20)
"""Bounds of the size of that gain (share units), whatever its sign."""

GAIN_UNKNOWN = 0.05
"""The gain taken where the panel has only one year to tell from."""

CUTS = (0.8, 1.0)
"""Parts of last year's share an ``at_most`` threshold is set at."""

FIXED = (0.02, 0.05)
"""Fixed limits of which the one nearer to the panel's share is a further ``at_most`` threshold."""

LEAST = 0.002
"""Smallest ``at_most`` threshold."""


def thresholds(before: Panel, year: int, rule: Rule) -> np.ndarray:
    """Return the thresholds (U, J) of every series for a year, 0–1 and increasing; NaN where there is none.

    ``at_least`` and ``more_than``: last year's share plus ½, 1 and 1½ of the panel's median gain in it. ``at_most``:
    four fifths of last year's share, all of it, and 2 % or 5 %. None without a last year. Thresholds that fall
    together count once.

    Parameters
    ----------
    before : Panel
        Cut at the last period before the year.
    year : int
        The year.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    """
    last = before.year_share(year - 1)
    if rule == "at_most":
        K, N = before.counts_of(year - 1)
        whole = max(float(np.nansum(K)) / max(float(np.nansum(N)), 1.0), LEAST)
        fixed = min(FIXED, key=lambda limit: abs(np.log(limit / whole)))
        found = np.column_stack([np.maximum(last[:, None] * np.array(CUTS), LEAST), np.full(len(last), fixed)])
        found[~np.isfinite(last)] = np.nan
    else:
        gains = last - before.year_share(year - 2)
        gain = float(np.median(gains[np.isfinite(gains)])) if np.isfinite(gains).any() else GAIN_UNKNOWN
        gain = float(np.copysign(np.clip(abs(gain), *GAIN_BOUNDS), gain))
        found = last[:, None] + gain * np.array(GROWTH_STEPS)
    found = np.sort(np.clip(found, 0.0, 1.0), axis=1)
    again = np.concatenate([np.zeros((len(found), 1), dtype=bool), np.diff(found, axis=1) == 0], axis=1)
    return np.where(again, np.nan, found)
