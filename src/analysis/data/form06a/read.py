"""Reading a filed form II.06a from a workbook: what stands above its table, where the table is, its rows and totals.

Columns are found by their headers, never by position. Nothing is corrected, and a blank count stays missing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from analysis.code_of_name import code_of_name
from analysis.data.child_process import limited_addresses
from analysis.data.codes import tidy
from analysis.data.form06a.layout import COLUMNS, COUNTS, NO_RESULT, NUMBER, Sheet
from analysis.data.sources.workbook_marks import read_marks
from analysis.faults import BadData


@dataclass(frozen=True)
class Form06a:
    """One form as filed: nothing is corrected, and a blank count is missing, not 0.

    Attributes
    ----------
    path : Path
        The file.
    sheet : str
        Name of the sheet that holds the form.
    first_day, last_day : date or None
        First and last day of the period, as the form states it; None when it does not.
    reporting_body, receiving_body : str or None
        Who reports and to whom, as the form states it; None when it does not.
    rows : pd.DataFrame
        The rows that count cases; see `read_body`.
    totals : pd.DataFrame
        The rows that sum others; see `read_body`.
    """

    path: Path
    sheet: str
    first_day: date | None
    last_day: date | None
    reporting_body: str | None
    receiving_body: str | None
    rows: pd.DataFrame
    totals: pd.DataFrame


def read_form(path: Path, *, sheet: str | None = None) -> Form06a:
    """Return the form in a workbook.

    Parameters
    ----------
    path : Path
        An XLSX or a legacy XLS workbook; its content decides which, not its ending.
    sheet : str or None
        Name of the sheet; None means the first visible one that holds a form.

    Raises
    ------
    BadData
        The file is no workbook, no sheet holds a form, or a cell is wrong; the message names file, sheet, row, column,
        what was found and what was expected.
    """
    form_sheet, table = _first_with_table(path, _sheets(path, sheet))
    masthead = read_masthead(form_sheet, table.header_row)
    rows, totals = read_body(form_sheet, table)
    if rows.empty:
        raise BadData(f"{path} sheet {form_sheet.name!r}: no row below row {table.first_row} counts any cases")
    return Form06a(
        path=path,
        sheet=form_sheet.name,
        first_day=masthead.first_day,
        last_day=masthead.last_day,
        reporting_body=masthead.reporting_body,
        receiving_body=masthead.receiving_body,
        rows=rows,
        totals=totals,
    )


def _sheets(path: Path, wanted: str | None) -> list[Sheet]:
    """Return the wanted sheet, or all visible ones when none is named."""
    try:
        # The content decides the format, not the ending: portals offer XLSX files named .xls.
        with limited_addresses(), CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes())) as workbook:
            visible = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
            ]
            if wanted is not None and wanted not in workbook.sheet_names:
                raise BadData(f"{path}: a sheet {wanted!r} was expected, found {', '.join(workbook.sheet_names)}")
            return [_sheet(path, workbook, name) for name in (visible if wanted is None else [wanted])]
    except FileNotFoundError as error:
        raise BadData(f"{path}: there is no such file, a form II.06a was expected") from error
    except (CalamineError, ValueError) as error:
        raise BadData(f"{path}: not a readable XLSX or XLS workbook ({error})") from error


def _sheet(path: Path, workbook: CalamineWorkbook, name: str) -> Sheet:
    """Return a sheet in which an error, and a formula nobody calculated, stand as text: they are no blank cells."""
    rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    marks = read_marks(path, name, workbook.sheet_names.index(name))
    uncalculated = dict.fromkeys((place for place, has_result in marks.results.items() if not has_result), NO_RESULT)
    for (row, column), text in (uncalculated | marks.errors).items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text
    return Sheet(path, name, rows)


def _first_with_table(path: Path, sheets: list[Sheet]) -> tuple[Sheet, Table]:
    for sheet in sheets:
        if table := find_table(sheet):
            return sheet, table
    names = ", ".join(repr(sheet.name) for sheet in sheets)
    raise BadData(
        f"{path} sheet {names}: no row has the headers 'Số hồ sơ nhận giải quyết', 'Số hồ sơ đã giải quyết' and"
        " 'Số hồ sơ đang giải quyết' of form II.06a"
    )


_MONTH = r"(\d{1,2})\s*(?:[/.-]|tháng)\s*(\d{1,2})"
_YEAR = r"\s*(?:[/.-]|năm)\s*(\d{4})"
_PERIOD = re.compile(
    rf"từ\s*(?:ngày)?\s*{_MONTH}(?:{_YEAR})?\s*(?:đến|[-–])\s*(?:hết)?\s*(?:ngày)?\s*{_MONTH}{_YEAR}", re.IGNORECASE
)
_REPORTING = re.compile(r"^\W*(?:đơn vị|cơ quan)(?: lập)? báo cáo\s*:?\s*(.*)$", re.IGNORECASE)
_RECEIVING = re.compile(r"^\W*(?:đơn vị|cơ quan) nhận báo cáo\s*:?\s*(.*)$", re.IGNORECASE)
_SECOND_LABEL = re.compile(r"\s(?=[-–•]?\s*(?:đơn vị|cơ quan) nhận báo cáo)", re.IGNORECASE)
_DOTTED_LINE = re.compile(r"[\s.…_]*")


@dataclass(frozen=True)
class Masthead:
    """What the rows above the table state; None for what they do not state.

    Attributes
    ----------
    first_day, last_day : date or None
        First and last day of the period.
    reporting_body, receiving_body : str or None
        Who reports, and to whom.
    """

    first_day: date | None
    last_day: date | None
    reporting_body: str | None
    receiving_body: str | None


def read_masthead(sheet: Sheet, end: int) -> Masthead:
    """Return what the first rows of a sheet state about the form.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    end : int
        Number of rows above the table.

    Raises
    ------
    BadData
        The days of the period do not exist, or it ends before it starts.
    """
    first_day = last_day = None
    reporting = receiving = None
    for row in range(end):
        cells = [sheet.text_with_breaks(row, column) for column in range(len(sheet.rows[row]))]
        if first_day is None and (match := _PERIOD.search(tidy(" ".join(cells)))):
            first_day, last_day = _days(sheet, row, match)
        lines = [
            part for cell in cells for line in cell.splitlines() for part in _SECOND_LABEL.split(tidy(line)) if part
        ]
        reporting = reporting or _after_label(lines, _REPORTING)
        receiving = receiving or _after_label(lines, _RECEIVING)
    return Masthead(first_day, last_day, reporting, receiving)


def _days(sheet: Sheet, row: int, match: re.Match[str]) -> tuple[date, date]:
    """Return the first and last day of a period found in a row."""
    day, month, year, last_day, last_month, last_year = (int(number or 0) for number in match.groups())
    try:
        last = date(last_year, last_month, last_day)
        # Without a year of its own, a first day in a later month is in the year before: "từ ngày 15/12 đến ngày
        # 14/3/2022".
        first = date(year or last_year - (month > last_month), month, day)
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        raise BadData(
            f"{sheet.path} sheet {sheet.name!r} row {row + 1}: found the period {match[0]!r},"
            " expected two days of the calendar, the first not after the last"
        )
    return first, last


def _after_label(lines: list[str], label: re.Pattern[str]) -> str | None:
    """Return the text after a label: on the label's line, else on the row's next line unless that is a label itself."""
    for at, line in enumerate(lines):
        if match := label.match(line):
            following = lines[at + 1] if at + 1 < len(lines) else ""
            is_label = _REPORTING.match(following) or _RECEIVING.match(following)
            text = match[1] or ("" if is_label else following)
            return None if _DOTTED_LINE.fullmatch(text) else text
    return None


_GROUPS = {"received": r"nhan-giai-quyet|tiep-nhan", "resolved": r"da-giai-quyet", "pending": r"dang-giai-quyet"}
_LEAVES = {
    "received": {
        "received_total": r"tong",
        "received_online": r"truc-tuyen",
        "received_counter_post": r"truc-tiep",
        "carried_over": r"ky-truoc",
    },
    "resolved": {
        "resolved_total": r"tong",
        "resolved_early": r"truoc-han|som-han",
        "resolved_on_time": r"dung-han",
        "resolved_late": r"qua-han|tre-han",
    },
    "pending": {
        "pending_total": r"tong",
        "pending_in_time": r"trong-han|chua-den-han",
        "pending_late": r"qua-han|tre-han",
    },
}
_ANY_LEAF = re.compile("|".join(pattern for leaves in _LEAVES.values() for pattern in leaves.values()))
_LINE_LABELS = {"tt", "stt", "so-tt", "so-thu-tu"}
_REMARKS = "ghi-chu"
_COLUMN_NUMBER = re.compile(r"\(?(\d{1,2}|[A-Z])\)?")


@dataclass(frozen=True)
class Table:
    """Where the table of a form is on its sheet; rows and columns are counted from 0.

    Attributes
    ----------
    header_row, first_row : int
        First row of the header, and first row below the header and its row of column numbers.
    line_column, name_column : int
        Columns of the running number and of the name.
    count_columns : dict of str to int
        Column of each key of `layout.COUNTS`.
    """

    header_row: int
    first_row: int
    line_column: int
    name_column: int
    count_columns: dict[str, int]


def find_table(sheet: Sheet) -> Table | None:
    """Return where the form's table is on a sheet, or None when no row is its header.

    Raises
    ------
    BadData
        There is a header, but not this form's: a column is unknown, missing or there twice.
    """
    for row in range(len(sheet.rows)):
        groups = _groups(sheet, row)
        if len({group for group in groups.values() if group in _GROUPS}) >= 2:
            return _table(sheet, row, groups)
    return None


def _groups(sheet: Sheet, row: int) -> dict[int, str]:
    """Return the group of each column, by the merged header cell above it, which has text only in its first column."""
    groups: dict[int, str] = {}
    for column in range(len(sheet.rows[row])):
        text = code_of_name(sheet.text(row, column))
        known = [group for group, pattern in _GROUPS.items() if re.search(pattern, text)]
        if len(known) == 1:
            groups[column] = known[0]
        elif groups:
            groups[column] = text or groups[column - 1]
    return groups


def _table(sheet: Sheet, top: int, groups: dict[int, str]) -> Table:
    """Return the table whose header starts in a row, with the groups of its columns."""
    bottom = top
    while bottom < top + 3 and any(_ANY_LEAF.search(code_of_name(sheet.text(bottom + 1, column))) for column in groups):
        bottom += 1
    counts: dict[str, int] = {}
    for column, group in groups.items():
        row, leaf = _leaf(sheet, column, top, bottom)
        if not leaf or group.startswith(_REMARKS):
            continue
        keys = [key for key, pattern in _LEAVES.get(group, {}).items() if re.search(pattern, code_of_name(leaf))]
        if len(keys) != 1 or keys[0] in counts:
            raise sheet.fault(row, column, "the header of one column of form II.06a, and of each only one")
        counts[keys[0]] = column
    for key in COUNTS:
        if key not in counts:
            names = " / ".join(filter(None, COLUMNS[NUMBER[key] - 1].header))
            raise sheet.fault(top, min(groups), f"a header with a column ({NUMBER[key]}) {names!r} under it")
    line, name = _label_columns(sheet, top, bottom, min(counts.values()))
    first = bottom + 1
    if _COLUMN_NUMBER.fullmatch(sheet.text(first, name)):
        first += 1
    return Table(top, first, line, name, counts)


def _leaf(sheet: Sheet, column: int, top: int, bottom: int) -> tuple[int, str]:
    """Return the row and text of a column's lowest header cell, an empty text when that is a group's own cell.

    A column of remarks has only its top cell, which is no group of counts.
    """
    for row in range(bottom, top, -1):
        if text := sheet.text(row, column):
            return row, text
    text = sheet.text(top, column)
    is_group = any(re.search(pattern, code_of_name(text)) for pattern in _GROUPS.values())
    return top, "" if is_group else text


def _label_columns(sheet: Sheet, top: int, bottom: int, end: int) -> tuple[int, int]:
    """Return the columns of the running number and of the name, both left of column `end`."""
    rows = range(max(top - 1, 0), bottom + 1)
    for column in range(end):
        if any(code_of_name(sheet.text(row, column)) in _LINE_LABELS for row in rows):
            with_header = [other for other in range(column + 1, end) if any(sheet.text(row, other) for row in rows)]
            if not with_header:
                raise sheet.fault(top, column + 1, "the header of the column with the names")
            return column, with_header[0]
    raise sheet.fault(top, 0, "'TT' or 'STT' to the left of the counts")


ROW_COLUMNS = ["line", "section", "name", *COUNTS]
TOTAL_COLUMNS = ["line", "kind", "name", "from_line", "to_line", *COUNTS]

# Totals are recognised with diacritics: without them "Cộng" (sum) looks like "Công" (Công an, Công Thương).
_GRAND_TOTAL = re.compile(r"(?:tổng|cộng|tổng cộng|tổng số)(?: toàn tỉnh| chung| hồ sơ)?(?:\s*[:(].*)?", re.IGNORECASE)
_PART_TOTAL = re.compile(
    r"(?:tổng|cộng|tổng cộng|tổng số) (?:các |cấp |khối |mục |phần |sở|huyện|xã|phường|[ivx]+\b).*", re.IGNORECASE
)
_NUMBERED_TITLE = re.compile(r"([IVX]+|[A-Z])[.)]\s*(\S.*)")
_LETTER, _ROMAN, _ARABIC = re.compile(r"[A-Z]"), re.compile(r"[IVX]+"), re.compile(r"\d+(?:\.\d+)*")
_LEVELS = {
    "cap-tinh", "cap-huyen", "cap-xa", "so", "cac-so", "so-ban-nganh", "cac-so-ban-nganh", "huyen", "xa", "xa-phuong",
    "phuong-xa", "xa-phuong-thi-tran", "ubnd-cap-huyen", "ubnd-cap-xa", "ubnd-huyen", "ubnd-xa", "nganh-doc",
}  # fmt: skip
"""Folded names of levels of government: a row with such a name heads a section even without a numeral."""

_LETTER_RANK, _ROMAN_RANK, _TITLE_RANK, _ROW_RANK = 0.0, 1.0, 1.5, 2.0
"""Ranks of lines, from the outermost heading to a row of counts."""


@dataclass(frozen=True)
class _Line:
    """One row of the sheet below the header that has a name.

    Attributes
    ----------
    row : int
        Its row on the sheet, from 0.
    number, name : str
        Running number and name as written; a title merged over both cells is in `name`.
    counts : dict
        Cases by key of `layout.COUNTS`, None where blank.
    is_total : bool
        Whether its name marks it as a sum of others.
    rank : float
        Its depth: 0 for letters, then Roman numerals, then titles without a number, then 1, then 1.1 and so on.
    """

    row: int
    number: str
    name: str
    counts: dict[str, int | None]
    is_total: bool
    rank: float

    @property
    def has_counts(self) -> bool:
        return any(value is not None for value in self.counts.values())


def read_body(sheet: Sheet, table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that count cases and, separately, the rows that sum others.

    A row followed by a deeper one (``I`` before ``1``, ``1`` before ``1.1``) heads a section: its counts, if any, are
    the sum of the rows under it. Any other row with counts is an ordinary row, whatever its number looks like.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    table : Table
        Where the table is on it.

    Returns
    -------
    rows : pd.DataFrame
        `line` (row on the sheet, from 1), `section` (the headings above it, outermost first, joined by `` / ``; empty
        when there are none), `name`, and the 11 counts of `layout.COUNTS` in cases, missing where blank.
    totals : pd.DataFrame
        `line`, `kind` (``total`` of the whole form, or ``section``), `name`, `from_line` and `to_line` (first and last
        line of the rows it sums), and the counts.

    Raises
    ------
    BadData
        A count is no whole number, or a row with counts has no name.
    """
    lines = _lines(sheet, table)
    form_totals = _form_totals(lines)
    rows: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    heads: list[_Line] = []
    start = table.first_row  # first row that a total at the foot of the current section sums
    for at, line in enumerate(lines):
        if line.is_total:
            if line in form_totals:
                totals.append(_total(line, "total", (table.first_row, len(sheet.rows) - 1)))
            else:
                totals.append(_total(line, "section", (start, line.row - 1)))
            start = line.row + 1
            continue
        heads = [head for head in heads if head.rank < line.rank]
        following = [other for other in lines[at + 1 :] if not other.is_total]
        if _is_head(line, following):
            if line.has_counts:
                end = next((other.row for other in following if other.rank <= line.rank), len(sheet.rows))
                totals.append(_total(line, "section", (line.row + 1, end - 1)))
            heads.append(line)
            start = line.row + 1
        else:
            section = " / ".join(head.name for head in heads)
            rows.append({"line": line.row + 1, "section": section, "name": line.name, **line.counts})
    return _frame(rows, ROW_COLUMNS), _frame(totals, TOTAL_COLUMNS)


