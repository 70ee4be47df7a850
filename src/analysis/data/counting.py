"""Cases counted by reporting period, as they were known on a day: the step from rows to the `counts` table."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from analysis.data.codes import PUBLISHED_LEVELS
from analysis.data.contracts import Counts, Ratings, check
from analysis.data.sources.sql import file_literal, parquet

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
