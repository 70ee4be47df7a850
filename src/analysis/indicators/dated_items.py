"""Dated items as known on a day, from the progress table or the catalogue: what is listed, due and done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.data.codes import PUBLISHED_LEVELS
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


CONDITIONS = ("published", "mobile")
"""What a procedure published online as promised must be: at level 3 or 4, and usable on several means with mobile."""

_ONE_DAY = pd.Timedelta(days=1)


def integration(catalogue: pd.DataFrame, *, as_of: date) -> DatedItems:
    """Return the procedures of the registered roadmap and since when they are integrated with the National Portal.

    Parameters
    ----------
    catalogue : pd.DataFrame
        See `data.contracts.Catalogue`.
    as_of : date
        Day up to which data is known: states that begin later are not there.

    Returns
    -------
    DatedItems
        `owner` is the procedure's field. A procedure that lost its roadmap day, or its last state, is called off.
        Without rows when the source never says whether a procedure is integrated.
    """
    states = _known(catalogue, as_of)
    if states["integrated"].isna().all():
        return _listed(states.iloc[:0], as_of)
    return _listed(
        states.assign(
            on_list=states["roadmap_on"].notna(), holds=states["integrated"].fillna(False), due_on=states["roadmap_on"]
        ),
        as_of,
    )


def publication(
    catalogue: pd.DataFrame, *, as_of: date, year_start: date, due_on: date, conditions: tuple[str, ...] = CONDITIONS
) -> DatedItems:
    """Return the eligible procedures and since when they meet every condition of publication.

    Parameters
    ----------
    catalogue : pd.DataFrame
        See `data.contracts.Catalogue`.
    as_of : date
        Day up to which data is known.
    year_start, due_on : date
        First and last day of the plan's year: no procedure is on the list before, and all are due on the last.
    conditions : tuple of str
        Of `CONDITIONS`, those that must hold at once.

    Returns
    -------
    DatedItems
        `owner` is the procedure's field. A procedure no longer eligible, or without a state, is called off. Without
        rows when a condition is one the source never tells of.
    """
    states = _known(catalogue, as_of)
    known = {"published": states["level"].isin(PUBLISHED_LEVELS), "mobile": states["mobile"]}
    holds = pd.Series(True, states.index)
    for name in conditions:
        if known[name].isna().all():
            return _listed(states.iloc[:0], as_of)
        holds &= known[name].fillna(False).astype(bool)
    items = _listed(states.assign(on_list=states["eligible"], holds=holds, due_on=pd.Timestamp(due_on)), as_of)
    opening = pd.Timestamp(year_start) - _ONE_DAY
    return DatedItems(items.as_of, items.table.assign(listed_on=items.table["listed_on"].clip(lower=opening)))


def _known(catalogue: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return the states that began by a day, in order; those that last until then have no end."""
    states = catalogue[catalogue["valid_from"] <= pd.Timestamp(as_of)]
    lasting = states["valid_to"].isna() | (states["valid_to"] >= pd.Timestamp(as_of))
    return states.assign(valid_to=states["valid_to"].mask(lasting), lasting=lasting).sort_values(
        ["procedure_code", "valid_from"], ignore_index=True
    )


def _listed(states: pd.DataFrame, as_of: date) -> DatedItems:
    """Return the list that states make with `on_list`, `holds` (done) and `due_on`."""
    if states.empty:
        return as_known(pd.DataFrame(columns=COLUMNS), as_of=as_of)
    states = states.astype({"on_list": bool, "holds": bool})
    by_item = states.groupby("procedure_code")
    named = states[states["on_list"]].groupby("procedure_code")
    last = by_item.tail(1).set_index("procedure_code")
    table = pd.DataFrame(
        {
            "owner": last["field"],
            "listed_on": named["valid_from"].min() - _ONE_DAY,
            "first_planned_on": named["due_on"].first(),
            "planned_on": named["due_on"].last(),
            "done_on": _since(states, "holds"),
            "left_on": _since(states.assign(off=~states["on_list"]), "off"),
        }
    ).dropna(subset=["listed_on"])
    ended = (last["valid_to"] + _ONE_DAY).where(~last["lasting"])
    table["called_off_on"] = table.pop("left_on").fillna(ended.reindex(table.index))
    return as_known(table.rename_axis("item").reset_index(), as_of=as_of)


def _since(states: pd.DataFrame, condition: str) -> pd.Series:
    """Return, by procedure, the first day of the spell of a condition that its last state is in; none if it is not."""
    is_false = states[~states[condition]].groupby("procedure_code")["valid_from"].max()
    lost = states["procedure_code"].map(is_false)
    spell = states[states[condition] & (lost.isna() | (states["valid_from"] > lost))]
    return spell.groupby("procedure_code")["valid_from"].min()
