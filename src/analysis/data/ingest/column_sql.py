"""SQL that reads times: as the mapping writes them, most rows at the first attempt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import duckdb
import pandera.pandas as pa
import pyarrow as arrow

from analysis.data.codes import fold
from analysis.data.contracts import TABLES
from analysis.data.sources.mapping import REST, Kind, Mapping, Source, allowed, kind_of, sql_type, strptime_form
from analysis.data.sources.rows import MOST_VALUES, Rows, fold_header
from analysis.data.sql import BLANKS, composed, literal, trimmed
from analysis.faults import BadData
from analysis.periods import read_label

_WIDTHS = {"Y": (1, 4), "f": (1, 6), "p": (2, 2), "b": (3, 3), "B": (3, 9), "a": (3, 3), "A": (6, 9), "z": (3, 6)}
"""Fewest and most letters of what a directive stands for, where that is not one digit or two."""


def read_at_once(cell: str, forms: Sequence[str], *, iso_too: bool) -> str:
    """Return SQL that reads a cell by the one form its length allows, or by all in their order where several do.

    A form that does not fit costs as much as five that do: it writes a message that nobody reads.

    Parameters
    ----------
    cell : str
        SQL of the text.
    forms : sequence of str
        As strptime spells them, most common first.
    iso_too : bool
        Whether ISO stands beside them: what a workbook or database holds as a date arrives so, whatever its text
        cells look like.
    """
    ranges = sorted((*_lengths(form), form) for form in forms)
    read = _strptime(cell, forms)
    if len(ranges) > 1 and all(longest < shortest for (_, longest, _), (shortest, _, _) in pairwise(ranges)):
        *shorter, (_, _, last) = ranges
        whens = (f"WHEN length({cell}) <= {longest} THEN {_strptime(cell, [form])}" for _, longest, form in shorter)
        read = f"CASE {' '.join(whens)} ELSE {_strptime(cell, [last])} END"
    return _iso_first(cell, read) if iso_too else read


def read_after_all(cell: str, forms: Sequence[str], *, iso_too: bool) -> str:
    """Return SQL that reads a cell without the white space around it by any form, as `read_at_once` could not."""
    trimmed = f"trim({cell}, {BLANKS})"
    read = _strptime(trimmed, forms)
    return _iso_first(trimmed, read) if iso_too else read


def _iso_first(cell: str, otherwise: str) -> str:
    return f"CASE WHEN substr({cell}, 5, 1) = '-' THEN TRY_CAST({cell} AS TIMESTAMP) ELSE {otherwise} END"


def _strptime(cell: str, forms: Sequence[str]) -> str:
    listed = ", ".join(map(literal, forms))
    if any("%z" in form for form in forms):
        cell = f"regexp_replace({cell}, 'Z$', '+00')"
    return f"CAST(try_strptime({cell}, [{listed}]) AS TIMESTAMP)"


def _lengths(form: str) -> tuple[int, int]:
    """Return the fewest and the most letters of a time written in a form."""
    widths = [_WIDTHS.get(part[-1], (1, 2)) for part in re.findall(r"%-?.", form)]
    others = len(re.sub(r"%-?.", "", form))
    return sum(least for least, _ in widths) + others, sum(most for _, most in widths) + others


EARLIEST, LATEST = "1990-01-01", "2101-01-01"
"""No case of a one-stop system lies outside; a year 21 or 20211 is a slip of the pen."""


@dataclass(frozen=True)
class Condition:
    """What makes a row a fault.

    Attributes
    ----------
    code : str
        See `analysis.data.ingest.fault_codes`.
    sql : str
        True for such rows.
    where : str
        The header of the column, or what was looked at.
    found : str or None
        SQL of the text that was found there.
    """

    code: str
    sql: str
    where: str
    found: str | None = None


@dataclass
class Reading:
    """SQL that turns rows of text into the columns of one of our tables, in three steps.

    Nothing is computed twice, and what few rows need (another form of a date, an odd blank) is computed for those rows
    only: DuckDB evaluates both sides of a coalesce, and an alias used twice twice.

    Attributes
    ----------
    table : str
        The table.
    cells : dict
        Alias → SQL over the cells ``c{i}``.
    read : dict
        Alias → SQL over the aliases of `cells`.
    columns : dict
        Our column → SQL over the aliases of both.
    conditions : list of Condition
        Over all of these.
    not_nfc : list of str
        SQL that is true where a cell was not in composed form.
    """

    table: str
    cells: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    not_nfc: list[str] = field(default_factory=list)

    def sql(self, relation: str) -> str:
        """Return the query over a relation: all aliases, in the order of its rows."""
        query = f"FROM {relation}"
        for everything, step in (("", self.cells), ("*, ", self.read), ("*, ", self.columns)):
            if step:
                selected = ", ".join(f"{sql} AS {alias}" for alias, sql in step.items())
                query = f"FROM (SELECT {everything}{selected} {query})"
        return query


@dataclass(frozen=True)
class _Taken:
    """One column of ours that is read from a column of the source."""

    name: str
    source: Source
    contract: pa.Column
    cell: str
    values: list[str]

    @property
    def header(self) -> str:
        return str(self.source.column)

    @property
    def raw(self) -> str:
        """Alias of the cell as it stands."""
        return f"raw_{self.name}"

    @property
    def is_filled(self) -> str:
        """SQL that is true where the cell holds more than white space."""
        return f"{self.raw} <> '' AND {trimmed(self.raw)} IS NOT NULL"


def listed_columns(mapping: Mapping) -> tuple[str, ...]:
    """Return the headers whose values are looked up in a list made beforehand, value by value."""
    return tuple(
        source.column
        for name, source in mapping.columns.items()
        if source.column is not None and kind_of(mapping.table, name) in ("listed", "code", "period")
    )


def reading(mapping: Mapping, rows: Rows, connection: duckdb.DuckDBPyConnection) -> Reading:
    """Return how the rows of a source become our table; the listed values are made known to the connection.

    Parameters
    ----------
    mapping : Mapping
        Where each column comes from.
    rows : Rows
        The source, with the distinct values of `listed_columns`.
    connection : duckdb.DuckDBPyConnection
        Gets one type per listed column: its values.

    Raises
    ------
    BadData
        A column the mapping takes is not in the header, or stands there twice; a column of codes has too many values.
    """
    made = Reading(mapping.table)
    for name, contract in TABLES[mapping.table].to_schema().columns.items():
        source = mapping.columns.get(name)
        if source is None or source.constant is not None:
            value = "NULL" if source is None else literal(source.constant)
            made.columns[name] = f"CAST({value} AS {sql_type(contract)})"
            continue
        at = position(str(source.column), rows)
        taken = _Taken(name, source, contract, f"c{at}", rows.values.get(at, []))
        if len(taken.values) > MOST_VALUES:
            raise BadData(
                f"{rows.name}: column {taken.header!r} has more than {MOST_VALUES:,} different values; "
                f"codes of {name} were expected"
            )
        made.cells[taken.raw] = taken.cell
        _READERS[kind_of(mapping.table, name)](made, taken, mapping, connection)
        if not contract.nullable and name != "case_id":
            made.conditions.append(Condition("value_missing", f"{name} IS NULL", taken.header))
    if mapping.table == "ratings":
        made.conditions.append(Condition("part_exceeds_whole", "satisfied > respondents", "satisfied, respondents"))
    return made


def position(header: str, rows: Rows) -> int:
    """Return where a header stands.

    Raises
    ------
    BadData
        It stands nowhere, or twice.
    """
    found = rows.header.count(header)
    if found != 1:
        raise BadData(f"{rows.name}: one column {header!r} was expected in the header, found {found}")
    return rows.header.index(header)


def _read_text(made: Reading, taken: _Taken, mapping: Mapping, connection: duckdb.DuckDBPyConnection) -> None:
    raw = taken.raw
    made.columns[taken.name] = composed(raw)
    made.not_nfc.append(f"(CASE WHEN strlen({raw}) <> length({raw}) THEN nfc_normalize({raw}) <> {raw} ELSE false END)")


def _read_time(made: Reading, taken: _Taken, mapping: Mapping, connection: duckdb.DuckDBPyConnection) -> None:
    name, raw, fast, at = taken.name, taken.raw, f"fast_{taken.name}", f"read_{taken.name}"
    forms = list(dict.fromkeys(map(strptime_form, mapping.dates)))
    iso_too = mapping.format != "csv"
    made.cells[fast] = read_at_once(taken.cell, forms, iso_too=iso_too)
    again = read_after_all(raw, forms, iso_too=iso_too)
    made.read[at] = f"CASE WHEN {fast} IS NULL AND {raw} <> '' THEN {again} ELSE {fast} END"
    made.columns[name] = at
    # What is wrong is told of the time read: the column itself may be filled from another one afterwards.
    unread = f"({at} IS NULL AND {taken.is_filled})"
    outside = f"{at} < TIMESTAMP '{EARLIEST}' OR {at} >= TIMESTAMP '{LATEST}'"
    made.conditions.append(Condition("date_unreadable", f"({unread} OR {outside})", taken.header, raw))


def _read_number(made: Reading, taken: _Taken, mapping: Mapping, connection: duckdb.DuckDBPyConnection) -> None:
    name, raw, cell, read = taken.name, taken.raw, f"cell_{taken.name}", f"read_{taken.name}"
    is_whole = sql_type(taken.contract) == "BIGINT"
    blanks_are_plain = f"replace(replace({taken.cell}, chr(160), ' '), chr(8239), ' ')"
    made.cells[cell] = trimmed(f"replace({blanks_are_plain}, chr(8722), '-')")
    groups = rf"|[0-9]{{1,3}}({re.escape(mapping.thousands)}[0-9]{{3}})+" if mapping.thousands else ""
    form = rf"-?([0-9]+{groups})({re.escape(mapping.decimal)}[0-9]+)?"
    plain = f"replace({cell}, {literal(mapping.thousands)}, '')" if mapping.thousands else cell
    exact = "DECIMAL(38, 9)" if is_whole else "DOUBLE"
    number = f"TRY_CAST(replace({plain}, {literal(mapping.decimal)}, '.') AS {exact})"
    # Read as a fraction first, so that a fraction where a whole number belongs is told apart from what is no number.
    made.read[read] = f"CASE WHEN regexp_full_match({cell}, {literal(form)}) THEN {number} END"
    made.columns[name] = f"TRY_CAST({read} AS {sql_type(taken.contract)})"
    found = trimmed(raw)
    unread = f"({name} IS NULL AND {taken.is_filled})"
    made.conditions.append(Condition("number_unreadable", unread, taken.header, found))
    if is_whole:
        made.conditions.append(Condition("number_negative", f"{read} < 0", taken.header, found))
        made.conditions.append(Condition("number_not_whole", f"{read} <> trunc({read})", taken.header, found))
    for rule in taken.contract.checks:
        if rule.name in _OUTSIDE:
            sign, bound = _OUTSIDE[rule.name]
            outside = f"{name} {sign} {rule.statistics[bound]}"
            made.conditions.append(Condition("value_out_of_range", outside, taken.header, found))


_OUTSIDE = {
    "greater_than_or_equal_to": ("<", "min_value"),
    "greater_than": ("<=", "min_value"),
    "less_than_or_equal_to": (">", "max_value"),
    "less_than": (">=", "max_value"),
}
"""Rule of a contract → how a number breaks it."""


def _read_listed(made: Reading, taken: _Taken, mapping: Mapping, connection: duckdb.DuckDBPyConnection) -> None:
    # A cell becomes its place in the list of all values, and that the value that stands there in a list of ours. A join
    # would do the same, and bring the rows out of their order.
    name, kind, at = taken.name, f"values_of_{taken.name}", f"at_{taken.name}"
    values = ["", *taken.values]
    listed = {"value": arrow.array(values, arrow.string()), "place": arrow.array(range(len(values)))}
    connection.register("listed_values", arrow.table(listed))
    connection.execute(f"CREATE TYPE {kind} AS ENUM (SELECT value FROM listed_values ORDER BY place)")
    connection.unregister("listed_values")
    meaning = _meaning(mapping, name, taken.source)
    ours = [meaning(fold_header(value)) for value in values]
    made.cells[at] = f"enum_code(TRY_CAST({taken.cell} AS {kind})) + 1"
    made.columns[name] = f"CAST({_list(ours)}[{at}] AS {sql_type(taken.contract)})"
    if not all(unicodedata.is_normalized("NFC", value) for value in values):
        marks = ["x" if not unicodedata.is_normalized("NFC", value) else None for value in values]
        made.not_nfc.append(f"({_list(marks)}[{at}] IS NOT NULL)")
    unknown = f"({name} IS NULL AND {taken.is_filled})"
    made.conditions.append(Condition("code_unknown", unknown, taken.header, taken.raw))


def _list(values: list[str | None]) -> str:
    told = ", ".join("NULL" if value is None else literal(value) for value in values)
    return f"CAST([{told}] AS VARCHAR[])"


_READERS: dict[Kind, Callable[[Reading, _Taken, Mapping, duckdb.DuckDBPyConnection], None]] = {
    "text": _read_text,
    "time": _read_time,
    "number": _read_number,
    "listed": _read_listed,
    "code": _read_listed,
    "period": _read_listed,
}


def _meaning(mapping: Mapping, name: str, source: Source) -> Callable[[str], str | None]:
    """Return what turns one folded cell into our value, or None where it has none."""
    if source.codes is not None:
        codes = {fold_header(given): value for given, value in source.codes.items()}
        any_case = {given.casefold(): value for given, value in codes.items()}
        rest = codes.pop(REST, None)
        return lambda cell: codes.get(cell, any_case.get(cell.casefold(), rest)) if cell else None
    if kind_of(mapping.table, name) == "period":
        return read_label
    closed = allowed(mapping.table, name)
    if closed is not None:
        return lambda cell: cell.casefold() if cell.casefold() in closed else None
    return code_of


def code_of(cell: str) -> str | None:
    """Return a cell as a lower-case ASCII code, blanks and signs folded to hyphens; None when nothing is left."""
    return fold(cell) or None
