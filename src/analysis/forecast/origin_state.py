"""Everything about a year at an origin that its forecasts share: counts, baselines, the model's simulation.

A series at an *edge* has had exactly none or all of its cases in the numerator for the last year's length: a service
without an online form has no online case, however many cases it has. A smooth model of a share does not represent that,
so the panel's own record shows how often series at an edge stay there, and as many draws are held there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.faults import BadParameters
from analysis.forecast.baselines import baseline_shares, misses_so_far, year_size
from analysis.forecast.futures import PanelFit, fit_panel
from analysis.forecast.link import LOGIT, Link
from analysis.forecast.panel import AnyPanel, SeriesPanel, peer_rows
from analysis.forecast.shocks import stream
from analysis.periods import tet_share, write

WINDOW_YEARS = 4
"""Years before the one forecast that the model learns from: older years would mislead the hyper-parameters."""

MINIMUM_PERIODS = {12: 8, 4: 4}
"""Periods with cases that a series needs to be forecast, by periods in a year."""

STATE_DRAWS = 400
"""Draws from which the model's median and spread are taken: enough for a median, few enough for every earlier year."""

SPREAD_FLOOR = 0.3
"""Share of the panel's median spread that is added to every series' spread, in squares."""

MODEL_OF_RECORD = "npeb"
"""Name of the model of record in files: its grid has the weights of non-parametric empirical Bayes."""

NONE, ALL, INSIDE = 0, 1, -1
"""Where the share of a series has been for the last year's length: at 0, at 1, or neither."""

ENOUGH_STAYS = 20
"""Possible stays over the whole horizon from which their own rate is used."""


@dataclass(frozen=True, eq=False)
class OriginState:
    """State of a panel's series at an origin of a year.

    Attributes
    ----------
    series : tuple of str
        Names of the U series that can be forecast.
    numerator, denominator : np.ndarray, shape (U,)
        Cases of the year so far.
    size : np.ndarray, shape (U,)
        Expected cases of the whole year.
    points : mapping of str to np.ndarray, shape (U,)
        Point forecasts of the year-end share (0–1) by name: those of `baselines.baseline_shares`, and
        `MODEL_OF_RECORD` with its median.
    spread : np.ndarray, shape (U,)
        Standard deviation of the model's year-end value on the corrected link scale (`Link.corrected`).
    history : np.ndarray of int, shape (U,)
        Periods with cases in the window.
    edge : np.ndarray of int, shape (U,)
        `NONE`, `ALL` or `INSIDE`; see `series_edges`.
    held : np.ndarray, shape (U,)
        Share of the draws (0–1) that are held at the edge.
    peers : np.ndarray of bool, shape (U,)
        Series that the forecasts of all are learnt from; see `panel.peer_rows`.
    misses : tuple of np.ndarray, each of shape (U,)
        See `baselines.misses_so_far`.
    elapsed, known_periods, season_length : int
        Periods of the year that are known; periods of the window; periods in a year, 12 or 4.
    link : Link
        Link of the panel's share or mean.
    breaks : tuple of pd.Period
        Breaks of the window at which most series jumped; see `breaks.find_breaks`.
    quantiles : np.ndarray or None, shape (U, L)
        Quantiles at `dressing.LEVELS` of the ensemble's year-end share, before `recalibration`; None without one.
    """

    series: tuple[str, ...]
    numerator: np.ndarray
    denominator: np.ndarray
    size: np.ndarray
    points: Mapping[str, np.ndarray]
    spread: np.ndarray
    history: np.ndarray
    edge: np.ndarray
    held: np.ndarray
    peers: np.ndarray
    misses: tuple[np.ndarray, np.ndarray]
    elapsed: int
    known_periods: int
    season_length: int
    link: Link = LOGIT
    breaks: tuple[pd.Period, ...] = ()
    quantiles: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class SimulatedYear:
    """Simulated cases of the rest of a year, summed over its periods.

    Attributes
    ----------
    numerator, denominator : np.ndarray, shape (U, S)
        Cases, per draw.
    """

    numerator: np.ndarray
    denominator: np.ndarray

    def shares(self, so_far: OriginState) -> np.ndarray:
        """Return the year-end shares (U, S), 0–1, from the counts to date of an origin state."""
        cases = so_far.denominator[:, None] + self.denominator
        return np.asarray((so_far.numerator[:, None] + self.numerator) / np.maximum(cases, 1.0))


