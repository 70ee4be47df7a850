"""Rules over whole cases: times that contradict each other, classes of cases, and duplicate rows of one case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from analysis.data.codes import NATIONAL_ID, PUBLISHED_LEVELS
from analysis.data.ingest.column_sql import Condition, TableSql
from analysis.data.sources.mapping import Mapping

CLASSES = {
    "no_due_date": "outcome = 'resolved' AND due_at IS NULL",
    "refused": "outcome = 'refused'",
    "withdrawn": "outcome = 'withdrawn'",
}
"""Classes of cases that are easily miscounted: code → SQL that is true for such a case."""


def fill_in_columns(table_sql: TableSql, mapping: Mapping) -> None:
    """Fill in what a source need not give: the outcome, and each of the two due dates from the other.

    Parameters
    ----------
    table_sql : TableSql
        How the rows become cases; its columns are changed.
    mapping : Mapping
        Which columns the source gives.
    """
    if "outcome" not in mapping.columns:
        finish = table_sql.columns["finished_at"]
        table_sql.columns["outcome"] = f"CASE WHEN {finish} IS NULL THEN 'open' ELSE 'resolved' END"
    first, due = table_sql.columns["first_due_at"], table_sql.columns["due_at"]
    table_sql.columns["first_due_at"] = f"CASE WHEN {first} IS NULL THEN {due} ELSE {first} END"
    table_sql.columns["due_at"] = f"CASE WHEN {due} IS NULL THEN {first} ELSE {due} END"


def reject_conditions(extracted_on: date) -> list[Condition]:
    """Return the conditions under which a case is rejected, given the day its data was taken from the system."""
    later = f"TIMESTAMP '{(extracted_on + timedelta(days=1)).isoformat()}'"
    return [
        Condition("case_id_missing", "case_id IS NULL", "case_id"),
        Condition(
            "accepted_missing",
            "(accepted_at IS NULL AND (outcome = 'resolved' OR submitted_at IS NULL))",
            "accepted_at",
        ),
        Condition("finished_missing", "(outcome = 'resolved' AND finished_at IS NULL)", "finished_at"),
        Condition(
            "accepted_in_future",
            f"(accepted_at >= {later} OR submitted_at >= {later})",
            f"accepted_at or submitted_at, with data of {extracted_on.isoformat()}",
            "greatest(accepted_at, submitted_at)",
        ),
        Condition(
            "finished_in_future",
            f"(finished_at >= {later} OR returned_at >= {later})",
            f"finished_at or returned_at, with data of {extracted_on.isoformat()}",
            "greatest(finished_at, returned_at)",
        ),
        Condition(
            "finished_before_accepted",
            "CAST(finished_at AS DATE) < CAST(accepted_at AS DATE)",
            "finished_at",
            "finished_at",
        ),
    ]


def mark_conditions(mapping: Mapping) -> dict[str, str]:
    """Return the flags and classes of accepted cases: code → SQL that is true for such a case."""
    below = ", ".join(f"'{level}'" for level in PUBLISHED_LEVELS)
    sql_by_code = {
        **CLASSES,
        "not_yet_accepted": "accepted_at IS NULL AND outcome = 'open'",
        "online_below_level_3": f"channel = 'online' AND level NOT IN ({below})",
        "due_date_replaced": _differ("due_at", "first_due_at", mapping.due_precision),
        "due_before_accepted": "CAST(due_at AS DATE) < CAST(accepted_at AS DATE)",
        "submitted_after_accepted": "CAST(submitted_at AS DATE) > CAST(accepted_at AS DATE)",
        "returned_before_finished": "CAST(returned_at AS DATE) < CAST(finished_at AS DATE)",
        "open_with_finish": "outcome = 'open' AND finished_at IS NOT NULL",
    }
    if mapping.case_id_form == "national":
        known = f"regexp_full_match(case_id, '{NATIONAL_ID}')"
        day = "CAST(try_strptime(split_part(case_id, '-', 2), '%y%m%d') AS DATE)"
        sql_by_code["case_id_form_unknown"] = f"NOT {known}"
        differs = [
            f"({time} IS NULL OR {day} IS DISTINCT FROM CAST({time} AS DATE))"
            for time in ("submitted_at", "accepted_at")
        ]
        sql_by_code["case_id_day_differs"] = f"{' AND '.join(differs)} AND {known}"
    return sql_by_code


def _differ(one: str, other: str, precision: str) -> str:
    """Return SQL that is true where two due dates differ by what their precision can tell."""
    return f"CAST({one} AS DATE) <> CAST({other} AS DATE)" if precision == "day" else f"{one} <> {other}"


def case_key(case_id_form: str, column: str) -> str:
    """Return SQL of the key that all rows of one case share: the identifier, with the two national forms made one.

    ``000.00.06.H32-210923-0001`` and ``H32.06-210923-0001`` are the same body, day and number.

    Parameters
    ----------
    case_id_form : {"any", "national"}
        See `analysis.data.sources.mapping.Mapping`.
    column : str
        SQL of the identifier.
    """
    if case_id_form != "national":
        return column
    first_form = f"starts_with({column}, '000.00.') AND length({column}) > 13"
    body = f"substr({column}, 11, 3) || '.' || substr({column}, 8, 2) || substr({column}, 14)"
    return f"CASE WHEN {first_form} THEN {body} ELSE {column} END"


DUPLICATE_REASONS = (
    ("duplicate_case_id", "another row of the case is kept"),
    ("duplicate_across_systems", "the case is kept under another identifier"),
)
"""Code and reason of a duplicate with the same identifier as the row kept, and of one with another identifier."""


_NO_HASHES = np.empty(0, np.uint64)


@dataclass(frozen=True)
class DuplicateCandidate:
    """A row that may belong to the same case as other rows.

    Attributes
    ----------
    place : int
        Its position among the rows.
    key : str
        Key of its identifier, see `case_key`.
    other_key : str or None
        Key of its identifier in another system.
    case_id : str
        The identifier as it stands.
    closed : bool
        Whether the case is no longer open.
    finished_at : datetime or None
        When processing ended.
    """

    place: int
    key: str
    other_key: str | None
    case_id: str
    closed: bool
    finished_at: datetime | None


@dataclass(frozen=True)
class Duplicate:
    """A row that is rejected because another row of its case is kept.

    Attributes
    ----------
    place : int
        Its position among the rows.
    case_id : str
        Its identifier.
    reason : int
        Index into `DUPLICATE_REASONS`.
    winner : str
        Identifier on the row that is kept.
    """

    place: int
    case_id: str
    reason: int
    winner: str


@dataclass(frozen=True)
class SharedHashes:
    """Hashes of keys that several rows share, which select the rows to compare; a clean file has none.

    Comparing hashes costs a fraction of comparing identifiers. Hashes of different keys that are equal by chance do no
    harm, because `find_duplicates` compares the keys.

    Attributes
    ----------
    own : np.ndarray
        Hashes of identifiers that stand on several rows, or that another row names: sorted, without repeats.
    named : np.ndarray
        Those of them that another row names.
    """

    own: np.ndarray
    named: np.ndarray

    def __bool__(self) -> bool:
        return len(self.own) > 0

    def selects(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return which rows must be compared with others, as an array of bool.

        Parameters
        ----------
        own : np.ndarray
            Per row, the hash of its identifier's key.
        other : np.ndarray
            Per row, the hash of the key of its identifier in another system.
        """
        return np.isin(own, self.own) | np.isin(other, self.named)


