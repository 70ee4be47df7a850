"""Tables of systems: Parquet and DuckDB files, SQLite, and a live PostgreSQL; each brought into scratch once."""

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
    Asked,
    Rows,
    Scratch,
    fold_header,
    joined_cells,
    look_through,
    personal_columns,
    positions_of,
)
from analysis.data.sources.workbook import plain_number
from analysis.data.sql import identifier, literal, parquet, trimmed
from analysis.faults import BadData, BadParameters, EnvironmentFault


def read_database(
    source: str, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, asked: Asked
) -> Rows:
    """Return the rows of one relation: a Parquet file, or a table or view of a database.

    The rows are copied into scratch once, in one statement, so that what is checked is what is kept even while the
    system goes on working. A row's line is its position in the relation.

    Parameters
    ----------
    source : str
        Path of the file; for PostgreSQL its address, ``postgresql://…``, without a password.
    mapping, connection, scratch, asked
        As for `analysis.data.sources.delimited.read_delimited`; ``mapping.relation`` names the table or view.

    Raises
    ------
    BadData
        The file is not what the mapping says, or has no such relation.
    BadParameters
        The address holds a password, which would end up in files; or the mapping names no relation or no time zone.
    EnvironmentFault
        The server does not answer or refuses; the disk is full.
    """
    copy = _Copy(source, mapping, connection, scratch / "relation.parquet")
    header = _COPIES[mapping.format](copy)
    relation = parquet(copy.into)
    personal = personal_columns(header, mapping.personal)
    seen = look_through(connection, relation, asked, header)

    return Rows(
        name=_shown(source, mapping),
        header=header,
        relation=relation,
        count=seen.count,
        broken=(),
        values=seen.values,
        hashes=seen.hashes,
        lines=lambda positions: positions,
        raw=lambda lines: joined_cells(connection, relation, header, lines, personal),
        personal=personal,
    )


@dataclass(frozen=True)
class _Copy:
    """A relation on its way into scratch."""

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
        """Return the columns that are not copied: about persons, and not taken."""
        personal = personal_columns(header, self.mapping.personal)
        return set(personal) - set(positions_of(self.mapping.taken(), header))

    def typed(self, relation: str, written_numbers: Collection[int] = ()) -> tuple[str, ...]:
        """Copy what DuckDB can scan, every cell as text, and return the header.

        Times become ISO in the mapping's zone and numbers are written as the mapping writes them, so that one reading
        serves all sources. A number that arrives as text is one of `written_numbers`.
        """
        described = self.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        header = tuple(fold_header(name) for name, *_ in described)
        left_out = self.left_out(header)
        cells = ", ".join(
            f"{self._cell(name, 'DECIMAL' if at in written_numbers else kind, leave_out=at in left_out)} AS c{at}"
            for at, (name, kind, *_) in enumerate(described)
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
            # Beyond 1e15 DuckDB would write a power of ten.
            whole = f"TRY_CAST(CASE WHEN {column} = trunc({column}) THEN {column} END AS HUGEINT)"
            text = f"coalesce(CAST({whole} AS VARCHAR), {text})"
        if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
            text = rf"regexp_replace({text}, '(\.[0-9]*?)0+$', '\1')"
            text = f"replace(rtrim({text}, '.'), '.', {literal(self.mapping.decimal)})"
        return trimmed(text)


def _shown(source: str, mapping: Mapping) -> str:
    if mapping.format == "postgresql":
        return str(mapping.relation)
    return Path(source).name + (f":{mapping.relation}" if mapping.relation else "")


def _copy_parquet(copy: _Copy) -> tuple[str, ...]:
    try:
        return copy.typed(parquet(copy.source))
    except duckdb.Error as error:
        raise _fault(error, f"{copy.source}: not a readable Parquet file") from error


def _copy_duckdb(copy: _Copy) -> tuple[str, ...]:
    relation = copy.relation()
    try:
        copy.connection.execute(f"ATTACH {literal(copy.source)} AS received (READ_ONLY)")
        try:
            return copy.typed(f"received.{relation}")
        finally:
            copy.connection.execute("DETACH received")
    except duckdb.Error as error:
        raise _fault(error, f"{copy.source}: relation {copy.mapping.relation!r} cannot be read") from error


def _fault(error: duckdb.Error, sentence: str) -> BadData | EnvironmentFault:
    """Return what went wrong with a copy: the source, unless the disk it was copied to is full."""
    if isinstance(error, duckdb.InterruptException):
        raise error
    told = f"{sentence} ({_first_line(error)})"
    is_ours = isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error)
    return EnvironmentFault(told) if is_ours else BadData(told)


def _copy_sqlite(copy: _Copy) -> tuple[str, ...]:
    relation = copy.relation()
    try:
        with closing(sqlite3.connect(f"{Path(copy.source).resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(f"SELECT * FROM {relation}")
            header = tuple(fold_header(one[0]) for one in found.description)
            kept = Scratch(copy.into, len(header), copy.left_out(header))
            for position, row in enumerate(found, start=1):
                kept.add(position, [_sqlite_text(cell, copy.mapping) for cell in row])
            kept.close()
    except sqlite3.Error as error:
        raise BadData(f"{copy.source}: relation {copy.mapping.relation!r} cannot be read ({error})") from error
    return header


def _sqlite_text(cell: object, mapping: Mapping) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, int | float):
        return plain_number(cell, mapping.decimal)
    return cell.decode("utf-8", errors="backslashreplace") if isinstance(cell, bytes) else str(cell).strip() or None


def _copy_postgresql(copy: _Copy) -> tuple[str, ...]:
    # Imported here: the driver is of use only to offices that read their system live.
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
                return copy.typed("received_batches", _written_numbers(batches.schema))
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


def _written_numbers(schema: pa.Schema) -> set[int]:
    """Return the columns of PostgreSQL's own numbers, which no type of Arrow can hold: they arrive as text."""
    found = set()
    for at, field in enumerate(schema):
        told = getattr(field.type, "type_name", None)
        metadata = field.metadata or {}
        if told is None and b"ARROW:extension:metadata" in metadata:
            told = json.loads(metadata[b"ARROW:extension:metadata"]).get("type_name")
        if told == "numeric":
            found.add(at)
    return found


_COPIES: dict[str, Callable[[_Copy], tuple[str, ...]]] = {
    "parquet": _copy_parquet,
    "duckdb": _copy_duckdb,
    "sqlite": _copy_sqlite,
    "postgresql": _copy_postgresql,
}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
