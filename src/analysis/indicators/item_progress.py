"""How far a list of dated items is: counts and shares by period, and the two curves of its picture.

Every item is counted, so no share here has a sampling error.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from analysis import periods
from analysis.indicators.dated_items import DatedItems
from analysis.plan.record import TOTAL

COUNTS = ["period", "day", "promised", "due", "done", "due_done", "late", "called_off"]
SERIES = ["indicator", "dimension", "series", "period", "numerator", "denominator", "value", "standard_error"]
CURVE = ["day", "planned", "done"]
OF_DUE = "_due"
"""Ends the name of the share of what is due by then; without it the share is of all that is promised for the year."""


def counts(items: DatedItems, *, labels: Sequence[str], cutoff_day: int | None, year_end: date) -> pd.DataFrame:
    """Return the items by how they stood at the end of each period.

    Parameters
    ----------
    items : DatedItems
        Of one promise.
    labels : sequence of str
        Reporting months or quarters; one that had not closed on the items' `as_of` has no row.
    cutoff_day : int or None
        See `analysis.periods`.
    year_end : date
        Last day of the plan's year.

    Returns
    -------
    pd.DataFrame
        Columns `COUNTS`, items: `promised` for the year; of these `due` by the period's last `day`, `done`,
        both (`due_done`), due and not done (`late`); and apart `called_off`, those that were to be done in the year.
        No row without an item.
    """
    table, promised = items.table, items.promised(year_end)
    dropped = table[table["called_off_on"].notna() & (table["planned_on"] <= pd.Timestamp(year_end))]
    if promised.empty and dropped.empty:
        return pd.DataFrame(columns=COUNTS)
    rows = []
    for label in labels:
        day = pd.Timestamp(periods.last_day(periods.parse(label), cutoff_day))
        if day > items.as_of:
            continue
        due, done = promised["planned_on"] <= day, promised["done_on"] <= day
        called_off = int((dropped["called_off_on"] <= day).sum())
        tally = (len(promised), int(due.sum()), int(done.sum()), int((due & done).sum()), int((due & ~done).sum()))
        rows.append((label, day, *tally, called_off))
    return pd.DataFrame(rows, columns=COUNTS)


def progress_series(
    items: DatedItems, *, indicator: str, labels: Sequence[str], cutoff_day: int | None, year_end: date
) -> pd.DataFrame:
    """Return the shares done: of what is promised for the year, and of what was due by each period's end.

    Parameters
    ----------
    items : DatedItems
        See `counts`.
    indicator : str
        Name of the first share; the second's ends in `OF_DUE`.
    labels, cutoff_day, year_end
        See `counts`.

    Returns
    -------
    pd.DataFrame
        Columns `SERIES`: `series` is ``total`` or an owner's code; counts are items, `value` 0–1, missing where
        nothing was due. `standard_error` is 0 where there is a value: a count of all items is no sample.
    """
    pieces = [(TOTAL, TOTAL, items)]
    for owner, table in items.table.groupby("owner"):
        pieces.append(("field", str(owner), DatedItems(items.as_of, table.reset_index(drop=True))))
    rows = []
    for dimension, series, some in pieces:
        counted = counts(some, labels=labels, cutoff_day=cutoff_day, year_end=year_end)
        for row in counted.itertuples():
            rows.append((indicator, dimension, series, row.period, row.done, row.promised))
            rows.append((indicator + OF_DUE, dimension, series, row.period, row.due_done, row.due))
    frame = pd.DataFrame(rows, columns=SERIES[:6]).sort_values(
        ["indicator", "dimension", "series", "period"], ignore_index=True
    )
    frame["value"] = (frame["numerator"] / frame["denominator"]).where(frame["denominator"] > 0)
    frame["standard_error"] = frame["value"] * 0.0
    return frame


def curve(items: DatedItems, *, year_start: date, year_end: date) -> pd.DataFrame:
    """Return the steps of the planned and of the done curve over the plan's year.

    Parameters
    ----------
    items : DatedItems
        Of one promise.
    year_start, year_end : date
        First and last day of the plan's year; what was planned or done before is in the first step.

    Returns
    -------
    pd.DataFrame
        Columns `CURVE`, one row for each day on which a curve steps, for both ends and for `as_of`: promised items
        `planned` and `done` up to the `day`; `done` is missing after `as_of`. No row without a promised item.
    """
    promised = items.promised(year_end)
    if promised.empty:
        return pd.DataFrame(columns=CURVE)
    first, last = pd.Timestamp(year_start), pd.Timestamp(year_end)
    ends = pd.Series([first, last, min(max(items.as_of, first), last)])
    steps = pd.concat([ends, promised["planned_on"], promised["done_on"].dropna()])
    days = steps[steps.between(first, last)].drop_duplicates().sort_values()
    rows = [(day, int((promised["planned_on"] <= day).sum()), int((promised["done_on"] <= day).sum())) for day in days]
    frame = pd.DataFrame(rows, columns=CURVE).astype({"done": "Int64"})
    frame["done"] = frame["done"].where(frame["day"] <= items.as_of)
    return frame


COLUMNS = ["day", "planned", "actual", "gap"]
KIND = "headcount"


def headcount(progress: pd.DataFrame, target: str, *, as_of: date) -> pd.DataFrame:
    """Return the path of a target and what was counted along it.

    Parameters
    ----------
    progress : pd.DataFrame
        See `data.contracts.Progress`.
    target : str
        The plan's target.
    as_of : date
        Day up to which data is known: a count done later is missing.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`, by day: persons allowed, persons counted, and counted less allowed (above 0: too many).
        Several rows of one day, as of several bodies, are added up; the day's count is known once all are.
    """
    mine = progress[(progress["target"] == target) & (progress["kind"] == KIND) & progress["planned"].notna()]
    known = mine["done_on"] <= pd.Timestamp(as_of)
    points = mine.assign(actual=mine["actual"].where(known)).groupby("planned_on")
    path = pd.DataFrame(
        {"planned": points["planned"].sum(), "actual": points["actual"].sum(), "whole": points["actual"].count()}
    )
    path["actual"] = path["actual"].where(path["whole"] == points.size())
    path["gap"] = path["actual"] - path["planned"]
    return path.rename_axis("day").reset_index()[COLUMNS].astype(dict.fromkeys(COLUMNS[1:], "Int64"))


def headcount_series(
    path: pd.DataFrame, *, indicator: str, labels: Sequence[str], cutoff_day: int | None
) -> pd.DataFrame:
    """Return the persons counted of the persons allowed, for each period in which there was a count.

    Parameters
    ----------
    path : pd.DataFrame
        See `headcount`.
    indicator : str
        Name of the ratio.
    labels : sequence of str
        Reporting months or quarters.
    cutoff_day : int or None
        See `analysis.periods`.

    Returns
    -------
    pd.DataFrame
        Columns `progress.SERIES`: persons counted and allowed on the period's last day with a count. `value` is their
        ratio, above 1 when there are too many; `standard_error` is 0: everyone is counted.
    """
    counted = path.dropna(subset=["actual", "planned"])
    rows = []
    for label in labels:
        period = periods.parse(label)
        first, last = periods.first_day(period, cutoff_day), periods.last_day(period, cutoff_day)
        within = counted[counted["day"].between(pd.Timestamp(first), pd.Timestamp(last))]
        if len(within):
            point = within.iloc[-1]
            rows.append((indicator, TOTAL, TOTAL, label, int(point["actual"]), int(point["planned"])))
    frame = pd.DataFrame(rows, columns=SERIES[:6])
    frame["value"] = (frame["numerator"] / frame["denominator"]).where(frame["denominator"] > 0)
    frame["standard_error"] = frame["value"] * 0.0
    return frame
