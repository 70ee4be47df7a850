"""Merge several files of cases so that every case counts once, by the provenance stored beside each file.

The provenance of a case is the line of the file on which it stands, and its identifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Columns
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.data.ingest import case_rules
from analysis.data.ingest.case_rules import (
    DUPLICATE_REASONS,
    DuplicateCandidate,
    case_key,
    find_duplicates,
    shared_hashes,
)
from analysis.data.ingest.column_sql import columns_of_text
from analysis.data.ingest.intake_report import IntakeReport
from analysis.data.ingest.listed_rows import REJECTED_COLUMNS, typed_frame
from analysis.data.ingest.table import Intake
from analysis.data.sources.column_source import sql_type
from analysis.data.sources.links import refuse_links_out
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.open import open_rows
from analysis.data.sources.rows import Rows, ScanRequest
from analysis.data.sql import identifier, literal, nfc_text, parquet, scratch_connection
from analysis.faults import BadData

SEVERAL_FILES_ALLOWED = ("cases", "case_ratings")
"""Tables that may come in several files: their rows belong to cases, so that rows in two files can be compared."""

_BATCH_ROWS = 131_072
_LOST_COLUMNS = {"file_number": "int64", "line": "int64", "case_id": "str", "code": "str", "reason": "str"}


@dataclass(frozen=True)
class CaseFile:
    """The accepted rows of one file of cases, or of their ratings.

    Attributes
    ----------
    table : Path
        Parquet file of the rows; of one of several files of cases, the provenance stands beside it, see
        `provenance_path`.
    report : IntakeReport
        What became of the rows of the file.
    """

    table: Path
    report: IntakeReport


@dataclass(frozen=True)
class MergedCases:
    """The cases of several files as one table.

    Attributes
    ----------
    cases : Path
        Parquet file in which every case stands once.
    files : tuple of CaseFile
        What remains of each file, with reports in which rows in = accepted + rejected still holds.
    rejected : pd.DataFrame
        `file, line, code, reason, raw` of the rows rejected because a row of another file is kept. Their raw text is
        the row in our columns.
    """

    cases: Path
    files: tuple[CaseFile, ...]
    rejected: pd.DataFrame


def files_of_table(folder: Path, table: str) -> list[Path]:
    """Return the files of a table in a folder: ``cases.parquet``, then ``cases-NAME.parquet`` by their names.

    Parameters
    ----------
    folder : Path
        The folder.
    table : str
        Name of the table.

    Raises
    ------
    BadData
        There are several files of a table whose rows could not be compared, or one is a link that leads out of the
        folder.
    """
    unnamed = folder / f"{table}.parquet"
    named = [path for path in folder.glob(f"{table}-*.parquet") if not path.name.endswith(".origins.parquet")]
    found = [unnamed] * unnamed.is_file() + sorted(named, key=lambda path: path.stem)
    if named and table not in SEVERAL_FILES_ALLOWED:
        raise BadData(
            f"{named[0]}: {table} were expected in one file, {table}.parquet: what two of them hold would be counted "
            "twice"
        )
    refuse_links_out(found)
    return found


def provenance_path(table: Path) -> Path:
    """Return the path of the provenance of a file's cases, which stands beside its table."""
    return table.with_name(f"{table.stem}.origins.parquet")


def write_provenance(source: str, mapping: Mapping, intake: Intake, table: Path) -> None:
    """Write the provenance of the accepted cases of a file beside its table: `case_id, line, key, other_key`.

    `line` is the physical line (1-based), `key` what all rows of the case share (see `case_rules.case_key`),
    `other_key` the key of its identifier in another system, or missing. The file is read once more for it; when an
    accepted case is no longer there, the file has changed in between.

    Parameters
    ----------
    source : str
        Path of the file, or address of a PostgreSQL database, as it was brought in.
    mapping : Mapping
        The mapping by which it was brought in.
    intake : Intake
        What became of the rows.
    table : Path
        Parquet file of the accepted cases.

    Raises
    ------
    BadData
        The source is not what it was when it was brought in.
    EnvironmentFault
        The disk is full.
    """
    into = provenance_path(table)
    with scratch_connection(into.parent, reads=[source, table]) as (scratch, connection):
        asked = ScanRequest(text_columns=columns_of_text(mapping))
        rows = open_rows(source, mapping, connection, scratch, scan_request=asked)
        readable = rows.count - len(rows.unreadable)
        lines = rows.lines(np.arange(1, readable + 1))
        is_accepted = ~np.isin(lines, intake.rejected["line"].to_numpy())
        reader = connection.sql(_provenance_query(rows, mapping)).to_arrow_reader(_BATCH_ROWS)
        schema = pa.schema([pa.field("line", pa.int64()), *reader.schema])
        before = 0
        with pq.ParquetWriter(into, schema, compression="zstd", use_dictionary=["other_key"]) as writer:
            for batch in reader:
                here = slice(before, before + len(batch))
                provenance = pa.RecordBatch.from_arrays([pa.array(lines[here]), *batch.columns], schema=schema)
                writer.write_batch(provenance.filter(pa.array(is_accepted[here])))
                before += len(batch)
        if np.count_nonzero(is_accepted) != intake.accepted or _count_without_provenance(table, into, connection):
            raise BadData(f"{rows.name}: it changed while it was read; bring it in again")


