"""The tables beside the cases of the two-tier province: dated lists, the yearly survey, feedback from the public."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.code_of_name import code_of_name
from analysis.data.contracts import Progress, check
from analysis.data.simulate.drawing import stream
from analysis.data.simulate.two_tier import province
from analysis.data.simulate.two_tier.catalogue import NEVER, Procedures
from analysis.data.simulate.two_tier.province import CALENDAR, Desks
from analysis.data.simulate.working_calendar import DAY_SECONDS

CONDITIONS = 184
"""Business conditions that the province's list calls unneeded; no real list was found."""
CONDITION_DAYS = {date(2025, 12, 31): 0.30, date(2026, 6, 30): 0.35, date(2026, 12, 14): 0.35}
"""Days by which they are to be cut, with the share of each: 30 % in 2025, all in 2026."""
PLACE_DAYS = {date(2025, 12, 31): 0.55, date(2026, 3, 31): 0.20, date(2026, 6, 30): 0.15, date(2026, 12, 14): 0.10}
"""Days by which procedures are to be received anywhere in the province, with the share of each."""
TASKS = 62
"""Tasks of the year's plan: as many as the province's plan of 2025 had."""
TASK_DAYS = {date(2026, 3, 31): 0.18, date(2026, 6, 30): 0.27, date(2026, 9, 30): 0.25, date(2026, 12, 14): 0.30}
DELAYS = {"business_conditions": (-6, 25, 0.04), "independent_of_place": (-20, 25, 0.015), "tasks": (-4, 16, 0.03)}
"""By target: mean and standard deviation of the days from the planned day to the day it is done, and the share that is
not done at all."""


def progress(seed: int, procedures: Procedures, until: date) -> pd.DataFrame:
    """Return the dated items of three promises (`contracts.Progress`); an item not done by the day has no `done_on`.

    Parameters
    ----------
    seed : int
        Seed of the province.
    procedures : Procedures
        Its procedures: those that can be offered online are the items of `independent_of_place`.
    until : date
        Last day that is known.
    """
    rng = stream(seed, "progress")
    codes = [code_of_name(code) for code in procedures.code[procedures.eligible]]
    lists = {
        "business_conditions": ("inventory", [f"dk-{at:03d}" for at in range(1, CONDITIONS + 1)], CONDITION_DAYS),
        "independent_of_place": ("inventory", codes, PLACE_DAYS),
        "tasks": ("milestone", [f"nv-{at:02d}" for at in range(1, TASKS + 1)], TASK_DAYS),
    }
    parts = []
    for target, (kind, items, days) in lists.items():
        n = len(items)
        mean, spread, never = DELAYS[target]
        planned = np.sort(rng.choice(np.array(list(days), "datetime64[D]"), n, p=list(days.values())))
        done = planned + np.round(rng.normal(mean, spread, n)).astype(int)
        done = np.where(rng.random(n) < never, NEVER, done)
        done = np.where(done <= np.datetime64(until), done, np.datetime64("NaT"))
        parts.append(
            pd.DataFrame({"target": target, "item": items, "kind": kind, "planned_on": planned, "done_on": done})
        )
    table = pd.concat(parts, ignore_index=True).assign(planned=None, actual=None)
    return check(table, Progress, where="simulated progress")


INSTRUMENT = "provincial"
SATISFIED = {"2022": 0.834, "2023": 0.852, "2024": 0.871, "2025": 0.868, "2026": 0.897}
"""Share satisfied in the middle of the departments and communes, by round."""
STRATA = {"departments": (0.0, 12, 70), "wards": (0.06, 10, 60), "rural": (0.02, 20, 45), "services": (-0.10, 12, 60)}
"""Effect on the logit scale, clusters drawn and people asked in each, by stratum. The services are schools and
hospitals, which are not bodies of the province."""
SERVICES = 90
PEOPLE = {"departments": 2600, "wards": 5200, "rural": 1900, "services": 3100}
"""Mean number of people served by a cluster."""
ASKED_FIELDS = {
    "departments": {"datdai": 0.22, "xaydung": 0.13, "dautu": 0.25, "giaothong": 0.20, "tuphap": 0.20},
    "wards": {"hotich": 0.30, "chungthuc": 0.25, "datdai": 0.17, "xaydung": 0.10, "dautu": 0.08, "baotro": 0.10},
    "rural": {"hotich": 0.32, "chungthuc": 0.22, "datdai": 0.21, "xaydung": 0.06, "dautu": 0.04, "baotro": 0.15},
}
"""Fields that the answers are about, by stratum; answers on the services are about none."""
NO_FIELD_SHARE = 0.08
"""Share of the other answers that name no field."""
FIELD_EFFECTS = {"datdai": -0.55, "xaydung": -0.32, "dautu": 0.12}
"""What a field adds on the logit scale."""
CLUSTER_SPREAD, ANSWERS = 0.28, 0.85
"""Standard deviation of clusters within a stratum, and the share of the people asked who answer."""
FIVE_OF_SATISFIED, ONE_TO_THREE = 0.34, (0.10, 0.25, 0.65)


def survey(seed: int, *, with_2026: bool) -> pd.DataFrame:
    """Return the answers of the yearly survey (`contracts.Survey`, and the `field` each is about).

    Clusters are drawn at random within each stratum, people at random within each cluster, and the weight of an answer
    is the number of people that it represents. Rounds have random numbers of their own.

    Parameters
    ----------
    seed : int
        Seed of the province.
    with_2026 : bool
        Whether the round of 2026 is known.
    """
    clusters = _clusters(stream(seed, "survey"))
    rounds = [name for name in SATISFIED if with_2026 or name != "2026"]
    answers = pd.concat([_round(stream(seed, f"survey {name}"), name, clusters) for name in rounds], ignore_index=True)
    return answers.astype({"agency": "str", "field": "str"})