@dataclass(frozen=True, eq=False)
class PastYear:
    """Forecasts of an earlier year at the same point of the year, and its outcome, for the series of a later origin.

    Attributes
    ----------
    year : int
        The earlier year.
    points : mapping of str to np.ndarray, shape (U,)
        Point forecasts made then; NaN where a series could not be forecast.
    spread, size : np.ndarray, shape (U,)
        See `OriginState`.
    outcome, cases : np.ndarray, shape (U,)
        Share (0–1) of the whole year, NaN where it is not known, and its cases.
    peers, inside : np.ndarray of bool, shape (U,)
        Series whose errors count, see `panel.peer_rows`; and those that were at no edge at the origin of then.
    link : Link
        See `OriginState`.
    quantiles : np.ndarray or None, shape (U, L)
        See `OriginState`; NaN where a series could not be forecast.
    """

    year: int
    points: Mapping[str, np.ndarray]
    spread: np.ndarray
    size: np.ndarray
    outcome: np.ndarray
    cases: np.ndarray
    peers: np.ndarray
    inside: np.ndarray
    link: Link = LOGIT
    quantiles: np.ndarray | None = None


def fit_year(
    panel: SeriesPanel,
    year: int,
    *,
    breaks: Mapping[pd.Period, float] | None = None,
    tet_cutoff_day: int | None = None,
    peers: Collection[str] | None = None,
    look_for_breaks: bool = True,
) -> PanelFit | None:
    """Return the fit of a year at a panel's origin, or None when no series can be forecast; see `window_of`.

    Parameters
    ----------
    panel : SeriesPanel
        Counts up to the origin, which is between the last period of the year before and the last but one of the year.
    year : int
        The year forecast.
    breaks : mapping of pd.Period to float, optional
        Level variance (squared logits) of known breaks, by the period they arrive at.
    tet_cutoff_day : int or None
        The plan's cut-off day if Tết affects its months; None leaves Tết out.
    peers : collection of str, optional
        Series from which the forecasts of all are learnt, all by default; see `futures.fit_panel`.
    look_for_breaks : bool
        See `futures.fit_panel`.

    Raises
    ------
    BadParameters
        Tết cannot be spread over the periods: they are quarters, or of years whose lunar calendar is not known.
    """
    window = window_of(panel, year)
    if window is None:
        return None
    horizon = window.season_length - window.elapsed(year)
    regressor = None
    if tet_cutoff_day is not None:
        periods = pd.period_range(window.periods[0], window.origin + horizon)
        try:
            regressor = tet_share(periods, tet_cutoff_day).to_numpy()
        except ValueError as error:
            raise BadParameters(f"plan: calendar.tet: {error}; write calendar.tet: false") from error
    return fit_panel(window, horizon, breaks=breaks, regressor=regressor, peers=peers, look_for_breaks=look_for_breaks)


def window_of(panel: AnyPanel, year: int) -> AnyPanel | None:
    """Return the part of a panel that a year's forecast uses, or None when no series can be forecast.

    It has the last `WINDOW_YEARS` years before the year and the known part of the year, and the series with enough
    periods with cases (`MINIMUM_PERIODS`), one of them in the last year's length. A series that starts later changes
    nothing.

    Parameters
    ----------
    panel : SeriesPanel
        Counts up to the origin.
    year : int
        The year forecast.
    """
    P = panel.season_length
    window = panel.between(panel.origin - panel.elapsed(year) + 1 - WINDOW_YEARS * P, panel.origin)
    cases = np.nan_to_num(window.denominator) > 0
    usable = (cases.sum(axis=1) >= MINIMUM_PERIODS[P]) & cases[:, -P:].any(axis=1)
    return window.only(np.flatnonzero(usable)) if usable.any() else None


def baseline_origin_state(window: SeriesPanel, year: int, *, peers: Collection[str] | None = None) -> OriginState:
    """Return the state of a year from the baselines alone: without the model, with a spread of 1 for every series.

    Parameters
    ----------
    window : SeriesPanel
        Counts up to the origin; see `window_of`.
    year : int
        The year forecast.
    peers : collection of str, optional
        Series from which the forecasts of all are learnt, all by default.
    """
    K, N = (np.nansum(counts, axis=1) for counts in window.counts_of(year))
    of_peers = peer_rows(window.series, peers)
    return OriginState(
        series=window.series,
        numerator=K,
        denominator=N,
        size=year_size(window, year),
        points=baseline_shares(window, year),
        spread=np.ones(len(K)),
        history=(np.nan_to_num(window.denominator) > 0).sum(axis=1),
        edge=series_edges(window),
        held=np.zeros(len(K)),
        peers=of_peers,
        misses=misses_so_far(window, year),
        elapsed=window.elapsed(year),
        known_periods=len(window.periods),
        season_length=window.season_length,
        link=window.link(of_peers),
    )


