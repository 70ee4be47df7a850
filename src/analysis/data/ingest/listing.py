"""The rows of a file, listed: which were set aside and why, and which of those taken are worth a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd

from analysis.data.contracts import TABLES, columns_of
from analysis.data.ingest.judging import Reason
from analysis.data.ingest.quality import FLAGS
from analysis.data.sources.personal import HIDDEN
from analysis.data.sources.rows import Rows
from analysis.data.sources.sql import literal

# Column → type in a frame.
REJECTED = {"file": "str", "line": "int64", "code": "str", "reason": "str", "raw": "str"}
FLAGGED = {"file": "str", "line": "int64", "code": "str", "case_id": "str"}


def as_list(rows: Sequence[tuple[object, ...]], types: dict[str, str]) -> pd.DataFrame:
    """Return rows as a list of `REJECTED` or `FLAGGED` ones."""
    return pd.DataFrame(list(rows), columns=list(types)).astype(types)


def rejects_by_code(rows: Rows, reasons: list[Reason], connection: duckdb.DuckDBPyConnection) -> Counter[str]:
    """Return how many rows were rejected with each code."""
    found = Counter(one.code for one in rows.broken)
    for verdict, number in connection.execute(
        "SELECT verdict, count(*) FROM judged WHERE verdict IS NOT NULL GROUP BY verdict ORDER BY verdict"
    ).fetchall():
        found[reasons[verdict].code] += number
    return found


def rejected(
    rows: Rows, reasons: list[Reason], connection: duckdb.DuckDBPyConnection, *, at_most: int | None = None
) -> pd.DataFrame:
    """Return the rows that were rejected: `file, line` (1-based, physical), `code, reason, raw`, in the file's order.

    Parameters
    ----------
    rows : Rows
        The source.
    reasons : list of Reason
        What the ``judged`` in the connection point to.
    connection : duckdb.DuckDBPyConnection
        Holds ``judged``.
    at_most : int or None
        Only so many of them, the first of those that were read and the first of those that were not.
    """
    hidden = {rows.header[at] for at in rows.personal}
    limit = "" if at_most is None else f"LIMIT {at_most}"
    judged = connection.execute(
        f"SELECT rowid + 1, verdict, found FROM judged WHERE verdict IS NOT NULL ORDER BY rowid {limit}"
    ).fetchall()
    lines = rows.lines(np.array([n for n, _, _ in judged], dtype=np.int64)).tolist()
    told = [(one.line, one.code, one.reason) for one in rows.broken[:at_most]]
    for line, (_, verdict, found) in zip(lines, judged, strict=True):
        reason = reasons[verdict]
        shown = HIDDEN if reason.where in hidden else repr(found)
        told.append((line, reason.code, reason.where if found is None else f"{reason.where}: {shown}"))
    told.sort()
    raws = rows.raw([line for line, _, _ in told]) if told else {}
    return as_list([(rows.name, line, code, reason, raws[line]) for line, code, reason in told], REJECTED)


def flagged(rows: Rows, table: str, connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return what is worth a look in the rows that were taken: `file, line, code, case_id`, a row per flag."""
    # A file of one system may have a flag on every row: they go from DuckDB to the frame without becoming objects.
    flags = ", ".join(f"({1 << at}, {literal(fault.code)})" for at, fault in enumerate(FLAGS))
    found = connection.sql(
        f"SELECT rowid + 1 AS n, code, {_case_id(table)} AS case_id "
        f"FROM judged JOIN (VALUES {flags}) AS known(bit, code) ON judged.flags & bit > 0 "
        "WHERE verdict IS NULL ORDER BY n, bit"
    )
    assert found is not None
    listed = found.to_arrow_table().to_pandas()
    listed.insert(0, "line", rows.lines(listed.pop("n").to_numpy()))
    listed.insert(0, "file", rows.name)
    last = as_list(_unfinished(rows, table, connection) if rows.last_line_unfinished else [], FLAGGED)
    return pd.concat([listed.astype(FLAGGED), last], ignore_index=True)


def _case_id(table: str) -> str:
    return "case_id" if "case_id" in columns_of(TABLES[table]) else "CAST(NULL AS VARCHAR)"


def _unfinished(rows: Rows, table: str, connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Return the flag of the file's last row, unless that row was not taken."""
    found = connection.execute(
        f"SELECT rowid + 1, verdict, {_case_id(table)} FROM judged ORDER BY rowid DESC LIMIT 1"
    ).fetchall()
    for n, verdict, case_id in found:
        line = int(rows.lines(np.array([n]))[0])
        if verdict is None and not (rows.broken and rows.broken[-1].line > line):
            return [(rows.name, line, "last_line_unfinished", case_id)]
    return []
