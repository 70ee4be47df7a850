"""Cases counted by reporting period, as known on a day: received, resolved, late, and on the desk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd

from analysis import periods
from analysis.data.codes import PUBLISHED_LEVELS
from analysis.data.contracts import Counts, Workload, check, columns_of
from analysis.data.sql import closed_connection, identifier, parquet

DuePrecision = Literal["day", "instant"]
Frequency = Literal["M", "Q"]

_DIMENSIONS = ("agency", "district", "field", "channel")
_DIMENSIONS_SQL = ", ".join(_DIMENSIONS)


def count_cases(
    cases: Path,
    *,
    as_of: date,
    cutoff_day: int | None,
    frequency: Frequency,
    due_precision: DuePrecision,
    level_catalogue: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the `counts` table of the cases known on a day.

    A case is received in the period in which it was accepted. It is resolved in the period in which it was finished,
    if its outcome is ``resolved``; refused and withdrawn cases are not. Timeliness compares the finish with the due
    date in force. By day: early is before the due day, on time is on it, late is after it. By instant: late is after
    the due moment, and on time is on the due day up to that moment. A case without a due date is ``no_due_date``, never
    on time.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`; it is scanned, never loaded whole.
    as_of : date
        Day up to which data was known.
    cutoff_day : int or None
        Last day of a reporting month, or None for calendar months; see `analysis.periods`.
    frequency : {"M", "Q"}
        Reporting months or quarters.
    due_precision : {"day", "instant"}
        Whether a due date of this source means the whole day or a moment.
    level_catalogue : pd.DataFrame, optional
        See `analysis.data.contracts.Catalogue`. With it, the level of a procedure is the one in force on `as_of`,
        whatever the case records. A procedure that the catalogue does not have on that day keeps the level of its case.

    Returns
    -------
    pd.DataFrame
        See `analysis.data.contracts.Counts`. `procedure` is missing: a procedure without cases in a month has not
        stopped reporting.
    """
    is_late = is_late_sql("finished_at", due_precision)
    levels = ", ".join(f"'{level}'" for level in PUBLISHED_LEVELS)
    known = as_known(cases, as_of=as_of)
    if level_catalogue is not None:
        known = (
            "(SELECT * REPLACE (coalesce(in_force.level, known.level) AS level) "
            f"FROM {known} AS known LEFT JOIN in_force USING (procedure_code))"
        )
    accepted, finished = (month_sql(column, cutoff_day) for column in ("accepted_at", "finished_at"))
    query = f"""
    WITH known AS {known},
    received AS (
        SELECT {accepted} AS month, {_DIMENSIONS_SQL}, level IN ({levels}) AS published_online,
            CAST(NULL AS VARCHAR) AS timeliness, count(*) AS received, 0 AS resolved
        FROM known WHERE accepted_at IS NOT NULL GROUP BY ALL),
    resolved AS (
        SELECT {finished} AS month, {_DIMENSIONS_SQL}, level IN ({levels}) AS published_online,
            CASE WHEN due_at IS NULL THEN 'no_due_date'
                 WHEN {is_late} THEN 'late'
                 WHEN CAST(finished_at AS DATE) < CAST(due_at AS DATE) THEN 'early'
                 ELSE 'on_time' END AS timeliness,
            0 AS received, count(*) AS resolved
        FROM known WHERE outcome = 'resolved' GROUP BY ALL)
    SELECT {label_sql("month", frequency)} AS period, agency, district, field,
        CAST(NULL AS VARCHAR) AS procedure, channel, published_online, timeliness,
        CAST(sum(received) AS BIGINT) AS received, CAST(sum(resolved) AS BIGINT) AS resolved
    FROM (FROM received UNION ALL FROM resolved) GROUP BY ALL
    ORDER BY ALL"""
    in_force = None if level_catalogue is None else levels_in_force(level_catalogue, as_of)
    frames = {} if in_force is None else {"in_force": in_force}
    return check(run_query(query, reads=[cases], **frames), Counts, where=str(cases))


_FLOWS = ("received", "closed", "resolved", "resolved_late", "due", "due_late", "became_overdue", "overdue_closed")


