"""Thresholds to score forecasts with: those a plan could have set before the year, from past data alone."""

from __future__ import annotations

import numpy as np

from analysis.forecast.panel import MeanPanel, SeriesPanel
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

MEAN_GROWTH_BOUNDS = (0.02, 0.5)
"""Bounds of the absolute value of the panel's usual yearly growth of a mean (logs)."""

MEAN_GROWTH_UNKNOWN = 0.1
"""The growth used where the panel has only one year."""

MEAN_CUTS = (0.8, 0.9, 1.0)
"""The ``at_most`` thresholds of a mean as multiples of last year's."""


def thresholds(before: SeriesPanel, year: int, rule: Rule, *, peers: np.ndarray | None = None) -> np.ndarray:
    """Return the thresholds (U, J) of every series for a year, increasing; NaN where there is none.

    ``at_least`` and ``more_than``: last year's share plus ½, 1 and 1½ of the panel's median gain in that year.
    ``at_most``: 80 and 100 % of last year's share, and 2 % or 5 %. A series without a last year has no thresholds, and
    equal thresholds count once. Means have multiples of last year's instead: growth by ½, 1 and 1½ of the panel's
    median log growth, or 80, 90 and 100 %; a series whose mean was 0 has no thresholds.

    Parameters
    ----------
    before : SeriesPanel
        Counts or totals up to the last period before the year.
    year : int
        The year forecast.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    peers : np.ndarray of bool, shape (U,), optional
        Series that make up the panel's gain and share, all by default.
    """
    rows: np.ndarray | slice = slice(None) if peers is None else peers
    last = before.year_share(year - 1)
    if isinstance(before, MeanPanel):
        found = np.where(last > 0, last, np.nan)[:, None] * _multiples(before, year, rule, rows)
    elif rule == "at_most":
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
    found = np.sort(before.link().bounded(found), axis=1)
    again = np.concatenate([np.zeros((len(found), 1), dtype=bool), np.diff(found, axis=1) == 0], axis=1)
    return np.where(again, np.nan, found)


def _multiples(before: MeanPanel, year: int, rule: Rule, rows: np.ndarray | slice) -> np.ndarray:
    """Return the thresholds of a mean as multiples of last year's."""
    if rule == "at_most":
        return np.array(MEAN_CUTS)
    growth = before.link().gain(before.year_share(year - 1), before.year_share(year - 2))[rows]
    usual = float(np.median(growth[np.isfinite(growth)])) if np.isfinite(growth).any() else MEAN_GROWTH_UNKNOWN
    usual = float(np.copysign(np.clip(abs(usual), *MEAN_GROWTH_BOUNDS), usual))
    return np.asarray(np.exp(usual * np.array(GROWTH_STEPS)))
