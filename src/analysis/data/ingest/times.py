"""SQL that reads times: as the mapping writes them, most rows at the first attempt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from analysis.data.sources.sql import BLANKS, literal

_WIDTHS = {"Y": (1, 4), "f": (1, 6), "p": (2, 2), "b": (3, 3), "B": (3, 9), "a": (3, 3), "A": (6, 9), "z": (3, 6)}
"""Fewest and most letters of what a directive stands for, where that is not one digit or two."""


def read_at_once(cell: str, forms: Sequence[str], *, iso_too: bool) -> str:
    """Return SQL that reads a cell by the one form its length allows, or by all in their order where several do.

    A form that does not fit costs as much as five that do: it writes a message that nobody reads.

    Parameters
    ----------
    cell : str
        SQL of the text.
    forms : sequence of str
        As strptime spells them, most common first.
    iso_too : bool
        Whether ISO stands beside them: what a workbook or database holds as a date arrives so, whatever its text
        cells look like.
    """
    ranges = sorted((*_lengths(form), form) for form in forms)
    read = _strptime(cell, forms)
    if len(ranges) > 1 and all(longest < shortest for (_, longest, _), (shortest, _, _) in pairwise(ranges)):
        *shorter, (_, _, last) = ranges
        whens = (f"WHEN length({cell}) <= {longest} THEN {_strptime(cell, [form])}" for _, longest, form in shorter)
        read = f"CASE {' '.join(whens)} ELSE {_strptime(cell, [last])} END"
    return _iso_first(cell, read) if iso_too else read


def read_after_all(cell: str, forms: Sequence[str], *, iso_too: bool) -> str:
    """Return SQL that reads a cell without the white space around it by any form, as `read_at_once` could not."""
    trimmed = f"trim({cell}, {BLANKS})"
    read = _strptime(trimmed, forms)
    return _iso_first(trimmed, read) if iso_too else read


def _iso_first(cell: str, otherwise: str) -> str:
    return f"CASE WHEN substr({cell}, 5, 1) = '-' THEN TRY_CAST({cell} AS TIMESTAMP) ELSE {otherwise} END"


def _strptime(cell: str, forms: Sequence[str]) -> str:
    listed = ", ".join(map(literal, forms))
    if any("%z" in form for form in forms):
        cell = f"regexp_replace({cell}, 'Z$', '+00')"
    return f"CAST(try_strptime({cell}, [{listed}]) AS TIMESTAMP)"


def _lengths(form: str) -> tuple[int, int]:
    """Return the fewest and the most letters of a time written in a form."""
    widths = [_WIDTHS.get(part[-1], (1, 2)) for part in re.findall(r"%-?.", form)]
    others = len(re.sub(r"%-?.", "", form))
    return sum(least for least, _ in widths) + others, sum(most for _, most in widths) + others
