"""The procedures of the two-tier province: what each one takes and costs, and from which day it is offered how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.data.contracts import Catalogue, check
from analysis.data.simulate.drawing import stream
from analysis.data.simulate.two_tier import province

LISTED_ON = np.datetime64("2023-01-01")
"""First day of the first states."""
LISTED_AGAIN_ON = np.datetime64(province.BREAK.start_time.date())
"""Day on which the national portal became the only one, and many procedures were listed at a higher level."""
LAST_LISTED_ON = np.datetime64("2025-09-22")
"""Day by which the others that can be offered online were listed."""
REGISTERED_ON = np.datetime64("2026-01-05")
"""Day on which the roadmap was registered: when each eligible procedure shall be offered as full-process."""
NEVER = np.datetime64("2100-01-01")

FULL, PARTIAL, INFORMATION = 2, 1, 0
LEVELS = ("information", "partial", "full")
FIRST_LEVELS = {FULL: 0.46, PARTIAL: 0.29, INFORMATION: 0.25}
"""Share of the procedures by their level at the start."""
NOT_ELIGIBLE = 0.40
"""Share that cannot be offered online at all, of the procedures at the level of information at the start."""
RAISED_AT_BREAK = 0.45
"""Share raised to full in July 2025, of those that were partial."""
ROADMAP_DAYS = {date(2026, 3, 31): 0.2, date(2026, 6, 30): 0.3, date(2026, 9, 30): 0.3, date(2026, 12, 14): 0.2}
"""Days of the roadmap of 2026, with the share of its procedures due on each."""
ROADMAP_OF_2025 = np.datetime64("2025-12-31")
"""Day of the roadmap for the procedures that were full-process before 2026."""
LATE_DAYS = (-9, 24)
"""Mean and standard deviation of the days from the roadmap's day to the day it is done."""
NEVER_FULL = 0.04
"""Share of the procedures of the roadmap of 2026 that are not raised in the year."""
INTEGRATED_BEFORE, MOBILE_BEFORE = 0.55, 0.40
"""Share integrated with the national portal, and usable on several means, before July 2025, of those online then."""

NO_TERM_SHARE = 0.06
"""Share of procedures without a term, but for the three with most cases in a field."""
NO_TERM = 0
FEES = np.array([10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500]) * 1000
"""Fees in đồng."""
SMALL_FEES = 5
"""The first so many of them are those of the communes."""


