"""One received file → one of our tables: every row accepted, or rejected with its line, reason and raw text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from analysis.data.ingest import case_rules
from analysis.data.ingest.case_rules import suspects
from analysis.data.ingest.column_sql import listed_columns, reading
from analysis.data.ingest.row_validation import Sifted, classes, flagged, judgement, rejected, rejects_by_code, sift
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.open import open_rows
from analysis.data.sources.rows import Asked, Rows
from analysis.data.sql import literal, workshop
from analysis.faults import BadData, BadParameters

MOST_REFUSED = 100_000
"""Rejects listed of a file that is refused: a wrong mapping rejects them all, and ten million fit into no memory."""


@dataclass(frozen=True)
class Intake:
    """What became of the rows of one file.

    Attributes
    ----------
    file, table : str
        What came in, and the table of ours it became.
    rows : int
        Rows that came in.
    accepted : int
        Of them, those in the table.
    rejected : pd.DataFrame
        The others: `file, line` (1-based, physical), `code, reason, raw`.
    flagged : pd.DataFrame
        Accepted, and worth a look: `file, line, code, case_id`; a row may stand here more than once.
    classes : dict
        Cases counted apart: code → cases.
    dropped : tuple of str
        Headers of columns about persons that were dropped at the door.
    """

    file: str
    table: str
    rows: int
    accepted: int
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    classes: dict[str, int]
    dropped: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.rows != self.accepted + len(self.rejected):
            raise AssertionError(
                f"{self.file}: {self.rows} rows in, {self.accepted} accepted and {len(self.rejected)} rejected"
            )


class TooManyRejects(BadData):
    """More of a file's rows are rejected than the run allows; nothing of it may be used as data.

    Attributes
    ----------
    rejected : pd.DataFrame
        As of `Intake`; of very many the first `MOST_REFUSED` only.
    """

    def __init__(self, sentence: str, rejected: pd.DataFrame) -> None:
        super().__init__(sentence)
        self.rejected = rejected


def ingest(
    source: str,
    mapping: Mapping,
    into: Path,
    *,
    extracted_on: date,
    reject_limit: float,
    tell: Callable[[str], None] = lambda line: None,
) -> Intake:
    """Return what became of a file's rows, with the accepted ones written as Parquet.

    The file is scanned twice and never held: for the values of its code columns and the identifiers that stand twice,
    and to judge every row and write those that are right. They stand in the file's order, but those of cases that it
    holds several times at the end.

    Parameters
    ----------
    source : str
        Path of the file, or address of a PostgreSQL database.
    mapping : Mapping
        How it becomes a table.
    into : Path
        File to write; it is there whole or, when anything goes wrong, as it was.
    extracted_on : date
        Day the data was taken from its system: nothing in it can be later.
    reject_limit : float
        Share of the rows (0–1) that may be rejected.
    tell : callable
        Gets one line per step.

    Raises
    ------
    BadData
        The file is not what the mapping says, a column is unknown, or too many rows are rejected.
    BadParameters
        The mapping or the address of a database cannot be meant.
    EnvironmentFault
        The disk is full, a file may not be read, or a database does not answer.
    """
    with workshop(into.parent) as (scratch, connection):
        _set_time_zone(connection, mapping.time_zone)
        tell("reading the rows")
        rows = open_rows(source, mapping, connection, scratch, asked=_asked(mapping))
        dropped = _dropped(rows, mapping)
        _refuse_unknown(rows, mapping, dropped)
        judged = judgement(reading(mapping, rows, connection), mapping, rows, extracted_on)
        tell("checking every row")
        part = scratch / "accepted.parquet"
        sifted = sift(judged, suspects(*rows.hashes), connection, part, case_id_form=mapping.case_id_form)
        _refuse_too_many(rows, sifted, reject_limit)
        intake = Intake(
            file=rows.name,
            table=mapping.table,
            rows=rows.count,
            accepted=sifted.accepted,
            rejected=rejected(rows, sifted),
            flagged=flagged(rows, sifted),
            classes=classes(sifted) if mapping.table == "cases" else {},
            dropped=dropped,
        )
        part.replace(into)
    return intake


def _asked(mapping: Mapping) -> Asked:
    listed = listed_columns(mapping)
    if mapping.table != "cases":
        return Asked(listed)
    identifiers = (mapping.columns["case_id"].column, mapping.other_id)
    return Asked(
        listed,
        identifiers=tuple(header for header in identifiers if header is not None),
        key=partial(case_rules.key, mapping.case_id_form),
    )


def _set_time_zone(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        connection.execute(f"SET TimeZone = {literal(name)}")
    except duckdb.Error as error:
        raise BadParameters(
            f"time_zone: there is none called {name!r}; one like Asia/Ho_Chi_Minh was expected"
        ) from error


def _dropped(rows: Rows, mapping: Mapping) -> tuple[str, ...]:
    taken = mapping.taken()
    return tuple(rows.header[at] for at in sorted(rows.personal) if rows.header[at] and rows.header[at] not in taken)


def _refuse_unknown(rows: Rows, mapping: Mapping, dropped: tuple[str, ...]) -> None:
    known = mapping.taken() | set(mapping.ignored) | set(dropped)
    unknown = [name for name in rows.header if name and name not in known]
    if unknown:
        raise BadData(
            f"{rows.name}: the mapping does not know the column{'s' if len(unknown) > 1 else ''} "
            f"{', '.join(repr(name) for name in unknown)}; list them under columns, ignored or personal"
        )


def _refuse_too_many(rows: Rows, sifted: Sifted, reject_limit: float) -> None:
    if not rows.count:
        raise BadData(f"{rows.name}: no row below the header")
    by_code = rejects_by_code(rows, sifted)
    if by_code.total() <= reject_limit * rows.count:
        return
    listed = rejected(rows, sifted, at_most=MOST_REFUSED)
    raise TooManyRejects(too_many(rows.name, rows.count, by_code, reject_limit, listed), listed)


def too_many(file: str, rows: int, by_code: Counter[str], reject_limit: float, listed: pd.DataFrame) -> str:
    """Return the sentence that a file is refused with: how many of its rows, and why most of them."""
    worst = ", ".join(f"{code} {number:,}" for code, number in by_code.most_common(3))
    first = listed.iloc[0]
    return (
        f"{file}: {by_code.total():,} of {rows:,} rows rejected ({by_code.total() / rows:.1%}), {reject_limit:.1%} at "
        f"most were expected; the worst: {worst}; the first on line {first['line']}: {first['reason']}"
    )
