"""Hyper-parameters learned from all series at once: a fixed grid, weighted by how well each point forecast.

A series of fifteen quarters cannot say how smooth it is; fifty of them can. Instead of maximising a likelihood per
series, every point of a grid forecasts every series one step ahead, and the scores are turned into weights by
empirical Bayes. Nothing has to converge, and what remains unknown about the parameters stays in the draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import gammaln

from analysis.forecast.model import BinomLLT

SCORE_FREEDOM = 6.0
"""Degrees of freedom of the Student density that scores a one-step error: one policy step must not decide alone."""

PRIOR_CONCENTRATION = 0.3
"""Dirichlet mass added to each grid point: small, so that points no series needs may fade."""

EM_ITERATIONS = 60
"""Fixed rather than until convergence, so that every panel is treated alike; later steps hardly move the weights."""

INITIAL_SLOPE_VARIANCE = 0.0036
"""Variance of the first slope of the members that have one: 0.06 logits per period is one deviation."""


def share_grid() -> np.ndarray:
    """Return the 210 hyper-parameter points (210, 6) of a share, columns as ``BinomLLT.param_names``.

    Level deviations from 0.01 to 0.9 and excess deviations from 0.02 to 1.1 logits, each with no slope or with one
    of six slopes: damped to zero, damped to the pooled drift, or nearly undamped, of fixed or changing size. The
    range is wide on purpose: with a narrow grid 80 % intervals on real panels covered 63 %.
    """
    points = []
    for level, excess in product((0.01, 0.03, 0.08, 0.2, 0.45, 0.9), (0.02, 0.08, 0.2, 0.5, 1.1)):
        points.append((1.0, 0.0, level, 0.0, excess, 0.0))
        for (rho, kappa), slope in product(((0.8, 0.0), (0.8, 1.0), (0.95, 1.0)), (0.0, 0.03)):
            points.append((rho, kappa, level, slope, excess, INITIAL_SLOPE_VARIANCE))
    return np.array(points)


def volume_grid() -> np.ndarray:
    """Return the 16 hyper-parameter points (16, 6) of a log volume: local levels, without a slope."""
    pairs = product((0.01, 0.03, 0.08, 0.16), (0.03, 0.08, 0.16, 0.3))
    return np.array([(1.0, 0.0, level, 0.0, excess, 0.0) for level, excess in pairs])


@dataclass(frozen=True, eq=False)
class GridFit:
    """Every series filtered at every grid point.

    Attributes
    ----------
    log_scores : np.ndarray, shape (U, G)
        Sum of the log densities of the one-step errors; higher is better.
    state_mean : np.ndarray, shape (U, G, 2)
        Filtered level and slope at the origin.
    state_covariance : np.ndarray, shape (U, G, 2, 2)
        Their covariance.
    """

    log_scores: np.ndarray
    state_mean: np.ndarray
    state_covariance: np.ndarray


def filter_grid(
    y: np.ndarray,
    variance: np.ndarray,
    grid: np.ndarray,
    *,
    pooled_drift: float = 0.0,
    break_variance: np.ndarray | None = None,
) -> GridFit:
    """Return scores and origin states of every series at every grid point, by statsmodels' Kalman filter.

    The state is updated as a Gaussian filter does; only the *score* has Student tails. (Bounding the update itself
    treats a lasting policy step as an outlier and nearly doubled the error on real panels.)

    Parameters
    ----------
    y, variance : np.ndarray, shape (U, T)
        Observations on the link scale, season removed, and their known variances; NaN where missing.
    grid : np.ndarray, shape (G, 6)
        Hyper-parameter points.
    pooled_drift : float, default 0
        Change per period common to all series.
    break_variance : np.ndarray, shape (T,), optional
        Extra level variance arriving at each period.
    """
    (U, T), G = y.shape, len(grid)
    scores, mean, covariance = np.empty((U, G)), np.empty((U, G, 2)), np.empty((U, G, 2, 2))
    errors, variances = np.empty((G, T)), np.empty((G, T))
    for u in range(U):
        model = BinomLLT(y[u], variance[u], pooled_drift=pooled_drift, break_variance=break_variance)
        for g, params in enumerate(grid):
            output = model.filter_output(params)
            errors[g] = np.asarray(output.forecast_error)[0]
            variances[g] = np.asarray(output.forecast_error_cov)[0, 0]
            mean[u, g] = np.asarray(output.filtered_state)[:, -1]
            covariance[u, g] = np.asarray(output.filtered_state_cov)[:, :, -1]
        scored = np.isfinite(y[u]) & (np.arange(T) > model.first_observed)
        scores[u] = _student_log_density(errors[:, scored], variances[:, scored]).sum(axis=1)
    return GridFit(scores, mean, covariance)


def grid_log_scores(
    y: np.ndarray,
    variance: np.ndarray,
    grid: np.ndarray,
    *,
    pooled_drift: float = 0.0,
    break_variance: np.ndarray | None = None,
) -> np.ndarray:
    """Return the log scores (U, G) of :func:`filter_grid`, whose parameters it shares."""
    return filter_grid(y, variance, grid, pooled_drift=pooled_drift, break_variance=break_variance).log_scores


def empirical_bayes_weights(log_scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each series' weights over the grid and the prior learned from all series.

    Expectation–maximisation for a discrete mixing distribution with a symmetric Dirichlet prior: a series'
    weights are prior times score, the prior is the mean of the weights.

    Parameters
    ----------
    log_scores : np.ndarray, shape (U, G)
        One row of zeros (a series without a scored value) simply receives the prior.

    Returns
    -------
    posterior : np.ndarray, shape (U, G)
        Rows sum to 1.
    prior : np.ndarray, shape (G,)
        Sums to 1.

    References
    ----------
    Laird, N. (1978), "Nonparametric Maximum Likelihood Estimation of a Mixing Distribution".
    """
    likelihood = np.exp(log_scores - log_scores.max(axis=1, keepdims=True))
    prior = np.full(log_scores.shape[1], 1 / log_scores.shape[1])
    posterior = likelihood
    for _ in range(EM_ITERATIONS):
        posterior = likelihood * prior
        posterior = posterior / posterior.sum(axis=1, keepdims=True)
        prior = posterior.sum(axis=0) + PRIOR_CONCENTRATION
        prior = prior / prior.sum()
    return posterior, prior


def pooled_drift(y: np.ndarray, season_length: int) -> float:
    """Return the change per period common to the series: the median, over series, of year on year.

    The last year's mean less the mean of the year before, divided by the periods between them; with less than two
    years, the two halves of what there is. Zero when no series reaches into both.

    Parameters
    ----------
    y : np.ndarray, shape (U, T)
        Observations on the link scale, season removed; NaN where missing.
    season_length : int
        Periods in a year.
    """
    span = min(season_length, y.shape[1] // 2)
    changes = []
    for row in y if span else ():
        late, early = row[-span:], row[-2 * span : -span]
        if np.isfinite(late).any() and np.isfinite(early).any():
            changes.append((np.nanmean(late) - np.nanmean(early)) / span)
    return float(np.median(changes)) if changes else 0.0


def _student_log_density(error: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the log density of a Student variable whose *variance* is the one the filter claims.

    With the filter's variance as squared scale instead, a spread an eighth (normal errors) to a quarter (heavy tails)
    too small would score best, because a Student variable is wider than its scale.
    """
    nu = SCORE_FREEDOM
    squared_scale = variance * (nu - 2) / nu
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    return constant - 0.5 * np.log(squared_scale) - (nu + 1) / 2 * np.log1p(error**2 / squared_scale / nu)
