"""The state equation of ``BinomLLT`` run forward for thousands of draws, each with parameters of its own.

statsmodels simulates one set of parameters at a time, and every draw here has its own. What is expected depends on the
grid point alone, so it is worked out once per point; each draw adds its deviation. The two together are
``simulate(anchor="end")``, and a test holds them equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln

from analysis.forecast.model import INITIAL_LEVEL_VARIANCE, INITIAL_LEVEL_WINDOW


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
    """Return deviations (2, S) of level and slope at the origin, given filtered variances and covariance (S,).

    The covariances may be singular: a member of the grid without a slope knows it to be zero.

    Parameters
    ----------
    level_variance, covariance, slope_variance : np.ndarray, shape (S,)
        Filtered moments; see `filtering.GridFit`.
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
    """Return by how much the level (h, S) deviates from what is expected in each period after the origin.

    Parameters
    ----------
    initial : np.ndarray, shape (2, S)
        Deviations of level and slope at the origin.
    rho : np.ndarray, shape (S,)
        Damping of the slope, per draw.
    level_shocks, slope_shocks : np.ndarray, shape (h, S)
        Innovations arriving at each period, in their own units.
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


SCORE_FREEDOM = 6.0
"""Degrees of freedom of the Student density that scores a one-step error: one policy step must not decide alone."""

CELLS_AT_ONCE = 10_000
"""Series times grid points in one block: a dozen such arrays stay in the processor's cache."""

PERIODS_PER_LOGARITHM = 8
"""Densities multiplied before a logarithm is taken: far from overflow, and an eighth of the cost."""

_UNSEEN = 1e300
"""Observation variance of a period without observation: it leaves every state as it is."""


@dataclass(frozen=True, eq=False)
class GridFit:
    """Every series filtered at every grid point.

    Attributes
    ----------
    log_scores : np.ndarray, shape (U, G)
        Sum of the log Student densities of the one-step errors; higher is better.
    log_likelihood : np.ndarray, shape (U, G)
        Their Gaussian log density, as ``BinomLLT.loglike`` has it.
    level, slope : np.ndarray, shape (U, G)
        Filtered means of the states at the origin.
    level_variance, covariance, slope_variance : np.ndarray, shape (U, G)
        Their variances and covariance.
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
    """Return scores and origin states of every series at every grid point.

    The state is updated as a Gaussian filter does; only the *score* has Student tails, of the variance the filter
    claims. (Bounding the update itself treats a lasting policy step as an outlier and nearly doubled the error on real
    panels.) The first observed value of a series is not scored.

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


def _filter_block(
    y: np.ndarray, variance: np.ndarray, grid: np.ndarray, pooled_drift: float, breaks: np.ndarray
) -> tuple[np.ndarray, ...]:
    T, shape = y.shape[1], (len(y), len(grid))
    rho, kappa, level_sd, slope_sd, excess_sd, slope_start = (column[None, :] for column in grid.T)
    drift = kappa * pooled_drift
    level_step, slope_step, excess, damped = level_sd**2, slope_sd**2, excess_sd**2, drift * (1 - rho)
    seen = np.isfinite(y)
    values = np.where(seen, y, 0.0)
    noise = np.where(seen, variance, _UNSEEN)
    scored = seen & (np.cumsum(seen, axis=1) > 1)

    mean, slope = np.repeat(_initial_levels(y)[:, None], shape[1], axis=1), np.broadcast_to(drift, shape).copy()
    p11, p12 = np.full(shape, INITIAL_LEVEL_VARIANCE), np.zeros(shape)
    p22 = np.broadcast_to(slope_start, shape).copy()
    F, error, gain, share, square, scratch = (np.empty(shape) for _ in range(6))
    variances, tails = np.ones(shape), np.ones(shape)
    log_variances, log_tails, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for t in range(T):
        if t:  # the step from the period before
            mean += slope
            slope *= rho
            slope += damped
            p11 += p12
            p11 += p12
            p11 += p22
            p11 += level_step + breaks[t]
            p12 += p22
            p12 *= rho
            p22 *= rho
            p22 *= rho
            p22 += slope_step
        np.add(p11, noise[:, t, None], out=F)
        F += excess
        np.subtract(values[:, t, None], mean, out=error)
        np.divide(1.0, F, out=scratch)
        if scored[:, t].any():
            np.multiply(error, error, out=square)
            square *= scratch
            counts: Any = True if scored[:, t].all() else scored[:, t, None]
            np.add(squares, square, out=squares, where=counts)
            square /= SCORE_FREEDOM - 2
            square += 1.0
            np.multiply(tails, square, out=tails, where=counts)
            np.multiply(variances, F, out=variances, where=counts)
        np.multiply(p11, scratch, out=gain)
        np.multiply(p12, scratch, out=share)
        np.multiply(gain, error, out=scratch)
        mean += scratch
        error *= share
        slope += error
        share *= p12
        p22 -= share
        np.multiply(gain, p12, out=scratch)
        p12 -= scratch
        gain *= p11
        p11 -= gain
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
    """Return the median of each series' first observed values, as ``BinomLLT`` starts from; 0 where there are none."""
    levels = np.zeros(len(y))
    seen = np.isfinite(y)
    first = seen & (np.cumsum(seen, axis=1) <= INITIAL_LEVEL_WINDOW)
    some = first.any(axis=1)
    levels[some] = np.nanmedian(np.where(first[some], y[some], np.nan), axis=1)
    return levels
