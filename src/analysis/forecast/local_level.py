"""A local level on a few figures: exact draws of what is missing among them and to come, its parameters uncertain.

A figure is a level plus noise, and the level is a random walk:

    figure(t) = level(t) + noise(t),    level(t) = level(t - 1) + step(t),    both normal, the first level flat.

This is statsmodels' ``UnobservedComponents`` with ``level="local level"`` and an exact diffuse start, and tests hold it
equal to it. What is added is that the parameters are drawn from their posterior: three figures say little about two
variances, and an estimate of zero would promise certainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

RATIOS = np.sin((np.arange(16) + 0.5) / 16 * np.pi / 2) ** 2
"""Shares of the level's step in the two variances, step / (step + noise), all as likely beforehand: 0.002 to 0.998,
densest at both ends."""

PRIOR_CHANGES = 2.0
"""Weight of the typical change in the size of the changes, in observed changes."""


@dataclass(frozen=True, eq=False)
class LevelParameters:
    """Parameters of a local level in each draw.

    Attributes
    ----------
    ratio : np.ndarray, shape (draws,)
        Share of the level's step in the two variances, 0–1; 1 is a random walk without noise.
    change : np.ndarray, shape (draws,)
        Standard deviation of the change from one figure to the next, in the unit of the figures.
    """

    ratio: np.ndarray
    change: np.ndarray


def draw_parameters(
    figures: np.ndarray, *, typical_change: float, draw_count: int, rng: np.random.Generator
) -> LevelParameters:
    """Return draws from the posterior of the parameters.

    Parameters
    ----------
    figures : np.ndarray, shape (T,)
        Figures of consecutive periods; missing ones are NaN, one at least is not.
    typical_change : float
        What a change from one figure to the next is thought to be before any is seen, in the unit of the figures; it
        weighs as much as `PRIOR_CHANGES` seen.
    draw_count : int
        Draws, S.
    rng : np.random.Generator
        Source of the random numbers.
    """
    freedom = PRIOR_CHANGES + np.isfinite(figures).sum() - 1
    logarithms, squares = np.empty(len(RATIOS)), np.empty(len(RATIOS))
    for at, ratio in enumerate(RATIOS):
        determinant, residual = _restricted(figures, ratio)
        squares[at] = PRIOR_CHANGES * typical_change**2 + residual
        logarithms[at] = -determinant / 2 - freedom / 2 * np.log(squares[at])
    weights = np.exp(logarithms - logarithms.max())
    drawn = np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(draw_count)).clip(max=len(RATIOS) - 1)
    return LevelParameters(RATIOS[drawn], np.sqrt(squares[drawn] / rng.chisquare(freedom, draw_count)))


def draw_walk_parameters(
    changes: np.ndarray, *, typical_change: float, draw_count: int, rng: np.random.Generator
) -> LevelParameters:
    """Return draws of the parameters of a random walk without noise, from changes seen.

    Parameters
    ----------
    changes : np.ndarray
        Changes over one period, in the unit of the figures.
    typical_change : float
        As for `draw_parameters`.
    draw_count : int
        Draws, S.
    rng : np.random.Generator
        Source of the random numbers.
    """
    square = PRIOR_CHANGES * typical_change**2 + np.sum(changes**2)
    change = np.sqrt(square / rng.chisquare(PRIOR_CHANGES + len(changes), draw_count))
    return LevelParameters(np.ones(draw_count), change)


def log_likelihood(figures: np.ndarray, *, ratio: float, change: float) -> float:
    """Return the log-likelihood of the figures with a flat first level, up to a constant.

    Parameters
    ----------
    figures : np.ndarray, shape (T,)
        As for `draw_parameters`.
    ratio, change : float
        See `LevelParameters`.
    """
    determinant, residual = _restricted(figures, ratio)
    freedom = np.isfinite(figures).sum() - 1
    return float(-(determinant + residual / change**2) / 2 - freedom * np.log(change))


def draw_paths(figures: np.ndarray, parameters: LevelParameters, shocks: np.ndarray) -> np.ndarray:
    """Return joint draws of the figures of all periods, (T, S), those that are known unchanged.

    Parameters
    ----------
    figures : np.ndarray, shape (T,)
        As for `draw_parameters`; periods to come are missing ones at the end.
    parameters : LevelParameters
        Parameters in each draw.
    shocks : np.ndarray, shape (2, T, S)
        Standard normal numbers: of the level's steps and of the noise.

    References
    ----------
    Hoffman, Y. and Ribak, E. (1991), "Constrained realizations of Gaussian fields": draw without the data, then
    correct by the expectation of the error.
    """
    known = np.flatnonzero(np.isfinite(figures))
    level, noise = _weights(parameters.ratio)
    paths = np.cumsum(level * shocks[0], axis=0) + noise * shocks[1]
    times = np.arange(1.0, len(figures) + 1)
    for ratio in np.unique(parameters.ratio):
        drawn = np.flatnonzero(parameters.ratio == ratio)
        step, own = (weight**2 for weight in _weights(ratio))
        covariance = step * np.minimum.outer(times, times[known])
        covariance[known, np.arange(len(known))] += own
        factor = cho_factor(covariance[known], lower=True)
        start = cho_solve(factor, np.ones(len(known)))
        error = figures[known, None] / parameters.change[drawn] - paths[np.ix_(known, drawn)]
        first = start @ error / start.sum()
        paths[:, drawn] += first + covariance @ cho_solve(factor, error - first)
    paths *= parameters.change
    paths[known] = figures[known, None]
    return np.asarray(paths)


def _weights(ratio: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the standard deviations of step and noise that make a change of two neighbours one of variance 1."""
    return np.sqrt(ratio / (2 - np.asarray(ratio))), np.sqrt((1 - np.asarray(ratio)) / (2 - np.asarray(ratio)))


def _restricted(figures: np.ndarray, ratio: float) -> tuple[float, float]:
    """Return the log-determinant and the residual square of the restricted likelihood, for changes of variance 1."""
    known = np.flatnonzero(np.isfinite(figures))
    times = known - known[0] + 1.0
    step, own = (weight**2 for weight in _weights(ratio))
    factor = cho_factor(step * np.minimum.outer(times, times) + own * np.eye(len(known)), lower=True)
    start = cho_solve(factor, np.ones(len(known)))
    error = figures[known] - start @ figures[known] / start.sum()
    determinant = 2 * np.log(np.diag(factor[0])).sum() + np.log(start.sum())
    return float(determinant), float(error @ cho_solve(factor, error))
