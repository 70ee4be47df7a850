"""The two lists the catalogue of procedures holds: integration along the roadmap, and publication online."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.data.codes import PUBLISHED_LEVELS
from analysis.indicators.dated_items import COLUMNS, DatedItems, as_known

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
