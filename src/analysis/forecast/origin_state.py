"""Series that sit at exactly none or all: how likely they are to stay there.

A service without an online form has no online case however many it handles; no smooth model of a share gives such a
record its due. How often series at an edge have stayed at it is read off the panel itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.forecast.baselines import baseline_shares, year_size
from analysis.forecast.futures import PanelFit, fit_panel
from analysis.forecast.panel import Panel
from analysis.forecast.shocks import stream
from analysis.periods import tet_share, write

NONE, ALL, INSIDE = 0, 1, -1
"""Where a series has been for the last year's length: at 0, at 1, or neither."""

ENOUGH_SEEN = 20
"""Stays over the whole horizon that could have been, from which their own rate is taken."""


def at_edge(panel: Panel) -> np.ndarray:
    """Return `NONE`, `ALL` or `INSIDE` for each series (U,), by the last year's length of a panel."""
    return _edge_of(panel, len(panel.periods))


def chance_of_staying(panel: Panel, horizon: int) -> dict[int, float]:
    """Return how likely a series at an edge is to stay there for a number of periods (0–1), by edge.

    Counted over all series and all earlier periods from which the horizon can be seen. Where fewer than `ENOUGH_SEEN`
    are, the chance of staying for one period is taken to the power of the horizon. Half a case of either kind is added
    (Jeffreys).

    Parameters
    ----------
    panel : Panel
        Cut at the origin.
    horizon : int
        Periods ahead.
    """
    whole, single = _stayed(panel, horizon), _stayed(panel, 1)
    return {
        edge: _rate(*whole[edge]) if whole[edge][1] >= ENOUGH_SEEN else _rate(*single[edge]) ** horizon
        for edge in (NONE, ALL)
    }


def _stayed(panel: Panel, horizon: int) -> dict[int, tuple[int, int]]:
    """Return how many stays of a number of periods there were, and how many there could have been, by edge."""
    stayed, seen = {NONE: 0, ALL: 0}, {NONE: 0, ALL: 0}
    for stop in range(panel.season_length, len(panel.periods) - horizon + 1):
        edge = _edge_of(panel, stop)
        ahead = slice(stop, stop + horizon)
        K, N = (np.nansum(counts[:, ahead], axis=1) for counts in (panel.numerator, panel.denominator))
        for where in (NONE, ALL):
            here = (edge == where) & (N > 0)
            seen[where] += int(here.sum())
            stayed[where] += int((here & ((0 if where == NONE else N) == K)).sum())
    return {edge: (stayed[edge], seen[edge]) for edge in (NONE, ALL)}


def _rate(stayed: int, seen: int) -> float:
    return (stayed + 0.5) / (seen + 1)


def share_held(chance: float, by_itself: np.ndarray) -> float:
    """Return the share of draws (0–1) to hold at the edge so that, with those that end there anyway, the chance is met.

    Parameters
    ----------
    chance : float
        See `chance_of_staying`.
    by_itself : np.ndarray
        Share of the draws of each series at the edge that end there by themselves.
    """
    anyway = float(by_itself.mean())
    return max(0.0, (chance - anyway) / (1 - anyway)) if anyway < 1 else 0.0


def _edge_of(panel: Panel, stop: int) -> np.ndarray:
    recent = slice(max(stop - panel.season_length, 0), stop)
    K = np.nansum(panel.numerator[:, recent], axis=1)
    N = np.nansum(panel.denominator[:, recent], axis=1)
    return np.where(N == 0, INSIDE, np.where(K == 0, NONE, np.where(K == N, ALL, INSIDE)))


WINDOW_YEARS = 4
"""Years before the one forecast that the model learns from: hyper-parameters of a decade ago teach the wrong lesson."""

MINIMUM_PERIODS = {12: 8, 4: 4}
"""Periods with cases a series needs to be forecast, by periods in a year."""

GAUGE_DRAWS = 400
"""Draws behind the model's centre and spread: enough for a median, and few enough for every earlier year."""

SPREAD_FLOOR = 0.3
"""Share of the panel's median spread below which no series' spread may fall, added in squares."""

MODEL = "npeb"
"""The state-space model as a source of points beside the baselines."""