def compute_origin_state(fit: PanelFit, year: int, *, seed: int, key: str) -> tuple[OriginState, SimulatedYear]:
    """Return the state of a year at the origin of a fit, and the `STATE_DRAWS` draws of its median and spread.

    Parameters
    ----------
    fit : PanelFit
        Fit of the year; see `fit_year`.
    year : int
        The year forecast.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    """
    window = fit.panel
    names_of_peers = [name for name, is_peer in zip(window.series, fit.peers, strict=True) if is_peer]
    simple = baseline_origin_state(window, year, peers=names_of_peers)
    simulated = SimulatedYear(*fit.simulate_sums(seed=seed, key=key, draw_count=STATE_DRAWS))
    held = np.zeros(len(window.series))
    stays = chance_of_staying(window, len(fit.future), peers=names_of_peers) if fit.link.has_edges else {}
    for edge, chance in stays.items():
        rows = np.flatnonzero(simple.edge == edge)
        if len(rows):
            cases, volume = simulated.numerator[rows], simulated.denominator[rows]
            by_itself = (cases == (0 if edge == NONE else volume)).mean(axis=1)
            of_peers = by_itself[fit.peers[rows]]
            # without a peer at this edge, each series makes up for its own draws
            held[rows] = (
                share_to_hold(chance, of_peers)
                if len(of_peers)
                else [share_to_hold(chance, own) for own in by_itself[:, None]]
            )
    state = replace(simple, held=held)
    for row in (int(row) for row in np.flatnonzero(held)):
        K, N = simulated.numerator[row], simulated.denominator[row]
        simulated.numerator[row] = hold_at_edge(state, row, K, N, origin=window.origin, seed=seed, key=key)
    size = simple.size
    corrected = fit.link.corrected(simulated.shares(simple), size[:, None])
    low, middle, high = np.quantile(corrected, [0.16, 0.5, 0.84], axis=1)
    spread = (high - low) / 2
    state = replace(
        state,
        points={**simple.points, MODEL_OF_RECORD: fit.link.from_corrected(middle, size)},
        spread=np.hypot(spread, max(SPREAD_FLOOR * float(np.median(spread[fit.peers])), 1e-6)),
        breaks=fit.breaks,
    )
    return state, simulated


def past_years(
    panel: SeriesPanel,
    year: int,
    series: Sequence[str],
    state_at: Callable[[pd.Period, int], OriginState | None],
    *,
    peers: Collection[str] | None = None,
    breaks: Collection[pd.Period] = (),
) -> tuple[PastYear, ...]:
    """Return the earlier years at the same point of the year as a panel's origin, first to last.

    Two kinds of years are none of them: those forecast from less than one full year, because without a season their
    errors were others; and those in which a break came after the origin, because they say how large the break
    was, not how right forecasts are.

    Parameters
    ----------
    panel : SeriesPanel
        Counts up to the origin.
    year : int
        The year forecast.
    series : sequence of str
        Names of the U series.
    state_at : callable
        Takes an earlier origin and its year, and returns the state then, or None.
    peers : collection of str, optional
        Series whose errors count, all by default.
    breaks : collection of pd.Period, optional
        Periods at which breaks arrived, declared or found.
    """
    P, elapsed = panel.season_length, panel.elapsed(year)
    found = []
    for earlier in range(panel.periods[0].year, year):
        origin = panel.origin - P * (year - earlier)
        if origin < panel.periods[0] or (panel.origin - origin).n < P - elapsed:
            continue
        if any(origin < period <= origin + P - elapsed for period in breaks):
            continue
        state = state_at(origin, earlier)
        if state is not None and state.known_periods >= P:
            found.append(_past_year(panel, earlier, series, state, peer_rows(series, peers)))
    return tuple(found)


def _past_year(panel: SeriesPanel, year: int, series: Sequence[str], state: OriginState, peers: np.ndarray) -> PastYear:
    """Return an earlier year with its state then and its outcome in a panel, in the order of `series`."""
    rows_then = pd.Index(state.series).get_indexer(pd.Index(series))
    rows_now = pd.Index(panel.series).get_indexer(pd.Index(series))

    def aligned(values: np.ndarray) -> np.ndarray:
        there = (rows_then >= 0).reshape(-1, *[1] * (values.ndim - 1))
        return np.where(there, values[rows_then], np.nan)

    return PastYear(
        year=year,
        points={name: aligned(values) for name, values in state.points.items()},
        spread=aligned(state.spread),
        size=aligned(state.size),
        outcome=panel.year_share(year)[rows_now],
        cases=np.nansum(panel.counts_of(year)[1], axis=1)[rows_now],
        peers=peers,
        inside=aligned(state.edge == INSIDE) == 1,
        link=state.link,
        quantiles=None if state.quantiles is None else aligned(state.quantiles),
    )


