"""Indicators other than shares of cases: dated items, headcounts, surveys and published indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from analysis import periods
from analysis.indicators import dated_items, index_scores
from analysis.indicators.dated_items import DatedItems, from_progress
from analysis.indicators.index_tiers import Tiers, history
from analysis.indicators.item_progress import headcount, headcount_series, progress_series
from analysis.plan.indicators import Score
from analysis.plan.plan import Plan
from analysis.plan.promises import IndexPromise, ItemsPromise

COLUMNS = [
    "indicator",
    "dimension",
    "series",
    "period",
    "numerator",
    "denominator",
    "respondents",
    "value",
    "standard_error",
]


def promised_items(
    plan: Plan,
    target: ItemsPromise,
    catalogue: pd.DataFrame,
    progress: pd.DataFrame,
    service_days: Mapping[str, pd.DataFrame],
    *,
    as_of: date,
) -> DatedItems:
    """Return the items a promise is on, as known on a day.

    Parameters
    ----------
    plan, target
        The promise.
    catalogue, progress : pd.DataFrame
        See `data.contracts`.
    service_days : mapping
        Promise → its cases of services day by day; see `data.case_table.service_days`.
    as_of : date
        The day; what is dated later is not looked at.
    """
    if target.inventory is not None:
        start, end = year_of(plan)
        if target.inventory.listed_with or target.inventory.done_with:
            return dated_items.services_with_cases(
                catalogue,
                service_days.get(target.id, pd.DataFrame()),
                target.inventory,
                as_of=as_of,
                year_start=start,
                year_end=end,
            )
        return dated_items.from_catalogue(catalogue, target.inventory, as_of=as_of, year_start=start, year_end=end)
    return from_progress(progress, target.id, as_of=as_of)


def year_of(plan: Plan) -> tuple[date, date]:
    """Return the first and the last day of a plan's year."""
    first, last = (pd.Period(year=plan.year, quarter=number, freq="Q") for number in (1, 4))
    cutoff_day = plan.calendar.cutoff_day
    return periods.first_day(first, cutoff_day), periods.last_day(last, cutoff_day)


def other_series(
    plan: Plan,
    catalogue: pd.DataFrame,
    progress: pd.DataFrame,
    surveys: pd.DataFrame,
    published: pd.DataFrame,
    breaks: pd.DataFrame,
    service_days: Mapping[str, pd.DataFrame],
    *,
    as_of: date,
    labels: Sequence[str],
) -> pd.DataFrame:
    """Return the values of everything a plan promises beside shares of cases.

    Parameters
    ----------
    plan : Plan
        The plan.
    catalogue, progress : pd.DataFrame
        See `data.contracts`.
    surveys : pd.DataFrame
        See `satisfaction`.
    published, breaks : pd.DataFrame
        See `data.published`.
    service_days : mapping
        Promise → its cases of services day by day; see `data.case_table.service_days`.
    as_of : date
        Day up to which they are known.
    labels : sequence of str
        Reporting periods of the plan's year so far.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`. Of a promise on items, named by the target: items done of those promised, and of those due
        (name ending in ``_due``); its headcount (ending in ``_headcount``): persons of persons allowed; of surveys the
        weighted share with its `respondents`; of an index its score as published (points), a row per year. Counts and
        errors a source does not give are missing.
    """
    pieces = [surveys.reindex(columns=COLUMNS)]
    cutoff_day, (_, end) = plan.calendar.cutoff_day, year_of(plan)
    for target in plan.promises:
        if isinstance(target, ItemsPromise):
            items = promised_items(plan, target, catalogue, progress, service_days, as_of=as_of)
            shown: dict[str, Any] = {"labels": labels, "cutoff_day": cutoff_day}
            pieces.append(progress_series(items, indicator=target.id, year_end=end, **shown))
            if target.headcount:
                path = headcount(progress, target.id, as_of=as_of)
                pieces.append(headcount_series(path, indicator=f"{target.id}_headcount", **shown))
        elif isinstance(target, IndexPromise) and target.tier and target.index and plan.area:
            tiers = Tiers(names=target.tiers, last_ranks=target.last_ranks)
            known = history(published, indicator=target.index, tiers=tiers, as_of=as_of, breaks=breaks)
            mine = known[known["area"] == plan.area]
            pieces.append(
                pd.DataFrame(
                    {
                        "indicator": target.index,
                        "dimension": "area",
                        "series": mine["area"],
                        "period": mine["year"].astype(str),
                        "value": mine["score"].astype(float),
                    }
                )
            )
        elif isinstance(target, IndexPromise) and plan.area:
            declared = plan.indicators.get(target.indicator or "")
            index = declared.index if isinstance(declared, Score) else target.index or ""
            figures = index_scores.history(published, indicator=index, as_of=as_of, breaks=breaks)
            mine = figures[figures["area"] == plan.area]
            pieces.append(
                pd.DataFrame(
                    {
                        "indicator": target.indicator or index,
                        "dimension": "area",
                        "series": mine["area"],
                        "period": mine["period"],
                        "value": mine["score"].astype(float),
                    }
                )
            )
    filled = [piece.reindex(columns=COLUMNS) for piece in pieces if len(piece)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
