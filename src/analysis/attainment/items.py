"""Whether a promise on dated items is kept: the share of its roadmap done by the end of the year, in each draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.attainment.kept import Kept, not_estimated, settled
from analysis.forecast.slippage import done_by, experience
from analysis.indicators.dated_items import DatedItems
from analysis.rules import Rule, meets

MINIMUM_FINISHED = 3
"""Items a list must have finished while they were on it before anything is said of the open ones."""


@dataclass(frozen=True, eq=False)
class ItemsYearEnd:
    """A promise on items at the end of its year.

    Attributes
    ----------
    numerator, denominator : int
        Items done so far of those promised, and items promised.
    values : np.ndarray, shape (draws,)
        Share (0–1) of the promised items done by the end of the year; a single value when the year is over, or when
        every item is done; empty when not estimated.
    chances : pd.DataFrame
        `item, chance` of each promised item still open: share of draws in which it is done by the end of the year;
        missing when not estimated.
    kept : Kept
        Whether the promise is.
    """

    numerator: int
    denominator: int
    values: np.ndarray
    chances: pd.DataFrame
    kept: Kept

    @property
    def observed_to_date(self) -> float:
        """Share of the promised items done so far; missing when nothing is promised."""
        return self.numerator / self.denominator if self.denominator else float("nan")


def items_year_end(
    items: DatedItems, *, year_end: date, rule: Rule, threshold: float, draw_count: int, seed: int, key: str
) -> ItemsYearEnd:
    """Return how a promise on items stands at the end of its year.

    Met as soon as the items done suffice, since what is done stays done; judged by the count once the year is over.
    Before that nothing is missed: every open item may still be done.

    Parameters
    ----------
    items : DatedItems
        Of the promise, as known on a day. Those due after the year are learnt from and not judged.
    year_end : date
        Last day of the plan's year.
    rule : {"at_least", "more_than"}
        How the share stands to the threshold.
    threshold : float
        Share 0–1.
    draw_count, seed : int
        Of the run.
    key : str
        Name of the list, which keys its random numbers.

    Raises
    ------
    ValueError
        A rule under which doing more could break a promise.
    """
    if rule == "at_most":
        raise ValueError("a promise to do items is at_least or more_than, not at_most")
    last = pd.Timestamp(year_end)
    promised = items.promised(year_end)
    done = int((promised["done_on"] <= last).sum())
    waiting = promised[~(promised["done_on"] <= last)].reset_index(drop=True)
    unknown = pd.DataFrame({"item": waiting["item"], "chance": np.nan})

    def stands(values: np.ndarray, chances: pd.DataFrame, kept: Kept) -> ItemsYearEnd:
        return ItemsYearEnd(done, len(promised), values, chances, kept)

    if promised.empty:
        return stands(np.empty(0), unknown, not_estimated("no_progress_items"))
    now = done / len(promised)
    if items.as_of >= last or waiting.empty:
        kept = settled(bool(meets(now, rule, threshold)))
        return stands(np.array([now]), unknown.assign(chance=0.0), kept)
    met_already = bool(meets(now, rule, threshold))
    past = experience(items.table, as_of=items.as_of)
    if past.finished < MINIMUM_FINISHED:
        kept = settled(True) if met_already else not_estimated("too_few_finished_items")
        return stands(np.empty(0), unknown, kept)
    finished = done_by(waiting, past, as_of=items.as_of, last=last, draw_count=draw_count, seed=seed, key=key)
    values = (done + finished.sum(axis=1)) / len(promised)
    kept = settled(True) if met_already else Kept(meets(values, rule, threshold), decided=False)
    return stands(values, unknown.assign(chance=finished.mean(axis=0)), kept)
