"""Joint paths of the rest of the year: numerators and denominators drawn together, for each headline series.

Start at :func:`joint_paths`. A draw is one possible future: all its periods, its numerator and its denominator belong
together, so a year-end share is formed inside a draw and only then compared with a promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.forecast.diagnostics import error_diagnostics, smoothed_shares
from analysis.forecast.fit import fit_link
from analysis.forecast.link import share_observations, volume_observations
from analysis.forecast.model import smoothed_level
from analysis.forecast.panel import Panel
from analysis.forecast.shocks import common_shocks, series_shocks, stream, volume_shocks
from analysis.periods import write

MINIMUM_PERIODS = 8
"""Periods with cases a headline series needs: two years of quarters, so that its season has been seen twice; of
months, the fewest the pooled grid was tried on with any gain over a dressed baseline."""

LOGIT_BOUND = 12.0
"""Simulated log-odds stay within ±12: a share within six millionths of 0 or 1 changes no count that is published."""

LOG_VOLUME_BOUND = 20.0
"""Simulated log volumes stay below 20 (485 million cases), where Poisson draws are exact."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Joint draws of the periods after an origin.

    Attributes
    ----------
    series : tuple of str
        The headline series, in the order asked for.
    periods : pd.PeriodIndex
        The h periods after the origin.
    numerator, denominator : np.ndarray of int64, shape (U, S, h)
        Cases; 0 ≤ numerator ≤ denominator.
    smoothed : pd.DataFrame
        ``series, period, level, lower, upper`` up to the origin: the latent share (0–1), season left out, with its
        80 % interval, at the grid point of highest weight.
    diagnostics : pd.DataFrame
        ``series, n, lags, ljung_box_p, mean_abs_standardised_error`` at the same point.
    """

    series: tuple[str, ...]
    periods: pd.PeriodIndex
    numerator: np.ndarray
    denominator: np.ndarray
    smoothed: pd.DataFrame
    diagnostics: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the draws as a long frame: ``series, period, draw, numerator, denominator`` (U·S·h rows)."""
        U, S, h = self.numerator.shape
        labels = np.array([write(period) for period in self.periods], dtype=object)
        return pd.DataFrame(
            {
                "series": np.repeat(np.array(self.series, dtype=object), S * h),
                "period": np.tile(labels, U * S),
                "draw": np.tile(np.repeat(np.arange(S), h), U),
                "numerator": self.numerator.ravel(),
                "denominator": self.denominator.ravel(),
            }
        )


def enough_history(panel: Panel, series: str) -> bool:
    """Return whether a series has at least ``MINIMUM_PERIODS`` periods with cases."""
    return int((panel.denominator[panel.row(series)] > 0).sum()) >= MINIMUM_PERIODS


