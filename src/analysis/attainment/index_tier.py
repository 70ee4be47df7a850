"""Targets on a published index: whether it will be in the wanted tier or a better one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.attainment.situation import Judgement, Situation
from analysis.attainment.verdict import AttainmentDraws, blank_row, decided_by_arithmetic, not_estimated
from analysis.forecast.shocks import stream
from analysis.indicators.index_tiers import Tiers, history, steps
from analysis.plan.promises import IndexPromise

MINIMUM_YEARS = 3
"""Published years with a tier that an area must have."""
LONGEST_WAIT = 2
"""Years from the last published one to the plan's: two as long as last year's figure is not out."""

PRIOR_STEPS = 2.0
"""Weight of the prior of each row of the transition matrix, in steps."""
NEARNESS = 0.5
"""By this factor the prior thinks each tier further off less likely."""


@dataclass(frozen=True, eq=False)
class TierYearEnd:
    """A promise on the tier of an index for the plan's year.

    Attributes
    ----------
    last_year, last_tier : int or None, str or None
        The last one known of the area.
    years : int
        Published years of the area that have a tier.
    steps : int
        Steps from year to year, of all areas.
    shares : pd.DataFrame
        `tier, share` of draws (0–1), best first; without rows when not estimated.
    kept : AttainmentDraws
        Whether the promise is.
    """

    last_year: int | None
    last_tier: str | None
    years: int
    steps: int
    shares: pd.DataFrame
    kept: AttainmentDraws


def tier_year_end(
    known: pd.DataFrame,
    steps: pd.DataFrame,
    *,
    area: str,
    year: int,
    wanted: str,
    names: Sequence[str],
    draw_count: int,
    seed: int,
    key: str,
) -> TierYearEnd:
    """Return how a promise on the tier of an index stands.

    Decided only by a tier published for the year itself and by that year's own limits. Before that a chain of tiers
    runs from the last known year, in each draw with transition probabilities of its own.

    Parameters
    ----------
    known : pd.DataFrame
        See `indicators.index_tiers.history`.
    steps : pd.DataFrame
        See `indicators.index_tiers.steps`.
    area : str
        Code of the area the promise is of.
    year : int
        The plan's year.
    wanted : str
        The tier that keeps the promise, as a better one does.
    names : sequence of str
        The tiers, best first.
    draw_count, seed : int
        Of the run.
    key : str
        Name of the target, which keys its random numbers.

    Raises
    ------
    ValueError
        The wanted tier is none of the names.
    """
    if wanted not in names:
        raise ValueError(f"the tier {wanted!r} is none of {', '.join(names)}")
    mine = known[(known["area"] == area) & (known["year"] <= year) & known["tier"].notna()].sort_values("year")
    none = pd.DataFrame(columns=["tier", "share"])

    def stands(kept: AttainmentDraws, shares: pd.DataFrame = none) -> TierYearEnd:
        last = mine.iloc[-1] if len(mine) else None
        year_of, tier_of = (None, None) if last is None else (int(last["year"]), str(last["tier"]))
        return TierYearEnd(year_of, tier_of, len(mine), len(steps), shares, kept)

    if mine.empty:
        return stands(not_estimated("no_published_index"))
    last = mine.iloc[-1]
    at = names.index(last["tier"])
    if last["year"] == year:
        kept = decided_by_arithmetic(at <= names.index(wanted)) if last["stated"] else not_estimated("tier_not_stated")
        return stands(kept)
    if len(mine) < MINIMUM_YEARS:
        return stands(not_estimated("too_few_published_years"))
    if year - last["year"] > LONGEST_WAIT:
        return stands(not_estimated("published_years_too_old"))
    rng = stream(seed, "tiers", key)
    reached = _reached(_tally(steps, names), at, int(year - last["year"]), draw_count, rng)
    shares = pd.DataFrame({"tier": list(names), "share": np.bincount(reached, minlength=len(names)) / draw_count})
    return stands(AttainmentDraws(reached <= names.index(wanted), decided=False), shares)


def _tally(steps: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return the steps seen from each tier (rows) to each (columns), with the prior's."""
    places = np.arange(len(names))
    prior = NEARNESS ** np.abs(places[:, None] - places)
    tally = PRIOR_STEPS * prior / prior.sum(axis=1, keepdims=True)
    for before, after in zip(steps["from_tier"], steps["to_tier"], strict=True):
        tally[names.index(before), names.index(after)] += 1
    return tally


def _reached(tally: np.ndarray, at: int, years: int, draw_count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the tier reached in each draw after some years, shape (draws,)."""
    rows = rng.gamma(tally, size=(draw_count, *tally.shape))
    cumulated = np.cumsum(rows / rows.sum(axis=2, keepdims=True), axis=2)
    reached = np.full(draw_count, at)
    for _ in range(years):
        mine = cumulated[np.arange(draw_count), reached]
        reached = np.minimum((mine < rng.random((draw_count, 1))).sum(axis=1), len(tally) - 1)
    return reached


def judge_tier(target: IndexPromise, at: Situation) -> Judgement:
    """Return a promise on the tier of an index, judged; its baseline: the last known tier stays.

    Parameters
    ----------
    target : IndexPromise
        The promise.
    at : Situation
        What is known.
    """
    plan, evidence = at.plan, at.evidence
    assert target.index is not None
    assert target.tier is not None
    row = blank_row(target.id, "", at.quarter) | {"indicator": target.index}
    if plan.area is None:
        return Judgement(row | {"note": "no_published_index"})
    tiers = Tiers(names=target.tiers, last_ranks=target.last_ranks)
    known = history(
        evidence.published, indicator=target.index, tiers=tiers, as_of=evidence.as_of, breaks=evidence.breaks
    )
    stands = tier_year_end(
        known,
        steps(known),
        area=plan.area,
        year=plan.year,
        wanted=target.tier,
        names=target.tiers,
        draw_count=at.draw_count,
        seed=at.seed,
        key=target.id,
    )
    baseline = float("nan")
    if len(stands.kept.met) and stands.last_tier is not None:
        stays = decided_by_arithmetic(target.tiers.index(stands.last_tier) <= target.tiers.index(target.tier))
        baseline = (
            stands.kept.probability if stands.kept.decided else AttainmentDraws(stays.met, decided=False).probability
        )
    return Judgement(
        row
        | {
            "probability": stands.kept.probability,
            "baseline_probability": baseline,
            "verdict": stands.kept.verdict,
            "note": stands.kept.note,
        }
    )
