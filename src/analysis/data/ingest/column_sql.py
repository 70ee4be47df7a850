"""SQL that turns the cells of a received file into the columns of one of our tables, with the faults it finds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import duckdb
import pandera.pandas as pa
import pyarrow as arrow

from analysis.code_of_name import code_of_name
from analysis.data.codes import NATIONAL_ID
from analysis.data.contracts import Ratings, columns_of
from analysis.data.ingest.fault_codes import NO_RATING
from analysis.data.ingest.names import NAMED_BY_NOBODY, SpelledColumn, Spelling, spelling
from analysis.data.margins import impossible
from analysis.data.sources.column_source import (
    KEEP,
    REST,
    Kind,
    Source,
    allowed_values,
    kind_of,
    sql_type,
    strptime_format,
)
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.missing import missing_words
from analysis.data.sources.period_text import read_period
from analysis.data.sources.persons import is_personal
from analysis.data.sources.rows import MAX_DISTINCT_VALUES, Rows, fold_header
from analysis.data.sources.total_rows import TotalPhrases
from analysis.data.sources.workbook_marks import ERROR_TEXT
from analysis.data.sql import BLANKS, identifier, literal, nfc_text, trimmed
from analysis.faults import BadData

EARLIEST, LATEST = "1990-01-01", "2101-01-01"
"""Bounds of believable times: no case of a one-stop system lies outside; a year 21 or 20211 is a typing error."""


Quoted = Literal["always", "when_short", "when_shared", "never"]

SHORT = 8
"""Most letters of a number that is quoted: a longer one may be a person's telephone or identity number."""


@dataclass(frozen=True)
class Condition:
    """SQL that recognises rows with one fault.

    Attributes
    ----------
    code : str
        See `analysis.data.ingest.fault_codes`.
    sql : str
        True for such rows.
    where : str
        Header of the column, or what else was examined.
    found : str or None
        SQL of the faulty text.
    quoted : {"always", "when_short", "when_shared", "never"}
        Whether the reason may quote that text: what its column could not read may be a person's name from another one.
        ``when_short``: up to `SHORT` letters; ``when_shared``: where several rows have it.
    """

    code: str
    sql: str
    where: str
    found: str | None = None
    quoted: Quoted = "always"


@dataclass(frozen=True)
class ReadCell:
    """A cell that a column of ours is read from, to be shown of a rejected row.

    Attributes
    ----------
    header : str
        Header of its column.
    cell : str
        SQL of its text.
    could_read : str
        SQL that is true where the text is what our column holds.
    is_free : bool
        Whether our column holds any text, as a code.
    """

    header: str
    cell: str
    could_read: str
    is_free: bool = False


@dataclass
class TableSql:
    """SQL that turns rows of text into the columns of one of our tables, in three steps.

    The steps are there for speed: DuckDB evaluates both sides of a coalesce, and an alias twice when it is used twice.
    So nothing is computed twice, and what few rows need (another date format, an odd blank) is computed for those rows
    only.

    Attributes
    ----------
    table : str
        Name of the table.
    cells : dict
        First step: alias → SQL over the cells ``c{i}``.
    values : dict
        Second step: alias → SQL over the aliases of `cells`.
    columns : dict
        Third step: our column → SQL over the aliases of both.
    conditions : list of Condition
        Conditions for rejecting a row, over all of these.
    read : dict
        Our column → the cell that it is read from, where it is read from one.
    not_nfc : list of str
        SQL that is true where a cell was not in composed letters (NFC).
    spelled : list of SpelledColumn
        The columns of codes that the source spells otherwise than we do.
    stored : tuple of str
        The columns that are stored, in their order.
    """

    table: str
    cells: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    read: dict[str, ReadCell] = field(default_factory=dict)
    not_nfc: list[str] = field(default_factory=list)
    spelled: list[SpelledColumn] = field(default_factory=list)
    stored: tuple[str, ...] = ()

    def query(self, relation: str) -> str:
        """Return the FROM clause that yields all aliases and columns over a relation, in the order of its rows."""
        query = f"FROM {relation}"
        for everything, step in (("", self.cells), ("*, ", self.values), ("*, ", self.columns)):
            if step:
                selected = ", ".join(f"{sql} AS {identifier(alias)}" for alias, sql in step.items())
                query = f"FROM (SELECT {everything}{selected} {query})"
        return query


