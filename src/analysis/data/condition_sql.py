"""Conditions of a plan as SQL: the one compiler of the language in `analysis.plan.conditions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.data.sql import closed_connection, literal
from analysis.plan.conditions import AnyOf, Test, tests_of

ALWAYS = "true"


def sql_of(tests: Sequence[Test | AnyOf], columns: Mapping[str, str], *, by_day: bool = False) -> str:
    """Return an SQL expression that is true where all tests hold and false elsewhere, never missing.

    Parameters
    ----------
    tests : sequence
        See `plan.conditions.tests_of`.
    columns : mapping
        Name of each column → the SQL of its value.
    by_day : bool
        Whether a time is before another only when its day is.

    Raises
    ------
    KeyError
        A test names a column that is not there.
    """
    return " AND ".join(_one(test, columns, by_day) for test in tests) or ALWAYS


def _one(test: Test | AnyOf, columns: Mapping[str, str], by_day: bool) -> str:
    if isinstance(test, AnyOf):
        alternatives = " OR ".join(f"({sql_of(one, columns, by_day=by_day)})" for one in test.alternatives)
        return f"({alternatives or 'false'})"
    column = f"({columns[test.column]})"
    if test.operator == "known":
        return f"{column} IS {'' if test.negated else 'NOT '}NULL"
    if test.operator == "is_in":
        held = f"{column} IN ({', '.join(_value(value) for value in test.operand)})"
    elif test.operator == "before":
        other = f"({columns[test.operand]})"
        held = f"CAST({column} AS DATE) < CAST({other} AS DATE)" if by_day else f"{column} < {other}"
    else:
        held = f"{column} {'>=' if test.operator == 'at_least' else '<='} {test.operand!r}"
    # A comparison with a missing value is missing in SQL.
    held = f"coalesce({held}, false)"
    return f"NOT {held}" if test.negated else held


def _value(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else literal(value)


def holds(frame: pd.DataFrame, condition: Mapping[str, Any]) -> pd.Series:
    """Return, for each row of a frame, whether a condition holds.

    Parameters
    ----------
    frame : pd.DataFrame
        A small table, with the columns the condition names.
    condition : mapping
        As a plan writes it.
    """
    columns = {name: f'"{name}"' for name in frame}
    rows = frame.reset_index(drop=True)
    rows.insert(0, "row_of_frame", range(len(rows)))
    query = f"SELECT {sql_of(tests_of(condition), columns)} AS holds FROM rows_asked ORDER BY row_of_frame"
    with closed_connection() as connection:
        connection.register("rows_asked", rows)
        found = connection.execute(query).df()["holds"]
    return pd.Series(found.to_numpy(dtype=bool), index=frame.index)
