"""Validate every row of a file: accepted rows go to Parquet, rejected ones into a list with line and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
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
from analysis.data.ingest.column_sql import Condition, TableSql, column_index
from analysis.data.ingest.fault_codes import MARKS, REJECTS
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import HIDDEN, Rows
from analysis.data.sql import identifier, literal, nfc_text, trimmed

_BATCH_ROWS = 131_072
"""Rows validated at a time; also the size of a row group of the file written."""

_REJECT_SCHEMA = pa.schema({"position": pa.int64(), "reason_index": pa.uint16(), "found": pa.string()})
_MARK_SCHEMA = pa.schema({"position": pa.int64(), "marks": pa.uint16(), "case_id": pa.string()})
_NULL_TEXT = "CAST(NULL AS VARCHAR)"
_PRECEDENCE = {fault.code: at for at, fault in enumerate(REJECTS)}


@dataclass(frozen=True)
class RejectReason:
    """Why rows are rejected.

    Attributes
    ----------
    code : str
        See `analysis.data.ingest.fault_codes`.
    where : str
        Header of the column, or what else was examined.
    """

    code: str
    where: str


@dataclass(frozen=True)
class ValidationQuery:
    """The query that validates the rows of a source.

    Attributes
    ----------
    sql : str
        Gives one row per row of the source, in its order: the columns of our table, `_reason_index` (into `reasons`;
        missing when the row is valid), `_found` (the faulty text), `_marks` (bit i is set for entry i of
        `fault_codes.MARKS`) and `_other_id` (of a case, its identifier in another system).
    columns : tuple of str
        Those of our table.
    reasons : tuple of RejectReason
        All reasons for which the query rejects rows.
    row_id : str or None
        The column that flags name a row by, and, where duplicates are looked for, the one they share.
    completeness : str
        SQL of two columns by which the most complete of several rows of one identifier is found: whether the case is
        closed, and when it was finished.
    duplicate_reasons : tuple of RejectReason
        Those of a row of which another one is kept, see `find_duplicates`.
    """

    sql: str
    columns: tuple[str, ...]
    reasons: tuple[RejectReason, ...]
    row_id: str | None
    completeness: str
    duplicate_reasons: tuple[RejectReason, ...]


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
        `reason_index` (into `reasons`), `found` (the faulty text).
    marked : pa.Table
        Accepted rows with marks, in the order of the source: `position`, `marks` (bit i is set for entry i of
        `fault_codes.MARKS`), `case_id` (in a declared table its identifier; missing where rows have none).
    last_case_id : str or None
        Identifier on the last row, where it has one.
    """

    rows: int
    accepted: int
    reasons: tuple[RejectReason, ...]
    rejects: pa.Table
    marked: pa.Table
    last_case_id: str | None


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
    if mapping.totals:
        conditions.append(_total_row(table_sql, mapping, rows))
    other_id = f"{_NULL_TEXT} AS _other_id"
    if mapping.other_id:
        other_id = "_other_id"
        table_sql.cells["_raw_other_id"] = f"c{column_index(mapping.other_id, rows)}"
        table_sql.values["_other_id"] = nfc_text("_raw_other_id")
    conditions.sort(key=lambda condition: _PRECEDENCE[condition.code])
    sql = (
        f"SELECT {', '.join(map(identifier, columns))}, "
        f"_reason_index, {_found_text(conditions)} AS _found, _marks, {other_id} "
        f"FROM (SELECT *, {_first_true(conditions)} AS _reason_index, {_mark_bits(marks)} AS _marks "
        f"{table_sql.query(rows.relation)})"
    )
    named_by = mapping.id_column or ("case_id" if "case_id" in columns else None)
    reasons = tuple(RejectReason(one.code, one.where) for one in conditions)
    of_duplicates = tuple(RejectReason(code, where) for code, where in duplicate_reasons)
    return ValidationQuery(sql, columns, reasons, named_by, completeness, of_duplicates)


def _known_later(mapping: Mapping, extracted_on: date) -> Condition:
    """Return the condition that recognises a row of a declared table known only after its data was taken."""
    name = mapping.tables[mapping.table].known_from
    later = f"{identifier(name)} >= TIMESTAMP '{(extracted_on + timedelta(days=1)).isoformat()}'"
    where = f"{name}, with data of {extracted_on.isoformat()}"
    return Condition("value_out_of_range", later, where, identifier(name))