def listed_columns(mapping: Mapping) -> tuple[str, ...]:
    """Return the headers of the columns whose distinct values are listed first and translated value by value."""
    return _headers_of_kinds(mapping, "listed", "code", "period")


def columns_of_text(mapping: Mapping) -> tuple[str, ...]:
    """Return the headers of the columns that are kept as the text they hold: identifiers."""
    other = (mapping.other_id,) if mapping.other_id else ()
    return _headers_of_kinds(mapping, "text") + other


def _headers_of_kinds(mapping: Mapping, *kinds: Kind) -> tuple[str, ...]:
    return tuple(
        source.column
        for name, source in mapping.sources.items()
        if source.column is not None and kind_of(mapping.contract[name]) in kinds
    )


def build_table_sql(mapping: Mapping, rows: Rows, connection: duckdb.DuckDBPyConnection) -> TableSql:
    """Return the SQL by which the rows of a source become our table.

    Parameters
    ----------
    mapping : Mapping
        Where each column comes from.
    rows : Rows
        The source, with the distinct values of `listed_columns`.
    connection : duckdb.DuckDBPyConnection
        Connection that will run the SQL; one ENUM type per listed column is created in it.

    Raises
    ------
    BadData
        A column the mapping uses is not in the header, or stands there twice; a column of codes has too many values.
    """
    table_sql, unrated = TableSql(mapping.table), []
    for name, contract in mapping.contract.items():
        source = mapping.sources.get(name)
        if source is None or source.constant is not None:
            value = "NULL" if source is None else literal(source.constant)
            table_sql.columns[name] = f"CAST({value} AS {sql_type(contract)})"
            continue
        at = column_index(str(source.column), rows)
        missing = missing_words(kind_of(contract), mapping.missing)
        column = _SourceColumn(name, source, contract, f"c{at}", rows.values.get(at, []), missing)
        if len(column.values) > MAX_DISTINCT_VALUES:
            raise BadData(
                f"{rows.name}: column {column.header!r} has more than {MAX_DISTINCT_VALUES:,} different values; "
                f"codes of {name} were expected"
            )
        table_sql.cells[column.raw] = column.cell
        _READERS[kind_of(contract)](table_sql, column, mapping, connection)
        if name in _RATED.get(mapping.table, ()):
            unrated.append(f"NOT coalesce({column.is_filled}, false)")
        # Of cases, `case_rules` has this condition and others.
        if not contract.nullable and (mapping.table, name) != ("cases", "case_id"):
            code = "case_id_missing" if name == "case_id" else "value_missing"
            table_sql.conditions.append(Condition(code, f"{column.own} IS NULL", column.header))
    if unrated:
        table_sql.conditions.append(Condition(NO_RATING, f"({' AND '.join(unrated)})", "no rating"))
    table_sql.stored = tuple(table_sql.columns)
    if mapping.counts_each_rating:
        # Each row stays one row: any rows of ratings may be summed, and every row that came in is accounted for.
        table_sql.columns["satisfied"] = "CASE WHEN rating = 'dissatisfied' THEN 0 ELSE n END"
        table_sql.columns["respondents"] = "n"
        table_sql.stored = tuple(columns_of(Ratings))
    elif mapping.table == "ratings":
        table_sql.conditions.append(
            Condition("part_exceeds_whole", "satisfied > respondents", "satisfied, respondents")
        )
    elif mapping.table == "margins":
        table_sql.conditions += _conditions_of_parts(mapping)
    return table_sql


def _conditions_of_parts(mapping: Mapping) -> list[Condition]:
    """Return the conditions that recognise a row whose parts cannot be of its whole."""
    found = []
    headers = {name: str(source.column) for name, source in mapping.sources.items()}
    for of in ("received", "resolved"):
        for name, part in mapping.parts.items():
            if part.of == of:
                alone = f"{identifier(name)} IS NOT NULL AND {identifier(of)} IS NULL"
                found.append(Condition("part_without_whole", alone, f"{headers[name]}, {headers[of]}"))
        for names, terms in impossible(mapping.parts, of):
            # A part that is not given takes nothing from the whole, and what it would add is not known.
            left = " ".join(
                f"+ {identifier(name)}" if sign > 0 else f"- coalesce({identifier(name)}, 0)" for sign, name in terms
            )
            found.append(Condition("part_exceeds_whole", f"{left} < 0", ", ".join(headers[name] for name in names)))
    return found


