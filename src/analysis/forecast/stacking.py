"""The stacked member: the model's distribution, moved towards where simple points have been nearer to the outcome.

At the same point of earlier years, the model's error is regressed on how far each simple point was from the model's
median. What the regression learns moves this year's median; the shape of the distribution stays the model's. A prior of
`PRIOR_YEARS` years at "no move" keeps a short record from moving much.

References
----------
Wolpert, D. H. (1992), "Stacked Generalization"; Breiman, L. (1996), "Stacked Regressions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.forecast.baselines import BASELINES, THREE_YEARS
from analysis.forecast.dressing import SCORED_CASES
from analysis.forecast.link import Link
from analysis.forecast.origin_state import MODEL_OF_RECORD, OriginState, PastYear

POINTS = (*BASELINES, THREE_YEARS)
"""Points whose distance from the model's median is a regressor. One more is the spread, which catches a common bias."""

PRIOR_YEARS = 5.0
"""Years of evidence that the prior of no move weighs; decision 17 says how it was chosen."""

HUBER = 1.5
"""Error, in spreads, above which it counts less."""

ITERATIONS = 8
"""Reweighted least squares steps; more change nothing."""

LARGEST_DISTANCE, LARGEST_SHIFT = 2.5, 3.0
"""Bounds of a regressor and of the move, on the corrected link scale."""


def stacking_coefficients(past: Sequence[PastYear]) -> np.ndarray | None:
    """Return the coefficients (7,) of the regressors, or None where no earlier year can be learnt from.

    Minimised is the sum over earlier years of the mean Huber loss over the series (peers away from the edges with at
    least `dressing.SCORED_CASES` cases), in units of each series' spread, plus half of `PRIOR_YEARS` times the sum of
    squared coefficients: a year counts as one piece of evidence, however many series it has.

    Parameters
    ----------
    past : sequence of PastYear
        Earlier years at the same point of the year.
    """
    years = []
    for year in past:
        middle, regressors = _regressors(year.points, year.spread, year.size, year.link)
        error = year.link.corrected(year.outcome, year.size) - middle
        learnt = year.peers & year.inside & np.isfinite(error) & (year.cases >= SCORED_CASES)
        if learnt.any():
            spread = year.spread[learnt]
            years.append((regressors[learnt] / spread[:, None], error[learnt] / spread))
    if not years:
        return None
    coefficients: np.ndarray = np.zeros(len(POINTS) + 1)
    for _ in range(ITERATIONS):
        cross, moment = PRIOR_YEARS * np.eye(len(coefficients)), np.zeros(len(coefficients))
        for X, z in years:
            weight = np.minimum(1.0, HUBER / np.maximum(np.abs(z - X @ coefficients), 1e-9)) / len(z)
            cross += (X * weight[:, None]).T @ X
            moment += (X * weight[:, None]).T @ z
        coefficients = np.linalg.solve(cross, moment)
    return coefficients


def stacking_shift(state: OriginState, coefficients: np.ndarray) -> np.ndarray:
    """Return the move (U,) of the model's distribution on the corrected link scale.

    Parameters
    ----------
    state : OriginState
        The year at the origin.
    coefficients : np.ndarray, shape (7,)
        See `stacking_coefficients`.
    """
    _, regressors = _regressors(state.points, state.spread, state.size, state.link)
    return np.asarray(np.clip(regressors @ coefficients, -LARGEST_SHIFT, LARGEST_SHIFT))


def _regressors(
    points: Mapping[str, np.ndarray], spread: np.ndarray, size: np.ndarray, link: Link
) -> tuple[np.ndarray, np.ndarray]:
    """Return the model's median (U,) on the corrected link scale, and the regressors (U, 7); 0 without a point."""
    middle = link.corrected(points[MODEL_OF_RECORD], size)
    distances = [link.corrected(points[name], size) - middle for name in POINTS]
    clipped = np.clip(np.nan_to_num(distances), -LARGEST_DISTANCE, LARGEST_DISTANCE)
    return middle, np.column_stack([*clipped, np.nan_to_num(spread)])
