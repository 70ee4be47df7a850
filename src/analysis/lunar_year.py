"""The first day of the lunar year, Tết, as Vietnam's calendar has it: reckoned at UTC+7, not at Beijing's UTC+8."""

from __future__ import annotations

import math
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import ephem

FIRST, LAST = 1990, 2100
"""Years the calendar is reckoned for: those a date may lie in; see `data.ingest.column_sql`."""

_HANOI = timedelta(hours=7)
_SIGN = 30
"""Degrees of the sun's longitude; a month that meets no multiple of them may be a leap month."""


@cache
def first_day(year: int) -> date:
    """Return the first day of the lunar year that begins in a year, between 21 January and 20 February.

    The month that contains the winter solstice is the eleventh. The year begins with the second new moon after it, with
    the third if one of the two months between is a leap month: of thirteen months from one solstice to the next, the
    first in which the sun enters no sign. Days begin at midnight of UTC+7.

    Parameters
    ----------
    year : int
        The solar year, `FIRST` to `LAST`.

    Raises
    ------
    ValueError
        Another year.
    """
    if not FIRST <= year <= LAST:
        raise ValueError(f"the lunar calendar is known for {FIRST} to {LAST}, and not for {year}")
    solstice, next_solstice = (_day(ephem.next_winter_solstice(f"{one}/12/1")) for one in (year - 1, year))
    months = [_day(moon) for moon in _new_moons(f"{year - 1}/11/15", 16)]
    eleventh = _month_of(solstice, months)
    is_leap_year = _month_of(next_solstice, months) - eleventh == 13
    after = list(pairwise(months[eleventh + 1 : eleventh + 4]))
    leaps_before = is_leap_year and any(_sign(first) == _sign(following) for first, following in after)
    return months[eleventh + 2 + leaps_before]


def _new_moons(since: str, count: int) -> list[ephem.Date]:
    """Return the first new moons after a day."""
    moons = [ephem.next_new_moon(since)]
    while len(moons) < count:
        moons.append(ephem.next_new_moon(moons[-1]))
    return moons


def _month_of(day: date, months: list[date]) -> int:
    """Return which of the months, given by their first days, contains a day."""
    return sum(first <= day for first in months) - 1


def _day(moment: ephem.Date) -> date:
    """Return the day in Hanoi of a moment, which PyEphem counts in UTC."""
    return (moment.datetime() + _HANOI).date()


def _sign(day: date) -> int:
    """Return the sign, 0 to 11, in which the sun stands when a day begins in Hanoi."""
    midnight = ephem.Date(ephem.Date(day) - _HANOI / timedelta(days=1))
    longitude = ephem.Ecliptic(ephem.Sun(midnight), epoch=midnight).lon
    return int(math.degrees(longitude) % 360 // _SIGN)
