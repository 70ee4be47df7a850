"""Hyper-parameters learnt from all series at once: a fixed grid, weighted by the one-step forecast scores.

One series of fifteen quarters does not show how smooth it is; fifty of them do. Instead of maximising a likelihood per
series, every grid point forecasts every series one step ahead, and empirical Bayes turns the scores into weights.
Nothing has to converge, and the draws include the uncertainty about the parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from analysis.forecast.filtering import GridFit, expected_levels, filter_grid, initial_deviations, level_deviations
from analysis.forecast.model import BinomLLT
from analysis.forecast.panel import SeriesPanel
from analysis.forecast.season import YEARS_FOR_CURVE, estimate_season
from analysis.forecast.shocks import Shocks, antithetic_draws

PRIOR_CONCENTRATION = 0.3
"""Dirichlet mass added to each grid point: small, so that the weight of a point no series needs can fade."""

SCORE_POWER = 0.5
"""Power of the scores in the weights of a share's grid points."""

EM_ITERATIONS = 60
"""A fixed number, so that every panel is treated alike; later iterations hardly change the weights."""

INITIAL_SLOPE_VARIANCE = 0.0036
"""Variance of the initial slope at grid points with a slope: one deviation is 0.06 logits per period."""


@dataclass(frozen=True, eq=False)
class LinkFit:
    """The share or mean on the link scale, or the log volume, of a panel's series, fitted and ready to simulate.

    Attributes
    ----------
    y, variance : np.ndarray, shape (U, T)
        Observations without their season and without what is left of jumps, and their known variances.
    past_season : np.ndarray, shape (U, T)
        Seasonal and regressor effects subtracted from the observations.
    future_season, season_deviation : np.ndarray, shape (U, h)
        The same effects after the origin, and the standard deviation of their error.
    season_length : int
        Periods in a year, 12 or 4.
    past_jumps, future_jumps : np.ndarray, shape (U, T) and (U, h)
        What is left in each period of the jumps of breaks; see `recovery`. Zeros without any.
    grid : np.ndarray, shape (G, 6)
        Hyper-parameter points.
    drift : float
        Change per period common to the series.
    break_variance : np.ndarray or None, shape (T,)
        Extra level variance of known breaks.
    filtered : GridFit
        Scores and filtered states at the origin.
    posterior : np.ndarray, shape (U, G)
        Weight of each point for each series.
    """

    y: np.ndarray
    variance: np.ndarray
    past_season: np.ndarray
    future_season: np.ndarray
    season_deviation: np.ndarray
    season_length: int
    past_jumps: np.ndarray
    future_jumps: np.ndarray
    grid: np.ndarray
    drift: float
    break_variance: np.ndarray | None
    filtered: GridFit
    posterior: np.ndarray

    @property
    def jumps(self) -> np.ndarray:
        """What is left of the jumps of breaks in each period, past and to come (U, T + h)."""
        return np.column_stack([self.past_jumps, self.future_jumps])

    def simulate(
        self, row: int, shocks: Shocks, draw_count: int, future_breaks: np.ndarray | None = None
    ) -> np.ndarray:
        """Return link-scale values (h, S) with season and excess noise, each draw with a grid point of its own.

        Parameters
        ----------
        row : int
            Row of the series in the panel.
        shocks : Shocks
            Random numbers of the first half of the draws.
        draw_count : int
            Draws, S.
        future_breaks : np.ndarray, shape (h,), optional
            Extra level variance of known breaks after the origin.
        """
        cumulated = np.cumsum(self.posterior[row])
        point = np.searchsorted(cumulated, shocks.point * cumulated[-1], side="right")
        point = np.minimum(point, len(self.grid) - 1)
        rho, kappa, sigma_level, sigma_slope, sigma_excess, _ = self.grid.T
        state, horizon = self.filtered, len(shocks.level)

        expected = expected_levels(state.level[row], state.slope[row], rho, kappa * self.drift, horizon)
        expected += (self.future_season[row] + self.future_jumps[row])[:, None]

        level_deviation = np.broadcast_to(sigma_level, (horizon, len(rho)))
        if future_breaks is not None and future_breaks.any():
            level_deviation = np.sqrt(sigma_level**2 + future_breaks[:, None])
        deviation = level_deviations(
            initial_deviations(
                state.level_variance[row, point],
                state.covariance[row, point],
                state.slope_variance[row, point],
                shocks.initial,
            ),
            rho[point],
            level_deviation.take(point, axis=1) * shocks.level,
            sigma_slope[point] * shocks.slope,
        )
        deviation += sigma_excess[point] * shocks.excess
        if shocks.season is not None:
            deviation += self.season_deviation[row][:, None] * shocks.season
        return antithetic_draws(expected.take(point, axis=1), deviation, draw_count)

    def best_model(self, row: int) -> tuple[BinomLLT, np.ndarray]:
        """Return the statsmodels model of a series (a row of the panel) and its grid point of highest weight."""
        model = BinomLLT(self.y[row], self.variance[row], self.drift, self.break_variance)
        return model, self.grid[self.posterior[row].argmax()]