def _is_head(line: _Line, following: list[_Line]) -> bool:
    """Return whether a deeper row follows, or the line is a title: without a row's number and without counts."""
    deeper = bool(following) and following[0].rank > line.rank
    return deeper or not (line.has_counts or _ARABIC.fullmatch(line.number))


def _lines(sheet: Sheet, table: Table) -> list[_Line]:
    """Return the rows with a name, down to the last that has a count or a row's number; signatures stand below it."""
    columns = table.count_columns
    filled = [
        row
        for row in range(table.first_row, len(sheet.rows))
        if any(sheet.is_count(row, column) for column in columns.values())
        or (_ARABIC.fullmatch(sheet.text(row, table.line_column)) and sheet.text(row, table.name_column))
    ]
    lines = []
    for row in range(table.first_row, max(filled, default=-1) + 1):
        counts = {key: sheet.count(row, column) for key, column in columns.items()}
        number, name = _number_and_name(sheet, row, table)
        if name:
            is_total = bool(_GRAND_TOTAL.fullmatch(name) or _PART_TOTAL.fullmatch(name))
            lines.append(_Line(row, number, name, counts, is_total, _rank(number, name, counts)))
        elif any(value is not None for value in counts.values()):
            raise sheet.fault(row, table.name_column, "the name of the field or body whose cases are counted")
    return lines


