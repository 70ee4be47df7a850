"""The recursions of ``BinomLLT`` for whole panels: filter every series at every grid point, simulate every draw.

statsmodels filters and simulates one series with one set of parameters at a time. `filter_grid` filters all series at
all grid points at once; the log-likelihood equals statsmodels'. The simulation gives every draw its own grid point: the
expected level depends on the grid point alone and is computed once per point, and each draw adds its deviation from it.
The sum equals ``simulate(anchor="end")``. Tests check both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln

from analysis.forecast.model import INITIAL_LEVEL_VARIANCE, INITIAL_LEVEL_WINDOW

SCORE_FREEDOM = 6.0
"""Degrees of freedom of the Student density that scores a one-step error: no single policy step decides alone."""

CELLS_AT_ONCE = 10_000
"""Series times grid points in one block: a dozen such arrays fit into the processor's cache."""

PERIODS_PER_LOGARITHM = 8
"""Densities multiplied before a logarithm is taken: far from overflow, and an eighth of the cost."""

_MISSING_VARIANCE = 1e300
"""Observation variance of a period without an observation: it leaves every state unchanged."""


@dataclass(frozen=True, eq=False)
class GridFit:
    """Scores and filtered states of every series at every grid point.

    Attributes
    ----------
    log_scores : np.ndarray, shape (U, G)
        Sum of the log Student densities of the one-step errors; higher is better.
    log_likelihood : np.ndarray, shape (U, G)
        Sum of their Gaussian log densities, as ``BinomLLT.loglike`` returns it.
    level, slope : np.ndarray, shape (U, G)
        Filtered means of the states at the origin.
    level_variance, covariance, slope_variance : np.ndarray, shape (U, G)
        Filtered variances of the states and their covariance.
    """

    log_scores: np.ndarray
    log_likelihood: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    level_variance: np.ndarray
    covariance: np.ndarray
    slope_variance: np.ndarray