def count_workload(
    cases: Path, *, as_of: date, cutoff_day: int | None, frequency: Frequency, due_precision: DuePrecision
) -> pd.DataFrame:
    """Return the `workload` table of the cases known on a day.

    A case is on the desk from its acceptance until it is closed. A resolved case is closed on its finish. A refused or
    withdrawn case is closed on its finish or, without one, when it was handed back (on its acceptance if the recorded
    hand-over is earlier). A case closed without any date is left out, because it is not known how long it was on the
    desk. The period that holds `as_of` is counted as far as it is known.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`; it is scanned, never loaded whole.
    as_of, cutoff_day, frequency, due_precision
        As for `count_cases`.

    Returns
    -------
    pd.DataFrame
        See `analysis.data.contracts.Workload`; no row without a case.
    """
    is_late = is_late_sql("closed_at", due_precision)
    end = f"CAST('{as_of.isoformat()}' AS DATE) + INTERVAL 1 DAY"
    # One query per flow, because a case counts in a different period in each.
    flows = " UNION ALL ".join(
        f"SELECT {month_sql(time, cutoff_day)} AS month, {_DIMENSIONS_SQL}, '{flow}' AS flow, count(*) AS n "
        f"FROM desk WHERE {condition} GROUP BY ALL"
        for flow, (time, condition) in desk_events(is_late, end).items()
    )
    query = f"""
    WITH desk AS (
        SELECT *, due_at < {end} AS falls_due FROM {desk(cases, as_of=as_of, due_precision=due_precision)})
    SELECT {label_sql("month", frequency)} AS period, {_DIMENSIONS_SQL}, flow, CAST(sum(n) AS BIGINT) AS n
    FROM ({flows}) GROUP BY ALL ORDER BY ALL"""
    last_month = periods.reporting_month(as_of, cutoff_day)
    last_period = last_month.asfreq("Q") if frequency == "Q" else last_month
    return check(_with_stocks(run_query(query, reads=[cases]), last_period), Workload, where=str(cases))


def desk_events(is_late: str, end: str) -> dict[str, tuple[str, str]]:
    """Return, by flow of the desk, SQL of the time that decides the period and of which cases belong to it.

    Parameters
    ----------
    is_late : str
        SQL that is true where a case was closed after its due date.
    end : str
        SQL of the end of the last day known.
    """
    return {
        "received": ("accepted_at", "true"),
        "closed": ("closed_at", "closed_at IS NOT NULL"),
        "resolved": ("finished_at", "outcome = 'resolved'"),
        "resolved_late": ("finished_at", f"outcome = 'resolved' AND {is_late}"),
        "due": ("due_at", "falls_due"),
        "due_late": ("due_at", f"falls_due AND (closed_at IS NULL OR {is_late})"),
        "became_overdue": (
            "greatest(accepted_at, turns_late_at)",
            f"turns_late_at < {end} AND (closed_at IS NULL OR {is_late})",
        ),
        "overdue_closed": ("closed_at", f"turns_late_at < {end} AND {is_late}"),
    }


def _with_stocks(flows: pd.DataFrame, last_period: pd.Period) -> pd.DataFrame:
    """Return flows and stocks by period up to the last one: the cases carried in, and the cases overdue at the end."""
    if flows.empty:
        return pd.DataFrame(columns=columns_of(Workload))
    # A period in which nothing happens needs a row, too: cases are still on the desk.
    first_period = periods.parse(flows["period"].min())
    labels = [periods.write(first_period + step) for step in range((last_period - first_period).n + 1)]
    dimensions = list(_DIMENSIONS)
    desk, desks = pd.factorize(pd.MultiIndex.from_frame(flows[dimensions].astype(object)), use_na_sentinel=False)
    flows = flows.assign(desk=desk)
    wide = flows.pivot_table(index=["desk", "period"], columns="flow", values="n", aggfunc="sum", fill_value=0)
    grid = pd.MultiIndex.from_product([range(len(desks)), labels], names=["desk", "period"])
    wide = wide.reindex(index=grid, columns=list(_FLOWS), fill_value=0)
    so_far = wide.groupby(level="desk").cumsum()
    open_at_end = so_far["received"] - so_far["closed"]
    wide["carried_in"] = open_at_end - wide["received"] + wide["closed"]
    wide["overdue_at_end"] = so_far["became_overdue"] - so_far["overdue_closed"]
    filled = wide[(wide != 0).any(axis=1)].reset_index()
    codes = pd.DataFrame(list(desks), columns=dimensions).iloc[filled["desk"].to_numpy()].reset_index(drop=True)
    return pd.concat([filled, codes], axis=1)[columns_of(Workload)]


