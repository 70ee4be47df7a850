"""Where the table of a form stands on its sheet: its columns found by their merged headers, never by position."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analysis.data.form06a.cells import Sheet
from analysis.data.form06a.layout import COLUMNS, COUNTS, NUMBER
from analysis.data.spelling import fold

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