@dataclass(frozen=True)
class Procedures:
    """The procedures; arrays with one element per procedure.

    Attributes
    ----------
    code : np.ndarray
        An invented code: no national code begins with 9.
    field, block : np.ndarray
        Position in `province.FIELDS` and `province.BLOCKS`: who handles it.
    weight : np.ndarray
        Weight among the procedures of its field and block.
    term : np.ndarray
        Working days promised at the start of 2024, or `NO_TERM`.
    fee : np.ndarray
        Fee in đồng, 0 for none.
    partial_on, full_on, mobile_on, integrated_on : np.ndarray
        Days from which it is offered so (datetime64[D]); `NEVER` where that does not happen.
    roadmap_on : np.ndarray
        Day by which the roadmap promises it as full-process; NaT where it cannot be offered online.
    eligible : np.ndarray
        Whether it can be offered online.
    """

    code: np.ndarray
    field: np.ndarray
    block: np.ndarray
    weight: np.ndarray
    term: np.ndarray
    fee: np.ndarray
    partial_on: np.ndarray
    full_on: np.ndarray
    mobile_on: np.ndarray
    integrated_on: np.ndarray
    roadmap_on: np.ndarray
    eligible: np.ndarray

    def level_on(self, procedure: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the position in `LEVELS` at which procedures are listed on days.

        Parameters
        ----------
        procedure : np.ndarray
            Positions of procedures.
        day : np.ndarray
            A day (datetime64[D]) for each.
        """
        at_least_partial = (self.partial_on[procedure] <= day) | (self.full_on[procedure] <= day)
        return at_least_partial.astype(np.int8) + (self.full_on[procedure] <= day)


def procedures(seed: int) -> Procedures:
    """Return the procedures of a province: in a field and block, the n-th has cases in proportion to 1/n."""
    rng = stream(seed, "catalogue")
    places = [
        (field, block, rank)
        for field, known in enumerate(province.FIELDS.values())
        for block, number in enumerate(known.listed.values())
        for rank in range(number)
    ]
    field, block, rank = (np.array(column) for column in zip(*places, strict=True))
    n = len(field)
    known_fields = list(province.FIELDS.values())
    term = np.array([rng.choice(known_fields[at].terms) for at in field])
    term[(rank > 2) & (rng.random(n) < NO_TERM_SHARE)] = NO_TERM
    has_fee = rng.random(n) < np.array([known.fee_share for known in known_fields])[field]
    fee = FEES[np.where(block == 1, rng.integers(0, SMALL_FEES, n), rng.integers(0, len(FEES), n))]

    level = rng.choice(list(FIRST_LEVELS), n, p=list(FIRST_LEVELS.values()))
    eligible = (level != INFORMATION) | (rng.random(n) >= NOT_ELIGIBLE)
    listed_later = LISTED_AGAIN_ON + rng.integers(0, (LAST_LISTED_ON - LISTED_AGAIN_ON).astype(int) + 1, n)
    is_raised = (level == PARTIAL) & (rng.random(n) < RAISED_AT_BREAK)
    roadmap_on = rng.choice(np.array(list(ROADMAP_DAYS), "datetime64[D]"), n, p=list(ROADMAP_DAYS.values()))
    done_on = roadmap_on + np.round(rng.normal(*LATE_DAYS, n)).astype(int)
    done_on = np.where(rng.random(n) < NEVER_FULL, NEVER, np.maximum(done_on, REGISTERED_ON + 4))
    partial_on = np.select([level == PARTIAL, (level == INFORMATION) & eligible], [LISTED_ON, listed_later], NEVER)
    full_on = np.select([level == FULL, is_raised, eligible], [LISTED_ON, LISTED_AGAIN_ON, done_on], NEVER)
    online_on = np.minimum(partial_on, full_on)

    def on(share: float, days: int) -> np.ndarray:
        before = (online_on == LISTED_ON) & (rng.random(n) < share)
        later = np.maximum(online_on, LISTED_AGAIN_ON) + rng.integers(0, days, n)
        return np.where(before, LISTED_ON, np.where(online_on < NEVER, later, NEVER))

    return Procedures(
        code=np.array([f"9.{7 * at:06d}" for at in range(1, n + 1)]),
        field=field,
        block=block,
        weight=1 / (1 + rank),
        term=term,
        fee=np.where(has_fee, fee, 0),
        partial_on=partial_on,
        full_on=full_on,
        mobile_on=on(MOBILE_BEFORE, 300),
        integrated_on=on(INTEGRATED_BEFORE, 60),
        roadmap_on=np.where(
            eligible, np.where(full_on < REGISTERED_ON, ROADMAP_OF_2025, roadmap_on), np.datetime64("NaT")
        ),
        eligible=eligible,
    )


def catalogue(procedures: Procedures, until: date) -> pd.DataFrame:
    """Return the dated states of the procedures that began by a day (`contracts.Catalogue`), one row per state.

    A state ends on the day before the next begins. States have their day on the roadmap from its registration on.

    Parameters
    ----------
    procedures : Procedures
        The procedures.
    until : date
        Last day that is known.
    """
    n = len(procedures.code)
    registered = np.where(procedures.eligible, REGISTERED_ON, NEVER)
    changes = [
        np.full(n, LISTED_ON),
        np.where(procedures.partial_on < procedures.full_on, procedures.partial_on, NEVER),
        procedures.full_on,
        procedures.mobile_on,
        procedures.integrated_on,
        registered,
    ]
    states = pd.DataFrame({"at": np.tile(np.arange(n), len(changes)), "on": np.concatenate(changes)})
    states = states[states["on"] <= np.datetime64(until)].drop_duplicates().sort_values(["at", "on"], ignore_index=True)
    at, on = states["at"].to_numpy(), states["on"].to_numpy()
    frame = pd.DataFrame(
        {
            "procedure_code": procedures.code[at],
            "field": np.array(list(province.FIELDS))[procedures.field[at]],
            "level": np.array(LEVELS)[procedures.level_on(at, on)],
            "eligible": procedures.eligible[at],
            "mobile": procedures.mobile_on[at] <= on,
            "integrated": procedures.integrated_on[at] <= on,
            "roadmap_on": np.where(on >= REGISTERED_ON, procedures.roadmap_on[at], np.datetime64("NaT")),
            "valid_from": on,
            "valid_to": states.groupby("at")["on"].shift(-1) - pd.Timedelta(days=1),
        }
    )
    return check(frame, Catalogue, where="simulated catalogue")