def cases_for_lateness_nowcast(
    cases: Path,
    *,
    as_of: date,
    first: date,
    last: date,
    due_precision: DuePrecision,
    complete_from: date | None = None,
) -> pd.DataFrame:
    """Return the cases accepted in an interval of days that have a due date, and those of the two years before it.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`; it is scanned, never loaded whole.
    as_of : date
        Day up to which data was known.
    first, last : date
        First and last day of acceptance of the interval.
    due_precision : {"day", "instant"}
        As for `count_cases`.
    complete_from : date or None
        Day before which the file holds only cases that were open for long: those accepted before it are left out, since
        they are later than cases are.

    Returns
    -------
    pd.DataFrame
        `group` (procedure), `series` (field), `opened`, `due` (the moment from which the case is late), `closed`, and
        `cohort`: whether the case was accepted within the interval. See
        `analysis.forecast.open_cases.lateness_nowcast`.
    """
    reference = f"CAST('{first.isoformat()}' AS DATE) - INTERVAL 2 YEAR"
    if complete_from is not None:
        reference = f"greatest({reference}, CAST('{complete_from.isoformat()}' AS DATE))"
    query = f"""
    SELECT procedure_code AS "group", field AS series, accepted_at AS opened, turns_late_at AS due, closed_at AS closed,
        CAST(accepted_at AS DATE) >= CAST('{first.isoformat()}' AS DATE) AS cohort
    FROM {desk(cases, as_of=as_of, due_precision=due_precision)}
    WHERE due_at IS NOT NULL AND field IS NOT NULL AND procedure_code IS NOT NULL
        AND CAST(accepted_at AS DATE) <= CAST('{last.isoformat()}' AS DATE)
        AND CAST(accepted_at AS DATE) >= {reference}"""
    return run_query(query, reads=[cases])


def not_yet_known(table: Path, *, as_of: date, known_from: str | None = None) -> int:
    """Return how many rows of an extract were known only after a day.

    Parameters
    ----------
    table : Path
        Parquet file of `analysis.data.contracts.Cases`, or of a declared table.
    as_of : date
        The day.
    known_from : str or None
        Of a declared table, the column of the time from which a row is known; a case is known from its filing.
    """
    condition = f"NOT {identifier(known_from) if known_from else FIRST_KNOWN_AT} {up_to(as_of)}"
    query = f"SELECT count(*) AS later FROM {parquet(table)} WHERE {condition}"
    return int(run_query(query, reads=[table])["later"].iloc[0])


FIRST_KNOWN_AT = "least(submitted_at, accepted_at)"
"""SQL for the moment a case was first known: an office that accepts a case knows it, even if it records the filing
later."""


def as_known(cases: Path, *, as_of: date) -> str:
    """Return SQL for the cases as they stood at the end of a day, without anything that happened later.

    A case filed later is left out. An acceptance, finish or hand-over that came later is missing. A case closed later
    is open; it is closed on its finish or, having none, when it was handed back. An extract taken on that day is left
    as it is. From a later extract the result is a reconstruction: a value *changed* in between (a due date, a level, a
    refusal without a date) shows its later state, and the extract does not reveal which were changed.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`.
    as_of : date
        The day.
    """
    known = up_to(as_of)
    closed_at = "coalesce(finished_at, returned_at)"
    closed_later = f"({closed_at} IS NOT NULL AND NOT {closed_at} {known})"
    return f"""(
        SELECT * REPLACE (
            CASE WHEN accepted_at {known} THEN accepted_at END AS accepted_at,
            CASE WHEN finished_at {known} THEN finished_at END AS finished_at,
            CASE WHEN returned_at {known} THEN returned_at END AS returned_at,
            CASE WHEN {closed_later} THEN 'open' ELSE outcome END AS outcome)
        FROM {parquet(cases)}
        WHERE {FIRST_KNOWN_AT} {known})"""


