"""Where the cases of a file stand in it, and by what other files may know them: kept beside a file that has company."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.data.ingest.case_rules import key
from analysis.data.ingest.table import Intake
from analysis.data.ingest.workshop import workshop
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.open import open_rows
from analysis.data.sources.rows import Asked, Rows
from analysis.data.sources.sql import composed, literal, parquet
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
