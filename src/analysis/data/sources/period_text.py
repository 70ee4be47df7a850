"""Read months and quarters as offices, spreadsheets and statistics offices write them."""

from __future__ import annotations

import re
import unicodedata

MONTHS_IN_WORDS = {
    "giêng": 1, "một": 1, "hai": 2, "ba": 3, "tư": 4, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9,
    "mười": 10, "mười một": 11, "mười hai": 12, "chạp": 12,
}  # fmt: skip
"""What follows *tháng*, in lower case → month."""

_ENGLISH = "january february march april may june july august september october november december".split()  # noqa: SIM905
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}

_YEAR, _MONTH, _QUARTER = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<quarter>[1-4]|iv|i{1,3})"
_MARK = r"\s?[-/.]\s?"
_OF_YEAR = rf"(?:{_MARK}|\s|\s?(?:,\s?)?năm\s)"
_WORDS = "|".join(sorted(MONTHS_IN_WORDS, key=len, reverse=True))
_NAMES = "|".join(rf"{name[:3]}(?:{name[3:]})?" for name in _ENGLISH) + "|sept"

FORMS = [
    re.compile(form)
    for form in (
        rf"{_YEAR}{_MARK}{_MONTH}",
        rf"{_MONTH}{_MARK}{_YEAR}",
        # a day that a spreadsheet made of a month: its first
        rf"{_YEAR}-{_MONTH}-01(?: 00:00:00)?",
        rf"(?:tháng|t\.?)\s?{_MONTH}{_OF_YEAR}{_YEAR}",
        rf"tháng (?P<words>{_WORDS}){_OF_YEAR}{_YEAR}",
        rf"{_YEAR}(?P<month>\d\d)",
        rf"{_YEAR}\s?m(?P<month>\d\d?)",
        rf"(?P<name>{_NAMES})\.?(?:{_MARK}|\s|,\s)?(?:{_YEAR}|(?P<short>\d\d))",
        rf"{_YEAR}(?:{_MARK}|\s)?(?P<name>{_NAMES})",
        rf"(?:quý|q\.?)\s?{_QUARTER}{_OF_YEAR}{_YEAR}",
        rf"{_YEAR}(?:{_MARK}|\s)?(?:quý|q)\s?{_QUARTER}",
    )
]
"""Matches the forms of a period, in lower case."""

EARLIEST, LATEST = 1990, 2100
"""Years that a period can be of; any other is a typing error."""


def read_period(text: str) -> str | None:
    """Return the label of a period, ``2021-09`` or ``2021Q3``, as it is written in a file; None where it is none.

    Months: ``2021-09``, ``9/2021``, ``09.2021``, ``T9/2021``, ``Tháng 9 năm 2021``, ``tháng Chín/2021``, ``202109``,
    ``2021M09``, ``Sep-21``, ``September 2021``, and ``2021-09-01``, which a spreadsheet makes of ``9/2021``. Quarters:
    ``2021Q3``, ``2021-Q3``, ``Q3/2021``, ``QIII.2021``, ``Quý III năm 2021``, ``quý 3/2021``.

    Parameters
    ----------
    text : str
        The text, in any case; blanks around and repeated in it do not count.
    """
    written = " ".join(unicodedata.normalize("NFC", text).lower().split())
    for form in FORMS:
        match = form.fullmatch(written)
        if match:
            return _label(match.groupdict())
    return None


def _label(found: dict[str, str | None]) -> str | None:
    # A year of two digits is one of this century: there were no one-stop systems in the last.
    year = int(found["year"] or 0) if found.get("year") else 2000 + int(found["short"] or 0)
    if not EARLIEST <= year <= LATEST:
        return None
    if quarter := found.get("quarter"):
        return f"{year}Q{_ROMAN.get(quarter) or int(quarter)}"
    if words := found.get("words"):
        month = MONTHS_IN_WORDS[words]
    elif name := found.get("name"):
        month = next(at for at, one in enumerate(_ENGLISH, start=1) if one.startswith(name[:3]))
    else:
        month = int(found["month"] or 0)
    return f"{year}-{month:02d}" if 1 <= month <= 12 else None
