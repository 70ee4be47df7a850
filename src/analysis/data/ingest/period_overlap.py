"""Refuse a table of one body's months beside a quarter that holds them: added up, they would count twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pandas as pd

from analysis import periods
from analysis.data.contracts import TABLES, columns_of
from analysis.data.sql import parquet
from analysis.faults import BadData


def refuse_overlapping_periods(rows: Iterable[tuple[object, object]], *, where: str) -> None:
    """Refuse rows of which one body has a month and the quarter that contains it.

    A row without a body speaks of everybody, so it overlaps with the rows of any body. Bodies that report in different
    rhythms side by side do not overlap.

    Parameters
    ----------
    rows : iterable of (body, period)
        The body, missing where the row has none, and the label of the period, see `analysis.periods`; rows may repeat.
    where : str
        File or table to name in the message.

    Raises
    ------
    BadData
        The month, the quarter, whose they are, and what was expected.
    """
    known = {(None if pd.isna(body) else str(body), str(label)) for body, label in rows}
    quarters: dict[str, set[str | None]] = {}
    for body, label in known:
        if "Q" in label:
            quarters.setdefault(label, set()).add(body)
    if not quarters:
        return
    for body, month in sorted(known, key=lambda one: (one[1], one[0] or "")):
        quarter = periods.write(periods.parse(month).asfreq("Q"))
        holders = quarters.get(quarter, set()) if month != quarter else set()
        both = holders if body is None else holders & {body, None}
        if both:
            other = body if body in both else min(both, key=lambda one: one or "")
            raise BadData(
                f"{where}: {_whose(body)} {month}, {'and' if other == body else f'{_whose(other)}'} {quarter}, which "
                "contains it: what happened in the month would count twice; months or quarters were expected, not both"
            )


def refuse_overlaps_in(path: Path, table: str, connection: duckdb.DuckDBPyConnection, *, where: str) -> None:
    """Refuse a Parquet file of one of our tables in which the periods of one body overlap.

    Parameters
    ----------
    path : Path
        The file.
    table : str
        Name of the table; one without periods, such as cases, is not looked at.
    connection : duckdb.DuckDBPyConnection
        Reads the file.
    where : str
        File to name in the message.

    Raises
    ------
    BadData
        See `refuse_overlapping_periods`.
    """
    if table in TABLES and "period" in columns_of(TABLES[table]):
        found = connection.execute(f"SELECT DISTINCT agency, period FROM {parquet(path)}").fetchall()
        refuse_overlapping_periods(found, where=where)


def _whose(body: str | None) -> str:
    return f"the body {body!r} has" if body else "rows without a body have"
