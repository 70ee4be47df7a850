"""Date formats as mappings write them, in strptime's notation or as ``dd/mm/yyyy``."""

from __future__ import annotations

import re

_DIRECTIVES = {
    "dd": "%d",
    "mm": "%m",
    "yyyy": "%Y",
    "yy": "%y",
    "HH": "%H",
    "hh": "%I",
    "MM": "%M",
    "SS": "%S",
    "tt": "%p",
}
_TOKEN = re.compile("|".join(sorted(_DIRECTIVES, key=len, reverse=True)))
_KNOWN_DIRECTIVES = set("aAbBdfHImMpSyYz%")
"""Directives that DuckDB and Python both know and that determine a moment."""


def strptime_format(written: str) -> str:
    """Return a date format in strptime's notation: ``dd/mm/yyyy`` → ``%d/%m/%Y``."""
    return written if "%" in written else _TOKEN.sub(lambda token: _DIRECTIVES[token[0]], written)


def fault_in_format(written: str) -> str | None:
    """Return what is wrong with a date format, or None when dates can be read with it."""
    directives = re.findall(r"%(-?.?)", strptime_format(written))
    unknown = [directive for directive in directives if directive.removeprefix("-") not in _KNOWN_DIRECTIVES]
    if unknown:
        return f"{written!r}: there is no directive %{unknown[0]}"
    named = {directive.removeprefix("-") for directive in directives}
    if "d" not in named or not named & {"m", "b", "B"} or not named & {"y", "Y"}:
        return f"{written!r} names no day, month or year; dd/mm/yyyy HH:MM:SS was expected, say"
    return None
