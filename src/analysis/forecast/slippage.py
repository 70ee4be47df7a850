"""When open items of a list will be done, learnt from how its items have slipped so far.

Only the finished items would be the quick ones; an open item has slipped at least to today, and is counted so. The page
`docs/methods/dated-items.md` has the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.shocks import stream

EDGES = np.array([-240, -120, -60, -45, -30, -20, -10, 0, 10, 20, 30, 45, 60, 90, 120, 240], dtype=float)
"""Days of slippage at which the pace may change; a bin ends with its upper edge."""
BINS = len(EDGES) + 1

PACES = np.exp(np.linspace(np.log(1 / 20_000), np.log(1 / 2), 120))
"""The paces an item can have: chances a day."""
FIRST_PACE, FIRST_SPREAD = 1 / 100, 1.5
"""Prior of the pace long before the planned day: its median, and its spread on the log scale."""
STEP_DRIFT, STEP_SPREAD = -0.3, 1.0
"""Prior of the log pace from bin to bin. The drift gives back a part of what the spread adds to the mean, so that a
list whose planned days are still ahead keeps about the pace it has."""

SHARED = 0.25
"""Correlation of the log waiting times of two items: the fixed prior of all shocks here (see `forecast.paths`)."""
SHOCK_SPREAD = float(np.sqrt(np.pi**2 / 6 * SHARED / (1 - SHARED)))
"""Spread of the log of the shock common to a list; pi²/6 is the variance of the log of a unit exponential."""


@dataclass(frozen=True, eq=False)
class Experience:
    """What a list has gone through, by bin of slippage.

    Attributes
    ----------
    done : np.ndarray, shape (BINS,)
        Items done in the bin.
    waited : np.ndarray, shape (BINS,)
        Days that items spent in the bin without being done.
    finished : int
        Items done while on the list: what there is to learn from.
    """

    done: np.ndarray
    waited: np.ndarray
    finished: int


def experience(items: pd.DataFrame, *, as_of: pd.Timestamp) -> Experience:
    """Return what items have gone through up to a day.

    Parameters
    ----------
    items : pd.DataFrame
        `first_planned_on, listed_on, done_on, called_off_on`; see `indicators.dated_items.DatedItems`.
    as_of : pd.Timestamp
        Day up to which data is known. Items still open have waited until then, those called off until they were.
    """
    until = items["done_on"].fillna(items["called_off_on"]).fillna(as_of)
    followed = items[until > items["listed_on"]]
    planned = followed["first_planned_on"]
    waited = _days_by_bin(_days(followed["listed_on"] - planned), _days(until[followed.index] - planned))
    finished = followed[followed["done_on"].notna()]
    slipped = _days(finished["done_on"] - finished["first_planned_on"])
    done = np.bincount(np.searchsorted(EDGES, slipped, side="left"), minlength=BINS)
    return Experience(done, waited.sum(axis=0), len(finished))


def paces(past: Experience, uniforms: np.ndarray) -> np.ndarray:
    """Return draws of the pace in each bin, given what the list has gone through.

    Parameters
    ----------
    past : Experience
        Of the list.
    uniforms : np.ndarray, shape (draws, BINS)
        Random numbers from 0 to 1. The same number at more experience of finishing gives no slower pace.

    Returns
    -------
    np.ndarray, shape (draws, BINS)
        Chances a day.
    """
    log_paces = np.log(PACES)
    log_fit = past.done[:, None] * log_paces - past.waited[:, None] * PACES
    fit = np.exp(log_fit - log_fit.max(axis=1, keepdims=True))
    step = np.exp(-0.5 * ((log_paces - log_paces[:, None] - STEP_DRIFT) / STEP_SPREAD) ** 2)
    step /= step.sum(axis=1, keepdims=True)
    first = np.exp(-0.5 * ((log_paces - np.log(FIRST_PACE)) / FIRST_SPREAD) ** 2)

    # How well each pace of a bin explains that bin and all after it; then each bin is drawn given the one before.
    explained = np.empty_like(fit)
    explained[-1] = fit[-1]
    for b in range(BINS - 2, -1, -1):
        explained[b] = fit[b] * (step @ explained[b + 1])
        explained[b] /= explained[b].max()
    at = np.empty(uniforms.shape, dtype=int)
    at[:, 0] = np.searchsorted(_cumulated(first * explained[0]), uniforms[:, 0])
    for b in range(1, BINS):
        cumulated = _cumulated(step * explained[b])
        at[:, b] = (cumulated[at[:, b - 1]] < uniforms[:, b : b + 1]).sum(axis=1)
    return PACES[np.minimum(at, len(PACES) - 1)]


def done_by(
    items: pd.DataFrame,
    past: Experience,
    *,
    as_of: pd.Timestamp,
    last: pd.Timestamp,
    draw_count: int,
    seed: int,
    key: str,
) -> np.ndarray:
    """Return in which draws each open item is done by a day: joint over the items of the list.

    Parameters
    ----------
    items : pd.DataFrame
        Open items, with `item` and `first_planned_on`.
    past : Experience
        Of the list.
    as_of, last : pd.Timestamp
        Last day known, and the day by which an item must be done.
    draw_count : int
        Joint draws.
    seed : int
        Of the run.
    key : str
        Name of the list. Random numbers are keyed by it and by the item, so one item more changes no other.

    Returns
    -------
    np.ndarray of bool, shape (draws, items)
        Items in the frame's order.
    """
    names = ("items", key)
    pace = paces(past, stream(seed, *names, "pace").random((draw_count, BINS)))
    shock = np.exp(SHOCK_SPREAD * stream(seed, *names, "shock").standard_normal(draw_count))
    planned = items["first_planned_on"]
    ahead = _days_by_bin(_days(as_of - planned), _days(last - planned))
    patience = np.empty((draw_count, len(items)))
    for column, item in enumerate(items["item"]):
        patience[:, column] = stream(seed, *names, "patience", item).standard_exponential(draw_count)
    return np.asarray(patience <= shock[:, None] * (pace @ ahead.T))


def _days(spans: pd.Series) -> np.ndarray:
    return spans.dt.days.to_numpy(dtype=float)


def _days_by_bin(after: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return the days of slippage from after one to another in each bin, shape (items, BINS)."""
    lower, upper = np.concatenate([[-np.inf], EDGES]), np.concatenate([EDGES, [np.inf]])
    days = np.minimum(until[:, None], upper) - np.maximum(after[:, None], lower)
    return np.asarray(np.clip(days, 0.0, None))


def _cumulated(weights: np.ndarray) -> np.ndarray:
    sums = np.cumsum(weights, axis=-1)
    return np.asarray(sums / sums[..., -1:])