_RATED = {"case_ratings": ("rating",), "ratings": ("satisfied", "respondents")}
"""Table → columns of which none is filled where nobody gave a rating."""


def column_index(header: str, rows: Rows) -> int:
    """Return the index of the column with a header.

    Parameters
    ----------
    header : str
        The folded header.
    rows : Rows
        The source.

    Raises
    ------
    BadData
        No column has it, or several have.
    """
    found = rows.header.count(header)
    if found != 1:
        raise BadData(f"{rows.name}: one column {header!r} was expected in the header, found {found}")
    return rows.header.index(header)


@dataclass(frozen=True)
class _SourceColumn:
    """A column of our table that is read from a column of the source."""

    name: str
    source: Source
    contract: pa.Column
    cell: str
    values: list[str]
    missing: tuple[str, ...]

    @property
    def header(self) -> str:
        return str(self.source.column)

    @property
    def own(self) -> str:
        """The column's name in SQL; a source may have declared one that is a word of SQL."""
        return identifier(self.name)

    # Aliases that are not columns begin with an underscore, which no column's name does.

    @property
    def raw(self) -> str:
        """Alias of the unchanged cell."""
        return f"_raw_{self.name}"

    @property
    def is_filled(self) -> str:
        """SQL that is true where the cell holds more than white space, and does not say that it holds nothing."""
        # The trimmed cell is named once: what stands twice is computed for every row.
        words = ", ".join(map(literal, self.missing))
        return f"{self.raw} <> '' AND lower(coalesce({trimmed(self.raw)}, {literal(self.missing[0])})) NOT IN ({words})"


def _read_text(
    table_sql: TableSql, column: _SourceColumn, mapping: Mapping, connection: duckdb.DuckDBPyConnection
) -> None:
    raw = column.raw
    longest, words = max(map(len, column.missing)), ", ".join(map(literal, column.missing))
    # Blanks stand around it at times, few of them: no long text needs a closer look.
    says_nothing = f"length({raw}) <= {longest + 4} AND lower({trimmed(raw)}) IN ({words})"
    table_sql.columns[column.name] = f"CASE WHEN {says_nothing} THEN NULL ELSE {nfc_text(raw)} END"
    # Any text is accepted, and so shows nothing about itself; but the national form is a form of identifiers only.
    is_national = column.name == "case_id" and mapping.case_id_form == "national"
    known = f"regexp_full_match({raw}, '{NATIONAL_ID}')" if is_national else "false"
    error = f"regexp_full_match({trimmed(raw)}, {literal(ERROR_TEXT)})"
    # Identifiers are many, and errors few.
    is_error = f"CASE WHEN starts_with({raw}, '#') OR starts_with({raw}, 'Err:') THEN {error} ELSE false END"
    table_sql.conditions.append(Condition("cell_error", is_error, column.header, raw))
    table_sql.read[column.name] = ReadCell(column.header, raw, known)
    table_sql.not_nfc.append(
        f"(CASE WHEN strlen({raw}) <> length({raw}) THEN nfc_normalize({raw}) <> {raw} ELSE false END)"
    )


def _read_time(
    table_sql: TableSql, column: _SourceColumn, mapping: Mapping, connection: duckdb.DuckDBPyConnection
) -> None:
    name, raw, fast, at = column.name, column.raw, f"_fast_{column.name}", f"_read_{column.name}"
    formats = list(dict.fromkeys(map(strptime_format, mapping.dates)))
    iso_too = mapping.format != "csv"
    table_sql.cells[fast] = fast_time_sql(column.cell, formats, iso_too=iso_too)
    again = thorough_time_sql(raw, formats, iso_too=iso_too)
    table_sql.values[at] = f"CASE WHEN {fast} IS NULL AND {raw} <> '' THEN {again} ELSE {fast} END"
    table_sql.columns[name] = at
    # The conditions test the time read, because the column itself may be filled from another one afterwards.
    unread = f"({at} IS NULL AND {column.is_filled})"
    outside = f"{at} < TIMESTAMP '{EARLIEST}' OR {at} >= TIMESTAMP '{LATEST}'"
    table_sql.conditions.append(Condition("date_unreadable", f"({unread} OR {outside})", column.header, raw, "never"))
    within = f"{at} >= TIMESTAMP '{EARLIEST}' AND {at} < TIMESTAMP '{LATEST}'"
    table_sql.read[name] = ReadCell(column.header, raw, within)


