"""Lists of dated items made by hand, for the tests of several rooms."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.indicators.dated_items import COLUMNS, LEAD, DatedItems, as_known

YEAR_START, YEAR_END = date(2020, 12, 15), date(2021, 12, 14)


def listed(*rows: dict[str, object], as_of: str) -> DatedItems:
    """Return a list of items, each with `item` and `planned_on` at least, as known on a day."""
    table = pd.DataFrame([dict.fromkeys(COLUMNS) | row for row in rows], columns=COLUMNS)
    planned = pd.to_datetime(table["planned_on"])
    table["first_planned_on"] = pd.to_datetime(table["first_planned_on"]).fillna(planned)
    table["listed_on"] = pd.to_datetime(table["listed_on"]).fillna(table["first_planned_on"] - LEAD)
    return as_known(table, as_of=date.fromisoformat(as_of))


def item(name: str, planned: str, done: str | None = None, **more: object) -> dict[str, object]:
    """Return one item: its code, the day it is planned for and, if it is, done."""
    return {"item": name, "planned_on": planned, "done_on": done, **more}
