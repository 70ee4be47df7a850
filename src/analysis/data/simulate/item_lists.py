"""Dated lists with known truth: when each item is listed, planned, moved, done or called off, over one year.

They are made by rules that are not the forecast's, so that what it says of them can be graded.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = [
    "list", "family", "start", "end", "item",
    "listed_on", "first_planned_on", "planned_on", "moved_on", "done_on", "called_off_on",
]  # fmt: skip
"""`start` is the day before the first of the list's year and `end` its last; `family` are lists that share their luck;
`planned_on` is the day in force from `moved_on`, before which it is `first_planned_on`; missing days never come."""

END = pd.Timestamp("2021-12-31")
YEAR = 365
"""Days; below all days are counted from the last one of the year, which is 0."""

DEADLINES = ("one day", "quarters", "spread")
"""When items are planned for: all the last day of the year; ends of quarters, some of the year before; any day."""
SLIPPAGES = ("normal", "uniform", "skewed", "steady", "rush")
"""How items slip: around their day; evenly; early with a long tail; at a constant pace whatever the day; most of them
in the two weeks before it."""
SHOCKS = ("none", "none", "pace", "delay", "standstill")
"""What befalls all items open on one day of the year, at random: nothing; another pace from there on; a month's delay;
two to four months in which nothing is done."""
QUARTER_ENDS = np.array([-456, -365, -274, -183, -91, 0])


def item_lists(count: int, *, seed: int) -> pd.DataFrame:
    """Return simulated lists of 5 to 300 items, a row an item.

    Parameters
    ----------
    count : int
        Number of lists; more of them leave the first ones as they are.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`; every list is a family of its own.
    """
    return pd.concat([_item_list(number, np.random.default_rng([seed, number])) for number in range(count)])[COLUMNS]


def _item_list(number: int, rng: np.random.Generator) -> pd.DataFrame:
    size = int(np.exp(rng.uniform(np.log(5), np.log(301))))
    deadline, slippage = rng.choice(DEADLINES), rng.choice(SLIPPAGES)
    planned = _planned(rng, size, deadline)
    listed = planned - YEAR if rng.random() < 0.5 else np.minimum(np.full(size, -float(YEAR)), planned - 30)
    done = np.maximum(planned + _slips(rng, size, slippage), listed + 1)
    done = _shocked(rng, done, rng.choice(SHOCKS))
    done = np.where(rng.random(size) < rng.beta(0.6, rng.choice([15, 4])), np.inf, np.round(done))
    moved, planned_again = _moved(rng, planned, done)
    called_off = np.where(rng.random(size) < rng.choice([0, 0.05]), rng.uniform(-YEAR, 0, size).round(), np.inf)
    called_off = np.where((called_off > listed) & (called_off < done), called_off, np.inf)
    return pd.DataFrame(
        {
            "list": f"list-{number:04d}",
            "family": f"list-{number:04d}",
            "start": END - pd.Timedelta(days=YEAR),
            "end": END,
            "item": [f"i{place:03d}" for place in range(size)],
            "listed_on": _days(listed),
            "first_planned_on": _days(planned),
            "planned_on": _days(planned_again),
            "moved_on": _days(moved),
            "done_on": _days(np.where(np.isfinite(called_off), np.inf, done)),
            "called_off_on": _days(called_off),
        }
    )


def _planned(rng: np.random.Generator, size: int, deadline: str) -> np.ndarray:
    if deadline == "one day":
        return np.zeros(size)
    if deadline == "quarters":
        return rng.choice(QUARTER_ENDS[rng.integers(0, 4) :], size).astype(float)
    return rng.uniform(-YEAR, 0, size).round()


def _slips(rng: np.random.Generator, size: int, slippage: str) -> np.ndarray:
    mean, spread = rng.normal(5, 25), np.exp(rng.uniform(np.log(8), np.log(40)))
    if slippage == "normal":
        return rng.normal(mean, spread, size)
    if slippage == "uniform":
        return rng.uniform(mean - 1.7 * spread, mean + 1.7 * spread, size)
    if slippage == "skewed":
        return mean - spread + rng.gamma(1.2, spread, size)
    if slippage == "steady":
        return -YEAR + rng.exponential(np.exp(rng.uniform(np.log(60), np.log(500))), size)
    late = rng.random(size) < rng.uniform(0, 0.4)
    return np.where(late, rng.exponential(spread, size), -rng.uniform(0, 14, size))


def _shocked(rng: np.random.Generator, done: np.ndarray, shock: str) -> np.ndarray:
    day, after = rng.uniform(-YEAR, 0), done.copy()
    waiting = done > day
    if shock == "pace":
        after[waiting] = day + (done[waiting] - day) * np.exp(0.7 * rng.standard_normal())
    elif shock == "delay":
        after[waiting] += 30
    elif shock == "standstill":
        after[waiting] += rng.uniform(60, 120)
    return after


def _moved(rng: np.random.Generator, planned: np.ndarray, done: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return on which day an item's planned day was moved, and to which: some weeks before it, on half of the lists."""
    size = len(planned)
    chance = rng.choice([0, rng.uniform(0.1, 0.3)])
    moved = planned - rng.uniform(1, 45, size).round()
    moves = (rng.random(size) < chance) & (done > moved) & (moved <= 0)
    later = planned + rng.uniform(30, 180, size).round()
    return np.where(moves, moved, np.inf), np.where(moves, later, planned)


def _days(days: np.ndarray) -> np.ndarray:
    known = np.isfinite(days)
    dates = END.to_datetime64() + np.where(known, days, 0).astype("timedelta64[D]")
    return np.where(known, dates, np.datetime64("NaT")).astype("datetime64[ns]")
