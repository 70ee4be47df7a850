"""Seasonal effects pooled over many short series, with a deviation of a series' own where its record supports one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TREND_DEGREE = 2
"""Degree of the polynomial trend removed from each series before the seasonal effects are estimated."""

YEARS_FOR_SEASON = 1.0
"""Years below which no season is estimated: a phase that was never observed has no effect to estimate."""

YEARS_FOR_CURVE = 1.5
"""Years below which most phases were observed once, so that a season and a curved trend cannot be told apart."""

ONE_YEAR_MOVES = 0.2
"""Standard deviation (logits or logs) of what moves all series of a panel within one year and is no season. Below
`YEARS_FOR_CURVE` years the two cannot be told apart, and effects are believed by how much larger they are."""

YEARS_FOR_DEVIATION = 2.0
"""Years from which a series may deviate from the pooled season: each month has then been observed twice."""

OWN_SHARE = 0.5
"""Weight of a series' own estimate in the prior variance of its deviations; the panel's median has the rest."""

SERIES_AT_ONCE = 500
"""Series in one block, so that memory does not grow with the panel."""


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
        """Return the effects (U, n) in given phases of the year, plus the regressor's.

        Parameters
        ----------
        phase : np.ndarray of int, shape (n,)
            Phases of the year, 0 to P - 1.
        regressor : np.ndarray, shape (n,), optional
            A moving holiday's share of each period.
        """
        moving = 0.0 if regressor is None else self.regressor_effect * regressor
        return self.effects[:, phase] + moving


def estimate_season(
    y: np.ndarray,
    variance: np.ndarray,
    phase: np.ndarray,
    season_length: int,
    regressor: np.ndarray | None = None,
    steps: Sequence[int] = (),
    peers: np.ndarray | None = None,
) -> Season:
    """Return pooled seasonal effects plus each series' own deviations from them, shrunk by empirical Bayes.

    A quadratic trend is projected out of each series (which costs the season only degrees of freedom), and the
    residuals of all series together are regressed on the phases of the year and the regressor. Below
    `YEARS_FOR_CURVE` years the trend is a line (of one year alone, its mean), and effects of variance A² are multiplied
    by A² / (A² + `ONE_YEAR_MOVES`²), the regressor's with them. With two years or more, each series' own residual
    effect per phase is added as a posterior mean under a normal prior around zero. The prior variance is the mean of
    the series' own estimate and the panel's median: an agency with a campaign every June deviates by itself and does
    not widen the prior of all others.

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
        Periods at which a known break may have moved every series' level. They are removed with the trend, because a
        step mistaken for a season would be forecast to return every year.
    peers : np.ndarray of bool, shape (U,), optional
        Series from which the pooled effects and the prior of the deviations are learnt; all by default. The others
        take both from them, and may deviate like them.

    Returns
    -------
    Season
        All effects are zero below ``YEARS_FOR_SEASON`` years or when no series is long enough.
    """
    U, T = y.shape
    P = season_length
    long_enough = np.isfinite(y).sum(axis=1) >= TREND_DEGREE + 4
    of_peers = long_enough if peers is None else long_enough & peers
    if T < YEARS_FOR_SEASON * P or not of_peers.any():
        return Season(np.zeros((U, P)), np.zeros((U, P)), 0.0)
    weight = np.where(np.isfinite(y), 1 / (np.nan_to_num(variance, nan=1.0) + 0.01), 0.0)
    regressors = np.eye(P)[phase]
    if regressor is not None:
        regressors = np.column_stack([regressors, regressor])
    short = T < YEARS_FOR_CURVE * P
    # without a phase that was seen twice, nothing tells a slope from a season
    trend = np.vander(np.linspace(-1, 1, T), (int(T > P) if short else TREND_DEGREE) + 1)
    trend = np.column_stack([trend, *(np.arange(T) >= step for step in steps)])
    blocks, other_blocks = _blocks(of_peers), _blocks(long_enough & ~of_peers)

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
    # the trend includes the constant, which makes the phases collinear: a ridge far below the data's weight solves it
    cross += 1e-3 * max(np.trace(cross) / size, 1e-6) * np.eye(size)
    coefficients = np.linalg.lstsq(cross, moment, rcond=None)[0]
    noise = max(squares - float(coefficients @ moment), 0.0) / max(count - size, 1)
    if short:
        size = float(np.var(coefficients[:P]))
        coefficients = size / (size + ONE_YEAR_MOVES**2) * coefficients
    effects = np.tile(coefficients[:P] - coefficients[:P].mean(), (U, 1))
    error = np.tile(noise / np.maximum(np.diag(cross)[:P], 1e-9), (U, 1))
    if T >= YEARS_FOR_DEVIATION * P:
        residuals = [_residuals(*detrended(rows), coefficients, P) for rows in blocks + other_blocks]
        usual = max(float(np.median(np.concatenate([excess for _, _, excess, _ in residuals[: len(blocks)]]))), 0.0)
        for rows, (phases, moments, excess, scale) in zip(blocks + other_blocks, residuals, strict=True):
            own, own_error = _posterior(phases, moments, scale, _prior_variance(excess, scale, usual))
            effects[rows] += own
            error[rows] += own_error
    return Season(effects, np.sqrt(error), 0.0 if regressor is None else float(coefficients[P]))


def _blocks(wanted: np.ndarray) -> list[np.ndarray]:
    """Return the rows of the wanted series, `SERIES_AT_ONCE` of them in a block."""
    rows = np.flatnonzero(wanted)
    return [rows[start : start + SERIES_AT_ONCE] for start in range(0, len(rows), SERIES_AT_ONCE)]


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
    """Return the statistics of each series' residuals from the pooled season.

    Returns
    -------
    tuple of np.ndarray
        ``H'H`` (u, P, P) and ``H'e`` (u, P) of the phases H and the residuals e; the mean square (u,) of the series'
        own deviations less its expectation under noise alone; and the noise variance (u,) at weight 1.
    """
    P = season_length
    residual = z - X @ coefficients
    phases = X[:, :, :P]
    cross, moment = phases.swapaxes(1, 2) @ phases, np.einsum("utp,ut->up", phases, residual)
    strength = np.maximum(np.einsum("upp->up", cross), 1e-9)
    # projecting out the constant leaves (P - 1)/P of a phase's weight on the diagonal
    deviation = moment / strength * (P - 1) / P
    noise = residual - np.einsum("utp,up->ut", phases, deviation)
    freedom = np.maximum((z != 0).sum(axis=1) - TREND_DEGREE - P, 3)
    scale = np.maximum((noise**2).sum(axis=1) / freedom, 1e-12)
    excess = (deviation**2 - scale[:, None] / strength).mean(axis=1)
    return cross, moment, excess, scale


def _prior_variance(excess: np.ndarray, scale: np.ndarray, usual: float) -> np.ndarray:
    """Return the prior variance (u,) of each series' deviations: its own estimate shrunk towards the panel's median."""
    return np.asarray(OWN_SHARE * np.maximum(excess, 0.0) + (1 - OWN_SHARE) * usual + 1e-9 * scale)


def _posterior(
    cross: np.ndarray, moment: np.ndarray, scale: np.ndarray, prior_variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior mean and variance (u, P) of deviations with a given prior variance (u,)."""
    precision = cross / scale[:, None, None] + np.eye(cross.shape[1]) / prior_variance[:, None, None]
    covariance = np.linalg.inv(precision)
    mean = np.einsum("upq,uq->up", covariance, moment / scale[:, None])
    return mean, np.einsum("upp->up", covariance)