def series_edges(panel: SeriesPanel) -> np.ndarray:
    """Return `NONE`, `ALL` or `INSIDE` for each series (U,), by the last year's length; a mean is always inside."""
    if not panel.link().has_edges:
        return np.full(len(panel.series), INSIDE)
    return _edges(panel, len(panel.periods))


def chance_of_staying(panel: SeriesPanel, horizon: int, *, peers: Collection[str] | None = None) -> dict[int, float]:
    """Return the chance (0–1) that a series at an edge stays there for a number of periods, by edge.

    The chance is the share of stays among all peers and all earlier periods with a known horizon. Where there are
    fewer than `ENOUGH_STAYS` of them, it is the chance of staying for one period to the power of the horizon. Half a
    case of either kind is added (Jeffreys prior).

    Parameters
    ----------
    panel : SeriesPanel
        Counts up to the origin.
    horizon : int
        Periods ahead.
    peers : collection of str, optional
        Series whose stays count, all by default.
    """
    record = panel if peers is None else panel.only(np.flatnonzero(peer_rows(panel.series, peers)))
    whole, single = _count_stays(record, horizon), _count_stays(record, 1)
    return {
        edge: _rate(*whole[edge]) if whole[edge][1] >= ENOUGH_STAYS else _rate(*single[edge]) ** horizon
        for edge in (NONE, ALL)
    }


def share_to_hold(chance: float, by_itself: np.ndarray) -> float:
    """Return the share of draws (0–1) to hold at the edge, so that with those that end there anyway the chance is met.

    Parameters
    ----------
    chance : float
        Chance of staying (0–1); see `chance_of_staying`.
    by_itself : np.ndarray
        Share (0–1) of the draws of each series at the edge that end there without being held.
    """
    anyway = float(by_itself.mean())
    return max(0.0, (chance - anyway) / (1 - anyway)) if anyway < 1 else 0.0


def hold_at_edge(
    state: OriginState,
    row: int,
    numerator: np.ndarray,
    denominator: np.ndarray,
    *,
    origin: pd.Period,
    seed: int,
    key: str,
) -> np.ndarray:
    """Return a series' numerators (…, S) with the share of the draws that the state asks for held at its edge.

    Parameters
    ----------
    state : OriginState
        The year at the origin.
    row : int
        Row of the series.
    numerator, denominator : np.ndarray, shape (…, S)
        Cases, per draw.
    origin : pd.Period
        Last period known.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    """
    names = (key, state.series[row], write(origin), "edge")
    stays = stream(seed, *names).random(numerator.shape[-1]) < state.held[row]
    return np.where(stays, 0.0 if state.edge[row] == NONE else denominator, numerator)


def tie_breakers(panel: SeriesPanel, row: int, draw_count: int, *, seed: int, key: str) -> np.ndarray:
    """Return the random numbers (S,) that order a series' equal year-end shares in the Schaake shuffle.

    Parameters
    ----------
    panel : SeriesPanel
        Counts up to the origin.
    row : int
        Row of the series in the panel.
    draw_count : int
        Draws, S.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    """
    names = (key, panel.series[row], write(panel.origin), "ties")
    return stream(seed, *names).random(draw_count)


def _edges(panel: SeriesPanel, stop: int) -> np.ndarray:
    """Return `NONE`, `ALL` or `INSIDE` for each series (U,), by the last year's length before a position."""
    recent = slice(max(stop - panel.season_length, 0), stop)
    K = np.nansum(panel.numerator[:, recent], axis=1)
    N = np.nansum(panel.denominator[:, recent], axis=1)
    return np.where(N == 0, INSIDE, np.where(K == 0, NONE, np.where(K == N, ALL, INSIDE)))


def _count_stays(panel: SeriesPanel, horizon: int) -> dict[int, tuple[int, int]]:
    """Return the number of stays of a number of periods, and of the series and periods that could stay, by edge."""
    stays, possible = {NONE: 0, ALL: 0}, {NONE: 0, ALL: 0}
    for stop in range(panel.season_length, len(panel.periods) - horizon + 1):
        edges = _edges(panel, stop)
        ahead = slice(stop, stop + horizon)
        K, N = (np.nansum(counts[:, ahead], axis=1) for counts in (panel.numerator, panel.denominator))
        for edge in (NONE, ALL):
            at_this = (edges == edge) & (N > 0)
            possible[edge] += int(at_this.sum())
            stays[edge] += int((at_this & ((0 if edge == NONE else N) == K)).sum())
    return {edge: (stays[edge], possible[edge]) for edge in (NONE, ALL)}


def _rate(stays: int, possible: int) -> float:
    return (stays + 0.5) / (possible + 1)
