"""Where the values of one column of our table come from, and how its cells are read."""

from __future__ import annotations

import copy
import re
from typing import Annotated, Literal, Self

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from analysis.data.codes import CODE, PERIOD
from analysis.data.declared import ExtraKind
from analysis.data.margins import Part
from analysis.data.sources.rows import fold_header

Kind = Literal["text", "time", "number", "listed", "code", "period"]
Header = Annotated[str, AfterValidator(fold_header), Field(min_length=1)]
"""A header as people type it, folded (composed letters, single blanks) before it is compared."""

REST = "*"
"""In a code list: every value that the list does not name."""

KEEP = "keep"
"""What `REST` may become: each of them what it would be without a list."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Strict):
    """Where the values of one column of our table come from: a column of the file, or a constant.

    Attributes
    ----------
    column : str or None
        Header of the column in the file, white space folded to single blanks.
    codes : dict or None
        Value in the file → our value. A value not listed rejects its row, unless ``"*"`` is listed; ``"*": keep`` takes
        each of the others as without a list. With None the
        value itself is taken, as a lower-case code where our column holds codes.
    constant : str or None
        The value of every row, for a file without such a column.
    """

    column: Header | None = None
    codes: dict[str, str] | None = None
    constant: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("a column is read from a column of the file, or is one constant")
        if self.constant is not None and self.codes is not None:
            raise ValueError("a constant needs no codes")
        return self


def _of_plain_text(source: object) -> object:
    return {"column": source} if isinstance(source, str) else source


SourceOrHeader = Annotated[Source, BeforeValidator(_of_plain_text, json_schema_input_type=Header | Source)]
"""A source; plain text is the header of a column."""


class ExtraSource(Source):
    """Where the values of a column beyond the contract come from, and of what kind they are.

    Attributes
    ----------
    kind : {"code", "flag", "number", "time"}
        ``code``: lower-case codes. ``flag``: ``true`` and ``false``, in the file or by its codes.
    """

    kind: ExtraKind


class PartSource(Part):
    """A column of a sheet that counts some of the cases received or resolved.

    Attributes
    ----------
    column : str
        Its header.
    """

    column: Header

    @property
    def source(self) -> Source:
        """Where its values come from."""
        return Source(column=self.column)

    @property
    def part(self) -> Part:
        """What it is a part of."""
        return Part(of=self.of, where=self.where, others=self.others)


_SQL_TYPES = {"datetime64[ns]": "TIMESTAMP", "Int64": "BIGINT", "float64": "DOUBLE", "boolean": "BOOLEAN"}


def allowed_values(column: pa.Column) -> tuple[str, ...] | None:
    """Return the closed list of values of a column, given its contract; None when its values are free."""
    for rule in column.checks:
        if rule.name == "isin":
            return tuple(rule.statistics["allowed_values"])
    return ("true", "false") if str(column.dtype) == "boolean" else None


def kind_of(column: pa.Column) -> Kind:
    """Return how the cells of a column are read, given its contract."""
    patterns = [rule.statistics.get("pattern") for rule in column.checks]
    if allowed_values(column) is not None:
        return "listed"
    if CODE in patterns:
        return "code"
    if PERIOD in patterns:
        return "period"
    kinds: dict[str, Kind] = {"TIMESTAMP": "time", "BIGINT": "number", "DOUBLE": "number"}
    return kinds.get(sql_type(column), "text")


def sql_type(column: pa.Column) -> str:
    """Return the SQL type of a column, given its contract."""
    return _SQL_TYPES.get(str(column.dtype), "VARCHAR")


def fault_in_source(name: str, source: Source, column: pa.Column) -> str | None:
    """Return what is wrong with the codes or the constant that a mapping gives a column, or None when nothing is.

    Parameters
    ----------
    name : str
        Name of the column.
    source : Source
        Where its values come from.
    column : Column
        Its contract.
    """
    kind = kind_of(column)
    if source.codes is not None and kind in ("text", "time", "number"):
        return f"codes go with a column of codes; this one holds a {kind}"
    values = [value for text, value in (source.codes or {}).items() if (text, value) != (REST, KEEP)]
    values += [source.constant] if source.constant is not None else []
    closed = allowed_values(column)
    if closed is not None:
        foreign = [value for value in values if value not in closed]
        return f"{foreign[0]!r} is not one of {', '.join(closed)}" if foreign else None
    if "" in values:
        return "'' is no value; leave it out where there is none"
    try:
        # A contract is not changed by being given a name: a copy is.
        named = copy.deepcopy(column).set_name(name)
        named.validate(pd.DataFrame({name: pd.Series(values, dtype="str").astype(str(column.dtype))}), lazy=True)
    except SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        return f"{first['failure_case']!r} breaks the rule {first['check']}"
    except ValueError as error:
        return f"{values[0]!r} is no {kind} ({error})"
    return None


_DIRECTIVES = {
    "dd": "%d",
    "mm": "%m",
    "yyyy": "%Y",
    "yy": "%y",
    "HH": "%H",
    "hh": "%I",
    "MM": "%M",
    "SS": "%S",
    "tt": "%p",
}
_TOKEN = re.compile("|".join(sorted(_DIRECTIVES, key=len, reverse=True)))
_KNOWN_DIRECTIVES = set("aAbBdfHImMpSyYz%")
"""Directives that DuckDB and Python both know and that determine a moment."""


def strptime_format(written: str) -> str:
    """Return a date format in strptime's notation: ``dd/mm/yyyy`` → ``%d/%m/%Y``."""
    return written if "%" in written else _TOKEN.sub(lambda token: _DIRECTIVES[token[0]], written)


def fault_in_format(written: str) -> str | None:
    """Return what is wrong with a date format, or None when dates can be read with it."""
    directives = re.findall(r"%(-?.?)", strptime_format(written))
    unknown = [directive for directive in directives if directive.removeprefix("-") not in _KNOWN_DIRECTIVES]
    if unknown:
        return f"{written!r}: there is no directive %{unknown[0]}"
    named = {directive.removeprefix("-") for directive in directives}
    if "d" not in named or not named & {"m", "b", "B"} or not named & {"y", "Y"}:
        return f"{written!r} names no day, month or year; dd/mm/yyyy HH:MM:SS was expected, say"
    return None
