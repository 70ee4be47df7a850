"""The thirteen columns of form II.06a/VPCP/KSTT, the sums between them, and the cells of a sheet that holds them.

Reading and writing share this definition. The annex of TT 01/2020/TT-VPCP was not readable; the layout is that of two
front-ends of one system, see ``docs/methods/form-06a.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from analysis.data.codes import tidy
from analysis.data.ingest.listed_rows import shape
from analysis.faults import BadData

FORM_NUMBER = "Biểu số II.06a/VPCP/KSTT"
TITLE = "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT TTHC TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT TTHC"
UNIT = "Số hồ sơ TTHC"
TOTAL = "Tổng số"
UNKNOWN_NAME = "Không xác định"
"""Name of the row for cases that record no agency or field: they are counted, never dropped."""

AGENCY_SHEET, FIELD_SHEET = "Đơn vị", "Lĩnh vực"

RECEIVED = "Số hồ sơ nhận giải quyết"
RESOLVED = "Số hồ sơ đã giải quyết"
PENDING = "Số hồ sơ đang giải quyết"


@dataclass(frozen=True)
class Column:
    """One column of the form.

    Attributes
    ----------
    number : int
        Its number in the form, 1–13.
    key : str
        Its name in our tables.
    header : tuple of str
        Its three header rows, top to bottom; an empty one is merged into the cell above it.
    """

    number: int
    key: str
    header: tuple[str, str, str]


COLUMNS = (
    Column(1, "line", ("TT", "", "")),
    Column(2, "name", ("Lĩnh vực, công việc giải quyết theo cấp", "", "")),
    Column(3, "received_total", (RECEIVED, "Tổng số", "")),
    Column(4, "received_online", (RECEIVED, "Trong kỳ", "Trực tuyến")),
    Column(5, "received_counter_post", (RECEIVED, "Trong kỳ", "Trực tiếp, dịch vụ bưu chính")),
    Column(6, "carried_over", (RECEIVED, "Từ kỳ trước", "")),
    Column(7, "resolved_total", (RESOLVED, "Tổng số", "")),
    Column(8, "resolved_early", (RESOLVED, "Trước hạn", "")),
    Column(9, "resolved_on_time", (RESOLVED, "Đúng hạn", "")),
    Column(10, "resolved_late", (RESOLVED, "Quá hạn", "")),
    Column(11, "pending_total", (PENDING, "Tổng số", "")),
    Column(12, "pending_in_time", (PENDING, "Trong hạn", "")),
    Column(13, "pending_late", (PENDING, "Quá hạn", "")),
)
COUNTS = tuple(column.key for column in COLUMNS[2:])
"""Keys of the columns that count cases, 3–13."""

NUMBER = {column.key: column.number for column in COLUMNS}
"""Number of each column by its key."""


@dataclass(frozen=True)
class Identity:
    """A sum that must hold within a row: one column equals the sum of others.

    Attributes
    ----------
    left : str
        Key of the column on the left side.
    right : tuple of str
        Keys of the columns whose sum it equals.
    """

    left: str
    right: tuple[str, ...]

    def __str__(self) -> str:
        return f"({NUMBER[self.left]})=" + "+".join(f"({NUMBER[key]})" for key in self.right)


IDENTITIES = (
    Identity("received_total", ("received_online", "received_counter_post", "carried_over")),
    Identity("resolved_total", ("resolved_early", "resolved_on_time", "resolved_late")),
    Identity("pending_total", ("pending_in_time", "pending_late")),
    Identity("received_total", ("resolved_total", "pending_total")),
)


def formula(column: Column) -> str:
    """Return the text under a column's header: its number and, for a sum, the columns it adds up."""
    sums = [str(identity) for identity in IDENTITIES[:3] if identity.left == column.key]
    return sums[0] if sums else f"({column.number})"


