"""Widen or narrow an ensemble by how wide it should have been at the same point of earlier years."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.forecast.dressing import FEWEST_ERRORS, SCORED_CASES
from analysis.forecast.link import Link
from analysis.forecast.origin_state import PastYear

FACTORS = np.array([0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.6])
"""Factors of the spread that are tried."""

PENALTY = 0.5
"""Weight of the squared log of a factor, in mean CRPS by spread: one year alone changes the spread little."""

LARGEST_LOSS = 6.0
"""Bound of one series' CRPS in spreads: one collapse is no reason to widen everything."""


def spread_factor(past: Sequence[PastYear]) -> float:
    """Return the factor by which the spread of an ensemble is multiplied; 1 without an earlier ensemble.

    It minimises the sum over earlier years of the mean CRPS, in spreads, that their ensembles would have had with it,
    plus `PENALTY` times its squared log; a parabola through the best of `FACTORS` and its neighbours finds the minimum.
    Learnt from are peers away from the edges with at least `dressing.SCORED_CASES` cases.

    Parameters
    ----------
    past : sequence of PastYear
        Earlier years at the same point of the year, with the quantiles of the ensembles of then.
    """
    losses = [loss for loss in (_losses(year) for year in past) if loss is not None]
    if not losses:
        return 1.0
    total = np.sum(losses, axis=0) + PENALTY * np.log(FACTORS) ** 2
    best = int(total.argmin())
    if not 0 < best < len(FACTORS) - 1:
        return float(FACTORS[best])
    x, y = np.log(FACTORS[best - 1 : best + 2]), total[best - 1 : best + 2]
    curvature, slope, _ = np.polyfit(x, y, 2)
    return float(np.exp(np.clip(-slope / (2 * curvature), x[0], x[2]))) if curvature > 0 else float(FACTORS[best])


def stretched(quantiles: np.ndarray, size: np.ndarray, link: Link, factor: float) -> np.ndarray:
    """Return quantiles (U, L) whose distances from their median are multiplied on the corrected link scale.

    Parameters
    ----------
    quantiles : np.ndarray, shape (U, L)
        Values of the year's end at levels that are symmetric about one half.
    size : np.ndarray, shape (U,)
        Expected cases of the year.
    link : Link
        Link of the panel.
    factor : float
        Factor of the distances.
    """
    z = link.corrected(quantiles, size[:, None])
    middle = np.median(z, axis=1, keepdims=True)
    return link.from_corrected(middle + link.limited(factor * (z - middle)), size[:, None])


def _losses(year: PastYear) -> np.ndarray | None:
    """Return the mean CRPS in spreads of a year's ensembles at each of `FACTORS`; None with too few series."""
    if year.quantiles is None:
        return None
    outcome = year.link.corrected(year.outcome, year.size)
    learnt = year.peers & year.inside & np.isfinite(outcome) & (year.cases >= SCORED_CASES)
    learnt &= np.isfinite(year.quantiles).all(axis=1)
    if learnt.sum() < FEWEST_ERRORS:
        return None
    z = year.link.corrected(year.quantiles[learnt], year.size[learnt, None])
    middle = np.median(z, axis=1, keepdims=True)
    spread = year.spread[learnt, None]
    # CRPS of equally likely values: the mean distance to the outcome less half of the mean distance between two values
    L = z.shape[1]
    between = ((z - middle) * (2 * np.arange(1, L + 1) - 1 - L)).sum(axis=1) / L**2
    off = np.abs(middle[..., None] + (z - middle)[..., None] * FACTORS - outcome[learnt, None, None]).mean(axis=1)
    loss = (off - between[:, None] * FACTORS) / spread
    return np.asarray(np.minimum(loss, LARGEST_LOSS).mean(axis=0))
