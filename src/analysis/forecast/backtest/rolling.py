"""Rolling-origin forecasts: every model forecasts every year of a panel, from the data known at one of its origins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.forecast.backtest.comparisons import COMPARISONS, simulate_comparison_panel
from analysis.forecast.backtest.thresholds import thresholds
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import chosen_baseline, dressed_quantiles, past_errors
from analysis.forecast.ensemble import build_ensemble, schaake_shuffle
from analysis.forecast.futures import PanelFit
from analysis.forecast.origin_state import (
    MODEL_OF_RECORD,
    OriginState,
    PastYear,
    SimulatedYear,
    baseline_origin_state,
    compute_origin_state,
    fit_year,
    past_years,
    tie_breakers,
)
from analysis.forecast.panel import MeanPanel, SeriesPanel, first_period
from analysis.rules import Rule

SHORT_NAMES = {"year_to_date": "ytd"}
"""Baselines with a shorter name in the name of a model."""

SERIES_AT_ONCE = 1000
"""Series in one block of the Schaake shuffle, so that memory does not grow with the panel."""

KEY = "backtest"
"""Key of the random numbers of a backtest, whatever the name of its panel."""

ENSEMBLE = "hub"
"""Name of the ensemble among the models; the others are compared with it."""

CHOSEN = "dressed_chosen"
RAW = {f"raw_{SHORT_NAMES.get(name, name)}": name for name in BASELINES}
DRESSED = {f"dressed_{SHORT_NAMES.get(name, name)}": name for name in BASELINES}
OWN_MODELS = (ENSEMBLE, MODEL_OF_RECORD, *RAW, *DRESSED, CHOSEN)
"""Names of the models without those of other libraries, which take twenty times as long and are asked for by name."""

MODELS = (*OWN_MODELS, *COMPARISONS)
"""Names of all models of a backtest."""


@dataclass(frozen=True, eq=False)
class ModelForecast:
    """Forecasts of a year by one model.

    Attributes
    ----------
    model : str
        Name of the model, one of `MODELS`.
    values : np.ndarray, shape (U, L)
        Equally likely year-end shares (0–1) or means of each series; NaN where the model has no forecast. L is 1 for a
        raw baseline.
    total : np.ndarray, shape (L,)
        The same for the sum over the peers among the series.
    """

    model: str
    values: np.ndarray
    total: np.ndarray


@dataclass(frozen=True, eq=False)
class OriginForecasts:
    """Forecasts of all models at one origin of a year, the thresholds, and the outcome.

    Attributes
    ----------
    year, quarters : int
        The year, and how many of its quarters are known (0–3).
    series : tuple of str
        Names of the U series forecast.
    observed : np.ndarray, shape (U,)
        Year-end share (0–1) or mean; NaN where the year is not finished or was not reported.
    limits : np.ndarray, shape (U, J)
        Thresholds (share or mean); NaN where there is none.
    total_observed : float
        Year-end share or mean of the sum over the peers; NaN while the year is not finished.
    total_limits : np.ndarray, shape (J,)
        Thresholds of the sum.
    by_model : iterator of ModelForecast
        The forecasts, one model after the other; each is computed when it is taken.
    last_means : np.ndarray, shape (U,), optional
        Of means, last year's, on which scores are based; NaN where it is not known. None for shares.
    """

    year: int
    quarters: int
    series: tuple[str, ...]
    observed: np.ndarray
    limits: np.ndarray
    total_observed: float
    total_limits: np.ndarray
    by_model: Iterator[ModelForecast]
    last_means: np.ndarray | None = None


def rolling(
    panel: SeriesPanel,
    quarters: int,
    *,
    rule: Rule,
    members: Collection[str],
    seed: int,
    report_progress: Callable[[str], None] = lambda line: None,
    peers: Collection[str] | None = None,
) -> Iterator[OriginForecasts]:
    """Yield the forecasts of every year of a panel at one point of the year, first to last.

    Parameters
    ----------
    panel : SeriesPanel
        All counts or totals; at each origin only those up to it are used.
    quarters : int
        Quarters of the year that are known, 0 (the start of the year) to 3.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    members : collection of str
        Names of the models wanted, of `MODELS`.
    seed : int
        Seed of the run.
    report_progress : callable
        Called with one line per origin.
    peers : collection of str, optional
        Series from which the forecasts of all are learnt, all by default; see `paths.year_paths`.
    """
    P = panel.season_length
    states = _OriginStates(panel, seed, peers)
    for year in range(panel.periods[0].year, panel.periods[-1].year + 2):
        last_period = first_period(year, panel.periods.freqstr) + P - 1
        origin = last_period - P + P * quarters // 4
        if not panel.periods[0] <= origin <= panel.periods[-1]:
            continue
        computed = states.compute(origin, year)
        if computed is None:
            continue
        fit, state, simulated = computed
        report_progress(f"{year}, {quarters} quarters known: {len(state.series):,} series")
        past = past_years(panel.until(origin), year, state.series, states.state_at, peers=peers)
        rows = pd.Index(panel.series).get_indexer(pd.Index(state.series))
        year_before = last_period - P
        if year_before >= panel.periods[0]:
            before = panel.until(year_before)
            limits = thresholds(before.only(rows), year, rule, peers=fit.peers)
            total_limits = thresholds(before.only(rows[fit.peers]).summed(), year, rule)[0]
        else:
            limits, total_limits = np.full((len(rows), 3), np.nan), np.full(3, np.nan)
        finished, whole = panel.periods[-1] >= last_period, panel.only(rows[fit.peers]).summed()
        yield OriginForecasts(
            year=year,
            quarters=quarters,
            series=state.series,
            observed=panel.only(rows).year_share(year) if finished else np.full(len(rows), np.nan),
            limits=limits,
            total_observed=float(whole.year_share(year)[0]) if finished else float("nan"),
            total_limits=total_limits,
            by_model=model_forecasts(fit, year, state, simulated, past, models=members, seed=seed, key=KEY),
            last_means=panel.only(rows).year_share(year - 1) if isinstance(panel, MeanPanel) else None,
        )


@dataclass
class _OriginStates:
    """The states at the origins of a panel so far: each is computed once, and later years look back to it."""

    panel: SeriesPanel
    seed: int
    peers: Collection[str] | None
    states: dict[pd.Period, OriginState | None] = field(default_factory=dict)

    def state_at(self, origin: pd.Period, year: int) -> OriginState | None:
        """Return the state of a year at an origin, or None when no series can be forecast."""
        if origin not in self.states:
            self.compute(origin, year)
        return self.states[origin]

    def compute(self, origin: pd.Period, year: int) -> tuple[PanelFit, OriginState, SimulatedYear] | None:
        """Return the fit, state and draws of a year at an origin; only the state is stored."""
        fit = fit_year(self.panel.until(origin), year, peers=self.peers)
        if fit is None:
            self.states[origin] = None
            return None
        state, simulated = compute_origin_state(fit, year, seed=self.seed, key=KEY)
        self.states[origin] = state
        return fit, state, simulated


def model_forecasts(
    fit: PanelFit,
    year: int,
    state: OriginState,
    simulated: SimulatedYear,
    past: Sequence[PastYear],
    *,
    models: Collection[str],
    seed: int,
    key: str,
) -> Iterator[ModelForecast]:
    """Yield the forecasts of each model at an origin.

    Parameters
    ----------
    fit : PanelFit
        Fit at the origin.
    year : int
        The year forecast.
    state : OriginState
        The year at the origin.
    simulated : SimulatedYear
        Its simulation by the model of record.
    past : sequence of PastYear
        Earlier years at the same point of the year.
    models : collection of str
        Names of the models wanted, of `MODELS`.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    """
    if ENSEMBLE in models:
        yield _forecast(ENSEMBLE, fit, state, _ensemble_draws(fit, state, simulated, past, seed=seed, key=key))
    if MODEL_OF_RECORD in models:
        yield _forecast(MODEL_OF_RECORD, fit, state, simulated)
    # for the baselines, the sum over the peers is a series of its own
    whole = baseline_origin_state(fit.panel.only(np.flatnonzero(fit.peers)).summed(), year)
    whole = replace(whole, size=np.array([state.size[fit.peers].sum()]))
    for model, name in RAW.items():
        if model in models:
            yield ModelForecast(model, state.points[name][:, None], whole.points[name])
    chosen = chosen_baseline(past)
    for model, baseline in {**DRESSED, CHOSEN: chosen}.items():
        if model in models and baseline is not None:
            errors = past_errors(past, baseline)
            yield ModelForecast(
                model, dressed_quantiles(state, baseline, errors), dressed_quantiles(whole, baseline, errors)[0]
            )
    for model in COMPARISONS:
        if model in models:
            draws = simulate_comparison_panel(model, fit, seed=seed, key=key, draw_count=simulated.numerator.shape[1])
            yield _forecast(model, fit, state, draws)


def _ensemble_draws(
    fit: PanelFit, state: OriginState, simulated: SimulatedYear, past: Sequence[PastYear], *, seed: int, key: str
) -> SimulatedYear:
    """Return the model's draws with the ensemble's year-end shares, by the Schaake shuffle."""
    ensemble = build_ensemble(state, past, season_length=fit.panel.season_length)
    U, S = simulated.numerator.shape
    numerator = np.empty((U, S))
    for start in range(0, U, SERIES_AT_ONCE):
        rows = np.arange(start, min(start + SERIES_AT_ONCE, U))
        ties = np.array([tie_breakers(fit.panel, row, S, seed=seed, key=key) for row in rows])
        numerator[rows] = schaake_shuffle(
            ensemble, state, rows, simulated.numerator[rows], simulated.denominator[rows], ties
        )
    return SimulatedYear(numerator, simulated.denominator)


def _forecast(model: str, fit: PanelFit, state: OriginState, draws: SimulatedYear) -> ModelForecast:
    """Return a model's forecasts from its joint draws; the total is summed over the peers inside each draw."""
    rows = slice(None) if fit.peers.all() else fit.peers
    numerator = state.numerator[rows].sum() + draws.numerator[rows].sum(axis=0)
    denominator = state.denominator[rows].sum() + draws.denominator[rows].sum(axis=0)
    return ModelForecast(model, draws.shares(state), numerator / np.maximum(denominator, 1.0))
