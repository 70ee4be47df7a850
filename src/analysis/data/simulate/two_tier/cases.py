"""The cases of the two-tier province and the ratings of them, month of filing by month of filing.

Each month has random numbers of its own, drawn whatever the last day that is known. So an extract taken earlier holds
the same cases, as far as they were known then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit

from analysis.data.codes import CASE_RATINGS, CHANNELS, OUTCOMES
from analysis.data.simulate.drawing import KeyedChoice, names_at, stream
from analysis.data.simulate.two_tier import province
from analysis.data.simulate.two_tier.catalogue import FULL, INFORMATION, LEVELS, NO_TERM, Procedures
from analysis.data.simulate.two_tier.province import CALENDAR, Desks, Paths
from analysis.data.simulate.working_calendar import DAY_SECONDS

ONLINE, COUNTER, POST = (CHANNELS.index(name) for name in ("online", "counter", "post"))
POSTAL_SHARE = 0.05
"""Share that comes by post, of the cases not filed online."""
REFUSED_SHARE, WITHDRAWN_SHARE = 0.035, 0.010
"""Share refused of the online filings, and withdrawn of the accepted cases. At the counter an incomplete file is handed
back before it becomes a case."""
NIGHT_SHARE = 0.45
"""Share filed while offices are closed, of the cases filed online."""
ACCEPTANCE_HOURS, SLOW_ACCEPTANCE_SHARE, SLOWEST_ACCEPTANCE_HOURS = 8, 0.06, 24
"""Working hours within which an online filing is accepted, the share that takes longer, and the most hours it takes."""

EARLY_SHARE = 0.62
"""Share finished before the due day, of the cases that do not miss it."""
LATE_DAYS, LONGEST_LATE = 5.0, 60
"""Mean and most working days, beyond the first, by which a late case is late."""
REPLACED_SHARE, REPLACED_FROM_TERM, REPLACED_DAYS = 0.10, 5, (2, 12)
"""Share given a new due date, of the cases that miss the first one, where the term is at least so many days; and the
working days from the first due date to the new one."""
NO_TERM_DAYS = 5.0
"""Mean working days from the acceptance to the finish of a case without a term."""
NOT_COLLECTED_SHARE = 0.02
"""Share of the results at the counter that nobody collects."""

RATED_SHARES = {"online": 0.11, "offline": 0.06}
"""Share rated, of the resolved cases handed over online and at the counter."""
VERY_SATISFIED_SHARE = 0.45
"""Share "very satisfied" of the satisfied ratings."""

FLAGS = ("fee_due", "paid_online", "digitised", "electronic_result", "data_reused", "apology")
TIMES = ("submitted_at", "accepted_at", "first_due_at", "due_at", "finished_at", "returned_at")
COLUMNS = (
    "case_id", "procedure_code", "field", "agency", "received_at_agency", "district", "level", "channel", *TIMES,
    "outcome", *FLAGS, "fee",
)  # fmt: skip
_TYPES = {name: pa.timestamp("us") for name in TIMES} | {name: pa.bool_() for name in FLAGS} | {"fee": pa.int64()}
CASES_SCHEMA = pa.schema([(name, _TYPES.get(name, pa.string())) for name in COLUMNS])
"""Columns of `cases`: the contract's, the body that received the case, and those that ``about.yml`` declares."""
RATINGS_SCHEMA = pa.schema([("case_id", pa.string()), ("rating", pa.string()), ("rated_at", pa.timestamp("us"))])

NAT = np.datetime64("NaT", "s")


@dataclass(frozen=True)
class FiledCases:
    """Cases of one month of filing, in the order of their filing, with all that will happen to them.

    Attributes
    ----------
    desk, procedure, level, channel : np.ndarray
        Positions in the desks, the procedures, `LEVELS` and `CHANNELS`.
    submitted, accepted, first_due, due, finished, returned : np.ndarray
        As in `contracts.Cases`, datetime64[s].
    outcome : np.ndarray
        Position in `OUTCOMES`: how the case ends.
    """

    desk: np.ndarray
    procedure: np.ndarray
    level: np.ndarray
    channel: np.ndarray
    submitted: np.ndarray
    accepted: np.ndarray
    first_due: np.ndarray
    due: np.ndarray
    finished: np.ndarray
    returned: np.ndarray
    outcome: np.ndarray

    def rows(self, chosen: np.ndarray) -> FiledCases:
        """Return the chosen cases; `chosen` is an index or a mask."""
        return FiledCases(**{name: values[chosen] for name, values in vars(self).items()})

    def as_known(self, until: date) -> FiledCases:
        """Return the cases filed by a day, without what happens to them later."""
        end = np.datetime64(until) + np.timedelta64(86_399, "s")
        filed = self.rows(self.submitted <= end)
        is_waiting = ~(filed.accepted <= end) & (filed.outcome != OUTCOMES.index("refused"))
        is_open = ~(filed.finished <= end) & (filed.outcome != OUTCOMES.index("refused"))
        due = np.where(filed.first_due > end, filed.first_due, filed.due)
        return FiledCases(
            **vars(filed)
            | {
                "accepted": np.where(is_waiting, NAT, filed.accepted),
                "first_due": np.where(is_waiting, NAT, filed.first_due),
                "due": np.where(is_waiting, NAT, due),
                "finished": np.where(is_open, NAT, filed.finished),
                "returned": np.where(filed.returned <= end, filed.returned, NAT),
                "outcome": np.where(is_open, OUTCOMES.index("open"), filed.outcome),
            }
        )

    def __len__(self) -> int:
        return len(self.desk)


