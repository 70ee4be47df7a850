"""Hyper-parameters learned from all series at once: a fixed grid, weighted by how well each point forecast.

A series of fifteen quarters cannot say how smooth it is; fifty of them can. Instead of maximising a likelihood per
series, every point of a grid forecasts every series one step ahead, and the scores are turned into weights by
empirical Bayes. Nothing has to converge, and what remains unknown about the parameters stays in the draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from analysis.forecast.filtering import GridFit, expected_levels, filter_grid, initial_deviations, level_deviations
from analysis.forecast.model import BinomLLT
from analysis.forecast.panel import Panel
from analysis.forecast.season import estimate_season
from analysis.forecast.shocks import Shocks, mirrored

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


@dataclass(frozen=True, eq=False)
class LinkFit:
    """The logit share or the log volume of a panel's series, ready to simulate.

    Attributes
    ----------
    y, variance : np.ndarray, shape (U, T)
        Observations without their season, and their known variances.
    past_season : np.ndarray, shape (U, T)
        Seasonal and regressor effects taken out.
    future_season, season_deviation : np.ndarray, shape (U, h)
        The same after the origin, and the standard deviation of what is unknown about them.
    grid : np.ndarray, shape (G, 6)
        Hyper-parameter points.
    drift : float
        Change per period common to the series.
    break_variance : np.ndarray or None, shape (T,)
        Extra level variance of known breaks.
    filtered : GridFit
        Scores and origin states.
    posterior : np.ndarray, shape (U, G)
        Weight of each point for each series.
    """

    y: np.ndarray
    variance: np.ndarray
    past_season: np.ndarray
    future_season: np.ndarray
    season_deviation: np.ndarray
    grid: np.ndarray
    drift: float
    break_variance: np.ndarray | None
    filtered: GridFit
    posterior: np.ndarray

    def simulate(
        self, row: int, shocks: Shocks, draw_count: int, future_breaks: np.ndarray | None = None
    ) -> np.ndarray:
        """Return link-scale values (h, S), season and excess noise included, a grid point drawn for each draw.

        Parameters
        ----------
        row : int
            Of the panel.
        shocks : Shocks
            Of the first half of the draws.
        draw_count : int
            S.
        future_breaks : np.ndarray, shape (h,), optional
            Extra level variance of known breaks.
        """
        cumulated = np.cumsum(self.posterior[row])
        point = np.searchsorted(cumulated, shocks.point * cumulated[-1], side="right")
        point = np.minimum(point, len(self.grid) - 1)
        rho, kappa, sigma_level, sigma_slope, sigma_excess, _ = self.grid.T
        at, horizon = self.filtered, len(shocks.level)

        expected = expected_levels(at.level[row], at.slope[row], rho, kappa * self.drift, horizon)
        expected += self.future_season[row][:, None]

        spread = np.broadcast_to(sigma_level, (horizon, len(rho)))
        if future_breaks is not None and future_breaks.any():
            spread = np.sqrt(sigma_level**2 + future_breaks[:, None])
        deviation = level_deviations(
            initial_deviations(
                at.level_variance[row, point], at.covariance[row, point], at.slope_variance[row, point], shocks.initial
            ),
            rho[point],
            spread.take(point, axis=1) * shocks.level,
            sigma_slope[point] * shocks.slope,
        )
        deviation += sigma_excess[point] * shocks.excess
        if shocks.season is not None:
            deviation += self.season_deviation[row][:, None] * shocks.season
        return mirrored(expected.take(point, axis=1), deviation, draw_count)

    def best_model(self, row: int) -> tuple[BinomLLT, np.ndarray]:
        """Return the statsmodels model of a series and its grid point of highest weight."""
        model = BinomLLT(self.y[row], self.variance[row], self.drift, self.break_variance)
        return model, self.grid[self.posterior[row].argmax()]


def fit_link(
    panel: Panel,
    future: pd.PeriodIndex,
    observations: tuple[np.ndarray, np.ndarray],
    regressor: np.ndarray | None,
    break_variance: np.ndarray | None = None,
) -> LinkFit:
    """Return the fit of a share or, without ``break_variance``, of a volume, which has no drift.

    Parameters
    ----------
    panel : Panel
        Cut at the origin.
    future : pd.PeriodIndex
        The h periods after it.
    observations : tuple of np.ndarray, each of shape (U, T)
        Link-scale values and their known variances.
    regressor : np.ndarray or None, shape (T + h,)
        A moving holiday's share of each period.
    break_variance : np.ndarray, shape (T,), optional
        Extra level variance arriving at each period; zeros for a share without breaks.
    """
    y, variance = observations
    is_share = break_variance is not None
    grid = share_grid() if is_share else volume_grid()
    phase = np.concatenate([_phase(panel.periods, panel.season_length), _phase(future, panel.season_length)])
    T = len(panel.periods)
    past = None if regressor is None else regressor[:T]
    steps = [] if break_variance is None else [int(at) for at in np.flatnonzero(break_variance) if at]
    season = estimate_season(y, variance, phase[:T], panel.season_length, past, steps)
    effects = season.at(phase, regressor)
    adjusted = y - effects[:, :T]
    drift = pooled_drift(adjusted, panel.season_length) if is_share else 0.0
    filtered = filter_grid(adjusted, variance, grid, pooled_drift=drift, break_variance=break_variance)
    scores = filtered.log_scores
    posterior = share_weights(scores, grid) if is_share else empirical_bayes_weights(scores)[0]
    return LinkFit(
        y=adjusted,
        variance=variance,
        past_season=effects[:, :T],
        future_season=effects[:, T:],
        season_deviation=season.deviations[:, phase[T:]],
        grid=grid,
        drift=drift,
        break_variance=break_variance,
        filtered=filtered,
        posterior=posterior,
    )


def _phase(periods: pd.PeriodIndex, season_length: int) -> np.ndarray:
    return np.asarray(periods.month if season_length == 12 else periods.quarter) - 1