def _read_number(
    table_sql: TableSql, column: _SourceColumn, mapping: Mapping, connection: duckdb.DuckDBPyConnection
) -> None:
    name, raw, cell, read = column.own, column.raw, f"_cell_{column.name}", f"_read_{column.name}"
    is_whole = sql_type(column.contract) == "BIGINT"
    blanks_are_plain = f"replace(replace({column.cell}, chr(160), ' '), chr(8239), ' ')"
    written = trimmed(f"replace({blanks_are_plain}, chr(8722), '-')")
    if mapping.zeros:
        none = ", ".join(literal(word.lower().replace("\u2212", "-")) for word in mapping.zeros)
        written = f"CASE WHEN lower({written}) IN ({none}) THEN '0' ELSE {written} END"
    table_sql.cells[cell] = written
    groups = rf"|[0-9]{{1,3}}({re.escape(mapping.thousands)}[0-9]{{3}})+" if mapping.thousands else ""
    form = rf"-?([0-9]+{groups})({re.escape(mapping.decimal)}[0-9]+)?"
    plain = f"replace({cell}, {literal(mapping.thousands)}, '')" if mapping.thousands else cell
    exact = "DECIMAL(38, 9)" if is_whole else "DOUBLE"
    number = f"TRY_CAST(replace({plain}, {literal(mapping.decimal)}, '.') AS {exact})"
    # Read with decimals first, so that a fraction where a whole number belongs is distinguished from what is no number.
    table_sql.values[read] = f"CASE WHEN regexp_full_match({cell}, {literal(form)}) THEN {number} END"
    table_sql.columns[column.name] = f"TRY_CAST({read} AS {sql_type(column.contract)})"
    found = trimmed(raw)
    unread = f"({name} IS NULL AND {column.is_filled})"
    table_sql.conditions.append(Condition("number_unreadable", unread, column.header, found, "never"))
    table_sql.read[column.name] = ReadCell(column.header, raw, f"{name} IS NOT NULL AND length({raw}) <= {SHORT}")
    if is_whole:
        table_sql.conditions.append(Condition("number_negative", f"{read} < 0", column.header, found, "when_short"))
        table_sql.conditions.append(
            Condition("number_not_whole", f"{read} <> trunc({read})", column.header, found, "when_short")
        )
    for rule in column.contract.checks:
        if rule.name in _OUTSIDE:
            sign, bound = _OUTSIDE[rule.name]
            outside = f"{name} {sign} {rule.statistics[bound]}"
            table_sql.conditions.append(Condition("value_out_of_range", outside, column.header, found, "when_short"))


_OUTSIDE = {
    "greater_than_or_equal_to": ("<", "min_value"),
    "greater_than": ("<=", "min_value"),
    "less_than_or_equal_to": (">", "max_value"),
    "less_than": (">=", "max_value"),
}
"""Rule of a contract → operator and bound of the numbers that break it."""


