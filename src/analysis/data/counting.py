"""Cases counted by reporting period, as known on a day: received, resolved, and the stock on the desk."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from analysis import periods
from analysis.data.codes import PUBLISHED_LEVELS
from analysis.data.contracts import Counts, Ratings, Workload, check, columns_of
from analysis.data.sql import file_literal, parquet

DuePrecision = Literal["day", "instant"]
Frequency = Literal["M", "Q"]

DIMENSIONS = "agency, district, field, channel"


def as_known(cases: Path, *, as_of: date) -> str:
    """Return SQL for the cases as they stood on a day: what came later is not there yet.

    A case filed later is left out; a finish, a return or an acceptance that came later is missing, and a case closed
    later is open: closed on its finish or, having none, when it was handed back. On an extract taken that day nothing
    changes. From a later extract this is a reconstruction: what was *changed* in between (a due date, a level, a
    refusal without a date) shows its later state, and nobody can tell.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`.
    as_of : date
        The day.
    """
    known = _by(as_of)
    closed = "coalesce(finished_at, returned_at)"
    later = f"({closed} IS NOT NULL AND NOT {closed} {known})"
    return f"""(
        SELECT * REPLACE (
            CASE WHEN accepted_at {known} THEN accepted_at END AS accepted_at,
            CASE WHEN finished_at {known} THEN finished_at END AS finished_at,
            CASE WHEN returned_at {known} THEN returned_at END AS returned_at,
            CASE WHEN {later} THEN 'open' ELSE outcome END AS outcome)
        FROM {parquet(cases)}
        WHERE {_FILED} {known})"""


def count_cases(
    cases: Path,
    *,
    as_of: date,
    cutoff_day: int | None,
    frequency: Frequency,
    due_precision: DuePrecision,
    published_by: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the `counts` table of the cases known on a day.

    Received: the case was accepted in the period. Resolved: its outcome is ``resolved`` and it was finished in the
    period; refused and withdrawn cases are neither. Timeliness compares the finish with the due date that holds:
    by day, early is before it, on time on it, late after it; by instant, late is after the moment, and on time the
    same day up to it. A case without a due date is ``no_due_date``, never on time.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`; scanned, never held.
    as_of : date
        Day up to which things were known.
    cutoff_day : int or None
        See `analysis.periods`.
    frequency : {"M", "Q"}
        Reporting months or quarters.
    due_precision : {"day", "instant"}
        What a due date means in this source.
    published_by : pd.DataFrame, optional
        See `analysis.data.contracts.Catalogue`: then the level of a procedure is the one in force on `as_of`, whatever
        its case says; a procedure the catalogue does not have on that day, because it never had or no longer has,
        keeps the level of its case.

    Returns
    -------
    pd.DataFrame
        See `analysis.data.contracts.Counts`; `procedure` is missing: among cases a procedure that has none in a
        month has not stopped reporting.
    """
    late = is_late("finished_at", due_precision)
    published = ", ".join(f"'{level}'" for level in PUBLISHED_LEVELS)
    known = as_known(cases, as_of=as_of)
    if published_by is not None:
        known = f"(SELECT * REPLACE (coalesce(today.level, known.level) AS level) {_JOINED.format(known=known)})"
    accepted, finished = (month_of(column, cutoff_day) for column in ("accepted_at", "finished_at"))
    query = f"""
    WITH known AS {known},
    received AS (
        SELECT {accepted} AS month, {DIMENSIONS}, level IN ({published}) AS published_online,
            CAST(NULL AS VARCHAR) AS timeliness, count(*) AS received, 0 AS resolved
        FROM known WHERE accepted_at IS NOT NULL GROUP BY ALL),
    resolved AS (
        SELECT {finished} AS month, {DIMENSIONS}, level IN ({published}) AS published_online,
            CASE WHEN due_at IS NULL THEN 'no_due_date'
                 WHEN {late} THEN 'late'
                 WHEN CAST(finished_at AS DATE) < CAST(due_at AS DATE) THEN 'early'
                 ELSE 'on_time' END AS timeliness,
            0 AS received, count(*) AS resolved
        FROM known WHERE outcome = 'resolved' GROUP BY ALL)
    SELECT {label_of("month", frequency)} AS period, agency, district, field,
        CAST(NULL AS VARCHAR) AS procedure, channel, published_online, timeliness,
        CAST(sum(received) AS BIGINT) AS received, CAST(sum(resolved) AS BIGINT) AS resolved
    FROM (FROM received UNION ALL FROM resolved) GROUP BY ALL
    ORDER BY ALL"""
    return check(frame_of(query, today=_in_force(published_by, as_of)), Counts, where=str(cases))


def count_ratings(
    ratings: Path, cases: Path, *, as_of: date, cutoff_day: int | None, frequency: Frequency
) -> pd.DataFrame:
    """Return the `ratings` table of the ratings given by a day.

    A rating belongs to the agency, district, field and channel of its case and to the period it was given in; of
    several ratings of one case the last counts, of those given at one moment the last in the file. A rating whose case
    is not among the cases belongs to none of them: its dimensions are missing, and it counts in the whole only.

    Parameters
    ----------
    ratings, cases : Path
        Parquet files of `analysis.data.contracts.CaseRatings` and `Cases`.
    as_of, cutoff_day, frequency
        As for `count_cases`.
    """
    query = f"""
    WITH known AS {as_known(cases, as_of=as_of)},
    last AS (
        SELECT case_id, arg_max(rating, (rated_at, file_row_number)) AS rating, max(rated_at) AS rated_at
        FROM read_parquet({file_literal(ratings)}, file_row_number = true)
        WHERE rated_at {_by(as_of)} GROUP BY case_id)
    SELECT {label_of(month_of("rated_at", cutoff_day), frequency)} AS period, {DIMENSIONS},
        count(*) FILTER (WHERE rating <> 'dissatisfied') AS satisfied, count(*) AS respondents
    FROM last LEFT JOIN known USING (case_id) GROUP BY ALL ORDER BY ALL"""
    return check(frame_of(query), Ratings, where=str(ratings))


def not_yet_known(cases: Path, *, as_of: date) -> int:
    """Return how many cases of an extract were filed only after a day."""
    later = f"NOT {_FILED} {_by(as_of)}"
    return int(frame_of(f"SELECT count(*) AS later FROM {parquet(cases)} WHERE {later}")["later"].iloc[0])


_FILED = "least(submitted_at, accepted_at)"
"""SQL of when a case was first known of: whoever accepts one whose filing was keyed in later knows of it."""


def _by(day: date) -> str:
    """Return what stands in SQL after a time that lies on a day or before it."""
    return f"< CAST('{day.isoformat()}' AS DATE) + INTERVAL 1 DAY"


def month_of(column: str, cutoff_day: int | None) -> str:
    """Return SQL for the first day of the reporting month a time falls into.

    The days after the cut-off belong to the next month: moving the time forward by a month less the cut-off's days
    would depend on the month's length, so the month is moved instead.
    """
    month = f"date_trunc('month', {column})"
    if cutoff_day is None:
        return month
    return f"({month} + CASE WHEN day({column}) > {cutoff_day} THEN INTERVAL 1 MONTH ELSE INTERVAL 0 MONTH END)"


def label_of(month: str, frequency: Frequency) -> str:
    """Return SQL for the label of the reporting period a month is in or is."""
    return f"(year({month}) || 'Q' || quarter({month}))" if frequency == "Q" else f"strftime({month}, '%Y-%m')"


def frame_of(query: str, *, today: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what a query over files finds; it may name the frame ``today``."""
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1200MB'")
        if today is not None:
            connection.register("today", today)
        return connection.execute(query).df()


def is_late(column: str, due_precision: DuePrecision) -> str:
    """Return SQL that is true where a time lies after the due date."""
    return f"{column} > due_at" if due_precision == "instant" else f"CAST({column} AS DATE) > CAST(due_at AS DATE)"


_JOINED = "FROM {known} AS known LEFT JOIN today USING (procedure_code)"


def _in_force(catalogue: pd.DataFrame | None, day: date) -> pd.DataFrame | None:
    """Return the level of each procedure on a day."""
    if catalogue is None:
        return None
    now = pd.Timestamp(day)
    stands = (catalogue["valid_from"] <= now) & ~(catalogue["valid_to"] < now)
    last = catalogue[stands].sort_values("valid_from").drop_duplicates("procedure_code", keep="last")
    return last[["procedure_code", "level"]]


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
