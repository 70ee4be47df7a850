"""One case, several rows: which of them wins."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from analysis.data.ingest.case_rules import key

DUPLICATES = (
    ("duplicate_case_id", "another row of the case is kept"),
    ("duplicate_across_systems", "the case is kept under another identifier"),
)
"""Code and reason of the verdicts below, in their order."""

_SUSPECTS = """
WITH good AS NOT MATERIALIZED (
    SELECT rowid AS place, {key} AS key, {other_key} AS other_key, case_id, outcome <> 'open' AS closed, finished_at
    FROM judged WHERE verdict IS NULL),
twice AS (SELECT hash(key) AS h FROM good GROUP BY h HAVING count(*) > 1),
naming AS (SELECT DISTINCT hash(other_key) AS h FROM good WHERE other_key <> key),
named AS (SELECT DISTINCT hash(key) AS h FROM good WHERE hash(key) IN (SELECT h FROM naming))
SELECT place, key, other_key, case_id, closed, finished_at FROM good
WHERE hash(key) IN (SELECT h FROM twice UNION SELECT h FROM named)
   OR (other_key <> key AND hash(other_key) IN (SELECT h FROM named))
ORDER BY place
"""


def reject_duplicates(connection: duckdb.DuckDBPyConnection, *, case_id_form: str, first_verdict: int) -> None:
    """Mark in ``judged`` the rows that lose to another row of their case.

    The more complete row wins: closed before open, then the later finish, then the first in the file. Rows are one
    case when their identifiers are the same (in either national form), or when one names the other as its identifier
    in another system.

    Only rows whose key's hash stands twice, or is named by another, are compared at all: at ten million rows grouping
    hashes costs a fraction of grouping identifiers. Equal hashes of different keys are told apart here.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Holds ``judged``, see `analysis.data.ingest.judging.judge`.
    case_id_form : {"any", "national"}
        See `analysis.data.sources.mapping.Mapping`.
    first_verdict : int
        Number of the first of `DUPLICATES`.
    """
    keys_of = {"key": key(case_id_form, "case_id"), "other_key": key(case_id_form, "other_id")}
    suspects = [_Suspect(*row) for row in connection.execute(_SUSPECTS.format(**keys_of)).fetchall()]
    keys = {one.key for one in suspects}
    cases = _Cases()
    for one in suspects:
        # An identifier that no row has says nothing: systems write "0" or "none" where there is no other one.
        if one.other_key in keys:
            cases.join(one.key, str(one.other_key))
    together: dict[str, list[_Suspect]] = defaultdict(list)
    for one in suspects:
        together[cases.of(one.key)].append(one)
    lost = []
    for rows in together.values():
        winner = max(rows, key=lambda one: (one.closed, one.finished_at or datetime.min, -one.place))
        for one in rows:
            if one is not winner:
                across = one.case_id != winner.case_id
                lost.append({"place": one.place, "verdict": first_verdict + across, "found": winner.case_id})
    if lost:
        connection.register("losers", pa.Table.from_pylist(lost))
        connection.execute(
            "UPDATE judged SET verdict = losers.verdict, found = losers.found FROM losers "
            "WHERE judged.rowid = losers.place"
        )
        connection.unregister("losers")


@dataclass(frozen=True)
class _Suspect:
    """A row that may be of a case with other rows."""

    place: int
    key: str
    other_key: str | None
    case_id: str
    closed: bool
    finished_at: datetime | None


class _Cases:
    """Identifiers joined into cases: a union-find over their keys."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def of(self, key: str) -> str:
        self._parent.setdefault(key, key)
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.of(one), self.of(other)))
        self._parent[second] = first
