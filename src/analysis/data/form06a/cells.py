"""Cells of a workbook as text and as counts, and the sentence for a cell that cannot be right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from analysis.data.spelling import tidy
from analysis.faults import BadData

NO_CASES = {"-", "–", "—"}
TOO_MANY = 10**9
"""No body counts a thousand million cases: such a number is an identifier, a telephone number or a slip."""

_WHOLE = re.compile(r"(?P<whole>\d+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+)(?:,(?P<fraction>\d+))?")


@dataclass(frozen=True)
class Sheet:
    """One sheet of a received workbook, all of its cells from A1 on.

    Attributes
    ----------
    path : Path
        The workbook.
    name : str
        The sheet's name.
    rows : list of list
        Cells as calamine gives them; a blank cell, and one whose formula failed, is an empty text.
    """

    path: Path
    name: str
    rows: list[list[Any]]

    def text(self, row: int, column: int) -> str:
        """Return a cell as tidy text; an empty one when it is blank or outside the sheet. Row and column from 0."""
        return tidy(self.lines(row, column))

    def lines(self, row: int, column: int) -> str:
        """Return a cell as text with its line breaks. Row and column from 0."""
        if not (0 <= row < len(self.rows) and 0 <= column < len(self.rows[row])):
            return ""
        value = self.rows[row][column]
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, date | datetime):
            return f"{value:%d/%m/%Y}"
        return str(value)

    def count(self, row: int, column: int) -> int | None:
        """Return the cases a cell counts, None where it is blank. Row and column from 0.

        Numbers are read as the forms write them: real numbers, or text with a full stop (or a blank) between
        thousands and a comma before decimals. A dash says that there are none.

        Raises
        ------
        BadData
            It is no whole number of 0 or more.
        """
        value = self.rows[row][column] if column < len(self.rows[row]) else ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not 0 <= value < TOO_MANY or value != int(value):
                raise self.fault(row, column, "a whole number of cases, 0 or more")
            return int(value)
        text = self.text(row, column)
        if not text:
            return None
        if text in NO_CASES:
            return 0
        match = _WHOLE.fullmatch(text)
        cases = int(re.sub(r"[. ]", "", match["whole"])) if match else TOO_MANY
        if isinstance(value, bool | date) or match is None or int(match["fraction"] or 0) or cases >= TOO_MANY:
            raise self.fault(row, column, "a whole number of cases, 0 or more, written like 1234 or 1.234")
        return cases

    def is_count(self, row: int, column: int) -> bool:
        """Return whether a cell holds something that can be read as a count. Row and column from 0."""
        try:
            return self.count(row, column) is not None
        except BadData:
            return False

    def fault(self, row: int, column: int, expected: str) -> BadData:
        """Return the sentence for a cell: file, sheet, row and column as a spreadsheet shows them, found, expected."""
        found = self.text(row, column) or "a blank cell"
        return BadData(
            f"{self.path} sheet {self.name!r} row {row + 1} column {xl_col_to_name(column)}:"
            f" found {found!r}, expected {expected}"
        )