def _provenance_query(rows: Rows, mapping: Mapping) -> str:
    own = mapping.columns["case_id"]
    case_id = literal(own.constant) if own.column is None else nfc_text(f"c{rows.header.index(own.column)}")
    other_id = nfc_text(f"c{rows.header.index(mapping.other_id)}") if mapping.other_id else "CAST(NULL AS VARCHAR)"
    own_key, other_key = (case_key(mapping.case_id_form, name) for name in ("case_id", "other_id"))
    return (
        f"SELECT case_id, {own_key} AS key, {other_key} AS other_key "
        f"FROM (SELECT {case_id} AS case_id, {other_id} AS other_id FROM {rows.relation})"
    )


def _count_without_provenance(table: Path, provenance: Path, connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute(
        f"SELECT count(*) FROM {parquet(table)} AS cases ANTI JOIN {parquet(provenance)} AS provenance USING (case_id)"
    ).fetchone()
    assert found is not None
    return int(found[0])


def merge_cases(
    files: Sequence[CaseFile], flagged: pd.DataFrame, into: Path, columns: Columns[str, pandera.Column]
) -> MergedCases:
    """Return the cases of several files as one table in which every case stands once.

    Which row of a case is kept is decided as inside one file: closed before open, then the later finish, then the first
    in the order of the files given.

    Parameters
    ----------
    files : sequence of CaseFile
        The files.
    flagged : pd.DataFrame
        `file, line, code, case_id`: the flags of the rows of all of them.
    into : Path
        Folder to write into; made if it is not there.
    columns : mapping of str to Column
        The columns of cases and their contracts, in their order.

    Raises
    ------
    BadData
        The provenance of a file does not match its rows.
    EnvironmentFault
        The disk is full.
    """
    into.mkdir(parents=True, exist_ok=True)
    for file in files:
        _refuse_other_provenance(file)
    tables = [path for file in files for path in (file.table, provenance_path(file.table))]
    with scratch_connection(into, reads=tables) as (_, connection):
        lost = _find_lost_rows(files, connection)
        connection.register("lost", pa.Table.from_pandas(lost, preserve_index=False))
        rejects = [row for index, file in enumerate(files) for row in _list_lost_rows(file, index, connection)]
        remaining = tuple(
            _without_lost_rows(file, index, lost, flagged, connection, into) for index, file in enumerate(files)
        )
        cases = into / "all.parquet"
        concatenate_files([file.table for file in remaining], columns, cases, connection)
    return MergedCases(cases, remaining, typed_frame(rejects, REJECTED_COLUMNS))


def concatenate_files(
    tables: Iterable[Path], columns: Columns[str, pandera.Column], into: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """Write the rows of several Parquet files of one of our tables as one file, in their order.

    A column that a file lacks is missing in its rows.

    Parameters
    ----------
    tables : iterable of Path
        The files.
    columns : mapping of str to Column
        The table's columns and their contracts, in their order.
    into : Path
        File to write.
    connection : duckdb.DuckDBPyConnection
        Connection that copies the rows.
    """
    rows = " UNION ALL ".join(f"SELECT {_selected(path, columns)} FROM {parquet(path)}" for path in tables)
    connection.execute(f"COPY ({rows}) TO {literal(into)} (FORMAT parquet, COMPRESSION zstd)")


def lacking_columns(path: Path, columns: Iterable[str]) -> list[str]:
    """Return which columns a Parquet file lacks, or holds without a type because every value is missing.

    Parameters
    ----------
    path : Path
        The file.
    columns : iterable of str
        Names of columns.

    Raises
    ------
    BadData
        It is not a Parquet file.
    """
    typed = {field.name for field in parquet_schema(path) if not pa.types.is_null(field.type)}
    return [name for name in columns if name not in typed]


def _selected(path: Path, columns: Columns[str, pandera.Column]) -> str:
    """Return the SQL list of a table's columns over one of its files."""
    lacking = set(lacking_columns(path, columns))
    return ", ".join(
        f"CAST(NULL AS {sql_type(rule)}) AS {identifier(name)}" if name in lacking else identifier(name)
        for name, rule in columns.items()
    )


def row_count(path: Path) -> int:
    """Return the number of rows of a Parquet file; 0 where there is no file.

    Raises
    ------
    BadData
        It is not a Parquet file.
    """
    return int(_parquet_file(path).metadata.num_rows) if path.is_file() else 0


def parquet_schema(path: Path) -> pa.Schema:
    """Return the columns of a Parquet file and their types.

    Raises
    ------
    BadData
        It is not a Parquet file.
    """
    return _parquet_file(path).schema_arrow


def _parquet_file(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise BadData(f"{path}: not a readable Parquet file ({error})") from error


def _refuse_other_provenance(file: CaseFile) -> None:
    provenance, report = provenance_path(file.table), file.report
    rows = row_count(provenance)
    if rows != report.accepted:
        raise BadData(
            f"{provenance}: {rows} rows, {report.accepted} were expected as accepted; bring {report.file} in again"
        )


def _find_lost_rows(files: Sequence[CaseFile], connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the rows rejected because another of their case is kept: `file_number, line, case_id, code, reason`."""
    provenance = [parquet(provenance_path(file.table)) for file in files]
    own = _hashes(connection, [f"SELECT hash(key) AS h FROM {relation}" for relation in provenance])
    other = _hashes(
        connection, [f"SELECT hash(other_key) AS h FROM {relation} WHERE other_key <> key" for relation in provenance]
    )
    shared = shared_hashes(own, other)
    connection.register("own", pa.table({"h": shared.own}))
    connection.register("named", pa.table({"h": shared.named}))
    contenders: list[DuplicateCandidate] = []
    places: list[tuple[int, int]] = []
    for index, file in enumerate(files):
        rows = connection.execute(
            "SELECT provenance.line, provenance.key, provenance.other_key, case_id, outcome <> 'open', finished_at "
            f"FROM {provenance[index]} AS provenance JOIN {parquet(file.table)} AS cases USING (case_id) "
            "WHERE hash(provenance.key) IN (FROM own) OR hash(provenance.other_key) IN (FROM named) "
            "ORDER BY provenance.line"
        ).fetchall()
        for line, *values in rows:
            contenders.append(DuplicateCandidate(len(places), *values))
            places.append((index, line))
    duplicates = find_duplicates(contenders)
    lost = {row.place for row in duplicates}
    index_of_winner = {row.case_id: places[row.place][0] for row in contenders if row.place not in lost}
    listed = []
    for row in duplicates:
        code, reason = DUPLICATE_REASONS[row.reason]
        kept_in = files[index_of_winner[row.winner]].report.file
        listed.append((*places[row.place], row.case_id, code, f"{reason}: {row.winner!r} in {kept_in}"))
    return pd.DataFrame(listed, columns=list(_LOST_COLUMNS)).astype(_LOST_COLUMNS)


def _hashes(connection: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> np.ndarray:
    return np.concatenate([connection.sql(query).fetchnumpy()["h"] for query in queries])


def _list_lost_rows(file: CaseFile, index: int, connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    columns = parquet_schema(file.table).names
    raw = " || '; ' || ".join(
        f"'{name}=' || coalesce(CAST(cases.{identifier(name)} AS VARCHAR), '')" for name in columns
    )
    return connection.execute(
        f"SELECT {literal(file.report.file)}, lost.line, lost.code, lost.reason, {raw} "
        f"FROM {parquet(file.table)} AS cases JOIN lost USING (case_id) "
        f"WHERE lost.file_number = {index} ORDER BY lost.line"
    ).fetchall()


def _without_lost_rows(
    file: CaseFile,
    index: int,
    lost: pd.DataFrame,
    flagged: pd.DataFrame,
    connection: duckdb.DuckDBPyConnection,
    into: Path,
) -> CaseFile:
    """Return a file without its lost rows, with its report changed to match."""
    lost_here = lost[lost["file_number"] == index]
    if lost_here.empty:
        return file
    report, table = file.report, into / file.table.name
    lost_ids = f"(SELECT case_id FROM lost WHERE file_number = {index})"
    rows = f"FROM {parquet(file.table)} WHERE case_id"
    connection.execute(f"COPY ({rows} NOT IN {lost_ids}) TO {literal(table)} (FORMAT parquet, COMPRESSION zstd)")
    counted = ", ".join(f"count(*) FILTER (WHERE {sql})" for sql in case_rules.CLASSES.values())
    (numbers,) = connection.execute(f"SELECT {counted} {rows} IN {lost_ids}").fetchall()
    classes = dict(zip(case_rules.CLASSES, numbers, strict=True))
    flags = flagged[(flagged["file"] == report.file) & flagged["line"].isin(lost_here["line"])]["code"]
    changed = {
        "accepted": report.accepted - len(lost_here),
        "rejected": dict(sorted((Counter(report.rejected) + Counter(lost_here["code"])).items())),
        "flagged": dict(Counter(report.flagged) - Counter(flags)),
        "classes": dict(Counter(report.classes) - Counter(classes)),
    }
    return CaseFile(table, report.model_copy(update=changed))
