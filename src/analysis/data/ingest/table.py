"""Turn one received file into one of our tables: every row is accepted, or rejected with line and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from analysis.data.ingest import case_rules
from analysis.data.ingest.case_rules import shared_hashes
from analysis.data.ingest.column_sql import build_table_sql, columns_of_text, listed_columns
from analysis.data.ingest.fault_codes import NO_RATING, NOTHING_LOST, PART_NOT_GIVEN
from analysis.data.ingest.listed_rows import classes, flagged, rejected, rejects_by_code
from analysis.data.ingest.names import Names
from analysis.data.ingest.period_overlap import refuse_overlaps_in
from analysis.data.ingest.row_validation import ValidationResult, validate_rows, validation_query, without_ratings
from analysis.data.sources.legacy_vietnamese import legacy_encoding, not_unicode
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.open import open_rows
from analysis.data.sources.rows import Rows, ScanRequest, name_by_place
from analysis.data.sql import identifier, literal, parquet, scratch_connection
from analysis.faults import BadData, BadParameters

MAX_LISTED_REJECTS = 100_000
"""Most rejects listed of a refused file: a wrong mapping rejects every row, and ten million would not fit in memory."""


@dataclass(frozen=True)
class Intake:
    """What became of the rows of one file.

    Attributes
    ----------
    file, table : str
        Name of the file, and the table of ours it became.
    rows : int
        Rows that came in; of ratings, those in which somebody gave one.
    accepted : int
        Those of them that are in the table.
    rejected : pd.DataFrame
        The others: `file, line` (1-based, physical), `code, reason, raw`.
    flagged : pd.DataFrame
        Flags of accepted rows: `file, line` (1-based, physical), `code, case_id`; a row may have several.
    classes : dict
        Code of the class → accepted cases that are counted apart.
    dropped : tuple of str
        Headers of columns about persons that were dropped.
    notes : dict
        Code of the note → rows, columns or sheets of the file that it is about.
    names : dict
        Dimension → code → how the accepted rows spell it.
    """

    file: str
    table: str
    rows: int
    accepted: int
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    classes: dict[str, int]
    dropped: tuple[str, ...]
    notes: dict[str, int] = field(default_factory=dict)
    names: Names = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rows != self.accepted + len(self.rejected):
            raise AssertionError(
                f"{self.file}: {self.rows} rows in, {self.accepted} accepted and {len(self.rejected)} rejected"
            )


class TooManyRejects(BadData):
    """More rows of a file are rejected than the run allows; nothing of it may be used as data.

    Attributes
    ----------
    rejected : pd.DataFrame
        As in `Intake`, limited to the first `MAX_LISTED_REJECTS`.
    """

    def __init__(self, sentence: str, rejected: pd.DataFrame) -> None:
        super().__init__(sentence)
        self.rejected = rejected

    def __reduce__(self) -> tuple[type[TooManyRejects], tuple[str, pd.DataFrame]]:
        # An exception is pickled with the arguments of its base, and this one has two.
        return TooManyRejects, (str(self), self.rejected)


def ingest(
    source: str,
    mapping: Mapping,
    into: Path,
    *,
    extracted_on: date,
    reject_limit: float,
    report_progress: Callable[[str], None] = lambda line: None,
) -> Intake:
    """Return what became of a file's rows, with the accepted ones written as Parquet.

    The file is scanned twice and never held in memory: once for the values of its code columns and for identifiers that
    occur more than once, and once to validate every row and write the accepted ones. They stand in the file's order,
    except that those of cases with several rows follow at the end.

    Parameters
    ----------
    source : str
        Path of the file, or address of a PostgreSQL database.
    mapping : Mapping
        How it becomes a table.
    into : Path
        File to write; when anything goes wrong it is left as it was.
    extracted_on : date
        Day the data was taken from its system: nothing in it can be later.
    reject_limit : float
        Share of the rows (0–1) that may be rejected.
    report_progress : callable
        Called with one line per step.

    Raises
    ------
    BadData
        The file is not what the mapping says, a column is unknown, or too many rows are rejected.
    BadParameters
        The mapping or the address of a database is not valid.
    EnvironmentFault
        The disk is full, a file may not be read, or a database does not answer.
    """
    with scratch_connection(into.parent, reads=[source]) as (scratch, connection):
        _set_time_zone(connection, mapping.time_zone)
        report_progress("reading the rows")
        rows = open_rows(source, mapping, connection, scratch, scan_request=_scan_request(mapping))
        dropped = _dropped_headers(rows, mapping)
        _refuse_legacy_text(rows)
        _refuse_unknown(rows, mapping, dropped)
        query = validation_query(build_table_sql(mapping, rows, connection), mapping, rows, extracted_on)
        report_progress("checking every row")
        accepted = scratch / "accepted.parquet"
        result = validate_rows(
            query,
            shared_hashes(*rows.hashes),
            connection,
            accepted,
            case_id_form=mapping.case_id_form,
            most_texts=MAX_LISTED_REJECTS + int(reject_limit * rows.count),
        )
        in_file = result
        result, blank = without_ratings(result)
        rows = replace(rows, count=rows.count - blank, notes=rows.notes | ({NO_RATING: blank} if blank else {}))
        _refuse_too_many(rows, result, reject_limit)
        refuse_overlaps_in(accepted, mapping.table, connection, where=rows.name)
        lacking = _rows_without_a_part(accepted, mapping, connection)
        rows = replace(rows, notes=rows.notes | ({PART_NOT_GIVEN: lacking} if lacking else {}))
        intake = Intake(
            file=rows.name,
            table=mapping.table,
            rows=rows.count,
            accepted=result.accepted,
            rejected=rejected(rows, result),
            flagged=flagged(rows, in_file),
            classes=classes(result) if mapping.table == "cases" else {},
            dropped=dropped,
            notes=rows.notes,
            names=result.names,
        )
        accepted.replace(into)
    return intake


def _scan_request(mapping: Mapping) -> ScanRequest:
    value_columns, text_columns = listed_columns(mapping), columns_of_text(mapping)
    if mapping.id_column is None:
        return ScanRequest(value_columns, text_columns)
    identifiers = (mapping.columns[mapping.id_column].column, mapping.other_id)
    return ScanRequest(
        value_columns,
        text_columns,
        identifier_columns=tuple(header for header in identifiers if header is not None),
        key_sql=partial(case_rules.case_key, mapping.case_id_form),
    )


def _set_time_zone(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    try:
        connection.execute(f"SET TimeZone = {literal(name)}")
    except duckdb.Error as error:
        raise BadParameters(
            f"time_zone: there is none called {name!r}; one like Asia/Ho_Chi_Minh was expected"
        ) from error


def _dropped_headers(rows: Rows, mapping: Mapping) -> tuple[str, ...]:
    """Return the headers of the columns about persons that are not used."""
    used = mapping.used_headers()
    empty = {name for at, name in enumerate(rows.header) if name == name_by_place(at)} - set(rows.nameless)
    return tuple(rows.header[at] for at in sorted(rows.personal) if rows.header[at] not in used | empty)


def _refuse_legacy_text(rows: Rows) -> None:
    """Refuse a file whose header, or a column of codes, is Vietnamese of before Unicode."""
    for what, texts in [("the header", rows.header), *((repr(rows.header[at]), rows.values[at]) for at in rows.values)]:
        name = legacy_encoding(texts)
        if name:
            raise BadData(f"{rows.name}: {what} {not_unicode(name)}")


def _refuse_unknown(rows: Rows, mapping: Mapping, dropped: tuple[str, ...]) -> None:
    used = mapping.used_headers()
    if not used & set(rows.header):
        # What stands there may be a row of data: it is not quoted.
        raise BadData(f"{rows.name}: the header has none of the mapping's columns ({', '.join(sorted(used))})")
    known = used | set(mapping.ignored) | set(mapping.personal) | set(dropped)
    unknown = [name for at, name in enumerate(rows.header) if name not in known and name != name_by_place(at)]
    nameless = [name for name in rows.nameless if name not in known]
    if unknown:
        raise BadData(
            f"{rows.name}: {_lacking(sorted(used - set(rows.header)), unknown)}the mapping does not know the column"
            f"{'s' if len(unknown) > 1 else ''} {', '.join(map(repr, unknown))}; list them under columns, ignored or "
            "personal"
        )
    if nameless:
        raise BadData(
            f"{rows.name}: {', '.join(nameless)} {'have' if len(nameless) > 1 else 'has'} no header and something "
            f"below it; give it one, or list {nameless[0]!r} under ignored or personal"
        )


def _lacking(names: list[str], unknown: list[str]) -> str:
    """Return the half of a sentence about columns that the header lacks, each with the unknown one it may be."""
    told = []
    for name in names:
        close = get_close_matches(name, unknown, n=1)
        told.append(repr(name) + (f" (did you mean {close[0]!r}?)" if close else ""))
    return f"the header has no {' and no '.join(told)}, which the mapping uses, and " if told else ""


def _rows_without_a_part(accepted: Path, mapping: Mapping, connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many rows of margins have a whole and not one of its parts."""
    if not mapping.parts:
        return 0
    tests = " OR ".join(
        f"({identifier(name)} IS NULL AND {identifier(part.of)} IS NOT NULL)" for name, part in mapping.parts.items()
    )
    ((count,),) = connection.execute(f"SELECT count_if({tests}) FROM {parquet(accepted)}").fetchall()
    return int(count)