def filter_grid(
    y: np.ndarray,
    variance: np.ndarray,
    grid: np.ndarray,
    *,
    pooled_drift: float = 0.0,
    break_variance: np.ndarray | None = None,
) -> GridFit:
    """Return the scores and filtered states of every series at every grid point.

    The states are updated by the Gaussian filter; only the *score* has Student tails, scaled to the innovation variance
    of the filter. (Bounding the update itself treats a lasting policy step as an outlier and nearly doubled the error
    on real panels.) The first observed value of a series is not scored.

    Parameters
    ----------
    y, variance : np.ndarray, shape (U, T)
        Observations on the link scale, season removed, and their known variances; NaN where missing.
    grid : np.ndarray, shape (G, 6)
        Hyper-parameter points, columns as ``BinomLLT.param_names``.
    pooled_drift : float, default 0
        Change per period common to all series.
    break_variance : np.ndarray, shape (T,), optional
        Extra level variance arriving at each period.
    """
    (U, T), G = y.shape, len(grid)
    breaks = np.zeros(T) if break_variance is None else break_variance
    out = np.empty((7, U, G))
    step = max(1, CELLS_AT_ONCE // G)
    for start in range(0, U, step):
        rows = slice(start, start + step)
        out[:, rows] = _filter_block(y[rows], variance[rows], grid, pooled_drift, breaks)
    return GridFit(*out)


def one_step_forecasts(
    y: np.ndarray,
    variance: np.ndarray,
    points: np.ndarray,
    *,
    pooled_drift: float = 0.0,
    break_variance: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the forecast (U, T) of each period's level from the periods before it, and its variance (U, T).

    Parameters
    ----------
    y, variance : np.ndarray, shape (U, T)
        As for `filter_grid`.
    points : np.ndarray, shape (U, 6)
        One hyper-parameter point per series.
    pooled_drift : float, default 0
        Change per period common to all series.
    break_variance : np.ndarray, shape (T,), optional
        Extra level variance arriving at each period. A period's own is not in its variance: what is returned is what
        the filter would claim of that period without knowing of the break.
    """
    U, T = y.shape
    breaks = np.zeros(T) if break_variance is None else break_variance
    rho, kappa, level_sd, slope_sd, excess_sd, initial_slope_variance = points.T
    drift = kappa * pooled_drift
    mean, slope = _initial_levels(y), drift.copy()
    p11, p12, p22 = np.full(U, INITIAL_LEVEL_VARIANCE), np.zeros(U), initial_slope_variance.copy()
    means, variances = np.empty((U, T)), np.empty((U, T))
    for t in range(T):
        if t:
            mean, slope = mean + slope, drift + rho * (slope - drift)
            p11, p12, p22 = p11 + 2 * p12 + p22 + level_sd**2, rho * (p12 + p22), rho**2 * p22 + slope_sd**2
        means[:, t], variances[:, t] = mean, p11
        p11 = p11 + (breaks[t] if t else 0.0)
        observed = np.isfinite(y[:, t])
        F = p11 + np.where(observed, variance[:, t], _MISSING_VARIANCE) + excess_sd**2
        innovation = np.where(observed, y[:, t] - mean, 0.0)
        level_gain, slope_gain = p11 / F, p12 / F
        mean, slope = mean + level_gain * innovation, slope + slope_gain * innovation
        p11, p12, p22 = p11 - level_gain * p11, p12 - level_gain * p12, p22 - slope_gain * p12
    return means, variances


def expected_levels(
    level: np.ndarray, slope: np.ndarray, rho: np.ndarray, drift: np.ndarray, horizon: int
) -> np.ndarray:
    """Return the expected level (h, G) in each of the h periods after the origin.

    Parameters
    ----------
    level, slope : np.ndarray, shape (G,)
        Filtered means at the origin.
    rho, drift : np.ndarray, shape (G,)
        Damping of the slope and the drift it returns to.
    horizon : int
        Periods, h.
    """
    ahead = np.arange(horizon)[:, None]
    return np.asarray(level + (ahead + 1) * drift + (slope - drift) * np.cumsum(rho**ahead, axis=0))


def initial_deviations(
    level_variance: np.ndarray, covariance: np.ndarray, slope_variance: np.ndarray, normal: np.ndarray
) -> np.ndarray:
    """Return deviations (2, S) of level and slope at the origin from their filtered means.

    The covariance matrices may be singular: at a grid point without a slope, the slope is known to be zero.

    Parameters
    ----------
    level_variance, covariance, slope_variance : np.ndarray, shape (S,)
        Filtered variances and covariance of each draw's grid point; see `GridFit`.
    normal : np.ndarray, shape (2, S)
        Independent standard normal shocks.
    """
    level_deviation = np.sqrt(np.maximum(level_variance, 1e-12))
    slope_on_level = covariance / level_deviation
    slope_deviation = np.sqrt(np.maximum(slope_variance - slope_on_level**2, 0.0))
    return np.stack([level_deviation * normal[0], slope_on_level * normal[0] + slope_deviation * normal[1]])


def level_deviations(
    initial: np.ndarray, rho: np.ndarray, level_shocks: np.ndarray, slope_shocks: np.ndarray
) -> np.ndarray:
    """Return the deviation (h, S) of the level from its expectation in each period after the origin.

    Parameters
    ----------
    initial : np.ndarray, shape (2, S)
        Deviations of level and slope at the origin.
    rho : np.ndarray, shape (S,)
        Damping of the slope, per draw.
    level_shocks, slope_shocks : np.ndarray, shape (h, S)
        Innovations arriving at each period, on the link scale.
    """
    level, slope = initial
    paths = level_shocks.copy()
    for path, slope_shock in zip(paths, slope_shocks, strict=True):
        path += level
        path += slope
        level = path
        slope = rho * slope
        slope += slope_shock
    return paths


def _filter_block(
    y: np.ndarray, variance: np.ndarray, grid: np.ndarray, pooled_drift: float, breaks: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return the fields of `GridFit` for some series, in their order; the arrays are updated in place to save time."""
    T, shape = y.shape[1], (len(y), len(grid))
    rho, kappa, level_sd, slope_sd, excess_sd, initial_slope_variance = (column[None, :] for column in grid.T)
    drift = kappa * pooled_drift
    level_innovation_variance, slope_innovation_variance, excess = level_sd**2, slope_sd**2, excess_sd**2
    slope_intercept = drift * (1 - rho)
    observed = np.isfinite(y)
    values = np.where(observed, y, 0.0)
    observation_variance = np.where(observed, variance, _MISSING_VARIANCE)
    scored = observed & (np.cumsum(observed, axis=1) > 1)

    mean, slope = np.repeat(_initial_levels(y)[:, None], shape[1], axis=1), np.broadcast_to(drift, shape).copy()
    p11, p12 = np.full(shape, INITIAL_LEVEL_VARIANCE), np.zeros(shape)
    p22 = np.broadcast_to(initial_slope_variance, shape).copy()
    F, innovation, level_gain, slope_gain, square, scratch = (np.empty(shape) for _ in range(6))
    variances, tails = np.ones(shape), np.ones(shape)
    log_variances, log_tails, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for t in range(T):
        if t:  # prediction: the state equation from the period before
            mean += slope
            slope *= rho
            slope += slope_intercept
            p11 += p12
            p11 += p12
            p11 += p22
            p11 += level_innovation_variance + breaks[t]
            p12 += p22
            p12 *= rho
            p22 *= rho
            p22 *= rho
            p22 += slope_innovation_variance
        # innovation and its variance F
        np.add(p11, observation_variance[:, t, None], out=F)
        F += excess
        np.subtract(values[:, t, None], mean, out=innovation)
        np.divide(1.0, F, out=scratch)
        if scored[:, t].any():
            np.multiply(innovation, innovation, out=square)
            square *= scratch
            scored_here: Any = True if scored[:, t].all() else scored[:, t, None]
            np.add(squares, square, out=squares, where=scored_here)
            square /= SCORE_FREEDOM - 2
            square += 1.0
            np.multiply(tails, square, out=tails, where=scored_here)
            np.multiply(variances, F, out=variances, where=scored_here)
        # update: Kalman gains of level and slope, then means and covariances
        np.multiply(p11, scratch, out=level_gain)
        np.multiply(p12, scratch, out=slope_gain)
        np.multiply(level_gain, innovation, out=scratch)
        mean += scratch
        innovation *= slope_gain
        slope += innovation
        slope_gain *= p12
        p22 -= slope_gain
        np.multiply(level_gain, p12, out=scratch)
        p12 -= scratch
        level_gain *= p11
        p11 -= level_gain
        if t % PERIODS_PER_LOGARITHM == PERIODS_PER_LOGARITHM - 1 or t == T - 1:
            for product, total in ((variances, log_variances), (tails, log_tails)):
                np.log(product, out=product)
                total += product
                product.fill(1.0)

    n = scored.sum(axis=1)[:, None]
    nu = SCORE_FREEDOM
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log((nu - 2) * np.pi)
    scores = n * constant - 0.5 * log_variances - (nu + 1) / 2 * log_tails
    likelihood = -0.5 * (n * np.log(2 * np.pi) + log_variances + squares)
    return scores, likelihood, mean, slope, p11, p12, p22


def _initial_levels(y: np.ndarray) -> np.ndarray:
    """Return each series' initial level as ``BinomLLT`` has it: the median of its first values; 0 without any."""
    levels = np.zeros(len(y))
    observed = np.isfinite(y)
    first = observed & (np.cumsum(observed, axis=1) <= INITIAL_LEVEL_WINDOW)
    some = first.any(axis=1)
    levels[some] = np.nanmedian(np.where(first[some], y[some], np.nan), axis=1)
    return levels
