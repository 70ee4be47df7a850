"""What changed since a quarter before: at most three sentences that name every promise whose verdict is another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from analysis.plan.promises import Promise
from analysis.quarter.results import Results
from analysis.report.answer import BY_RISK
from analysis.report.since_publication import Move, SaidBefore
from analysis.report.wording import Wording, _

NEWS_FROM = 0.01
"""A probability that moved by less is not news."""
LEAP = 0.2
"""A probability that moved by as much is as much news as another verdict."""
EXPLAINED = 3
"""Promises whose causes are told, those that moved most: the page of promises has more."""
MOVED_NAMED = 3
"""Promises named that moved and kept their verdict."""
SENTENCES = 3

DOWN, UP, LOST, FOUND, MOVED = "down", "up", "lost", "found", "moved"

_HEADS = {DOWN: _("Less likely: {promises}."), UP: _("More likely: {promises}.")}


@dataclass(frozen=True)
class _Change:
    kind: str
    size: float
    name: str
    standing: str
    causes: str = ""


def what_changed(
    results: Results, words: Wording, before: SaidBefore, *, explained: Mapping[str, Move] = MappingProxyType({})
) -> list[str]:
    """Return up to three sentences: what is less likely, what is more likely, what can no longer or now be estimated.

    Each names every promise it holds for. Where there are fewer than three, another names those that moved most and
    kept their verdict.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    before : SaidBefore
        What was said before.
    explained : mapping
        Promise → how it moved since it was published last, and why.
    """
    found = [_change(results, words, before, target, explained.get(target.id)) for target in results.plan.promises]
    changes = sorted((one for one in found if one), key=lambda one: -one.size)
    with_causes = [one for one in changes if one.causes][:EXPLAINED]

    def named(kind: str, most: int | None = None) -> str:
        mine = [one for one in changes if one.kind == kind][:most]
        return "; ".join(_told(one, words, with_causes=one in with_causes) for one in mine)

    told = [words.text(head, promises=named(kind)) for kind, head in _HEADS.items() if named(kind)]
    estimates = [
        words.text(head, promises=named(kind))
        for kind, head in (
            (LOST, _("no longer estimated: {promises}")),
            (FOUND, _("now estimated: {promises}")),
        )
        if named(kind)
    ]
    if estimates:
        joined = "; ".join(estimates)
        told.append(f"{joined[0].upper()}{joined[1:]}.")
    moved = named(MOVED, MOVED_NAMED)
    if moved and len(told) < SENTENCES:
        head = _("Same verdict, moved: {promises}.") if told else _("No verdict changed; moved most: {promises}.")
        told.append(words.text(head, promises=moved))
    return told or [words.text("No probability moved by a percentage point or more.")]


def _told(change: _Change, words: Wording, *, with_causes: bool) -> str:
    if with_causes:
        return words.text(
            "{promise} ({standing}; {causes})", promise=change.name, standing=change.standing, causes=change.causes
        )
    return words.text("{promise} ({standing})", promise=change.name, standing=change.standing)


def _change(
    results: Results, words: Wording, before: SaidBefore, target: Promise, explained: Move | None
) -> _Change | None:
    """Return how a promise stood and stands; None where that is no news."""
    now, earlier, name = results.promise(target.id), before.of(target.id), words.of(target.name)
    first, last = earlier["probability"], now["probability"]
    if pd.isna(first) and pd.isna(last):
        return None
    decided = now["verdict"] in ("met", "missed")
    if pd.isna(last):
        was = _standing(earlier, words)
        return _Change(LOST, first, name, f"{was} → {words.short_reason(now['note'])}")
    if pd.isna(first) and not decided:
        return _Change(FOUND, last, name, _standing(now, words))
    change = f"{_standing(earlier, words)} → {_standing(now, words)}"
    causes = explained.causes if explained and explained.points else ""
    if pd.isna(first):
        return _Change(UP if now["verdict"] == "met" else DOWN, 1.0, name, change)
    is_up, size = last > first, abs(last - first)
    if explained:
        size = abs(explained.points) / 100
    if now["verdict"] != earlier["verdict"]:
        is_up = BY_RISK.index(now["verdict"]) > BY_RISK.index(earlier["verdict"])
        return _Change(UP if is_up else DOWN, size + (1.0 if decided else 0.0), name, change, causes)
    if size < NEWS_FROM:
        return None
    moved = f"{words.chance(first)} → {words.chance(last)}"
    kind = MOVED if size < LEAP else UP if is_up else DOWN
    return _Change(kind, size, name, moved, causes)


def _standing(row: pd.Series, words: Wording) -> str:
    if row["verdict"] in ("met", "missed", "not_estimated") or pd.isna(row["probability"]):
        return words.verdict(row["verdict"] if pd.notna(row["verdict"]) else "not_estimated")
    return f"{words.verdict(row['verdict'])} {words.chance(row['probability'])}"
