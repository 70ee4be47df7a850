"""One case, several rows: which rows may be of one case, and which of them wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

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