def monthly_tables(
    seed: int, scale: float, until: date, *, desks: Desks, paths: Paths, procedures: Procedures
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the cases filed in each month and the ratings of them, as known on a day.

    Parameters
    ----------
    seed : int
        Seed of the province.
    scale : float
        Size of the province; 1 is the size of the real one.
    until : date
        Last day that is known.
    desks, paths, procedures
        What the province is made of.
    """
    choice = KeyedChoice(_key(procedures.field, procedures.block), procedures.weight)
    for at, month in enumerate(province.MONTHS):
        if month.start_time.date() > until:
            return
        filed = _file(stream(seed, f"cases {month}"), at, scale, desks, paths, procedures, choice)
        known = filed.as_known(until)
        rng = stream(seed, f"flags {month}")
        flags = {
            name: values[: len(known)] for name, values in _flags(rng, filed, at, desks, paths, procedures).items()
        }
        ids = _case_ids(at, known, desks)
        cases = _table(ids, at, known, flags, desks, procedures, until)
        rng = stream(seed, f"ratings {month}")
        yield cases, _ratings(rng, ids, filed, known, desks, paths, until)


def _key(field: np.ndarray, block: np.ndarray) -> np.ndarray:
    return field * len(province.BLOCKS) + block


def _file(
    rng: np.random.Generator,
    at: int,
    scale: float,
    desks: Desks,
    paths: Paths,
    procedures: Procedures,
    choice: KeyedChoice,
) -> FiledCases:
    """Return the cases filed in a month, with their histories."""
    month = province.MONTHS[at]
    positions, weights = province.day_weights(month)
    number = rng.poisson(scale * paths.cases[:, at, None] * weights[desks.block])
    desk, day = (
        where.astype(np.int32) for where in np.divmod(np.repeat(np.arange(number.size), number.ravel()), len(positions))
    )
    n = len(desk)
    position = positions[day]
    procedure = choice.draw(rng, _key(desks.field, desks.block)[desk])
    level = procedures.level_on(procedure, CALENDAR.days[position])
    online = expit(paths.online[desk, at] + np.where(level == FULL, 0.0, province.PARTIAL_LESS_ONLINE))
    online = np.where(level == INFORMATION, 0.0, online)
    other = np.where(rng.random(n) < POSTAL_SHARE, POST, COUNTER)
    channel = np.where(rng.random(n) < online, ONLINE, other)

    submitted, accept, accept_second = _acceptance(rng, month, position, channel)
    factor = province.term_factor()[at]
    term = procedures.term[procedure]
    term = np.where(term == NO_TERM, NO_TERM, np.maximum(np.rint(term * factor), 1)).astype(np.int64)
    misses = (rng.random(n) < expit(paths.late[desk, at])) & (term != NO_TERM)
    first_due, due, finish = _due_and_finish(rng, term, accept, misses)

    finish_second = rng.integers(0, DAY_SECONDS, n)
    # A case finished on the day of its acceptance is finished in what is left of the day.
    left = accept_second + (rng.random(n) * (DAY_SECONDS - accept_second)).astype(np.int64)
    finished = CALENDAR.moment(finish, np.where(finish == accept, left, finish_second))
    returned = _returned(rng, channel, finish, finished)
    refused = (channel == ONLINE) & (rng.random(n) < REFUSED_SHARE)
    withdrawn = ~refused & (rng.random(n) < WITHDRAWN_SHARE)
    undated = term == NO_TERM
    filed = FiledCases(
        desk=desk,
        procedure=procedure,
        level=level,
        channel=channel,
        submitted=submitted,
        accepted=np.where(refused, NAT, CALENDAR.moment(accept, accept_second)),
        first_due=np.where(refused | undated, NAT, CALENDAR.closing_time(first_due)),
        due=np.where(refused | undated, NAT, CALENDAR.closing_time(due)),
        finished=np.where(refused, NAT, finished),
        returned=np.where(refused | withdrawn, NAT, returned),
        outcome=np.select([refused, withdrawn], [OUTCOMES.index("refused"), OUTCOMES.index("withdrawn")], 0),
    )
    return filed.rows(np.argsort(submitted, kind="stable"))


def _acceptance(
    rng: np.random.Generator, month: pd.Period, position: np.ndarray, channel: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when cases were filed, and the working day and second of their acceptance.

    An online case of a working day was filed on it, or since offices closed the evening before; never before the
    month began. A case by post is accepted on the working day after it was sent.
    """
    n = len(position)
    second = rng.integers(0, DAY_SECONDS, n)
    filed = CALENDAR.moment(position, second)
    opening = CALENDAR.moment(position, np.zeros(n, dtype=np.int64))
    closing = np.maximum(CALENDAR.closing_time(position - 1), np.datetime64(month.start_time, "s"))
    night = closing + ((opening - closing).astype(np.int64) * rng.random(n)).astype("timedelta64[s]")
    is_night = (channel == ONLINE) & (rng.random(n) < NIGHT_SHARE)
    hours = np.where(
        rng.random(n) < SLOW_ACCEPTANCE_SHARE,
        rng.uniform(ACCEPTANCE_HOURS, SLOWEST_ACCEPTANCE_HOURS, n),
        ACCEPTANCE_HOURS * rng.random(n) ** 2,
    )
    wait = np.where(channel == ONLINE, hours * 3600, rng.random(n) * 1800).astype(np.int64)
    ready = position * DAY_SECONDS + np.where(is_night, 0, second) + wait
    by_post = (position + 1) * DAY_SECONDS + rng.integers(0, DAY_SECONDS // 2, n)
    ready = np.where(channel == POST, by_post, ready)
    return np.where(is_night, night, filed), ready // DAY_SECONDS, ready % DAY_SECONDS


def _due_and_finish(
    rng: np.random.Generator, term: np.ndarray, accept: np.ndarray, misses: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the working days of the first due date, of the due date in force at the end, and of the finish."""
    n = len(term)
    first_due = accept + term
    # The square makes most early cases early by little.
    early = np.maximum(np.ceil(term * rng.random(n) ** 2), 1).astype(np.int64) * (rng.random(n) < EARLY_SHARE)
    late = 1 + np.minimum(rng.geometric(1 / (1 + LATE_DAYS), n) - 1, LONGEST_LATE)
    finish = np.where(misses, first_due + late, first_due - early)
    without_term = accept + rng.geometric(1 / (1 + NO_TERM_DAYS), n) - 1
    replaced = misses & (term >= REPLACED_FROM_TERM) & (rng.random(n) < REPLACED_SHARE)
    due = first_due + replaced * rng.integers(*REPLACED_DAYS, n)
    return first_due, due, np.where(term == NO_TERM, without_term, finish)


def _returned(rng: np.random.Generator, channel: np.ndarray, finish: np.ndarray, finished: np.ndarray) -> np.ndarray:
    """Return when results were handed over: online within hours, else on a working day the applicant chooses."""
    n = len(channel)
    online = finished + rng.integers(60, 2 * 3600, n).astype("timedelta64[s]")
    days = rng.geometric(0.45, n) - 1 + 2 * (channel == POST)
    collected = np.maximum(CALENDAR.moment(finish + days, rng.integers(0, DAY_SECONDS, n)), finished)
    never = (channel == COUNTER) & (rng.random(n) < NOT_COLLECTED_SHARE)
    return np.where(never, NAT, np.where(channel == ONLINE, online, collected))


def _flags(
    rng: np.random.Generator, filed: FiledCases, at: int, desks: Desks, paths: Paths, procedures: Procedures
) -> dict[str, np.ndarray]:
    """Return the flags of cases as if each applied, and the body that received each, by position in `BODIES`."""
    n = len(filed)
    is_online = (filed.channel == ONLINE).astype(np.int8)
    body = desks.body[filed.desk]

    def drawn(name: str) -> np.ndarray:
        share = paths.flags[name][is_online, at]
        # What a body adds on the logit scale.
        odds = share / (1 - share) * np.exp(paths.body)[body]
        return rng.random(n) < odds / (1 + odds)

    flags = {name: drawn(name) for name in ("paid_online", "digitised", "electronic_result", "data_reused", "apology")}
    if province.MONTHS[at] < province.BREAK:
        flags["not_recorded"] = rng.random(n) < province.NOT_RECORDED_LEVEL
        return flags | {"received_at": body}
    first_commune = len(province.DEPARTMENT_NAMES)
    elsewhere = first_commune + rng.choice(len(desks.commune_weight), n, p=desks.commune_weight)
    shares = np.array([province.ELSEWHERE["offline"], province.ELSEWHERE["online"]])
    received_at = np.where(rng.random(n) < shares[is_online], elsewhere, body)
    return flags | {"not_recorded": np.zeros(n, dtype=bool), "received_at": received_at}


def _case_ids(at: int, known: FiledCases, desks: Desks) -> pa.Array:
    """Return the identifiers of cases in the order of their filing: ``<body>-<yymmdd>-<counter>``.

    The counter runs by body and day. The system of record since July 2025 writes the body in another form.
    """
    days, day = np.unique(known.submitted.astype("datetime64[D]"), return_inverse=True)
    body = desks.body[known.desk]
    key = body * len(days) + day
    counter = pd.Series(key).groupby(key).cumcount().to_numpy() + 1
    is_new = province.MONTHS[at] >= province.BREAK
    form, width = ("MP.2.{:02d}", 5) if is_new else ("000.{:02d}.MP", 4)
    return pc.binary_join_element_wise(
        names_at(body, [form.format(number) for number in range(1, len(province.BODIES) + 1)]),
        names_at(day, [one.strftime("%y%m%d") for one in days.tolist()]),
        pc.utf8_lpad(pa.array(counter).cast(pa.string()), width, "0"),
        "-",
    )


def _table(
    ids: pa.Array,
    at: int,
    known: FiledCases,
    flags: dict[str, np.ndarray],
    desks: Desks,
    procedures: Procedures,
    until: date,
) -> pa.Table:
    """Return the table of cases as known on a day; a flag is missing where it does not apply or is not known yet."""
    bodies = list(province.BODIES)
    is_received = ~np.isnat(known.accepted)
    is_resolved = known.outcome == OUTCOMES.index("resolved")
    fee = procedures.fee[known.procedure]
    judged = np.where(np.isnat(known.finished), np.datetime64(until, "s"), known.finished)
    is_late = (judged.astype("datetime64[D]") > known.due.astype("datetime64[D]")) & ~np.isnat(known.due)
    applies = {
        "paid_online": is_received & (fee > 0),
        "digitised": is_received,
        "electronic_result": is_resolved,
        "data_reused": is_received,
        "apology": is_late,
    }
    columns = {
        "case_id": ids,
        "procedure_code": names_at(known.procedure, procedures.code.tolist()),
        "field": names_at(desks.field[known.desk], list(province.FIELDS)),
        "agency": names_at(desks.body[known.desk], bodies),
        "received_at_agency": names_at(flags["received_at"], bodies),
        "district": pa.nulls(len(known), pa.string()),
        "level": names_at(np.where(flags["not_recorded"], -1, known.level), list(LEVELS)),
        "channel": names_at(known.channel, list(CHANNELS)),
        "outcome": names_at(known.outcome, list(OUTCOMES)),
        "fee_due": pa.array(fee > 0),
        "fee": pa.array(fee, mask=fee == 0),
    }
    columns |= {name: pa.array(flags[name], mask=~mask) for name, mask in applies.items()}
    columns |= {name: _times(getattr(known, name.removesuffix("_at"))) for name in TIMES}
    return pa.table([columns[name] for name in COLUMNS], schema=CASES_SCHEMA)


def _times(moments: np.ndarray) -> pa.Array:
    """Return times in microseconds, which every reader of Parquet knows."""
    return pa.array(moments.astype("datetime64[us]"))


def _ratings(
    rng: np.random.Generator,
    ids: pa.Array,
    filed: FiledCases,
    known: FiledCases,
    desks: Desks,
    paths: Paths,
    until: date,
) -> pa.Table:
    """Return the ratings given by a day, in the order of the cases; applicants served by post are not asked."""
    n = len(filed)
    is_online = filed.channel == ONLINE
    rated_share = np.where(is_online, RATED_SHARES["online"], RATED_SHARES["offline"])
    is_rated = (rng.random(n) < rated_share) & (filed.channel != POST)
    seconds = np.where(is_online, rng.exponential(18 * 3600, n), rng.uniform(0, 600, n)).astype("timedelta64[s]")
    rated_at = filed.returned + 1 + seconds
    first = np.datetime64(province.MONTHS[0].start_time, "M")
    month = np.clip((rated_at.astype("datetime64[M]") - first).astype(np.int64), 0, len(province.MONTHS) - 1)
    share = paths.flags["satisfied"][is_online.astype(np.int8), month]
    odds = share / (1 - share) * np.exp(paths.body)[desks.body[filed.desk]]
    satisfied = rng.random(n) < odds / (1 + odds)
    rating = np.where(satisfied, np.where(rng.random(n) < VERY_SATISFIED_SHARE, 2, 1), 0)
    end = np.datetime64(until) + np.timedelta64(86_399, "s")
    given = np.flatnonzero((is_rated & (rated_at <= end))[: len(known)])
    columns = [ids.take(pa.array(given)), names_at(rating[given], list(CASE_RATINGS)), _times(rated_at[given])]
    return pa.table(columns, schema=RATINGS_SCHEMA)
