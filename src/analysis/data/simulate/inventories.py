"""The simulated procedures and the dated items: what was published online when, and what a plan promised by when.

140 procedures are published online before September 2020, 746 from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.data.contracts import Catalogue, Progress, check
from analysis.data.simulate import province
from analysis.data.simulate.drawing import stream

OLD, NEW, NEVER = 0, 1, 2
"""Groups of procedures: published online before the step, at it, and at neither."""

SIZES = {OLD: 140, NEW: 606, NEVER: 397}
"""Procedures by group: the counts published for before and after the step, and 1,143 in all."""
LEVEL_4_BEFORE, LEVEL_4_AFTER = 33, 391
"""Procedures at level 4 before and after the step."""
LATE_PUBLISHED = 44
"""Procedures of the last group that are eligible for online service; most of them are published in 2021. They are rare
ones, without cases in the simulated years, so that the catalogue changes and the counts do not."""
NO_TERM = 0
"""Term of a procedure without one."""

FIRST_DAY = np.datetime64("2017-01-01")
STEP_DAY = np.datetime64(province.CATALOGUE_STEP_DAY)
YEAR_FIRST, YEAR_LAST = np.datetime64("2020-12-15"), np.datetime64(province.LAST_DAY)
NEVER_DAY = np.datetime64("2100-01-01")
"""Day of what does not happen by the end."""

MOBILE_AT_STEP = 0.82
"""Share of procedures usable on several means, mobile included, from the step on; others follow later."""
ROADMAP = 320
"""Published procedures on the registered roadmap of integration with the National Portal; no real list was found."""
ROADMAP_DAYS = {"2020-12-14": 0.3, "2021-03-14": 0.15, "2021-06-14": 0.2, "2021-09-14": 0.2, "2021-12-14": 0.15}
"""Days of the roadmap, with the share of its procedures due on each."""
NEVER_INTEGRATED, NEVER_MOBILE = 0.03, 0.02
"""Shares of procedures that are never integrated, and never usable on several means."""

VERBS = ("Cấp mới", "Cấp lại", "Cấp, đổi", "Gia hạn", "Đăng ký", "Điều chỉnh", "Xác nhận", "Thu hồi")
"""First words of the names of procedures; one has a comma, as many real names have."""


@dataclass(frozen=True)
class Procedures:
    """The procedures as the simulation needs them; arrays with one element per procedure.

    Attributes
    ----------
    code, name, field : np.ndarray
        National code, name, code of the field.
    group : np.ndarray
        `OLD`, `NEW` or `NEVER`.
    term : np.ndarray
        Working days promised, or `NO_TERM`.
    level_before, level_after : np.ndarray
        Level (1–4) before `raised_on` and from that day on; it never falls.
    raised_on, mobile_on, integrated_on : np.ndarray
        Days (datetime64[D]) from which it has its later level, is usable on several means, and is integrated with the
        National Portal; `NEVER_DAY` where that does not happen by the end.
    roadmap_on : np.ndarray
        Day by which the roadmap promises the integration; NaT where it is not on the roadmap.
    eligible : np.ndarray
        Whether it can be offered at level 3 or 4.
    weight : np.ndarray
        Weight among the procedures with a term of its field and group; 0 where it has no such cases.
    """

    code: np.ndarray
    name: np.ndarray
    field: np.ndarray
    group: np.ndarray
    term: np.ndarray
    level_before: np.ndarray
    level_after: np.ndarray
    raised_on: np.ndarray
    mobile_on: np.ndarray
    integrated_on: np.ndarray
    roadmap_on: np.ndarray
    eligible: np.ndarray
    weight: np.ndarray


def procedures(seed: int) -> Procedures:
    """Return the procedures of a province.

    In each group, each field has one procedure without a term, for the cases without a due date; the others share the
    rest, the n-th of them in proportion to 1/n.
    """
    rng = stream(seed, "catalogue")
    names = list(province.FIELDS)
    shares = np.array([field.procedures for field in province.FIELDS.values()], dtype=float)
    field, group, rank = (np.concatenate(part) for part in zip(*_places(shares), strict=True))
    n = len(field)
    late = np.zeros(n, dtype=bool)
    # The rarest procedures of the last group: the last ranks of the largest fields, so that every field still has some
    # with cases.
    late[np.flatnonzero(group == NEVER)[np.argsort(-rank[group == NEVER], kind="stable")[:LATE_PUBLISHED]]] = True
    term = np.where(rank == 0, NO_TERM, [rng.choice(province.FIELDS[names[position]].terms) for position in field])

    published = group != NEVER
    before = np.where(group == OLD, 3, 1 + rng.integers(0, 2, n))
    before[rng.choice(np.flatnonzero(group == OLD), LEVEL_4_BEFORE, replace=False)] = 4
    after = np.where(published, np.maximum(before, 3), np.where(late, 3, before))
    raised = np.flatnonzero(published & (before < 4))
    after[rng.choice(raised, LEVEL_4_AFTER - LEVEL_4_BEFORE, replace=False)] = 4
    raised_on = np.where(
        published, STEP_DAY, np.where(late, _by_the_end(YEAR_FIRST + rng.integers(30, 400, n)), NEVER_DAY)
    )

    mobile_days = STEP_DAY + np.where(rng.random(n) < MOBILE_AT_STEP, 0, rng.integers(60, 480, n))
    mobile_days = np.where(rng.random(n) < NEVER_MOBILE, NEVER_DAY, np.maximum(mobile_days, raised_on))
    roadmap_on = np.full(n, np.datetime64("NaT"), dtype="datetime64[D]")
    on_roadmap = rng.choice(np.flatnonzero(published), ROADMAP, replace=False)
    roadmap_on[on_roadmap] = rng.choice(
        np.array(list(ROADMAP_DAYS), "datetime64[D]"), ROADMAP, p=list(ROADMAP_DAYS.values())
    )
    # Most are integrated some days before the roadmap's day, about a quarter after it.
    integrated = roadmap_on + np.round(rng.normal(-12, 18, n)).astype(int)
    integrated = np.where(rng.random(n) < NEVER_INTEGRATED, NEVER_DAY, np.maximum(integrated, STEP_DAY + 30))
    return Procedures(
        code=np.array([f"1.{7 * i:06d}.000.00.00.H32" for i in range(1, n + 1)]),
        name=np.array([_name(rng, names[field[i]], i + 1) for i in range(n)]),
        field=np.array(names)[field],
        group=group,
        term=term,
        level_before=before,
        level_after=after,
        raised_on=raised_on,
        mobile_on=np.where(published | late, _by_the_end(mobile_days), NEVER_DAY),
        integrated_on=np.where(np.isnat(roadmap_on), NEVER_DAY, _by_the_end(integrated)),
        roadmap_on=roadmap_on,
        eligible=published | late,
        weight=np.where((rank == 0) | late, 0.0, 1 / np.maximum(rank, 1)),
    )


def catalogue(procedures: Procedures) -> pd.DataFrame:
    """Return the dated states of the procedures (`contracts.Catalogue`), one row per state.

    A state ends on the day before the next begins. Only the states from the step on have `roadmap_on`: the roadmap was
    registered with the new catalogue. The first states begin in 2017.
    """
    changes = [
        np.full(len(procedures.code), FIRST_DAY),
        procedures.raised_on,
        procedures.mobile_on,
        procedures.integrated_on,
    ]
    changes.append(np.where(np.isnat(procedures.roadmap_on), NEVER_DAY, STEP_DAY))
    states = pd.DataFrame({"at": np.tile(np.arange(len(procedures.code)), len(changes)), "on": np.concatenate(changes)})
    states = states[states["on"] < NEVER_DAY].drop_duplicates().sort_values(["at", "on"], ignore_index=True)
    at, on = states["at"].to_numpy(), states["on"].to_numpy()
    levels = np.where(procedures.raised_on[at] <= on, procedures.level_after[at], procedures.level_before[at])
    next_on = states.groupby("at")["on"].shift(-1)
    frame = pd.DataFrame(
        {
            "procedure_code": procedures.code[at],
            "field": procedures.field[at],
            "level": levels.astype(str),
            "eligible": procedures.eligible[at],
            "mobile": procedures.mobile_on[at] <= on,
            "integrated": procedures.integrated_on[at] <= on,
            "roadmap_on": np.where(on >= STEP_DAY, procedures.roadmap_on[at], np.datetime64("NaT")),
            "valid_from": on,
            "valid_to": next_on - pd.Timedelta(days=1),
        }
    )
    return check(frame, Catalogue, where="simulated catalogue")


def _places(shares: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return, per group, the field, group and rank (from 0) of each procedure; each field has at least two."""
    places = []
    for group, size in SIZES.items():
        exact = (size - 2 * len(shares)) * shares / shares.sum()
        number = 2 + np.floor(exact).astype(int)
        most = np.argsort(np.floor(exact) - exact, kind="stable")[: size - number.sum()]
        number[most] += 1
        field = np.repeat(np.arange(len(shares)), number)
        rank = np.concatenate([np.arange(count) for count in number])
        places.append((field, np.full(size, group), rank))
    return places


