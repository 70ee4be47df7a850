"""Working days and working hours: terms are promised in them, so every date of a case is placed with them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from analysis import periods
from analysis.data.codes import TIMELINESS
from analysis.data.simulate import province
from analysis.data.simulate.inventories import NO_TERM, SIZES, Procedures
from analysis.data.simulate.paths import FILINGS, Drawn, Paths

FIXED_HOLIDAYS = ((1, 1), (4, 30), (5, 1), (9, 2))
"""Month and day of the public holidays with a fixed date."""

TET_FIRST, TET_LAST = -2, 4
"""Days off around the first day of the lunar year: with the weekends, the seven days of 2018, 2020 and 2021. The
window of `periods.tet_share` is wider: in it offices empty and refill, in this one they are closed."""

MORNING, AFTERNOON = 7 * 3600, 13 * 3600 + 1800
"""Seconds after midnight at which an office opens: 7:00–11:30 and 13:30–17:00, eight hours in all."""
MORNING_SECONDS, DAY_SECONDS = 4 * 3600 + 1800, 8 * 3600


def is_working_day(day: date) -> bool:
    """Return whether offices work: not on weekends, fixed holidays and around Tết.

    An approximation: the Hùng Kings' day, which follows the moon, days off in lieu of a holiday on a weekend, and the
    working Saturdays of some offices are left out. Each moves a due date by a day at most.
    """
    from_tet = (day - periods.TET[day.year]).days
    return day.weekday() < 5 and (day.month, day.day) not in FIXED_HOLIDAYS and not TET_FIRST <= from_tet <= TET_LAST


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days in order: a working day is known by its position, so that terms are added as whole numbers.

    Attributes
    ----------
    days : np.ndarray
        datetime64[D], ascending.
    """

    days: np.ndarray

    @classmethod
    def between(cls, first: date, last: date) -> WorkingCalendar:
        """Return the calendar of the working days from one day to another, both included."""
        every = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return cls(np.array([day for day in every if is_working_day(day)], dtype="datetime64[D]"))

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
            Working seconds into the day, 0 to `DAY_SECONDS` - 1; the break at noon is none of them.
        """
        clock = np.where(second < MORNING_SECONDS, MORNING + second, AFTERNOON + second - MORNING_SECONDS)
        return self.days[position].astype("datetime64[s]") + clock.astype("timedelta64[s]")

    def next_working_second(self, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the position and the working second of the first working moment at or after each clock time."""
        day = moment.astype("datetime64[D]")
        clock = (moment - day).astype("timedelta64[s]").astype(np.int64)
        second = np.clip(clock - MORNING, 0, MORNING_SECONDS) + np.clip(clock - AFTERNOON, 0, None)
        position = self.position(day)
        closed = self.days[position] != day
        over = ~closed & (second >= DAY_SECONDS)
        return position + over, np.where(closed | over, 0, second)


CALENDAR = WorkingCalendar.between(date(2017, 1, 1), date(2022, 12, 31))
"""Wide enough for the oldest filing and the last due date."""
GROUPS = len(SIZES)

REPLACED_SHARE, REPLACED_FROM_TERM = 0.05, 5
"""Of the cases with a term of so many days or more, those that get a new appointment if the first passes unkept."""
REPLACED_DAYS = (2, 10)
"""Working days from the first appointment to the new one: least, and one more than most."""
LATE_DAYS = 4.0
"""Mean working days past the due date of a late case beyond the first; most are late by a few, some by weeks."""
LONGEST_LATE = 40
NO_TERM_DAYS = 6.0
"""Mean working days that a case without a term takes beyond the first."""

NIGHT_SHARE = 0.45
"""Of the cases filed online, those filed while offices are closed; the first working moment starts their clock."""
ACCEPTANCE_HOURS = 8
"""Working hours within which an online filing is to be accepted or sent back (NĐ 45/2020)."""
SLOW_ACCEPTANCE_SHARE, SLOWEST_ACCEPTANCE_HOURS = 0.06, 24
"""Of the cases filed online in working hours, those accepted after more."""
COUNTER_MINUTES = 40
"""Longest wait at the counter between handing a file in and its acceptance."""

