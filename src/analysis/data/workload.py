"""Cases on the desk by reporting period: carried over, come in, done late, left late, fallen due."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.data.contracts import Workload, check, columns_of
from analysis.data.counting import (
    DIMENSIONS,
    DuePrecision,
    Frequency,
    as_known,
    frame_of,
    is_late,
    label_of,
    month_of,
)

_BY = DIMENSIONS.split(", ")
_FLOWS = ("received", "closed", "resolved", "resolved_late", "due", "due_late", "became_overdue", "overdue_closed")


def count_workload(
    cases: Path, *, as_of: date, cutoff_day: int | None, frequency: Frequency, due_precision: DuePrecision
) -> pd.DataFrame:
    """Return the `workload` table of the cases known on a day.

    A case is on the desk from its acceptance until it is closed: resolved on its finish; refused or withdrawn on its
    finish, or else when it was handed back, on its acceptance if that is said to be earlier. One closed without any
    date is nowhere in it: nobody knows how long it lay there. What lies in the period that holds the day is counted as
    far as it is known.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`; scanned, never held.
    as_of, cutoff_day, frequency, due_precision
        See `counting.count_cases`.

    Returns
    -------
    pd.DataFrame
        See `analysis.data.contracts.Workload`; no row without a case.
    """
    late = is_late("closed_at", due_precision)
    end = f"CAST('{as_of.isoformat()}' AS DATE) + INTERVAL 1 DAY"
    events = {
        "received": ("accepted_at", "true"),
        "closed": ("closed_at", "closed_at IS NOT NULL"),
        "resolved": ("finished_at", "outcome = 'resolved'"),
        "resolved_late": ("finished_at", f"outcome = 'resolved' AND {late}"),
        "due": ("due_at", "falls_due"),
        "due_late": ("due_at", f"falls_due AND (closed_at IS NULL OR {late})"),
        "became_overdue": (
            "greatest(accepted_at, turns_late_at)",
            f"turns_late_at < {end} AND (closed_at IS NULL OR {late})",
        ),
        "overdue_closed": (
            "closed_at",
            f"turns_late_at < {end} AND {late}",
        ),
    }
    # Counted flow by flow: a case takes part in each in another period.
    flows = " UNION ALL ".join(
        f"SELECT {month_of(when, cutoff_day)} AS month, {DIMENSIONS}, '{flow}' AS flow, count(*) AS n "
        f"FROM desk WHERE {where} GROUP BY ALL"
        for flow, (when, where) in events.items()
    )
    query = f"""
    WITH desk AS (
        SELECT *, due_at < {end} AS falls_due FROM {desk(cases, as_of=as_of, due_precision=due_precision)})
    SELECT {label_of("month", frequency)} AS period, {DIMENSIONS}, flow, CAST(sum(n) AS BIGINT) AS n
    FROM ({flows}) GROUP BY ALL ORDER BY ALL"""
    last = periods.reporting_month(as_of, cutoff_day)
    counted = _with_stocks(frame_of(query), last.asfreq("Q") if frequency == "Q" else last)
    return check(counted, Workload, where=str(cases))


def desk(cases: Path, *, as_of: date, due_precision: DuePrecision) -> str:
    """Return SQL for the cases that have lain on a desk by a day, with `closed_at` and `turns_late_at`.

    `turns_late_at` is the moment from which an open case is late: the day after its due date, or the due moment itself.

    Parameters
    ----------
    cases, as_of, due_precision
        See `count_workload`.
    """
    turns = "due_at" if due_precision == "instant" else "date_trunc('day', due_at) + INTERVAL 1 DAY"
    return f"""(
        SELECT *, {turns} AS turns_late_at FROM (
            SELECT *, CASE outcome WHEN 'open' THEN NULL WHEN 'resolved' THEN finished_at
                      -- greatest() skips what is missing: without a return it would be the acceptance.
                      ELSE coalesce(finished_at, CASE WHEN returned_at IS NOT NULL
                                                      THEN greatest(accepted_at, returned_at) END) END AS closed_at
            FROM {as_known(cases, as_of=as_of)})
        WHERE accepted_at IS NOT NULL AND (outcome = 'open' OR closed_at IS NOT NULL))"""


def received_and_peers(
    cases: Path, *, as_of: date, first: date, last: date, due_precision: DuePrecision
) -> pd.DataFrame:
    """Return the cases accepted from one day to another that have a due date, and those of two years before them.

    Parameters
    ----------
    cases, as_of, due_precision
        See `count_workload`.
    first, last : date
        First and last day of acceptance of the cases asked about.

    Returns
    -------
    pd.DataFrame
        `group` (procedure), `series` (field), `opened`, `due` (the moment a case turns late), `closed`, `cohort`; see
        `analysis.forecast.open_cases.lateness_nowcast`.
    """
    query = f"""
    SELECT procedure_code AS "group", field AS series, accepted_at AS opened, turns_late_at AS due, closed_at AS closed,
        CAST(accepted_at AS DATE) >= CAST('{first.isoformat()}' AS DATE) AS cohort
    FROM {desk(cases, as_of=as_of, due_precision=due_precision)}
    WHERE due_at IS NOT NULL AND field IS NOT NULL AND procedure_code IS NOT NULL
        AND CAST(accepted_at AS DATE) <= CAST('{last.isoformat()}' AS DATE)
        AND CAST(accepted_at AS DATE) >= CAST('{first.isoformat()}' AS DATE) - INTERVAL 2 YEAR"""
    return frame_of(query)


def _with_stocks(flows: pd.DataFrame, last: pd.Period) -> pd.DataFrame:
    """Return the flows of each period up to the last one with the desk at its start, and what was late at its end."""
    if flows.empty:
        return pd.DataFrame(columns=columns_of(Workload))
    # Cases lie on the desk in a period in which nothing happens, too.
    first = periods.parse(flows["period"].min())
    labels = [periods.write(first + step) for step in range((last - first).n + 1)]
    desks, names = pd.factorize(pd.MultiIndex.from_frame(flows[_BY].astype(object)), use_na_sentinel=False)
    flows = flows.assign(desk=desks)
    wide = flows.pivot_table(index=["desk", "period"], columns="flow", values="n", aggfunc="sum", fill_value=0)
    grid = pd.MultiIndex.from_product([range(len(names)), labels], names=["desk", "period"])
    wide = wide.reindex(index=grid, columns=list(_FLOWS), fill_value=0)
    so_far = wide.groupby(level="desk").cumsum()
    open_at_end = so_far["received"] - so_far["closed"]
    wide["carried_in"] = open_at_end - wide["received"] + wide["closed"]
    wide["overdue_at_end"] = so_far["became_overdue"] - so_far["overdue_closed"]
    there = wide[(wide != 0).any(axis=1)].reset_index()
    dimensions = pd.DataFrame(list(names), columns=_BY).iloc[there["desk"].to_numpy()].reset_index(drop=True)
    return pd.concat([there, dimensions], axis=1)[columns_of(Workload)]
