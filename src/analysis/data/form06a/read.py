"""What stands above the table of a form: the period it is for, who reports and to whom."""

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

from analysis.data.codes import fold, tidy
from analysis.data.form06a.layout import COLUMNS, COUNTS, NUMBER, Sheet
from analysis.faults import BadData

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
    """What the rows above the table say; None where they do not.

    Attributes
    ----------
    first_day, last_day : date or None
        The period, both days within it.
    reporting_body, receiving_body : str or None
        Who reports, and to whom.
    """

    first_day: date | None
    last_day: date | None
    reporting_body: str | None
    receiving_body: str | None


def read_masthead(sheet: Sheet, end: int) -> Masthead:
    """Return what the first `end` rows of a sheet say.

    Raises
    ------
    BadData
        The period is no days of the calendar, or ends before it starts.
    """
    first_day = last_day = None
    reporting = receiving = None
    for row in range(end):
        cells = [sheet.lines(row, column) for column in range(len(sheet.rows[row]))]
        if first_day is None and (match := _PERIOD.search(tidy(" ".join(cells)))):
            first_day, last_day = _days(sheet, row, match)
        lines = [
            part for cell in cells for line in cell.splitlines() for part in _SECOND_LABEL.split(tidy(line)) if part
        ]
        reporting = reporting or _said(lines, _REPORTING)
        receiving = receiving or _said(lines, _RECEIVING)
    return Masthead(first_day, last_day, reporting, receiving)


def _days(sheet: Sheet, row: int, match: re.Match[str]) -> tuple[date, date]:
    day, month, year, last_day, last_month, last_year = (int(number or 0) for number in match.groups())
    try:
        last = date(last_year, last_month, last_day)
        # "từ ngày 15/12 đến ngày 14/3/2022" starts in the year before.
        first = date(year or last_year - (month > last_month), month, day)
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        raise BadData(
            f"{sheet.path} sheet {sheet.name!r} row {row + 1}: found the period {match[0]!r},"
            " expected two days of the calendar, the first not after the last"
        )
    return first, last


def _said(lines: list[str], label: re.Pattern[str]) -> str | None:
    """Return what follows a label: on its line, or else on the row's next line when that is no label itself."""
    for at, line in enumerate(lines):
        if match := label.match(line):
            following = lines[at + 1] if at + 1 < len(lines) else ""
            is_label = _REPORTING.match(following) or _RECEIVING.match(following)
            said = match[1] or ("" if is_label else following)
            return None if _DOTTED_LINE.fullmatch(said) else said
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
    """Where the table stands; rows and columns from 0.

    Attributes
    ----------
    header_row, first_row : int
        First row of the header, and first row below it and its row of numbers.
    line_column, name_column : int
        Columns of the running number and of the name.
    count_columns : dict
        Key of each counting column → where it is.
    """

    header_row: int
    first_row: int
    line_column: int
    name_column: int
    count_columns: dict[str, int]


def find_table(sheet: Sheet) -> Table | None:
    """Return where the form's table stands on a sheet, or None when no row is its header.

    Raises
    ------
    BadData
        There is a header, but not this form's: a column is unknown, lacking or there twice.
    """
    for row in range(len(sheet.rows)):
        groups = _groups(sheet, row)
        if len({group for group in groups.values() if group in _GROUPS}) >= 2:
            return _table(sheet, row, groups)
    return None


def _groups(sheet: Sheet, row: int) -> dict[int, str]:
    """Return the group each column stands under: its merged cell holds text only in its first column."""
    groups: dict[int, str] = {}
    for column in range(len(sheet.rows[row])):
        text = fold(sheet.text(row, column))
        known = [group for group, pattern in _GROUPS.items() if re.search(pattern, text)]
        if len(known) == 1:
            groups[column] = known[0]
        elif groups:
            groups[column] = text or groups[column - 1]
    return groups


