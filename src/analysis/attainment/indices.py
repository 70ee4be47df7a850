"""A promise on the tier of a published index."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.attainment.facts import Facts
from analysis.attainment.kept import Kept, settled
from analysis.attainment.promise_rows import blank_row
from analysis.attainment.tiers import tier_year_end
from analysis.indicators.index_tiers import Tiers, history, steps
from analysis.plan import Plan
from analysis.promises import IndexTarget


def index_row(
    plan: Plan, target: IndexTarget, quarter: pd.Period, facts: Facts, *, draw_count: int, seed: int
) -> dict[str, Any]:
    """Return a promise on an index as a row of the table of promises; its baseline: the last known tier stays.

    Parameters
    ----------
    plan, target, quarter
        The promise, and the quarter reported.
    facts : Facts
        Figures published.
    draw_count, seed
        Of the run.
    """
    row = blank_row(target.id, "", quarter) | {"indicator": target.index}
    if plan.area is None:
        return row | {"note": "no_published_index"}
    tiers = Tiers(names=target.tiers, last_ranks=target.last_ranks)
    known = history(facts.published, indicator=target.index, tiers=tiers, as_of=facts.as_of, breaks=facts.breaks)
    stands = tier_year_end(
        known,
        steps(known),
        area=plan.area,
        year=plan.year,
        wanted=target.tier,
        names=target.tiers,
        draw_count=draw_count,
        seed=seed,
        key=target.id,
    )
    baseline = float("nan")
    if len(stands.kept.met) and stands.last_tier is not None:
        stays = settled(target.tiers.index(stands.last_tier) <= target.tiers.index(target.tier))
        baseline = stands.kept.probability if stands.kept.decided else Kept(stays.met, decided=False).probability
    return row | {
        "probability": stands.kept.probability,
        "baseline_probability": baseline,
        "verdict": stands.kept.verdict,
        "note": stands.kept.note,
    }
