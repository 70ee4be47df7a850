"""Targets on dated items: the share of the items done in time, and the headcount path some of them have beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.attainment.items import ItemsYearEnd, baseline_shares, gap_holders, items_pace, items_year_end
from analysis.attainment.situation import Judgement, Situation
from analysis.attainment.verdict import (
    AttainmentDraws,
    all_met,
    blank_row,
    decided_by_arithmetic,
    not_estimated,
    spread,
)
from analysis.forecast.shocks import stream
from analysis.indicators.dated_items import DatedItems
from analysis.indicators.item_progress import CURVE, curve, headcount
from analysis.indicators.other_indicators import promised_items, year_of
from analysis.plan.inventories import CasesOfService
from analysis.plan.promises import ItemsPromise
from analysis.rules import meets

MINIMUM_COUNTED = 3
"""Counted points of the path, that is two steps, before anything is said of the rest of the year."""

DAYS_IN_QUARTER = 365.25 / 4
QUARTERS_ON_PATH = 4.0
"""Prior weight, in quarters, of "the path is followed on average"."""
SCALE_SHAPE, SCALE_SHARE = 1.0, 0.002
"""Prior of the scale of a quarter's step: about this share of the headcount allowed, with the weight of two steps."""


@dataclass(frozen=True, eq=False)
class HeadcountYearEnd:
    """A headcount at the end of the plan's year.

    Attributes
    ----------
    planned : int or None
        Persons allowed on the last day of the path in the year; None without a path.
    gap : int or None
        Persons counted less persons allowed, at the last count known; None before the first.
    values : np.ndarray, shape (draws,)
        Persons at the end of the year, not whole numbers; a single value when counted; empty when not estimated.
    kept : AttainmentDraws
        Whether the path is.
    """

    planned: int | None
    gap: int | None
    values: np.ndarray
    kept: AttainmentDraws


def headcount_year_end(
    path: pd.DataFrame, *, as_of: date, year_end: date, draw_count: int, seed: int, key: str
) -> HeadcountYearEnd:
    """Return how a headcount stands to its path at the end of the year.

    Parameters
    ----------
    path : pd.DataFrame
        `day, planned, actual, gap`, persons; see `indicators.item_progress.headcount`. Counts of earlier years, where
        the source has them, are learnt from.
    as_of, year_end : date
        Last day known, and last day of the plan's year: the last point of the path up to it is judged.
    draw_count, seed : int
        Of the run.
    key : str
        Name of the target, which keys its random numbers.
    """
    points = path[path["day"] <= pd.Timestamp(year_end)].dropna(subset=["planned"])
    counted = points.dropna(subset=["actual"])
    gap = int(counted["gap"].iloc[-1]) if len(counted) else None
    in_year = points[points["day"] > pd.Timestamp(year_end) - pd.DateOffset(years=1)]
    if in_year.empty:
        return HeadcountYearEnd(None, gap, np.empty(0), not_estimated("no_headcount_path"))
    final = in_year.iloc[-1]
    planned = int(final["planned"])
    if not pd.isna(final["actual"]):
        persons = int(final["actual"])
        return HeadcountYearEnd(planned, gap, np.array([float(persons)]), decided_by_arithmetic(persons <= planned))
    if pd.Timestamp(as_of) >= pd.Timestamp(year_end):
        return HeadcountYearEnd(planned, gap, np.empty(0), not_estimated("headcount_not_counted"))
    if len(counted) < MINIMUM_COUNTED:
        return HeadcountYearEnd(planned, gap, np.empty(0), not_estimated("too_few_headcounts"))
    ahead = (final["day"] - counted["day"].iloc[-1]).days / DAYS_IN_QUARTER
    gaps = _gaps(counted, ahead, scale=SCALE_SHARE * planned, draw_count=draw_count, seed=seed, key=key)
    # Persons are whole: a gap below one half is none.
    return HeadcountYearEnd(planned, gap, planned + gaps, AttainmentDraws(gaps < 0.5, decided=False))