def _table(sheet: Sheet, top: int, groups: dict[int, str]) -> Table:
    bottom = top
    while bottom < top + 3 and any(_ANY_LEAF.search(fold(sheet.text(bottom + 1, column))) for column in groups):
        bottom += 1
    counts: dict[str, int] = {}
    for column, group in groups.items():
        row, leaf = _leaf(sheet, column, top, bottom)
        if not leaf or group.startswith(_REMARKS):
            continue
        keys = [key for key, pattern in _LEAVES.get(group, {}).items() if re.search(pattern, fold(leaf))]
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
    """Return the row and text of a column's lowest header cell; a column of remarks has none below its group."""
    for row in range(bottom, top, -1):
        if text := sheet.text(row, column):
            return row, text
    text = sheet.text(top, column)
    unknown = text and not any(re.search(pattern, fold(text)) for pattern in _GROUPS.values())
    return top, text if unknown else ""


def _label_columns(sheet: Sheet, top: int, bottom: int, end: int) -> tuple[int, int]:
    rows = range(max(top - 1, 0), bottom + 1)
    for column in range(end):
        if any(fold(sheet.text(row, column)) in _LINE_LABELS for row in rows):
            named = [at for at in range(column + 1, end) if any(sheet.text(row, at) for row in rows)]
            if not named:
                raise sheet.fault(top, column + 1, "the header of the column with the names")
            return column, named[0]
    raise sheet.fault(top, 0, "'TT' or 'STT' to the left of the counts")


ROW_COLUMNS = ["line", "section", "name", *COUNTS]
TOTAL_COLUMNS = ["line", "kind", "name", "from_line", "to_line", *COUNTS]

# Read with its diacritics: without them "Cộng" (sum) is "Công" (Công an, Công Thương).
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
"""Folded names of levels of government: a row so called is the head of a section even without a numeral."""

_LETTER_RANK, _ROMAN_RANK, _TITLE_RANK, _ROW_RANK = 0.0, 1.0, 1.5, 2.0


