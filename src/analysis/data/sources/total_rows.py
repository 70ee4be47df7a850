"""Total rows: rows that add up others, recognised by a cell that says nothing but "total"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.data.sources.rows import fold_header
from analysis.data.sql import literal, trimmed

PHRASES = ("tổng", "tổng số", "tổng cộng", "cộng")
"""What the cell of a total row says, in any case; with its diacritics, and nothing else: "Tổng hợp" is a field."""

_ORDINAL = r"\(?(?:[0-9]{1,3}(?:\.[0-9]{1,3})*|[ivxlc]{1,6}|[a-zđ])\)?"
_BULLET = r"[-+*•–]"


class TotalPhrases:
    """The phrases by which total rows are recognised, each the whole of a cell.

    A phrase may have an ordinal before it and a sum of ordinals behind it: ``II. Tổng số (1+2)``.

    Parameters
    ----------
    further : sequence of str
        Phrases beside `PHRASES`.
    """

    def __init__(self, further: Sequence[str] = ()) -> None:
        # Our own phrases are not ASCII, as most cells are: those need no closer look.
        self._may_be_ascii = any(phrase.isascii() for phrase in further)
        phrases = "|".join(re.escape(fold_header(phrase).lower()) for phrase in (*PHRASES, *further))
        ordinals = rf"\s?\({_ORDINAL}(?:\s?\+\s?{_ORDINAL})*\)"
        before = rf"{_BULLET}\s?|{_ORDINAL}\s?[.):/-]\s?|{_ORDINAL}\s"
        pattern = rf"(?:{before})?(?:{phrases})(?:{ordinals})?\s?[:.]?"
        # RE2 knows no escaped blank.
        self._pattern = pattern.replace("\\ ", " ")

    def match(self, cell: str | None) -> bool:
        """Return whether a cell says that its row is a total."""
        if cell is None or (cell.isascii() and not self._may_be_ascii):
            return False
        return re.fullmatch(self._pattern, fold_header(cell).lower()) is not None

    def sql(self, cell: str) -> str:
        """Return SQL that is true where a cell says that its row is a total."""
        text = rf"regexp_replace(lower(nfc_normalize({trimmed(cell)})), '\s+', ' ', 'g')"
        found = f"coalesce(regexp_full_match({text}, {literal(self._pattern)}), false)"
        return (
            found if self._may_be_ascii else f"CASE WHEN strlen({cell}) <> length({cell}) THEN {found} ELSE false END"
        )
