"""Every row read once: those that are right go to Parquet as they pass, of the others is kept what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.data.ingest.case_rules import key
from analysis.data.ingest.duplicates import DUPLICATES, Contender, Loser, Suspects, losers
from analysis.data.ingest.judging import Judgement, Reason

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
