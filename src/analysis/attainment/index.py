"""Promises on a published index: its tier, or its score and rank."""

from __future__ import annotations

from typing import Any

from analysis.attainment import index_tier
from analysis.attainment.index_rank import rank_year_end
from analysis.attainment.index_score import score_year_end
from analysis.attainment.index_series import IndexYearEnd, PreviousYear
from analysis.attainment.situation import Judgement, Situation
from analysis.attainment.verdict import AttainmentDraws, blank_row, combined, not_estimated, spread
from analysis.indicators.index_scores import history
from analysis.indicators.other_indicators import year_of
from analysis.plan.indicators import Score
from analysis.plan.promises import IndexPart, IndexPromise, Relative, StatedValue


def judge(target: IndexPromise, at: Situation) -> Judgement:
    """Return a promise on an index, judged.

    Parameters
    ----------
    target : IndexPromise
        The promise; on score and rank they are its parts, on the same draws.
    at : Situation
        What is known.
    """
    if target.tier is not None:
        return index_tier.judge_tier(target, at)
    judged = {name: _part(target, name, part, at) for name, part in target.parts.items()}
    if len(judged) == 1:
        ((row, _),) = judged.values()
        return Judgement(row | {"part": ""})
    kept = combined([draws for _, draws in judged.values()], "all_of")
    first = next(iter(judged.values()))[0]
    row = blank_row(target.id, "", at.quarter) | {"indicator": first["indicator"], "rule": "all_of"}
    row |= {"probability": kept.probability, "verdict": kept.verdict, "note": kept.note}
    return Judgement(row, [part for part, _ in judged.values()])


def _part(target: IndexPromise, name: str, part: IndexPart, at: Situation) -> tuple[dict[str, Any], AttainmentDraws]:
    """Return one figure of an index as a row of the table of promises, and whether it is kept."""
    plan, evidence = at.plan, at.evidence
    declared = plan.indicators[target.indicator] if target.indicator else None
    score = declared if isinstance(declared, Score) else None
    index = score.index if score else target.index or ""
    code = target.indicator or index
    row = blank_row(target.id, name, at.quarter) | {
        "indicator": code if part.measure == "score" else f"{code}{RANK}",
        "rule": part.rule,
    }
    threshold = _threshold(part)
    if plan.area is None or threshold is None:
        note = "no_published_index" if plan.area is None else "previous_year_not_comparable"
        return row | {"note": note}, not_estimated(note)
    known = history(evidence.published, indicator=index, as_of=evidence.as_of, breaks=evidence.breaks)
    _, end = year_of(plan)
    asked: dict[str, Any] = {
        "area": plan.area,
        "year": plan.year,
        "year_end": end,
        "as_of": evidence.as_of,
        "rule": part.rule,
        "threshold": threshold,
        "year_value": score.year_end if score else "last",
        "scale": score.scale if score else (0.0, 100.0),
        "draw_count": at.draw_count,
        "seed": at.seed,
        "key": target.id,
    }
    stands = score_year_end(known, **asked) if part.measure == "score" else rank_year_end(known, **asked)
    return row | _told(stands, part, threshold), stands.kept


RANK = "_rank"
"""Ends the name of the rank of an index in the table of promises."""


def _threshold(part: IndexPart) -> float | PreviousYear | None:
    """Return what is promised; None where it is relative to a year that is not the one before."""
    wanted = part.threshold
    if not isinstance(wanted, Relative):
        return float(wanted)
    if isinstance(wanted.of, StatedValue):
        return wanted.of.value * wanted.times
    return PreviousYear(wanted.times) if wanted.of == "previous" else None


def _told(stands: IndexYearEnd, part: IndexPart, threshold: float | PreviousYear) -> dict[str, Any]:
    number = threshold
    if isinstance(threshold, PreviousYear):
        number = spread(stands.previous * threshold.times)["expected"]
    last = stands.last_score if part.measure == "score" else stands.last_rank
    return spread(stands.values) | {
        "threshold": number,
        "observed_to_date": float("nan") if last is None else last,
        "probability": stands.kept.probability,
        "baseline_probability": stands.baseline_probability,
        "verdict": stands.kept.verdict,
        "note": stands.kept.note,
    }
