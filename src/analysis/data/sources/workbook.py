"""Read workbooks (XLSX, ODS and XLS) as rows of text: with title rows, headers over several rows, and total rows."""

from __future__ import annotations

import codecs
import io
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from analysis.data.child_process import limited_addresses
from analysis.data.sources.column_source import kind_of
from analysis.data.sources.limits import MAX_CELL_BYTES
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.persons import personal_columns
from analysis.data.sources.rows import (
    Rows,
    ScanRequest,
    ScratchTable,
    UnreadableRow,
    fold_header,
    name_by_place,
    name_columns,
    positions_of,
    scan_cells,
)
from analysis.data.sources.total_rows import TotalPhrases
from analysis.data.sources.workbook_marks import Place, SheetMarks, is_binary_xlsx, read_marks
from analysis.faults import BadData

_SEARCHED = 40
"""Rows searched for the header; no title is longer."""

Grid = list[list[Any]]
Merged = list[tuple[tuple[int, int], tuple[int, int]]]


def read_workbook(
    path: Path, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, scan_request: ScanRequest
) -> Rows:
    """Return the rows of one sheet of a workbook.

    The header is found by its names: at the rows that name every column the mapping uses. A header merged over several
    rows is read as one, from top to bottom: ``Trong kỳ Trực tuyến``. A row without any value is no row. Below the
    header a cell merged downward holds for each of its rows, unless our column holds numbers, which would be counted
    again. Total rows are left unchanged. A row with an error, or a formula without a result, in a column that the
    mapping uses is unreadable. Hidden rows and columns are read, a hidden sheet only when the mapping names it.

    Parameters
    ----------
    path : Path
        The workbook.
    mapping : Mapping
        How it is written.
    connection : duckdb.DuckDBPyConnection
        Connection that scans the rows.
    scratch : Path
        Folder for the scratch file.
    scan_request : ScanRequest
        What the scan of all cells is to return.

    Raises
    ------
    BadData
        It is no workbook, has no such sheet, has no header with the mapping's names, or formulas of which none was ever
        calculated.
    """
    sheet = _open_sheet(path, mapping)
    rows = sheet.rows()
    top_rows = list(islice(rows, _SEARCHED + mapping.header_rows))
    header, first = _header(path, mapping, _spread(top_rows, sheet.merged))
    personal = personal_columns(header, mapping.personal)
    used = set(positions_of(mapping.used_headers(), header))
    inherited_columns = _inherited_columns(mapping, header)
    marks = _below_header(sheet, first, used, inherited_columns)
    stored = ScratchTable(scratch / "sheet.parquet", len(header), personal - used)
    inherited = _MergedDownward(sheet.merged, first, inherited_columns)
    phrases = TotalPhrases(mapping.totals)
    unreadable: list[UnreadableRow] = []
    beyond: set[int] = set()
    rows_of_data: set[int] = set()
    for at, cells in enumerate(chain(top_rows[first:], rows), start=first):
        texts = [_text(cell, mapping) for cell in cells]
        beyond.update(place for place, text in enumerate(texts[len(header) :], start=len(header)) if text)
        texts = texts[: len(header)] + [None] * (len(header) - len(texts))
        for place, text in enumerate(texts):
            if text is not None and len(text) > MAX_CELL_BYTES:
                raise BadData(f"{path} row {at + 1}: column {header[place]!r}: a cell is longer than 1 MiB")
        above = [(place, _text(cell, mapping)) for place, cell in inherited.of(at, cells)]
        faults = marks.get(at, {})
        # An error stands in an empty cell; one that a merged cell hands down fills no row by itself.
        has_own_fault = any((at, place) in sheet.marks.errors or (at, place) in sheet.marks.results for place in faults)
        if not any(texts) and not has_own_fault:
            continue
        if not any(phrases.match(text) for place, text in enumerate(texts) if place not in personal):
            rows_of_data.add(at)
            if faults:
                place, (code, found) = next(iter(faults.items()))
                unreadable.append(UnreadableRow(at + 1, code, f"{header[place]}: {found}"))
                continue
            for place, text in above:
                texts[place] = texts[place] or text
        stored.add(at + 1, texts)
    _refuse_uncalculated(path, sheet.marks, rows_of_data, used, header)
    relation = stored.close()
    scanned = scan_cells(connection, relation, scan_request, header)
    return Rows(
        name=f"{path.name}:{mapping.sheet}" if mapping.sheet else path.name,
        header=header,
        relation=relation,
        count=scanned.count + len(unreadable),
        unreadable=tuple(unreadable),
        values=scanned.values,
        hashes=scanned.hashes,
        lines=stored.lines,
        personal=personal,
        nameless=(*scanned.nameless, *map(name_by_place, sorted(beyond))),
        notes=stored.notes | sheet.notes(first, len(header)),
    )


