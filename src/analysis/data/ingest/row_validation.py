"""Validate every row of a file: accepted rows go to Parquet, rejected ones into a list with line and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.data.ingest import case_rules
from analysis.data.ingest.case_rules import (
    DUPLICATE_REASONS,
    Duplicate,
    DuplicateCandidate,
    SharedHashes,
    case_key,
    find_duplicates,
)
from analysis.data.ingest.column_sql import Condition, Quoted, TableSql, column_index, columns_of_text
from analysis.data.ingest.fault_codes import EMPTY_ROW, MARKS, NO_RATING, REJECTS
from analysis.data.ingest.names import Names, SpelledColumn
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import Rows, positions_of
from analysis.data.sources.total_rows import TotalPhrases
from analysis.data.sql import identifier, nfc_text

_BATCH_ROWS = 131_072
"""Rows validated at a time; also the size of a row group of the file written."""

_TEXTS = pa.list_(pa.string())
_REJECT_SCHEMA = pa.schema(
    {
        "position": pa.int64(),
        "reason_index": pa.uint16(),
        "found": pa.string(),
        "cells": _TEXTS,
        "could_read": pa.list_(pa.bool_()),
    }
)
_MARK_SCHEMA = pa.schema({"position": pa.int64(), "marks": pa.uint16(), "case_id": pa.string()})
_NULL_TEXT = "CAST(NULL AS VARCHAR)"
_PRECEDENCE = {fault.code: float(at) for at, fault in enumerate(REJECTS)}
# What nobody rated is no rating, whatever else its row lacks.
_PRECEDENCE[NO_RATING] = _PRECEDENCE[EMPTY_ROW] + 0.5


@dataclass(frozen=True)
class RejectReason:
    """Why rows are rejected.

    Attributes
    ----------
    code : str
        See `analysis.data.ingest.fault_codes`.
    where : str
        Header of the column, or what else was examined.
    quoted : {"always", "when_short", "when_shared", "never"}
        Whether the faulty text may be quoted, see `Condition`.
    """

    code: str
    where: str
    quoted: Quoted = "always"


@dataclass(frozen=True)
class ShownColumn:
    """A column of the source that the mapping uses, as a rejected row shows it.

    Attributes
    ----------
    header : str
        Its header.
    is_free : bool
        Whether its column takes any text as a code, so that it also takes what was meant for another column.
    is_identifier : bool
        Whether it identifies the row.
    """

    header: str
    is_free: bool
    is_identifier: bool


@dataclass(frozen=True)
class ValidationQuery:
    """The query that validates the rows of a source.

    Attributes
    ----------
    sql : str
        Gives one row per row of the source, in its order: the columns of our table, `_reason_index` (into `reasons`;
        missing when the row is valid), `_found` (the faulty text), `_cells` and `_could_read` (of a rejected row: the
        cells of the columns in `shown`, and whether they could be read), `_marks` (bit i is set for entry i of
        `fault_codes.MARKS`) and `_other_id` (of a case, its identifier in another system).
    columns : tuple of str
        Those of our table.
    reasons : tuple of RejectReason
        All reasons for which the query rejects rows.
    shown : tuple of ShownColumn
        The columns of the source that a rejected row shows, in the order of the source.
    row_id : str or None
        The column that flags name a row by, and, where duplicates are looked for, the one they share.
    completeness : str
        SQL of two columns by which the most complete of several rows of one identifier is found: whether the case is
        closed, and when it was finished.
    duplicate_reasons : tuple of RejectReason
        Those of a row of which another one is kept, see `find_duplicates`.
    spelled : tuple of SpelledColumn
        The columns of codes whose spelling is kept; `sql` also gives the place of each, see `SpelledColumn.place`.
    """

    sql: str
    columns: tuple[str, ...]
    reasons: tuple[RejectReason, ...]
    shown: tuple[ShownColumn, ...]
    row_id: str | None
    completeness: str
    duplicate_reasons: tuple[RejectReason, ...]
    spelled: tuple[SpelledColumn, ...]


@dataclass(frozen=True, eq=False)
class ValidationResult:
    """What became of the rows of a source.

    Attributes
    ----------
    rows, accepted : int
        Rows validated, and those of them that were accepted and written.
    reasons : tuple of RejectReason
        All reasons for which rows may have been rejected.
    rejects : pa.Table
        The rows that were rejected, in the order of the source: `position` (among the rows, counted from 1),
        `reason_index` (into `reasons`), `found` (the faulty text), `cells` and `could_read` (as `shown` has them).
    shown : tuple of ShownColumn
        The columns of the source that a rejected row shows.
    marked : pa.Table
        Accepted rows with marks, in the order of the source: `position`, `marks` (bit i is set for entry i of
        `fault_codes.MARKS`), `case_id` (in a declared table its identifier; missing where rows have none).
    last_case_id : str or None
        Identifier on the last row, where it has one.
    names : dict
        Column → code → how the accepted rows spell it.
    """

    rows: int
    accepted: int
    reasons: tuple[RejectReason, ...]
    rejects: pa.Table
    shown: tuple[ShownColumn, ...]
    marked: pa.Table
    last_case_id: str | None
    names: Names


def without_ratings(result: ValidationResult) -> tuple[ValidationResult, int]:
    """Return a result without the rows in which nobody gave a rating, and how many these were."""
    codes = pa.array([reason.code == NO_RATING for reason in result.reasons])
    is_blank = codes.take(result.rejects["reason_index"].combine_chunks())
    return replace(result, rejects=result.rejects.filter(pc.invert(is_blank))), pc.sum(is_blank).as_py() or 0


def validation_query(table_sql: TableSql, mapping: Mapping, rows: Rows, extracted_on: date) -> ValidationQuery:
    """Return the query that validates the rows of a source.

    Parameters
    ----------
    table_sql : TableSql
        How the rows become our table; what cases and total rows need besides is added to it here.
    mapping : Mapping
        How the source is written.
    rows : Rows
        The source.
    extracted_on : date
        Day the data was taken from its system.
    """
    conditions, marks = list(table_sql.conditions), {}
    columns = table_sql.stored
    # Of other rows than cases the first is kept.
    completeness = "true, CAST(NULL AS TIMESTAMP)"
    duplicate_reasons: tuple[tuple[str, str], ...] = (
        (DUPLICATE_REASONS[0][0], "another row of the same identifier is kept"),
    )
    if mapping.table == "cases":
        completeness, duplicate_reasons = "outcome <> 'open', finished_at", DUPLICATE_REASONS
        case_rules.fill_in_columns(table_sql, mapping)
        conditions += case_rules.reject_conditions(extracted_on)
        marks = case_rules.mark_conditions(mapping)
    if mapping.table in mapping.tables:
        conditions.append(_known_later(mapping, extracted_on))
    if table_sql.not_nfc:
        marks["not_nfc"] = " OR ".join(table_sql.not_nfc)
    # Nearly always the first cell that is looked at holds something.
    empty = " AND ".join(f"coalesce({cell.cell}, '') = ''" for cell in table_sql.read.values())
    conditions.append(Condition(EMPTY_ROW, f"({empty})", "no cell of a column that is used holds anything"))
    for at, total in enumerate(_total_rows(mapping, rows)):
        # The cells themselves are named in the first step only.
        table_sql.cells[f"_total_{at}"], table_sql.cells[f"_total_cell_{at}"] = total.sql, str(total.found)
        conditions.append(replace(total, sql=f"_total_{at}", found=f"_total_cell_{at}"))
    other_id = f"{_NULL_TEXT} AS _other_id"
    if mapping.other_id:
        other_id = "_other_id"
        table_sql.cells["_raw_other_id"] = f"c{column_index(mapping.other_id, rows)}"
        table_sql.values["_other_id"] = nfc_text("_raw_other_id")
    conditions.sort(key=lambda condition: _PRECEDENCE[condition.code])
    named_by = mapping.id_column or ("case_id" if "case_id" in columns else None)
    read = table_sql.read
    by_header = [
        [name for name, cell in read.items() if cell.header == header]
        for header in sorted({cell.header for cell in read.values()}, key=rows.header.index)
    ]
    cells = _of_rejected([read[names[0]].cell for names in by_header], "VARCHAR[]")
    could_read = _of_rejected(
        [" OR ".join(read[name].could_read for name in names) for names in by_header], "BOOLEAN[]"
    )
    places = [one.place for one in table_sql.spelled]
    sql = (
        f"SELECT {', '.join(map(identifier, (*columns, *places)))}, _reason_index, "
        f"{_found_text(conditions)} AS _found, {cells} AS _cells, {could_read} AS _could_read, _marks, {other_id} "
        f"FROM (SELECT *, {_first_true(conditions)} AS _reason_index, {_mark_bits(marks)} AS _marks "
        f"{table_sql.query(rows.relation)})"
    )
    reasons = tuple(RejectReason(one.code, one.where, one.quoted) for one in conditions)
    shown = tuple(
        ShownColumn(read[names[0]].header, any(read[name].is_free for name in names), named_by in names)
        for names in by_header
    )
    of_duplicates = tuple(RejectReason(code, where) for code, where in duplicate_reasons)
    return ValidationQuery(
        sql, columns, reasons, shown, named_by, completeness, of_duplicates, tuple(table_sql.spelled)
    )


def _known_later(mapping: Mapping, extracted_on: date) -> Condition:
    """Return the condition that recognises a row of a declared table known only after its data was taken."""
    name = mapping.tables[mapping.table].known_from
    later = f"{identifier(name)} >= TIMESTAMP '{(extracted_on + timedelta(days=1)).isoformat()}'"
    where = f"{name}, with data of {extracted_on.isoformat()}"
    return Condition("value_out_of_range", later, where, identifier(name))


def _total_rows(mapping: Mapping, rows: Rows) -> list[Condition]:
    """Return the conditions that recognise total rows by cells that are no codes, each looked at row by row.

    Of a table whose rows have an identifier these are the columns kept as text; of any other, those that it does not
    use as well, where an ordinal or a heading may stand.
    """
    headers = columns_of_text(mapping)
    if mapping.id_column is None:
        headers += tuple(name for name in rows.header if name not in mapping.used_headers())
    phrases = TotalPhrases(mapping.totals)
    # Cells about persons are not examined: in a file copied into scratch they are missing.
    places = sorted(set(positions_of(headers, rows.header)) - rows.personal)
    return [Condition("total_row", phrases.sql(f"c{at}"), rows.header[at], f"c{at}") for at in places]


def _first_true(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {condition.sql} THEN {at}" for at, condition in enumerate(conditions))
    return f"CAST({f'CASE {whens} END' if whens else 'NULL'} AS USMALLINT)"


def _found_text(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {at} THEN CAST({one.found} AS VARCHAR)" for at, one in enumerate(conditions) if one.found)
    return f"CASE WHEN _reason_index IS NOT NULL THEN CASE _reason_index {whens} END END" if whens else _NULL_TEXT


def _of_rejected(values: list[str], kind: str) -> str:
    """Return SQL of a list of values; NULL in a row that is not rejected, where nothing of it is computed."""
    return f"CASE WHEN _reason_index IS NOT NULL THEN CAST([{', '.join(values)}] AS {kind}) END"


def _mark_bits(marks: dict[str, str]) -> str:
    set_bits = [
        f"CASE WHEN {marks[fault.code]} THEN {1 << at} ELSE 0 END"
        for at, fault in enumerate(MARKS)
        if fault.code in marks
    ]
    return f"CAST({' + '.join(set_bits) or '0'} AS USMALLINT)"


def validate_rows(
    query: ValidationQuery,
    suspects: SharedHashes,
    connection: duckdb.DuckDBPyConnection,
    into: Path,
    *,
    case_id_form: str,
    most_texts: int,
) -> ValidationResult:
    """Return what became of every row of a source, with the accepted ones written as Parquet.

    They stand in the order of the source; rows of cases that occur on several rows follow at the end, because which of
    them is kept is known only when all rows have been read.

    Parameters
    ----------
    query : ValidationQuery
        How the rows are validated.
    suspects : SharedHashes
        Which rows may belong to the same case as other rows.
    connection : duckdb.DuckDBPyConnection
        Connection that runs the query.
    into : Path
        File to write.
    case_id_form : {"any", "national"}
        See `analysis.data.sources.mapping.Mapping`.
    most_texts : int
        Rejected rows whose texts are kept, the first ones: with a wrong mapping every row is rejected, and the texts of
        ten million would not fit in memory.
    """
    sql, columns = _with_hashes(query, suspects, case_id_form), list(query.columns)
    batches: list[_BatchResult] = []
    rows, accepted, kept, last_case_id = 0, 0, 0, None
    reader = connection.sql(sql).to_arrow_reader(_BATCH_ROWS)
    with _writer(into, [reader.schema.field(name) for name in columns], query.row_id) as writer:
        for batch in reader:
            if not len(batch):
                continue
            valid, result = _split_batch(batch, rows, suspects, query.row_id)
            writer.write_batch(valid.select(columns))
            _note_spellings(query, valid)
            if kept > most_texts:
                result = replace(result, rejects=_without_texts(result.rejects))
            kept += len(result.rejects)
            batches.append(result)
            rows, accepted = rows + len(batch), accepted + len(valid)
            last_case_id = result.last_case_id
        duplicates: list[Duplicate] = []
        if suspects and batches:
            deferred = pa.concat_tables(one.deferred for one in batches if one.deferred is not None)
            duplicates = find_duplicates(_contenders(deferred, query, connection, case_id_form))
            winners = deferred.filter(pc.invert(_is_of(deferred["_position"], duplicates)))
            writer.write_table(winners.select(columns))
            _note_spellings(query, winners)
            accepted += len(winners)
    marked = pa.concat_tables([_MARK_SCHEMA.empty_table(), *(one.marked for one in batches)])
    rejects = [
        _REJECT_SCHEMA.empty_table(),
        *(one.rejects for one in batches),
        _duplicate_rejects(duplicates, query),
    ]
    return ValidationResult(
        rows=rows,
        accepted=accepted,
        reasons=query.reasons + query.duplicate_reasons,
        rejects=pa.concat_tables(rejects).sort_by("position"),
        shown=query.shown,
        marked=marked.filter(pc.invert(_is_of(marked["position"], duplicates))),
        last_case_id=last_case_id,
        names={one.column: names for one in query.spelled if (names := one.names())},
    )


def _note_spellings(query: ValidationQuery, accepted: pa.RecordBatch | pa.Table) -> None:
    for one in query.spelled:
        one.accept(accepted)


@dataclass(frozen=True, eq=False)
class _BatchResult:
    """What became of a batch of rows: those rejected, those with marks, those to be compared when all are read."""

    rejects: pa.Table
    marked: pa.Table
    deferred: pa.Table | None
    last_case_id: str | None


def _split_batch(
    batch: pa.RecordBatch, before: int, suspects: SharedHashes, row_name: str | None
) -> tuple[pa.RecordBatch, _BatchResult]:
    """Return the rows of a batch that are accepted at once, and what became of all of them.

    Parameters
    ----------
    batch : pa.RecordBatch
        Rows of a `ValidationQuery`.
    before : int
        Number of rows in the batches before it.
    suspects : SharedHashes
        Which rows are deferred.
    row_name : str or None
        The column that flags name a row by.
    """
    positions = pa.array(np.arange(before + 1, before + 1 + len(batch)))
    case_ids = batch[row_name] if row_name else pa.nulls(len(batch), pa.string())
    is_valid = batch["_reason_index"].is_null()
    texts = (batch[name] for name in ("_reason_index", "_found", "_cells", "_could_read"))
    rejects = pa.table([positions, *texts], schema=_REJECT_SCHEMA).filter(pc.invert(is_valid))
    marked = pa.table([positions, batch["_marks"], case_ids], schema=_MARK_SCHEMA)
    marked = marked.filter(pc.and_(is_valid, pc.greater(batch["_marks"], 0)))
    deferred = None
    if suspects:
        is_suspect = pa.array(suspects.selects(batch["_own_hash"].to_numpy(), batch["_other_hash"].to_numpy()))
        deferred = pa.Table.from_batches([batch.append_column("_position", positions)])
        deferred = deferred.filter(pc.and_(is_valid, is_suspect))
        is_valid = pc.and_not(is_valid, is_suspect)
    # A batch of valid rows only is not copied.
    valid = batch if pc.all(is_valid).as_py() else batch.filter(is_valid)
    return valid, _BatchResult(rejects, marked, deferred, case_ids[-1].as_py())


def _writer(into: Path, fields: Sequence[pa.Field], unique: str | None) -> pq.ParquetWriter:
    # Times hardly ever repeat, identifiers never: looking for repeats in them costs more than it saves.
    repeating = [one.name for one in fields if pa.types.is_string(one.type) and one.name != unique]
    return pq.ParquetWriter(into, pa.schema(fields), compression="zstd", use_dictionary=repeating)


def _with_hashes(query: ValidationQuery, suspects: SharedHashes, case_id_form: str) -> str:
    if not suspects:
        return query.sql
    own, other = (f"hash({case_key(case_id_form, column)})" for column in _identifiers(query))
    return f"SELECT *, {own} AS _own_hash, {other} AS _other_hash FROM ({query.sql})"


def _identifiers(query: ValidationQuery) -> tuple[str, str]:
    """Return SQL of a row's own identifier and of that in another system."""
    assert query.row_id is not None
    return identifier(query.row_id), "_other_id"