def _gaps(counted: pd.DataFrame, ahead: float, *, scale: float, draw_count: int, seed: int, key: str) -> np.ndarray:
    """Return draws of the gap some quarters ahead, persons: a random walk with drift, its parameters unknown."""
    spans = counted["day"].diff().dt.days.to_numpy(dtype=float)[1:] / DAYS_IN_QUARTER
    steps = np.diff(counted["gap"].to_numpy(dtype=float))
    weight = QUARTERS_ON_PATH + spans.sum()
    drift = steps.sum() / weight
    shape = SCALE_SHAPE + len(steps) / 2
    spread = SCALE_SHAPE * scale**2 + (np.sum(steps**2 / spans) - weight * drift**2) / 2
    rng = stream(seed, "headcount", key)
    sizes = np.sqrt(spread / rng.gamma(shape, size=draw_count))
    drifts = drift + sizes / np.sqrt(weight) * rng.standard_normal(draw_count)
    return np.asarray(
        float(counted["gap"].iloc[-1]) + drifts * ahead + sizes * np.sqrt(ahead) * rng.standard_normal(draw_count)
    )


HEADCOUNT = "headcount"
"""Part of a target that has a headcount path beside its items."""


def promised_of(target: ItemsPromise, at: Situation) -> DatedItems:
    """Return the items a promise is on, as known at the end of a quarter.

    Parameters
    ----------
    target : ItemsPromise
        The promise.
    at : Situation
        What is known.
    """
    evidence = at.evidence
    return promised_items(
        at.plan, target, evidence.catalogue, evidence.progress, evidence.service_days, as_of=evidence.as_of
    )


def year_end_of(
    target: ItemsPromise,
    at: Situation,
    items: DatedItems,
    moving: Callable[[pd.DataFrame, np.ndarray], np.ndarray] | None = None,
) -> ItemsYearEnd:
    """Return how the items of a promise stand at the end of its year.

    Parameters
    ----------
    target : ItemsPromise
        The promise.
    at : Situation
        What is known.
    items : DatedItems
        See `promised_of`.
    moving : callable, optional
        See `items.items_year_end`.
    """
    with_cases = target.inventory.done_with if target.inventory else None
    return items_year_end(
        items,
        year_end=year_of(at.plan)[1],
        rule=target.rule,
        threshold=target.threshold,
        draw_count=at.draw_count,
        seed=at.seed,
        key=target.id,
        finishing=partial(_reaching, with_cases, target.id, at) if with_cases else None,
        moving=moving,
    )


def judge(target: ItemsPromise, at: Situation) -> Judgement:
    """Return a promise on dated items, judged.

    Its baseline takes the roadmap at its word: every open item comes on its day, so that the promise is kept. Where it
    has a headcount path, too, its items and that path are its parts: counts are items, and persons.

    Parameters
    ----------
    target : ItemsPromise
        The promise.
    at : Situation
        What is known.
    """
    return judge_items(target, at, promised_of(target, at))


def judge_items(
    target: ItemsPromise,
    at: Situation,
    items: DatedItems,
    moving: Callable[[pd.DataFrame, np.ndarray], np.ndarray] | None = None,
) -> Judgement:
    """Return a promise on dated items, judged on its items as they are or as they would be.

    Parameters
    ----------
    target, at, items, moving
        See `year_end_of`.
    """
    quarter, evidence = at.quarter, at.evidence
    start, end = year_of(at.plan)
    run: dict[str, Any] = {"draw_count": at.draw_count, "seed": at.seed, "key": target.id}
    stands = year_end_of(target, at, items, moving)
    as_planned = AttainmentDraws(decided_by_arithmetic(True).met, decided=False)
    row = _items_row(target, "", quarter, stands, as_planned)
    parts: list[dict[str, Any]] = []
    curves = [curve(items, year_start=start, year_end=end).assign(part="")]
    if target.headcount:
        path = headcount(evidence.progress, target.id, as_of=evidence.as_of)
        persons = headcount_year_end(path, as_of=evidence.as_of, year_end=end, **run)
        curves.append(_path_curve(path, year_start=start, year_end=end).assign(part=HEADCOUNT))
        stays = (
            AttainmentDraws(decided_by_arithmetic(persons.gap <= 0).met, decided=False)
            if persons.gap is not None
            else None
        )
        parts = [
            _items_row(target, "items", quarter, stands, as_planned),
            blank_row(target.id, HEADCOUNT, quarter)
            | spread(persons.values)
            | {
                "indicator": HEADCOUNT,
                "rule": "at_most",
                "threshold": persons.planned,
                "numerator": persons.planned + persons.gap if persons.planned and persons.gap is not None else None,
                "denominator": persons.planned,
            }
            | _estimate(persons.kept, stays),
        ]
        row |= {"rule": "all_of"} | _estimate(
            all_met([stands.kept, persons.kept]), None if stays is None else all_met([as_planned, stays])
        )
    missing = gap_holders(items, stands, year_end=end)
    missing.insert(0, "target", target.id)
    pace = items_pace(items, stands, target=target.id, year_end=end, rule=target.rule, threshold=target.threshold)
    return Judgement(
        row,
        parts,
        baselines=[_baselines(target, items, stands, end)],
        pace=[pace],
        missing=[missing],
        curves=[one.assign(target=target.id) for one in curves],
    )


