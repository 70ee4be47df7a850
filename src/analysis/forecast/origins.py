"""Everything forecast at the origins of one panel, each origin computed once; later years learn from earlier ones.

The forecast of a year (`paths`) and the backtest (`backtest.rolling`) both start here: what the backtest grades is what
a page publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.forecast.dressing import LEVELS
from analysis.forecast.ensemble import SERIES_AT_ONCE, Ensemble, build_ensemble, model_alone, schaake_shuffle
from analysis.forecast.futures import PanelFit
from analysis.forecast.origin_state import (
    OriginState,
    PastYear,
    SimulatedYear,
    compute_origin_state,
    fit_year,
    past_years,
    tie_breakers,
)
from analysis.forecast.panel import SeriesPanel

YEARS_AFTER_A_BREAK = 2
"""Years after a break in which the ensemble is the model alone: baselines and weights learnt before it are of another
world, and those learnt across it are its size."""


def recent_breaks(fit: PanelFit) -> list[pd.Period]:
    """Return the breaks of the last `YEARS_AFTER_A_BREAK` years at which most series of a panel jumped."""
    span = YEARS_AFTER_A_BREAK * fit.panel.season_length
    return [period for period in fit.breaks if (fit.panel.origin - period).n < span]


@dataclass(frozen=True, eq=False)
class Origin:
    """A year as it is forecast at one origin.

    Attributes
    ----------
    fit : PanelFit
        Fit of the model of record.
    state : OriginState
        Counts so far, points and spreads.
    simulated : SimulatedYear
        Simulation of the rest of the year by the model of record.
    past : tuple of PastYear
        Earlier years at the same point of the year.
    ensemble : Ensemble
        The ensemble, learnt from them.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    """

    fit: PanelFit
    state: OriginState
    simulated: SimulatedYear
    past: tuple[PastYear, ...]
    ensemble: Ensemble
    seed: int
    key: str

    def draws(self) -> SimulatedYear:
        """Return the model's draws with the ensemble's year-end values, by the Schaake shuffle."""
        K, N = self.simulated.numerator, self.simulated.denominator
        numerator = np.empty(K.shape)
        for start in range(0, len(K), SERIES_AT_ONCE):
            rows = np.arange(start, min(start + SERIES_AT_ONCE, len(K)))
            ties = [
                tie_breakers(self.fit.panel, row, K.shape[1], seed=self.seed, key=self.key) for row in rows.tolist()
            ]
            numerator[rows] = schaake_shuffle(self.ensemble, rows, K[rows], N[rows], np.array(ties))
        return SimulatedYear(numerator, N)


@dataclass
class Origins:
    """The origins of a panel.

    Attributes
    ----------
    panel : SeriesPanel
        All counts or totals; at each origin only those up to it are used.
    seed : int
        Seed of the run.
    key : str
        Name of the panel, which keys its random numbers.
    breaks, tet_cutoff_day, peers
        See `origin_state.fit_year`. Nobody knew at an earlier origin of a break that came later.
    more_points : callable or None
        Takes a fit and its year, and returns further point forecasts of that origin by name: those of models that are
        only compared, whose errors of earlier years are asked for like those of the others.
    look_for_breaks : bool
        Whether breaks that nobody declared are looked for.
    states : dict
        State at each origin computed so far, with the quantiles of its ensemble; None where nothing can be forecast.
    """

    panel: SeriesPanel
    seed: int
    key: str
    breaks: Mapping[pd.Period, float] | None = None
    tet_cutoff_day: int | None = None
    peers: Collection[str] | None = None
    more_points: Callable[[PanelFit, int], Mapping[str, np.ndarray]] | None = None
    look_for_breaks: bool = True
    states: dict[pd.Period, OriginState | None] = field(default_factory=dict)

    def compute(self, origin: pd.Period, year: int) -> Origin | None:
        """Return a year as it is forecast at an origin, or None when no series can be forecast; its state is kept.

        Parameters
        ----------
        origin : pd.Period
            Last period known.
        year : int
            The year forecast.
        """
        known = self.panel.until(origin)
        fit = fit_year(
            known,
            year,
            breaks=self._breaks_at(origin),
            tet_cutoff_day=self.tet_cutoff_day,
            peers=self.peers,
            look_for_breaks=self.look_for_breaks,
        )
        if fit is None:
            self.states[origin] = None
            return None
        state, simulated = compute_origin_state(fit, year, seed=self.seed, key=self.key)
        if self.more_points:
            state = replace(state, points={**state.points, **self.more_points(fit, year)})
        breaks = {*fit.breaks, *self._found_earlier(origin, year), *(self.breaks or ())}
        past = past_years(known, year, state.series, self._state_at, peers=self.peers, breaks=breaks)
        ensemble = model_alone(state) if recent_breaks(fit) else build_ensemble(state, past)
        every = np.arange(len(state.series))
        raw = ensemble.unstretched_quantiles(every, simulated.shares(state), LEVELS)
        self.states[origin] = replace(state, quantiles=raw)
        return Origin(fit, state, simulated, past, ensemble, self.seed, self.key)

    def _found_earlier(self, origin: pd.Period, year: int) -> set[pd.Period]:
        """Return the breaks that earlier origins found: a window that has moved on may no longer hold them."""
        P = self.panel.season_length
        year_before = origin - P
        if year_before >= self.panel.periods[0]:
            self._state_at(year_before, year - 1)  # which asks for the one before it
        same_quarter = [state for at, state in self.states.items() if at < origin and (origin - at).n % P == 0]
        return {period for state in same_quarter if state for period in state.breaks}

    def _breaks_at(self, origin: pd.Period) -> dict[pd.Period, float]:
        """Return the breaks known at an origin: at the panel's last those declared ahead, too."""
        last = self.panel.origin
        return {period: size for period, size in (self.breaks or {}).items() if period <= origin or origin == last}

    def _state_at(self, origin: pd.Period, year: int) -> OriginState | None:
        if origin not in self.states:
            self.compute(origin, year)
        return self.states[origin]
