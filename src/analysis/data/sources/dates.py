"""How dates are written: ``dd/mm/yyyy HH:MM:SS`` as people say it, or as strptime spells it."""

from __future__ import annotations

import re

_SPELT = {"dd": "%d", "mm": "%m", "yyyy": "%Y", "yy": "%y", "HH": "%H", "hh": "%I", "MM": "%M", "SS": "%S", "tt": "%p"}
_TOKEN = re.compile("|".join(sorted(_SPELT, key=len, reverse=True)))
_KNOWN = set("aAbBdfHImMpSyYz%")
"""The directives that both the engine reading the rows and Python know, and that say which moment is meant."""


def strptime_form(written: str) -> str:
    """Return a date format as strptime spells it: ``dd/mm/yyyy`` → ``%d/%m/%Y``."""
    return written if "%" in written else _TOKEN.sub(lambda token: _SPELT[token[0]], written)


def fault_in_form(written: str) -> str | None:
    """Return what is wrong with a date format, or None when dates can be read by it."""
    directives = re.findall(r"%(-?.?)", strptime_form(written))
    unknown = [one for one in directives if one.removeprefix("-") not in _KNOWN]
    if unknown:
        return f"{written!r}: there is no directive %{unknown[0]}"
    named = {one.removeprefix("-") for one in directives}
    if "d" not in named or not named & {"m", "b", "B"} or not named & {"y", "Y"}:
        return f"{written!r} names no day, month or year; dd/mm/yyyy HH:MM:SS was expected, say"
    return None
