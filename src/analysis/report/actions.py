"""What to do: at most three sentences, on what is counted, on lists of items, and on what cannot be estimated."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.attainment.items import gap_by_owner
from analysis.plan.promises import ItemsPromise, Measured, Part, Promise
from analysis.quarter.results import Results
from analysis.report import numbers, promise_tables, what_it_takes
from analysis.report.answer import in_final_quarter
from analysis.report.promise_tables import SAFE, deciding_part, run_rate_of
from analysis.report.wording import Wording

NAMED = 3
"""Promises named in a sentence, and bodies that hold most of what is missing."""
COUNTS_NAMED = 2
"""Promises on counts named in theirs, which says more of each."""


def what_to_do(results: Results, words: Wording) -> list[str]:
    """Return up to three sentences, first where effort can change most: the probability nearest to one half.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    """
    open_ones = nearest_to_even(results)
    counted = [target for target in open_ones if isinstance(target, Measured)]
    lists = [target for target in open_ones if isinstance(target, ItemsPromise)]
    told = {
        counted[0].id if counted else "": _on_counts(results, words, counted),
        lists[0].id if lists else "": _on_lists(results, words, lists),
    }
    ordered = [told[target.id] for target in open_ones if told.get(target.id)]
    return [*ordered, *_on_the_rest(results, words)]


def nearest_to_even(results: Results) -> list[Promise]:
    """Return the promises that something can be done for, first where effort can change most.

    Parameters
    ----------
    results : Results
        The results.
    """
    open_ones = [
        (abs(row["probability"] - 0.5), number, target)
        for number, target in enumerate(results.plan.promises)
        if (row := results.promise(target.id))["verdict"] not in (*SAFE, "missed", "not_estimated")
        and _is_open(results, target)
    ]
    return [target for _, _, target in sorted(open_ones, key=lambda one: one[:2])]


def _is_open(results: Results, target: Promise) -> bool:
    if isinstance(target, ItemsPromise):
        return len(results.attainment.of("items_pace", target.id)) > 0
    return isinstance(target, Measured) and _open_part(results, target) is not None


def _open_part(results: Results, target: Measured) -> tuple[Part, pd.Series] | None:
    """Return the part that decides and what the rest of the year must deliver for it; None where nothing is to do."""
    decides = deciding_part(results, target)
    if decides is None or decides[1]["verdict"] in SAFE:
        return None
    rate = run_rate_of(results, target.id, decides[1]["part"])
    return None if rate is None else (decides[0], rate)


def _on_counts(results: Results, words: Wording, targets: Sequence[Measured]) -> str:
    """Return what the rest of the year must deliver for the first promises, and where most of the first is missing."""
    needs: list[str] = []
    weeks: set[int] = set()
    for target in targets[:COUNTS_NAMED]:
        found = _open_part(results, target)
        if found is None:
            continue
        part, rate = found
        name = words.of(target.name)
        what = f"{name} ({words.part(results.plan, part)})" if len(target.parts) > 1 else name
        need = what_it_takes.cell(words, results.plan, part.indicator, part.rule, rate)
        holders = "" if needs else _holders(results, words, target.id, str(rate["part"]))
        needs.append(_need(words, what, need, holders))
        weeks.add(int(rate["weeks_left"]))
    if not needs:
        return ""
    listed = _and_more(words, needs, len(targets))
    if len(weeks) > 1:
        return words.text("In the rest of the year: {needs}.", needs=listed)
    return words.text("In the {weeks} weeks left: {needs}.", weeks=numbers.count(weeks.pop(), words.language),
                      needs=listed)  # fmt: skip


def _on_lists(results: Results, words: Wording, targets: Sequence[ItemsPromise]) -> str:
    """Return how many items the first lists need, how many are overdue, and whose most of the first are."""
    needs: list[str] = []
    for target in targets[:NAMED]:
        need = promise_tables.items_lacking(results, words, target)
        owners = "" if needs else _owners(results, words, target)
        needs.append(_need(words, words.of(target.name), need, owners))
    if not needs:
        return ""
    return words.text("On lists, by the end of the year: {needs}.", needs=_and_more(words, needs, len(targets)))


def _and_more(words: Wording, named: Sequence[str], count: int) -> str:
    """Return what is named, and how many more there are in the table."""
    listed = "; ".join(named)
    if count <= len(named):
        return listed
    more = numbers.count(count - len(named), words.language)
    return words.text("{named}; {more} more in the table", named=listed, more=more)


def _need(words: Wording, promise: str, need: str, holders: str) -> str:
    if holders:
        return words.text("{promise} – {need}, most missing at {names}", promise=promise, need=need, names=holders)
    return words.text("{promise} – {need}", promise=promise, need=need)


def _on_the_rest(results: Results, words: Wording) -> list[str]:
    """Return the sentence of what promises that are not estimated lack; empty where all are estimated."""
    lacking = [
        words.of(target.name)
        for target in results.plan.promises
        if results.promise(target.id)["verdict"] == "not_estimated"
    ]
    if not lacking:
        return []
    listed = _and_more(words, lacking[:NAMED], len(lacking))
    if in_final_quarter(results):
        return [words.text("Provide what is lacking to judge: {promises}.", promises=listed)]
    return [words.text("Provide what is lacking to estimate: {promises}.", promises=listed)]


def _holders(results: Results, words: Wording, target: str, part: str) -> str:
    """Return where most is missing, by body, else by field; empty where that is not known."""
    held = results.published_gap
    short = held[(held["target"] == target) & (held["part"] == part) & (held["short"] > 0)]
    if short.empty:
        return ""
    dimension = "agency" if "agency" in set(short["dimension"]) else short["dimension"].iloc[0]
    mine = short[short["dimension"] == dimension].sort_values("short", ascending=False).head(NAMED)
    return _named(results, words, dimension, mine["series"], mine["short"])


def _owners(results: Results, words: Wording, target: ItemsPromise) -> str:
    """Return whose items are open, most first; empty where the data does not say."""
    owners = gap_by_owner(results.attainment.of("items_missing", target.id)).head(NAMED)
    return _named(results, words, "field", owners["owner"], owners["open"]) if len(owners) else ""


def _named(results: Results, words: Wording, dimension: str, series: pd.Series, counts: pd.Series) -> str:
    """Return the names of bodies or fields, each with its count."""
    names = [words.name(results.plan, dimension, code) for code in series]
    return ", ".join(f"{name} ({numbers.count(n, words.language)})" for name, n in zip(names, counts, strict=True))
