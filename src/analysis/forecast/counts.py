"""Draws of counts, quick where a count is large and exact where it is small.

A binomial count of variance 9 or more is a rounded normal one with its skewness put back (Cornish and Fisher's first
term): every probability is right to 0.0015. Drawing it exactly costs ten times as much and nobody could tell.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

EXACT_BELOW = 9.0
"""Variance below which counts are drawn exactly."""


def poisson_counts(normal: np.ndarray, generator: Callable[[], np.random.Generator], mean: np.ndarray) -> np.ndarray:
    """Return Poisson counts, as float, of given means.

    Parameters
    ----------
    normal : np.ndarray
        Independent standard normal numbers, of the shape of `mean`.
    generator : callable
        Gives the generator for the counts drawn exactly, asked for only where there are any.
    mean : np.ndarray
        Expected cases.
    """
    counts = _rounded(mean, np.sqrt(mean), normal, 1 / 6)
    small = mean < EXACT_BELOW
    if small.any():
        counts[small] = generator().poisson(mean[small])
    return np.maximum(counts, 0.0, out=counts)


def binomial_counts(
    normal: np.ndarray, generator: Callable[[], np.random.Generator], cases: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Return binomial counts, as float, out of given cases at given shares (0–1); see `poisson_counts`."""
    mean = cases * share
    variance = mean * (1 - share)
    counts = _rounded(mean, np.sqrt(variance), normal, (1 - 2 * share) / 6)
    small = variance < EXACT_BELOW
    if small.any():
        counts[small] = generator().binomial(cases[small].astype(np.int64), share[small])
    return np.clip(counts, 0.0, cases, out=counts)


def _rounded(mean: np.ndarray, spread: np.ndarray, normal: np.ndarray, sixth_of_skew: np.ndarray | float) -> np.ndarray:
    """Return counts whose third central moment is six times `sixth_of_skew` times their variance."""
    counts = normal**2
    counts -= 1
    counts *= sixth_of_skew
    spread *= normal
    counts += spread
    counts += mean
    return np.rint(counts, out=counts)
