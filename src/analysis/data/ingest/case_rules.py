"""What only a whole case can tell: times that contradict each other, the classes, and what identifies it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from analysis.data.codes import PUBLISHED_LEVELS
from analysis.data.ingest.column_sql import Condition, Reading
from analysis.data.sources.mapping import Mapping

_FORM = r"(000\.00\.[0-9]{2}\.H[0-9]{2}|H[0-9]{2}\.[0-9]{2})-[0-9]{6}-[0-9]{4,}"
"""The two forms of a national identifier: the province's code last until about 2024, first since."""

CLASSES = {
    "no_due_date": "outcome = 'resolved' AND due_at IS NULL",
    "refused": "outcome = 'refused'",
    "withdrawn": "outcome = 'withdrawn'",
}
"""Cases that are easily miscounted: code → SQL."""


def complete(made: Reading, mapping: Mapping) -> None:
    """Fill in what a source need not give: the outcome, and the due date that the other one stands for."""
    if "outcome" not in mapping.columns:
        finish = made.columns["finished_at"]
        made.columns["outcome"] = f"CASE WHEN {finish} IS NULL THEN 'open' ELSE 'resolved' END"
    first, due = made.columns["first_due_at"], made.columns["due_at"]
    made.columns["first_due_at"] = f"CASE WHEN {first} IS NULL THEN {due} ELSE {first} END"
    made.columns["due_at"] = f"CASE WHEN {due} IS NULL THEN {first} ELSE {due} END"


def rejections(extracted_on: date) -> list[Condition]:
    """Return what makes a case impossible, given the day its data was taken from the system."""
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


def marks(mapping: Mapping) -> dict[str, str]:
    """Return what is worth a look in a case that is taken, and the classes counted apart: code → SQL."""
    below = ", ".join(f"'{level}'" for level in PUBLISHED_LEVELS)
    told = {
        **CLASSES,
        "not_yet_accepted": "accepted_at IS NULL AND outcome = 'open'",
        "online_below_level_3": f"channel = 'online' AND level NOT IN ({below})",
        "due_date_replaced": "due_at <> first_due_at",
        "due_before_accepted": "CAST(due_at AS DATE) < CAST(accepted_at AS DATE)",
        "submitted_after_accepted": "CAST(submitted_at AS DATE) > CAST(accepted_at AS DATE)",
        "returned_before_finished": "CAST(returned_at AS DATE) < CAST(finished_at AS DATE)",
        "open_with_finish": "outcome = 'open' AND finished_at IS NOT NULL",
    }
    if mapping.case_id_form == "national":
        known = f"regexp_full_match(case_id, '{_FORM}')"
        day = "CAST(try_strptime(split_part(case_id, '-', 2), '%y%m%d') AS DATE)"
        told["case_id_form_unknown"] = f"NOT {known}"
        differs = [
            f"({time} IS NULL OR {day} IS DISTINCT FROM CAST({time} AS DATE))"
            for time in ("submitted_at", "accepted_at")
        ]
        told["case_id_day_differs"] = f"{' AND '.join(differs)} AND {known}"
    return told


def key(case_id_form: str, column: str) -> str:
    """Return SQL of what two rows of one case have in common: the identifier, the two national forms made one.

    ``000.00.06.H32-210923-0001`` and ``H32.06-210923-0001`` are the same body, day and number.
    """
    if case_id_form != "national":
        return column
    first_form = f"starts_with({column}, '000.00.') AND length({column}) > 13"
    body = f"substr({column}, 11, 3) || '.' || substr({column}, 8, 2) || substr({column}, 14)"
    return f"CASE WHEN {first_form} THEN {body} ELSE {column} END"


DUPLICATES = (
    ("duplicate_case_id", "another row of the case is kept"),
    ("duplicate_across_systems", "the case is kept under another identifier"),
)
"""Code and reason of a loser that has the winner's own identifier, and of one that has another."""


_NONE = np.empty(0, np.uint64)


@dataclass(frozen=True)
class Contender:
    """A row that may be of a case with other rows.

    Attributes
    ----------
    place : int
        Its position among the rows.
    key, other_key : str, str or None
        Keys of its identifier and of the one in another system, see `case_rules.key`.
    case_id : str
        The identifier as it stands.
    closed : bool
        Whether the case is open no more.
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
class Loser:
    """A row that another row of its case wins over.

    Attributes
    ----------
    place : int
        Its position among the rows.
    duplicate : int
        Which of `DUPLICATES`.
    winner : str
        The identifier that the case is kept under.
    """

    place: int
    duplicate: int
    winner: str


@dataclass(frozen=True)
class Suspects:
    """Hashes of keys that tell which rows must be compared at all; of a clean file there are none.

    Comparing hashes costs a fraction of comparing identifiers. Hashes of different keys that are equal by chance do no
    harm: `losers` compares the keys.

    Attributes
    ----------
    own : np.ndarray
        Of an identifier that stands on several rows, or that another row names: sorted, each once.
    named : np.ndarray
        Of those, the ones that another row names.
    """

    own: np.ndarray
    named: np.ndarray

    def __bool__(self) -> bool:
        return len(self.own) > 0

    def among(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return which rows are suspect, given the hashes of both keys of each."""
        return np.isin(own, self.own) | np.isin(other, self.named)


def suspects(own: np.ndarray = _NONE, other: np.ndarray = _NONE) -> Suspects:
    """Return what tells the rows that may be of one case, given the hashes of all their keys.

    Parameters
    ----------
    own : np.ndarray
        Of the rows' own identifiers.
    other : np.ndarray
        Of the identifiers in another system, where they differ from the own one.
    """
    ordered = np.sort(own)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    at = np.searchsorted(ordered, other)
    named = other[ordered[np.minimum(at, len(ordered) - 1)] == other] if len(ordered) else _NONE
    return Suspects(own=np.unique(np.concatenate([twice, named])), named=named)


def losers(contenders: Sequence[Contender]) -> list[Loser]:
    """Return the rows that lose to another row of their case.

    The more complete row wins: closed before open, then the later finish, then the first in the file. Rows are one
    case when their identifiers are the same (in either national form), or when one names the other as its identifier
    in another system.
    """
    keys = {one.key for one in contenders}
    cases = _Cases()
    for one in contenders:
        # An identifier that no row has says nothing: systems write "0" or "none" where there is no other one.
        if one.other_key in keys:
            cases.join(one.key, str(one.other_key))
    together: dict[str, list[Contender]] = defaultdict(list)
    for one in contenders:
        together[cases.of(one.key)].append(one)
    lost = []
    for rows in together.values():
        winner = max(rows, key=lambda one: (one.closed, one.finished_at or datetime.min, -one.place))
        lost += [
            Loser(one.place, int(one.case_id != winner.case_id), winner.case_id) for one in rows if one is not winner
        ]
    return lost


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
