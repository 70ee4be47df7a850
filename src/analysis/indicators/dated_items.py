"""The dated items of one promise, as known on a day: what is on its list, what is due when, what is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.faults import BadData

COLUMNS = ["item", "owner", "listed_on", "first_planned_on", "planned_on", "done_on", "called_off_on"]
DAYS = ["listed_on", "first_planned_on", "planned_on", "done_on", "called_off_on"]
KINDS = ("inventory", "milestone")

LEAD = pd.Timedelta(days=365)
"""An item whose table does not say since when it is on the list is taken to be there a year before it is due: plans
are yearly. It matters only for the pace long before the planned day."""


@dataclass(frozen=True, eq=False)
class DatedItems:
    """The items of one promise as known on a day.

    Attributes
    ----------
    as_of : pd.Timestamp
        The day; nothing in the table is later, but for days planned.
    table : pd.DataFrame
        One row an item, in order of its code: `item`; `owner` (code or missing); `listed_on`, the day before the first
        on which it could be done; `first_planned_on` and `planned_on`, due by the first roadmap that named it and by
        the one in force; `done_on` and `called_off_on`, missing while neither. No item is both: one called off
        after it was done stays done.
    """

    as_of: pd.Timestamp
    table: pd.DataFrame

    def promised(self, year_end: date) -> pd.DataFrame:
        """Return the items due by the last day of the year that are not called off."""
        due = self.table["planned_on"] <= pd.Timestamp(year_end)
        return self.table[due & self.table["called_off_on"].isna()].reset_index(drop=True)


def as_known(table: pd.DataFrame, *, as_of: date) -> DatedItems:
    """Return items with everything that happened after a day forgotten.

    Parameters
    ----------
    table : pd.DataFrame
        Columns `COLUMNS`.
    as_of : date
        Day up to which data is known, itself included.
    """
    day = pd.Timestamp(as_of)
    items = table[COLUMNS].assign(**{name: pd.to_datetime(table[name]).dt.as_unit("ns") for name in DAYS})
    items["done_on"] = items["done_on"].where(items["done_on"] <= day)
    called_off = (items["called_off_on"] <= day) & ~(items["done_on"] < items["called_off_on"])
    items["called_off_on"] = items["called_off_on"].where(called_off)
    items["done_on"] = items["done_on"].where(~called_off)
    return DatedItems(day, items.sort_values("item", ignore_index=True))


def from_progress(progress: pd.DataFrame, target: str, *, as_of: date) -> DatedItems:
    """Return the inventory or the milestones that a source lists for a target.

    Parameters
    ----------
    progress : pd.DataFrame
        See `data.contracts.Progress`, which names no owner, no first roadmap and no item called off.
    target : str
        The plan's target.
    as_of : date
        Day up to which data is known.

    Returns
    -------
    DatedItems
        Without rows when the source lists nothing for the target.

    Raises
    ------
    BadData
        An item is listed twice: nobody could say which row holds.
    """
    mine = progress[(progress["target"] == target) & progress["kind"].isin(KINDS)]
    twice = mine.loc[mine["item"].duplicated(), "item"]
    if len(twice):
        raise BadData(f"progress lists {twice.iloc[0]!r} twice for {target}; one row an item was expected")
    table = mine[["item", "planned_on", "done_on"]].assign(
        owner=None,
        listed_on=mine["planned_on"] - LEAD,
        first_planned_on=mine["planned_on"],
        called_off_on=pd.NaT,
    )
    return as_known(table, as_of=as_of)
