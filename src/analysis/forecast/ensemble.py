"""The hub's year-end shares put on the ranks of joint paths: the one says how likely, the other with what together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.forecast.dressing import LEVELS, dressed, mean_absolute_errors, past_errors, scaled
from analysis.forecast.origin_state import INSIDE, MODEL, PastYear, Standing


def ranks(values: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Return the rank of each value among its row's, 0 to S - 1, equal values ordered by `ties`.

    Parameters
    ----------
    values, ties : np.ndarray, shape (U, S)
        Values, and independent random numbers: without them equal shares of two series would rank alike, draw by draw.
    """
    order = np.lexsort((ties, values), axis=1)
    places = np.empty(values.shape, dtype=np.int64)
    np.put_along_axis(places, order, np.arange(values.shape[1])[None, :], axis=1)
    return places


def rank_levels(draw_count: int) -> np.ndarray:
    """Return the levels (S,) the ranks of S draws stand for."""
    return (np.arange(draw_count) + 0.5) / draw_count


def spread_over_periods(numerator: np.ndarray, denominator: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return numerators (S, h) whose sum over periods is the wanted one, as near the paths' own as that allows.

    A surplus is shared out in proportion to the cases not yet in the numerator, a shortfall in proportion to those in
    it, so that 0 ≤ numerator ≤ denominator stays true in every period.

    Parameters
    ----------
    numerator, denominator : np.ndarray, shape (S, h)
        The paths' own counts.
    wanted : np.ndarray, shape (S,)
        Whole numbers from 0 to the sum of the denominators.
    """
    missing = wanted - numerator.sum(axis=1)
    room = np.where(missing[:, None] > 0, denominator - numerator, numerator)
    part = missing / np.maximum(room.sum(axis=1), 1.0)
    moved = np.floor(np.cumsum(numerator + part[:, None] * room, axis=1) + 0.5)
    return np.diff(moved, axis=1, prepend=0.0)


DRESSED = ("last_quarter", "seasonal_naive")
"""Baselines that stand in the pool with their own errors, whose sign corrects them."""

SCALED = ("last_quarter", "year_to_date", "seasonal_naive", "same_growth")
"""Baselines that stand in it with errors in units of each series' spread."""

WEIGHT_POWER = 8.0
"""Power of the past error in a weight once many years have been seen; forecast note 1.2."""

SHORT_YEARS = 2
"""Years of periods with cases under which a series takes the pool for short histories; forecast note 4.3."""

SHORT_RULE = "last_quarter"
"""The rule that shares the pool for short histories with the model, half and half."""

_SMALLEST_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class Hub:
    """The pool of a year's members, before it is put on the ranks of joint paths.

    Attributes
    ----------
    names : tuple of str
        The M members: ``npeb``, ``dressed_…``, ``scaled_…``.
    weights : np.ndarray, shape (U, M)
        Weight of each for each series; rows sum to 1.
    others : np.ndarray, shape (U, M - 1, L)
        Quantiles of the year-end share at `dressing.LEVELS` of all members but the first, which is the paths' own.
    short : np.ndarray of bool, shape (U,)
        Series with less than two years of history.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    others: np.ndarray
    short: np.ndarray

    def quantiles(self, rows: np.ndarray, paths: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return quantiles of the pooled year-end share, shape (len(rows), len(levels)).

        Parameters
        ----------
        rows : np.ndarray of int
            Series of the hub.
        paths : np.ndarray, shape (len(rows), S)
            The model's year-end shares of these series.
        levels : np.ndarray
            Increasing, between 0 and 1.
        """
        own = np.quantile(paths, LEVELS, axis=1).T[:, None, :]
        values = np.concatenate([own, self.others[rows]], axis=1).reshape(len(rows), -1)
        weights = np.repeat(self.weights[rows] / len(LEVELS), len(LEVELS), axis=1)
        order = np.argsort(values, axis=1, kind="stable")
        values, weights = (np.take_along_axis(array, order, axis=1) for array in (values, weights))
        reached = np.cumsum(weights, axis=1) - weights / 2
        pooled = np.empty((len(rows), len(levels)))
        for u in range(len(rows)):
            held = weights[u] > 0
            pooled[u] = np.interp(levels, reached[u][held], values[u][held])
        return pooled


def hub(now: Standing, past: Sequence[PastYear], *, season_length: int) -> Hub:
    """Return the pool of a year at an origin.

    Weights are the members' mean absolute errors at this point of earlier years to the power −8 n / (n + 1), n years
    seen. A series with less than two years of history takes the model and the dressed last quarter, half and half;
    where no earlier year can be scored, the model stands alone. So it does for a series at none or all, which it alone
    knows how to hold there.

    Parameters
    ----------
    now : Standing
        The year at the origin.
    past : sequence of PastYear
        Earlier years at the same point, for the same series.
    season_length : int
        Periods in a year.
    """
    sources = (MODEL, *DRESSED, *SCALED)
    names = (MODEL, *(f"dressed_{name}" for name in DRESSED), *(f"scaled_{name}" for name in SCALED))
    errors = {name: past_errors(past, name) for name in dict.fromkeys(sources)}
    others = [dressed(now, name, errors[name]) for name in DRESSED]
    others += [scaled(now, name, errors[name]) for name in SCALED]
    quantiles = np.stack(others, axis=1)
    usable = np.column_stack([np.ones(len(now.series), dtype=bool), np.isfinite(quantiles).all(axis=2)])

    table = mean_absolute_errors(past, tuple(dict.fromkeys(sources))).set_index("name")
    size = np.maximum(table["error"].loc[list(sources)].to_numpy(), _SMALLEST_ERROR)
    scored = np.isfinite(size)
    years = len(past)
    weights = np.zeros(len(sources))
    if scored.any():
        weights[scored] = (size[scored] / size[scored].min()) ** (-WEIGHT_POWER * years / (years + 1))
    weights[0] = weights[0] or float(not scored.any())
    weights = weights * usable

    short = now.history < SHORT_YEARS * season_length
    half = np.zeros(len(sources))
    half[[0, names.index(f"dressed_{SHORT_RULE}")]] = 0.5
    weights[short] = half * usable[short]
    weights[now.edge != INSIDE] = np.arange(len(sources)) == 0
    weights[weights.sum(axis=1) == 0, 0] = 1.0
    weights = weights / weights.sum(axis=1, keepdims=True)
    return Hub(names, weights, np.nan_to_num(quantiles), short)


def on_ranks(
    pooled: Hub, now: Standing, rows: np.ndarray, numerator: np.ndarray, denominator: np.ndarray, ties: np.ndarray
) -> np.ndarray:
    """Return numerators (u, S) of the rest of the year whose year-end shares are the hub's, on the paths' own ranks.

    Denominators stay the paths', and a share the year can no longer reach is moved to the nearest it can.

    Parameters
    ----------
    pooled : Hub
        The pool.
    now : Standing
        The year at the origin.
    rows : np.ndarray of int, shape (u,)
        Series wanted.
    numerator, denominator : np.ndarray, shape (u, S)
        The paths' rest of the year.
    ties : np.ndarray, shape (u, S)
        Random numbers that order equal shares; see `ranks.ranks`.
    """
    so_far, volume = now.numerator[rows][:, None], now.denominator[rows][:, None]
    shares = (so_far + numerator) / np.maximum(volume + denominator, 1.0)
    quantiles = pooled.quantiles(rows, shares, rank_levels(shares.shape[1]))
    mapped = np.take_along_axis(quantiles, ranks(shares, ties), axis=1)
    wanted = np.rint(mapped * (volume + denominator)) - so_far
    return np.asarray(np.clip(wanted, 0.0, denominator))
