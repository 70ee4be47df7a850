"""Read a relation of a database (Parquet, DuckDB, SQLite, live PostgreSQL) as rows of text, copied once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pyarrow as pa

from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import (
    Rows,
    ScanRequest,
    ScratchTable,
    fold_header,
    personal_columns,
    positions_of,
    scan_cells,
)
from analysis.data.sources.workbook import plain_number
from analysis.data.sql import identifier, literal, parquet, trimmed
from analysis.faults import BadData, BadParameters, EnvironmentFault


def read_database(
    source: str, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, scan_request: ScanRequest
) -> Rows:
    """Return the rows of one relation: a Parquet file, or a table or view of a database.

    The rows are copied into scratch once, in one statement, so that the rows validated are the rows stored even while
    the system goes on working. A row's line is its position in the relation.

    Parameters
    ----------
    source : str
        Path of the file; for PostgreSQL its address, ``postgresql://…``, without a password.
    mapping : Mapping
        How it is written; ``mapping.relation`` names the table or view.
    connection : duckdb.DuckDBPyConnection
        Connection that scans the copy.
    scratch : Path
        Folder for the copy.
    scan_request : ScanRequest
        What the scan of all cells is to return.

    Raises
    ------
    BadData
        The file is not what the mapping says, or has no such relation.
    BadParameters
        The address is none of PostgreSQL or holds a password, which would end up in files; or the mapping names no
        relation.
    EnvironmentFault
        The server does not answer or refuses; the disk is full.
    """
    copy = _RelationCopy(source, mapping, connection, scratch / "relation.parquet")
    header = _COPIES[mapping.format](copy)
    relation = parquet(copy.into)
    personal = personal_columns(header, mapping.personal)
    found = scan_cells(connection, relation, scan_request, header)

    return Rows(
        name=_display_name(source, mapping),
        header=header,
        relation=relation,
        count=found.count,
        unreadable=(),
        values=found.values,
        hashes=found.hashes,
        lines=lambda positions: positions,
        personal=personal,
    )


@dataclass(frozen=True)
class _RelationCopy:
    """The copying of a relation into a scratch file."""

    source: str
    mapping: Mapping
    connection: duckdb.DuckDBPyConnection
    into: Path

    def relation(self) -> str:
        """Return the relation's name as SQL quotes it."""
        if not self.mapping.relation:
            raise BadParameters(f"{self.source}: the mapping names no relation; the table or view to read was expected")
        return ".".join(map(identifier, self.mapping.relation.split(".")))

    def left_out(self, header: Sequence[str]) -> set[int]:
        """Return the columns that are not copied: about persons, and not used by the mapping."""
        personal = personal_columns(header, self.mapping.personal)
        return set(personal) - set(positions_of(self.mapping.used_headers(), header))

    def copy_as_text(self, relation: str, text_numbers: Collection[int] = ()) -> tuple[str, ...]:
        """Copy a relation that DuckDB can scan, every cell as text, and return the header.

        Times become ISO in the mapping's zone and numbers are written with the mapping's marks, so that all sources are
        read alike.

        Parameters
        ----------
        relation : str
            SQL relation to copy.
        text_numbers : collection of int
            Columns of numbers that arrive as text.
        """
        columns = self.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        header = tuple(fold_header(name) for name, *_ in columns)
        left_out = self.left_out(header)
        cells = ", ".join(
            f"{self._cell(name, 'DECIMAL' if at in text_numbers else kind, leave_out=at in left_out)} AS c{at}"
            for at, (name, kind, *_) in enumerate(columns)
        )
        self.connection.execute(
            f"COPY (SELECT row_number() OVER () AS n, {cells} FROM {relation}) "
            f"TO {literal(self.into)} (FORMAT parquet, COMPRESSION lz4)"
        )
        return header

    def _cell(self, name: str, kind: str, *, leave_out: bool) -> str:
        column = identifier(name)
        if leave_out:
            return "CAST(NULL AS VARCHAR)"
        if kind in ("TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"):
            column = f"CAST({column} AS TIMESTAMP)"
        text = f"CAST({column} AS VARCHAR)"
        if kind in ("FLOAT", "DOUBLE"):
            # DuckDB writes numbers beyond 1e15 with a power of ten.
            whole = f"TRY_CAST(CASE WHEN {column} = trunc({column}) THEN {column} END AS HUGEINT)"
            text = f"coalesce(CAST({whole} AS VARCHAR), {text})"
        if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
            text = rf"regexp_replace({text}, '(\.[0-9]*?)0+$', '\1')"
            text = f"replace(rtrim({text}, '.'), '.', {literal(self.mapping.decimal)})"
        return trimmed(text)