def _contenders(
    deferred: pa.Table, query: ValidationQuery, connection: duckdb.DuckDBPyConnection, case_id_form: str
) -> list[DuplicateCandidate]:
    connection.register("deferred", deferred)
    own, other = (case_key(case_id_form, column) for column in _identifiers(query))
    own_id, _ = _identifiers(query)
    rows = connection.execute(
        f"SELECT _position, {own}, {other}, {own_id}, {query.completeness} FROM deferred ORDER BY _position"
    ).fetchall()
    connection.unregister("deferred")
    return [DuplicateCandidate(*row) for row in rows]


def _is_of(positions: pa.ChunkedArray, duplicates: list[Duplicate]) -> pa.ChunkedArray:
    return pc.is_in(positions, pa.array([one.place for one in duplicates], pa.int64()))


def _without_texts(rejects: pa.Table) -> pa.Table:
    nothing = [pa.nulls(len(rejects), _REJECT_SCHEMA.field(name).type) for name in ("found", "cells", "could_read")]
    return pa.table([rejects["position"], rejects["reason_index"], *nothing], schema=_REJECT_SCHEMA)


def _duplicate_rejects(duplicates: list[Duplicate], query: ValidationQuery) -> pa.Table:
    """Return the rejects of duplicates; of their cells only the identifier is shown, which the row kept has too."""
    cells = [[one.case_id if column.is_identifier else None for column in query.shown] for one in duplicates]
    return pa.table(
        [
            [one.place for one in duplicates],
            pa.array([len(query.reasons) + one.reason for one in duplicates], pa.uint16()),
            [one.winner for one in duplicates],
            pa.array(cells, _TEXTS),
            pa.array([[True] * len(query.shown)] * len(duplicates), pa.list_(pa.bool_())),
        ],
        schema=_REJECT_SCHEMA,
    )
