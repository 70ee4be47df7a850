"""Dated items of the promises that are no shares: inventories, milestones and a headcount path of 2021."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.data.contracts import Progress, check
from analysis.data.simulate import province
from analysis.data.simulate.catalogue import FAR, Procedures
from analysis.data.simulate.streams import stream

CLOSES = tuple(date(2021, month, province.CUTOFF_DAY) for month in (3, 6, 9, 12))
"""Days the quarters of the year close."""

ONLINE_CENTRE: dict[str, tuple[date, int | None]] = {
    "thue-ha-tang": (date(2021, 4, 14), 0),
    "kien-truc-du-lieu": (date(2021, 6, 14), 9),
    "lien-thong-cong-quoc-gia": (date(2021, 8, 14), 21),
    "trung-tam-du-lieu": (date(2021, 9, 14), 35),
    "an-toan-thong-tin": (date(2021, 11, 14), -5),
    "nghiem-thu-ky-thuat": (date(2021, 12, 14), None),
}
"""Milestones: planned day, and days by which it comes later (None: not by the end)."""

APPARATUS: dict[str, tuple[date, int | None]] = {
    "ra-soat-so-nganh": (date(2021, 3, 14), 6),
    "ra-soat-phong-chuyen-mon-huyen": (date(2021, 6, 14), 12),
    "sap-xep-chi-cuc": (date(2021, 9, 14), 40),
    "sap-xep-don-vi-su-nghiep": (date(2021, 11, 14), 10),
}
HEADCOUNT = {"planned": (2094, 2081, 2068, 2052), "actual": (2090, 2083, 2070, 2051)}
"""Civil servants allowed and reached on the days of `CLOSES`."""

AUTONOMY_UNITS, AUTONOMY_NEVER = 42, 0.08
"""Eligible public service units, and the share that is not converted by the end."""
ONE_STOP_NEVER = 0.01


def progress(seed: int, procedures: Procedures) -> pd.DataFrame:
    """Return the items of six promises (`contracts.Progress`).

    An item not done by the province's last day has no `done_on`. The inventories of the two online promises are those
    of the catalogue: a published procedure counts once it is usable on several means too. Points of the headcount path
    are counted on the day they are planned for.

    Parameters
    ----------
    seed : int
        Of the province.
    procedures : Procedures
        See `catalogue.procedures`.
    """
    rng = stream(seed, "progress")
    codes = np.array([code.lower().replace(".", "-") for code in procedures.code])
    listed = ~np.isnat(procedures.roadmap_on)
    both = np.maximum(procedures.raised_on, procedures.mobile_on)
    parts = [
        _items(
            "portal_integration",
            "inventory",
            codes[listed],
            procedures.roadmap_on[listed],
            procedures.integrated_on[listed],
        ),
        _items(
            "online_publication",
            "inventory",
            codes[procedures.eligible],
            np.full(procedures.eligible.sum(), CLOSES[-1], "datetime64[D]"),
            both[procedures.eligible],
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
    # The bodies were brought in over the years before; the last communes are promised for the year of the plan.
    planned = rng.choice(np.array([date(2019, 6, 14), date(2020, 6, 14), *CLOSES[:3]], "datetime64[D]"), len(bodies))
    done = planned + rng.integers(-40, 60, len(bodies))
    done[rng.random(len(bodies)) < ONE_STOP_NEVER] = FAR
    return _items("one_stop", "inventory", bodies, planned, done)


def _milestones(target: str, plan: dict[str, tuple[date, int | None]]) -> pd.DataFrame:
    planned = np.array([day for day, _ in plan.values()], "datetime64[D]")
    done = np.array([FAR if late is None else np.datetime64(day) + late for day, late in plan.values()])
    return _items(target, "milestone", list(plan), planned, done)


def _headcount() -> pd.DataFrame:
    days = np.array(CLOSES, "datetime64[D]")
    path = _items("apparatus", "headcount", [f"bien-che-quy-{i}" for i in (1, 2, 3, 4)], days, days)
    return path.assign(planned=HEADCOUNT["planned"], actual=HEADCOUNT["actual"])


def _autonomy(rng: np.random.Generator) -> pd.DataFrame:
    planned = rng.choice(np.array(CLOSES, "datetime64[D]"), AUTONOMY_UNITS, p=[0.2, 0.3, 0.25, 0.25])
    done = planned + rng.integers(-30, 50, AUTONOMY_UNITS)
    done[rng.random(AUTONOMY_UNITS) < AUTONOMY_NEVER] = FAR
    return _items("autonomy", "inventory", [f"don-vi-{i:02d}" for i in range(1, AUTONOMY_UNITS + 1)], planned, done)
