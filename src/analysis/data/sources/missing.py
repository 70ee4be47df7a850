"""Cells that say in words that they hold nothing, such as NULL or a dash."""

from __future__ import annotations

from analysis.data.sources.rows import fold_header

_EVERYWHERE = ("null", "(null)", "n/a", "-", "--", "–", "—", "\u2212")
_WHERE_NO_NAME_STANDS = ("na", "nat", "none", "nil", "<na>")
"""Beside the others in times and numbers; in a column of codes NA may be a body."""

ANSWERS = ("không", "khong", "no", "false", "0")
"""Never mean that nothing is there: in a column of answers they are one."""


def missing_words(kind: str, further: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what cells say that hold nothing, in lower case.

    Parameters
    ----------
    kind : str
        How the cells of the column are read, see `analysis.data.sources.mapping.kind_of`.
    further : tuple of str
        What a mapping adds for all its columns.
    """
    ours = _EVERYWHERE + (_WHERE_NO_NAME_STANDS if kind in ("time", "number") else ())
    if kind != "number":
        # A column of codes stored as floating-point numbers says so of each empty cell; of a number it is a fault.
        ours += ("nan",)
    return ours + tuple(fold_header(word).lower() for word in further)
