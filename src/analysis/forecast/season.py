"""Seasonal effects that many short series share, with room for a series to differ where its own record says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TREND_DEGREE = 2
"""Degree of the polynomial each series' own trend is given before a month is compared with the others."""

YEARS_FOR_SEASON = 1.5
"""Years below which season and trend cannot be told apart, and no season is estimated."""

YEARS_FOR_DEVIATION = 2.0
"""Years from which a series may deviate from the pooled season: each month has then been seen twice."""

CHI_SQUARE_MEDIAN = 0.455
"""Median of a chi-square variable with one degree of freedom: turns a median square into a variance."""


@dataclass(frozen=True, eq=False)
class Season:
    """Additive seasonal effects on the link scale.

    Attributes
    ----------
    effects : np.ndarray, shape (U, P)
        Effect of each of the P phases of the year on each series.
    regressor_effect : float
        Effect of one unit of the regressor (for the Tết share, of a whole window), common to all series.
    """

    effects: np.ndarray
    regressor_effect: float

    def at(self, phase: np.ndarray, regressor: np.ndarray | None = None) -> np.ndarray:
        """Return the effects (U, len(phase)) in given phases of the year, with the regressor's where it is known."""
        moving = 0.0 if regressor is None else self.regressor_effect * regressor
        return self.effects[:, phase] + moving


def estimate_season(
    y: np.ndarray, variance: np.ndarray, phase: np.ndarray, season_length: int, regressor: np.ndarray | None = None
) -> Season:
    """Return pooled seasonal effects, each series' deviations shrunk towards them by empirical Bayes.

    Every series loses a quadratic trend of its own (by projection, so the trend costs the season nothing but
    degrees of freedom); what is left is regressed on the phases of the year and the regressor over all series at
    once. With two years or more, a series' own residual effect per phase is added, multiplied by the share of its
    variance that is not noise.

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

    Returns
    -------
    Season
        All zero below ``YEARS_FOR_SEASON`` years or when no series is long enough.
    """
    U, T = y.shape
    P = season_length
    none = Season(np.zeros((U, P)), 0.0)
    if T < YEARS_FOR_SEASON * P:
        return none
    weight = np.where(np.isfinite(variance), 1 / (np.nan_to_num(variance, nan=1.0) + 0.01), 0.0)
    regressors = np.eye(P)[phase]
    if regressor is not None:
        regressors = np.column_stack([regressors, regressor])
    trend = np.vander(np.linspace(-1, 1, T), TREND_DEGREE + 1)
    pieces = {u: _detrended(y[u], weight[u], regressors, trend) for u in range(U) if _long_enough(y[u])}
    if not pieces:
        return none
    coefficients = _pooled_regression(list(pieces.values()))
    effects = np.tile(coefficients[:P] - coefficients[:P].mean(), (U, 1))
    if T >= YEARS_FOR_DEVIATION * P:
        effects[list(pieces)] += _shrunk_deviations(list(pieces.values()), coefficients, P)
    return Season(effects, 0.0 if regressor is None else float(coefficients[P]))


def _long_enough(y: np.ndarray) -> bool:
    return int(np.isfinite(y).sum()) >= TREND_DEGREE + 4


def _detrended(
    y: np.ndarray, weight: np.ndarray, regressors: np.ndarray, trend: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted regressors and observations of one series with its trend projected out."""
    seen = np.isfinite(y)
    root = np.sqrt(weight[seen])
    basis, _ = np.linalg.qr(trend[seen] * root[:, None])
    X, z = regressors[seen] * root[:, None], y[seen] * root
    return X - basis @ (basis.T @ X), z - basis @ (basis.T @ z)


def _pooled_regression(pieces: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    cross = sum(X.T @ X for X, _ in pieces)
    moment = sum(X.T @ z for X, z in pieces)
    # the trend holds the constant, so the phases alone are singular: a ridge far below the data's weight settles it
    ridge = 1e-3 * max(np.trace(cross) / len(cross), 1e-6)
    return np.linalg.lstsq(cross + ridge * np.eye(len(cross)), moment, rcond=None)[0]


def _shrunk_deviations(
    pieces: list[tuple[np.ndarray, np.ndarray]], coefficients: np.ndarray, season_length: int
) -> np.ndarray:
    """Return each series' own seasonal deviations, times the estimated share of them that is signal."""
    deviation, noise = np.empty((2, len(pieces), season_length))
    for row, (X, z) in enumerate(pieces):
        residual = z - X @ coefficients
        phases = X[:, :season_length]
        strength = np.maximum((phases**2).sum(axis=0), 1e-9)
        deviation[row] = phases.T @ residual / strength
        noise[row] = residual @ residual / max(len(residual) - season_length - 3, 3) / strength
    # medians, because one agency with a campaign every June must not free all others to have one
    signal = max(float(np.median(deviation**2)) / CHI_SQUARE_MEDIAN - float(np.median(noise)), 0.0)
    return deviation * signal / np.maximum(signal + noise, 1e-300)
