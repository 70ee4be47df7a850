"""Read workbooks (XLSX and XLS) as rows of text: with title rows, headers over several rows, and total rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import MAXYEAR, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
from python_calamine import CalamineError, CalamineWorkbook

from analysis.data.sources.mapping import Mapping, kind_of
from analysis.data.sources.rows import (
    Rows,
    ScanRequest,
    ScratchTable,
    fold_header,
    joined_cells,
    personal_columns,
    positions_of,
    scan_cells,
)
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
    again. Total rows are left unchanged, so that they are recognised by their first cell.

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
        It is no workbook, has no such sheet, or has no header with the mapping's names.
    """
    grid, merged = _sheet(path, mapping)
    header, first = _header(path, mapping, _spread(grid[: _SEARCHED + mapping.header_rows], merged))
    personal = personal_columns(header, mapping.personal)
    stored = ScratchTable(
        scratch / "sheet.parquet", len(header), personal - set(positions_of(mapping.used_headers(), header))
    )
    from_above = _merged_downward(grid, merged, first, _inherited_columns(mapping, header))
    for number, cells in enumerate(grid[first:], start=first + 1):
        texts = [_text(cell, mapping) for cell in cells[: len(header)]]
        texts += [None] * (len(header) - len(texts))
        if not any(texts):
            continue
        if number in from_above and not _is_total(texts, mapping, personal):
            for at, cell in from_above[number]:
                texts[at] = texts[at] or _text(cell, mapping)
        stored.add(number, texts)
    relation = stored.close()
    scanned = scan_cells(connection, relation, scan_request, header)

    def raw(lines: Sequence[int]) -> dict[int, str]:
        found = connection.execute(
            f"SELECT n, line FROM {relation} WHERE line IN (SELECT unnest(?))", [list(lines)]
        ).fetchall()
        line_of = dict(found)
        texts = joined_cells(connection, relation, header, list(line_of), personal)
        return {line_of[position]: text for position, text in texts.items()}

    return Rows(
        name=f"{path.name}:{mapping.sheet}" if mapping.sheet else path.name,
        header=header,
        relation=relation,
        count=scanned.count,
        unreadable=(),
        values=scanned.values,
        hashes=scanned.hashes,
        lines=stored.lines,
        raw=raw,
        personal=personal,
    )


def _sheet(path: Path, mapping: Mapping) -> tuple[Grid, Merged]:
    try:
        workbook = CalamineWorkbook.from_path(path)
        sheet = mapping.sheet or workbook.sheet_names[0]
        if sheet not in workbook.sheet_names:
            raise BadData(f"{path}: there is no sheet {sheet!r}; it has {', '.join(workbook.sheet_names)}")
        read = workbook.get_sheet_by_name(sheet)
        return read.to_python(skip_empty_area=False), read.merged_cell_ranges or []
    except CalamineError as error:
        raise BadData(f"{path}: not a readable workbook ({error})") from error
    except BaseException as error:
        # On some damaged files the reader panics instead; Python receives that as a BaseException.
        if type(error).__name__ != "PanicException":
            raise
        raise BadData(f"{path}: not a readable workbook; it is damaged or cut off") from error


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


def _merged_downward(grid: Grid, merged: Merged, first: int, columns: set[int]) -> dict[int, list[tuple[int, Any]]]:
    """Return, by 1-based row, the cells filled from a merged cell that begins above it: column and value."""
    found: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    for (top, left), (bottom, _) in merged:
        if top >= first and left in columns:
            for row in range(top + 1, min(bottom + 1, len(grid))):
                found[row + 1].append((left, grid[top][left]))
    return found


def _is_total(texts: Sequence[str | None], mapping: Mapping, personal: Collection[int]) -> bool:
    filled = (text for at, text in enumerate(texts) if text and at not in personal)
    return fold_header(next(filled, "")).startswith(mapping.totals) if mapping.totals else False


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
    where = f"row {row} comes closest and lacks" if len(names) < len(used) else "no row has any of"
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
    return tuple(names)


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
