"""The rows of a received file as text that DuckDB scans, and what its columns are called."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.data.sources.visible import (
    is_visible,
    unseen_but_controls_sql,
    unseen_sql,
    visible_cells,
    visible_sql,
)
from analysis.data.sql import nfc_text, parquet, trimmed
from analysis.visible_text import visible

HIDDEN = "…"
"""Stands in raw text for what is about a person, and for a row that cannot be cut into cells."""

MAX_DISTINCT_VALUES = 100_000
"""Most distinct values listed of a column; a column with more of them holds no codes."""

_SCRATCH_BATCH = 50_000
"""Rows held in memory at once while a file is written to scratch."""

_HASH_BATCH = 1_000_000
"""Rows per batch while only hashes are read: a few bytes of each row."""


@dataclass(frozen=True)
class UnreadableRow:
    """A row that cannot be cut into the header's columns or decoded.

    Attributes
    ----------
    line : int
        1-based physical line on which it starts.
    code : str
        See `analysis.data.ingest.fault_codes`.
    reason : str
        What is wrong with this row.
    """

    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """A received file that DuckDB can scan as often as needed, in the file's order, every cell as text.

    Attributes
    ----------
    name : str
        Name of the file; ``file:relation`` for a sheet or relation that the mapping names.
    header : tuple of str
        The folded headers; cell i of a row is the column ``c{i}``.
    relation : str
        SQL relation (what follows FROM) of the readable rows, in the file's order, with the columns ``c0``, ``c1``, …;
        empty cells are empty text or NULL.
    count : int
        Rows that came in, unreadable ones included.
    unreadable : tuple of UnreadableRow
        Rows that could not be read, in the file's order.
    values : dict of int to list
        Column → its distinct values, for the columns asked for; of a column with too many, `MAX_DISTINCT_VALUES` + 1.
    lines : callable
        From positions among the readable rows, counted from 1, to the physical lines (1-based) they start on.
    hashes : tuple of np.ndarray
        Per identifier column asked for: the hash of each identifier's key, in no order.
    personal : frozenset of int
        Columns about persons.
    nameless : tuple of str
        Columns that have no header and hold something, by their place: ``column 7``.
    notes : dict of str to int
        What is to be said of the file: code of a note in `analysis.data.ingest.fault_codes` → rows, columns or sheets.
    last_line_unfinished : bool
        Whether the last row ends without a line break.
    """

    name: str
    header: tuple[str, ...]
    relation: str
    count: int
    unreadable: tuple[UnreadableRow, ...]
    values: dict[int, list[str]]
    lines: Callable[[np.ndarray], np.ndarray]
    hashes: tuple[np.ndarray, ...] = ()
    personal: frozenset[int] = frozenset()
    nameless: tuple[str, ...] = ()
    notes: dict[str, int] = field(default_factory=dict)
    last_line_unfinished: bool = False


@dataclass(frozen=True)
class ScanRequest:
    """What the one scan of all cells, made before any row is validated, is to return.

    Attributes
    ----------
    value_columns : tuple of str
        Headers of the columns whose distinct values are wanted.
    text_columns : tuple of str
        Headers of the columns kept as the text they hold.
    identifier_columns : tuple of str
        Headers of the columns that identify a case: the system's own, then another system's where there is one.
    key_sql : callable
        From SQL of an identifier to SQL of its key, which two rows of one case have in common.
    """

    value_columns: tuple[str, ...] = ()
    text_columns: tuple[str, ...] = ()
    identifier_columns: tuple[str, ...] = ()
    key_sql: Callable[[str], str] = str


@dataclass(frozen=True)
class ScanResult:
    """What one scan of all cells found; the attributes are those of `Rows`.

    Attributes
    ----------
    has_unseen : bool
        Whether a code or a text holds characters that nobody sees, see `analysis.data.sources.visible`.
    """

    count: int
    values: dict[int, list[str]]
    hashes: tuple[np.ndarray, ...]
    nameless: tuple[str, ...]
    has_unseen: bool


def scan_cells(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    scan_request: ScanRequest,
    header: Sequence[str],
    *,
    also_read: Iterable[int] = (),
    controls_too: bool = False,
) -> ScanResult:
    """Return the number of rows of a relation and what is asked of their cells.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Connection that scans the rows.
    relation : str
        SQL relation with the columns ``c0``, ``c1``, ….
    scan_request : ScanRequest
        What to return. Of a column with more than `MAX_DISTINCT_VALUES` distinct values, one more than that are
        returned.
    header : sequence of str
        Folded headers of the relation.
    also_read : iterable of int
        Columns to read besides, so that cells DuckDB cannot read in them are reported.
    controls_too : bool
        Whether control characters are looked for in texts, where no bytes of a file have told that there are none.
    """
    listed, counted = sorted(set(positions_of(scan_request.value_columns, header))), sorted(also_read)
    lists = "".join(f", list(DISTINCT c{at})[1:{MAX_DISTINCT_VALUES + 1}]" for at in listed)
    counts = "".join(f", count(c{at})" for at in counted)
    nameless = [at for at, name in enumerate(header) if name == name_by_place(at)]
    counts += "".join(f", count({trimmed(f'c{at}')})" for at in nameless)
    is_unseen = unseen_sql if controls_too else unseen_but_controls_sql
    unseen = [is_unseen(f"c{at}") for at in positions_of(scan_request.text_columns, header)]
    # All is fetched, because DuckDB records what it could not read only when a query has run to its end.
    ((count, has_unseen, *found),) = connection.execute(
        f"SELECT count(*), bool_or({' OR '.join(unseen) or 'false'}){lists}{counts} FROM {relation}"
    ).fetchall()
    values = dict(zip(listed, found, strict=False))
    filled = dict(zip([*counted, *nameless], found[len(listed) :], strict=True))
    has_unseen = has_unseen or not all(
        is_visible(text) for distinct in values.values() for text in distinct or () if text
    )
    identifiers = [at for at in positions_of(scan_request.identifier_columns, header) if filled.get(at) != 0]
    return ScanResult(
        count=count,
        values={at: sorted(filter(None, distinct or [])) for at, distinct in values.items()},
        nameless=tuple(header[at] for at in nameless if filled[at]),
        has_unseen=bool(has_unseen),
        hashes=_hashes(connection, relation, [f"c{at}" for at in identifiers], scan_request.key_sql),
    )


def _hashes(
    connection: duckdb.DuckDBPyConnection, relation: str, cells: Sequence[str], key_sql: Callable[[str], str]
) -> tuple[np.ndarray, ...]:
    """Return the hashes of the keys in each identifier column.

    An identifier whose key equals that of the identifier before it in its row adds nothing and gets no hash. The hashes
    are streamed, because gathering them in SQL takes many times their size; for that the file is scanned once more, in
    these columns only.
    """
    if not cells:
        return ()
    ids = ", ".join(f"{nfc_text(cell)} AS id_{cell}" for cell in cells)
    keys = ", ".join(f"{key_sql(f'id_{cell}')} AS key_{cell}" for cell in cells)
    hashed = ", ".join(
        f"CASE WHEN key_{cell} {f'<> key_{before}' if before else 'IS NOT NULL'} THEN hash(key_{cell}) END AS {cell}"
        for before, cell in zip([None, *cells], cells, strict=False)
    )
    query = f"SELECT {hashed} FROM (SELECT {keys} FROM (SELECT {ids} FROM {relation}))"
    batches = list(connection.sql(query).to_arrow_reader(_HASH_BATCH))
    return tuple(
        np.concatenate([np.empty(0, np.uint64), *(batch[cell].drop_null().to_numpy() for batch in batches)])
        for cell in cells
    )


@dataclass
class ScratchTable:
    """Rows of text written to a Parquet file as they are read, as people see them, each with the line it starts on.

    Attributes
    ----------
    path : Path
        The file.
    width : int
        Cells in a row.
    left_out : collection of int
        Columns that are written without their cells: what is about persons never reaches the disk.
    """

    path: Path
    width: int
    left_out: Collection[int] = ()
    _writer: pq.ParquetWriter | None = None
    _pending: list[tuple[int, Sequence[str | None]]] = field(default_factory=list)
    _written: int = 0
    _rows_with_unseen: int = 0

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        """Write one row; empty cells become NULL.

        Parameters
        ----------
        line : int
            1-based physical line on which the row starts.
        cells : sequence of str or None
            Its `width` cells.
        """
        self._pending.append((line, cells))
        if len(self._pending) == _SCRATCH_BATCH:
            self._flush()

    def close(self) -> str:
        """Write what is pending and return the SQL relation that reads the file."""
        self._flush()
        assert self._writer is not None
        self._writer.close()
        return parquet(self.path)

    @property
    def notes(self) -> dict[str, int]:
        """The notes on the cells written, see `Rows`."""
        return {"invisible_characters": self._rows_with_unseen} if self._rows_with_unseen else {}

    def lines(self, positions: np.ndarray) -> np.ndarray:
        """Return the lines on which rows start, given their positions (from 1)."""
        return pq.read_table(self.path, columns=["line"])["line"].to_numpy()[positions - 1]

    def _flush(self) -> None:
        first, rows = self._written + 1, len(self._pending)
        changed = np.zeros(rows, dtype=bool)
        columns: dict[str, pa.Array] = {
            "n": pa.array(range(first, first + rows), pa.int64()),
            "line": pa.array([line for line, _ in self._pending], pa.int64()),
        }
        for at in range(self.width):
            cells = [None] * rows if at in self.left_out else [cells[at] or None for _, cells in self._pending]
            columns[f"c{at}"], is_changed = visible_cells(pa.array(cells, pa.string()))
            if is_changed is not None:
                changed |= is_changed.to_numpy(zero_copy_only=False)
        self._rows_with_unseen += int(changed.sum())
        table = pa.table(columns)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="lz4")
        self._writer.write_table(table)
        self._written += rows
        self._pending = []


def visible_relation(
    connection: duckdb.DuckDBPyConnection, relation: str, header: Sequence[str]
) -> tuple[str, dict[str, int]]:
    """Return a relation whose cells are as people see them, and the note that says in how many rows they were not.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Connection that scans the rows.
    relation : str
        SQL relation with the columns ``c0``, ``c1``, ….
    header : sequence of str
        Its headers.
    """
    cells = [f"c{at}" for at in range(len(header))]
    ((changed,),) = connection.execute(
        f"SELECT count_if({' OR '.join(map(unseen_sql, cells))}) FROM {relation}"
    ).fetchall()
    if not changed:
        return relation, {}
    replaced = ", ".join(f"{visible_sql(cell)} AS {cell}" for cell in cells)
    return f"(SELECT * REPLACE ({replaced}) FROM {relation})", {"invisible_characters": int(changed)}


def name_by_place(at: int) -> str:
    """Return what a column without a header is called, given its index: ``column 7`` is the seventh."""
    return f"column {at + 1}"


def name_columns(header: Iterable[str]) -> tuple[str, ...]:
    """Return a header in which a column without a name has one by its place."""
    return tuple(name or name_by_place(at) for at, name in enumerate(header))


def fold_header(name: object) -> str:
    """Return a header as mappings write it: visible, composed letters, white space folded to single blanks."""
    return " ".join(unicodedata.normalize("NFC", visible(str(name or ""))).split())


def positions_of(headers: Iterable[str], header: Sequence[str]) -> list[int]:
    """Return the indices of columns by their headers.

    Parameters
    ----------
    headers : iterable of str
        Headers to look up; one that is not there is left out.
    header : sequence of str
        Header to look in; of a name that stands there twice the first index is returned.
    """
    return [header.index(name) for name in headers if name in header]