@dataclass(frozen=True)
class _Sheet:
    """One sheet of a workbook.

    Attributes
    ----------
    sheet : CalamineSheet
        Its values.
    marks : SheetMarks
        What the workbook says of its cells beside their values.
    hidden_sheets : int
        Hidden sheets of the workbook that were not asked for.
    """

    sheet: CalamineSheet
    marks: SheetMarks
    hidden_sheets: int

    def rows(self) -> Iterator[list[Any]]:
        """Yield the cells of its rows, from the first row and column of the sheet on."""
        before = [""] * (self.sheet.start[1] if self.sheet.start else 0)
        for row in self.sheet.iter_rows():
            yield before + row

    @property
    def merged(self) -> Merged:
        return self.sheet.merged_cell_ranges or []

    def notes(self, first: int, width: int) -> dict[str, int]:
        """Return the notes on what is hidden, see `Rows`, given the first row below the header and its width."""
        last = self.sheet.end[0] if self.sheet.end else 0
        found = {
            "hidden_sheets": self.hidden_sheets,
            "hidden_rows": sum(first <= row <= last for row in self.marks.hidden_rows),
            "hidden_columns": sum(column < width for column in self.marks.hidden_columns),
        }
        return {code: number for code, number in found.items() if number}


def _open_sheet(path: Path, mapping: Mapping) -> _Sheet:
    """Return the sheet that the mapping names, or the first table that is not hidden."""
    try:
        if is_binary_xlsx(path):
            raise BadData(f"{path}: a binary workbook (XLSB); save it as XLSX")
        with limited_addresses():
            # The content decides the format, not the ending: portals hand out XLSX files named .xls.
            workbook = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
            names = workbook.sheet_names
            visible = [one for one in workbook.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
            shown = [one.name for one in visible]
            # A sheet that holds a chart alone has no rows.
            tables = [one.name for one in visible if one.typ == SheetTypeEnum.WorkSheet]
            name = mapping.sheet or next(iter(tables or shown or names))
            if name not in names:
                raise BadData(f"{path}: there is no sheet {name!r}; it has {', '.join(names)}")
            marks = read_marks(path, name, names.index(name))
            return _Sheet(workbook.get_sheet_by_name(name), marks, len(set(names) - {*shown, name}))
    except (CalamineError, ValueError) as error:
        raise BadData(f"{path}: {_what_it_is(path) or f'not a readable workbook ({error})'}") from error
    except BaseException as error:
        # On some damaged files the reader panics instead; Python receives that as a BaseException.
        if type(error).__name__ != "PanicException":
            raise
        raise BadData(f"{path}: not a readable workbook; it is damaged or cut off") from error


def _what_it_is(path: Path) -> str | None:
    """Return what a file is that is called a workbook and is none; None where it may be a damaged one."""
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(codecs.BOM_UTF8)
    encoding = "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "latin-1"
    text = start.decode(encoding, "replace").strip()
    if not text or "\0" in text or text.startswith("PK"):
        return None
    if "urn:schemas-microsoft-com:office:spreadsheet" in text:
        return "a workbook in the XML of 2003; open it in Excel or LibreOffice and save it as XLSX"
    if text.lower().startswith(("<!doctype", "<html", "<head", "<meta", "<table", "<style", "<div")):
        return "a web page under the name of a workbook; open it in Excel or LibreOffice and save it as XLSX"
    is_text = all(letter.isprintable() or letter in "\r\n\t" for letter in text if letter < "\x80")
    return "text, and no workbook; format: csv reads it" if is_text else None


Faults = dict[int, dict[int, tuple[str, str]]]
"""Row → column → code of the fault and what stands there, of cells that have no value."""


def _below_header(sheet: _Sheet, first: int, used: Collection[int], inherited: Collection[int]) -> Faults:
    """Return the cells below the header that hold an error or a formula without a result, in the columns used.

    A merged cell that holds one holds it for each of its rows, where a value would.
    """
    marks, found = sheet.marks, defaultdict[int, dict[int, tuple[str, str]]](dict)
    for (row, column), has_result in sorted(marks.results.items()):
        if not has_result and row >= first and column in used:
            found[row][column] = ("formula_without_result", "a formula without a result")
    for (row, column), error in sorted(marks.errors.items()):
        if row >= first and column in used:
            found[row][column] = ("cell_error", error)
    for (top, left), (bottom, _) in sheet.merged:
        if left in inherited and left in found.get(top, {}):
            for row in range(top + 1, bottom + 1):
                found[row].setdefault(left, found[top][left])
    return found


def _refuse_uncalculated(
    path: Path, marks: SheetMarks, rows: Collection[int], used: Collection[int], header: Sequence[str]
) -> None:
    """Refuse a sheet with formulas in the columns used, in rows that are no totals, of which none was calculated."""
    results = {place: one for place, one in marks.results.items() if place[0] in rows and place[1] in used}
    if results and not any(results.values()):
        row, column = min(results)
        raise BadData(
            f"{path} row {row + 1}: none of its {len(results):,} formulas was ever calculated, the first in "
            f"{header[column]!r}; open the file in Excel or LibreOffice, save it and bring it in again"
        )


def _spread(top_rows: Grid, merged: Merged) -> Grid:
    """Return rows in which every cell of a merged range has the value of its first corner."""
    rows = [list(row) for row in top_rows]
    for (top, left), (bottom, right) in merged:
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [rows[top][left]] * len(row[left : right + 1])
    return rows


def _inherited_columns(mapping: Mapping, header: Sequence[str]) -> set[int]:
    """Return the columns in which a merged cell holds for each of its rows: those used that hold no numbers."""
    used = {
        source.column
        for name, source in mapping.sources.items()
        if source.column is not None and kind_of(mapping.contract[name]) != "number"
    }
    return set(positions_of(used | ({mapping.other_id} if mapping.other_id else set()), header))


class _MergedDownward:
    """The cells that are filled from a merged cell which begins above them, given the rows from the top down."""

    def __init__(self, merged: Merged, first: int, columns: set[int]) -> None:
        self._begin: dict[int, list[Place]] = defaultdict(list)
        for (top, left), (bottom, _) in merged:
            if top >= first and left in columns and bottom > top:
                self._begin[top].append((left, bottom))
        self._open: dict[int, tuple[Any, int]] = {}

    def of(self, row: int, cells: Sequence[Any]) -> list[tuple[int, Any]]:
        """Return the column and the value of each such cell of a row."""
        self._open = {column: one for column, one in self._open.items() if row <= one[1]}
        found = [(column, value) for column, (value, _) in self._open.items()]
        for column, bottom in self._begin.get(row, ()):
            self._open[column] = (cells[column] if column < len(cells) else "", bottom)
        return found


def _header(path: Path, mapping: Mapping, grid: Grid) -> tuple[tuple[str, ...], int]:
    """Return the header and the index of the first row below it.

    Of several places that name every column used, the one with most names that the mapping knows is chosen: with a
    title above it, a header merged over three rows may seem to begin one row too early.
    """
    used = mapping.used_headers()
    known = used | set(mapping.ignored) | set(mapping.personal)
    places = [(_joined(grid[top : top + mapping.header_rows]), top) for top in range(min(_SEARCHED, len(grid)))]
    complete = [place for place in places if used <= set(place[0])]
    if complete:
        header, top = max(complete, key=lambda place: len(known & set(place[0])))
        return header, top + mapping.header_rows
    lacking = [(sorted(used - set(header)), top + 1) for header, top in places]
    names, row = min(lacking, key=lambda place: len(place[0]), default=(sorted(used), 0))
    where = (
        f"row {row} comes closest and lacks" if len(names) < len(used) else f"none of the first {_SEARCHED} has any of"
    )
    raise BadData(f"{path}: no header with the mapping's columns; {where} {', '.join(names)}")


def _joined(rows: Grid) -> tuple[str, ...]:
    width = max((len(row) for row in rows), default=0)
    names = []
    for at in range(width):
        pieces: list[str] = []
        for row in rows:
            piece = fold_header(row[at]) if at < len(row) else ""
            if piece and piece not in pieces[-1:]:
                pieces.append(piece)
        names.append(" ".join(pieces))
    while names and not names[-1]:
        names.pop()
    return name_columns(names)


def _text(cell: Any, mapping: Mapping) -> str | None:
    """Return a cell as text: dates as ISO, numbers with the mapping's marks, so that all sources are read alike."""
    if isinstance(cell, datetime):
        # A workbook stores a time as a fraction of a day, which may fall just short of the second that was meant.
        carry = timedelta(seconds=1) if cell.microsecond >= 500_000 and cell.year < MAXYEAR else timedelta(0)
        return (cell.replace(microsecond=0) + carry).isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float | int):
        return plain_number(cell, mapping.decimal)
    return str(cell).strip() or None


def plain_number(value: float, decimal: str) -> str:
    """Return a number as text without thousands marks: ``1234`` or ``1234,5``.

    Parameters
    ----------
    value : float
        The number.
    decimal : str
        The decimal mark.
    """
    return str(int(value)) if float(value).is_integer() else repr(float(value)).replace(".", decimal)
