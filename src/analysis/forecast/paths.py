"""Joint paths of the rest of the year for headline series: the model's draws with the ensemble's year-end shares.

Start at :func:`year_paths`. A draw is one possible future: all its periods, its numerators and its denominators belong
together, so a year-end share is formed inside a draw and only then compared with a target.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.diagnostics import audit_against_statsmodels, components, error_diagnostics
from analysis.forecast.ensemble import Ensemble, schaake_shuffle
from analysis.forecast.futures import PanelFit
from analysis.forecast.model import smoothed_level
from analysis.forecast.origin_state import hold_at_edge, tie_breakers
from analysis.forecast.origins import Origins, recent_breaks
from analysis.forecast.panel import SeriesPanel
from analysis.periods import write

BREAK_COLUMNS = ["period", "declared", "stays", "left"]


@dataclass(frozen=True, eq=False)
class Paths:
    """Joint draws of the periods after an origin.

    Attributes
    ----------
    series : tuple of str
        The headline series that could be forecast, in the order of the call.
    periods : pd.PeriodIndex
        The h periods after the origin.
    numerator, denominator : np.ndarray, shape (U, S, h)
        Of a share: cases, int64, 0 ≤ numerator ≤ denominator. Of a mean: totals in units of the quantity, float64, 0 or
        more; and cases, int64.
    components : pd.DataFrame
        See `diagnostics.components`, at the grid point of highest weight.
    diagnostics : pd.DataFrame
        See `diagnostics.error_diagnostics` and `diagnostics.audit_against_statsmodels`; and `history`, periods with
        cases in the window.
    weights : pd.DataFrame
        `series, member, weight`: the weights (0–1) of the ensemble's members for each series.
    breaks : pd.DataFrame
        `period, declared, stays, left`: the breaks of the last `origins.YEARS_AFTER_A_BREAK` years at which most series
        jumped; whether the plan declares them, or one a period away; of the last of them, the chance (0–1) that its
        jump stays for good, and the part of it (0–1) that is expected to be left in the year's last period; see
        `recovery`. Missing of those before.
    """

    series: tuple[str, ...]
    periods: pd.PeriodIndex
    numerator: np.ndarray
    denominator: np.ndarray
    components: pd.DataFrame
    diagnostics: pd.DataFrame
    weights: pd.DataFrame
    breaks: pd.DataFrame

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
    panel: SeriesPanel,
    year: int,
    headline: Sequence[str],
    *,
    draw_count: int,
    seed: int,
    key: str,
    breaks: Mapping[pd.Period, float] | None = None,
    tet_cutoff_day: int | None = None,
    diagnose: bool = True,
    peers: Collection[str] | None = None,
) -> Paths | None:
    """Return joint draws of numerator and denominator for the rest of a year, or None when no series can be forecast.

    Season, drift, the prior over hyper-parameters, the chance of staying at an edge and the past errors of the
    baselines are learnt from the peers. Random numbers are keyed by name, so that an added headline series changes no
    other. The shared factor is keyed by seed and origin alone, so that calls for other panels with the same seed,
    origin and ``draw_count`` belong to the same futures, draw by draw. The year-end shares are the ensemble's; the
    denominators, the ranks and the split of a surplus or shortfall over the periods come from the model's paths.

    Parameters
    ----------
    panel : SeriesPanel
        Counts or totals up to the origin (:meth:`Panel.until`).
    year : int
        The year forecast, of which the panel has some but not all periods.
    headline : sequence of str
        Series to simulate; those that cannot be forecast are left out.
    draw_count : int
        Draws, S.
    seed : int
        Seed of the run; the same seed gives the same bits.
    key : str
        Name of this panel in the run (an indicator): two panels with series of the same name need different keys.
    breaks : mapping of pd.Period to float, optional
        Level variance (squared logits; of a mean, squared logs) of known breaks, by the period they arrive at, past or
        future: 0.5 for a merger, a waived fee, a new portal. Periods outside the panel and the year have no effect.
    tet_cutoff_day : int or None
        The plan's cut-off day if Tết affects its months; None leaves Tết out.
    diagnose : bool
        Whether statsmodels decomposes and audits the series, too; no draw depends on it. Without it `components` and
        `diagnostics` have no rows.
    peers : collection of str, optional
        Series that share what is learnt, all by default. The other series of the panel (a total, groups, channels) are
        forecast with what the peers say, and change no number of a peer.

    Raises
    ------
    ValueError
        `headline` names a series twice; a break's variance is below zero.
    """
    if len(set(headline)) != len(headline):
        raise ValueError("headline names a series twice")
    if any(not variance >= 0 for variance in (breaks or {}).values()):
        raise ValueError("a break's variance cannot be below zero")

    origins = Origins(panel, seed, key, breaks, tet_cutoff_day, peers)
    now = origins.compute(panel.origin, year)
    if now is None:
        return None
    fit, state = now.fit, now.state

    rows = [state.series.index(name) for name in headline if name in state.series]
    numerator = np.empty((len(rows), draw_count, len(fit.future)))
    denominator = np.empty_like(numerator)
    common = fit.common(seed, draw_count)
    for u, row in enumerate(rows):
        K, N = fit.simulate(row, seed=seed, key=key, common=common)
        K = hold_at_edge(state, row, K, N, origin=panel.origin, seed=seed, key=key)
        ties = tie_breakers(fit.panel, row, draw_count, seed=seed, key=key)
        year_total = schaake_shuffle(
            now.ensemble, np.array([row]), K.sum(axis=0)[None], N.sum(axis=0)[None], ties[None]
        )
        numerator[u], denominator[u] = fit.link.spread_over_periods(K.T, N.T, year_total[0]), N.T

    names = tuple(state.series[row] for row in rows)
    diagnosed = rows if diagnose else []
    levels = [smoothed_level(*fit.share.best_model(row)) for row in diagnosed]
    diagnostics = error_diagnostics([state.series[row] for row in diagnosed], levels)
    diagnostics = diagnostics.merge(audit_against_statsmodels(fit, diagnosed, seed=seed, key=key), on="series")
    return Paths(
        series=names,
        periods=fit.future,
        numerator=numerator.astype(np.int64 if fit.link.whole_numerators else np.float64),
        denominator=denominator.astype(np.int64),
        components=components(fit, diagnosed, levels),
        diagnostics=diagnostics.assign(history=state.history[np.array(diagnosed, dtype=int)]),
        weights=_weights(names, rows, now.ensemble),
        breaks=_breaks(fit, breaks or {}),
    )


def _breaks(fit: PanelFit, declared: Collection[pd.Period]) -> pd.DataFrame:
    rows = [
        (write(period), any(abs((period - one).n) <= 1 for one in declared), float("nan"), float("nan"))
        for period in recent_breaks(fit)
    ]
    found = pd.DataFrame(rows, columns=BREAK_COLUMNS)
    if len(found):
        months = (fit.future[-1] - fit.breaks[-1]).n * 12 // fit.panel.season_length
        found.loc[len(found) - 1, ["stays", "left"]] = fit.shares.stays, fit.shares.left(months)
    return found


def _weights(names: Sequence[str], rows: Sequence[int], ensemble: Ensemble) -> pd.DataFrame:
    members = len(ensemble.names)
    return pd.DataFrame(
        {
            "series": np.repeat(np.array(names, dtype=object), members),
            "member": np.tile(np.array(ensemble.names, dtype=object), len(rows)),
            "weight": ensemble.weights[rows].ravel(),
        }
    )
