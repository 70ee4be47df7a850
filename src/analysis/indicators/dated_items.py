"""Dated items as known on a day, from the progress table or the catalogue: what is listed, due and done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.data.condition_sql import holds
from analysis.faults import BadData, BadParameters
from analysis.plan import conditions
from analysis.plan.inventories import Inventory

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


_ONE_DAY = pd.Timedelta(days=1)


def from_catalogue(
    catalogue: pd.DataFrame, inventory: Inventory, *, as_of: date, year_start: date, year_end: date
) -> DatedItems:
    """Return the procedures that are on a list, and since when they meet what the promise asks of them.

    Parameters
    ----------
    catalogue : pd.DataFrame
        See `data.contracts.Catalogue`.
    inventory : Inventory
        Which procedures are on the list, when they are due, and what holds of one that is done.
    as_of : date
        Day up to which data is known: states that begin later are not there.
    year_start, year_end : date
        First and last day of the plan's year.

    Returns
    -------
    DatedItems
        `owner` is the procedure's field. A procedure that left the list, or lost its last state, is called off. Without
        rows when the source never says what a condition asks of.

    Raises
    ------
    BadParameters
        A condition, or `due`, names a column that the catalogue does not have.
    """
    states = _known(catalogue, as_of)
    eligible = inventory.condition_of_list
    asked = conditions.columns_of(eligible) | conditions.columns_of(inventory.done)
    for name in sorted(asked | ({inventory.due} - {"year_end"})):
        if name not in catalogue:
            raise BadParameters(f"plan: inventory: the catalogue has no column {name!r}")
    needed = conditions.columns_needed(eligible) | conditions.columns_needed(inventory.done)
    if any(states[name].isna().all() for name in needed):
        return _listed(states.iloc[:0], as_of)
    due_on = pd.Timestamp(year_end) if inventory.due == "year_end" else states[inventory.due]
    on_list, done = holds(states, eligible), holds(states, inventory.done)
    items = _listed(states.assign(on_list=on_list, holds=done, due_on=due_on), as_of)
    if inventory.listed_from == "first":
        return items
    opening = pd.Timestamp(year_start) - _ONE_DAY
    return DatedItems(items.as_of, items.table.assign(listed_on=items.table["listed_on"].clip(lower=opening)))


def services_with_cases(
    catalogue: pd.DataFrame,
    days: pd.DataFrame,
    inventory: Inventory,
    *,
    as_of: date,
    year_start: date,
    year_end: date,
) -> DatedItems:
    """Return the services that are on a list, or done, by the number of their cases in the year.

    Parameters
    ----------
    catalogue : pd.DataFrame
        See `data.contracts.Catalogue`.
    days : pd.DataFrame
        See `data.case_table.service_days`, with the columns `listed` and `done` as far as the inventory asks.
    inventory : Inventory
        Which services are on the list, and when one is done.
    as_of, year_start, year_end
        As for `from_catalogue`.

    Returns
    -------
    DatedItems
        Without rows where no single cases are had.
    """
    listed, done = inventory.listed_with, inventory.done_with
    if days.empty:
        return _listed(_known(catalogue, as_of).iloc[:0], as_of)
    # A service that is done with cases is never done by the catalogue.
    by_catalogue = inventory.model_copy(update={"done": {"procedure_code": "missing"}}) if done else inventory
    items = from_catalogue(catalogue, by_catalogue, as_of=as_of, year_start=year_start, year_end=year_end)
    table = items.table
    if listed:
        table = table[table["item"].isin(_reached(days, "listed", listed.at_least).index)].reset_index(drop=True)
    if done:
        table = table.assign(done_on=_reached(days, "done", done.at_least).reindex(table["item"]).to_numpy())
    return DatedItems(items.as_of, table)


def _reached(days: pd.DataFrame, name: str, at_least: int) -> pd.Series:
    """Return, by procedure, the day of its n-th case; none where it has fewer."""
    reached = days[days.groupby("procedure_code")[name].cumsum() >= at_least]
    return pd.to_datetime(reached.groupby("procedure_code")["day"].min())


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
