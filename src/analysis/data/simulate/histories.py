"""When each simulated case was filed, accepted, due, finished and handed over, in working days and hours.

Terms are promised in working days, so every date of a case is placed on a working calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from analysis import periods
from analysis.data.codes import TIMELINESS
from analysis.data.simulate import province
from analysis.data.simulate.drawing import KeyedChoice
from analysis.data.simulate.inventories import NO_TERM, SIZES, Procedures
from analysis.data.simulate.paths import FILINGS, CaseCells, Paths
from analysis.data.simulate.working_calendar import DAY_SECONDS, WorkingCalendar

CALENDAR = WorkingCalendar.between(date(2017, 1, 1), date(2022, 12, 31))
"""Long enough for the oldest filing and the last due date."""
GROUPS = len(SIZES)

REPLACED_SHARE, REPLACED_FROM_TERM = 0.05, 5
"""Share of cases whose due date is replaced once it is missed, of those with a term of at least so many days."""
REPLACED_DAYS = (2, 10)
"""Working days from the first due date to the new one: the fewest, and the most plus one."""
LATE_DAYS = 4.0
"""Mean number of working days, beyond the first, by which a late case is late; most are few, some are weeks."""
LONGEST_LATE = 40
"""Most working days, beyond the first, by which a case is late."""
NO_TERM_DAYS = 6.0
"""Mean working days from the acceptance to the finish of a case without a term."""

NIGHT_SHARE = 0.45
"""Share filed while offices are closed, of the cases filed online; their time for acceptance starts at the next working
moment."""
ACCEPTANCE_HOURS = 8
"""Working hours within which an online filing must be accepted or sent back (NĐ 45/2020)."""
SLOW_ACCEPTANCE_SHARE, SLOWEST_ACCEPTANCE_HOURS = 0.06, 24
"""Share accepted later than that, of the cases filed online in working hours, and the most hours it takes."""
COUNTER_MINUTES = 40
"""Longest wait, in minutes, at the counter between handing a file in and its acceptance."""

ONLINE_RETURN_HOURS = 2
"""Most hours from the finish to an online hand-over."""
NOT_COLLECTED_SHARE = 0.02
"""Share of the results at the counter that nobody collects."""


@dataclass(frozen=True)
class Histories:
    """Times of cases: arrays of datetime64[s] with one element per case, NaT where a time is missing.

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

    def rows(self, chosen: np.ndarray) -> Histories:
        """Return the chosen cases; `chosen` is an index or a mask."""
        return Histories(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def histories(
    rng: np.random.Generator, cells: CaseCells, *, procedures: Procedures, paths: Paths, field_of_office: np.ndarray
) -> Histories:
    """Return the times of drawn cases.

    The finish is a working moment of the case's reporting month, each with equal probability. The due day is before, on
    or after the day of the finish, as the case's timeliness requires. Where there was a new appointment, the first due
    day is before the due day. The acceptance is the procedure's term before the first due day, and the filing is before
    the acceptance. Due times are the end of the working day, as on the applicant's slip.

    Parameters
    ----------
    rng : np.random.Generator
        Random generator.
    cells : CaseCells
        Cells of the cases.
    procedures : Procedures
        The procedures and their terms.
    paths : Paths
        Gives the reporting months.
    field_of_office : np.ndarray
        Code of the field of each row of `province.offices`.
    """
    n = len(cells)
    undated = cells.timeliness == TIMELINESS.index("no_due_date")
    procedure = _procedure(rng, cells, undated, procedures, field_of_office)
    term = procedures.term[procedure]

    # Days are positions in the working calendar from here on.
    first = CALENDAR.position(np.array([periods.first_day(month, province.CUTOFF_DAY) for month in paths.months]))
    after = CALENDAR.position(np.array([periods.first_day(month + 1, province.CUTOFF_DAY) for month in paths.months]))
    finish = first[cells.month] + rng.integers(0, (after - first)[cells.month])

    # The square makes most early cases early by little: finished the day before the due day, not soon after acceptance.
    days_early = np.maximum(np.ceil(term * rng.random(n) ** 2), 1).astype(np.int64)
    days_late = 1 + np.minimum(rng.geometric(1 / (1 + LATE_DAYS), n) - 1, LONGEST_LATE)
    days_left = {"early": days_early, "on_time": 0, "late": -days_late, "no_due_date": 0}
    is_in_class = [cells.timeliness == TIMELINESS.index(name) for name in days_left]
    due = finish + np.select(is_in_class, list(days_left.values()))
    days_replaced = rng.integers(*REPLACED_DAYS, n)
    is_replaced = (term >= REPLACED_FROM_TERM) & (rng.random(n) < REPLACED_SHARE) & (due - days_replaced < finish)
    first_due = due - is_replaced * days_replaced
    days_without_term = rng.geometric(1 / (1 + NO_TERM_DAYS), n) - 1
    accept = np.where(undated, finish - days_without_term, first_due - term)

    accept_second, finish_second = rng.integers(0, DAY_SECONDS, (2, n))
    same_day = accept == finish
    earlier = np.minimum(accept_second, finish_second)
    finish_second = np.where(same_day, np.maximum(accept_second, finish_second), finish_second)
    accept_second = np.where(same_day, earlier, accept_second)

    nat = np.datetime64("NaT", "s")
    finished = CALENDAR.moment(finish, finish_second)
    channel = np.array([channel for channel, _ in FILINGS])[cells.filing]
    return Histories(
        submitted=_submitted(rng, channel, accept, accept_second),
        accepted=CALENDAR.moment(accept, accept_second),
        first_due=np.where(undated, nat, CALENDAR.closing_time(first_due)),
        due=np.where(undated, nat, CALENDAR.closing_time(due)),
        finished=finished,
        returned=_returned(rng, channel, finish, finished),
        procedure=procedure,
    )


def _procedure(
    rng: np.random.Generator,
    cells: CaseCells,
    undated: np.ndarray,
    procedures: Procedures,
    field_of_office: np.ndarray,
) -> np.ndarray:
    """Return a procedure of each case's field and group: one without a term for a case without a due date."""
    codes = list(province.FIELDS)
    key = np.array([codes.index(code) for code in procedures.field]) * GROUPS + procedures.group
    without_term = np.zeros(len(codes) * GROUPS, dtype=np.int64)
    without_term[key[procedures.term == NO_TERM]] = np.flatnonzero(procedures.term == NO_TERM)

    field = np.array([codes.index(code) for code in field_of_office])[cells.office]
    key_of_case = field * GROUPS + np.array([group for _, group in FILINGS])[cells.filing]
    drawn = KeyedChoice(key, procedures.weight).draw(rng, key_of_case)
    return np.where(undated, without_term[key_of_case], drawn)


def _submitted(
    rng: np.random.Generator, channel: np.ndarray, accept: np.ndarray, accept_second: np.ndarray
) -> np.ndarray:
    """Return when each case was filed, given the working day and second of its acceptance."""
    n = len(channel)
    accepted = CALENDAR.moment(accept, accept_second)
    wait = rng.integers(0, COUNTER_MINUTES * 60, n).astype("timedelta64[s]")
    counter = np.maximum(accepted - wait, CALENDAR.moment(accept, np.zeros(n, dtype=np.int64)))

    # By post: posted at some time on the working day before.
    post = CALENDAR.moment(accept - 1, rng.integers(0, DAY_SECONDS, n))

    opening = CALENDAR.moment(accept, np.zeros(n, dtype=np.int64))
    closing = CALENDAR.moment(accept - 1, np.full(n, DAY_SECONDS - 1))
    night = closing + np.floor((opening - closing).astype(np.int64) * rng.random(n)).astype("timedelta64[s]")
    hours = np.where(
        rng.random(n) < SLOW_ACCEPTANCE_SHARE,
        rng.uniform(ACCEPTANCE_HOURS, SLOWEST_ACCEPTANCE_HOURS, n),
        ACCEPTANCE_HOURS * rng.random(n) ** 2,
    )
    working_second = accept * DAY_SECONDS + accept_second - np.floor(hours * 3600).astype(np.int64)
    day = CALENDAR.moment(working_second // DAY_SECONDS, working_second % DAY_SECONDS)
    online = np.where(rng.random(n) < NIGHT_SHARE, night, day)
    return np.select([channel == "online", channel == "post"], [online, post], counter)


def _returned(rng: np.random.Generator, channel: np.ndarray, finish: np.ndarray, finished: np.ndarray) -> np.ndarray:
    """Return when each result was handed over: online within hours, else on a working day the applicant chooses."""
    n = len(channel)
    returned_online = finished + rng.integers(60, ONLINE_RETURN_HOURS * 3600, n).astype("timedelta64[s]")
    days = rng.geometric(0.45, n) - 1 + 2 * (channel == "post")
    collected = np.maximum(CALENDAR.moment(finish + days, rng.integers(0, DAY_SECONDS, n)), finished)
    never = (channel == "counter") & (rng.random(n) < NOT_COLLECTED_SHARE)
    returned = np.where(channel == "online", returned_online, collected)
    after_the_end = returned.astype("datetime64[D]") > np.datetime64(province.LAST_DAY)
    return np.where(never | after_the_end, np.datetime64("NaT", "s"), returned)
