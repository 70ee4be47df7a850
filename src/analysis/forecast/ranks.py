"""The hub's year-end shares put on the ranks of joint paths: the one says how likely, the other with what together."""

from __future__ import annotations

import numpy as np


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
