"""The counts of the form from our own cases: one pass of SQL over a file that may be larger than memory.

Each case gets one way in and one way out, or none of both, so every identity of the form holds by construction.
"""

from __future__ import annotations

import glob
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from analysis.data.form06a.layout import COUNTS
from analysis.faults import BadData

GROUPS = ("agency", "field")

_SQL = """
WITH dated AS (
    SELECT
        {by} AS code,
        channel,
        outcome,
        accepted_at::DATE AS accepted,
        due_at::DATE AS due,
        finished_at::DATE AS finished,
        -- A case still open has been reopened where it has a finish. One refused or withdrawn without a finish was
        -- closed when it was handed back, else on the day it was accepted: greatest() skips what is missing.
        CASE outcome
            WHEN 'open' THEN NULL
            WHEN 'resolved' THEN finished_at::DATE
            ELSE coalesce(finished_at::DATE, greatest(accepted_at::DATE, returned_at::DATE))
        END AS closed,
        {finished_late} AS finished_late,
        {due_passed} AS due_passed
    FROM read_parquet($cases, hive_partitioning = false)
    WHERE accepted_at::DATE <= $last_day
),
counted AS (
    SELECT
        *,
        (closed IS NULL OR closed >= $first_day)
            AND NOT ($leave_out AND outcome IN ('refused', 'withdrawn') AND closed <= $last_day) AS in_form,
        CASE
            WHEN accepted < $first_day THEN 'carried_over'
            WHEN channel = 'online' THEN 'received_online'
            ELSE 'received_counter_post'
        END AS way_in,
        CASE
            WHEN closed <= $last_day THEN CASE
                WHEN outcome <> 'resolved' OR due IS NULL THEN 'resolved_on_time'
                WHEN finished_late THEN 'resolved_late'
                WHEN finished < due THEN 'resolved_early'
                ELSE 'resolved_on_time'
            END
            WHEN due_passed THEN 'pending_late'
            ELSE 'pending_in_time'
        END AS way_out
    FROM dated
)
SELECT
    code,
    count_if(in_form) AS received_total,
    count_if(in_form AND way_in = 'received_online') AS received_online,
    count_if(in_form AND way_in = 'received_counter_post') AS received_counter_post,
    count_if(in_form AND way_in = 'carried_over') AS carried_over,
    count_if(in_form AND starts_with(way_out, 'resolved')) AS resolved_total,
    count_if(in_form AND way_out = 'resolved_early') AS resolved_early,
    count_if(in_form AND way_out = 'resolved_on_time') AS resolved_on_time,
    count_if(in_form AND way_out = 'resolved_late') AS resolved_late,
    count_if(in_form AND starts_with(way_out, 'pending')) AS pending_total,
    count_if(in_form AND way_out = 'pending_in_time') AS pending_in_time,
    count_if(in_form AND way_out = 'pending_late') AS pending_late,
    count_if(outcome = 'resolved' AND finished IS NULL) AS unfinished,
    count_if(outcome <> 'open' AND finished < accepted) AS finished_before_accepted
FROM counted
GROUP BY code
ORDER BY code NULLS LAST
"""

_LATE = {
    "day": {"finished_late": "finished_at::DATE > due_at::DATE", "due_passed": "due_at::DATE < $last_day"},
    "instant": {"finished_late": "finished_at > due_at", "due_passed": "due_at < $last_day + INTERVAL 1 DAY"},
}
"""By precision of the due date: when a finished case is late, and when a pending one is at the end of the last day."""


def form_from_cases(
    cases: Path,
    *,
    first_day: date,
    last_day: date,
    by: Literal["agency", "field"],
    due_precision: Literal["day", "instant"] = "day",
    closed_without_result: Literal["on_time", "leave_out"] = "on_time",
) -> pd.DataFrame:
    """Return the 11 counts of the form per agency or per field, as things stood at the end of the last day.

    The rules are those of the one system whose code could be read, see ``docs/methods/form-06a.md``. What happened
    after the last day is not looked at, so a later extract gives the same form, except where it has overwritten a due
    date, reopened a case, or closed one without recording the day.

    Parameters
    ----------
    cases : Path
        A Parquet file of `contracts.Cases`.
    first_day, last_day : date
        The period, both days within it.
    by : {"agency", "field"}
        What a row stands for.
    due_precision : {"day", "instant"}
        Whether a case is late from the day after its due date, or from the moment after its due time.
    closed_without_result : {"on_time", "leave_out"}
        Cases refused or withdrawn after they were accepted: column 9 takes them, or, once closed, no column does.

    Returns
    -------
    pd.DataFrame
        `code` (missing for cases that record none, then last) and the counts of `layout.COUNTS` in cases. An agency
        or field without any case in the form has no row.

    Raises
    ------
    BadData
        The file is no table of cases, or a case is resolved without a finish or finished before it was accepted.
    ValueError
        The period ends before it starts, or `by` is no group of the form.
    """
    if first_day > last_day:
        raise ValueError(f"the period from {first_day} to {last_day} ends before it starts")
    if by not in GROUPS:
        raise ValueError(f"a row stands for one of {', '.join(GROUPS)}, not {by!r}")
    if not cases.is_file():
        raise BadData(f"{cases}: there is no such table, a Parquet file of cases was expected")
    values = {
        # The name of one file, whose brackets and stars are no pattern.
        "cases": glob.escape(str(cases)),
        "first_day": first_day,
        "last_day": last_day,
        "leave_out": closed_without_result == "leave_out",
    }
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        try:
            frame = connection.execute(_SQL.format(by=by, **_LATE[due_precision]), values).df()
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            raise BadData(f"{cases}: not a readable table of cases ({str(error).splitlines()[0]})") from error
    _refuse_impossible(frame, cases)
    frame = frame[frame["received_total"] > 0].reset_index(drop=True)
    return frame[["code", *COUNTS]].astype({"code": "str"} | dict.fromkeys(COUNTS, "Int64"))


def _refuse_impossible(frame: pd.DataFrame, cases: Path) -> None:
    """Refuse cases no column can take; the door of the suite rejects them, so the file has not come through it."""
    if unfinished := int(frame["unfinished"].sum()):
        raise BadData(f"{cases}: column finished_at is missing for {unfinished} resolved cases, a time was expected")
    if early := int(frame["finished_before_accepted"].sum()):
        raise BadData(f"{cases}: column finished_at is before the day of accepted_at for {early} closed cases")
