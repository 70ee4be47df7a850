"""Where the cases of a file stand in it, and by what other files may know them: kept beside a file that has company."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.data.contracts import TABLES, columns_of
from analysis.data.ingest import case_rules
from analysis.data.ingest.case_rules import DUPLICATES, Contender, key, losers, suspects
from analysis.data.ingest.intake_report import Book
from analysis.data.ingest.row_validation import REJECTED, as_list
from analysis.data.ingest.table import Intake
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.open import open_rows
from analysis.data.sources.rows import Asked, Rows
from analysis.data.sql import composed, literal, parquet, workshop
from analysis.faults import BadData

_BATCH = 131_072


def origins_beside(table: Path) -> Path:
    """Return where the origins of a file's cases are kept: beside its table."""
    return table.with_name(f"{table.stem}.origins.parquet")


def write_origins(source: str, mapping: Mapping, intake: Intake, table: Path) -> None:
    """Write `case_id, line, key, other_key` of every case a file brought in, beside its table.

    `line` is the physical line (1-based), `key` what other rows of the case have in common with it (see
    `case_rules.key`), `other_key` that of its identifier in another system, or missing. The file is read once more for
    it; a case that is not there any more shows that it changed in between.

    Parameters
    ----------
    source, mapping
        As they were brought in.
    intake : Intake
        What became of the rows.
    table : Path
        The cases that were accepted.

    Raises
    ------
    BadData
        The source is not what it was when it was brought in.
    EnvironmentFault
        The disk is full.
    """
    into = origins_beside(table)
    with workshop(into.parent) as (scratch, connection):
        rows = open_rows(source, mapping, connection, scratch, asked=Asked())
        read = rows.count - len(rows.broken)
        lines = rows.lines(np.arange(1, read + 1))
        is_taken = ~np.isin(lines, intake.rejected["line"].to_numpy())
        reader = connection.sql(_query(rows, mapping)).to_arrow_reader(_BATCH)
        schema = pa.schema([pa.field("line", pa.int64()), *reader.schema])
        before = 0
        with pq.ParquetWriter(into, schema, compression="zstd", use_dictionary=["other_key"]) as writer:
            for batch in reader:
                here = slice(before, before + len(batch))
                told = pa.RecordBatch.from_arrays([pa.array(lines[here]), *batch.columns], schema=schema)
                writer.write_batch(told.filter(pa.array(is_taken[here])))
                before += len(batch)
        if np.count_nonzero(is_taken) != intake.accepted or _strangers(table, into, connection):
            raise BadData(f"{rows.name}: it changed while it was read; bring it in again")


def _query(rows: Rows, mapping: Mapping) -> str:
    own = mapping.columns["case_id"]
    case_id = literal(own.constant) if own.column is None else composed(f"c{rows.header.index(own.column)}")
    other_id = composed(f"c{rows.header.index(mapping.other_id)}") if mapping.other_id else "CAST(NULL AS VARCHAR)"
    own_key, other_key = (key(mapping.case_id_form, name) for name in ("case_id", "other_id"))
    return (
        f"SELECT case_id, {own_key} AS key, {other_key} AS other_key "
        f"FROM (SELECT {case_id} AS case_id, {other_id} AS other_id FROM {rows.relation})"
    )


