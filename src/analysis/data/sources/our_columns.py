"""What the columns of our tables hold, told by their contracts: a mapping may promise nothing else."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from analysis.data.codes import CODE, PERIOD
from analysis.data.contracts import TABLES

Kind = Literal["text", "time", "number", "listed", "code", "period"]

_NEEDED = {"cases": ["case_id", "accepted_at", "finished_at"]}
"""A case without outcome is resolved when it has a finish and open otherwise; the rest may be lacking."""

_SQL_TYPES = {"datetime64[ns]": "TIMESTAMP", "Int64": "BIGINT", "float64": "DOUBLE", "boolean": "BOOLEAN"}


def contract_of(table: str, name: str) -> pa.Column:
    """Return the contract of one column of one of our tables."""
    return TABLES[table].to_schema().columns[name]


def needed(table: str) -> list[str]:
    """Return the columns that a source of a table must give."""
    required = [name for name, column in TABLES[table].to_schema().columns.items() if not column.nullable]
    return _NEEDED.get(table, required)


def allowed(table: str, name: str) -> tuple[str, ...] | None:
    """Return the closed list of a column, or None when its values are free."""
    column = contract_of(table, name)
    for rule in column.checks:
        if rule.name == "isin":
            return tuple(rule.statistics["allowed_values"])
    return ("true", "false") if str(column.dtype) == "boolean" else None


def kind_of(table: str, name: str) -> Kind:
    """Return how the values of a column are read."""
    column = contract_of(table, name)
    patterns = [rule.statistics.get("pattern") for rule in column.checks]
    if allowed(table, name) is not None:
        return "listed"
    if CODE in patterns:
        return "code"
    if PERIOD in patterns:
        return "period"
    kinds: dict[str, Kind] = {"TIMESTAMP": "time", "BIGINT": "number", "DOUBLE": "number"}
    return kinds.get(sql_type(column), "text")


def sql_type(column: pa.Column) -> str:
    """Return the SQL type of a column."""
    return _SQL_TYPES.get(str(column.dtype), "VARCHAR")


def breach(table: str, name: str, values: list[str]) -> str | None:
    """Return what is wrong with values that a mapping gives a column itself, or None when nothing is."""
    closed = allowed(table, name)
    if closed is not None:
        foreign = [value for value in values if value not in closed]
        return f"{foreign[0]!r} is not one of {', '.join(closed)}" if foreign else None
    if "" in values:
        return "'' is no value; leave it out where there is none"
    column = contract_of(table, name)
    try:
        column.set_name(name).validate(pd.DataFrame({name: pd.Series(values).astype(str(column.dtype))}), lazy=True)
    except SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        return f"{first['failure_case']!r} breaks the rule {first['check']}"
    except ValueError as error:
        return f"{values[0]!r} is no {kind_of(table, name)} ({error})"
    return None