def _by_the_end(day: np.ndarray) -> np.ndarray:
    """Return the days, `NEVER_DAY` where they are after the end."""
    return np.where(day <= YEAR_LAST, day, NEVER_DAY)


def _name(rng: np.random.Generator, field: str, number: int) -> str:
    return f"{rng.choice(VERBS)} – {province.FIELDS[field].name} (thủ tục {number})"


CLOSES = tuple(date(2021, month, province.CUTOFF_DAY) for month in (3, 6, 9, 12))
"""Last days of the quarters of 2021."""

ONLINE_CENTRE: dict[str, tuple[date, int | None]] = {
    "thue-ha-tang": (date(2021, 4, 14), 0),
    "kien-truc-du-lieu": (date(2021, 6, 14), 9),
    "lien-thong-cong-quoc-gia": (date(2021, 8, 14), 21),
    "trung-tam-du-lieu": (date(2021, 9, 14), 35),
    "an-toan-thong-tin": (date(2021, 11, 14), -5),
    "nghiem-thu-ky-thuat": (date(2021, 12, 14), None),
}
"""Milestones: planned day, and delay in days (None: not done by the end)."""

APPARATUS: dict[str, tuple[date, int | None]] = {
    "ra-soat-so-nganh": (date(2021, 3, 14), 6),
    "ra-soat-phong-chuyen-mon-huyen": (date(2021, 6, 14), 12),
    "sap-xep-chi-cuc": (date(2021, 9, 14), 40),
    "sap-xep-don-vi-su-nghiep": (date(2021, 11, 14), 10),
}
"""As `ONLINE_CENTRE`, for another promise."""
HEADCOUNT = {"planned": (2094, 2081, 2068, 2052), "actual": (2090, 2083, 2070, 2051)}
"""Civil servants allowed and reached on the days of `CLOSES`."""

