"""Dated items at the year's end: the share of them done in each draw, the pace still needed, and who holds the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.attainment.verdict import AttainmentDraws, decided_by_arithmetic, not_estimated
from analysis.forecast.slippage import done_by, slippage_record
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
    kept : AttainmentDraws
        Whether the promise is.
    """

    numerator: int
    denominator: int
    values: np.ndarray
    chances: pd.DataFrame
    kept: AttainmentDraws

    @property
    def observed_to_date(self) -> float:
        """Share of the promised items done so far; missing when nothing is promised."""
        return self.numerator / self.denominator if self.denominator else float("nan")


def items_year_end(
    items: DatedItems,
    *,
    year_end: date,
    rule: Rule,
    threshold: float,
    draw_count: int,
    seed: int,
    key: str,
    finishing: Callable[[pd.DataFrame], np.ndarray] | None = None,
    moving: Callable[[pd.DataFrame, np.ndarray], np.ndarray] | None = None,
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
    finishing : callable, optional
        From the open items to whether each is done by the end of the year, shape (draws, items); by default as the
        list has slipped so far.
    moving : callable, optional
        From the open items and that array to another one: what is asked by "what if".

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

    def stands(values: np.ndarray, chances: pd.DataFrame, kept: AttainmentDraws) -> ItemsYearEnd:
        return ItemsYearEnd(done, len(promised), values, chances, kept)

    if promised.empty:
        return stands(np.empty(0), unknown, not_estimated("no_progress_items"))
    now = done / len(promised)
    if items.as_of >= last or waiting.empty:
        kept = decided_by_arithmetic(bool(meets(now, rule, threshold)))
        return stands(np.array([now]), unknown.assign(chance=0.0), kept)
    met_already = bool(meets(now, rule, threshold))
    past = slippage_record(items.table, as_of=items.as_of)
    if finishing is not None:
        finished = finishing(waiting)
    elif past.finished < MINIMUM_FINISHED:
        kept = decided_by_arithmetic(True) if met_already else not_estimated("too_few_finished_items")
        return stands(np.empty(0), unknown, kept)
    else:
        finished = done_by(waiting, past, as_of=items.as_of, last=last, draw_count=draw_count, seed=seed, key=key)
    if moving is not None:
        finished = moving(waiting, finished)
    values = (done + finished.sum(axis=1)) / len(promised)
    kept = (
        decided_by_arithmetic(True) if met_already else AttainmentDraws(meets(values, rule, threshold), decided=False)
    )
    return stands(values, unknown.assign(chance=finished.mean(axis=0)), kept)


PACE_COLUMNS = [
    "target",
    "months_left",
    "items_needed",
    "needed_per_month",
    "recent_per_month",
    "items_open",
    "items_late",
]
GAP_COLUMNS = ["item", "owner", "planned_on", "days_late", "chance"]
OWNER_COLUMNS = ["owner", "open", "late", "chance"]

RECENT_MONTHS = 6
"""Two quarters: long enough for a few items, short enough to be how things go now."""
DAYS_IN_MONTH = 365.25 / 12


def items_pace(
    items: DatedItems, stands: ItemsYearEnd, *, target: str, year_end: date, rule: Rule, threshold: float
) -> pd.DataFrame:
    """Return one row: the items a month that the rest of the year must deliver, beside those of the last two quarters.

    Parameters
    ----------
    items : DatedItems
        Of the promise.
    stands : ItemsYearEnd
        See `items.items_year_end`.
    target : str
        The promise.
    year_end : date
        Last day of the plan's year.
    rule, threshold
        The promise, as a share 0–1.

    Returns
    -------
    pd.DataFrame
        Columns `PACE_COLUMNS`, no row once the promise is decided or without an item. `items_needed` is the smallest
        number that keeps the promise; both paces are items a month, the recent one of the promised items done in
        the `RECENT_MONTHS` to `as_of`; `items_late` are open ones due by `as_of`.
    """
    last = pd.Timestamp(year_end)
    if stands.kept.decided or not stands.denominator or items.as_of >= last:
        return pd.DataFrame(columns=PACE_COLUMNS)
    needed = enough_items(stands.denominator, rule, threshold) - stands.numerator
    promised = items.promised(year_end)
    recent = promised["done_on"] > items.as_of - pd.DateOffset(months=RECENT_MONTHS)
    still_open = promised["done_on"].isna()
    late = still_open & (promised["planned_on"] <= items.as_of)
    months = (last - items.as_of).days / DAYS_IN_MONTH
    row = (
        target,
        months,
        needed,
        needed / months,
        recent.sum() / RECENT_MONTHS,
        int(still_open.sum()),
        int(late.sum()),
    )
    return pd.DataFrame([row], columns=PACE_COLUMNS)


def enough_items(promised: int, rule: Rule, threshold: float) -> int:
    """Return the smallest number of items done that keeps a promise.

    Parameters
    ----------
    promised : int
        Items promised, at least one.
    rule, threshold
        The promise, as a share 0–1.
    """
    enough = np.flatnonzero(meets(np.arange(promised + 1) / promised, rule, threshold))
    # "More than all" cannot be reached: then even every open item is not enough, and all of them are asked for.
    return int(enough[0] if len(enough) else promised)


ON_ITS_DAY, AT_PACE = "on_its_day", "last_six_months_pace"
BASELINES = (ON_ITS_DAY, AT_PACE)
"""What an office would say of a list: every item comes on its day; it goes on at the pace of the last six months."""


def baseline_shares(items: DatedItems, *, year_end: date) -> dict[str, float]:
    """Return what share of the promised items either baseline expects to be done by the end of the year.

    Parameters
    ----------
    items : DatedItems
        Of the promise; at least one is promised.
    year_end : date
        Last day of the plan's year, after the day known.

    Returns
    -------
    dict
        Share 0–1 by name of `BASELINES`. Overdue items are taken to come, too; the pace is that of the promised items
        done in the `RECENT_MONTHS` to `as_of`, or since the list began where that is later.
    """
    promised = items.promised(year_end)
    since = max(items.as_of - pd.DateOffset(months=RECENT_MONTHS), promised["listed_on"].min())
    days = max((items.as_of - since).days, 1)
    coming = (promised["done_on"] > since).sum() / days * (pd.Timestamp(year_end) - items.as_of).days
    at_pace = min((promised["done_on"].notna().sum() + coming) / len(promised), 1.0)
    return {ON_ITS_DAY: 1.0, AT_PACE: float(at_pace)}


def gap_holders(items: DatedItems, stands: ItemsYearEnd, *, year_end: date) -> pd.DataFrame:
    """Return the promised items not done, the longest overdue first, then those planned latest.

    Parameters
    ----------
    items, stands, year_end
        See `items_pace`.

    Returns
    -------
    pd.DataFrame
        Columns `GAP_COLUMNS`: `days_late` counts from the planned day in force to `as_of` or to the end of the year,
        whichever is first, and is missing for an item not yet due; `chance` (0–1) of being done by the end of the year.
    """
    last = pd.Timestamp(year_end)
    promised = items.promised(year_end)
    waiting = promised[~(promised["done_on"] <= last)]
    frame = waiting.merge(stands.chances, on="item", how="left", validate="1:1")
    days = (min(items.as_of, last) - frame["planned_on"]).dt.days.astype("Int64")
    frame["days_late"] = days.where(days >= 0)
    frame = frame.sort_values(["days_late", "planned_on", "item"], ascending=[False, False, True], ignore_index=True)
    return frame[GAP_COLUMNS]


def gap_by_owner(holders: pd.DataFrame) -> pd.DataFrame:
    """Return the open items by owner, most first.

    Parameters
    ----------
    holders : pd.DataFrame
        See `gap_holders`.

    Returns
    -------
    pd.DataFrame
        Columns `OWNER_COLUMNS`: items `open`, of these `late`, and the mean `chance` of one; no row where the source
        names no owner.
    """
    late = holders.assign(late=holders["days_late"].notna()).groupby("owner", as_index=False)
    frame = late.agg(open=("item", "size"), late=("late", "sum"), chance=("chance", "mean"))
    return frame.sort_values(["open", "late", "owner"], ascending=[False, False, True], ignore_index=True)[
        OWNER_COLUMNS
    ]
