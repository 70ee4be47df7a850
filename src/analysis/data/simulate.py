"""A simulated Khánh Hòa for 2018–2021: the embedded default, with its seed and its truth beside it.

No monthly series of the real province is public, so the demo is made up; it borrows only what is published: the
nine districts, the named fields, the five-fold growth of the online catalogue in September 2020. Everything else
is a stated choice below. Pages built on it say so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.special import expit, logit

from analysis import periods
from analysis.data.contracts import TIMELINESS, Counts, Ratings, check

CUTOFF_DAY = 14
MONTHS = pd.period_range("2018-01", "2021-12", freq="M")
CATALOGUE_STEP = pd.Period("2020-09", freq="M")

DISTRICT_WEIGHTS = {
    "nt": 0.36, "cr": 0.11, "cl": 0.10, "vn": 0.09, "nh": 0.16, "kv": 0.03, "dk": 0.12, "ks": 0.02, "ts": 0.001,
}  # fmt: skip
"""Share of the districts' cases by district (sums to about 1; Trường Sa is tiny on purpose)."""

DISTRICT_OFFICES = "districts"
"""Stands in `MONTHLY_CASES` for the nine district offices, which share the cases by `DISTRICT_WEIGHTS`."""

MONTHLY_CASES = {
    ("stnmt", "datdai"): 420, (DISTRICT_OFFICES, "datdai"): 2600,
    ("stnmt", "moitruong"): 70, (DISTRICT_OFFICES, "moitruong"): 110,
    ("skhdt", "dautu"): 520,
    ("sxd", "xaydung"): 140, (DISTRICT_OFFICES, "xaydung"): 560,
    ("sxd", "nhadat"): 210,
    ("cucthue", "thue"): 1800,
    ("bhxhtinh", "bhxh"): 2300,
    ("sldtbxh", "ldtbxh"): 380, (DISTRICT_OFFICES, "ldtbxh"): 820,
    ("stp", "hotich"): 600, (DISTRICT_OFFICES, "hotich"): 2700,
    ("sgtvt", "giaothong"): 1700,
    ("syt", "yte"): 170,
    ("sct", "congthuong"): 800,
}  # fmt: skip
"""Cases a month at the start of 2018, by agency and field."""

LATE_SHARE_2018 = {
    "datdai": 0.046, "moitruong": 0.036, "dautu": 0.016, "xaydung": 0.034, "nhadat": 0.040, "thue": 0.014,
    "bhxh": 0.015, "ldtbxh": 0.022, "hotich": 0.014, "giaothong": 0.012, "yte": 0.030, "congthuong": 0.010,
}  # fmt: skip
"""Share of resolved cases finished after their due date at the start of 2018, by field."""

LATE_YEARLY_FACTOR = 0.82
EARLY_SHARE = 0.58
NO_DUE_DATE_SHARE = 0.037
GROWTH_PER_MONTH = 0.004
TET_DIP = -0.55
OLD_CATALOGUE_SHARE = 0.19
NEW_CATALOGUE_SHARE = 0.46
OLD_UPTAKE = {"ceiling": 0.86, "rate": 0.085, "midpoint": 16.0}
NEW_UPTAKE = {"ceiling": 0.64, "rate": 0.22, "midpoint": 40.0}
"""S-curves of filing online, among cases of procedures published before and at the step; months since 2018-01."""

POSTAL_SHARE = 0.035
RATING_SHARE = 0.07
SATISFIED_2018, SATISFIED_SLOPE = 0.80, 0.009
"""Share satisfied among ratings at the start of 2018, and its monthly drift on the logit scale."""


@dataclass(frozen=True)
class Simulated:
    """A simulated province.

    Attributes
    ----------
    counts, ratings : pd.DataFrame
        See `contracts`.
    truth : dict
        Seed, parameters, and the province's true monthly shares behind the counts.
    """

    counts: pd.DataFrame
    ratings: pd.DataFrame
    truth: dict[str, Any]


