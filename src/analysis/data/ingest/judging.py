"""Every row judged once: what is wrong with it, what is worth a look, and which case it is of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from analysis.data.ingest import case_rules
from analysis.data.ingest.duplicates import DUPLICATES, reject_duplicates
from analysis.data.ingest.quality import FLAGS, REJECTS
from analysis.data.ingest.reading import Condition, Reading, composed_text, position
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import Rows
from analysis.data.sources.sql import literal, trimmed

_ORDER = {fault.code: at for at, fault in enumerate(REJECTS)}
_MISSING_TEXT = "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True)
class Reason:
    """Why rows are rejected.

    Attributes
    ----------
    code : str
        See `analysis.data.ingest.quality`.
    where : str
        The header of the column, or what was looked at.
    """

    code: str
    where: str


def judge(
    made: Reading, mapping: Mapping, rows: Rows, connection: duckdb.DuckDBPyConnection, extracted_on: date
) -> list[Reason]:
    """Write the table ``judged``, one row per row of the source, and return the reasons it points to.

    It holds the columns of our table and beside them `verdict` (which of the reasons; missing when the row is right),
    `found` (the text at fault), `flags` (bit i is flag i of `quality.FLAGS`) and `other_id`. Its rows stand in the
    order of the source, so that DuckDB's own ``rowid`` is their position, counted from 0.

    Parameters
    ----------
    made : Reading
        How the rows are read; for cases, completed here.
    mapping, rows, connection
        Where they come from, and what scans them.
    extracted_on : date
        Day the data was taken from its system.
    """
    conditions, flags = list(made.conditions), {}
    ours = ", ".join(made.columns)
    if mapping.table == "cases":
        case_rules.complete(made, mapping)
        conditions += case_rules.rejections(extracted_on)
        flags = case_rules.flags(mapping)
    if made.not_nfc:
        flags["not_nfc"] = " OR ".join(made.not_nfc)
    if mapping.totals:
        conditions.append(_total_row(made, mapping, rows))
    other_id = "other_id" if mapping.other_id else f"{_MISSING_TEXT} AS other_id"
    if mapping.other_id:
        made.cells["raw_other_id"] = f"c{position(mapping.other_id, rows)}"
        made.read["other_id"] = composed_text("raw_other_id")
    conditions.sort(key=lambda one: _ORDER[one.code])
    connection.execute(
        f"CREATE TABLE judged AS SELECT {ours}, {other_id}, verdict, {_found(conditions)} AS found, flags "
        f"FROM (SELECT *, {_first_true(conditions)} AS verdict, {_bits(flags)} AS flags {made.sql(rows.relation)})"
    )
    reasons = [Reason(one.code, one.where) for one in conditions]
    if mapping.table == "cases":
        reject_duplicates(connection, case_id_form=mapping.case_id_form, first_verdict=len(reasons))
        reasons += [Reason(code, where) for code, where in DUPLICATES]
    return reasons


def _total_row(made: Reading, mapping: Mapping, rows: Rows) -> Condition:
    # Cells about persons are not looked at: in a file brought into scratch they are not there.
    cells = [f"c{at}" for at in range(len(rows.header)) if at not in rows.personal]
    whens = " ".join(f"WHEN {trimmed(cell)} IS NOT NULL THEN {trimmed(cell)}" for cell in cells)
    made.cells["first_cell"] = f"nfc_normalize(CASE {whens} END)"
    starts = " OR ".join(f"starts_with(first_cell, {literal(one)})" for one in mapping.totals)
    return Condition("total_row", f"({starts})", "first filled cell", "first_cell")


def _first_true(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {one.sql} THEN {at}" for at, one in enumerate(conditions))
    return f"CAST({f'CASE {whens} END' if whens else 'NULL'} AS UTINYINT)"


def _found(conditions: list[Condition]) -> str:
    whens = " ".join(f"WHEN {at} THEN CAST({one.found} AS VARCHAR)" for at, one in enumerate(conditions) if one.found)
    return f"CASE WHEN verdict IS NOT NULL THEN CASE verdict {whens} END END" if whens else _MISSING_TEXT


def _bits(flags: dict[str, str]) -> str:
    set_bits = [
        f"CASE WHEN {flags[fault.code]} THEN {1 << at} ELSE 0 END"
        for at, fault in enumerate(FLAGS)
        if fault.code in flags
    ]
    return f"CAST({' + '.join(set_bits) or '0'} AS USMALLINT)"
