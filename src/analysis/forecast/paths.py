"""Joint paths of the rest of the year for headline series: what the model draws, put on the hub's year-end shares.

Start at :func:`year_paths`. A draw is one possible future: all its periods, its numerator and its denominator belong
together, so a year-end share is formed inside a draw and only then compared with a promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.diagnostics import audited, components, error_diagnostics
from analysis.forecast.ensemble import Hub, hub, on_ranks, spread_over_periods
from analysis.forecast.futures import PanelFit
from analysis.forecast.model import smoothed_level
from analysis.forecast.origin_state import Standing, at_its_edge, fit_year, past_years, standing, tie_breakers
from analysis.forecast.panel import Panel
from analysis.periods import write


@dataclass(frozen=True, eq=False)
class Paths:
    """Joint draws of the periods after an origin.

    Attributes
    ----------
    series : tuple of str
        The headline series, in the order asked for, that could be forecast.
    periods : pd.PeriodIndex
        The h periods after the origin.
    numerator, denominator : np.ndarray of int64, shape (U, S, h)
        Cases; 0 ≤ numerator ≤ denominator.
    components : pd.DataFrame
        See `diagnostics.components`, at the grid point of highest weight.
    diagnostics : pd.DataFrame
        See `diagnostics.error_diagnostics` and `diagnostics.audited`; and `history`, periods with cases in the window.
    weights : pd.DataFrame
        `series, member, weight, short`: what the hub of each series is pooled from, and whether it has less than two
        years of history.
    """

    series: tuple[str, ...]
    periods: pd.PeriodIndex
    numerator: np.ndarray
    denominator: np.ndarray
    components: pd.DataFrame
    diagnostics: pd.DataFrame
    weights: pd.DataFrame

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


def year_paths(
    panel: Panel,
    year: int,
    headline: Sequence[str],
    *,
    draw_count: int,
    seed: int,
    key: str,
    breaks: Mapping[pd.Period, float] | None = None,
    tet_cutoff_day: int | None = None,
) -> Paths | None:
    """Return joint draws of numerator and denominator for the rest of a year, or None when no series can be forecast.

    All series of the panel are peers: they share season, drift, the prior over hyper-parameters and what their simple
    rules were wrong by in earlier years. Random numbers are keyed by name, so one headline series more or less changes
    no other, and the shared factor is keyed by seed and origin alone, so that calls for other panels with the same
    seed, origin and ``draw_count`` belong to the same futures, draw by draw. The year-end shares are the hub's;
    denominators, ranks, and how a surplus or shortfall falls on the periods are the paths'.

    Parameters
    ----------
    panel : Panel
        Cut at the origin (:meth:`Panel.until`).
    year : int
        The year, of which the panel knows some but not all periods.
    headline : sequence of str
        Series to simulate; those that cannot be forecast are left out.
    draw_count : int
        Draws, S.
    seed : int
        Of the run; the same seed gives the same bits.
    key : str
        Name of this panel among those of the run (an indicator): two panels with series of the same name need two.
    breaks : mapping of pd.Period to float, optional
        Variance (squared logits) of a known break in the share arriving at a period, past or future: 0.5 for a
        merger, a waived fee, a new portal. Periods outside panel and year have no effect.
    tet_cutoff_day : int or None
        The plan's cut-off day where its months feel Tết.

    Raises
    ------
    ValueError
        `headline` names a series twice; a break's variance is below zero.
    """
    if len(set(headline)) != len(headline):
        raise ValueError("headline names a series twice")
    if any(not variance >= 0 for variance in (breaks or {}).values()):
        raise ValueError("a break's variance cannot be below zero")

    def fitted(origin: pd.Period, of: int) -> PanelFit | None:
        return fit_year(panel.until(origin), of, breaks=breaks, tet_cutoff_day=tet_cutoff_day)

    fit = fitted(panel.origin, year)
    if fit is None:
        return None
    now, _ = standing(fit, year, seed=seed, key=key)
    past = past_years(panel, year, now.series, _standings(fitted, seed, key))
    pooled = hub(now, past, season_length=panel.season_length)

    rows = [now.series.index(name) for name in headline if name in now.series]
    numerator = np.empty((len(rows), draw_count, len(fit.future)))
    denominator = np.empty_like(numerator)
    common = fit.common(seed, draw_count)
    for u, row in enumerate(rows):
        K, N = fit.simulate(row, seed=seed, key=key, common=common)
        K = at_its_edge(now, row, K, N, origin=panel.origin, seed=seed, key=key)
        ties = tie_breakers(fit.panel, row, draw_count, seed=seed, key=key)
        wanted = on_ranks(pooled, now, np.array([row]), K.sum(axis=0)[None], N.sum(axis=0)[None], ties[None])
        numerator[u], denominator[u] = spread_over_periods(K.T, N.T, wanted[0]), N.T

    names = tuple(now.series[row] for row in rows)
    levels = [smoothed_level(*fit.share.best_model(row)) for row in rows]
    diagnostics = error_diagnostics(names, levels)
    diagnostics = diagnostics.merge(audited(fit, rows, seed=seed, key=key), on="series")
    return Paths(
        series=names,
        periods=fit.future,
        numerator=numerator.astype(np.int64),
        denominator=denominator.astype(np.int64),
        components=components(fit, rows, levels),
        diagnostics=diagnostics.assign(history=now.history[rows]),
        weights=_weights(names, rows, pooled),
    )


def _standings(
    fitted: Callable[[pd.Period, int], PanelFit | None], seed: int, key: str
) -> Callable[[pd.Period, int], Standing | None]:
    def stood(origin: pd.Period, year: int) -> Standing | None:
        fit = fitted(origin, year)
        return None if fit is None else standing(fit, year, seed=seed, key=key)[0]

    return stood


def _weights(names: Sequence[str], rows: Sequence[int], pooled: Hub) -> pd.DataFrame:
    members = len(pooled.names)
    return pd.DataFrame(
        {
            "series": np.repeat(np.array(names, dtype=object), members),
            "member": np.tile(np.array(pooled.names, dtype=object), len(rows)),
            "weight": pooled.weights[rows].ravel(),
            "short": np.repeat(pooled.short[rows], members),
        }
    )
