"""The working days and hours of the offices: terms are promised in working days, so every date is placed on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from analysis import lunar_year

FIXED_HOLIDAYS = ((1, 1), (4, 30), (5, 1), (9, 2))
"""Month and day of the public holidays with a fixed date."""

TET_FIRST, TET_LAST = -2, 4
"""First and last day off, in days from the first day of the lunar year: with the weekends, the seven days of 2018, 2020
and 2021. Offices are closed on these days. The window of `periods.tet_share` is wider: in it the volume falls and
recovers."""

MORNING, AFTERNOON = 7 * 3600, 13 * 3600 + 1800
"""Seconds after midnight at which an office opens: 7:00–11:30 and 13:30–17:00, eight hours in all."""
MORNING_SECONDS, DAY_SECONDS = 4 * 3600 + 1800, 8 * 3600
"""Working seconds of a morning and of a day."""


def is_working_day(day: date) -> bool:
    """Return whether offices are open on a day: not on weekends, on fixed holidays, or around Tết.

    This is an approximation: it leaves out the Hùng Kings' day, which follows the lunar calendar, days off in lieu of a
    holiday on a weekend, and the working Saturdays of some offices. Each moves a due date by a day at most.
    """
    from_tet = (day - lunar_year.first_day(day.year)).days
    return day.weekday() < 5 and (day.month, day.day) not in FIXED_HOLIDAYS and not TET_FIRST <= from_tet <= TET_LAST


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days in order; a day is identified by its position, so that a term is added as a whole number.

    Attributes
    ----------
    days : np.ndarray
        datetime64[D], ascending.
    """

    days: np.ndarray

    @classmethod
    def between(cls, first: date, last: date) -> WorkingCalendar:
        """Return the calendar of the working days between two days, both included.

        Parameters
        ----------
        first, last : date
            The two days.
        """
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return cls(np.array([day for day in days if is_working_day(day)], dtype="datetime64[D]"))

    def position(self, day: np.ndarray | date) -> np.ndarray:
        """Return the position of the first working day on or after each day."""
        return np.searchsorted(self.days, np.asarray(day, dtype="datetime64[D]"))

    def moment(self, position: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the clock time (datetime64[s]) of a working second of a working day.

        Parameters
        ----------
        position : np.ndarray
            Positions of working days.
        second : np.ndarray
            Working seconds since the start of the day, 0 to `DAY_SECONDS` - 1; the break at noon does not count.
        """
        clock = np.where(second < MORNING_SECONDS, MORNING + second, AFTERNOON + second - MORNING_SECONDS)
        return self.days[position].astype("datetime64[s]") + clock.astype("timedelta64[s]")

    def closing_time(self, position: np.ndarray) -> np.ndarray:
        """Return the full hour at which offices close on working days, as an applicant's slip gives it."""
        return self.moment(position, np.full_like(position, DAY_SECONDS - 1)) + np.timedelta64(1, "s")

    def next_working_second(self, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the position and the working second of the first working moment at or after each clock time."""
        day = moment.astype("datetime64[D]")
        clock = (moment - day).astype("timedelta64[s]").astype(np.int64)
        second = np.clip(clock - MORNING, 0, MORNING_SECONDS) + np.clip(clock - AFTERNOON, 0, None)
        position = self.position(day)
        is_day_off = self.days[position] != day
        is_evening = ~is_day_off & (second >= DAY_SECONDS)
        return position + is_evening, np.where(is_day_off | is_evening, 0, second)