def simulate(seed: int) -> Simulated:
    """Return the province that a seed makes: 48 reporting months closing on the 14th.

    Notes
    -----
    Cases per office and field follow a trend, a seasonal pattern, a Tết dip in proportion to the share of the Tết
    window in the reporting month, and Poisson noise with a shared shock. Among them, procedures published online
    jump at the step of September 2020; filing online follows one S-curve for the old catalogue and a later one for
    the new. Lateness falls from year to year. Ratings are given by a few per cent of applicants.
    """
    rng = np.random.default_rng(seed)
    offices = _offices()
    U, T = len(offices), len(MONTHS)
    month = np.arange(T)
    tet = periods.tet_share(MONTHS, CUTOFF_DAY).to_numpy()

    season = rng.normal(0, 0.05, 12)[MONTHS.month - 1] + 0.10 * (MONTHS.month == 12)
    shared = _autoregression(rng, (1, T), 0.04, 0.5) + _autoregression(rng, (U, T), 0.06, 0.5)
    cases = offices["monthly_cases"].to_numpy()[:, None] * np.exp(
        GROWTH_PER_MONTH * month + season + TET_DIP * tet + shared
    )
    resolved = rng.poisson(cases)

    step = MONTHS >= CATALOGUE_STEP
    taste = rng.normal(0, 0.35, (U, 1)) + np.cumsum(rng.normal(0, 0.03, (U, T)), axis=1)
    taste = taste + np.cumsum(rng.normal(0, 0.025, (1, T)), axis=1)
    old_uptake = expit(logit(_s_curve(OLD_UPTAKE, month)) + taste)
    new_uptake = expit(logit(_s_curve(NEW_UPTAKE, month)) + taste)
    old = rng.binomial(resolved, OLD_CATALOGUE_SHARE)
    new = np.where(step, rng.binomial(resolved - old, NEW_CATALOGUE_SHARE / (1 - OLD_CATALOGUE_SHARE)), 0)
    online = rng.binomial(old, old_uptake) + rng.binomial(new, new_uptake)
    published_offline, unpublished = old + new - online, resolved - old - new
    filed = {
        ("online", True): online,
        **_counter_and_post(rng, published_offline, published=True),
        **_counter_and_post(rng, unpublished, published=False),
    }

    late_2018 = offices["field"].map(LATE_SHARE_2018).to_numpy()[:, None]
    late = expit(
        logit(late_2018)
        + np.log(LATE_YEARLY_FACTOR) * month / 12
        + rng.normal(0, 0.25, (U, 1))
        + _autoregression(rng, (U, T), 0.10, 0.6)
        + 0.25 * tet
    )
    counts = [_received(rng, offices, filed)]
    for (channel, published), number in filed.items():
        counts += _by_timeliness(rng, offices, number, late, channel=channel, published=published)

    satisfied = expit(logit(SATISFIED_2018) + SATISFIED_SLOPE * month + np.cumsum(rng.normal(0, 0.012, (1, T)), axis=1))
    satisfied = expit(logit(satisfied) + rng.normal(0, 0.25, (U, 1)))
    ratings = _ratings(rng, offices, filed, satisfied)
    truth = {
        "seed": seed,
        "cutoff_day": CUTOFF_DAY,
        "catalogue_step": str(CATALOGUE_STEP),
        "growth_per_month": GROWTH_PER_MONTH,
        "tet_dip": TET_DIP,
        "old_catalogue": {"share": OLD_CATALOGUE_SHARE, **OLD_UPTAKE},
        "new_catalogue": {"share": NEW_CATALOGUE_SHARE, **NEW_UPTAKE},
        "late_share_2018": LATE_SHARE_2018,
        "late_yearly_factor": LATE_YEARLY_FACTOR,
        "no_due_date_share": NO_DUE_DATE_SHARE,
        "satisfied": {"share_2018": SATISFIED_2018, "logit_slope_per_month": SATISFIED_SLOPE},
        "monthly": {
            "period": [str(period) for period in MONTHS],
            "online_of_all": _weighted(
                OLD_CATALOGUE_SHARE * old_uptake + NEW_CATALOGUE_SHARE * step * new_uptake, weight=cases
            ),
            "late_of_resolved": _weighted(late * (1 - NO_DUE_DATE_SHARE), weight=cases),
            "satisfied_of_ratings": _weighted(satisfied, weight=cases),
        },
    }
    return Simulated(
        counts=check(pd.concat(counts, ignore_index=True), Counts, where="simulated counts"),
        ratings=check(ratings, Ratings, where="simulated ratings"),
        truth=truth,
    )