ONLINE_RETURN_HOURS = 2
NOT_COLLECTED_SHARE = 0.02
"""Of the results waiting at the counter, those nobody has come for."""


@dataclass(frozen=True)
class Histories:
    """Times of cases; arrays of datetime64[s] of one length, NaT where there is none.

    Attributes
    ----------
    submitted, accepted, first_due, due, finished, returned : np.ndarray
        As in `contracts.Cases`.
    procedure : np.ndarray
        Position in `Procedures`.
    """

    submitted: np.ndarray
    accepted: np.ndarray
    first_due: np.ndarray
    due: np.ndarray
    finished: np.ndarray
    returned: np.ndarray
    procedure: np.ndarray

    def rows(self, kept: np.ndarray) -> Histories:
        """Return some of the cases."""
        return Histories(**{one.name: getattr(self, one.name)[kept] for one in fields(self)})


def histories(
    rng: np.random.Generator, drawn: Drawn, *, procedures: Procedures, paths: Paths, field_of_office: np.ndarray
) -> Histories:
    """Return the times of the cases drawn.

    The finish is a working moment of the drawn reporting month, any as likely as another. The due day lies before, on
    or after its day as the drawn timeliness says; the first due day lies before the due day where a new appointment was
    given; the acceptance lies the procedure's term before the first due day, and the filing before that. Due times are
    the end of the working day, as the slip prints.

    Parameters
    ----------
    rng : np.random.Generator
        Source of the numbers.
    drawn : Drawn
        Their cells.
    procedures : Procedures
        Whose terms hold.
    paths : Paths
        Names the months.
    field_of_office : np.ndarray
        Code of the field of each row of `province.offices`.
    """
    n = len(drawn)
    undated = drawn.timeliness == TIMELINESS.index("no_due_date")
    procedure = _procedure(rng, drawn, undated, procedures, field_of_office)
    term = procedures.term[procedure]

    first = CALENDAR.position(np.array([periods.first_day(one, province.CUTOFF_DAY) for one in paths.months]))
    after = CALENDAR.position(np.array([periods.first_day(one + 1, province.CUTOFF_DAY) for one in paths.months]))
    finish = first[drawn.month] + rng.integers(0, (after - first)[drawn.month])

    # Squared, so that most early cases are early by little: the day before, not the day after acceptance.
    by_early = np.maximum(np.ceil(term * rng.random(n) ** 2), 1).astype(np.int64)
    by_late = 1 + np.minimum(rng.geometric(1 / (1 + LATE_DAYS), n) - 1, LONGEST_LATE)
    ahead = {"early": by_early, "on_time": 0, "late": -by_late, "no_due_date": 0}
    due = finish + np.select([drawn.timeliness == TIMELINESS.index(kind) for kind in ahead], list(ahead.values()))
    later = rng.integers(*REPLACED_DAYS, n)
    replaced = (term >= REPLACED_FROM_TERM) & (rng.random(n) < REPLACED_SHARE) & (due - later < finish)
    first_due = due - replaced * later
    free = rng.geometric(1 / (1 + NO_TERM_DAYS), n) - 1
    accept = np.where(undated, finish - free, first_due - term)

    accept_second, finish_second = rng.integers(0, DAY_SECONDS, (2, n))
    same_day = accept == finish
    earlier = np.minimum(accept_second, finish_second)
    finish_second = np.where(same_day, np.maximum(accept_second, finish_second), finish_second)
    accept_second = np.where(same_day, earlier, accept_second)

    nat = np.datetime64("NaT", "s")
    finished = CALENDAR.moment(finish, finish_second)
    channel = np.array([channel for channel, _ in FILINGS])[drawn.filing]
    return Histories(
        submitted=_submitted(rng, channel, accept, accept_second),
        accepted=CALENDAR.moment(accept, accept_second),
        first_due=np.where(undated, nat, _closing_time(first_due)),
        due=np.where(undated, nat, _closing_time(due)),
        finished=finished,
        returned=_returned(rng, channel, finish, finished),
        procedure=procedure,
    )


