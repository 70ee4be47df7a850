"""Forecast when the open items of a list will be done, from how its items have slipped so far.

The finished items alone would be the quick ones. An open item has slipped at least until today and is counted as
censored. The *pace* of a list is its hazard rate: the chance a day that an open item is done. The formulas are in
`docs/methods/dated-items.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.shocks import stream

EDGES = np.array([-240, -120, -60, -45, -30, -20, -10, 0, 10, 20, 30, 45, 60, 90, 120, 240], dtype=float)
"""Days of slippage at which the pace may change; a bin includes its upper edge."""
BINS = len(EDGES) + 1

PACES = np.exp(np.linspace(np.log(1 / 20_000), np.log(1 / 2), 120))
"""Grid of possible paces, chances a day."""
FIRST_PACE, FIRST_SPREAD = 1 / 100, 1.5
"""Prior of the pace in the first bin, long before the planned day: its median, and its log standard deviation."""
STEP_SPREAD = 1.0
STEP_DRIFTS = np.where(EDGES < 0, -(STEP_SPREAD**2) / 2, -0.3)
"""Prior of the change of the log pace from a bin to the next: its standard deviation, and its mean up to the planned
day and after it. Up to that day what the spread adds to the mean pace is taken back, so that a list goes on at its
present pace on average; after it, a part of that only."""

SHARED = 0.25
"""Correlation of the log waiting times of two items: a fixed prior, as `futures.SHARED_FACTOR` is."""
SHOCK_SPREAD = float(np.sqrt(np.pi**2 / 6 * SHARED / (1 - SHARED)))
"""Standard deviation of the log of the shock common to a list; the log of a unit exponential has variance pi²/6."""


@dataclass(frozen=True, eq=False)
class SlippageRecord:
    """Items done and days at risk of a list, by bin of slippage.

    Attributes
    ----------
    done : np.ndarray, shape (BINS,)
        Number of items done in the bin.
    days_at_risk : np.ndarray, shape (BINS,)
        Days at risk: days that open items spent in the bin.
    finished : int
        Number of items done while on the list.
    """

    done: np.ndarray
    days_at_risk: np.ndarray
    finished: int


def slippage_record(items: pd.DataFrame, *, as_of: pd.Timestamp) -> SlippageRecord:
    """Return the items done and days at risk of a list up to a day.

    Parameters
    ----------
    items : pd.DataFrame
        `first_planned_on, listed_on, done_on, called_off_on`; see `indicators.dated_items.DatedItems`.
    as_of : pd.Timestamp
        Day up to which data is known. Items still open are at risk until then, items called off until that day.
    """
    until = items["done_on"].fillna(items["called_off_on"]).fillna(as_of)
    followed = items[until > items["listed_on"]]
    planned = followed["first_planned_on"]
    days_at_risk = _days_by_bin(_days(followed["listed_on"] - planned), _days(until[followed.index] - planned))
    finished = followed[followed["done_on"].notna()]
    slippage = _days(finished["done_on"] - finished["first_planned_on"])
    done = np.bincount(np.searchsorted(EDGES, slippage, side="left"), minlength=BINS)
    return SlippageRecord(done, days_at_risk.sum(axis=0), len(finished))


def paces(past: SlippageRecord, uniforms: np.ndarray) -> np.ndarray:
    """Return posterior draws of the pace in each bin.

    Parameters
    ----------
    past : SlippageRecord
        Items done and days at risk of the list.
    uniforms : np.ndarray, shape (draws, BINS)
        Random numbers from 0 to 1. With the same numbers, more items done in the same days give no slower pace.

    Returns
    -------
    np.ndarray, shape (draws, BINS)
        Chances a day.
    """
    log_paces = np.log(PACES)
    log_likelihood = past.done[:, None] * log_paces - past.days_at_risk[:, None] * PACES
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    by_drift = {drift: _step(drift) for drift in np.unique(STEP_DRIFTS)}
    steps = [by_drift[drift] for drift in STEP_DRIFTS]
    first = np.exp(-0.5 * ((log_paces - np.log(FIRST_PACE)) / FIRST_SPREAD) ** 2)

    # backward pass: likelihood of a bin's pace for that bin and all later ones; forward pass: draw bin after bin
    backward = np.empty_like(likelihood)
    backward[-1] = likelihood[-1]
    for b in range(BINS - 2, -1, -1):
        backward[b] = likelihood[b] * (steps[b] @ backward[b + 1])
        backward[b] /= backward[b].max()
    state = np.empty(uniforms.shape, dtype=int)
    state[:, 0] = np.searchsorted(_cumulated(first * backward[0]), uniforms[:, 0])
    for b in range(1, BINS):
        cumulated = _cumulated(steps[b - 1] * backward[b])
        state[:, b] = (cumulated[state[:, b - 1]] < uniforms[:, b : b + 1]).sum(axis=1)
    return PACES[np.minimum(state, len(PACES) - 1)]


def done_by(
    items: pd.DataFrame,
    past: SlippageRecord,
    *,
    as_of: pd.Timestamp,
    last: pd.Timestamp,
    draw_count: int,
    seed: int,
    key: str,
) -> np.ndarray:
    """Return whether each open item is done by a day, in joint draws over the items of the list.

    Parameters
    ----------
    items : pd.DataFrame
        Open items, with `item` and `first_planned_on`.
    past : SlippageRecord
        Items done and days at risk of the list.
    as_of, last : pd.Timestamp
        Last day known, and the day by which an item must be done.
    draw_count : int
        Number of joint draws.
    seed : int
        Seed of the run.
    key : str
        Name of the list. Random numbers are keyed by it and by the item, so that an added item changes no other.

    Returns
    -------
    np.ndarray of bool, shape (draws, items)
        Items in the frame's order.
    """
    names = ("items", key)
    pace = paces(past, stream(seed, *names, "pace").random((draw_count, BINS)))
    shock = np.exp(SHOCK_SPREAD * stream(seed, *names, "shock").standard_normal(draw_count))
    planned = items["first_planned_on"]
    days_ahead = _days_by_bin(_days(as_of - planned), _days(last - planned))
    # an item is done once the cumulated hazard reaches its unit exponential number
    exponential = np.empty((draw_count, len(items)))
    for column, item in enumerate(items["item"]):
        exponential[:, column] = stream(seed, *names, "patience", item).standard_exponential(draw_count)
    return np.asarray(exponential <= shock[:, None] * (pace @ days_ahead.T))


def _step(drift: float) -> np.ndarray:
    """Return the chances of a pace (columns) in the bin after one of a pace (rows), both on the grid."""
    log_paces = np.log(PACES)
    chances = np.exp(-0.5 * ((log_paces - log_paces[:, None] - drift) / STEP_SPREAD) ** 2)
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _days(spans: pd.Series) -> np.ndarray:
    return spans.dt.days.to_numpy(dtype=float)


def _days_by_bin(after: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return the days (items, BINS) in each bin of slippage between `after`, excluded, and `until`, included."""
    lower, upper = np.concatenate([[-np.inf], EDGES]), np.concatenate([EDGES, [np.inf]])
    days = np.minimum(until[:, None], upper) - np.maximum(after[:, None], lower)
    return np.asarray(np.clip(days, 0.0, None))


def _cumulated(weights: np.ndarray) -> np.ndarray:
    sums = np.cumsum(weights, axis=-1)
    return np.asarray(sums / sums[..., -1:])