def _total_row(table_sql: TableSql, mapping: Mapping, rows: Rows) -> Condition:
    # Cells about persons are not examined: in a file copied into scratch they are missing.
    cells = [f"c{at}" for at in range(len(rows.header)) if at not in rows.personal]
    # Nearly always the first cell is filled and begins without a blank; the others are examined where it is not. What
    # stands twice in a query DuckDB computes beforehand for every row, needed or not: each is named once.
    table_sql.cells["_first_filled"] = (
        f"CASE WHEN {cells[0]} > '!' THEN {cells[0]} ELSE coalesce({', '.join(map(trimmed, cells))}) END"
    )
    table_sql.values["_first_cell"] = (
        "CASE WHEN strlen(_first_filled) = length(_first_filled) THEN _first_filled "
        "ELSE nfc_normalize(_first_filled) END"
    )
    starts = " OR ".join(f"starts_with(_first_cell, {literal(start)})" for start in mapping.totals)
    return Condition("total_row", f"({starts})", "first filled cell", "_first_cell")


def _first_true(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {condition.sql} THEN {at}" for at, condition in enumerate(conditions))
    return f"CAST({f'CASE {whens} END' if whens else 'NULL'} AS USMALLINT)"


def _found_text(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {at} THEN CAST({one.found} AS VARCHAR)" for at, one in enumerate(conditions) if one.found)
    return f"CASE WHEN _reason_index IS NOT NULL THEN CASE _reason_index {whens} END END" if whens else _NULL_TEXT


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
    """
    sql, columns = _with_hashes(query, suspects, case_id_form), list(query.columns)
    batches: list[_BatchResult] = []
    rows, accepted, last_case_id = 0, 0, None
    reader = connection.sql(sql).to_arrow_reader(_BATCH_ROWS)
    with _writer(into, [reader.schema.field(name) for name in columns], query.row_id) as writer:
        for batch in reader:
            if not len(batch):
                continue
            valid, result = _split_batch(batch, rows, suspects, query.row_id)
            writer.write_batch(valid.select(columns))
            batches.append(result)
            rows, accepted = rows + len(batch), accepted + len(valid)
            last_case_id = result.last_case_id
        duplicates: list[Duplicate] = []
        if suspects and batches:
            deferred = pa.concat_tables(one.deferred for one in batches if one.deferred is not None)
            duplicates = find_duplicates(_contenders(deferred, query, connection, case_id_form))
            winners = deferred.filter(pc.invert(_is_of(deferred["_position"], duplicates)))
            writer.write_table(winners.select(columns))
            accepted += len(winners)
    marked = pa.concat_tables([_MARK_SCHEMA.empty_table(), *(one.marked for one in batches)])
    rejects = [
        _REJECT_SCHEMA.empty_table(),
        *(one.rejects for one in batches),
        _duplicate_rejects(duplicates, len(query.reasons)),
    ]
    return ValidationResult(
        rows=rows,
        accepted=accepted,
        reasons=query.reasons + query.duplicate_reasons,
        rejects=pa.concat_tables(rejects).sort_by("position"),
        marked=marked.filter(pc.invert(_is_of(marked["position"], duplicates))),
        last_case_id=last_case_id,
    )


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
    rejects = pa.table([positions, batch["_reason_index"], batch["_found"]], schema=_REJECT_SCHEMA)
    rejects = rejects.filter(pc.invert(is_valid))
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


def _duplicate_rejects(duplicates: list[Duplicate], first_reason: int) -> pa.Table:
    return pa.table(
        [
            [one.place for one in duplicates],
            pa.array([first_reason + one.duplicate for one in duplicates], pa.uint16()),
            [one.winner for one in duplicates],
        ],
        schema=_REJECT_SCHEMA,
    )


REJECTED_COLUMNS = {"file": "str", "line": "int64", "code": "str", "reason": "str", "raw": "str"}
"""The list of rejected rows: column → type."""

FLAGGED_COLUMNS = {"file": "str", "line": "int64", "code": "str", "case_id": "str"}
"""The list of flagged rows: column → type."""


def typed_frame(rows: Sequence[tuple[object, ...]], types: dict[str, str]) -> pd.DataFrame:
    """Return rows as a data frame.

    Parameters
    ----------
    rows : sequence of tuple
        The rows, their values in the order of `types`.
    types : dict
        Column → type: `REJECTED_COLUMNS` or `FLAGGED_COLUMNS`.
    """
    return pd.DataFrame(list(rows), columns=list(types)).astype(types)


def rejects_by_code(rows: Rows, result: ValidationResult) -> Counter[str]:
    """Return how many rows were rejected, by code.

    Parameters
    ----------
    rows : Rows
        The source, whose unreadable rows are counted too.
    result : ValidationResult
        What became of its readable rows.
    """
    by_code = Counter(row.code for row in rows.unreadable)
    for reason, number in zip(*np.unique(result.rejects["reason_index"].to_numpy(), return_counts=True), strict=True):
        by_code[result.reasons[reason].code] += int(number)
    return by_code


def rejected(rows: Rows, result: ValidationResult, *, at_most: int | None = None) -> pd.DataFrame:
    """Return the rows that were rejected: `file, line` (1-based, physical), `code, reason, raw`, in the file's order.

    Parameters
    ----------
    rows : Rows
        The source.
    result : ValidationResult
        What became of its readable rows.
    at_most : int or None
        Limit on the number of unreadable rows listed, and on that of the others; the first ones are listed.
    """
    hidden = {rows.header[at] for at in rows.personal}
    rejects = result.rejects.slice(0, at_most)
    lines = rows.lines(rejects["position"].to_numpy()).tolist()
    listed = [(row.line, row.code, row.reason) for row in rows.unreadable[:at_most]]
    indices, texts = rejects["reason_index"].to_pylist(), rejects["found"].to_pylist()
    for line, index, text in zip(lines, indices, texts, strict=True):
        reason = result.reasons[index]
        shown = HIDDEN if reason.where in hidden else repr(text)
        listed.append((line, reason.code, reason.where if text is None else f"{reason.where}: {shown}"))
    listed.sort()
    raw_texts = rows.raw([line for line, _, _ in listed]) if listed else {}
    return typed_frame(
        [(rows.name, line, code, reason, raw_texts[line]) for line, code, reason in listed], REJECTED_COLUMNS
    )


def flagged(rows: Rows, result: ValidationResult) -> pd.DataFrame:
    """Return the flags of the accepted rows: `file, line` (1-based, physical), `code, case_id`, one row per flag.

    Parameters
    ----------
    rows : Rows
        The source.
    result : ValidationResult
        What became of its readable rows.
    """
    # Every row of a file may have a flag: none of them becomes a Python object.
    marks = result.marked["marks"].to_numpy()
    pieces = [
        result.marked.filter(pa.array(marks & (1 << at) > 0))
        .drop_columns("marks")
        .append_column("bit", pa.array(np.full(np.count_nonzero(marks & (1 << at)), at)))
        for at, fault in enumerate(MARKS)
        if fault.kind == "flag"
    ]
    listed = pa.concat_tables(pieces).sort_by([("position", "ascending"), ("bit", "ascending")])
    codes = np.array([fault.code for fault in MARKS])
    frame = pd.DataFrame(
        {
            "file": rows.name,
            "line": rows.lines(listed["position"].to_numpy()),
            "code": codes[listed["bit"].to_numpy()],
            "case_id": listed["case_id"].to_pandas(),
        }
    )
    last = typed_frame(_unfinished_last_row(rows, result), FLAGGED_COLUMNS)
    return pd.concat([frame.astype(FLAGGED_COLUMNS), last], ignore_index=True)


def classes(result: ValidationResult) -> dict[str, int]:
    """Return the accepted cases that are counted apart: code of the class → cases."""
    marks = result.marked["marks"].to_numpy()
    bits = {at: fault.code for at, fault in enumerate(MARKS) if fault.code in case_rules.CLASSES}
    return {code: int(np.count_nonzero(marks & (1 << at))) for at, code in bits.items()}


def _unfinished_last_row(rows: Rows, result: ValidationResult) -> list[tuple[object, ...]]:
    """Return the flag of a file's last row without a line break; none when that row was rejected."""
    if not (rows.last_line_unfinished and result.rows):
        return []
    line = int(rows.lines(np.array([result.rows]))[0])
    is_unreadable = bool(rows.unreadable) and rows.unreadable[-1].line > line
    rejects = result.rejects["position"]
    if is_unreadable or (len(rejects) and rejects[-1].as_py() == result.rows):
        return []
    return [(rows.name, line, "last_line_unfinished", result.last_case_id)]