def write_demo(out: Path, seed: int) -> None:
    """Write a simulated province as an input folder: ``counts.parquet, ratings.parquet, about.yml, truth.json``."""
    made = simulate(seed)
    out.mkdir(parents=True, exist_ok=True)
    made.counts.to_parquet(out / "counts.parquet", index=False, compression="zstd")
    made.ratings.to_parquet(out / "ratings.parquet", index=False, compression="zstd")
    about = {"title": "Khánh Hòa 2018–2021", "source": f"dunghen demo --seed {seed}", "simulated": True}
    (out / "about.yml").write_text(yaml.safe_dump(about, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (out / "truth.json").write_text(json.dumps(made.truth, indent=1) + "\n", encoding="utf-8")


def _offices() -> pd.DataFrame:
    """Return one row per office and field: `agency, district, field, monthly_cases`."""
    rows: list[tuple[str, str | None, str, float]] = []
    for (agency, field), cases in MONTHLY_CASES.items():
        if agency == DISTRICT_OFFICES:
            rows += [(f"ubnd-{code}", code, field, cases * weight) for code, weight in DISTRICT_WEIGHTS.items()]
        else:
            rows.append((agency, None, field, cases))
    return pd.DataFrame(rows, columns=["agency", "district", "field", "monthly_cases"])


def _s_curve(curve: dict[str, float], month: np.ndarray) -> np.ndarray:
    return curve["ceiling"] * expit(curve["rate"] * (month - curve["midpoint"]))


def _autoregression(rng: np.random.Generator, shape: tuple[int, int], scale: float, memory: float) -> np.ndarray:
    shocks = rng.normal(0, scale, shape)
    path = shocks.copy()
    for t in range(1, shape[1]):
        path[:, t] += memory * path[:, t - 1]
    return path


def _weighted(share: np.ndarray, *, weight: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in (share * weight).sum(axis=0) / weight.sum(axis=0)]


def _counter_and_post(
    rng: np.random.Generator, number: np.ndarray, *, published: bool
) -> dict[tuple[str, bool], np.ndarray]:
    post = rng.binomial(number, POSTAL_SHARE)
    return {("counter", published): number - post, ("post", published): post}


def _long(offices: pd.DataFrame, numbers: dict[str, np.ndarray], **constants: object) -> pd.DataFrame:
    """Return one row per office and month where any number is above zero."""
    U, T = next(iter(numbers.values())).shape
    frame = offices.loc[offices.index.repeat(T), ["agency", "district", "field"]].reset_index(drop=True)
    frame.insert(0, "period", np.tile([str(period) for period in MONTHS], U))
    frame = frame.assign(procedure=None, **constants, **{name: number.ravel() for name, number in numbers.items()})
    return frame[(frame[list(numbers)] > 0).any(axis=1)]


def _by_timeliness(
    rng: np.random.Generator,
    offices: pd.DataFrame,
    number: np.ndarray,
    late: np.ndarray,
    *,
    channel: str,
    published: bool,
) -> list[pd.DataFrame]:
    early = (1 - late) * EARLY_SHARE
    shares = np.stack([early, 1 - late - early, late, np.zeros_like(late)], axis=-1) * (1 - NO_DUE_DATE_SHARE)
    shares[..., -1] = NO_DUE_DATE_SHARE
    split = rng.multinomial(number, shares)
    return [
        _long(
            offices,
            {"resolved": split[..., index]},
            received=0,
            channel=channel,
            published_online=published,
            timeliness=timeliness,
        )
        for index, timeliness in enumerate(TIMELINESS)
    ]


def _received(
    rng: np.random.Generator, offices: pd.DataFrame, filed: dict[tuple[str, bool], np.ndarray]
) -> pd.DataFrame:
    """Return what came in: about as much as was resolved, timeliness not yet known."""
    frames = [
        _long(
            offices,
            {"received": rng.poisson(number)},
            resolved=0,
            channel=channel,
            published_online=published,
            timeliness=None,
        )
        for (channel, published), number in filed.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _ratings(
    rng: np.random.Generator,
    offices: pd.DataFrame,
    filed: dict[tuple[str, bool], np.ndarray],
    satisfied: np.ndarray,
) -> pd.DataFrame:
    frames = []
    for channel in ("online", "counter"):
        number = sum(count for (filed_by, _), count in filed.items() if filed_by == channel)
        respondents = rng.binomial(number, RATING_SHARE)
        frame = _long(
            offices,
            {"respondents": respondents, "satisfied": rng.binomial(respondents, satisfied)},
            channel=channel,
        )
        frames.append(frame.drop(columns="procedure"))
    return pd.concat(frames, ignore_index=True)
