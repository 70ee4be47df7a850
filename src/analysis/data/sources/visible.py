"""Text as people see it: without characters that nobody sees, and without the ``="…"`` that keeps Excel from guessing.

Two identifiers that look alike are one. A zero-width blank, a NUL or a mark of direction is never meant; it comes from
copying out of a web page or a fixed-width field.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.visible_text import IN_PYTHON, UNSEEN

_AS_TEXT = r'^\s*="([^"]*)"\s*$'
"""Matches a cell written as a formula for its own text, as in ``="000123"``."""

_PATTERN = f"{UNSEEN}|{_AS_TEXT}"


def is_visible(text: str) -> bool:
    """Return whether a cell is as people see it."""
    return not (IN_PYTHON.search(text) or re.match(_AS_TEXT, text))


def visible_cells(cells: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Return cells as people see them, and which of them that changed; None where it changed none.

    Parameters
    ----------
    cells : pa.Array
        Cells of text; missing where they are empty.
    """
    changed = pc.fill_null(pc.match_substring_regex(cells, _PATTERN), False)
    if not pc.any(changed).as_py():
        return cells, None
    cells = pc.replace_substring_regex(cells, UNSEEN, "")
    return pc.replace_substring_regex(cells, _AS_TEXT, r"\1"), changed


def visible_sql(cell: str) -> str:
    """Return SQL of a cell as people see it."""
    return f"regexp_replace(regexp_replace({cell}, '{UNSEEN}', '', 'g'), '{_AS_TEXT}', '\\1')"


def unseen_sql(cell: str) -> str:
    """Return SQL that is true where a cell is not as people see it."""
    return f"coalesce(regexp_matches({cell}, '{_PATTERN}'), false)"


def unseen_but_controls_sql(cell: str) -> str:
    """Return SQL that is true where a cell is not as people see it, control characters below 128 aside.

    It costs a tenth of `unseen_sql`, because most cells are ASCII. Control characters a file's bytes show.
    """
    return f"CASE WHEN strlen({cell}) <> length({cell}) OR contains({cell}, '=\"') THEN {unseen_sql(cell)} END"


def has_controls(text: bytes) -> bool:
    """Return whether a piece of text holds control characters below 128, but for tabs and line breaks."""
    letters = np.frombuffer(text, np.uint8)
    breaks = sum(map(text.count, (b"\t", b"\n", b"\r")))
    return b"\x7f" in text or int(np.count_nonzero(letters < ord(" "))) > breaks