def fit_link(
    panel: SeriesPanel,
    future: pd.PeriodIndex,
    observations: tuple[np.ndarray, np.ndarray],
    regressor: np.ndarray | None,
    break_variance: np.ndarray | None = None,
    *,
    peers: np.ndarray | None = None,
    jumps: np.ndarray | None = None,
) -> LinkFit:
    """Return the fit of a share or mean or, without ``break_variance``, of a volume, which has no pooled drift.

    What a break moved is neither season nor drift: the season is estimated with a step at each break, and without the
    year after it where enough is left, because a jump that fades would be taken for one.

    Parameters
    ----------
    panel : SeriesPanel
        Counts or totals up to the origin.
    future : pd.PeriodIndex
        The h periods after it.
    observations : tuple of np.ndarray, each of shape (U, T)
        Link-scale values and their known variances.
    regressor : np.ndarray or None, shape (T + h,)
        A moving holiday's share of each period.
    break_variance : np.ndarray, shape (T,), optional
        Extra level variance arriving at each period; zeros for a share without breaks, None for a volume.
    peers : np.ndarray of bool, shape (U,), optional
        Series from which season, drift and the prior over the grid are learnt; all by default.
    jumps : np.ndarray, shape (U, T + h), optional
        What is left in each period of the jumps of breaks; zeros by default.
    """
    y, variance = observations
    is_share = break_variance is not None
    grid = share_grid() if is_share else volume_grid()
    jumps = np.zeros((len(y), len(panel.periods) + len(future))) if jumps is None else jumps
    phase = np.concatenate([_phase(panel.periods, panel.season_length), _phase(future, panel.season_length)])
    T = len(panel.periods)
    past = None if regressor is None else regressor[:T]
    steps = [] if break_variance is None else [int(step) for step in np.flatnonzero(break_variance) if step]
    settled = _without_years_after(y, steps, panel.season_length)
    season = estimate_season(settled, variance, phase[:T], panel.season_length, past, steps, peers)
    effects = season.at(phase, regressor)
    adjusted = y - effects[:, :T] - jumps[:, :T]
    of_peers = slice(None) if peers is None else peers
    drift = pooled_drift(adjusted[of_peers], panel.season_length, steps) if is_share else 0.0
    filtered = filter_grid(adjusted, variance, grid, pooled_drift=drift, break_variance=break_variance)
    log_scores = filtered.log_scores
    posterior = share_weights(log_scores, grid, peers) if is_share else grid_weights(log_scores, peers)
    return LinkFit(
        y=adjusted,
        variance=variance,
        past_season=effects[:, :T],
        future_season=effects[:, T:],
        season_deviation=season.deviations[:, phase[T:]],
        season_length=panel.season_length,
        past_jumps=jumps[:, :T],
        future_jumps=jumps[:, T:],
        grid=grid,
        drift=drift,
        break_variance=break_variance,
        filtered=filtered,
        posterior=posterior,
    )


def share_grid() -> np.ndarray:
    """Return the 210 hyper-parameter points (210, 6) of a share, columns as ``BinomLLT.param_names``.

    Standard deviations from 0.01 to 0.9 logits (level) and from 0.02 to 1.1 logits (excess noise), each without a slope
    or with one of six slopes: damped to zero, damped to the pooled drift, or nearly undamped, of fixed or changing
    size. The range is wide on purpose: with a narrow grid, 80 % intervals on real panels covered 63 %.
    """
    points = []
    for level, excess in product((0.01, 0.03, 0.08, 0.2, 0.45, 0.9), (0.02, 0.08, 0.2, 0.5, 1.1)):
        points.append((1.0, 0.0, level, 0.0, excess, 0.0))
        for (rho, kappa), slope in product(((0.8, 0.0), (0.8, 1.0), (0.95, 1.0)), (0.0, 0.03)):
            points.append((rho, kappa, level, slope, excess, INITIAL_SLOPE_VARIANCE))
    return np.array(points)


def volume_grid() -> np.ndarray:
    """Return the 60 hyper-parameter points (60, 6) of a log volume: levels without a slope and with a damped slope.

    Level deviations go up to 0.8 a period: in a national total one service that doubles weighs more than hundreds that
    do not.
    """
    pairs = list(product((0.01, 0.03, 0.08, 0.16, 0.35, 0.8), (0.03, 0.08, 0.16, 0.3, 0.6)))
    flat = [(1.0, 0.0, level, 0.0, excess, 0.0) for level, excess in pairs]
    return np.array(flat + [(0.95, 0.0, level, 0.03, excess, INITIAL_SLOPE_VARIANCE) for level, excess in pairs])