def _clusters(rng: np.random.Generator) -> pd.DataFrame:
    """Return the sampling frame, a row per cluster: `stratum, cluster, agency, people, effect`."""
    communes = list(province.COMMUNE_NAMES)
    members = {
        "departments": list(province.DEPARTMENT_NAMES),
        "wards": communes[province.RURAL : province.RURAL + province.WARDS],
        "rural": communes[: province.RURAL],
        "services": [f"dv-{at:02d}" for at in range(1, SERVICES + 1)],
    }
    frame = pd.DataFrame([(stratum, one) for stratum, ones in members.items() for one in ones])
    frame.columns = pd.Index(["stratum", "cluster"])
    return frame.assign(
        agency=frame["cluster"].where(frame["stratum"] != "services"),
        people=(frame["stratum"].map(PEOPLE) * rng.lognormal(-0.08, 0.4, len(frame))).astype(int),
        effect=frame["stratum"].map({name: effect for name, (effect, _, _) in STRATA.items()})
        + rng.normal(0, CLUSTER_SPREAD, len(frame)),
    )


def _round(rng: np.random.Generator, name: str, clusters: pd.DataFrame) -> pd.DataFrame:
    centre = logit(SATISFIED[name])
    parts = []
    for stratum, (_, drawn, asked) in STRATA.items():
        known = clusters[clusters["stratum"] == stratum]
        chosen = known.iloc[np.sort(rng.choice(len(known), drawn, replace=False))]
        people = np.maximum(rng.binomial(asked, ANSWERS, drawn), 2)
        answers = chosen.loc[np.repeat(chosen.index, people)].reset_index(drop=True)
        n = len(answers)
        fields = ASKED_FIELDS.get(stratum, {})
        field = rng.choice(list(fields), n, p=list(fields.values())).astype(object) if fields else np.full(n, None)
        field[rng.random(n) < NO_FIELD_SHARE] = None
        effect = np.array([FIELD_EFFECTS.get(one, 0.0) for one in field])
        satisfied = rng.random(n) < expit(centre + answers["effect"].to_numpy() + effect)
        high, low = 4 + (rng.random(n) < FIVE_OF_SATISFIED), rng.choice([1, 2, 3], n, p=ONE_TO_THREE)
        weight = np.repeat(chosen["people"].to_numpy() * len(known) / drawn / people, people)
        parts.append(
            answers[["stratum", "cluster", "agency"]].assign(
                instrument=INSTRUMENT, round=name, field=field, weight=weight, rating=np.where(satisfied, high, low)
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table[["instrument", "round", "stratum", "cluster", "agency", "field", "weight", "rating"]]


FEEDBACK_A_MONTH = 420
"""Feedback items a month at the start of 2024."""
FEEDBACK_TERM = 10
"""Working days within which an item is to be answered."""


def feedback(seed: int, scale: float, desks: Desks, until: date) -> pd.DataFrame:
    """Return the feedback received by a day: `feedback_id, received_at, due_at, answered_at, agency, field`.

    An item not answered by the day has no `answered_at`.

    Parameters
    ----------
    seed : int
        Seed of the province.
    scale : float
        Size of the province; 1 is the size of the real one.
    desks : Desks
        Its desks: items are about a body and a field in proportion to the square root of their cases.
    until : date
        Last day that is known.
    """
    rng = stream(seed, "feedback")
    weight = np.sqrt(desks.monthly_cases)
    on_time = expit(province.path_of(province.SHARES["feedback_on_time"]["all"]))
    effect = rng.normal(0, 0.35, len(province.BODIES))
    parts = []
    for at, month in enumerate(province.MONTHS):
        rng = stream(seed, f"feedback {month}")
        positions, _ = province.day_weights(month)
        growth = np.exp(0.012 * at + 0.3 * (month >= province.BREAK))
        n = rng.poisson(scale * FEEDBACK_A_MONTH * growth)
        desk = rng.choice(len(weight), n, p=weight / weight.sum())
        position = np.sort(rng.choice(positions, n))
        received = np.sort(CALENDAR.moment(position, rng.integers(0, DAY_SECONDS, n)))
        position = CALENDAR.position(received.astype("datetime64[D]"))
        due = position + FEEDBACK_TERM
        is_on_time = rng.random(n) < expit(logit(on_time[at]) + effect[desks.body[desk]])
        days = np.where(is_on_time, -np.floor(rng.random(n) ** 2 * FEEDBACK_TERM), rng.geometric(1 / 6, n))
        answered = CALENDAR.moment(due + days.astype(int), rng.integers(DAY_SECONDS // 2, DAY_SECONDS, n))
        parts.append(
            pd.DataFrame(
                {
                    "feedback_id": [f"PA-{month.strftime('%y%m')}-{number:05d}" for number in range(1, n + 1)],
                    "received_at": received,
                    "due_at": CALENDAR.closing_time(due),
                    "answered_at": np.maximum(answered, received + np.timedelta64(60, "s")),
                    "agency": np.array(list(province.BODIES))[desks.body[desk]],
                    "field": np.array(list(province.FIELDS))[desks.field[desk]],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    end = pd.Timestamp(until) + pd.Timedelta(seconds=86_399)
    table = table[table["received_at"] <= end].reset_index(drop=True)
    table["answered_at"] = table["answered_at"].where(table["answered_at"] <= end)
    times = dict.fromkeys(("received_at", "due_at", "answered_at"), "datetime64[us]")
    return table.astype(times | {"feedback_id": "str", "agency": "str", "field": "str"})
