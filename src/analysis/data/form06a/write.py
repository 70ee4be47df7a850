"""Writing form II.06a: its counts from our own cases, and the workbook that shows them.

The counts take one pass of SQL over a file that may be larger than memory. Each case is counted in one column of cases
received and one of cases resolved or pending, or in none, so every identity of the form holds by construction.
"""

from __future__ import annotations

import glob
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd
import xlsxwriter

from analysis.data.form06a.layout import (
    AGENCY_SHEET,
    COLUMNS,
    COUNTS,
    FIELD_SHEET,
    FORM_NUMBER,
    TITLE,
    TOTAL,
    UNIT,
    UNKNOWN_NAME,
    formula,
)
from analysis.data.sql import closed_connection
from analysis.faults import BadData

GROUPS = ("agency", "field")
"""What a row of the form may stand for."""

_SQL = """
WITH dated AS (
    SELECT
        {by} AS code,
        channel,
        outcome,
        accepted_at::DATE AS accepted,
        due_at::DATE AS due,
        finished_at::DATE AS finished,
        -- An open case that has a finish was reopened. A case refused or withdrawn without a finish was closed when it
        -- was handed back, else on the day it was accepted: greatest() skips missing values.
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
        END AS received_column,
        CASE
            WHEN closed <= $last_day THEN CASE
                WHEN outcome <> 'resolved' OR due IS NULL THEN 'resolved_on_time'
                WHEN finished_late THEN 'resolved_late'
                WHEN finished < due THEN 'resolved_early'
                ELSE 'resolved_on_time'
            END
            WHEN due_passed THEN 'pending_late'
            ELSE 'pending_in_time'
        END AS state_column
    FROM dated
)
SELECT
    code,
    count_if(in_form) AS received_total,
    count_if(in_form AND received_column = 'received_online') AS received_online,
    count_if(in_form AND received_column = 'received_counter_post') AS received_counter_post,
    count_if(in_form AND received_column = 'carried_over') AS carried_over,
    count_if(in_form AND starts_with(state_column, 'resolved')) AS resolved_total,
    count_if(in_form AND state_column = 'resolved_early') AS resolved_early,
    count_if(in_form AND state_column = 'resolved_on_time') AS resolved_on_time,
    count_if(in_form AND state_column = 'resolved_late') AS resolved_late,
    count_if(in_form AND starts_with(state_column, 'pending')) AS pending_total,
    count_if(in_form AND state_column = 'pending_in_time') AS pending_in_time,
    count_if(in_form AND state_column = 'pending_late') AS pending_late,
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
"""SQL by precision of the due date: whether a finished case is late, and a pending one at the end of the last day."""


def form_from_cases(
    cases: Path,
    *,
    first_day: date,
    last_day: date,
    by: Literal["agency", "field"],
    due_precision: Literal["day", "instant"] = "day",
    closed_without_result: Literal["on_time", "leave_out"] = "on_time",
) -> pd.DataFrame:
    """Return the 11 counts of the form by agency or by field, as they stood at the end of the last day.

    The rules are those of the one system whose code could be read, see ``docs/methods/form-06a.md``. Events after the
    last day are ignored, so a later extract gives the same form, except where it has overwritten a due date, reopened a
    case, or closed one without recording the day.

    Parameters
    ----------
    cases : Path
        A Parquet file of `contracts.Cases`.
    first_day, last_day : date
        First and last day of the period.
    by : {"agency", "field"}
        What a row stands for.
    due_precision : {"day", "instant"}
        Whether a case is late from the day after its due date, or from the moment after its due time.
    closed_without_result : {"on_time", "leave_out"}
        Whether cases refused or withdrawn after their acceptance count in column 9 or, once closed, in no column.

    Returns
    -------
    pd.DataFrame
        `code` (missing, and last, for cases that record none) and the counts of `layout.COUNTS` in cases. An agency or
        field without any case in the form has no row.

    Raises
    ------
    BadData
        The file is no table of cases, or a case is resolved without a finish or was finished before its acceptance.
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
        # Brackets and stars in the file's name must not be read as a pattern.
        "cases": glob.escape(str(cases)),
        "first_day": first_day,
        "last_day": last_day,
        "leave_out": closed_without_result == "leave_out",
    }
    with closed_connection(reads=[cases]) as connection:
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
    """Refuse cases that fit no column. Row validation rejects them, so such a file was never validated."""
    if unfinished := int(frame["unfinished"].sum()):
        raise BadData(f"{cases}: column finished_at is missing for {unfinished} resolved cases, a time was expected")
    if early := int(frame["finished_before_accepted"].sum()):
        raise BadData(f"{cases}: column finished_at is before the day of accepted_at for {early} closed cases")


