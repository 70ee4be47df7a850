"""Read a relation of a database (Parquet, DuckDB, SQLite, live PostgreSQL) as rows of text, copied once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from analysis.data.sources.limits import MAX_CELL_BYTES, MAX_COLUMNS
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.persons import personal_columns
from analysis.data.sources.rows import (
    Rows,
    ScanRequest,
    ScratchTable,
    fold_header,
    name_columns,
    positions_of,
    scan_cells,
    visible_relation,
)
from analysis.data.sources.workbook import plain_number
from analysis.data.sql import closed_connection, identifier, literal, parquet, trimmed
from analysis.faults import BadData, BadParameters, EnvironmentFault

_TOO_LONG = "a cell is longer than 1 MiB; text of at most 1 MiB was expected"
_NO_TEXT = "a cell holds bytes that are no UTF-8 text; text was expected"
_EXTENSION_LACKS = "is not in the catalog, but it exists in the"
_READS_BEYOND = "it reads beyond the tables of the received file; export its rows as a table and bring that in"


def read_database(
    source: str, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, scan_request: ScanRequest
) -> Rows:
    """Return the rows of one relation: a Parquet file, or a table or view of a database.

    The rows are copied into scratch once, in one statement, so that the rows validated are the rows stored even while
    the system goes on working. A row's line is its position in the relation.

    Parameters
    ----------
    source : str
        Path of the file; for PostgreSQL its address, of which `refuse_password` has found that it holds none.
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
        The mapping names no relation.
    EnvironmentFault
        The server does not answer or refuses; the disk is full.
    """
    # In a folder of its own: while a received database is open, nothing else may be within its reach.
    folder = scratch / "relation"
    folder.mkdir()
    copy = _RelationCopy(source, mapping, connection, folder / "relation.parquet")
    header = _COPIES[mapping.format](copy)
    relation, notes = parquet(copy.into), copy.notes
    personal = personal_columns(header, mapping.personal)
    found = scan_cells(connection, relation, scan_request, header, controls_too=True)
    if found.has_unseen:
        relation, notes = visible_relation(connection, relation, header)
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
        nameless=found.nameless,
        notes=notes,
    )


@dataclass(frozen=True)
class _RelationCopy:
    """The copying of a relation into a scratch file, with the notes on it, see `Rows`."""

    source: str
    mapping: Mapping
    connection: duckdb.DuckDBPyConnection
    into: Path
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What faults call the relation."""
        return _display_name(self.source, self.mapping)

    def relation(self) -> str:
        """Return the relation's name as SQL quotes it."""
        if not self.mapping.relation:
            raise BadParameters(f"{self.source}: the mapping names no relation; the table or view to read was expected")
        return ".".join(map(identifier, self.mapping.relation.split(".")))

    def header(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the folded headers of the relation's columns."""
        if len(names) > MAX_COLUMNS:
            raise BadData(f"{self.name}: {len(names):,} columns, at most {MAX_COLUMNS:,} were expected")
        return name_columns(map(fold_header, names))

    def used(self, header: Sequence[str]) -> set[int]:
        """Return the columns that the mapping uses."""
        return set(positions_of(self.mapping.used_headers(), header))

    def left_out(self, header: Sequence[str]) -> set[int]:
        """Return the columns that are not copied: about persons, and not used by the mapping."""
        return set(personal_columns(header, self.mapping.personal)) - self.used(header)

    def fault_in_column(self, header: str, what: str) -> str:
        """Return the sentence about a column with a cell that is not copied."""
        return f"{self.name}: column {header!r}: {what}"

    def copy_as_text(self, relation: str, text_numbers: Collection[int] = ()) -> tuple[str, ...]:
        """Copy a relation that DuckDB can scan, every cell as text, and return the header.

        Times become ISO in the mapping's zone and numbers are written with the mapping's marks, so that all sources are
        read alike. Bytes become text where they are UTF-8; in a column that the mapping does not use they are left out.

        Parameters
        ----------
        relation : str
            SQL relation to copy.
        text_numbers : collection of int
            Columns of numbers that arrive as text.
        """
        columns = self.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        header = self.header([name for name, *_ in columns])
        left_out, used = self.left_out(header), self.used(header)
        cells = []
        for at, (name, kind, *_) in enumerate(columns):
            if at in left_out or (kind == "BLOB" and at not in used):
                cell = "CAST(NULL AS VARCHAR)"
            elif at in text_numbers or kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
                cell = self._number(identifier(name), kind)
            else:
                cell = self._text(identifier(name), kind, header[at])
            cells.append(f"{cell} AS c{at}")
        try:
            self.connection.execute(
                f"COPY (SELECT row_number() OVER () AS n, {', '.join(cells)} FROM {relation}) "
                f"TO {literal(self.into)} (FORMAT parquet, COMPRESSION lz4)"
            )
        except duckdb.InvalidInputException as error:
            if "is not valid UTF8" in str(error):  # and the message goes on to quote the cell
                raise BadData(self._fault_in_text(relation, columns)) from None
            sentences = (self.fault_in_column(name, what) for name in header for what in (_TOO_LONG, _NO_TEXT))
            refused = next((sentence for sentence in sentences if str(error).endswith(f": {sentence}")), None)
            if refused is None:
                raise
            raise BadData(refused) from error
        return header

    def _fault_in_text(self, relation: str, columns: Sequence[Sequence[str]]) -> str:
        """Return the sentence about the first column of text that a Parquet file says is UTF-8, and is not."""
        for name, kind, *_ in columns:
            try:
                if kind == "VARCHAR":
                    self.connection.execute(f"SELECT max({identifier(name)}) FROM {relation}").fetchall()
            except duckdb.InvalidInputException:
                return self.fault_in_column(fold_header(name), _NO_TEXT)
        return f"{self.name}: {_NO_TEXT}"

    def _number(self, column: str, kind: str) -> str:
        text = f"CAST({column} AS VARCHAR)"
        if kind in ("FLOAT", "DOUBLE"):
            # DuckDB writes numbers beyond 1e15 with a power of ten.
            whole = f"TRY_CAST(CASE WHEN {column} = trunc({column}) THEN {column} END AS HUGEINT)"
            text = f"coalesce(CAST({whole} AS VARCHAR), {text})"
        text = rf"regexp_replace({text}, '(\.[0-9]*?)0+$', '\1')"
        return trimmed(f"replace(rtrim({text}, '.'), '.', {literal(self.mapping.decimal)})")

    def _text(self, column: str, kind: str, header: str) -> str:
        def refuse(what: str) -> str:
            return f"error({literal(self.fault_in_column(header, what))})"

        text = f"CAST({column} AS VARCHAR)"
        if kind in ("TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):
            text = f"CAST(CAST({column} AS TIMESTAMP) AS VARCHAR)"
        if kind == "BLOB":
            text = f"TRY(decode({column}))"
            text = f"CASE WHEN {column} IS NOT NULL AND {text} IS NULL THEN {refuse(_NO_TEXT)} ELSE {text} END"
        # Most cells begin and end with a letter or digit of ASCII; trimming them too costs more than all the rest.
        is_plain = f"{text} > '!' AND {text} < chr(127) AND right({text}, 1) BETWEEN '!' AND '~'"
        return (
            f"CASE WHEN strlen({text}) > {MAX_CELL_BYTES} THEN {refuse(_TOO_LONG)} "
            f"WHEN {is_plain} THEN {text} ELSE {trimmed(text)} END"
        )


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
    """Copy a relation by a connection of its own, because a view of the received file may name any file there is."""
    relation, path, folder = copy.relation(), Path(copy.source).resolve(), copy.into.parent
    name, mark, rest = str(path).partition("?")
    log = f"{name}.wal{mark}{rest}"  # where DuckDB looks for what the file does not hold yet
    try:
        with closed_connection(reads=[path, log], folder=folder, spill=folder / "spill") as closed:
            closed.execute(f"SET TimeZone = {literal(copy.mapping.time_zone)}")
            closed.execute(f"ATTACH {literal(path)} AS received (READ_ONLY)")
            return replace(copy, connection=closed).copy_as_text(f"received.{relation}")
    except duckdb.Error as error:
        if isinstance(error, duckdb.PermissionException) or _EXTENSION_LACKS in str(error):
            raise BadData(f"{copy.name}: {_READS_BEYOND}") from error
        raise _fault(error, f"{copy.source}: relation {copy.mapping.relation!r} cannot be read") from error


def _fault(error: duckdb.Error, sentence: str) -> BadData | EnvironmentFault:
    """Return the fault of a failed copy: the source's, unless the disk or memory of this machine ran out."""
    if isinstance(error, duckdb.InterruptException):
        raise error
    message = f"{sentence} ({_first_line(error)})"
    is_ours = isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error)
    return EnvironmentFault(message) if is_ours else BadData(message)


def _copy_sqlite(copy: _RelationCopy) -> tuple[str, ...]:
    relation, denied = copy.relation(), list[str]()
    try:
        with closing(_closed_sqlite(copy.source, denied)) as database:
            names = [column[0] for column in database.execute(f"SELECT * FROM {relation} LIMIT 0").description]
            header = copy.header(names)
            used, left_out = copy.used(header), copy.left_out(header)
            columns = (_sqlite_column(at, name, used, left_out) for at, name in enumerate(names))
            stored = ScratchTable(copy.into, len(header), left_out)
            rows = database.execute(f"SELECT {', '.join(columns)} FROM {relation}")
            for position, row in enumerate(rows, start=1):
                cells = [_sqlite_text(cell, copy.mapping) for cell in row]
                if _UNDECODABLE in cells:
                    for at in sorted(used):
                        if cells[at] == _UNDECODABLE:
                            raise BadData(copy.fault_in_column(header[at], _NO_TEXT))
                stored.add(position, cells)
            stored.close()
            copy.notes.update(stored.notes)
    except sqlite3.Error as error:
        if denied or "unsafe use" in str(error):
            raise BadData(f"{copy.name}: {_READS_BEYOND}") from error
        if "too big" in str(error):
            raise BadData(f"{copy.name}: {_TOO_LONG}") from error
        raise BadData(f"{copy.source}: relation {copy.mapping.relation!r} cannot be read ({error})") from error
    return header


def _closed_sqlite(source: str, denied: list[str]) -> sqlite3.Connection:
    """Return a connection that reads the tables of one SQLite file and nothing else.

    Virtual tables are no tables of the file: what answers for them is a program, which may read anything. Only JSON
    cells may be taken apart.

    Parameters
    ----------
    source : str
        Path of the file.
    denied : list of str
        Receives the names of what a query was denied.
    """
    database = sqlite3.connect(f"{Path(source).resolve().as_uri()}?mode=ro", uri=True)
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        listed = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view')"
        readable = {"json_each", "json_tree", *(name for (name,) in database.execute(listed))}
    except BaseException:
        database.close()
        raise

    def authorize(action: int, first: str | None, second: str | None, schema: str | None, view: str | None) -> int:
        # A subquery is read by its name, and by no column of it.
        is_allowed = (
            action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
            or (action == sqlite3.SQLITE_READ and (first in readable or not second))
            or (action == sqlite3.SQLITE_FUNCTION and second not in _SQLITE_FUNCTIONS_OF_FILES)
        )
        if is_allowed:
            return sqlite3.SQLITE_OK
        denied.append(str(second or first))
        return sqlite3.SQLITE_DENY

    database.text_factory = bytes
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CELL_BYTES)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.set_authorizer(authorize)
    return database