def _number_and_name(sheet: Sheet, row: int, table: Table) -> tuple[str, str]:
    number, name = sheet.text(row, table.line_column), sheet.text(row, table.name_column)
    if not name and not _ARABIC.fullmatch(number):
        # The text of a title merged over both columns is in the first.
        title = _NUMBERED_TITLE.fullmatch(number)
        return (title[1], title[2]) if title else ("", number)
    return number.rstrip(".)"), name


def _rank(number: str, name: str, counts: dict[str, int | None]) -> float:
    if _ARABIC.fullmatch(number):
        return _ROW_RANK + number.count(".")
    if _ROMAN.fullmatch(number) or (not number and code_of_name(name) in _LEVELS):
        return _ROMAN_RANK
    if _LETTER.fullmatch(number):
        return _LETTER_RANK
    return _ROW_RANK if any(value is not None for value in counts.values()) else _TITLE_RANK


def _form_totals(lines: list[_Line]) -> list[_Line]:
    """Return the totals of the whole form; a bare ``Cộng`` is one only without a ``Tổng số`` or ``Tổng cộng``."""
    grand_totals = [line for line in lines if _GRAND_TOTAL.fullmatch(line.name)]
    with_tong = [line for line in grand_totals if line.name.lower().startswith("tổng")]
    return with_tong or grand_totals


def _total(line: _Line, kind: str, summed_rows: tuple[int, int]) -> dict[str, Any]:
    first_row, last_row = summed_rows
    lines = {"line": line.row + 1, "from_line": first_row + 1, "to_line": last_row + 1}
    return {**lines, "kind": kind, "name": line.name, **line.counts}


def _frame(records: Iterable[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(records), columns=columns)
    texts = [name for name in columns if name in {"section", "name", "kind"}]
    lines = [name for name in columns if name.endswith("line")]
    return frame.astype(dict.fromkeys(texts, "str") | dict.fromkeys(lines, "int64") | dict.fromkeys(COUNTS, "Int64"))
