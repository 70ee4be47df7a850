"""Rows of text: what every source becomes before a mapping gives its columns a meaning."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.data.sources.personal import HIDDEN
from analysis.data.sources.sql import parquet

BATCH = 50_000
"""Rows held in memory at once while a file is brought into scratch."""

MOST_VALUES = 100_000
"""Different values of a column that are listed; a column of codes with more of them is not one."""


@dataclass(frozen=True)
class Broken:
    """A row that cannot be cut into the header's columns.

    Attributes
    ----------
    line : int
        1-based physical line on which it starts.
    code : str
        See `analysis.data.ingest.quality`.
    reason : str
        What is wrong with this row.
    """

    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """A received file that DuckDB can scan, in the file's order and as often as needed, every cell as text.

    Attributes
    ----------
    name : str
        Name of the file; of a sheet or relation that the mapping names, ``file:relation``.
    header : tuple of str
        Its headers, folded; cell i of a row is the column ``c{i}``.
    relation : str
        What stands after FROM: the rows that are not broken, in the file's order, with the columns ``c0``, ``c1``, …;
        empty cells are empty or missing.
    count : int
        Rows that came in, the broken ones included.
    broken : tuple of Broken
        Rows that could not be read, in the file's order.
    values : dict of int to list
        Every distinct value of the columns asked for, up to one more than `MOST_VALUES`.
    lines : callable
        From positions among those rows, counted from 1, to the physical lines they start on.
    raw : callable
        From physical lines to the text that stands there, what is about persons hidden.
    personal : frozenset of int
        Columns about persons.
    last_line_unfinished : bool
        The last row ends without a line break.
    """

    name: str
    header: tuple[str, ...]
    relation: str
    count: int
    broken: tuple[Broken, ...]
    values: dict[int, list[str]]
    lines: Callable[[np.ndarray], np.ndarray]
    raw: Callable[[Sequence[int]], dict[int, str]]
    personal: frozenset[int] = frozenset()
    last_line_unfinished: bool = False


def fold_header(name: object) -> str:
    """Return a header as mappings write it: composed letters, white space folded to single blanks."""
    return " ".join(unicodedata.normalize("NFC", str(name or "")).split())


def positions_of(headers: Iterable[str], header: Sequence[str]) -> list[int]:
    """Return where headers stand, the first place of each; one that is not there has none."""
    return [header.index(name) for name in headers if name in header]


@dataclass
class Scratch:
    """Rows of text written to a Parquet file as they are read, with the line each starts on.

    Attributes
    ----------
    path : Path
        The file.
    width : int
        Cells in a row.
    left_out : collection of int
        Columns that are not written: what is about persons does not even get into scratch.
    """

    path: Path
    width: int
    left_out: Collection[int] = ()
    _writer: pq.ParquetWriter | None = None
    _pending: list[tuple[int, Sequence[str | None]]] = field(default_factory=list)
    _written: int = 0

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        """Write one row; empty cells become missing."""
        self._pending.append((line, cells))
        if len(self._pending) == BATCH:
            self._flush()

    def close(self) -> str:
        """Write what is pending and return the relation DuckDB scans."""
        self._flush()
        assert self._writer is not None
        self._writer.close()
        return parquet(self.path)

    def lines(self, positions: np.ndarray) -> np.ndarray:
        """Return the lines on which rows start, by their positions."""
        return pq.read_table(self.path, columns=["line"])["line"].to_numpy()[positions - 1]

    def _flush(self) -> None:
        first, rows = self._written + 1, len(self._pending)
        columns: dict[str, pa.Array] = {
            "n": pa.array(range(first, first + rows), pa.int64()),
            "line": pa.array([line for line, _ in self._pending], pa.int64()),
        }
        for at in range(self.width):
            cells = [None] * rows if at in self.left_out else [cells[at] or None for _, cells in self._pending]
            columns[f"c{at}"] = pa.array(cells, pa.string())
        table = pa.table(columns)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="lz4")
        self._writer.write_table(table)
        self._written += rows
        self._pending = []


def distinct_values(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Iterable[int], *, touching: Iterable[int] = ()
) -> tuple[int, dict[int, list[str]]]:
    """Return how many rows a relation has and the distinct values of some of its columns, in one scan.

    Of a column with more than `MOST_VALUES` of them, one more than that is returned and the rest left where it is.
    Columns to touch are read too, so that what cannot be read in them comes to light.
    """
    asked, touched = sorted(set(columns)), list(touching)
    lists = "".join(f", list(DISTINCT c{at})[1:{MOST_VALUES + 1}]" for at in asked)
    counts = "".join(f", count(c{at})" for at in touched)
    # All is fetched, because DuckDB writes down what it could not read only when a query has run to its end.
    (found,) = connection.execute(f"SELECT count(*){lists}{counts} FROM {relation}").fetchall()
    values = dict(zip(asked, found[1:], strict=False))
    return found[0], {at: sorted(filter(None, listed or [])) for at, listed in values.items()}


def joined_cells(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    header: Sequence[str],
    positions: Sequence[int],
    hidden: Collection[int],
) -> dict[int, str]:
    """Return rows that have no line of text of their own as ``header=cell; …``, by position."""
    cells = ", ".join(f"c{at}" for at in range(len(header)))
    found = connection.execute(
        f"SELECT n, {cells} FROM {relation} WHERE n IN (SELECT unnest(?))", [list(positions)]
    ).fetchall()
    return {
        n: "; ".join(
            f"{name}={HIDDEN if at in hidden else '' if cell is None else cell}"
            for at, (name, cell) in enumerate(zip(header, row, strict=True))
        )
        for n, *row in found
    }