def joint_paths(
    panel: Panel,
    *,
    headline: Sequence[str],
    horizon: int,
    draw_count: int,
    seed: int,
    key: str,
    shared_factor: float = 0.25,
    breaks: Mapping[pd.Period, float] | None = None,
    regressor: np.ndarray | None = None,
) -> Paths:
    """Return joint draws of numerator and denominator for the periods after the panel's last.

    All series of the panel are peers: they share season, drift and the prior over hyper-parameters. Random numbers
    are keyed by name, so one headline series more or less changes no other, and the shared factor is keyed by seed
    and origin alone, so that calls for other panels with the same seed, origin and ``draw_count`` belong to the same
    futures, draw by draw. A shorter horizon gives the first periods of a longer one.

    Parameters
    ----------
    panel : Panel
        Cut at the origin (:meth:`Panel.until`).
    headline : sequence of str
        Series to simulate.
    horizon : int
        Periods ahead, h.
    draw_count : int
        Draws, S.
    seed : int
        Of the run; the same seed gives the same bits.
    key : str
        Name of this panel among those of the run (an indicator): two panels with series of the same name need two.
    shared_factor : float, default 0.25
        Correlation (0 to below 1) of the shocks of any two series on the logit scale; a fixed prior, because
        estimates from few years come out far too low.
    breaks : mapping of pd.Period to float, optional
        Variance (squared logits) of a known break in the share arriving at a period, past or future: 0.5 for a
        merger, a waived fee, a new portal. Periods outside panel and horizon have no effect.
    regressor : np.ndarray, shape (T + h,), optional
        A moving holiday's share of each period of panel and horizon (:func:`analysis.periods.tet_share`).

    Returns
    -------
    Paths
        Draws, smoothed shares and residual diagnostics.

    Raises
    ------
    ValueError
        A headline series is unknown, asked for twice or without enough history; a count, factor, break variance or
        regressor is out of range.
    """
    _refuse(panel, headline, horizon, draw_count, shared_factor, breaks, regressor)
    future = pd.period_range(panel.origin + 1, periods=horizon)
    break_variance = np.array([(breaks or {}).get(period, 0.0) for period in panel.periods.append(future)])
    past_breaks, future_breaks = np.split(break_variance, [len(panel.periods)])
    share = fit_link(panel, future, share_observations(panel.numerator, panel.denominator), regressor, past_breaks)
    volume = fit_link(panel, future, volume_observations(panel.denominator), regressor)
    common = common_shocks(seed, panel.origin, horizon, draw_count)

    numerator, denominator = np.empty((2, len(headline), draw_count, horizon), dtype=np.int64)
    for u, name in enumerate(headline):
        row, names = panel.row(name), (key, name, write(panel.origin))
        shocks = volume_shocks(seed, key, name, panel.origin, horizon, draw_count)
        log_volume = volume.simulate(row, stream(seed, *names, "volume", "grid"), shocks)
        cases = np.exp(np.minimum(log_volume, LOG_VOLUME_BOUND))
        N = stream(seed, *names, "volume", "counts").poisson(cases)
        shocks = series_shocks(seed, key, name, panel.origin, common=common, shared_factor=shared_factor)
        log_odds = share.simulate(row, stream(seed, *names, "share", "grid"), shocks, future_breaks)
        p = expit(np.clip(log_odds, -LOGIT_BOUND, LOGIT_BOUND))
        numerator[u], denominator[u] = stream(seed, *names, "share", "counts").binomial(N, p).T, N.T

    rows = [panel.row(name) for name in headline]
    levels = [smoothed_level(*share.best_model(row)) for row in rows]
    smoothed = smoothed_shares(headline, panel.periods, levels, panel.denominator[rows] > 0)
    return Paths(tuple(headline), future, numerator, denominator, smoothed, error_diagnostics(headline, levels))


def _refuse(
    panel: Panel,
    headline: Sequence[str],
    horizon: int,
    draw_count: int,
    shared_factor: float,
    breaks: Mapping[pd.Period, float] | None,
    regressor: np.ndarray | None,
) -> None:
    if isinstance(headline, str) or not headline or len(set(headline)) != len(headline):
        raise ValueError("headline must name one series or more, each once")
    if horizon < 1 or draw_count < 1:
        raise ValueError(f"horizon ({horizon}) and draw_count ({draw_count}) must be at least 1")
    if not 0 <= shared_factor < 1:
        raise ValueError(f"shared_factor is a correlation from 0 to below 1, not {shared_factor}")
    if any(not variance >= 0 for variance in (breaks or {}).values()):
        raise ValueError("a break's variance cannot be below zero")
    expected = (len(panel.periods) + horizon,)
    if regressor is not None and (regressor.shape != expected or not np.isfinite(regressor).all()):
        raise ValueError(f"the regressor needs one finite value for each of {expected[0]} periods")
    for name in headline:
        if not enough_history(panel, name):
            raise ValueError(f"series {name!r} has fewer than {MINIMUM_PERIODS} periods with cases")
