"""What the rest of the year must deliver for a promise on items to be kept, and who holds what is missing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.attainment.items import ItemsYearEnd
from analysis.indicators.dated_items import DatedItems
from analysis.rules import Rule, meets

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
    shares = np.arange(stands.denominator + 1) / stands.denominator
    enough = np.flatnonzero(meets(shares, rule, threshold))
    # "More than all" cannot be reached: then even every open item is not enough, and all of them are asked for.
    needed = int(enough[0] if len(enough) else stands.denominator) - stands.numerator
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