def _path_curve(path: pd.DataFrame, *, year_start: date, year_end: date) -> pd.DataFrame:
    """Return `item_progress.CURVE` of persons allowed and counted, from the last point before the year on."""
    within = path[path["day"] <= pd.Timestamp(year_end)].rename(columns={"actual": "done"})[CURVE]
    before = within[within["day"] < pd.Timestamp(year_start)].tail(1)
    return pd.concat([before, within[within["day"] >= pd.Timestamp(year_start)]])


def _baselines(target: ItemsPromise, items: DatedItems, stands: ItemsYearEnd, year_end: date) -> pd.DataFrame:
    """Return what an office would say of the list, as rows of `probability.Attainment.baselines`.

    Such baselines have no past errors. Without rows once the promise is decided, and where it is not estimated.
    """
    if stands.kept.decided or not len(stands.kept.met):
        return pd.DataFrame()
    shares = baseline_shares(items, year_end=year_end)
    return pd.DataFrame(
        {
            "target": target.id,
            "part": "",
            "baseline": list(shares),
            "point": list(shares.values()),
            "raw": [bool(meets(share, target.rule, target.threshold)) for share in shares.values()],
            "dressed": np.nan,
            "chosen": False,
            "errors": 0,
            "error": np.nan,
        }
    )


SERVICE_SHAPE = 0.5
"""Prior weight, in cases, of "a service has as many cases a day as the average one"."""
COMMON_SPREAD = 0.1
"""Standard deviation of the log of what the rest of the year brings to all services alike: more cases, or fewer."""


def _reaching(wanted: CasesOfService, key: str, at: Situation, waiting: pd.DataFrame) -> np.ndarray:
    """Return whether each open service has its n-th case by the end of the year, shape (draws, services).

    Cases come at the service's own rate of the year so far, which is not known exactly (gamma), times a factor common
    to all (log-normal); the rest is Poisson. A season within the year is not looked at.
    """
    start, end = year_of(at.plan)
    days = at.evidence.service_days[key]
    so_far = days.groupby("procedure_code")["done"].sum().reindex(waiting["item"]).fillna(0).to_numpy(float)
    elapsed, rest = (at.evidence.as_of - start).days + 1, (end - at.evidence.as_of).days
    average = max(so_far.mean(), 1.0) / elapsed
    rng = stream(at.seed, "services", key)
    shape = (at.draw_count, len(waiting))
    rates = rng.gamma(SERVICE_SHAPE + so_far, size=shape) / (elapsed + SERVICE_SHAPE / average)
    common = np.exp(COMMON_SPREAD * rng.standard_normal((at.draw_count, 1)))
    return np.asarray(so_far + rng.poisson(rates * common * rest) >= wanted.at_least)


def _items_row(
    target: ItemsPromise, part: str, quarter: pd.Period, stands: ItemsYearEnd, as_planned: AttainmentDraws
) -> dict[str, Any]:
    return (
        blank_row(target.id, part, quarter)
        | spread(stands.values)
        | {
            "indicator": target.kind,
            "rule": target.rule,
            "threshold": target.threshold,
            "numerator": stands.numerator if stands.denominator else None,
            "denominator": stands.denominator or None,
            "observed_to_date": stands.observed_to_date,
        }
        | _estimate(stands.kept, as_planned)
    )


def _estimate(kept: AttainmentDraws, simple: AttainmentDraws | None) -> dict[str, Any]:
    baseline = kept.probability if kept.decided else simple.probability if simple else float("nan")
    return {
        "probability": kept.probability,
        "baseline_probability": baseline if len(kept.met) else float("nan"),
        "verdict": kept.verdict,
        "note": kept.note,
    }
