"""Hyper-parameters learned from all series at once: a fixed grid, weighted by how well each point forecast.

A series of fifteen quarters cannot say how smooth it is; fifty of them can. Instead of maximising a likelihood per
series, every point of a grid forecasts every series one step ahead, and the scores are turned into weights by
empirical Bayes. Nothing has to converge, and what remains unknown about the parameters stays in the draws.
"""

from __future__ import annotations

from itertools import product

import numpy as np

PRIOR_CONCENTRATION = 0.3
"""Dirichlet mass added to each grid point: small, so that points no series needs may fade."""

SCORE_POWER = 0.5
"""Power of the scores in a share's weights."""

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
    """Return the 60 hyper-parameter points (60, 6) of a log volume: levels without a slope, and with a damped one.

    Deviations up to 0.8 a period: in a national total one service that doubles weighs more than hundreds that do not.
    """
    pairs = list(product((0.01, 0.03, 0.08, 0.16, 0.35, 0.8), (0.03, 0.08, 0.16, 0.3, 0.6)))
    flat = [(1.0, 0.0, level, 0.0, excess, 0.0) for level, excess in pairs]
    return np.array(flat + [(0.95, 0.0, level, 0.03, excess, INITIAL_SLOPE_VARIANCE) for level, excess in pairs])


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


def share_weights(log_scores: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return each series' weights (U, G) over the grid of a share: half from all points, half from those without slope.

    A slope helps shares that climb from year to year and harms those that only wander; a short record cannot say which
    it is. Scores are taken at half their size (`SCORE_POWER`): the model is not the truth, and a posterior that
    believes it is grows too sure. Both were chosen on two real panels and hold on all of their parts.

    Parameters
    ----------
    log_scores : np.ndarray, shape (U, G)
        See `filtering.GridFit`.
    grid : np.ndarray, shape (G, 6)
        The points.

    References
    ----------
    Grünwald, P. and van Ommen, T. (2017), "Inconsistency of Bayesian Inference for Misspecified Linear Models", for
    scores taken at less than their size.
    """
    tempered = SCORE_POWER * log_scores
    flat = grid[:, 5] == 0
    weights = 0.5 * empirical_bayes_weights(tempered)[0]
    weights[:, flat] += 0.5 * empirical_bayes_weights(tempered[:, flat])[0]
    return weights


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
