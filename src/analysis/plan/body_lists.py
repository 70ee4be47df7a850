"""Lists of bodies in CSV files beside the plan: rows with their lines, codes as an office spells them, days."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from analysis.code_of_name import code_of_name
from analysis.faults import BadParameters

_CODE = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
_DAY_OF_A_SPREADSHEET = re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})")


@dataclass(frozen=True)
class ListedRow:
    """One row of a list.

    Attributes
    ----------
    where : str
        The file and the line, for messages.
    cells : dict
        Its cells by column, without blanks at their ends.
    """

    where: str
    cells: Mapping[str, str]

    def code(self, column: str) -> str:
        """Return the code in a cell; a name becomes the code that the door makes of it. Empty where the cell is.

        Raises
        ------
        BadParameters
            The cell holds something, but neither a letter nor a digit.
        """
        cell = self.cells[column]
        code = cell if _CODE.fullmatch(cell) else code_of_name(cell)
        if cell and not code:
            raise BadParameters(f"{self.where}: {column}: a code or a name was expected, found {cell!r}")
        return code

    def day(self, column: str) -> date | None:
        """Return the day in a cell, None where it is empty.

        Raises
        ------
        BadParameters
            The cell holds something else.
        """
        cell = self.cells[column]
        try:
            return day_of(cell) if cell else None
        except ValueError as error:
            raise BadParameters(f"{self.where}: {column}: {error}") from error


def day_of(text: str) -> date:
    """Return the day written as ``2025-07-01``, or as ``01/07/2025`` by a spreadsheet.

    Raises
    ------
    ValueError
        The text has another form, or the calendar has no such day.
    """
    try:
        if written := _DAY.fullmatch(text) or _DAY_OF_A_SPREADSHEET.fullmatch(text):
            return date(*(int(written[part]) for part in ("year", "month", "day")))
    except ValueError:
        pass
    raise ValueError(f"a day such as 2025-07-01 was expected, found {text!r}")


def rows_of(path: Path, columns: Sequence[str]) -> list[ListedRow]:
    """Return the rows of a list, those that are empty left out.

    Parameters
    ----------
    path : Path
        A CSV in UTF-8 with a header, its cells separated by commas or semicolons.
    columns : sequence of str
        Its columns, in their order.

    Raises
    ------
    BadParameters
        The file is no such text, has other columns, or has a row with more or fewer.
    """
    found = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            # A spreadsheet writes what separates its cells by the country it is set to.
            rows = csv.reader(file, delimiter=";" if ";" in first else ",")
            header = [name.strip() for name in next(rows, [])]
            if header != list(columns):
                raise BadParameters(
                    f"{path}: the columns {', '.join(columns)} were expected, found {', '.join(header)[:100]}"
                )
            for row in rows:
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                where = f"{path} line {rows.line_num}"
                if len(cells) != len(columns):
                    raise BadParameters(f"{where}: {len(columns)} columns were expected, found {len(cells)}")
                found.append(ListedRow(where, dict(zip(columns, cells, strict=True))))
    except UnicodeDecodeError as error:
        raise BadParameters(f"{path}: not UTF-8 text (byte {error.start})") from error
    except csv.Error as error:
        raise BadParameters(f"{path}: not a list of bodies in CSV ({error})") from error
    return found
