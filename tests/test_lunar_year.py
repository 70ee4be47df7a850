"""The first day of the lunar year as Vietnam's calendar has it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from analysis import lunar_year

# As printed in Vietnamese calendars.
PRINTED = [
    *("2014-01-31", "2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25"),
    *("2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06"),
]


@pytest.mark.parametrize("day", PRINTED)
def test_tet_is_the_day_that_is_printed_in_calendars(day):
    day = date.fromisoformat(day)
    assert lunar_year.first_day(day.year) == day


@pytest.mark.parametrize(("hanoi", "beijing"), [("2007-02-17", "2007-02-18"), ("2030-02-02", "2030-02-03")])
def test_tet_is_reckoned_at_hanoi_and_not_at_beijing(hanoi, beijing):
    # The new moon is in the last hour before midnight in Hanoi, which is the next day in Beijing.
    day = lunar_year.first_day(int(hanoi[:4]))
    assert day == date.fromisoformat(hanoi)
    assert day != date.fromisoformat(beijing)


def test_after_a_leap_eleventh_month_the_year_begins_with_the_third_new_moon():
    # Solstice on 21 December 2033; new moons on 22 December (the leap month), 20 January and 19 February.
    assert lunar_year.first_day(2034) == date(2034, 2, 19)


def test_every_year_begins_between_20_january_and_21_february():
    days = [lunar_year.first_day(year) for year in range(1990, 2101)]
    assert [day.year for day in days] == list(range(1990, 2101))
    assert all((1, 20) <= (day.month, day.day) <= (2, 21) for day in days)
    # A lunar year has twelve or thirteen months of 29 or 30 days.
    lengths = {(later - earlier).days for earlier, later in pairwise(days)}
    assert lengths <= {353, 354, 355, 383, 384, 385}


@pytest.mark.parametrize("year", [1985, 1989, 2101])
def test_a_year_outside_the_calendar_is_refused(year):
    with pytest.raises(ValueError, match=f"^the lunar calendar is known for 1990 to 2100, and not for {year}$"):
        lunar_year.first_day(year)