def empirical_bayes_weights(log_scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each series' weights over the grid and the prior, learnt from all of these series.

    Expectation–maximisation for a discrete mixing distribution with a symmetric Dirichlet prior: the weights of a
    series are proportional to prior times score, the prior is the mean of the weights.

    Parameters
    ----------
    log_scores : np.ndarray, shape (U, G)
        Log score of each grid point; a series without a scored value has a row of zeros and receives the prior.

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
    prior = np.full(log_scores.shape[1], 1 / log_scores.shape[1])
    likelihood = _likelihood(log_scores)
    posterior = likelihood
    for _ in range(EM_ITERATIONS):
        posterior = _posterior(likelihood, prior)
        prior = posterior.sum(axis=0) + PRIOR_CONCENTRATION
        prior = prior / prior.sum()
    return posterior, prior


def grid_weights(
    log_scores: np.ndarray, peers: np.ndarray | None = None, points: np.ndarray | None = None
) -> np.ndarray:
    """Return the empirical Bayes weights (U, G) of each series, with a prior learnt from the peers.

    Parameters
    ----------
    log_scores : np.ndarray, shape (U, all points)
        See `filtering.GridFit`.
    peers : np.ndarray of bool, shape (U,), optional
        Series from which the prior is learnt; all by default.
    points : np.ndarray of bool, optional
        The G points that get weights; all by default.
    """
    columns = slice(None) if points is None else points
    if peers is None or peers.all():
        return empirical_bayes_weights(log_scores[:, columns])[0]
    # rows first: numpy adds up in the order of the memory, and another order is another last digit
    of_peers, prior = empirical_bayes_weights(log_scores[peers][:, columns])
    weights = np.empty((len(log_scores), len(prior)))
    weights[peers] = of_peers
    weights[~peers] = _posterior(_likelihood(np.ascontiguousarray(log_scores[~peers][:, columns])), prior)
    return weights


def share_weights(log_scores: np.ndarray, grid: np.ndarray, peers: np.ndarray | None = None) -> np.ndarray:
    """Return each series' weights (U, G) over the grid of a share: half from all points, half from those without slope.

    A slope helps shares that climb from year to year and harms those that only wander; a short record does not show
    which is the case. Scores count half (`SCORE_POWER`), because the posterior of a misspecified model is too narrow.
    Both were chosen on two real panels and hold on all of their parts.

    Parameters
    ----------
    log_scores : np.ndarray, shape (U, G)
        See `filtering.GridFit`.
    grid : np.ndarray, shape (G, 6)
        Hyper-parameter points, columns as ``BinomLLT.param_names``.
    peers : np.ndarray of bool, shape (U,), optional
        Series from which the priors are learnt; all by default.

    References
    ----------
    Grünwald, P. and van Ommen, T. (2017), "Inconsistency of Bayesian Inference for Misspecified Linear Models", for
    scores with a power below 1.
    """
    tempered = SCORE_POWER * log_scores
    flat = grid[:, 5] == 0
    weights = 0.5 * grid_weights(tempered, peers)
    weights[:, flat] += 0.5 * grid_weights(tempered, peers, flat)
    return weights


def pooled_drift(y: np.ndarray, season_length: int, steps: Sequence[int] = ()) -> float:
    """Return the change per period common to the series: the median over series of the change on the year before.

    The change of a series is the mean of its last year less the mean of the year before, divided by the periods between
    them; with less than two years of data, the two halves take the place of the years. Zero when no series has values
    in both. What the median series jumped by at a step, from one quarter to the next, is no drift.

    Parameters
    ----------
    y : np.ndarray, shape (U, T)
        Observations on the link scale, season removed; NaN where missing.
    season_length : int
        Periods in a year.
    steps : sequence of int, optional
        Periods at which known breaks arrived.
    """
    span, quarter = min(season_length, y.shape[1] // 2), season_length // 4
    for step in steps:
        jumps = mean_of_known(y[:, step : step + quarter]) - mean_of_known(y[:, max(step - quarter, 0) : step])
        if np.isfinite(jumps).any():
            y = np.column_stack([y[:, :step], y[:, step:] - np.nanmedian(jumps)])
    changes = []
    for row in y if span else ():
        late, early = row[-span:], row[-2 * span : -span]
        if np.isfinite(late).any() and np.isfinite(early).any():
            changes.append((np.nanmean(late) - np.nanmean(early)) / span)
    return float(np.median(changes)) if changes else 0.0


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Return the mean (U,) of the finite values of each row; NaN where there is none."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1), np.nan) / np.maximum(count, 1)


def _without_years_after(y: np.ndarray, steps: Sequence[int], season_length: int) -> np.ndarray:
    """Return the observations without the year after each step, where enough others are left to tell the season."""
    kept = np.ones(y.shape[1], dtype=bool)
    for step in steps:
        without = kept.copy()
        without[step : step + season_length] = False
        kept = without if without.sum() >= YEARS_FOR_CURVE * season_length else kept
    return np.where(kept, y, np.nan)


def _likelihood(log_scores: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(log_scores - log_scores.max(axis=1, keepdims=True)))


def _posterior(likelihood: np.ndarray, prior: np.ndarray) -> np.ndarray:
    weights = likelihood * prior
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _phase(periods: pd.PeriodIndex, season_length: int) -> np.ndarray:
    return np.asarray(periods.month if season_length == 12 else periods.quarter) - 1