def _strangers(table: Path, origins: Path, connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many cases of a table have no origin."""
    found = connection.execute(
        f"SELECT count(*) FROM {parquet(table)} AS cases ANTI JOIN {parquet(origins)} AS origins USING (case_id)"
    ).fetchone()
    assert found is not None
    return int(found[0])


SEVERAL = ("cases", "case_ratings")
"""Tables that may come in several files: their rows are of cases, so that what stands in two files can be told."""

_LOST = {"part": "int64", "line": "int64", "case_id": "str", "code": "str", "reason": "str"}


@dataclass(frozen=True)
class Part:
    """The cases of one of several files.

    Attributes
    ----------
    table : Path
        The rows accepted; their origins stand beside them, see `origins`.
    book : Book
        What became of its rows.
    """

    table: Path
    book: Book


@dataclass(frozen=True)
class Together:
    """The cases of several files as one table.

    Attributes
    ----------
    cases : Path
        Every case once.
    parts : tuple of Part
        Per file what is left of it; with the books so changed that rows in = accepted + rejected still holds.
    rejected : pd.DataFrame
        `file, line, code, reason, raw` of the rows that lose to a row of another file. Their raw text is the row as it
        was taken, in our columns.
    """

    cases: Path
    parts: tuple[Part, ...]
    rejected: pd.DataFrame


def parts_of(folder: Path, table: str) -> list[Path]:
    """Return the files of a table in a folder: ``cases.parquet``, then ``cases-NAME.parquet`` by their names.

    Raises
    ------
    BadData
        There are several of a table whose rows could not be told apart.
    """
    alone = folder / f"{table}.parquet"
    named = [one for one in folder.glob(f"{table}-*.parquet") if not one.name.endswith(".origins.parquet")]
    found = [alone] * alone.is_file() + sorted(named, key=lambda one: one.stem)
    if named and table not in SEVERAL:
        raise BadData(
            f"{named[0]}: {table} were expected in one file, {table}.parquet: what two of them hold would be counted "
            "twice"
        )
    return found


def together(parts: Sequence[Part], flagged: pd.DataFrame, into: Path) -> Together:
    """Return the cases of several files as one table in which every case stands once.

    Which row of a case wins is told as inside a file: closed before open, then the later finish, then the first of the
    files as they are given.

    Parameters
    ----------
    parts : sequence of Part
        The files.
    flagged : pd.DataFrame
        `file, line, code, case_id` of the rows of all of them that are worth a look.
    into : Path
        Folder to write into; made if it is not there.

    Raises
    ------
    BadData
        What is known of a file's rows does not fit them.
    EnvironmentFault
        The disk is full.
    """
    into.mkdir(parents=True, exist_ok=True)
    for part in parts:
        _refuse_other_origins(part)
    with workshop(into) as (_, connection):
        lost = _lost(parts, connection)
        connection.register("lost", pa.Table.from_pandas(lost, preserve_index=False))
        rejected = as_list([row for at, part in enumerate(parts) for row in _listed(part, at, connection)], REJECTED)
        left = tuple(_left(part, at, lost, flagged, connection, into) for at, part in enumerate(parts))
        cases = into / "all.parquet"
        write_one([part.table for part in left], "cases", cases, connection)
    return Together(cases, left, rejected)


def write_one(tables: Iterable[Path], table: str, into: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the rows of several files of a table of ours as one file, in their order."""
    columns = ", ".join(columns_of(TABLES[table]))
    rows = " UNION ALL ".join(f"SELECT {columns} FROM {parquet(one)}" for one in tables)
    connection.execute(f"COPY ({rows}) TO {literal(into)} (FORMAT parquet, COMPRESSION zstd)")


def row_count(path: Path) -> int:
    """Return how many rows a Parquet file has; none where there is no file.

    Raises
    ------
    BadData
        It is no Parquet file.
    """
    if not path.is_file():
        return 0
    try:
        return int(pq.ParquetFile(path).metadata.num_rows)
    except (OSError, ValueError) as error:
        raise BadData(f"{path}: not a readable Parquet file ({error})") from error


def _refuse_other_origins(part: Part) -> None:
    origins = origins_beside(part.table)
    rows = row_count(origins)
    if rows != part.book.accepted:
        raise BadData(
            f"{origins}: {rows} rows, {part.book.accepted} were expected as accepted; bring {part.book.file} in again"
        )


def _lost(parts: Sequence[Part], connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the rows that lose to another one: `part` (its position), `line, case_id, code, reason`."""
    origins = [parquet(origins_beside(part.table)) for part in parts]
    own = _hashes(connection, [f"SELECT hash(key) AS h FROM {one}" for one in origins])
    other = _hashes(connection, [f"SELECT hash(other_key) AS h FROM {one} WHERE other_key <> key" for one in origins])
    found = suspects(own, other)
    connection.register("own", pa.table({"h": found.own}))
    connection.register("named", pa.table({"h": found.named}))
    contenders: list[Contender] = []
    places: list[tuple[int, int]] = []
    for at, part in enumerate(parts):
        rows = connection.execute(
            "SELECT line, key, other_key, case_id, outcome <> 'open', finished_at "
            f"FROM {origins[at]} AS origins JOIN {parquet(part.table)} AS cases USING (case_id) "
            "WHERE hash(key) IN (FROM own) OR hash(other_key) IN (FROM named) ORDER BY line"
        ).fetchall()
        for line, *told in rows:
            contenders.append(Contender(len(places), *told))
            places.append((at, line))
    lost = losers(contenders)
    gone = {one.place for one in lost}
    winners = {one.case_id: places[one.place][0] for one in contenders if one.place not in gone}
    listed = []
    for one in lost:
        code, reason = DUPLICATES[one.duplicate]
        where = parts[winners[one.winner]].book.file
        case_id = contenders[one.place].case_id
        listed.append((*places[one.place], case_id, code, f"{reason}: {one.winner!r} in {where}"))
    return pd.DataFrame(listed, columns=list(_LOST)).astype(_LOST)


def _hashes(connection: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> np.ndarray:
    return np.concatenate([connection.sql(query).fetchnumpy()["h"] for query in queries])


def _listed(part: Part, at: int, connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    columns = columns_of(TABLES["cases"])
    raw = " || '; ' || ".join(f"'{name}=' || coalesce(CAST({name} AS VARCHAR), '')" for name in columns)
    return connection.execute(
        f"SELECT {literal(part.book.file)}, line, code, reason, {raw} "
        f"FROM {parquet(part.table)} JOIN lost USING (case_id) WHERE part = {at} ORDER BY line"
    ).fetchall()


def _left(
    part: Part,
    at: int,
    lost: pd.DataFrame,
    flagged: pd.DataFrame,
    connection: duckdb.DuckDBPyConnection,
    into: Path,
) -> Part:
    """Return what is left of a file without its rows that lost."""
    mine = lost[lost["part"] == at]
    if mine.empty:
        return part
    book, table = part.book, into / part.table.name
    gone = f"(SELECT case_id FROM lost WHERE part = {at})"
    rows = f"FROM {parquet(part.table)} WHERE case_id"
    connection.execute(f"COPY ({rows} NOT IN {gone}) TO {literal(table)} (FORMAT parquet, COMPRESSION zstd)")
    counted = ", ".join(f"count(*) FILTER (WHERE {sql})" for sql in case_rules.CLASSES.values())
    classes = dict(
        zip(case_rules.CLASSES, connection.execute(f"SELECT {counted} {rows} IN {gone}").fetchall()[0], strict=True)
    )
    flags = flagged[(flagged["file"] == book.file) & flagged["line"].isin(mine["line"])]["code"]
    changed = {
        "accepted": book.accepted - len(mine),
        "rejected": dict(sorted((Counter(book.rejected) + Counter(mine["code"])).items())),
        "flagged": dict(Counter(book.flagged) - Counter(flags)),
        "classes": dict(Counter(book.classes) - Counter(classes)),
    }
    return Part(table, book.model_copy(update=changed))