NO_CASES = {"-", "–", "—"}
"""Texts of a cell that mean 0 cases."""
NO_RESULT = "a formula without a result"
"""Stands in the cell of a formula that nobody calculated."""

TOO_MANY = 10**9
"""No body counts a thousand million cases: such a number is an identifier, a telephone number or a typing error."""

_WHOLE = re.compile(r"(?P<whole>\d+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+)(?:,(?P<fraction>\d+))?")


@dataclass(frozen=True)
class Sheet:
    """One sheet of a received workbook, with all cells from A1 on.

    Every method takes the row and the column of a cell, counted from 0.

    Attributes
    ----------
    path : Path
        The workbook.
    name : str
        The sheet's name.
    rows : list of list
        Cells as calamine returns them; a blank cell is an empty text, an error is its name.
    """

    path: Path
    name: str
    rows: list[list[Any]]

    def text(self, row: int, column: int) -> str:
        """Return the text of a cell with single blanks, empty when the cell is blank or outside the sheet.

        Parameters
        ----------
        row, column : int
            The cell.
        """
        return tidy(self.text_with_breaks(row, column))

    def text_with_breaks(self, row: int, column: int) -> str:
        """Return the text of a cell with its line breaks, empty when the cell is blank or outside the sheet.

        Parameters
        ----------
        row, column : int
            The cell.
        """
        if not (0 <= row < len(self.rows) and 0 <= column < len(self.rows[row])):
            return ""
        value = self.rows[row][column]
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, date | datetime):
            return f"{value:%d/%m/%Y}"
        return str(value)

    def count(self, row: int, column: int) -> int | None:
        """Return the number of cases in a cell, None where the cell is blank.

        A count is a number, or text with a full stop or blank between thousands and a comma before decimals. A dash
        means 0.

        Parameters
        ----------
        row, column : int
            The cell; its row is on the sheet.

        Raises
        ------
        BadData
            The cell holds no whole number of 0 or more.
        """
        value = self.rows[row][column] if column < len(self.rows[row]) else ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not 0 <= value < TOO_MANY or value != int(value):
                raise self._no_count(row, column, "a whole number of cases, 0 or more")
            return int(value)
        text = self.text(row, column)
        if not text:
            return None
        if text in NO_CASES:
            return 0
        match = _WHOLE.fullmatch(text)
        cases = int(re.sub(r"[. ]", "", match["whole"])) if match else TOO_MANY
        if isinstance(value, bool | date) or match is None or int(match["fraction"] or 0) or cases >= TOO_MANY:
            raise self._no_count(row, column, "a whole number of cases, 0 or more, written like 1234 or 1.234")
        return cases

    def _no_count(self, row: int, column: int, expected: str) -> BadData:
        """Return the error for a cell that holds no count; a name or a telephone number in it is not quoted."""
        found = self.text(row, column)
        is_quoted = found == NO_RESULT or re.fullmatch(r"[-#0-9., ]{1,8}|#[A-Z0-9/]+[!?]?|Err:[0-9]+", found)
        return self._fault(row, column, repr(found) if is_quoted else shape(found), expected)

    def is_count(self, row: int, column: int) -> bool:
        """Return whether a cell holds a count.

        Parameters
        ----------
        row, column : int
            The cell; its row is on the sheet.
        """
        try:
            return self.count(row, column) is not None
        except BadData:
            return False

    def fault(self, row: int, column: int, expected: str) -> BadData:
        """Return the error for a cell: file, sheet, row and column as a spreadsheet shows them, found and expected.

        Parameters
        ----------
        row, column : int
            The cell.
        expected : str
            What was expected in it.
        """
        return self._fault(row, column, repr(self.text(row, column) or "a blank cell"), expected)

    def _fault(self, row: int, column: int, found: str, expected: str) -> BadData:
        return BadData(
            f"{self.path} sheet {self.name!r} row {row + 1} column {xl_col_to_name(column)}:"
            f" found {found}, expected {expected}"
        )
