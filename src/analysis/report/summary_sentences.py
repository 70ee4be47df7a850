"""The sentences of the summary: what changed since last quarter, and what to do."""

from __future__ import annotations

import pandas as pd

from analysis.attainment.items_pace import gap_by_owner
from analysis.promises import ItemsTarget, ShareTarget, Target
from analysis.report import numbers
from analysis.report.decisive import SAFE, before, decisive_part, rate_of
from analysis.report.tables import items
from analysis.report.wording import Wording
from analysis.results import Results

MOST = 3
"""Sentences of a kind: a reader has two minutes."""
NAMED = 3
"""Members named in a sentence."""
STEP = 0.01
"""A probability that moved by less is not news."""


def what_changed(results: Results, words: Wording) -> list[str]:
    """Return up to three sentences, what matters most first: decided, no longer estimated, another verdict, moved."""
    told = [_change(results, words, target) for target in results.plan.targets]
    news = sorted((one for one in told if one is not None), key=lambda one: one[0], reverse=True)
    if not news:
        return [words.text("No probability moved by a percentage point or more.")]
    return [sentence for _, sentence in news[:MOST]]


def _change(results: Results, words: Wording, target: Target) -> tuple[tuple[float, float], str] | None:
    """Return how much a change matters and its sentence; None where there is nothing to tell."""
    now, earlier = results.promise(target.id), before(results, target.id)
    name, first, last = words.of(target.name), earlier["probability"], now["probability"]
    if pd.isna(first) and pd.isna(last):
        return None
    if now["verdict"] in ("met", "missed") and first != last:
        verdict = words.verdict(now["verdict"])
        if pd.isna(first):
            return (2.0, 1.0), words.text("{promise}: {verdict}.", promise=name, verdict=verdict)
        return (2.0, abs(last - first)), words.text(
            "{promise}: {verdict} (a quarter ago {before}).", promise=name, verdict=verdict, before=words.chance(first)
        )
    if pd.isna(last):
        why = words.reason(now["note"])
        return (2.0, first), words.text(
            "{promise}: no longer estimated (a quarter ago {before}). {why}",
            promise=name, before=words.chance(first), why=why,
        )  # fmt: skip
    if pd.isna(first):
        return (1.0, last), words.text(
            "{promise}: estimated for the first time this year, {now}.", promise=name, now=words.chance(last)
        )
    if abs(last - first) < STEP:
        return None
    matters = (1.0 if now["verdict"] != earlier["verdict"] else 0.0, abs(last - first))
    outlooks = _expected(results, words, target)
    if outlooks is None:
        return matters, words.text(
            "{promise}: probability {before} → {now}.",
            promise=name, before=words.chance(first), now=words.chance(last),
        )  # fmt: skip
    whose, expected_before, expected_now = outlooks
    return matters, words.text(
        "{promise}: probability {before} → {now}; year-end forecast {whose}{expected_before} → {expected_now}.",
        promise=name,
        before=words.chance(first),
        now=words.chance(last),
        whose=whose,
        expected_before=numbers.percent(expected_before, words.language),
        expected_now=numbers.percent(expected_now, words.language),
    )


def _expected(results: Results, words: Wording, target: Target) -> tuple[str, float, float] | None:
    """Return whose year-end share is told, what was expected of it a quarter ago, and what is now."""
    whose, now = "", results.promise(target.id)
    if isinstance(target, ShareTarget):
        decides = decisive_part(results, target)
        if decides is None:
            return None
        part, now = decides
        whose = f"{words.part(results.plan, part)}: " if len(target.parts) > 1 else ""
    earlier = before(results, target.id, now["part"])
    if pd.isna(now["expected"]) or pd.isna(earlier["expected"]):
        return None
    return whose, float(earlier["expected"]), float(now["expected"])


def what_to_do(results: Results, words: Wording) -> list[str]:
    """Return up to three sentences, first where effort can tip the most: a chance nearest to even."""
    open_ones = []
    for target in results.plan.targets:
        row = results.promise(target.id)
        if row["verdict"] in (*SAFE, "missed", "not_estimated"):
            continue
        sentence = _action(results, words, target)
        if sentence:
            open_ones.append((abs(row["probability"] - 0.5), sentence))
    open_ones.sort(key=lambda one: one[0])
    return [sentence for _, sentence in open_ones[:MOST]]


def _action(results: Results, words: Wording, target: Target) -> str:
    name = words.of(target.name)
    if isinstance(target, ItemsTarget):
        return " ".join([*items.what_it_takes(results, words, target), _owners(results, words, target)]).strip()
    decides = decisive_part(results, target) if isinstance(target, ShareTarget) else None
    if decides is None or not isinstance(target, ShareTarget):
        return ""
    part, row = decides
    rate = rate_of(results, target.id, row["part"])
    if rate is None or row["verdict"] in SAFE:
        return ""
    needed = words.needed(rate, part.rule, words.of(results.plan.unit))
    what = f"{name} ({words.part(results.plan, part)})" if len(target.parts) > 1 else name
    return f"{what}: {needed} {_holders(results, words, target.id, row['part'])}".strip()


def _holders(results: Results, words: Wording, target: str, part: str) -> str:
    """Return who holds most of what is missing, bodies before fields; empty where nobody is known to."""
    held = results.gap[(results.gap["target"] == target) & (results.gap["part"] == part) & (results.gap["short"] > 0)]
    if held.empty:
        return ""
    dimension = "agencies" if "agencies" in set(held["dimension"]) else held["dimension"].iloc[0]
    mine = held[held["dimension"] == dimension].sort_values("short", ascending=False).head(NAMED)
    names = [
        f"{words.name(results.plan, row.series)} ({numbers.count(row.short, words.language)})"
        for row in mine.itertuples()
    ]
    return words.text("Most is missing at: {names}.", names=", ".join(names))


def _owners(results: Results, words: Wording, target: ItemsTarget) -> str:
    """Return whose items are open, most first; empty where the data does not say."""
    owners = gap_by_owner(results.items_missing[results.items_missing["target"] == target.id]).head(NAMED)
    if owners.empty:
        return ""
    names = [
        f"{words.name(results.plan, row.owner)} ({numbers.count(row.open, words.language)})"
        for row in owners.itertuples()
    ]
    return words.text("Most are open at: {names}.", names=", ".join(names))
