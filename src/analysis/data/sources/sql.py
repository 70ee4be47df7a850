"""Texts, names and files on their way into SQL: nothing received can end a literal or stand for several files."""

from __future__ import annotations

import re
from pathlib import Path

BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239) || chr(65279)"
"""White space as it stands around cells, no-break spaces and a stray byte order mark included; SQL's own trim knows
the plain blank only."""


def literal(text: object) -> str:
    """Return text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return the name of a table or column as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def file_literal(path: Path | str) -> str:
    """Return a path as an SQL literal that means this one file, whatever signs of a pattern its name holds."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def parquet(path: Path | str) -> str:
    """Return what stands after FROM to read a Parquet file."""
    return f"read_parquet({file_literal(path)})"


def trimmed(cell: str) -> str:
    """Return SQL of a cell without the white space around it; missing when nothing is left."""
    return f"nullif(trim({cell}, {BLANKS}), '')"


def composed(cell: str) -> str:
    """Return SQL of a cell's text in composed letters, missing when it is blank."""
    # Plain ASCII without a blank at its ends, told by its bytes, is so already; most cells are, and the detour costs
    # more than all the rest.
    is_plain = f"strlen({cell}) = length({cell}) AND {cell} > '!' AND right({cell}, 1) > ' '"
    slow = f"nullif(trim(nfc_normalize({cell}), {BLANKS}), '')"
    return f"CASE WHEN {is_plain} THEN {cell} WHEN {cell} <> '' THEN {slow} END"