SIMULATED = "SỐ LIỆU MÔ PHỎNG, không phải số liệu thật"
"""Warning on a form of simulated data."""
HEADER_ROW = 6
FIRST_ROW = HEADER_ROW + 4
_LAST_COLUMN = len(COLUMNS) - 1
_WIDTHS = {"line": 5, "name": 42}
_COUNT_WIDTH = 10.5
_LINE_HEIGHT = 16
_A4 = 9
_FONT = {"font_name": "Times New Roman", "font_size": 11, "valign": "vcenter"}
_FRAMED = _FONT | {"border": 1}
_STYLES = {
    "plain": _FONT,
    "small": _FONT | {"italic": True, "align": "right"},
    "title": _FONT | {"bold": True, "font_size": 13, "align": "center"},
    "centred": _FONT | {"italic": True, "align": "center"},
    "warning": _FONT | {"bold": True, "font_size": 13, "font_color": "#B00000", "align": "center"},
    "header": _FRAMED | {"bold": True, "align": "center", "text_wrap": True},
    "formula": _FRAMED | {"italic": True, "font_size": 8, "align": "center", "text_wrap": True},
    "line": _FRAMED | {"align": "center"},
    "name": _FRAMED | {"text_wrap": True, "indent": 1},
    "count": _FRAMED | {"num_format": "#,##0", "align": "right", "indent": 1},
    "total_name": _FRAMED | {"bold": True, "indent": 1},
    "total": _FRAMED | {"bold": True, "num_format": "#,##0", "align": "right", "indent": 1},
}


@dataclass(frozen=True)
class _Masthead:
    """What stands above the table of each sheet."""

    first_day: date
    last_day: date
    reporting_body: str
    receiving_body: str
    simulated: bool


def write_form(
    path: Path,
    *,
    by_agency: pd.DataFrame,
    by_field: pd.DataFrame,
    first_day: date,
    last_day: date,
    reporting_body: str,
    receiving_body: str,
    names: Mapping[str, str],
    simulated: bool,
) -> None:
    """Write the form as a workbook, with one sheet by agency and one by field.

    The same counts give the same bytes: the workbook's creation date is the last day of the period.

    Parameters
    ----------
    path : Path
        The XLSX file to write; an existing file is replaced.
    by_agency, by_field : pd.DataFrame
        `code` and the counts of `layout.COUNTS` in cases, as `form_from_cases` returns them; rows are written in their
        order, a missing count as a blank cell.
    first_day, last_day : date
        First and last day of the period.
    reporting_body, receiving_body : str
        Who reports, and to whom.
    names : mapping of str to str
        Code → name to show; a code without a name is shown itself.
    simulated : bool
        Whether the data is simulated; if so, every sheet states it, on screen and on each printed page.
    """
    masthead = _Masthead(first_day, last_day, reporting_body, receiving_body, simulated)
    content = io.BytesIO()
    # Names come from other systems: they are always text, even those that begin like a formula.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as workbook:
        workbook.set_properties({"title": FORM_NUMBER, "created": datetime.combine(last_day, time())})
        styles = {name: workbook.add_format(style) for name, style in _STYLES.items()}
        for title, counts, label in (
            (AGENCY_SHEET, by_agency, "Đơn vị"),
            (FIELD_SHEET, by_field, COLUMNS[1].header[0]),
        ):
            sheet = workbook.add_worksheet(title)
            _set_page(sheet, simulated=simulated)
            _write_masthead(sheet, masthead, styles)
            _write_header(sheet, label, styles)
            _write_rows(sheet, counts, names, styles)
    path.write_bytes(content.getvalue())


def _set_page(sheet: Any, *, simulated: bool) -> None:
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.6)
    sheet.set_footer("&CTrang &P/&N")
    if simulated:
        sheet.set_header(f"&C{SIMULATED}")
    sheet.repeat_rows(HEADER_ROW, FIRST_ROW - 1)
    sheet.freeze_panes(FIRST_ROW, 2)
    for at, column in enumerate(COLUMNS):
        sheet.set_column(at, at, _WIDTHS.get(column.key, _COUNT_WIDTH))


