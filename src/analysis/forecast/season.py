"""Seasonal effects that many short series share, with room for a series to differ where its own record says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TREND_DEGREE = 2
"""Degree of the polynomial each series' own trend is given before a month is compared with the others."""

YEARS_FOR_SEASON = 1.5
"""Years below which season and trend cannot be told apart, and no season is estimated."""

YEARS_FOR_DEVIATION = 2.0
"""Years from which a series may deviate from the pooled season: each month has then been seen twice."""

OWN_SHARE = 0.5
"""Weight of a series' own estimate of how large its deviations are; the panel's median has the rest."""

SERIES_AT_ONCE = 500
"""Series detrended together, so that memory does not grow with the panel."""


@dataclass(frozen=True, eq=False)
class Season:
    """Additive seasonal effects on the link scale.

    Attributes
    ----------
    effects, deviations : np.ndarray, shape (U, P)
        Effect of each of the P phases of the year on each series, and the standard deviation of its error.
    regressor_effect : float
        Effect of one unit of the regressor (for the Tết share, of a whole window), common to all series.
    """

    effects: np.ndarray
    deviations: np.ndarray
    regressor_effect: float

    def at(self, phase: np.ndarray, regressor: np.ndarray | None = None) -> np.ndarray:
        """Return the effects (U, len(phase)) in given phases of the year, with the regressor's where it is known."""
        moving = 0.0 if regressor is None else self.regressor_effect * regressor
        return self.effects[:, phase] + moving


