"""Fit share (or mean) and volume of every series of a panel at an origin, and simulate the periods after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.forecast.breaks import BREAK_VARIANCE, find_breaks
from analysis.forecast.fit import LinkFit, fit_link
from analysis.forecast.link import Link, poisson_counts, volume_observations
from analysis.forecast.panel import SeriesPanel, peer_rows
from analysis.forecast.recovery import RecoveryFits, fit_recoveries
from analysis.forecast.shocks import CommonShocks, antithetic_draws, common_shocks, share_shocks, stream, volume_shocks
from analysis.periods import write

SHARED_FACTOR = 0.2
"""Correlation of the shocks of any two series on the logit scale; a fixed prior, because estimates from few years are
far too low. 80 % intervals of sums of series covered 76 % without it and 88 % with it (`docs/methods/backtest.md`)."""

LOG_VOLUME_BOUND = 20.0
"""Simulated log volumes stay below 20 (485 million cases)."""


@dataclass(frozen=True, eq=False)
class PanelFit:
    """Fits of the share or mean and of the volume of a panel's series at its origin.

    Attributes
    ----------
    panel : SeriesPanel
        Counts or totals up to the origin.
    future : pd.PeriodIndex
        The h periods after it.
    link : Link
        Link of the panel's share or mean.
    shares : RecoveryFits
        Fits of the share or mean on the link scale: one or, after a break, one for each recovery.
    volume : LinkFit
        Fit of the log cases.
    breaks : tuple of pd.Period
        Periods at which the level of most series jumped; see `breaks.find_breaks`.
    relative_variance, bounds : np.ndarray, shape (U,) and (U, 2)
        See `link.Observations`.
    future_breaks : np.ndarray, shape (h,)
        Level variance of known breaks in the share after the origin.
    peers : np.ndarray of bool, shape (U,)
        Series from which the forecasts of all are learnt; see `panel.peer_rows`.
    """

    panel: SeriesPanel
    future: pd.PeriodIndex
    link: Link
    shares: RecoveryFits
    volume: LinkFit
    breaks: tuple[pd.Period, ...]
    relative_variance: np.ndarray
    bounds: np.ndarray
    future_breaks: np.ndarray
    peers: np.ndarray

    @property
    def share(self) -> LinkFit:
        """Fit of the share or mean under the recovery of highest weight."""
        return self.shares.likeliest

    def common(self, seed: int, draw_count: int) -> CommonShocks:
        """Return the shocks that all series of this origin share.

        Parameters
        ----------
        seed : int
            Seed of the run.
        draw_count : int
            Draws, S.
        """
        return common_shocks(seed, self.panel.origin, len(self.future), draw_count)

    def simulate(
        self, row: int, *, seed: int, key: str, common: CommonShocks, shared_factor: float = SHARED_FACTOR
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return numerators and denominators (h, S) of one series after the origin.

        Parameters
        ----------
        row : int
            Row of the series in the panel.
        seed : int
            Seed of the run.
        key : str
            Name of the panel; with the seed, the series' name and the origin it keys every random number.
        common : CommonShocks
            Shocks that all series of this origin share; see `common`.
        shared_factor : float
            Correlation (0 to below 1) with any other series.
        """
        name, origin = self.panel.series[row], self.panel.origin
        horizon, draws = len(self.future), common.draw_count
        keyed = (key, name, write(origin))

        shocks = volume_shocks(seed, key, name, origin, horizon, draws)
        expected = np.exp(np.minimum(self.volume.simulate(row, shocks, draws), LOG_VOLUME_BOUND))
        count = antithetic_draws(0.0, shocks.count, draws)
        N = poisson_counts(count, partial(stream, seed, *keyed, "volume", "counts"), expected)

        shocks = share_shocks(seed, key, name, origin, common=common, shared_factor=shared_factor)
        z = self.bounded(row, self.shares.simulate(row, shocks, common, self.future_breaks))
        count = antithetic_draws(0.0, shocks.count, draws)
        generator = partial(stream, seed, *keyed, "share", "counts")
        return self.link.numerators(count, generator, N, z, float(self.relative_variance[row])), N

    def bounded(self, row: int, z: np.ndarray) -> np.ndarray:
        """Return link-scale values of a series within its bounds.

        Parameters
        ----------
        row : int
            Row of the series in the panel.
        z : np.ndarray
            Link-scale values.
        """
        return np.asarray(np.clip(z, *self.bounds[row]))

    def simulate_sums(self, *, seed: int, key: str, draw_count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return numerators and denominators (U, S) of all series, summed over the periods after the origin.

        Parameters
        ----------
        seed : int
            Seed of the run.
        key : str
            Name of the panel.
        draw_count : int
            Draws, S.
        """
        numerator, denominator = np.empty((2, len(self.panel.series), draw_count))
        common = self.common(seed, draw_count)
        for row in range(len(numerator)):
            K, N = self.simulate(row, seed=seed, key=key, common=common)
            K.sum(axis=0, out=numerator[row])
            N.sum(axis=0, out=denominator[row])
        return numerator, denominator

    def link_values(
        self, row: int, *, seed: int, key: str, common: CommonShocks, shared_factor: float = SHARED_FACTOR
    ) -> np.ndarray:
        """Return the link-scale values (h, S) from which `simulate` draws the numerators.

        Parameters
        ----------
        row : int
            Row of the series in the panel.
        seed : int
            Seed of the run.
        key : str
            Name of the panel.
        common : CommonShocks
            Shocks that all series of this origin share; see `common`.
        shared_factor : float
            Correlation (0 to below 1) with any other series.
        """
        name = self.panel.series[row]
        shocks = share_shocks(seed, key, name, self.panel.origin, common=common, shared_factor=shared_factor)
        return self.shares.simulate(row, shocks, common, self.future_breaks)


def fit_panel(
    panel: SeriesPanel,
    horizon: int,
    *,
    breaks: Mapping[pd.Period, float] | None = None,
    regressor: np.ndarray | None = None,
    peers: Collection[str] | None = None,
    look_for_breaks: bool = True,
) -> PanelFit:
    """Return the fit of all series of a panel, with the season, drift and prior over the grid of the peers.

    Parameters
    ----------
    panel : SeriesPanel
        Counts or totals up to the origin.
    horizon : int
        Periods ahead, h.
    breaks : mapping of pd.Period to float, optional
        Level variance (squared logits or logs) of a known break in the share or mean, by the period it arrives at.
    regressor : np.ndarray, shape (T + h,), optional
        A moving holiday's share of each period of the panel and after it.
    peers : collection of str, optional
        Series from which season, drift and prior are learnt, all by default. The others change nothing of a peer: a
        total or a group can be added to a panel of agencies without teaching them what they have taught it.
    look_for_breaks : bool
        Whether undeclared breaks are looked for; see `breaks.find_breaks`.
    """
    teachers = peer_rows(panel.series, peers)
    future = pd.period_range(panel.origin + 1, periods=horizon)
    break_variance = np.array([(breaks or {}).get(period, 0.0) for period in panel.periods.append(future)])
    past_breaks, future_breaks = np.split(break_variance, [len(panel.periods)])
    observed = panel.observations(teachers)

    def fit_share(positions: Sequence[int], jumps: np.ndarray | None) -> LinkFit:
        variance = past_breaks.copy()
        variance[list(positions)] = np.maximum(variance[list(positions)], BREAK_VARIANCE)
        return fit_link(
            panel, future, (observed.y, observed.variance), regressor, variance, peers=teachers, jumps=jumps
        )

    def recover(positions: Sequence[int]) -> RecoveryFits:
        without_jumps, taking_out = fit_share(positions, None), partial(fit_share, positions)
        return fit_recoveries(without_jumps, positions, taking_out, peers=teachers, correlation=SHARED_FACTOR)

    found, shares = find_breaks(fit_share, recover, teachers, look=look_for_breaks)
    volume = fit_link(panel, future, volume_observations(panel.denominator), regressor, peers=teachers)
    return PanelFit(
        panel=panel,
        future=future,
        link=panel.link(teachers),
        shares=shares,
        volume=volume,
        breaks=tuple(panel.periods[at] for at in found),
        relative_variance=observed.relative_variance,
        bounds=observed.bounds,
        future_breaks=future_breaks,
        peers=teachers,
    )