def _procedure(
    rng: np.random.Generator,
    drawn: Drawn,
    undated: np.ndarray,
    procedures: Procedures,
    field_of_office: np.ndarray,
) -> np.ndarray:
    """Return a procedure of the case's field and group; one without a term for the cases without a due date."""
    codes = list(province.FIELDS)
    key = np.array([codes.index(one) for one in procedures.field]) * GROUPS + procedures.group
    order = np.argsort(key, kind="stable")
    weight = np.bincount(key, weights=procedures.weight)
    # One cumulative line for all keys: key k owns the stretch from k to k + 1, cut by the weights of its procedures.
    share = procedures.weight[order] / weight[key[order]]
    summed = np.cumsum(share)
    line = key[order] + summed - (summed - share)[np.searchsorted(key[order], key[order])]
    without = np.zeros(len(codes) * GROUPS, dtype=np.int64)
    without[key[procedures.term == NO_TERM]] = np.flatnonzero(procedures.term == NO_TERM)

    field = np.array([codes.index(one) for one in field_of_office])[drawn.office]
    wanted = field * GROUPS + np.array([group for _, group in FILINGS])[drawn.filing]
    at = np.searchsorted(line, wanted + rng.random(len(wanted)) * (1 - 1e-9), side="right")
    return np.where(undated, without[wanted], order[at])


def _submitted(
    rng: np.random.Generator, channel: np.ndarray, accept: np.ndarray, accept_second: np.ndarray
) -> np.ndarray:
    n = len(channel)
    accepted = CALENDAR.moment(accept, accept_second)
    waited = rng.integers(0, COUNTER_MINUTES * 60, n).astype("timedelta64[s]")
    counter = np.maximum(accepted - waited, CALENDAR.moment(accept, np.zeros(n, dtype=np.int64)))

    # By post: handed to the postman some time in the working day before.
    post = CALENDAR.moment(accept - 1, rng.integers(0, DAY_SECONDS, n))

    opened = CALENDAR.moment(accept, np.zeros(n, dtype=np.int64))
    closed = CALENDAR.moment(accept - 1, np.full(n, DAY_SECONDS - 1))
    night = closed + np.floor((opened - closed).astype(np.int64) * rng.random(n)).astype("timedelta64[s]")
    hours = np.where(
        rng.random(n) < SLOW_ACCEPTANCE_SHARE,
        rng.uniform(ACCEPTANCE_HOURS, SLOWEST_ACCEPTANCE_HOURS, n),
        ACCEPTANCE_HOURS * rng.random(n) ** 2,
    )
    clock = accept * DAY_SECONDS + accept_second - np.floor(hours * 3600).astype(np.int64)
    day = CALENDAR.moment(clock // DAY_SECONDS, clock % DAY_SECONDS)
    online = np.where(rng.random(n) < NIGHT_SHARE, night, day)
    return np.select([channel == "online", channel == "post"], [online, post], counter)


def _returned(rng: np.random.Generator, channel: np.ndarray, finish: np.ndarray, finished: np.ndarray) -> np.ndarray:
    """Return when the result was handed over: online within hours, else on a working day that the applicant chose."""
    n = len(channel)
    soon = finished + rng.integers(60, ONLINE_RETURN_HOURS * 3600, n).astype("timedelta64[s]")
    days = rng.geometric(0.45, n) - 1 + 2 * (channel == "post")
    collected = np.maximum(CALENDAR.moment(finish + days, rng.integers(0, DAY_SECONDS, n)), finished)
    never = (channel == "counter") & (rng.random(n) < NOT_COLLECTED_SHARE)
    returned = np.where(channel == "online", soon, collected)
    beyond = returned.astype("datetime64[D]") > np.datetime64(province.LAST_DAY)
    return np.where(never | beyond, np.datetime64("NaT", "s"), returned)


def _closing_time(position: np.ndarray) -> np.ndarray:
    # A second after the last working one: the full hour that a slip prints.
    return CALENDAR.moment(position, np.full_like(position, DAY_SECONDS - 1)) + np.timedelta64(1, "s")
