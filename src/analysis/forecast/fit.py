"""One quantity of a panel on its link scale, fitted: season removed, every grid point filtered, grid weighted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.filtering import GridFit, filter_grid
from analysis.forecast.model import BinomLLT
from analysis.forecast.panel import Panel
from analysis.forecast.pooling import empirical_bayes_weights, pooled_drift, share_grid, share_weights, volume_grid
from analysis.forecast.recursion import expected_levels, initial_deviations, level_deviations
from analysis.forecast.season import estimate_season
from analysis.forecast.shocks import Shocks, mirrored


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