def _read_listed(
    table_sql: TableSql, column: _SourceColumn, mapping: Mapping, connection: duckdb.DuckDBPyConnection
) -> None:
    # A cell becomes its index in the list of all values of the column, and the index the value at the same place in the
    # list of our values. A join would do the same, but change the order of the rows.
    name, raw, kind, at = column.name, column.raw, f"_values_of_{column.name}", f"_at_{column.name}"
    values = ["", *column.values]
    listed = {"value": arrow.array(values, arrow.string()), "place": arrow.array(range(len(values)))}
    connection.register("listed_values", arrow.table(listed))
    connection.execute(f"CREATE TYPE {kind} AS ENUM (SELECT value FROM listed_values ORDER BY place)")
    connection.unregister("listed_values")
    meaning = _meaning(column.source, column.contract, column.missing)
    ours = [meaning(fold_header(value)) for value in values]
    table_sql.cells[at] = f"enum_code(TRY_CAST({column.cell} AS {kind})) + 1"
    table_sql.columns[name] = f"CAST({_list(ours)}[{at}] AS {sql_type(column.contract)})"
    spelled = SpelledColumn(name, at, _spellings(column, values, ours))
    if any(spelled.spellings):
        table_sql.spelled.append(spelled)
    if not all(unicodedata.is_normalized("NFC", value) for value in values):
        marks = ["x" if not unicodedata.is_normalized("NFC", value) else None for value in values]
        table_sql.not_nfc.append(f"({_list(marks)}[{at}] IS NOT NULL)")
    totals, said = TotalPhrases(mapping.totals), set(map(fold_header, column.source.codes or {}))
    is_total = ["x" if totals.match(value) and fold_header(value) not in said else None for value in values]
    if any(is_total):
        table_sql.conditions.append(
            Condition("total_row", f"({_list(is_total)}[{at}] IS NOT NULL)", column.header, raw)
        )
    is_error = [
        "x" if re.fullmatch(ERROR_TEXT, value.strip()) and value.strip() not in said else None for value in values
    ]
    if any(is_error):
        table_sql.conditions.append(
            Condition("cell_error", f"({_list(is_error)}[{at}] IS NOT NULL)", column.header, raw)
        )
    unknown = f"({column.own} IS NULL AND {column.is_filled})"
    table_sql.conditions.append(Condition("code_unknown", unknown, column.header, raw, "when_shared"))
    is_free = column.source.codes is None and kind_of(column.contract) == "code"
    # A list that ends with "*" takes any text, too.
    is_free = is_free or REST in (column.source.codes or {})
    table_sql.read[name] = ReadCell(column.header, raw, f"{column.own} IS NOT NULL", is_free)


def _spellings(column: _SourceColumn, values: list[str], ours: list[str | None]) -> list[Spelling | None]:
    """Return how each value spells the code of ours that it becomes."""
    if kind_of(column.contract) != "code" or column.name in NAMED_BY_NOBODY or is_personal(column.header):
        return [None] * len(values)
    source = column.source
    if source.codes is not None and source.codes.get(REST) != KEEP:
        # What stands for all other values is named by none of them.
        named = {text: code for text, code in source.codes.items() if text != REST}
        meaning = _meaning(source.model_copy(update={"codes": named}), column.contract, column.missing)
        ours = [meaning(fold_header(value)) for value in values]
    return [spelling(fold_header(value), code) for value, code in zip(values, ours, strict=True)]


def _list(values: list[str | None]) -> str:
    items = ", ".join("NULL" if value is None else literal(value) for value in values)
    return f"CAST([{items}] AS VARCHAR[])"


_READERS: dict[Kind, Callable[[TableSql, _SourceColumn, Mapping, duckdb.DuckDBPyConnection], None]] = {
    "text": _read_text,
    "time": _read_time,
    "number": _read_number,
    "listed": _read_listed,
    "code": _read_listed,
    "period": _read_listed,
}


def _meaning(source: Source, contract: pa.Column, missing: Collection[str]) -> Callable[[str], str | None]:
    """Return the function from a folded cell to our value, which is None where there is none."""
    if source.codes is not None:
        codes = {fold_header(text): value for text, value in source.codes.items()}
        rest = codes.pop(REST, None)
        any_case = {text.casefold(): value for text, value in codes.items()}
        of_rest = _meaning_of_its_own(contract, missing) if rest == KEEP else lambda _: rest
        return lambda cell: (codes.get(cell) or any_case.get(cell.casefold()) or of_rest(cell)) if cell else None
    return _meaning_of_its_own(contract, missing)


def _meaning_of_its_own(contract: pa.Column, missing: Collection[str]) -> Callable[[str], str | None]:
    """Return the function from a folded cell to our value where no list of codes names it."""
    if kind_of(contract) == "period":
        return read_period
    closed = allowed_values(contract)
    if closed is not None:
        return lambda cell: cell.casefold() if cell.casefold() in closed else None
    return lambda cell: None if cell.lower() in missing else code_of(cell)


def code_of(cell: str) -> str | None:
    """Return a cell as a lower-case ASCII code, with blanks and signs as hyphens; None when nothing is left."""
    return code_of_name(cell) or None


_DIRECTIVE_WIDTHS = {
    "Y": (1, 4),
    "f": (1, 6),
    "p": (2, 2),
    "b": (3, 3),
    "B": (3, 9),
    "a": (3, 3),
    "A": (6, 9),
    "z": (1, 6),
}
"""Directive → fewest and most letters it stands for, where that is not one digit or two."""


