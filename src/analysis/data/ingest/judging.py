"""What is wrong with a row and what is worth a look: one query that judges every row once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from analysis.data.ingest import case_rules
from analysis.data.ingest.quality import MARKS, REJECTS
from analysis.data.ingest.reading import Condition, Reading, position
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import Rows
from analysis.data.sources.sql import composed, literal, trimmed

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