def _write_masthead(sheet: Any, masthead: _Masthead, styles: Mapping[str, Any]) -> None:
    middle = 7
    period = f"Kỳ báo cáo: từ ngày {masthead.first_day:%d/%m/%Y} đến ngày {masthead.last_day:%d/%m/%Y}"
    sheet.write_string(0, 0, FORM_NUMBER, styles["plain"])
    sheet.write_string(0, middle, f"Đơn vị báo cáo: {masthead.reporting_body}", styles["plain"])
    sheet.write_string(1, middle, f"Đơn vị nhận báo cáo: {masthead.receiving_body}", styles["plain"])
    sheet.set_row(2, 26)
    _merge(sheet, (2, 0, 2, _LAST_COLUMN), TITLE, styles["title"])
    _merge(sheet, (3, 0, 3, _LAST_COLUMN), period, styles["centred"])
    if masthead.simulated:
        _merge(sheet, (4, 0, 4, _LAST_COLUMN), SIMULATED, styles["warning"])
    _merge(sheet, (5, 0, 5, _LAST_COLUMN), f"Đơn vị tính: {UNIT}", styles["small"])


def _write_header(sheet: Any, label: str, styles: Mapping[str, Any]) -> None:
    for box, text in _header_cells(label):
        _merge(sheet, box, text, styles["header"])
    for at, column in enumerate(COLUMNS):
        sheet.write_string(HEADER_ROW + 3, at, formula(column), styles["formula"])
    for row, height in ((HEADER_ROW, 18), (HEADER_ROW + 1, 18), (HEADER_ROW + 2, 40)):
        sheet.set_row(row, height)
    sheet.set_row(HEADER_ROW + 3, 24)


def _header_cells(label: str) -> Iterator[tuple[tuple[int, int, int, int], str]]:
    """Yield each cell of the header: its box (first row and column, last row and column, from 0) and its text."""
    for depth in range(3):
        # Neighbours with the same texts down to this depth share one merged cell.
        for texts, columns in groupby(COLUMNS, key=lambda column: column.header[: depth + 1]):
            if not texts[depth]:
                continue
            positions = [column.number - 1 for column in columns]
            # A cell extends down over the empty header rows below it.
            last = next((row for row in range(depth + 1, 3) if COLUMNS[positions[0]].header[row]), 3) - 1
            text = label if positions == [1] else texts[depth]
            yield (HEADER_ROW + depth, positions[0], HEADER_ROW + last, positions[-1]), text


def _write_rows(sheet: Any, counts: pd.DataFrame, names: Mapping[str, str], styles: Mapping[str, Any]) -> None:
    row = FIRST_ROW
    for at, record in enumerate(counts.to_dict("records"), start=1):
        name = UNKNOWN_NAME if pd.isna(record["code"]) else names.get(record["code"], record["code"])
        # Spreadsheet programs keep the height stored in the file, so it must allow for the lines of a long name.
        sheet.set_row(row, _LINE_HEIGHT * ceil((len(name) + 2) / _WIDTHS["name"]))
        sheet.write_number(row, 0, at, styles["line"])
        sheet.write_string(row, 1, name, styles["name"])
        _write_counts(sheet, row, record, styles["count"])
        row += 1
    sheet.set_row(row, _LINE_HEIGHT)
    sheet.write_blank(row, 0, None, styles["total"])
    sheet.write_string(row, 1, TOTAL, styles["total_name"])
    _write_counts(sheet, row, counts[list(COUNTS)].sum().to_dict(), styles["total"])
    sheet.print_area(0, 0, row, _LAST_COLUMN)


def _write_counts(sheet: Any, row: int, counts: Mapping[Any, Any], style: Any) -> None:
    for at, key in enumerate(COUNTS, start=2):
        if pd.isna(counts[key]):
            sheet.write_blank(row, at, None, style)
        else:
            sheet.write_number(row, at, int(counts[key]), style)


def _merge(sheet: Any, box: tuple[int, int, int, int], text: str, style: Any) -> None:
    top, left, bottom, right = box
    if (top, left) == (bottom, right):
        sheet.write_string(top, left, text, style)
    else:
        # merge_range guesses the type of its text, so the text is written afterwards, as text.
        sheet.merge_range(top, left, bottom, right, "", style)
        sheet.write_string(top, left, text, style)
