"""Numbers and periods as a reader writes them: decimal comma in Vietnamese, halves rounded up."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from statistics import NormalDist

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_decimal

from analysis.attainment.verdict import AT_LEAST, AT_MOST

ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV"}
MISSING = "–"
"""Written where there is no value."""

HALF_80 = NormalDist().inv_cdf(0.9)
"""Standard deviations to either side of the middle of an 80 % interval, the level that pages show."""


def percent(share: float, language: str, *, digits: int = 1) -> str:
    """Return a share as a percentage: ``27,7%`` in Vietnamese, ``27.7%`` in English; a dash when missing.

    Parameters
    ----------
    share : float
        The share, 0–1.
    language : {"vi", "en"}
        Language of the reader.
    digits : int
        Decimals.
    """
    return MISSING if pd.isna(share) else f"{_rounded(share * 100, language, digits)}%"


def percent_range(lower: float, upper: float, language: str) -> str:
    """Return an interval of shares: ``29,7–30,9%``; a dash when an end is missing.

    Parameters
    ----------
    lower, upper : float
        Ends of the interval, shares 0–1.
    language : {"vi", "en"}
        Language of the reader.
    """
    if pd.isna(lower) or pd.isna(upper):
        return MISSING
    return f"{joined(_rounded(lower * 100, language, 1), _rounded(upper * 100, language, 1), language)}%"


def joined(lower: str, upper: str, language: str) -> str:
    """Return two ends of an interval as one: ``29,7–30,9``; with a minus sign in it ``−7,3 đến −0,5``.

    Parameters
    ----------
    lower, upper : str
        The ends, written.
    language : {"vi", "en"}
        Language of the reader.
    """
    if "−" not in lower + upper:
        return f"{lower}–{upper}"
    return f"{lower} {'đến' if language == 'vi' else 'to'} {upper}"


def percent_with_range(middle: float, lower: float, upper: float, language: str) -> str:
    """Return a share with its interval behind it: ``30,2% (29,6–30,9%)``.

    Parameters
    ----------
    middle, lower, upper : float
        The share and the ends of its interval, 0–1.
    language : {"vi", "en"}
        Language of the reader.
    """
    return f"{percent(middle, language)} ({percent_range(lower, upper, language)})"


def whole_points(now: float, before: float, language: str) -> str:
    """Return by how many whole points a probability moved as printed, signed: ``−14``; ``0`` where both print alike.

    Parameters
    ----------
    now, before : float
        The two probabilities, 0–1.
    language : {"vi", "en"}
        Language of the reader.
    """
    if pd.isna(now) or pd.isna(before):
        return MISSING
    moved = whole_percent(now) - whole_percent(before)
    return signed(moved, language) if moved else "0"


def count(number: float, language: str) -> str:
    """Return a whole number with its thousands separated: ``191.957`` in Vietnamese; a dash when missing.

    Parameters
    ----------
    number : float
        The number; fractions are rounded, halves up.
    language : {"vi", "en"}
        Language of the reader.
    """
    return MISSING if pd.isna(number) else _rounded(float(number), language, 0)


def signed(number: float, language: str) -> str:
    """Return a difference of counts with its sign: ``+1.240``; a dash when missing.

    Parameters
    ----------
    number : float
        The difference.
    language : {"vi", "en"}
        Language of the reader.
    """
    return MISSING if pd.isna(number) else f"{'+' if number >= 0 else '−'}{count(abs(number), language)}"


def probability(share: float, language: str) -> str:
    """Return a probability in whole per cent, ``0%`` and ``100%`` only where it is decided; a dash when missing.

    Parameters
    ----------
    share : float
        The probability, 0–1; exactly 0 or 1 where it is decided.
    language : {"vi", "en"}
        Language of the reader.
    """
    if pd.isna(share):
        return MISSING
    if 0 < share < 0.01:
        return "<\u00a01%"
    if 0.99 < share < 1:
        return ">\u00a099%"
    return f"{whole_percent(share)}%"


def whole_percent(share: float) -> int:
    """Return the whole per cent that `probability` prints: 0 for what it prints as below 1 %, 100 for above 99 %.

    No rounding passes the limit of a verdict: 79.6 % is uncertain, and prints as 79 %; 20.4 % is, too, and prints as
    21 %.

    Parameters
    ----------
    share : float
        The probability, 0–1.
    """
    # Sums of points are off by what a float cannot hold.
    held = round(float(share), 9)
    if 0 < held < 0.01:
        return 0
    if 0.99 < held < 1:
        return 100
    whole = int(halves_up(round(held * 100, 7), 0))
    if any(held < limit <= whole / 100 for limit in AT_LEAST.values()):
        return whole - 1
    return whole + 1 if any(whole / 100 <= limit < held for limit in AT_MOST.values()) else whole


def day(value: date, language: str) -> str:
    """Return a day: ``20/09/2021`` in Vietnamese, ``20 September 2021`` in English.

    Parameters
    ----------
    value : date
        The day.
    language : {"vi", "en"}
        Language of the reader.
    """
    return value.strftime("%d/%m/%Y") if language == "vi" else format_date(value, "d MMMM yyyy", locale="en")


def day_of_year(value: date, language: str) -> str:
    """Return a day as an axis of one year writes it: ``14/9`` in Vietnamese, ``14 Sep`` in English.

    Parameters
    ----------
    value : date
        The day.
    language : {"vi", "en"}
        Language of the reader.
    """
    return f"{value.day}/{value.month}" if language == "vi" else format_date(value, "d MMM", locale="en")


def quarter(value: pd.Period, language: str) -> str:
    """Return a quarter as it stands in a sentence: ``quý III/2021`` in Vietnamese, ``Q3 2021`` in English.

    Parameters
    ----------
    value : pd.Period
        The quarter.
    language : {"vi", "en"}
        Language of the reader.
    """
    return f"quý {ROMAN[value.quarter]}/{value.year}" if language == "vi" else f"Q{value.quarter} {value.year}"


def period(label: str, language: str) -> str:
    """Return a month or a quarter as a table or an axis writes it: ``9/2021`` or ``III/2016`` in Vietnamese.

    Parameters
    ----------
    label : str
        The period as a data column has it: ``2021-09`` or ``2016Q3``.
    language : {"vi", "en"}
        Language of the reader.
    """
    if "Q" in label:
        year, number = label.split("Q")
        return f"{ROMAN[int(number)]}/{year}" if language == "vi" else f"Q{number} {year}"
    year, month = label.split("-")
    return f"{int(month)}/{year}" if language == "vi" else f"{month}/{year}"


def decimal(value: float, language: str, *, digits: int = 2) -> str:
    """Return a number with that many decimals; a dash when missing.

    Parameters
    ----------
    value : float
        The number.
    language : {"vi", "en"}
        Language of the reader.
    digits : int
        Decimals.
    """
    return MISSING if pd.isna(value) else _rounded(value, language, digits)


def halves_up(value: float, digits: int) -> Decimal:
    """Return a number with so many decimals, halves rounded up.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Decimals.
    """
    # Going through repr keeps 0.285 from becoming 0.28499999….
    return Decimal(repr(round(float(value), 9))).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _rounded(value: float, language: str, digits: int) -> str:
    # Babel rounds halves to even, 81.25 to 81,2; readers expect 81,3.
    exact = halves_up(value, digits)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    written = format_decimal(exact + 0, format=pattern, locale="vi_VN" if language == "vi" else "en_GB")
    return written.replace("-", "−")