def _display_name(source: str, mapping: Mapping) -> str:
    if mapping.format == "postgresql":
        return str(mapping.relation)
    return Path(source).name + (f":{mapping.relation}" if mapping.relation else "")


def _copy_parquet(copy: _RelationCopy) -> tuple[str, ...]:
    try:
        return copy.copy_as_text(parquet(copy.source))
    except duckdb.Error as error:
        raise _fault(error, f"{copy.source}: not a readable Parquet file") from error


def _copy_duckdb(copy: _RelationCopy) -> tuple[str, ...]:
    relation = copy.relation()
    try:
        copy.connection.execute(f"ATTACH {literal(copy.source)} AS received (READ_ONLY)")
        try:
            return copy.copy_as_text(f"received.{relation}")
        finally:
            copy.connection.execute("DETACH received")
    except duckdb.Error as error:
        raise _fault(error, f"{copy.source}: relation {copy.mapping.relation!r} cannot be read") from error


def _fault(error: duckdb.Error, sentence: str) -> BadData | EnvironmentFault:
    """Return the fault of a failed copy: the source's, unless the disk or memory of this machine ran out."""
    if isinstance(error, duckdb.InterruptException):
        raise error
    message = f"{sentence} ({_first_line(error)})"
    is_ours = isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error)
    return EnvironmentFault(message) if is_ours else BadData(message)


def _copy_sqlite(copy: _RelationCopy) -> tuple[str, ...]:
    relation = copy.relation()
    try:
        with closing(sqlite3.connect(f"{Path(copy.source).resolve().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(f"SELECT * FROM {relation}")
            header = tuple(fold_header(column[0]) for column in rows.description)
            stored = ScratchTable(copy.into, len(header), copy.left_out(header))
            for position, row in enumerate(rows, start=1):
                stored.add(position, [_sqlite_text(cell, copy.mapping) for cell in row])
            stored.close()
    except sqlite3.Error as error:
        raise BadData(f"{copy.source}: relation {copy.mapping.relation!r} cannot be read ({error})") from error
    return header


def _sqlite_text(cell: object, mapping: Mapping) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, int | float):
        return plain_number(cell, mapping.decimal)
    return cell.decode("utf-8", errors="backslashreplace") if isinstance(cell, bytes) else str(cell).strip() or None


def _copy_postgresql(copy: _RelationCopy) -> tuple[str, ...]:
    # Imported here, because only offices that read their system live need the driver.
    import adbc_driver_postgresql.dbapi as postgresql

    relation = copy.relation()
    _refuse_password(copy.source)
    try:
        with postgresql.connect(copy.source) as server, server.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(f"SELECT * FROM {relation}")
            batches = cursor.fetch_record_batch()
            copy.connection.register("received_batches", batches)
            try:
                return copy.copy_as_text("received_batches", _text_numbers(batches.schema))
            finally:
                copy.connection.unregister("received_batches")
    except (postgresql.ProgrammingError, postgresql.NotSupportedError) as error:
        raise BadData(f"{copy.mapping.relation}: the relation cannot be read ({_first_line(error)})") from error
    except duckdb.InterruptException:
        raise
    except (postgresql.Error, duckdb.Error) as error:
        raise EnvironmentFault(f"the database does not answer as expected ({_first_line(error)})") from error


def _refuse_password(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("postgresql", "postgres"):
        raise BadParameters("the address of the database was expected as postgresql://host/database")
    if parts.password or any("password" in name for name in parse_qs(parts.query)):
        raise BadParameters(
            "the address of the database holds a password; leave it out and put it into PGPASSWORD or ~/.pgpass"
        )


def _text_numbers(schema: pa.Schema) -> set[int]:
    """Return the columns of PostgreSQL's NUMERIC, which no Arrow type can hold: they arrive as text."""
    found = set()
    for at, field in enumerate(schema):
        type_name = getattr(field.type, "type_name", None)
        metadata = field.metadata or {}
        if type_name is None and b"ARROW:extension:metadata" in metadata:
            type_name = json.loads(metadata[b"ARROW:extension:metadata"]).get("type_name")
        if type_name == "numeric":
            found.add(at)
    return found


_COPIES: dict[str, Callable[[_RelationCopy], tuple[str, ...]]] = {
    "parquet": _copy_parquet,
    "duckdb": _copy_duckdb,
    "sqlite": _copy_sqlite,
    "postgresql": _copy_postgresql,
}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
