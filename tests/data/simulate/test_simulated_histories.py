"""Working days and hours, by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from analysis.data.simulate.working_calendar import DAY_SECONDS, WorkingCalendar, is_working_day

CALENDAR = WorkingCalendar.between(date(2021, 1, 1), date(2021, 12, 31))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2021, 9, 13), True),  # a Monday
        (date(2021, 9, 11), False),  # a Saturday
        (date(2021, 9, 12), False),
        (date(2021, 9, 2), False),  # National Day, a Thursday
        (date(2020, 9, 2), False),
        (date(2021, 4, 30), False),
        (date(2018, 5, 1), False),
        (date(2020, 1, 1), False),
        (date(2021, 2, 9), True),  # three days before the first of the lunar year, 12 February
        (date(2021, 2, 10), False),
        (date(2021, 2, 16), False),
        (date(2021, 2, 17), True),
        (date(2018, 2, 14), False),  # 2018: 16 February
        (date(2018, 2, 21), True),
    ],
)
def test_offices_close_on_weekends_holidays_and_around_tet(day, works):
    assert is_working_day(day) == works


def test_adding_working_days_steps_over_what_is_closed():
    # From Friday 27 August 2021: Mon 30, Tue 31, Wed 1 September, then Fri 3 because the 2nd is a holiday.
    friday = CALENDAR.position(date(2021, 8, 27))
    assert CALENDAR.days[friday + np.arange(5)].astype(str).tolist() == [
        "2021-08-27", "2021-08-30", "2021-08-31", "2021-09-01", "2021-09-03",
    ]  # fmt: skip
    # Ten working days from Monday 1 February 2021: seven until the 9th, Tết, and the 17th, 18th and 19th.
    assert str(CALENDAR.days[CALENDAR.position(date(2021, 2, 1)) + 9]) == "2021-02-19"


def test_a_day_off_stands_for_the_next_working_day():
    assert str(CALENDAR.days[CALENDAR.position(date(2021, 9, 11))]) == "2021-09-13"
    assert str(CALENDAR.days[CALENDAR.position(date(2021, 9, 2))]) == "2021-09-03"


def test_eight_working_hours_are_told_on_the_clock():
    monday = CALENDAR.position(date(2021, 9, 13))
    seconds = np.array([0, 4 * 3600 + 1799, 4 * 3600 + 1800, DAY_SECONDS - 1])
    assert CALENDAR.moment(np.full(4, monday), seconds).astype(str).tolist() == [
        "2021-09-13T07:00:00", "2021-09-13T11:29:59", "2021-09-13T13:30:00", "2021-09-13T16:59:59",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2021-09-13T09:15:30", "2021-09-13T09:15:30"),
        ("2021-09-13T05:00:00", "2021-09-13T07:00:00"),
        ("2021-09-13T12:00:00", "2021-09-13T13:30:00"),  # the break at noon
        ("2021-09-13T17:00:00", "2021-09-14T07:00:00"),
        ("2021-09-13T23:59:59", "2021-09-14T07:00:00"),
        ("2021-09-10T18:00:00", "2021-09-13T07:00:00"),  # Friday evening
        ("2021-09-11T10:00:00", "2021-09-13T07:00:00"),
    ],
)
def test_what_comes_while_offices_are_closed_waits_for_the_next_opening(moment, expected):
    position, second = CALENDAR.next_working_second(np.array([moment], dtype="datetime64[s]"))
    assert CALENDAR.moment(position, second).astype(str).tolist() == [expected]