@dataclass(frozen=True, eq=False)
class Standing:
    """A panel's series at an origin of a year.

    Attributes
    ----------
    series : tuple of str
        The U series that can be forecast.
    numerator, denominator : np.ndarray, shape (U,)
        Cases of the year so far.
    size : np.ndarray, shape (U,)
        Cases the whole year is expected to have.
    points : mapping of str to np.ndarray, shape (U,)
        Year-end share (0–1) by the name of who forecast it: the baselines, and `MODEL` with its median.
    spread : np.ndarray, shape (U,)
        Standard deviation of the model's year-end share on the corrected logit scale (`corrected_logit`).
    history : np.ndarray of int, shape (U,)
        Periods with cases, in the window.
    edge : np.ndarray of int, shape (U,)
        Whether a series sits at none or at all; see `edges`.
    held : np.ndarray, shape (U,)
        Share of the draws held there.
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


def fit_year(
    panel: Panel, year: int, *, breaks: Mapping[pd.Period, float] | None = None, tet_cutoff_day: int | None = None
) -> PanelFit | None:
    """Return the fit of a year at a panel's origin, or None when no series can be forecast; see `window_of`.

    Parameters
    ----------
    panel : Panel
        Cut at the origin: from the last period of the year before to the last but one of the year.
    year : int
        The year.
    breaks : mapping of pd.Period to float, optional
        Variance (squared logits) of known breaks, by the period they arrive at.
    tet_cutoff_day : int or None
        The plan's cut-off day where its months feel Tết; None leaves Tết out.
    """
    window = window_of(panel, year)
    if window is None:
        return None
    horizon = window.season_length - window.elapsed(year)
    regressor = None
    if tet_cutoff_day is not None:
        periods = pd.period_range(window.periods[0], window.origin + horizon)
        regressor = tet_share(periods, tet_cutoff_day).to_numpy()
    return fit_panel(window, horizon, breaks=breaks, regressor=regressor)


def window_of(panel: Panel, year: int) -> Panel | None:
    """Return the part of a panel a year's forecast is made from, or None when no series can be forecast.

    The last `WINDOW_YEARS` years before it and what is known of itself; series with enough periods with cases
    (`MINIMUM_PERIODS`), and one in the last year's length. A series that comes later changes nothing.

    Parameters
    ----------
    panel : Panel
        Cut at the origin.
    year : int
        The year.
    """
    P = panel.season_length
    window = panel.between(panel.origin - panel.elapsed(year) + 1 - WINDOW_YEARS * P, panel.origin)
    cases = np.nan_to_num(window.denominator) > 0
    usable = (cases.sum(axis=1) >= MINIMUM_PERIODS[P]) & cases[:, -P:].any(axis=1)
    return window.only(np.flatnonzero(usable)) if usable.any() else None


def simple_standing(window: Panel, year: int) -> Standing:
    """Return how a year stands by the baselines alone: no model, a spread of 1 for every series."""
    K, N = (np.nansum(counts, axis=1) for counts in window.counts_of(year))
    return Standing(
        series=window.series,
        numerator=K,
        denominator=N,
        size=year_size(window, year),
        points=baseline_shares(window, year),
        spread=np.ones(len(K)),
        history=(np.nan_to_num(window.denominator) > 0).sum(axis=1),
        edge=at_edge(window),
        held=np.zeros(len(K)),
    )


@dataclass(frozen=True, eq=False)
class Simulated:
    """The model's rest of the year, periods added up.

    Attributes
    ----------
    numerator, denominator : np.ndarray, shape (U, S)
        Cases, per draw.
    """

    numerator: np.ndarray
    denominator: np.ndarray

    def shares(self, so_far: Standing) -> np.ndarray:
        """Return the year-end shares (U, S), 0–1."""
        cases = so_far.denominator[:, None] + self.denominator
        return np.asarray((so_far.numerator[:, None] + self.numerator) / np.maximum(cases, 1.0))


def standing(fit: PanelFit, year: int, *, seed: int, key: str) -> tuple[Standing, Simulated]:
    """Return how a year stands at the origin of a fit, and the `GAUGE_DRAWS` draws its centre and spread are taken of.

    Parameters
    ----------
    fit : PanelFit
        See `fit_year`.
    year : int
        Its year.
    seed, key
        Of the run and of the panel.
    """
    window, simple = fit.panel, simple_standing(fit.panel, year)
    simulated = Simulated(*fit.simulate_sums(seed=seed, key=key, draw_count=GAUGE_DRAWS))
    held = np.zeros(len(window.series))
    for where, chance in chance_of_staying(window, len(fit.future)).items():
        here = np.flatnonzero(simple.edge == where)
        if len(here):
            drawn, cases = simulated.numerator[here], simulated.denominator[here]
            held[here] = share_held(chance, (drawn == (0 if where == NONE else cases)).mean(axis=1))
    kept = replace(simple, held=held)
    for row in (int(row) for row in np.flatnonzero(held)):
        K, N = simulated.numerator[row], simulated.denominator[row]
        simulated.numerator[row] = at_its_edge(kept, row, K, N, origin=window.origin, seed=seed, key=key)
    size = simple.size
    low, middle, high = np.quantile(corrected_logit(simulated.shares(simple), size[:, None]), [0.16, 0.5, 0.84], axis=1)
    spread = (high - low) / 2
    stood = replace(
        kept,
        points={**simple.points, MODEL: from_corrected_logit(middle, size)},
        spread=np.hypot(spread, max(SPREAD_FLOOR * float(np.median(spread)), 1e-6)),
    )
    return stood, simulated


def at_its_edge(
    stood: Standing,
    row: int,
    numerator: np.ndarray,
    denominator: np.ndarray,
    *,
    origin: pd.Period,
    seed: int,
    key: str,
) -> np.ndarray:
    """Return a series' numerators (…, S) with as many draws at none, or at all, as the standing holds there.

    Parameters
    ----------
    stood : Standing
        At the origin.
    row : int
        The series.
    numerator, denominator : np.ndarray, shape (…, S)
        Cases, per draw.
    origin, seed, key
        What keys the random numbers, with the series' name.
    """
    names = (key, stood.series[row], write(origin), "edge")
    stays = stream(seed, *names).random(numerator.shape[-1]) < stood.held[row]
    return np.where(stays, 0.0 if stood.edge[row] == NONE else denominator, numerator)


def tie_breakers(panel: Panel, row: int, draw_count: int, *, seed: int, key: str) -> np.ndarray:
    """Return the random numbers (S,) that order a series' equal year-end shares when the hub is put on their ranks."""
    names = (key, panel.series[row], write(panel.origin), "ties")
    return stream(seed, *names).random(draw_count)


