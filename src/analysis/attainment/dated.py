"""Promises on dated items, and what stands behind them: how fast they must come, and which are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.attainment.facts import Facts
from analysis.attainment.headcount_path import headcount_year_end
from analysis.attainment.items import ItemsYearEnd, items_year_end
from analysis.attainment.items_pace import gap_holders, items_pace
from analysis.attainment.kept import Kept, all_kept, settled
from analysis.attainment.promise_rows import blank_row, spread
from analysis.indicators.headcount import headcount
from analysis.indicators.promised import promised_items, year_of
from analysis.plan import Plan
from analysis.promises import ItemsTarget

HEADCOUNT = "headcount"
"""Part of a target that has a headcount path beside its items."""


@dataclass(frozen=True, eq=False)
class DatedPromise:
    """A promise on dated items at the end of a quarter.

    Attributes
    ----------
    row : dict
        Its row of the table of promises: counts are items.
    parts : list of dict
        Rows of its items and of its headcount path (counts are persons counted and persons allowed), where it has both.
    pace : pd.DataFrame
        See `items_pace.items_pace`.
    missing : pd.DataFrame
        `target` and the columns of `items_pace.gap_holders`.
    """

    row: dict[str, Any]
    parts: list[dict[str, Any]]
    pace: pd.DataFrame
    missing: pd.DataFrame


def dated_promise(
    plan: Plan, target: ItemsTarget, quarter: pd.Period, facts: Facts, *, draw_count: int, seed: int
) -> DatedPromise:
    """Return how a promise on dated items stands.

    Its baseline takes the roadmap at its word: every open item comes on its day, so that the promise is kept.

    Parameters
    ----------
    plan, target, quarter
        The promise, and the quarter reported.
    facts : Facts
        Items known.
    draw_count, seed
        Of the run.
    """
    _, end = year_of(plan)
    items = promised_items(plan, target, facts.catalogue, facts.progress, as_of=facts.as_of)
    run: dict[str, Any] = {"draw_count": draw_count, "seed": seed, "key": target.id}
    stands = items_year_end(items, year_end=end, rule=target.rule, threshold=target.threshold, **run)
    as_planned = Kept(settled(True).met, decided=False)
    row = _items_row(target, "", quarter, stands, as_planned)
    parts: list[dict[str, Any]] = []
    if target.headcount:
        path = headcount(facts.progress, target.id, as_of=facts.as_of)
        persons = headcount_year_end(path, as_of=facts.as_of, year_end=end, **run)
        stays = Kept(settled(persons.gap <= 0).met, decided=False) if persons.gap is not None else None
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
            all_kept([stands.kept, persons.kept]), None if stays is None else all_kept([as_planned, stays])
        )
    missing = gap_holders(items, stands, year_end=end)
    missing.insert(0, "target", target.id)
    pace = items_pace(items, stands, target=target.id, year_end=end, rule=target.rule, threshold=target.threshold)
    return DatedPromise(row, parts, pace, missing)


def _items_row(
    target: ItemsTarget, part: str, quarter: pd.Period, stands: ItemsYearEnd, as_planned: Kept
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


def _estimate(kept: Kept, simple: Kept | None) -> dict[str, Any]:
    baseline = kept.probability if kept.decided else simple.probability if simple else float("nan")
    return {
        "probability": kept.probability,
        "baseline_probability": baseline if len(kept.met) else float("nan"),
        "verdict": kept.verdict,
        "note": kept.note,
    }
