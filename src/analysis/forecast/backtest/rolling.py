"""Rolling-origin forecasts: every model forecasts every year of a panel, from the data known at one of its origins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from analysis.forecast.backtest.automatic_models import CONFORMAL, NATIVE, AutomaticForecast, automatic_forecasts
from analysis.forecast.backtest.comparisons import COMPARISONS, simulate_comparison_panel
from analysis.forecast.backtest.thresholds import thresholds
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import chosen_baseline, dressed_quantiles, past_errors
from analysis.forecast.futures import PanelFit
from analysis.forecast.origin_state import MODEL_OF_RECORD, OriginState, SimulatedYear
from analysis.forecast.origins import Origin, Origins
from analysis.forecast.panel import MeanPanel, SeriesPanel, first_period, peer_rows
from analysis.rules import Rule

SHORT_NAMES = {"year_to_date": "ytd"}
"""Baselines with a shorter name in the name of a model."""

KEY = "backtest"
"""Key of the random numbers of a backtest, whatever the name of its panel."""

ENSEMBLE = "hub"
"""Name of the ensemble among the models; the others are compared with it."""

SUMMED = "_sum"
"""Ending of a model's name where its total is the sum of its series' draws, not a series of its own."""

CHOSEN = "dressed_chosen"
RAW = {f"raw_{SHORT_NAMES.get(name, name)}": name for name in BASELINES}
DRESSED = {f"dressed_{SHORT_NAMES.get(name, name)}": name for name in BASELINES}
OWN_MODELS = (ENSEMBLE, MODEL_OF_RECORD, *RAW, *DRESSED, CHOSEN)
"""Names of the models without those of other libraries, which take twenty times as long and are asked for by name."""

MODELS = (*OWN_MODELS, *COMPARISONS, *NATIVE, *CONFORMAL)
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
        The same for the total, as a series of its own, which is how a page prints it; NaN where it has no forecast.
    summed : np.ndarray or None, shape (L,)
        The same for the sum of the series' draws, of a model that has joint draws.
    """

    model: str
    values: np.ndarray
    total: np.ndarray
    summed: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class OriginForecasts:
    """Forecasts of all models at one origin of a year, the thresholds, and the outcome.

    Attributes
    ----------
    year, quarters : int
        The year, and how many of its quarters are known (0–3).
    series : tuple of str
        Names of the U series forecast, without the total.
    observed : np.ndarray, shape (U,)
        Year-end share (0–1) or mean; NaN where the year is not finished or was not reported.
    limits : np.ndarray, shape (U, J)
        Thresholds (share or mean); NaN where there is none.
    total_observed : float
        Year-end share or mean of the total; NaN while the year is not finished.
    total_limits : np.ndarray, shape (J,)
        Thresholds of the total.
    by_model : iterator of ModelForecast
        The forecasts, one model after the other; each is computed when it is taken.
    last_means : np.ndarray, shape (U,), optional
        Of means, last year's, on which scores are based; NaN where it is not known. None for shares.
    last_total : float, optional
        The same of the total.
    recounted : bool
        Whether a known break (in counting, bodies or systems) came between the origin and the end of the year: no
        forecast of then could know of it.
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
    last_total: float | None = None
    recounted: bool = False


@dataclass(frozen=True, eq=False)
class GradedPanel:
    """A panel to grade forecasts on, with its total as one more series.

    Attributes
    ----------
    panel : SeriesPanel
        All counts or totals; at each origin only those up to it are used.
    total : str or None
        Name of the total; None without one.
    peers : tuple of str or None
        Series that the forecasts of all are learnt from; see `panel.peer_rows`.
    parts : tuple of str
        Series of one kind that make up the total between them.
    breaks, tet_cutoff_day
        See `origins.Origins`.
    nested : tuple of GradedPanel or None
        Of a share that is nested in another, that other share and the rest: the forecasts graded are formed from theirs
        inside each draw, as a page forms them, and only the simple rules look at the panel.
    """

    panel: SeriesPanel
    total: str | None
    peers: tuple[str, ...] | None
    parts: tuple[str, ...]
    breaks: Mapping[pd.Period, float] | None = None
    tet_cutoff_day: int | None = None
    nested: tuple[GradedPanel, GradedPanel] | None = None

    @classmethod
    def with_total(cls, panel: SeriesPanel, peers: Collection[str] | None = None) -> Self:
        """Return a panel with the sum over its peers, which nothing is learnt from, as one more series.

        Parameters
        ----------
        panel : SeriesPanel
            A panel of series of one kind.
        peers : collection of str, optional
            Series that the forecasts of all are learnt from, all by default.
        """
        names = panel.series if peers is None else tuple(name for name in panel.series if name in peers)
        extended, total = panel.with_total(names)
        return cls(extended, total, names, names)

    @property
    def changes(self) -> set[pd.Period]:
        """Periods at which known breaks of the panel, or of what it is nested in, arrived."""
        return set(self.breaks or ()).union(*(one.changes for one in self.nested or ()))

    def origins(self, seed: int, key: str = KEY) -> Origins:
        """Return the origins of the panel.

        Parameters
        ----------
        seed : int
            Seed of the run.
        key : str
            Keys the random numbers: panels of one backtest that are drawn together have different ones.
        """
        return Origins(self.panel, seed, key, self.breaks, self.tet_cutoff_day, self.peers)


def rolling(
    graded: GradedPanel,
    quarters: int,
    *,
    rule: Rule,
    members: Collection[str],
    seed: int,
    report_progress: Callable[[str], None] = lambda line: None,
) -> Iterator[OriginForecasts]:
    """Yield the forecasts of every year of a panel at one point of the year, first to last.

    Parameters
    ----------
    graded : GradedPanel
        The panel.
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
    """
    panel = graded.panel
    P = panel.season_length
    automatic: dict[pd.Period, Mapping[str, AutomaticForecast]] = {}

    def points_of_automatic(fit: PanelFit, its_year: int) -> dict[str, np.ndarray]:
        found = automatic_forecasts(fit, its_year, members, seed=seed, key=KEY)
        automatic[fit.panel.origin] = found
        return {name: one.point for name, one in found.items()}

    origins = replace(graded.origins(seed), more_points=points_of_automatic)
    nested = [one.origins(seed, f"{KEY} {place}") for place, one in enumerate(graded.nested or ())]
    for year in range(panel.periods[0].year, panel.periods[-1].year + 2):
        last_period = first_period(year, panel.periods.freqstr) + P - 1
        origin = last_period - P + P * quarters // 4
        if not panel.periods[0] <= origin <= panel.periods[-1]:
            continue
        here = origins.compute(origin, year)
        if here is None:
            continue
        pair = [one.compute(origin, year) for one in nested]
        joint = _Joint.of(here) if not pair else _Joint.of_nested(*pair)
        if joint is None:
            continue
        names = [name for name in here.state.series if name in joint.series]
        is_total = np.array([name == graded.total for name in names], dtype=bool)
        report_progress(f"{year}, {quarters} quarters known: {(~is_total).sum():,} series")
        of_now = panel.only(pd.Index(panel.series).get_indexer(pd.Index(names)))
        year_before, limits = last_period - P, np.full((len(names), 3), np.nan)
        if year_before >= panel.periods[0]:
            limits = thresholds(of_now.until(year_before), year, rule, peers=peer_rows(names, graded.peers))
            if is_total.any():
                whole = of_now.only(np.flatnonzero(is_total)).until(year_before)
                limits[is_total] = thresholds(whole, year, rule)
        last = of_now.year_share(year - 1) if isinstance(panel, MeanPanel) else None
        finished = panel.periods[-1] >= last_period
        observed = of_now.year_share(year) if finished else np.full(len(names), np.nan)
        yield OriginForecasts(
            year=year,
            quarters=quarters,
            series=tuple(name for name in names if name != graded.total),
            observed=observed[~is_total],
            limits=limits[~is_total],
            total_observed=float(observed[is_total].sum()) if is_total.any() else float("nan"),
            total_limits=limits[is_total][0] if is_total.any() else np.full(limits.shape[1], np.nan),
            by_model=_model_forecasts(here, joint, names, graded, automatic.pop(origin), models=members, seed=seed),
            last_means=None if last is None else last[~is_total],
            last_total=None if last is None else float(last[is_total].sum()),
            recounted=any(origin < change <= last_period for change in graded.changes),
        )


@dataclass(frozen=True, eq=False)
class _Joint:
    """Joint draws of a year's counts, of those series that have them.

    Attributes
    ----------
    series : tuple of str
        Names of the U series.
    draws : dict of str to tuple of np.ndarray, each of shape (U, S)
        Numerators and denominators of the whole year by model: the ensemble and the model of record.
    """

    series: tuple[str, ...]
    draws: dict[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, here: Origin) -> Self:
        by_model = {ENSEMBLE: here.draws(), MODEL_OF_RECORD: here.simulated}
        return cls(here.state.series, {model: _whole_year(here.state, draws) for model, draws in by_model.items()})

    @classmethod
    def of_nested(cls, parent: Origin | None, rest: Origin | None) -> Self | None:
        """Return the draws of K / (K + M): K of the parent, and of its other N - K cases the share M that the rest has.

        See `rest_of_year`, which does the same period by period.
        """
        if parent is None or rest is None:
            return None
        names = tuple(name for name in parent.state.series if name in rest.state.series)
        rows, rest_rows = ([one.state.series.index(name) for name in names] for one in (parent, rest))
        found = {}
        pairs = {ENSEMBLE: (parent.draws(), rest.draws()), MODEL_OF_RECORD: (parent.simulated, rest.simulated)}
        for model, (ours, others) in pairs.items():
            share = others.numerator[rest_rows] / np.maximum(others.denominator[rest_rows], 1.0)
            M = np.rint(share * (ours.denominator - ours.numerator)[rows])
            K = _whole_year(parent.state, ours)[0][rows]
            found[model] = (K, K + M + rest.state.numerator[rest_rows][:, None])
        return cls(names, found) if names else None


def _whole_year(state: OriginState, draws: SimulatedYear) -> tuple[np.ndarray, np.ndarray]:
    return state.numerator[:, None] + draws.numerator, state.denominator[:, None] + draws.denominator


def _model_forecasts(
    here: Origin,
    joint: _Joint,
    names: Sequence[str],
    graded: GradedPanel,
    automatic: Mapping[str, AutomaticForecast],
    *,
    models: Collection[str],
    seed: int,
) -> Iterator[ModelForecast]:
    """Yield the forecasts of each model wanted at an origin, of the series named."""
    fit, state = here.fit, here.state
    rows = np.array([state.series.index(name) for name in names], dtype=int)
    is_total = np.array([name == graded.total for name in names], dtype=bool)

    def forecast(model: str, values: np.ndarray, summed: np.ndarray | None = None) -> ModelForecast:
        total = values[is_total][0] if is_total.any() else np.full(values.shape[1], np.nan)
        return ModelForecast(model, values[~is_total], total, summed)

    for model in (ENSEMBLE, MODEL_OF_RECORD):
        if model in models:
            K, N = joint.draws[model]
            own = [joint.series.index(name) for name in names]
            parts = [place for place in own if joint.series[place] in graded.parts]
            summed = _quotient(K[parts].sum(axis=0), N[parts].sum(axis=0)) if parts else None
            yield forecast(model, _quotient(K[own], N[own]), summed)
    for model, name in RAW.items():
        if model in models:
            yield forecast(model, state.points[name][rows, None])
    chosen = chosen_baseline(here.past)
    for model, baseline in {**DRESSED, CHOSEN: chosen, **CONFORMAL}.items():
        if model in models and baseline is not None:
            yield forecast(model, dressed_quantiles(state, baseline, past_errors(here.past, baseline))[rows])
    for model, name in NATIVE.items():
        if model in models:
            yield forecast(model, automatic[name].quantiles[rows])
    for model in COMPARISONS:
        if model in models:
            count = here.simulated.numerator.shape[1]
            draws = simulate_comparison_panel(model, fit, seed=seed, key=KEY, draw_count=count)
            yield forecast(model, draws.shares(state)[rows])


def _quotient(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.asarray(numerator / np.maximum(denominator, 1.0))