@dataclass(frozen=True, eq=False)
class PastYear:
    """An earlier year at the same point, and how it ended, for the series of a later standing.

    Attributes
    ----------
    year : int
        The year.
    points : mapping of str to np.ndarray, shape (U,)
        What was forecast then; NaN where a series could not be.
    spread, size : np.ndarray, shape (U,)
        See `Standing`.
    outcome, cases : np.ndarray, shape (U,)
        Share the year ended with, and its cases; NaN where it cannot be told.
    """

    year: int
    points: Mapping[str, np.ndarray]
    spread: np.ndarray
    size: np.ndarray
    outcome: np.ndarray
    cases: np.ndarray


def past_years(
    panel: Panel, year: int, series: Sequence[str], stood: Callable[[pd.Period, int], Standing | None]
) -> tuple[PastYear, ...]:
    """Return every earlier year at the point of the year a panel's origin is at, first to last.

    Parameters
    ----------
    panel : Panel
        Cut at the origin.
    year : int
        The year forecast.
    series : sequence of str
        The U series asked about.
    stood : callable
        Gets an earlier origin and its year, and returns the standing then, or None.
    """
    P, elapsed = panel.season_length, panel.elapsed(year)
    found = []
    for earlier in range(panel.periods[0].year, year):
        then = panel.origin - P * (year - earlier)
        if then < panel.periods[0] or (panel.origin - then).n < P - elapsed:
            continue
        standing_then = stood(then, earlier)
        if standing_then is not None:
            found.append(_as_seen_now(panel, earlier, series, standing_then))
    return tuple(found)


def _as_seen_now(panel: Panel, year: int, series: Sequence[str], then: Standing) -> PastYear:
    rows_then = pd.Index(then.series).get_indexer(pd.Index(series))
    rows_now = pd.Index(panel.series).get_indexer(pd.Index(series))

    def aligned(values: np.ndarray) -> np.ndarray:
        return np.where(rows_then >= 0, values[rows_then], np.nan)

    return PastYear(
        year=year,
        points={name: aligned(values) for name, values in then.points.items()},
        spread=aligned(then.spread),
        size=aligned(then.size),
        outcome=panel.year_share(year)[rows_now],
        cases=np.nansum(panel.counts_of(year)[1], axis=1)[rows_now],
    )


def corrected_logit(share: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the log-odds of shares of counts, ½ added to either side of the cases, so that 0 and 1 are finite."""
    return np.asarray(logit((share * size + 0.5) / (size + 1)))


def from_corrected_logit(value: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the shares (0–1) that `corrected_logit` was taken of."""
    return np.asarray(np.clip((expit(value) * (size + 1) - 0.5) / size, 0.0, 1.0))
