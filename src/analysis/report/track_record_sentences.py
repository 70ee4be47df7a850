"""What the probability of a promise rests on, in words: how right past forecasts of its kind were, if any was graded.

Every figure is a count of graded forecasts: of this plan's own series, of public panels, or of lists of dated items.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.attainment.items_backtest import PUBLISHED, SHORT_BELOW
from analysis.forecast.backtest.grading import BINS
from analysis.indicators.other_indicators import year_of
from analysis.plan.promises import ItemsPromise, Measured, Part, Promise
from analysis.quarter.results import Results
from analysis.report import grades, numbers
from analysis.report.wording import Wording, _

NOMINAL = 0.8
"""Of the intervals that pages print."""
FAR = 0.10
"""Intervals that hold this much less or more than they should are said to be too narrow or too wide."""
UNLIKELY, LIKELY = 0.20, 0.80
"""Ends of the ranges of probability that a sentence speaks of, as verdicts do."""
FEWEST = 20
"""Past forecasts below which nothing is said of the width of intervals."""

NOT_TESTED = _("not yet tested")
OWN, PUBLIC, LISTS, UNTESTED = "own", "public", "lists", "untested"
"""What a probability rests on: past forecasts of its own series, of public panels, of lists of dated items; nothing."""


@dataclass(frozen=True)
class IntervalRecord:
    """How many outcomes of past forecasts fell into their 80 % intervals.

    Attributes
    ----------
    n, held : int
        Past forecasts, and those whose interval held the outcome, ends included.
    inside : int or None
        Of lists of few items, those within it where an end, which is a whole item, counts in part only.
    """

    n: int
    held: int
    inside: int | None = None

    @property
    def share(self) -> float:
        """Share (0–1) that the intervals held."""
        return self.held / self.n

    @property
    def width(self) -> str:
        """``few`` (too few to say), ``right``, ``narrow``, ``wide``, or ``whole``: as wide as whole items make it."""
        if self.n < FEWEST:
            return "few"
        # by the share as it is printed: "70 %" is not called too narrow once and right another time
        off = round(round(self.share, 2) - NOMINAL, 9)
        if abs(off) <= FAR:
            return "right"
        if off < 0:
            return "narrow"
        return "wide" if self.inside is None or self.inside / self.n > NOMINAL + FAR else "whole"


WIDTHS = {
    "few": _("too few to judge"),
    "right": _("about as it should"),
    "narrow": _("too narrow"),
    "wide": _("too wide"),
    "whole": _("no wider than whole items make it"),
}


def interval_sentence(held: IntervalRecord, what: str, words: Wording) -> str:
    """Return how often past forecasts of something held, and whether their intervals are too narrow or too wide.

    Parameters
    ----------
    held : IntervalRecord
        At least one forecast.
    what : str
        What was forecast, as it stands after "of".
    words : Wording
        The reader's language.
    """
    return words.text(
        "Of {n} past forecast of {what}, the 80% interval held the outcome in {share}: {width}."
        if held.n == 1
        else "Of {n} past forecasts of {what}, the 80% interval held the outcome in {share}: {width}.",
        n=numbers.count(held.n, words.language),
        what=what,
        share=numbers.percent(held.share, words.language, digits=0),
        width=words.text(WIDTHS[held.width]),
    )


def indicator_sentence(results: Results, indicator: str, held: IntervalRecord, words: Wording) -> str:
    """Return the sentence of one of the plan's indicators.

    Parameters
    ----------
    results : Results
        The results, whose plan names the indicator.
    indicator : str
        Its code.
    held, words
        See `interval_sentence`.
    """
    return interval_sentence(held, f'"{words.indicator(results.plan, indicator)}"', words)


def recounted_sentence(results: Results, indicator: str, held: IntervalRecord, words: Wording) -> str:
    """Return the sentence of the forecasts after which a declared change of an indicator came within their year.

    Parameters
    ----------
    results, indicator, held, words
        See `indicator_sentence`.
    """
    return words.text(
        "{n} more of {what} are graded apart: a change that the plan declares (in counting, bodies or systems) came "
        "after them and before the year was over. Their 80% intervals held the outcome in {share}.",
        n=numbers.count(held.n, words.language),
        what=f'"{words.indicator(results.plan, indicator)}"',
        share=numbers.percent(held.share, words.language, digits=0),
    )


def apart_sentence(results: Results, words: Wording, indicators: Collection[str] | None = None) -> str:
    """Return how many forecasts are graded apart because a declared change came after them; empty without any.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    indicators : collection of str, optional
        Those asked about, all by default.
    """
    apart = held_by_indicator(results.record.recounted)
    held = all_of(one for name, one in apart.items() if indicators is None or name in indicators)
    if not held.n:
        return ""
    return words.text(
        "{n} more forecasts are graded apart, because a declared change came after them: {share} held.",
        n=numbers.count(held.n, words.language),
        share=numbers.percent(held.share, words.language, digits=0),
    )


def whole_sentence(results: Results, indicator: str, words: Wording) -> str:
    """Return how often the intervals of the whole itself held, as its pages print it; empty without a past forecast.

    Parameters
    ----------
    results, indicator, words
        See `indicator_sentence`.
    """
    mine = grades.of_ensemble(results.record.totals)
    mine = mine[mine["panel"] == indicator]
    if mine.empty:
        return ""
    held = numbers.count(mine["inside_80"].sum(), words.language)
    return words.text("Of the whole itself: {held} of {n}.", held=held, n=numbers.count(len(mine), words.language))


def chance_sentence(results: Results, indicator: str, words: Wording) -> str:
    """Return whether probabilities that were neither high nor low were too low or too high; empty with too few.

    Parameters
    ----------
    results, indicator, words
        See `indicator_sentence`.
    """
    rows = grades.of_ensemble(results.record.reliability)
    middle = rows["bin"].between(BINS.index(UNLIKELY), BINS.index(LIKELY) - 1)
    n, said, happened = rows.loc[middle & (rows["panel"] == indicator), ["n", "said", "happened"]].sum()
    if n < FEWEST:
        return ""
    off = round(round(said / n, 2) - round(happened / n, 2), 9)
    judged = _("about right") if abs(off) <= FAR else _("too high") if off > 0 else _("too low")
    return words.text(
        "Of {n} probabilities between 20% and 80%, {said} on average, {share} came true: {judged}.",
        n=numbers.count(n, words.language),
        said=numbers.percent(said / n, words.language, digits=0),
        share=numbers.percent(happened / n, words.language, digits=0),
        judged=words.text(judged),
    )


def held_by_indicator(scored: pd.DataFrame) -> dict[str, IntervalRecord]:
    """Return, by indicator or panel, how often the published forecast's 80 % intervals held.

    Parameters
    ----------
    scored : pd.DataFrame
        See `forecast.backtest.grading.Grades`.
    """
    sums = grades.of_ensemble(scored).groupby("panel", sort=False)[["n", "coverage_80"]].sum()
    return {
        str(panel): IntervalRecord(int(row["n"]), int(row["coverage_80"])) for panel, row in sums.iterrows() if row["n"]
    }


def all_of(several: Iterable[IntervalRecord]) -> IntervalRecord:
    """Return the counts of several added up; without any, none of none."""
    found = list(several)
    return IntervalRecord(sum(one.n for one in found), sum(one.held for one in found))


@dataclass(frozen=True)
class Basis:
    """What the probability of a promise rests on.

    Attributes
    ----------
    kind : {"own", "public", "lists", "untested"}
        See `OWN` and its neighbours.
    held : dict of str to IntervalRecord
        By indicator, of ``own``; by panel, of ``public``.
    of_list : ListGrades or None
        Of ``lists``.
    besides : str
        Part of it that is not tested all the same, or empty: a sentence of the catalogue.
    """

    kind: str
    held: dict[str, IntervalRecord]
    of_list: ListGrades | None = None
    besides: str = ""


@dataclass(frozen=True)
class ListGrades:
    """How right forecasts of lists of one kind were on the closing days of real cases.

    Attributes
    ----------
    short, one_day : bool
        Whether they are of few items, and whether all open ones are planned for the last day of the year.
    held : IntervalRecord
        Of their intervals.
    likely, unlikely : tuple of (int, float)
        Probabilities above 80 % and of at most 20 %: their number, and how many of those happened.
    """

    short: bool
    one_day: bool
    held: IntervalRecord
    likely: tuple[int, int]
    unlikely: tuple[int, int]


def list_grades(short: bool, one_day: bool) -> ListGrades | None:
    """Return the grades of real lists of a kind, or None where none was graded.

    Parameters
    ----------
    short, one_day : bool
        As of `ListGrades`.
    """

    def mine(name: str) -> pd.DataFrame:
        rows = grades.public(name)
        kind = rows["panel"].ne(grades.SIMULATED_LISTS) & rows["short"].eq(short) & rows["one_day"].eq(one_day)
        return rows[kind]

    scored, bins = mine("item_scores"), mine("item_calibration")
    scored = scored[scored["model"] == PUBLISHED]
    if scored["n"].sum() < FEWEST:
        return None
    lower, upper = BINS.index(UNLIKELY), BINS.index(LIKELY)

    def counts(rows: pd.DataFrame) -> tuple[int, int]:
        return int(rows["n"].sum()), int(rows["happened"].sum())

    held = IntervalRecord(*(int(scored[name].sum()) for name in ("n", "coverage_80", "inside_80")))
    return ListGrades(short, one_day, held, counts(bins[bins["bin"] >= upper]), counts(bins[bins["bin"] < lower]))


def basis(results: Results, target: Promise) -> Basis:
    """Return what the probability of a promise rests on.

    Parameters
    ----------
    results : Results
        The results.
    target : Promise
        The promise, as it is judged.
    """
    return BASES[target.kind](results, target)


def _of_measured(results: Results, target: Measured) -> Basis:
    """Return own grades of year-end values, else, of shares, those of the public panels."""
    tested = [part for part in target.parts.values() if _is_tested(part)]
    if not tested:
        return Basis(UNTESTED, {})
    own = held_by_indicator(results.record.scored)
    mine = {part.indicator: own[part.indicator] for part in tested if part.indicator in own}
    if mine:
        return Basis(OWN, mine)
    return Basis(PUBLIC, held_by_indicator(grades.public("years"))) if target.kind == "share" else Basis(UNTESTED, {})


def _is_tested(part: Part) -> bool:
    """Return whether a part is on a year-end value: neither last quarters nor steps on the way are forecast again."""
    return part.window == "year" and part.until is None


def _of_items(results: Results, target: ItemsPromise) -> Basis:
    if target.inventory and target.inventory.done_with:
        return Basis(UNTESTED, {})
    row = results.promise(target.id)
    waiting = results.attainment.of("items_missing", target.id)["planned_on"]
    one_day = len(waiting) > 0 and bool((waiting == pd.Timestamp(year_of(results.plan)[1])).all())
    promised = 0 if pd.isna(row["denominator"]) else row["denominator"]
    found = list_grades(bool(promised < SHORT_BELOW), one_day)
    besides = _("Its headcount path: not yet tested.") if target.headcount else ""
    return Basis(LISTS, {}, found, besides) if found else Basis(UNTESTED, {})


def _untested(results: Results, target: Promise) -> Basis:
    return Basis(UNTESTED, {})


BASES: dict[str, Callable[[Results, Any], Basis]] = {
    "share": _of_measured,
    "mean": _of_measured,
    "inventory": _of_items,
    "milestones": _of_items,
    "survey": _untested,
    "index": _untested,
}
"""Kind of promise → what its probabilities rest on."""


def basis_sentences(results: Results, target: Promise, words: Wording) -> list[str]:
    """Return what the probability of a promise rests on, a sentence for each indicator.

    Parameters
    ----------
    results : Results
        The results.
    target : Promise
        The promise, as it is judged.
    words : Wording
        The reader's language.
    """
    found = basis(results, target)
    if found.kind == OWN:
        recounted = held_by_indicator(results.record.recounted)
        told = []
        for name, held in found.held.items():
            told.append(indicator_sentence(results, name, held, words))
            told += [whole_sentence(results, name, words), chance_sentence(results, name, words)]
            if name in recounted:
                told.append(recounted_sentence(results, name, recounted[name], words))
        return [one for one in told if one]
    if found.kind == PUBLIC:
        return [interval_sentence(all_of(found.held.values()), words.text("shares on public data"), words)]
    if found.of_list is None:
        return [words.text("Not yet tested: no past forecast of this kind has been graded.")]
    return [list_sentence(found.of_list, words), *([words.text(found.besides)] if found.besides else [])]


def brief_basis(results: Results, target: Promise, words: Wording) -> list[str]:
    """Return what the probability of a promise rests on, in short sentences that may stand under several promises.

    `basis_sentences` has them in full, for the page of the track record.

    Parameters
    ----------
    results, target, words
        As for `basis_sentences`.
    """
    found = basis(results, target)
    if found.kind == OWN and isinstance(target, Measured):
        told = []
        for name, held in found.held.items():
            part = next(part for part in target.parts.values() if part.indicator == name)
            named = f"{words.part(results.plan, part)}: " if len(target.indicators) > 1 else ""
            sentence = words.text(
                "{n} past forecasts of its own series, 80% intervals held {share}: {width}.",
                n=numbers.count(held.n, words.language),
                share=numbers.percent(held.share, words.language, digits=0),
                width=words.text(WIDTHS[held.width]),
            )
            told += [f"{named}{sentence}", chance_sentence(results, name, words)]
        told.append(apart_sentence(results, words, found.held))
        return [one for one in told if one]
    if found.of_list is None:
        return basis_sentences(results, target, words)
    held, probability = found.of_list.held, float(results.promise(target.id)["probability"])
    told = [
        words.text(
            "{n} past forecasts of {lists}, 80% intervals held {share}: {width}.",
            n=numbers.count(held.n, words.language),
            lists=words.text(BRIEF_KINDS[found.of_list.short, found.of_list.one_day]),
            share=numbers.percent(held.share, words.language, digits=0),
            width=words.text(WIDTHS[held.width]),
        )
    ]
    if probability > LIKELY:
        told += _came_true(_LIKELY_CAME, found.of_list.likely, words)
    elif probability <= UNLIKELY:
        told += _came_true(_UNLIKELY_CAME, found.of_list.unlikely, words)
    return [*told, *([words.text(found.besides)] if found.besides else [])]


BRIEF_KINDS = {
    (False, False): _("lists of dated items"),
    (False, True): _("lists all due on one day"),
    (True, False): _("lists of fewer than ten items"),
    (True, True): _("lists of fewer than ten items, all due on one day"),
}
"""What lists are called in short."""

_LIKELY_CAME = _("Of {n} probabilities above 80%, {share} came true.")
_UNLIKELY_CAME = _("Of {n} probabilities of 20% or less, {share} came true.")


def _came_true(sentence: str, counts: tuple[int, int], words: Wording) -> list[str]:
    n, happened = counts
    if n < FEWEST:
        return []
    share = numbers.percent(happened / n, words.language, digits=0)
    return [words.text(sentence, n=numbers.count(n, words.language), share=share)]


LIST_KINDS = {
    (False, False): _("lists of dated items, by the closing days of real cases"),
    (False, True): _("lists of items all due at the end of the year, by the closing days of real cases"),
    (True, False): _("lists of fewer than ten dated items, by the closing days of real cases"),
    (True, True): _("lists of fewer than ten items all due at the end of the year, by the closing days of real cases"),
}
"""What lists are called: by whether they are short, and whether all open items are due on one day."""


def list_sentence(found: ListGrades, words: Wording) -> str:
    """Return how right forecasts of lists of a kind were, of their intervals and of their probabilities.

    Parameters
    ----------
    found : ListGrades
        Their grades.
    words : Wording
        The reader's language.
    """
    kind = words.text(LIST_KINDS[found.short, found.one_day])
    told = [
        interval_sentence(found.held, kind, words),
        *_came_true(_LIKELY_CAME, found.likely, words),
        *_came_true(_UNLIKELY_CAME, found.unlikely, words),
    ]
    return " ".join(told)


def mark(results: Results, target: Promise, words: Wording, part: Part | None = None) -> str:
    """Return the few words that a reader needs beside a probability: not tested, or intervals far off; often none.

    Parameters
    ----------
    results : Results
        The results.
    target : Promise
        The promise, as it is judged.
    words : Wording
        The reader's language.
    part : Part, optional
        One of its parts, whose indicator alone is asked about; else those of all parts.
    """
    found = basis(results, target)
    if found.kind == UNTESTED:
        return words.text(NOT_TESTED)
    if found.of_list is not None:
        too_sure = _too_sure(found.of_list, float(results.promise(target.id)["probability"]), words)
        if too_sure:
            return too_sure
        all_held = [found.of_list.held]
    else:
        if part is not None and not _is_tested(part):
            return words.text(NOT_TESTED)
        all_held = [held for name, held in found.held.items() if part is None or name == part.indicator]
    far = [held for held in all_held if held.width in ("narrow", "wide")]
    if not far:
        return ""
    worst = max(far, key=lambda held: abs(held.share - NOMINAL))
    return words.text(
        "80% intervals held {share} of {n}: {width}",
        width=words.text(WIDTHS[worst.width]),
        share=numbers.percent(worst.share, words.language, digits=0),
        n=numbers.count(worst.n, words.language),
    )


def _too_sure(found: ListGrades, probability: float, words: Wording) -> str:
    """Return that probabilities as high, or as low, came true less often than the least of them says; empty if not."""
    (high, came), (low, came_all_the_same) = found.likely, found.unlikely
    if probability > LIKELY and high >= FEWEST and came / high < LIKELY:
        said, n, share = _("above 80% was said {n} times, and {share} came true"), high, came / high
    elif probability <= UNLIKELY and low >= FEWEST and came_all_the_same / low > UNLIKELY:
        said, n, share = _("20% or less was said {n} times, and {share} came true"), low, came_all_the_same / low
    else:
        return ""
    return words.text(said, n=numbers.count(n, words.language), share=numbers.percent(share, words.language, digits=0))


def summary_sentences(results: Results, words: Wording) -> list[str]:
    """Return what the probabilities of a report rest on, a sentence for each basis with the promises it holds for.

    Promises without a probability, or decided by what is counted, are left out.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    """
    shown = [
        target
        for target in results.plan.promises
        if pd.notna(results.promise(target.id)["probability"])
        and results.promise(target.id)["verdict"] not in ("met", "missed")
    ]
    bases = {target.id: basis(results, target) for target in shown}
    told = []
    for kind, sentence in _SUMMARIES.items():
        mine = [target for target in shown if bases[target.id].kind == kind]
        if not mine:
            continue
        if kind == LISTS:
            distinct = {bases[target.id].of_list for target in mine}
            held = all_of(one.held for one in distinct if one)
        else:
            held = all_of({name: one for target in mine for name, one in bases[target.id].held.items()}.values())
        told.append(
            words.text(
                sentence,
                promises="; ".join(words.of(target.name) for target in mine),
                count=numbers.count(len(mine), words.language),
                all=numbers.count(len(shown), words.language),
                share=numbers.percent(held.share, words.language, digits=0) if held.n else "",
                n=numbers.count(held.n, words.language),
            )
        )
        if kind == OWN:
            asked = {name for target in mine for name in bases[target.id].held}
            told += [one for one in [apart_sentence(results, words, asked)] if one]
    return told


_SUMMARIES = {
    OWN: _(
        "Tested on earlier years of the plan's own series, {count} of {all} probabilities ({promises}): 80% intervals "
        "held the outcome of {share} of {n} forecasts."
    ),
    PUBLIC: _(
        "Tested on public data of other countries, for want of earlier years, {count} of {all} probabilities "
        "({promises}): 80% intervals held the outcome of {share} of {n} forecasts."
    ),
    LISTS: _(
        "Tested on lists of real cases, {count} of {all} probabilities (those on dated items): 80% intervals held "
        "the outcome of {share} of {n} forecasts."
    ),
    UNTESTED: _(
        "Not yet tested, {count} of {all} probabilities ({promises}): no past forecast of the kind was graded."
    ),
}
"""Sentences of the summary, by what probabilities rest on."""