def estimate_season(
    y: np.ndarray,
    variance: np.ndarray,
    phase: np.ndarray,
    season_length: int,
    regressor: np.ndarray | None = None,
    steps: Sequence[int] = (),
) -> Season:
    """Return pooled seasonal effects, each series' deviations shrunk towards them by empirical Bayes.

    Every series loses a quadratic trend of its own (by projection, so the trend costs the season nothing but
    degrees of freedom); what is left is regressed on the phases of the year and the regressor over all series at
    once. With two years or more, a series' own residual effect per phase is added, multiplied by the share of its
    variance that is not noise. That variance is the series' own, drawn towards the panel's median one: an agency with
    a campaign every June frees itself, not all others.

    Parameters
    ----------
    y, variance : np.ndarray, shape (U, T)
        Observations on the link scale and their known variances; NaN where missing.
    phase : np.ndarray of int, shape (T,)
        Phase of the year, 0 to P - 1.
    season_length : int
        P: 12 or 4.
    regressor : np.ndarray, shape (T,), optional
        A moving holiday's share of each period.
    steps : sequence of int, optional
        Periods at which a known break may have moved every series' level: a step taken for a season would come back
        every year.

    Returns
    -------
    Season
        All zero below ``YEARS_FOR_SEASON`` years or when no series is long enough.
    """
    U, T = y.shape
    P = season_length
    long_enough = np.flatnonzero(np.isfinite(y).sum(axis=1) >= TREND_DEGREE + 4)
    if T < YEARS_FOR_SEASON * P or not len(long_enough):
        return Season(np.zeros((U, P)), np.zeros((U, P)), 0.0)
    weight = np.where(np.isfinite(y), 1 / (np.nan_to_num(variance, nan=1.0) + 0.01), 0.0)
    regressors = np.eye(P)[phase]
    if regressor is not None:
        regressors = np.column_stack([regressors, regressor])
    trend = np.vander(np.linspace(-1, 1, T), TREND_DEGREE + 1)
    trend = np.column_stack([trend, *(np.arange(T) >= step for step in steps)])
    blocks = [long_enough[start : start + SERIES_AT_ONCE] for start in range(0, len(long_enough), SERIES_AT_ONCE)]

    def detrended(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _detrended(np.nan_to_num(y[rows]), weight[rows], regressors, trend)

    size = regressors.shape[1]
    cross, moment, squares, count = np.zeros((size, size)), np.zeros(size), 0.0, 0
    for rows in blocks:
        X, z = detrended(rows)
        cross += np.einsum("uti,utj->ij", X, X, optimize=True)
        moment += np.einsum("uti,ut->i", X, z, optimize=True)
        squares += float((z**2).sum())
        count += int((weight[rows] > 0).sum()) - len(rows) * trend.shape[1]
    # the trend holds the constant, so the phases alone are singular: a ridge far below the data's weight settles it
    cross += 1e-3 * max(np.trace(cross) / size, 1e-6) * np.eye(size)
    coefficients = np.linalg.lstsq(cross, moment, rcond=None)[0]
    noise = max(squares - float(coefficients @ moment), 0.0) / max(count - size, 1)
    effects = np.tile(coefficients[:P] - coefficients[:P].mean(), (U, 1))
    error = np.tile(noise / np.maximum(np.diag(cross)[:P], 1e-9), (U, 1))
    if T >= YEARS_FOR_DEVIATION * P:
        residuals = [_residuals(*detrended(rows), coefficients, P) for rows in blocks]
        signal = _signal(*(np.concatenate([one[part] for one in residuals]) for part in (2, 3)))
        start = 0
        for rows, (phases, residual, _, scale) in zip(blocks, residuals, strict=True):
            mine = slice(start, start + len(rows))
            own, own_error = _posterior(phases, residual, scale, signal[mine])
            effects[rows] += own
            error[rows] += own_error
            start += len(rows)
    return Season(effects, np.sqrt(error), 0.0 if regressor is None else float(coefficients[P]))


def _detrended(
    y: np.ndarray, weight: np.ndarray, regressors: np.ndarray, trend: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted regressors (u, T, k) and observations (u, T) of each series with its trend projected out."""
    root = np.sqrt(weight)
    basis = np.linalg.qr(trend * root[:, :, None])[0]
    X, z = regressors * root[:, :, None], y * root
    X = X - basis @ (basis.swapaxes(1, 2) @ X)
    z = z - (basis @ (basis.swapaxes(1, 2) @ z[:, :, None]))[:, :, 0]
    return X, z


def _residuals(
    X: np.ndarray, z: np.ndarray, coefficients: np.ndarray, season_length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what the pooled season leaves of each series: its cross products and what they would estimate.

    Returns
    -------
    tuple of np.ndarray
        ``H'H`` (u, P, P) and ``H'e`` (u, P) of the phases H and the residual e; the mean square (u,) of the series'
        own deviations less what noise puts into it; and the noise variance (u,) of an observation of weight 1.
    """
    P = season_length
    residual = z - X @ coefficients
    phases = X[:, :, :P]
    cross, moment = phases.swapaxes(1, 2) @ phases, np.einsum("utp,ut->up", phases, residual)
    strength = np.maximum(np.einsum("upp->up", cross), 1e-9)
    # projecting out a constant leaves (P - 1)/P of a phase's weight on its diagonal
    deviation = moment / strength * (P - 1) / P
    left = residual - np.einsum("utp,up->ut", phases, deviation)
    freedom = np.maximum((z != 0).sum(axis=1) - TREND_DEGREE - P, 3)
    scale = np.maximum((left**2).sum(axis=1) / freedom, 1e-12)
    excess = (deviation**2 - scale[:, None] / strength).mean(axis=1)
    return cross, moment, excess, scale


def _signal(excess: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the variance (u,) of each series' deviations: its own estimate, drawn towards the panel's median."""
    panel = max(float(np.median(excess)), 0.0)
    return np.asarray(OWN_SHARE * np.maximum(excess, 0.0) + (1 - OWN_SHARE) * panel + 1e-9 * scale)


def _posterior(
    cross: np.ndarray, moment: np.ndarray, scale: np.ndarray, signal: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior mean and variance (u, P) of deviations with prior variance `signal`."""
    precision = cross / scale[:, None, None] + np.eye(cross.shape[1]) / signal[:, None, None]
    covariance = np.linalg.inv(precision)
    mean = np.einsum("upq,uq->up", covariance, moment / scale[:, None])
    return mean, np.einsum("upp->up", covariance)