def fast_time_sql(cell: str, formats: Sequence[str], *, iso_too: bool) -> str:
    """Return SQL that reads a time by the one format its length allows, or by all in order where several fit.

    A format that does not fit costs as much as five that do, because DuckDB composes an error message for it.

    Parameters
    ----------
    cell : str
        SQL of the text.
    formats : sequence of str
        Date formats in strptime's notation, most common first.
    iso_too : bool
        Whether ISO is allowed besides: the dates of a workbook or database arrive as ISO, whatever the format of its
        text cells. A time with a zone becomes local time in the connection's zone.
    """
    ranges = sorted((*_lengths(date_format), date_format) for date_format in formats)
    time = _strptime(cell, formats)
    if len(ranges) > 1 and all(longest < shortest for (_, longest, _), (shortest, _, _) in pairwise(ranges)):
        *shorter, (_, _, last) = ranges
        whens = (
            f"WHEN length({cell}) <= {longest} THEN {_strptime(cell, [date_format])}"
            for _, longest, date_format in shorter
        )
        time = f"CASE {' '.join(whens)} ELSE {_strptime(cell, [last])} END"
    return _iso_first(cell, time) if iso_too else time


def thorough_time_sql(cell: str, formats: Sequence[str], *, iso_too: bool) -> str:
    """Return SQL that reads a time by any format, ignoring white space around it; for cells the fast SQL cannot read.

    Parameters
    ----------
    cell : str
        SQL of the text.
    formats : sequence of str
        Date formats in strptime's notation, most common first.
    iso_too : bool
        Whether ISO is allowed besides.
    """
    text = f"trim({cell}, {BLANKS})"
    time = _strptime(text, formats)
    return _iso_first(text, time) if iso_too else time


_ZONE = "[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?"
"""Matches a zone by its distance from Greenwich, of which none is further than 14 hours."""

_ISO_WITH_ZONE = (
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)? ?"
    rf"(Z|{_ZONE})"
)
"""Matches a day and a time with a zone, in capitals; a day alone is no moment, and has none."""


def _iso_first(cell: str, otherwise: str) -> str:
    # The cast to TIMESTAMP drops whatever stands behind a time, be it a zone or PM: it gets cells without letters only.
    is_local = f"NOT regexp_matches(substr({cell}, 11), '[^T0-9:. ]')"
    # The cast to TIMESTAMPTZ expects the zone right behind the time.
    joined = f"regexp_replace(upper({cell}), ' (Z|[+-][0-9:]+)$', '\\1')"
    moment = f"CASE WHEN regexp_full_match(upper({cell}), '{_ISO_WITH_ZONE}') THEN {joined} END"
    iso = (
        f"CASE WHEN {is_local} THEN TRY_CAST({cell} AS TIMESTAMP) "
        f"ELSE CAST(TRY_CAST({moment} AS TIMESTAMPTZ) AS TIMESTAMP) END"
    )
    return f"CASE WHEN substr({cell}, 5, 1) = '-' THEN {iso} ELSE {otherwise} END"


def _strptime(cell: str, formats: Sequence[str]) -> str:
    if not any("%z" in date_format for date_format in formats):
        return f"CAST(try_strptime({cell}, [{', '.join(map(literal, formats))}]) AS TIMESTAMP)"
    # With a zone, DuckDB takes 30 February for 2 March where it is given a list of formats, and any zone at all.
    in_greenwich = f"regexp_replace({cell}, 'Z$', '+00')"
    zoned = f"CASE WHEN regexp_matches({in_greenwich}, '{_ZONE}$') THEN {in_greenwich} END"
    read = (
        f"CAST(try_strptime({zoned if date_format.endswith('%z') else cell}, {literal(date_format)}) AS TIMESTAMP)"
        for date_format in formats
    )
    return f"coalesce({', '.join(read)})"


def _lengths(date_format: str) -> tuple[int, int]:
    """Return the fewest and the most letters of a time written in a format."""
    widths = [_DIRECTIVE_WIDTHS.get(part[-1], (1, 2)) for part in re.findall(r"%-?.", date_format)]
    others = len(re.sub(r"%-?.", "", date_format))
    return sum(least for least, _ in widths) + others, sum(most for _, most in widths) + others
