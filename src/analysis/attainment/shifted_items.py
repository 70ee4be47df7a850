"""What if more items of a list were done by the end of the year? Their draws, moved and judged again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.attainment import needed
from analysis.attainment.dated import HEADCOUNT, judge_items, promised_of, year_end_of
from analysis.attainment.items import DAYS_IN_MONTH
from analysis.attainment.needed import Needed, smallest_step
from analysis.attainment.situation import Situation
from analysis.attainment.verdict import as_table
from analysis.faults import BadParameters
from analysis.indicators.dated_items import DatedItems
from analysis.indicators.other_indicators import year_of
from analysis.plan.promises import ItemsPromise


@dataclass(frozen=True)
class ItemsShift:
    """A move of the items of a promise in the rest of the year.

    Attributes
    ----------
    target : str
        The promise.
    items : tuple of str
        Codes of open items that are done by the end of the year, whatever the draws say.
    more : int
        Items that are done by then beyond those of each draw: of those still open in it, the ones planned first.
    """

    target: str
    items: tuple[str, ...] = ()
    more: int = 0

    def __post_init__(self) -> None:
        if self.more < 0:
            raise BadParameters(f"items done stay done: {self.more} more cannot be asked for")


@dataclass(frozen=True, eq=False)
class JudgedItems:
    """A promise on dated items, judged under a move.

    Attributes
    ----------
    at : Situation
        What is known.
    target : ItemsPromise
        The promise.
    promised : DatedItems
        Its items as known.
    shift : ItemsShift
        The move.
    """

    at: Situation
    target: ItemsPromise
    promised: DatedItems
    shift: ItemsShift

    @classmethod
    def of(cls, at: Situation, target: str) -> JudgedItems:
        """Return a promise as every report judges it.

        Parameters
        ----------
        at : Situation
            What is known.
        target : str
            Id of a promise on dated items.
        """
        promise = at.plan.promise(target)
        assert isinstance(promise, ItemsPromise)
        return cls(at, promise, promised_of(promise, at), ItemsShift(target))

    @property
    def months_left(self) -> float:
        """Months from the day known to the end of the plan's year; 0 once it is over."""
        left = (year_of(self.at.plan)[1] - self.at.evidence.as_of).days
        return max(left, 0) / DAYS_IN_MONTH

    @property
    def open_items(self) -> pd.DataFrame:
        """The promised items not done, planned first first: `item, owner, planned_on`."""
        end = year_of(self.at.plan)[1]
        promised = self.promised.promised(end)
        waiting = promised[~(promised["done_on"] <= pd.Timestamp(end))]
        return waiting.sort_values(["planned_on", "item"], ignore_index=True)[["item", "owner", "planned_on"]]

    def moved(self, shift: ItemsShift) -> JudgedItems:
        """Return the same promise under a move.

        Raises
        ------
        BadParameters
            An item is not one of the open ones.
        """
        known = set(self.open_items["item"])
        for item in shift.items:
            if item not in known:
                raise BadParameters(f"{self.target.id} has no open item {item!r}")
        return replace(self, shift=shift)

    def year_end(self, target: str, part: str) -> np.ndarray:
        """Return the share of the items done by the end of the year in each draw.

        Parameters
        ----------
        target, part : str
            Ids of the promise and of the part; a headcount has no draws here.
        """
        assert target == self.target.id
        if part == HEADCOUNT:
            return np.empty(0)
        return year_end_of(self.target, self.at, self.promised, _moving(self.shift)).values

    def table(self) -> pd.DataFrame:
        """Return the promise and its parts as rows of the table of promises, `verdict.COLUMNS`."""
        judged = judge_items(self.target, self.at, self.promised, _moving(self.shift))
        return as_table([judged.row, *judged.parts])


def needed_items(at: Situation, target: str, probability: float = 0.8) -> Needed:
    """Return the smallest number of items beyond those of each draw with which a promise is kept with a probability.

    Parameters
    ----------
    at : Situation
        What is known.
    target : str
        Id of a promise on dated items.
    probability : float
        The level to reach, at most 0.995, beyond which no probability short of certainty is stated.
    """
    promise = JudgedItems.of(at, target)
    row = promise.table().iloc[0]
    now = float(row["probability"])
    if np.isnan(now):
        return Needed(None, np.nan, now, str(row["note"]))
    if row["verdict"] == "missed":
        return Needed(None, np.nan, now, needed.DECIDED)

    def at_step(more: int) -> float:
        rows = promise.moved(ItemsShift(target, more=more)).table()
        return float(rows["probability"].iloc[0])

    most = len(promise.open_items)
    found = smallest_step(at_step, most=most, wanted=probability)
    if found is None:
        return Needed(None, np.nan, at_step(most), needed.UNREACHABLE)
    return Needed(float(found), np.nan, at_step(found))


def _moving(shift: ItemsShift) -> Callable[[pd.DataFrame, np.ndarray], np.ndarray] | None:
    """Return what moves draws of open items, as `items.items_year_end` takes it; None where nothing moves."""
    if not shift.items and not shift.more:
        return None

    def moving(waiting: pd.DataFrame, finished: np.ndarray) -> np.ndarray:
        done = finished | waiting["item"].isin(shift.items).to_numpy()
        order = waiting.reset_index(drop=True).sort_values(["planned_on", "item"]).index.to_numpy()
        still_open = ~done[:, order]
        # Of those open in a draw, in order of their days: the first `more`.
        first = still_open & (np.cumsum(still_open, axis=1) <= shift.more)
        done[:, order] |= first
        return np.asarray(done)

    return moving
