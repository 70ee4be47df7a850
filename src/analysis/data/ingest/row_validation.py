"""Every row of a file validated once: valid rows go to Parquet, the others are listed with line and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.data.ingest import case_rules
from analysis.data.ingest.case_rules import DUPLICATES, Contender, Loser, Suspects, key, losers
from analysis.data.ingest.column_sql import Condition, Reading, position
from analysis.data.ingest.fault_codes import MARKS, REJECTS
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import HIDDEN, Rows
from analysis.data.sql import composed, literal, trimmed

_ORDER = {fault.code: at for at, fault in enumerate(REJECTS)}
_MISSING_TEXT = "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True)
class Reason:
    """Why rows are rejected.

    Attributes
    ----------
    code : str
        See `analysis.data.ingest.fault_codes`.
    where : str
        The header of the column, or what was looked at.
    """

    code: str
    where: str


@dataclass(frozen=True)
class Judgement:
    """How the rows of a source are judged.

    Attributes
    ----------
    query : str
        One row per row of the source, in its order: the columns of our table, `verdict` (which of the reasons; missing
        when the row is right), `found` (the text at fault), `marks` (bit i is mark i of `quality.MARKS`) and `other_id`
        (of a case, its identifier in another system).
    columns : tuple of str
        Of them those of our table.
    reasons : tuple of Reason
        What the verdicts say.
    """

    query: str
    columns: tuple[str, ...]
    reasons: tuple[Reason, ...]


def judgement(made: Reading, mapping: Mapping, rows: Rows, extracted_on: date) -> Judgement:
    """Return how the rows of a source are judged.

    Parameters
    ----------
    made : Reading
        How the rows are read; for cases, completed here.
    mapping, rows
        Where they come from.
    extracted_on : date
        Day the data was taken from its system.
    """
    conditions, marks = list(made.conditions), {}
    columns = tuple(made.columns)
    if mapping.table == "cases":
        case_rules.complete(made, mapping)
        conditions += case_rules.rejections(extracted_on)
        marks = case_rules.marks(mapping)
    if made.not_nfc:
        marks["not_nfc"] = " OR ".join(made.not_nfc)
    if mapping.totals:
        conditions.append(_total_row(made, mapping, rows))
    other_id = f"{_MISSING_TEXT} AS other_id"
    if mapping.other_id:
        other_id = "other_id"
        made.cells["raw_other_id"] = f"c{position(mapping.other_id, rows)}"
        made.read["other_id"] = composed("raw_other_id")
    conditions.sort(key=lambda one: _ORDER[one.code])
    query = (
        f"SELECT {', '.join(columns)}, verdict, {_found(conditions)} AS found, marks, {other_id} "
        f"FROM (SELECT *, {_first_true(conditions)} AS verdict, {_bits(marks)} AS marks {made.sql(rows.relation)})"
    )
    return Judgement(query, columns, tuple(Reason(one.code, one.where) for one in conditions))


def _total_row(made: Reading, mapping: Mapping, rows: Rows) -> Condition:
    # Cells about persons are not looked at: in a file brought into scratch they are not there.
    cells = [f"c{at}" for at in range(len(rows.header)) if at not in rows.personal]
    # Nearly always it is the first cell, without a blank before it; the others are looked at where it is not. What
    # stands twice in a query DuckDB computes for every row beforehand, needed or not: each is named once.
    made.cells["first_filled"] = (
        f"CASE WHEN {cells[0]} > '!' THEN {cells[0]} ELSE coalesce({', '.join(map(trimmed, cells))}) END"
    )
    made.read["first_cell"] = (
        "CASE WHEN strlen(first_filled) = length(first_filled) THEN first_filled ELSE nfc_normalize(first_filled) END"
    )
    starts = " OR ".join(f"starts_with(first_cell, {literal(one)})" for one in mapping.totals)
    return Condition("total_row", f"({starts})", "first filled cell", "first_cell")


def _first_true(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {one.sql} THEN {at}" for at, one in enumerate(conditions))
    return f"CAST({f'CASE {whens} END' if whens else 'NULL'} AS UTINYINT)"


def _found(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {at} THEN CAST({one.found} AS VARCHAR)" for at, one in enumerate(conditions) if one.found)
    return f"CASE WHEN verdict IS NOT NULL THEN CASE verdict {whens} END END" if whens else _MISSING_TEXT


def _bits(marks: dict[str, str]) -> str:
    set_bits = [
        f"CASE WHEN {marks[fault.code]} THEN {1 << at} ELSE 0 END"
        for at, fault in enumerate(MARKS)
        if fault.code in marks
    ]
    return f"CAST({' + '.join(set_bits) or '0'} AS USMALLINT)"


_BATCH = 131_072
"""Rows that pass at a time; also a row group of the file written."""

_REJECTS = pa.schema({"place": pa.int64(), "verdict": pa.uint8(), "found": pa.string()})
_MARKED = pa.schema({"place": pa.int64(), "marks": pa.uint16(), "case_id": pa.string()})


@dataclass(frozen=True, eq=False)
class Sifted:
    """What became of the rows of a source.

    Attributes
    ----------
    rows, accepted : int
        Rows that passed, and those of them that were written.
    reasons : tuple of Reason
        What the verdicts say.
    rejects : pa.Table
        The rows that were not written: `place` (position among the rows, counted from 1), `verdict` (which of the
        reasons), `found` (the text at fault), in the order of the source.
    marked : pa.Table
        Rows written that are marked: `place, marks` (bit i is mark i of `quality.MARKS`), `case_id` (missing in other
        tables than cases), in the order of the source.
    last_case_id : str or None
        Identifier on the last row, where it has one.
    """

    rows: int
    accepted: int
    reasons: tuple[Reason, ...]
    rejects: pa.Table
    marked: pa.Table
    last_case_id: str | None


def sift(
    judgement: Judgement, suspects: Suspects, connection: duckdb.DuckDBPyConnection, into: Path, *, case_id_form: str
) -> Sifted:
    """Return what became of every row, with those that are right written as Parquet.

    They stand in the order of the source; those of cases that stand there several times follow at the end, because
    which of their rows wins is known only when all have passed.

    Parameters
    ----------
    judgement : Judgement
        How the rows are judged.
    suspects : Suspects
        Which rows may be of a case with other rows.
    connection : duckdb.DuckDBPyConnection
        Reads them.
    into : Path
        File to write.
    case_id_form : {"any", "national"}
        See `analysis.data.sources.mapping.Mapping`.
    """
    query, columns = _with_hashes(judgement, suspects, case_id_form), list(judgement.columns)
    passed: list[_Passed] = []
    rows, accepted, last_case_id = 0, 0, None
    reader = connection.sql(query).to_arrow_reader(_BATCH)
    with _writer(into, [reader.schema.field(name) for name in columns]) as writer:
        for batch in reader:
            if not len(batch):
                continue
            right, told = _look_at(batch, rows, suspects)
            writer.write_batch(right.select(columns))
            passed.append(told)
            rows, accepted = rows + len(batch), accepted + len(right)
            last_case_id = told.last_case_id
        lost: list[Loser] = []
        if suspects and passed:
            held = pa.concat_tables(one.held for one in passed if one.held is not None)
            lost = losers(_contenders(held, connection, case_id_form))
            winners = held.filter(pc.invert(_is_of(held, lost)))
            writer.write_table(winners.select(columns))
            accepted += len(winners)
    marked = pa.concat_tables([_MARKED.empty_table(), *(one.marked for one in passed)])
    rejects = [_REJECTS.empty_table(), *(one.rejects for one in passed), _as_rejects(lost, len(judgement.reasons))]
    return Sifted(
        rows=rows,
        accepted=accepted,
        reasons=judgement.reasons + tuple(Reason(code, where) for code, where in DUPLICATES),
        rejects=pa.concat_tables(rejects).sort_by("place"),
        marked=marked.filter(pc.invert(_is_of(marked, lost))),
        last_case_id=last_case_id,
    )


@dataclass(frozen=True, eq=False)
class _Passed:
    """What is told of a batch of rows: those that are wrong, those that are marked, those that must wait."""

    rejects: pa.Table
    marked: pa.Table
    held: pa.Table | None
    last_case_id: str | None


def _look_at(batch: pa.RecordBatch, before: int, suspects: Suspects) -> tuple[pa.RecordBatch, _Passed]:
    """Return the rows of a batch that are certainly right, and what is told of it.

    Parameters
    ----------
    batch : pa.RecordBatch
        Rows of a `Judgement`.
    before : int
        Rows that passed before them.
    suspects : Suspects
        Which rows must wait.
    """
    places = pa.array(np.arange(before + 1, before + 1 + len(batch)))
    case_ids = batch["case_id"] if "case_id" in batch.schema.names else pa.nulls(len(batch), pa.string())
    is_right = batch["verdict"].is_null()
    rejects = pa.table([places, batch["verdict"], batch["found"]], schema=_REJECTS).filter(pc.invert(is_right))
    marked = pa.table([places, batch["marks"], case_ids], schema=_MARKED)
    marked = marked.filter(pc.and_(is_right, pc.greater(batch["marks"], 0)))
    held = None
    if suspects:
        is_suspect = pa.array(suspects.among(batch["own_hash"].to_numpy(), batch["other_hash"].to_numpy()))
        held = pa.Table.from_batches([batch.append_column("place", places)]).filter(pc.and_(is_right, is_suspect))
        is_right = pc.and_not(is_right, is_suspect)
    # A batch that is right as a whole is not copied.
    right = batch if pc.all(is_right).as_py() else batch.filter(is_right)
    return right, _Passed(rejects, marked, held, case_ids[-1].as_py())


def _writer(into: Path, ours: Sequence[pa.Field]) -> pq.ParquetWriter:
    # Times hardly ever repeat, identifiers never: looking for repeats in them costs more than it saves.
    repeating = [one.name for one in ours if pa.types.is_string(one.type) and one.name != "case_id"]
    return pq.ParquetWriter(into, pa.schema(ours), compression="zstd", use_dictionary=repeating)


def _with_hashes(judgement: Judgement, suspects: Suspects, case_id_form: str) -> str:
    if not suspects:
        return judgement.query
    own, other = (f"hash({key(case_id_form, column)})" for column in ("case_id", "other_id"))
    return f"SELECT *, {own} AS own_hash, {other} AS other_hash FROM ({judgement.query})"


def _contenders(held: pa.Table, connection: duckdb.DuckDBPyConnection, case_id_form: str) -> list[Contender]:
    connection.register("held", held)
    own, other = (key(case_id_form, column) for column in ("case_id", "other_id"))
    rows = connection.execute(
        f"SELECT place, {own}, {other}, case_id, outcome <> 'open', finished_at FROM held ORDER BY place"
    ).fetchall()
    connection.unregister("held")
    return [Contender(*row) for row in rows]


def _is_of(table: pa.Table, lost: list[Loser]) -> pa.ChunkedArray:
    return pc.is_in(table["place"], pa.array([one.place for one in lost], pa.int64()))


def _as_rejects(lost: list[Loser], first_verdict: int) -> pa.Table:
    return pa.table(
        [
            [one.place for one in lost],
            pa.array([first_verdict + one.duplicate for one in lost], pa.uint8()),
            [one.winner for one in lost],
        ],
        schema=_REJECTS,
    )


# Column → type in a frame.
REJECTED = {"file": "str", "line": "int64", "code": "str", "reason": "str", "raw": "str"}
FLAGGED = {"file": "str", "line": "int64", "code": "str", "case_id": "str"}


def as_list(rows: Sequence[tuple[object, ...]], types: dict[str, str]) -> pd.DataFrame:
    """Return rows as a list of `REJECTED` or `FLAGGED` ones."""
    return pd.DataFrame(list(rows), columns=list(types)).astype(types)


def rejects_by_code(rows: Rows, sifted: Sifted) -> Counter[str]:
    """Return how many rows were rejected with each code."""
    found = Counter(one.code for one in rows.broken)
    for verdict, number in zip(*np.unique(sifted.rejects["verdict"].to_numpy(), return_counts=True), strict=True):
        found[sifted.reasons[verdict].code] += int(number)
    return found


def rejected(rows: Rows, sifted: Sifted, *, at_most: int | None = None) -> pd.DataFrame:
    """Return the rows that were rejected: `file, line` (1-based, physical), `code, reason, raw`, in the file's order.

    Parameters
    ----------
    rows : Rows
        The source.
    sifted : Sifted
        What became of its rows.
    at_most : int or None
        Only so many of them, the first of those that were read and the first of those that were not.
    """
    hidden = {rows.header[at] for at in rows.personal}
    rejects = sifted.rejects.slice(0, at_most)
    lines = rows.lines(rejects["place"].to_numpy()).tolist()
    told = [(one.line, one.code, one.reason) for one in rows.broken[:at_most]]
    for line, verdict, found in zip(lines, rejects["verdict"].to_pylist(), rejects["found"].to_pylist(), strict=True):
        reason = sifted.reasons[verdict]
        shown = HIDDEN if reason.where in hidden else repr(found)
        told.append((line, reason.code, reason.where if found is None else f"{reason.where}: {shown}"))
    told.sort()
    raws = rows.raw([line for line, _, _ in told]) if told else {}
    return as_list([(rows.name, line, code, reason, raws[line]) for line, code, reason in told], REJECTED)


def flagged(rows: Rows, sifted: Sifted) -> pd.DataFrame:
    """Return what is worth a look in the rows that were taken: `file, line, code, case_id`, a row per flag."""
    # A file of one system may have a flag on every row: no row of it becomes a Python object.
    marks = sifted.marked["marks"].to_numpy()
    pieces = [
        sifted.marked.filter(pa.array(marks & (1 << at) > 0))
        .drop_columns("marks")
        .append_column("bit", pa.array(np.full(np.count_nonzero(marks & (1 << at)), at)))
        for at, fault in enumerate(MARKS)
        if fault.kind == "flag"
    ]
    listed = pa.concat_tables(pieces).sort_by([("place", "ascending"), ("bit", "ascending")])
    codes = np.array([fault.code for fault in MARKS])
    frame = pd.DataFrame(
        {
            "file": rows.name,
            "line": rows.lines(listed["place"].to_numpy()),
            "code": codes[listed["bit"].to_numpy()],
            "case_id": listed["case_id"].to_pandas(),
        }
    )
    last = as_list(_unfinished(rows, sifted), FLAGGED)
    return pd.concat([frame.astype(FLAGGED), last], ignore_index=True)


def classes(sifted: Sifted) -> dict[str, int]:
    """Return the cases counted apart among those taken: code → cases."""
    marks = sifted.marked["marks"].to_numpy()
    counted = {at: fault.code for at, fault in enumerate(MARKS) if fault.code in case_rules.CLASSES}
    return {code: int(np.count_nonzero(marks & (1 << at))) for at, code in counted.items()}


def _unfinished(rows: Rows, sifted: Sifted) -> list[tuple[object, ...]]:
    """Return the flag of the file's last row, unless that row was not taken."""
    if not (rows.last_line_unfinished and sifted.rows):
        return []
    line = int(rows.lines(np.array([sifted.rows]))[0])
    is_broken = bool(rows.broken) and rows.broken[-1].line > line
    rejects = sifted.rejects["place"]
    if is_broken or (len(rejects) and rejects[-1].as_py() == sifted.rows):
        return []
    return [(rows.name, line, "last_line_unfinished", sifted.last_case_id)]
