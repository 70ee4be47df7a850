"""Workbooks as filed: title rows, a header merged over several rows, total rows; XLSX and legacy XLS alike."""

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
    Asked,
    Rows,
    Scratch,
    fold_header,
    joined_cells,
    look_through,
    personal_columns,
    positions_of,
)
from analysis.faults import BadData

_SEARCHED = 40
"""Rows looked through for the header; no title is longer."""

Grid = list[list[Any]]
Merged = list[tuple[tuple[int, int], tuple[int, int]]]


def read_workbook(
    path: Path, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, asked: Asked
) -> Rows:
    """Return the rows of one sheet of a workbook.

    The header is found by its names: the first place where every column that the mapping takes is named. A header
    merged over several rows is read as one, from top to bottom: ``Trong kỳ Trực tuyến``. A row without any value is no
    row. Below the header a cell merged downward holds for each of its rows, unless the table has a number there, which
    would be counted again; total rows are left as they are, so that they are known by their first cell.

    Parameters
    ----------
    path, mapping, connection, scratch, asked
        As for `analysis.data.sources.delimited.read_delimited`.

    Raises
    ------
    BadData
        It is no workbook, has no such sheet, or no header with the mapping's names.
    """
    grid, merged = _sheet(path, mapping)
    header, first = _header(path, mapping, _spread(grid[: _SEARCHED + mapping.header_rows], merged))
    personal = personal_columns(header, mapping.personal)
    kept = Scratch(scratch / "sheet.parquet", len(header), personal - set(positions_of(mapping.taken(), header)))
    inherited = _inherited(grid, merged, first, _told_of_all(mapping, header))
    for number, cells in enumerate(grid[first:], start=first + 1):
        texts = [_text(cell, mapping) for cell in cells[: len(header)]]
        texts += [None] * (len(header) - len(texts))
        if not any(texts):
            continue
        if number in inherited and not _is_total(texts, mapping, personal):
            for at, cell in inherited[number]:
                texts[at] = texts[at] or _text(cell, mapping)
        kept.add(number, texts)
    relation = kept.close()
    seen = look_through(connection, relation, asked, header)

    def raw(lines: Sequence[int]) -> dict[int, str]:
        found = connection.execute(
            f"SELECT n, line FROM {relation} WHERE line IN (SELECT unnest(?))", [list(lines)]
        ).fetchall()
        at = dict(found)
        return {at[n]: text for n, text in joined_cells(connection, relation, header, list(at), personal).items()}

    return Rows(
        name=f"{path.name}:{mapping.sheet}" if mapping.sheet else path.name,
        header=header,
        relation=relation,
        count=seen.count,
        broken=(),
        values=seen.values,
        hashes=seen.hashes,
        lines=kept.lines,
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
        # On some damaged files the reader panics instead, which Python gets as no Exception at all.
        if type(error).__name__ != "PanicException":
            raise
        raise BadData(f"{path}: not a readable workbook; it is damaged or cut off") from error


def _spread(top_rows: Grid, merged: Merged) -> Grid:
    """Return rows in which a merged cell, whose value stands in its first corner only, is filled throughout."""
    rows = [list(row) for row in top_rows]
    for (top, left), (bottom, right) in merged:
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [rows[top][left]] * len(row[left : right + 1])
    return rows


def _told_of_all(mapping: Mapping, header: Sequence[str]) -> set[int]:
    """Return the columns in which a merged cell is told of all its rows: those taken that hold no numbers."""
    taken = {
        source.column
        for name, source in mapping.columns.items()
        if source.column is not None and kind_of(mapping.table, name) != "number"
    }
    return set(positions_of(taken | ({mapping.other_id} if mapping.other_id else set()), header))


def _inherited(grid: Grid, merged: Merged, first: int, columns: set[int]) -> dict[int, list[tuple[int, Any]]]:
    """Return, by 1-based row, the cells it has from a cell above that is merged downward: column and value."""
    found: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    for (top, left), (bottom, _) in merged:
        if top >= first and left in columns:
            for row in range(top + 1, min(bottom + 1, len(grid))):
                found[row + 1].append((left, grid[top][left]))
    return found


def _is_total(texts: Sequence[str | None], mapping: Mapping, personal: Collection[int]) -> bool:
    told = (text for at, text in enumerate(texts) if text and at not in personal)
    return fold_header(next(told, "")).startswith(mapping.totals) if mapping.totals else False


def _header(path: Path, mapping: Mapping, grid: Grid) -> tuple[tuple[str, ...], int]:
    """Return the header and the index of the first row below it.

    Of several places that name every column taken the one with most names the mapping knows is meant: with a title
    above it, a header merged over three rows may seem to begin one row too early.
    """
    taken = mapping.taken()
    known = taken | set(mapping.ignored) | set(mapping.personal)
    places = [(_joined(grid[top : top + mapping.header_rows]), top) for top in range(min(_SEARCHED, len(grid)))]
    whole = [place for place in places if taken <= set(place[0])]
    if whole:
        header, top = max(whole, key=lambda place: len(known & set(place[0])))
        return header, top + mapping.header_rows
    lacking = [(sorted(taken - set(header)), top + 1) for header, top in places]
    names, row = min(lacking, key=lambda one: len(one[0]), default=(sorted(taken), 0))
    where = f"row {row} comes closest and lacks" if len(names) < len(taken) else "no row has any of"
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
    """Return a cell as text: dates as ISO, numbers in the mapping's own style, so that one reading serves all."""
    if isinstance(cell, datetime):
        # A workbook keeps a time as a fraction of a day, which may end a hair before the second that was meant.
        hair = timedelta(seconds=1) if cell.microsecond >= 500_000 and cell.year < MAXYEAR else timedelta(0)
        return (cell.replace(microsecond=0) + hair).isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float | int):
        return plain_number(cell, mapping.decimal)
    return str(cell).strip() or None


def plain_number(value: float, decimal: str) -> str:
    """Return a number without thousands marks, with the decimal mark given: ``1234`` or ``1234,5``."""
    return str(int(value)) if float(value).is_integer() else repr(float(value)).replace(".", decimal)
