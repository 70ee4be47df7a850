"""Ranks of bodies with what few cases leave open: limits of each value, and of the ranks it may have.

A body with two late cases of 75 has a larger share than one with 700 of 30,000, and is not known to be worse. Bodies
are ordered by the limit on the better side, so that whoever stands first is surely bad.

References
----------
Goldstein and Spiegelhalter (1996), "League tables and their limitations", J. R. Statist. Soc. A 159: ranks with
intervals. Brown, Cai and DasGupta (2001), Statist. Sci. 16: Jeffreys' interval of a share.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.forecast.shocks import stream

DRAWS = 2000
LIMITS = (0.025, 0.975)
"""Quantiles of the limits, of values and of ranks: of forty bodies at their line one is wrongly put beyond it."""

COLUMNS = ["lower", "upper", "best_rank", "worst_rank"]


def ranked(bodies: pd.DataFrame, *, higher_is_better: bool, seed: int) -> pd.DataFrame:
    """Return bodies with limits and ranks, the one that is surely worst first.

    Parameters
    ----------
    bodies : pd.DataFrame
        `numerator, denominator` of shares, in cases; of means `total, total_squares, denominator`, without a numerator.
        A row per body, each with at least one case.
    higher_is_better : bool
        Whether a higher value is a better one.
    seed : int
        Same seed, same limits.

    Returns
    -------
    pd.DataFrame
        The rows with `COLUMNS`: 95 % limits of the value that the body's cases come from (a share 0–1, or the mean's
        unit), and of its rank, where 1 is the best.
    """
    if bodies.empty:
        return bodies.assign(**{name: pd.Series(dtype=float) for name in COLUMNS})
    noise = stream(seed, "ranks of bodies")
    values = _shares(bodies, noise) if bodies["numerator"].notna().all() else _means(bodies, noise)
    ranks = (-values if higher_is_better else values).argsort(axis=1).argsort(axis=1) + 1
    lower, upper = np.quantile(values, LIMITS, axis=0)
    best, worst = np.quantile(ranks, LIMITS, axis=0, method="nearest")
    found = bodies.assign(lower=lower, upper=upper, best_rank=best.astype(int), worst_rank=worst.astype(int))
    by, ascending = ("upper", True) if higher_is_better else ("lower", False)
    return found.sort_values(by, ascending=ascending, kind="stable")


def _shares(bodies: pd.DataFrame, noise: np.random.Generator) -> np.ndarray:
    k, n = (bodies[name].to_numpy(dtype=float) for name in ("numerator", "denominator"))
    return noise.beta(k + 0.5, n - k + 0.5, size=(DRAWS, len(n)))


def _means(bodies: pd.DataFrame, noise: np.random.Generator) -> np.ndarray:
    total, squares, n = (bodies[name].to_numpy(dtype=float) for name in ("total", "total_squares", "denominator"))
    # One spread of cases for all bodies: a few cases say little about their own.
    spread = max((squares - total**2 / n).sum(), 0.0) / max(n.sum() - len(n), 1.0)
    return noise.normal(total / n, np.sqrt(spread / n), size=(DRAWS, len(n)))