def shared_hashes(own: np.ndarray = _NO_HASHES, other: np.ndarray = _NO_HASHES) -> SharedHashes:
    """Return the hashes that several rows share, given the hashes of the keys of all rows.

    Parameters
    ----------
    own : np.ndarray
        Hashes of the rows' own identifiers.
    other : np.ndarray
        Hashes of their identifiers in another system, where these differ from the own ones.
    """
    ordered = np.sort(own)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    at = np.searchsorted(ordered, other)
    named = other[ordered[np.minimum(at, len(ordered) - 1)] == other] if len(ordered) else _NO_HASHES
    return SharedHashes(own=np.unique(np.concatenate([twice, named])), named=named)


def find_duplicates(contenders: Sequence[DuplicateCandidate]) -> list[Duplicate]:
    """Return the rows that are rejected because another row of their case is kept.

    The most complete row is kept: closed before open, then the later finish, then the first in the file. Rows are one
    case when their identifiers are the same (in either national form), or when one names the other as its identifier
    in another system.
    """
    keys = {row.key for row in contenders}
    cases = _Cases()
    for row in contenders:
        # An identifier that no row has joins nothing: systems write "0" or "none" where there is no other one.
        if row.other_key in keys:
            cases.join(row.key, str(row.other_key))
    rows_of_case: dict[str, list[DuplicateCandidate]] = defaultdict(list)
    for row in contenders:
        rows_of_case[cases.of(row.key)].append(row)
    duplicates = []
    for rows in rows_of_case.values():
        winner = max(rows, key=lambda row: (row.closed, row.finished_at or datetime.min, -row.place))
        duplicates += [
            Duplicate(row.place, row.case_id, int(row.case_id != winner.case_id), winner.case_id)
            for row in rows
            if row is not winner
        ]
    return duplicates


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