_SQLITE_FUNCTIONS_OF_FILES = {"load_extension", "readfile", "writefile", "edit", "fsdir", "fts3_tokenizer"}
"""Functions of SQLite or of its command line that reach beyond the database; a build may have any of them."""

_UNDECODABLE = ""
"""Stands for a cell that is no text; no cell is empty text, which becomes missing."""


def _sqlite_column(at: int, name: str, used: Collection[int], left_out: Collection[int]) -> str:
    column = identifier(name)
    if at in left_out:
        return "NULL"
    return column if at in used else f"CASE typeof({column}) WHEN 'blob' THEN NULL ELSE {column} END"


def _sqlite_text(cell: object, mapping: Mapping) -> str | None:
    if isinstance(cell, bytes):
        try:
            return cell.decode("utf-8").strip() or None
        except UnicodeDecodeError:
            return _UNDECODABLE
    return plain_number(cell, mapping.decimal) if isinstance(cell, int | float) else None


def _copy_postgresql(copy: _RelationCopy) -> tuple[str, ...]:
    # Imported here, because only offices that read their system live need the driver.
    import adbc_driver_postgresql.dbapi as postgresql

    relation = copy.relation()
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


def _text_numbers(schema: pa.Schema) -> set[int]:
    """Return the columns of PostgreSQL's NUMERIC, which no Arrow type can hold: they arrive as text."""
    found = set()
    for at, column in enumerate(schema):
        type_name = getattr(column.type, "type_name", None)
        metadata = column.metadata or {}
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
