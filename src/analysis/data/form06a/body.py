"""The rows under a form's header: which of them count cases, which are sums of others, which are headings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.data.form06a.cells import Sheet
from analysis.data.form06a.header import Table
from analysis.data.form06a.layout import COUNTS
from analysis.data.spelling import fold

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