def desk(cases: Path, *, as_of: date, due_precision: DuePrecision) -> str:
    """Return SQL for the cases that have been on a desk by a day, with `closed_at` and `turns_late_at`.

    `turns_late_at` is the moment from which an open case is late: the day after its due date, or the due moment itself.

    Parameters
    ----------
    cases, as_of, due_precision
        As for `count_workload`.
    """
    turns_late_at = "due_at" if due_precision == "instant" else "date_trunc('day', due_at) + INTERVAL 1 DAY"
    return f"""(
        SELECT *, {turns_late_at} AS turns_late_at FROM (
            SELECT *, CASE outcome WHEN 'open' THEN NULL WHEN 'resolved' THEN finished_at
                      -- greatest() skips missing values: without a hand-over it would return the acceptance.
                      ELSE coalesce(finished_at, CASE WHEN returned_at IS NOT NULL
                                                      THEN greatest(accepted_at, returned_at) END) END AS closed_at
            FROM {as_known(cases, as_of=as_of)})
        WHERE accepted_at IS NOT NULL AND (outcome = 'open' OR closed_at IS NOT NULL))"""


def levels_in_force(catalogue: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return `procedure_code, level` of the procedures that a catalogue has on a day.

    Parameters
    ----------
    catalogue : pd.DataFrame
        See `analysis.data.contracts.Catalogue`.
    day : date
        The day.
    """
    moment = pd.Timestamp(day)
    is_in_force = (catalogue["valid_from"] <= moment) & ~(catalogue["valid_to"] < moment)
    last = catalogue[is_in_force].sort_values("valid_from").drop_duplicates("procedure_code", keep="last")
    return last[["procedure_code", "level"]]


def up_to(day: date) -> str:
    """Return the SQL comparison, to be put after a time, that is true up to the end of a day."""
    return f"< CAST('{day.isoformat()}' AS DATE) + INTERVAL 1 DAY"


def is_late_sql(column: str, due_precision: DuePrecision) -> str:
    """Return SQL that is true where a time is after the due date.

    Parameters
    ----------
    column : str
        The time.
    due_precision : {"day", "instant"}
        As for `count_cases`.
    """
    return f"{column} > due_at" if due_precision == "instant" else f"CAST({column} AS DATE) > CAST(due_at AS DATE)"


def month_sql(column: str, cutoff_day: int | None) -> str:
    """Return SQL for the first day of the reporting month that a time falls into.

    Days after the cut-off belong to the next month. The calendar month is moved rather than the time: moving the time
    forward by a month less the cut-off's days would depend on the length of the month.

    Parameters
    ----------
    column : str
        The time.
    cutoff_day : int or None
        As for `count_cases`.
    """
    month = f"date_trunc('month', {column})"
    if cutoff_day is None:
        return month
    return f"({month} + CASE WHEN day({column}) > {cutoff_day} THEN INTERVAL 1 MONTH ELSE INTERVAL 0 MONTH END)"


def label_sql(month: str, frequency: Frequency) -> str:
    """Return SQL for the label of the reporting period (month or quarter) of a month.

    Parameters
    ----------
    month : str
        SQL of its first day.
    frequency : {"M", "Q"}
        Reporting months or quarters.
    """
    return f"(year({month}) || 'Q' || quarter({month}))" if frequency == "Q" else f"strftime({month}, '%Y-%m')"


def run_query(query: str, *, reads: Iterable[Path] = (), **frames: pd.DataFrame) -> pd.DataFrame:
    """Return the result of a query over files and over frames, which it names.

    Parameters
    ----------
    query : str
        SQL.
    reads : iterable of Path
        The files.
    **frames
        Frames by the name that the query has for them.
    """
    with closed_connection(reads=reads) as connection:
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection.execute(query).df()
