"""How a source spells the codes of its accepted rows: what pages call a body that no plan names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

Names = dict[str, dict[str, str]]
"""Dimension → code → its name."""

NAMED_BY_NOBODY = ("target", "instrument", "stratum", "cluster")
"""Columns of codes whose spelling is not kept: a plan declares the first two, and no page shows the others."""


@dataclass(frozen=True)
class Spelling:
    """A code as one cell of the source has it.

    Attributes
    ----------
    code : str
        The code.
    text : str
        The cell, visible, in composed letters (NFC) and with single blanks.
    """

    code: str
    text: str


def spelling(text: str, code: str | None) -> Spelling | None:
    """Return how a cell spells the code that it became; None where that says no more than the code.

    Parameters
    ----------
    text : str
        The folded cell. One without a letter, such as a number in another system's list, names nothing.
    code : str or None
        Its code, None where it has none.
    """
    says_more = code is not None and text != code and any(letter.isalpha() for letter in text)
    return Spelling(code, text) if code is not None and says_more else None


@dataclass
class SpelledColumn:
    """The spellings of one column of codes, and which of them stood in accepted rows.

    A value seen in rejected rows only may be a person's name from another cell: nothing of it is kept.

    Attributes
    ----------
    column : str
        Our column.
    place : str
        Alias of the SQL that gives the place of a cell in the list of all values of its column, counted from 1.
    spellings : list of Spelling or None
        The spelling at each place.
    """

    column: str
    place: str
    spellings: list[Spelling | None]
    _accepted: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._accepted = np.zeros(len(self.spellings), dtype=bool)

    def accept(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Note the spellings of accepted rows, which have the column `place`."""
        self._accepted[rows[self.place].drop_null().to_numpy() - 1] = True

    def names(self) -> dict[str, str]:
        """Return code → name for the spellings of the rows accepted so far."""
        return chosen(one for one, seen in zip(self.spellings, self._accepted, strict=True) if one and seen)


def chosen(spellings: Iterable[Spelling]) -> dict[str, str]:
    """Return code → name: of several spellings one with both upper and lower case, then the first in order."""
    best: dict[str, str] = {}
    for one in sorted(spellings, key=lambda one: (one.text in (one.text.upper(), one.text.lower()), one.text)):
        best.setdefault(one.code, one.text)
    return dict(sorted(best.items()))


def merged_names(several: Iterable[Mapping[str, Mapping[str, str]] | None]) -> Names:
    """Return the names of several files as one, whatever their order.

    Parameters
    ----------
    several : iterable of mapping or None
        Of each file, dimension → code → name; None where it gives none.
    """
    found: dict[str, list[Spelling]] = {}
    for names in several:
        for dimension, named in (names or {}).items():
            found.setdefault(dimension, []).extend(Spelling(code, text) for code, text in named.items())
    return {dimension: chosen(spellings) for dimension, spellings in sorted(found.items())}