AUTONOMY_UNITS, AUTONOMY_NEVER = 42, 0.08
"""Eligible public service units, and the share that is not converted by the end."""
ONE_STOP_NEVER = 0.01
"""Share of bodies that do not join the one-stop system by the end."""


def progress(seed: int, procedures: Procedures) -> pd.DataFrame:
    """Return the dated items of six promises (`contracts.Progress`).

    An item not done by the province's last day has no `done_on`. The inventories of the two online promises come from
    the procedures: a published procedure is done once it is also usable on several means. Points of the headcount path
    are counted on their planned day.

    Parameters
    ----------
    seed : int
        Seed of the province.
    procedures : Procedures
        Its procedures.
    """
    rng = stream(seed, "progress")
    codes = np.array([code.lower().replace(".", "-") for code in procedures.code])
    on_roadmap = ~np.isnat(procedures.roadmap_on)
    done_on = np.maximum(procedures.raised_on, procedures.mobile_on)
    parts = [
        _items(
            "portal_integration",
            "inventory",
            codes[on_roadmap],
            procedures.roadmap_on[on_roadmap],
            procedures.integrated_on[on_roadmap],
        ),
        _items(
            "online_publication",
            "inventory",
            codes[procedures.eligible],
            np.full(procedures.eligible.sum(), CLOSES[-1], "datetime64[D]"),
            done_on[procedures.eligible],
        ),
        _one_stop(rng),
        _milestones("online_centre", ONLINE_CENTRE),
        _milestones("apparatus", APPARATUS),
        _headcount(),
        _autonomy(rng),
    ]
    return check(pd.concat(parts, ignore_index=True), Progress, where="simulated progress")


def _items(target: str, kind: str, item: object, planned: np.ndarray, done: np.ndarray) -> pd.DataFrame:
    done = np.where(done <= np.datetime64(province.LAST_DAY), done, np.datetime64("NaT"))
    items = {"target": target, "item": item, "kind": kind, "planned_on": planned, "done_on": done}
    return pd.DataFrame({**items, "planned": None, "actual": None})


def _one_stop(rng: np.random.Generator) -> pd.DataFrame:
    communes = [f"{district}-{i:02d}" for district, n in province.COMMUNES.items() for i in range(1, n + 1)]
    bodies = [*province.AGENCIES, *communes]
    # Planned days run from 2019 to the third quarter of the plan's year, 2021.
    planned = rng.choice(np.array([date(2019, 6, 14), date(2020, 6, 14), *CLOSES[:3]], "datetime64[D]"), len(bodies))
    done = planned + rng.integers(-40, 60, len(bodies))
    done[rng.random(len(bodies)) < ONE_STOP_NEVER] = NEVER_DAY
    return _items("one_stop", "inventory", bodies, planned, done)


def _milestones(target: str, plan: dict[str, tuple[date, int | None]]) -> pd.DataFrame:
    planned = np.array([day for day, _ in plan.values()], "datetime64[D]")
    done = np.array([NEVER_DAY if delay is None else np.datetime64(day) + delay for day, delay in plan.values()])
    return _items(target, "milestone", list(plan), planned, done)


def _headcount() -> pd.DataFrame:
    days = np.array(CLOSES, "datetime64[D]")
    path = _items("apparatus", "headcount", [f"bien-che-quy-{i}" for i in (1, 2, 3, 4)], days, days)
    return path.assign(planned=HEADCOUNT["planned"], actual=HEADCOUNT["actual"])


def _autonomy(rng: np.random.Generator) -> pd.DataFrame:
    planned = rng.choice(np.array(CLOSES, "datetime64[D]"), AUTONOMY_UNITS, p=[0.2, 0.3, 0.25, 0.25])
    done = planned + rng.integers(-30, 50, AUTONOMY_UNITS)
    done[rng.random(AUTONOMY_UNITS) < AUTONOMY_NEVER] = NEVER_DAY
    return _items("autonomy", "inventory", [f"don-vi-{i:02d}" for i in range(1, AUTONOMY_UNITS + 1)], planned, done)