def _refuse_too_many(rows: Rows, result: ValidationResult, reject_limit: float) -> None:
    by_code = rejects_by_code(rows, result)
    count = rows.count - sum(by_code.pop(code, 0) for code in NOTHING_LOST)
    if not count and NO_RATING not in rows.notes:
        raise BadData(f"{rows.name}: no row below the header{' but totals or empty ones' if rows.count else ''}")
    if by_code.total() <= reject_limit * count:
        return
    listed = rejected(rows, result, at_most=MAX_LISTED_REJECTS)
    raise TooManyRejects(refusal_message(rows.name, count, by_code, reject_limit, listed), listed)


def refusal_message(file: str, rows: int, by_code: Counter[str], reject_limit: float, listed: pd.DataFrame) -> str:
    """Return the message with which a file is refused: how many rows are rejected, and the most frequent reasons.

    Parameters
    ----------
    file : str
        Name of the file.
    rows : int
        Rows that came in, without those of `NOTHING_LOST`.
    by_code : Counter
        Code → rejected rows, without those either.
    reject_limit : float
        Share of the rows (0–1) that may be rejected.
    listed : pd.DataFrame
        `line, reason` of the rejected rows, the first one first.
    """
    worst = ", ".join(f"{code} {number:,}" for code, number in by_code.most_common(3))
    first = listed[~listed["code"].isin(NOTHING_LOST)].iloc[0]
    return (
        f"{file}: {by_code.total():,} of {rows:,} rows rejected ({by_code.total() / rows:.1%}), {reject_limit:.1%} at "
        f"most were expected; the worst: {worst}; the first on line {first['line']}: {first['reason']}"
    )