@dataclass(frozen=True)
class _Line:
    """One row of the sheet below the header that says something.

    Attributes
    ----------
    row : int
        Its row on the sheet, from 0.
    number, name : str
        Running number and name as written; a title merged over both stands in `name`.
    counts : dict
        Key → cases, None where blank.
    is_total : bool
        Whether its name says that it sums others.
    rank : float
        How deep it stands: letters, then Roman numerals, then titles without number, then 1, 1.1 and so on.
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
    """Return the rows that count cases and, apart, the rows that sum others.

    A row that deeper rows follow (``I`` before ``1``, ``1`` before ``1.1``) is the head of a section: its counts, if
    it has any, sum the rows under it. Any other row with counts is a row of its own, whatever its number looks like.

    Returns
    -------
    rows : pd.DataFrame
        `line` (row on the sheet, from 1), `section` (the headings above it, outermost first, joined by `` / ``; empty
        when there are none), `name`, and the 11 counts in cases, missing where blank.
    totals : pd.DataFrame
        `line`, `kind` (``total`` of the whole form, or ``section``), `name`, `from_line` and `to_line` (the rows it
        sums stand between them), and the counts.

    Raises
    ------
    BadData
        A count is no whole number, or counts stand beside no name.
    """
    lines = _lines(sheet, table)
    whole = _whole_totals(lines)
    rows: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    heads: list[_Line] = []
    start = table.first_row  # where what a total at the foot of a section sums begins
    for at, line in enumerate(lines):
        if line.is_total:
            spans = (table.first_row, len(sheet.rows) - 1) if line in whole else (start, line.row - 1)
            totals.append(_total(line, "total" if line in whole else "section", spans))
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
    """Return whether deeper rows follow, or the row is a title: no number of a row and nothing counted."""
    deeper = bool(following) and following[0].rank > line.rank
    return deeper or not (line.has_counts or _ARABIC.fullmatch(line.number))


def _lines(sheet: Sheet, table: Table) -> list[_Line]:
    """Return the rows that say something, down to the last with a count or a number: signatures stand below."""
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
        # Merged over both columns, a title stands in the first.
        title = _NUMBERED_TITLE.fullmatch(number)
        return (title[1], title[2]) if title else ("", number)
    return number.rstrip(".)"), name


def _rank(number: str, name: str, counts: dict[str, int | None]) -> float:
    if _ARABIC.fullmatch(number):
        return _ROW_RANK + number.count(".")
    if _ROMAN.fullmatch(number) or (not number and fold(name) in _LEVELS):
        return _ROMAN_RANK
    if _LETTER.fullmatch(number):
        return _LETTER_RANK
    return _ROW_RANK if any(value is not None for value in counts.values()) else _TITLE_RANK


def _whole_totals(lines: list[_Line]) -> list[_Line]:
    """Return the totals of the whole form: beside a ``Tổng số`` or ``Tổng cộng``, a bare ``Cộng`` sums a section."""
    grand = [line for line in lines if _GRAND_TOTAL.fullmatch(line.name)]
    named = [line for line in grand if line.name.lower().startswith("tổng")]
    return named or grand


def _total(line: _Line, kind: str, span: tuple[int, int]) -> dict[str, Any]:
    first, last = span
    place = {"line": line.row + 1, "from_line": first + 1, "to_line": last + 1}
    return {**place, "kind": kind, "name": line.name, **line.counts}


def _frame(records: Iterable[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(records), columns=columns)
    texts = [name for name in columns if name in {"section", "name", "kind"}]
    lines = [name for name in columns if name.endswith("line")]
    return frame.astype(dict.fromkeys(texts, "str") | dict.fromkeys(lines, "int64") | dict.fromkeys(COUNTS, "Int64"))


@dataclass(frozen=True)
class Form06a:
    """One form as filed: nothing is corrected, and a blank count is missing, not 0.

    Attributes
    ----------
    path : Path
        The file.
    sheet : str
        Its sheet.
    first_day, last_day : date or None
        The period as the form names it, both days within it; None when it does not.
    reporting_body, receiving_body : str or None
        Who reports and to whom, as the form says.
    rows : pd.DataFrame
        `line` (row on the sheet, from 1), `section`, `name` and the 11 counts of `layout.COUNTS` in cases: the rows
        that count cases.
    totals : pd.DataFrame
        Rows that sum others: `line`, `kind` (``total`` or ``section``), `name`, `from_line`, `to_line` and the counts.
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
        An XLSX or a legacy XLS, told apart by their content.
    sheet : str or None
        Which sheet; None takes the first visible one that holds a form.

    Raises
    ------
    BadData
        The file is no workbook, no sheet holds a form, or the form cannot be right: file, sheet, row, column, found
        and expected.
    """
    one, table = _find(path, _sheets(path, sheet))
    masthead = read_masthead(one, table.header_row)
    rows, totals = read_body(one, table)
    if rows.empty:
        raise BadData(f"{path} sheet {one.name!r}: no row below row {table.first_row} counts any cases")
    return Form06a(
        path=path,
        sheet=one.name,
        first_day=masthead.first_day,
        last_day=masthead.last_day,
        reporting_body=masthead.reporting_body,
        receiving_body=masthead.receiving_body,
        rows=rows,
        totals=totals,
    )


def _sheets(path: Path, wanted: str | None) -> list[Sheet]:
    try:
        # By content, not by ending: portals hand out XLSX files called .xls.
        with CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes())) as workbook:
            shown = [
                one.name
                for one in workbook.sheets_metadata
                if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
            ]
            if wanted is not None and wanted not in workbook.sheet_names:
                raise BadData(f"{path}: a sheet {wanted!r} was expected, found {', '.join(workbook.sheet_names)}")
            return [
                Sheet(path, name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
                for name in (shown if wanted is None else [wanted])
            ]
    except FileNotFoundError as error:
        raise BadData(f"{path}: there is no such file, a form II.06a was expected") from error
    except CalamineError as error:
        raise BadData(f"{path}: not a readable XLSX or XLS workbook ({error})") from error


def _find(path: Path, sheets: list[Sheet]) -> tuple[Sheet, Table]:
    for sheet in sheets:
        if table := find_table(sheet):
            return sheet, table
    names = ", ".join(repr(sheet.name) for sheet in sheets)
    raise BadData(
        f"{path} sheet {names}: no row has the headers 'Số hồ sơ nhận giải quyết', 'Số hồ sơ đã giải quyết' and"
        " 'Số hồ sơ đang giải quyết' of form II.06a"
    )
