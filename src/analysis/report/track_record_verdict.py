"""The verdict of the track record in at most three sentences: intervals, probabilities, and simple forecasts.

It speaks of what the probabilities of this report rest on (`track_record_sentences.basis`), of each basis by its own
counts: a good record of lists says nothing of shares.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.attainment.items import ON_ITS_DAY
from analysis.forecast.backtest.grading import BINS
from analysis.forecast.backtest.scores import skill_table
from analysis.plan.promises import Measured, Promise
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import grades, numbers
from analysis.report.track_record_sentences import (
    FAR,
    FEWEST,
    LIKELY,
    LISTS,
    OWN,
    PUBLIC,
    UNLIKELY,
    UNTESTED,
    Basis,
    IntervalRecord,
    all_of,
    basis,
    held_by_indicator,
)
from analysis.report.wording import Wording, _

CHOSEN = "dressed_chosen"
"""The baseline printed beside the probability of a share: of those that simple rules give, that which erred least."""

NAMED = 3
"""Promises of a basis that are named; of more only their number is said."""


@dataclass(frozen=True)
class Skill:
    """How much better probabilities were than the simple forecast printed beside them, by the Brier score.

    Attributes
    ----------
    skill, lower, upper : float
        1 is perfect, above 0 is better; the 95 % interval, NaN where too few years were graded.
    better, years : int
        Panel-years in which they were better, and all of them; 0 where they are not the unit.
    """

    skill: float
    lower: float
    upper: float
    better: int = 0
    years: int = 0

    @property
    def shown(self) -> str:
        """``better``, ``worse``, or ``unknown`` where the interval is not known or has 0 in it."""
        if math.isnan(self.lower) or self.lower <= 0 <= self.upper:
            return "unknown"
        return "better" if self.lower > 0 else "worse"


@dataclass(frozen=True)
class Ground:
    """What several probabilities of a report rest on alike.

    Attributes
    ----------
    kind : {"own", "public", "lists"}
        See `track_record_sentences.OWN` and its neighbours.
    promises : list of Promise
        Those whose probabilities rest on it.
    records : dict of str to IntervalRecord
        How often intervals held, by indicator, panel or kind of list.
    apart : IntervalRecord
        Of the same indicators, after which a declared change came within their year.
    middle : tuple of (int, float, int)
        Probabilities between 20 % and 80 %: their number, their sum, and how many came true.
    skill : Skill or None
        None where nothing was compared.
    """

    kind: str
    promises: list[Promise]
    records: dict[str, IntervalRecord]
    apart: IntervalRecord
    middle: tuple[int, float, int]
    skill: Skill | None

    @property
    def width(self) -> str:
        """``few``, ``right``, ``narrow`` or ``wide``: that of all together, unless one is off by itself."""
        alone = {one.width for one in self.records.values()}
        for off in ("narrow", "wide"):
            if off in alone:
                return off
        if alone & {"right", "whole"}:
            return "right"
        return all_of(self.records.values()).width


def verdict(results: Results, words: Wording, *, seed: int) -> list[str]:
    """Return what past forecasts say of the probabilities of a report, in at most three sentences.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    seed : int
        Seed of the bootstrap of a skill.
    """
    shown = [target for target in results.plan.promises if _is_open(results.promise(target.id))]
    if not shown:
        return [words.text("No probability of this report is open: each promise is decided or not estimated.")]
    bases = {target.id: basis(results, target) for target in shown}
    grounds = [
        make(results, mine, bases, seed)
        for kind, make in _GROUNDS.items()
        if (mine := [target for target in shown if bases[target.id].kind == kind])
    ]
    untested = [target for target in shown if bases[target.id].kind == UNTESTED]
    if not grounds:
        return [words.text("Not yet tested: no past forecast of the kinds this plan needs has been graded.")]
    return [
        one
        for one in (
            _intervals(results, grounds, len(shown), words),
            _middle([one for one in grounds if one.middle[0] >= FEWEST], words),
            _against(grounds, untested, len(shown), words),
        )
        if one
    ]


def _is_open(row: pd.Series) -> bool:
    return bool(pd.notna(row["probability"]) and row["verdict"] not in ("met", "missed"))


def _middle_of(rows: pd.DataFrame) -> tuple[int, float, int]:
    between = rows[rows["bin"].between(BINS.index(UNLIKELY), BINS.index(LIKELY) - 1)]
    return int(between["n"].sum()), float(between["said"].sum()), int(between["happened"].sum())


def _of_years(scored: pd.DataFrame, seed: int) -> Skill | None:
    """Return the skill over all panels of a table of scores, None where the baseline was never scored."""
    found = skill_table(scored, seed=seed)
    mine = found[(found["panel"] == "") & (found["model"] == CHOSEN) & (found["score"] == "brier")]
    if mine.empty or not mine["panel_years"].iloc[0]:
        return None
    row = mine.iloc[0]
    return Skill(row["skill"], row["lower"], row["upper"], int(row["better"]), int(row["panel_years"]))


def _own(results: Results, mine: list[Promise], bases: dict[str, Basis], seed: int) -> Ground:
    records = {name: one for target in mine for name, one in bases[target.id].held.items()}
    record, asked = results.record, set(records)
    of_whole = {
        part.indicator
        for target in mine
        if isinstance(target, Measured)
        for part in target.parts.values()
        if part.series == TOTAL
    }
    totals = grades.of_ensemble(record.totals)
    totals = totals[totals["panel"].isin(of_whole & asked)]
    whole = IntervalRecord(len(totals), int(totals["inside_80"].sum()))
    apart = all_of(one for name, one in held_by_indicator(record.recounted).items() if name in asked)
    reliability = grades.of_ensemble(record.reliability)
    return Ground(
        OWN,
        mine,
        records | ({TOTAL: whole} if whole.n >= FEWEST else {}),
        apart,
        _middle_of(reliability[reliability["panel"].isin(asked)]),
        _of_years(record.scored[record.scored["panel"].isin(asked)], seed),
    )


def _public(results: Results, mine: list[Promise], bases: dict[str, Basis], seed: int) -> Ground:
    middle = _middle_of(grades.of_ensemble(grades.public("calibration")))
    return Ground(
        PUBLIC, mine, bases[mine[0].id].held, IntervalRecord(0, 0), middle, _of_years(grades.public("years"), seed)
    )


def _lists(results: Results, mine: list[Promise], bases: dict[str, Basis], seed: int) -> Ground:
    found = {(one.short, one.one_day): one for target in mine if (one := bases[target.id].of_list)}
    bins, skills = grades.public("item_calibration"), grades.public("item_skill")
    real = bins["panel"].ne(grades.SIMULATED_LISTS)
    asked = pd.Series(list(zip(bins["short"], bins["one_day"], strict=True)), index=bins.index).isin(list(found))
    panels = bins.loc[real & asked, "panel"].unique()
    compared = skills[
        skills["panel"].isin(panels)
        & skills["quarters"].eq(0)
        & skills["model"].eq(ON_ITS_DAY)
        & skills["score"].eq("brier")
    ].sort_values("lower")
    skill = None
    if len(compared):  # of several kinds of lists the one that is least sure to be better
        least = compared.iloc[0]
        skill = Skill(float(least["skill"]), float(least["lower"]), float(least["upper"]))
    records = {f"{short}-{one_day}": one.held for (short, one_day), one in found.items()}
    return Ground(LISTS, mine, records, IntervalRecord(0, 0), _middle_of(bins[real & asked]), skill)


_GROUNDS: dict[str, Callable[[Results, list[Promise], dict[str, Basis], int], Ground]] = {
    OWN: _own,
    PUBLIC: _public,
    LISTS: _lists,
}

_WHERE = {
    OWN: _("on this plan's own series"),
    PUBLIC: _("on public data of other countries"),
    LISTS: _("on lists of real cases"),
}

_LEADS = {
    "right": _("The intervals can be taken at their word: the 80% interval held {told}."),
    "narrow": _("The intervals are too narrow, outcomes fall outside more often than they say: they held {told}."),
    "wide": _("The intervals are wider than they need be: the 80% interval held {told}."),
    "few": _("Too few past forecasts to judge the intervals: the 80% interval held {told}."),
    "mixed": _("Not all intervals can be taken at their word: the 80% interval held {told}."),
}


def _intervals(results: Results, grounds: list[Ground], all_shown: int, words: Wording) -> str:
    """Return how often intervals held, of each basis with the promises it is for."""
    told = []
    for ground in grounds:
        held = all_of(one for name, one in ground.records.items() if name != TOTAL)
        said = words.text(
            "{share} of {n} past forecasts {where}, for {promises}",
            share=numbers.percent(held.share, words.language, digits=0),
            n=numbers.count(held.n, words.language),
            where=words.text(_WHERE[ground.kind]),
            promises=_promises(ground.promises, all_shown, words),
        )
        off = [_off(results, name, one, words) for name, one in ground.records.items() if one.width in _OFF]
        if ground.kind == OWN and off and len(ground.records) > 1:
            said = f"{said}, {', '.join(off)}"
        if ground.apart.n:
            apart = words.text(
                "but only {share} of {n} that a declared change overtook"
                if ground.apart.width == "narrow"
                else "and {share} of {n} that a declared change overtook",
                share=numbers.percent(ground.apart.share, words.language, digits=0),
                n=numbers.count(ground.apart.n, words.language),
            )
            said = f"{said}, {apart}"
        told.append(said)
    judged = {ground.width for ground in grounds} - {"few"}
    alone = {one.width for ground in grounds for one in ground.records.values()} - {"few"}
    if not judged:
        lead = "few"
    elif len(judged) == 1 and (judged == {"right"} or len(alone) == 1):
        (lead,) = judged
    else:
        lead = "mixed"
    return words.text(_LEADS[lead], told="; ".join(told))


_OFF = {"narrow": _("too narrow of {what}: {share} of {n}"), "wide": _("too wide of {what}: {share} of {n}")}


def _off(results: Results, name: str, held: IntervalRecord, words: Wording) -> str:
    what = words.text("the whole itself") if name == TOTAL else f'"{words.indicator(results.plan, name)}"'
    return words.text(
        _OFF[held.width],
        what=what,
        share=numbers.percent(held.share, words.language, digits=0),
        n=numbers.count(held.n, words.language),
    )


_MIDDLES = {
    "right": _("Probabilities between 20% and 80% came true about as often as they said: {told}."),
    "high": _("Probabilities between 20% and 80% were too high: {told}."),
    "low": _("Probabilities between 20% and 80% were too low: {told}."),
    "mixed": _("Not all probabilities between 20% and 80% can be taken at their word: {told}."),
}
_JUDGED = {"right": _("about right"), "high": _("too high"), "low": _("too low")}


def _middle(grounds: list[Ground], words: Wording) -> str:
    """Return whether probabilities that were neither high nor low came true as often as was said; empty without any."""
    if not grounds:
        return ""
    told, found = [], set()
    for ground in grounds:
        n, said, happened = ground.middle
        off = round(round(said / n, 2) - round(happened / n, 2), 9)
        judged = "right" if abs(off) <= FAR else "high" if off > 0 else "low"
        found.add(judged)
        told.append(
            words.text(
                "{where} {share} came true where {said} was said ({judged})",
                share=numbers.percent(happened / n, words.language, digits=0),
                said=numbers.percent(said / n, words.language, digits=0),
                where=words.text(_WHERE[ground.kind]),
                judged=words.text(_JUDGED[judged]),
            )
        )
    return words.text(_MIDDLES[found.pop() if len(found) == 1 else "mixed"], told="; ".join(told))


_AGAINST = {
    "better": _("Probabilities were better than the simple forecast printed beside them: {told}."),
    "worse": _("Probabilities were worse than the simple forecast printed beside them: {told}."),
    "unknown": _("Probabilities are not shown to be better than the simple forecast printed beside them: {told}."),
    "mixed": _("Probabilities are better than the simple forecast printed beside them in part only: {told}."),
    "never": _("Probabilities were never better for sure than the simple forecast printed beside them: {told}."),
}
_COMPARED = {
    "better": _("{where} {share} better"),
    "worse": _("{where} {share} worse"),
    "unknown": _("{where} not shown to be better"),
}


def _against(grounds: list[Ground], untested: list[Promise], all_shown: int, words: Wording) -> str:
    """Return by how much probabilities were better than simple forecasts, and for which promises nothing is known."""
    compared = [(ground, ground.skill) for ground in grounds if ground.skill]
    names = _promises(untested, all_shown, words)
    if not compared:
        return words.text("Not yet tested: {promises}.", promises=names) if untested else ""
    told = [_compared(ground, skill, words) for ground, skill in compared]
    if untested:
        told.append(words.text("not yet tested: {promises}", promises=names))
    found = {skill.shown for _ground, skill in compared}
    lead = "mixed" if "better" in found else "never"
    return words.text(_AGAINST[found.pop() if len(found) == 1 else lead], told="; ".join(told))


def _compared(ground: Ground, skill: Skill, words: Wording) -> str:
    """Return by how much the probabilities of a basis were better than the simple forecast, if that is shown."""
    told = words.text(
        _COMPARED[skill.shown],
        share=numbers.percent(abs(skill.skill), words.language, digits=0),
        where=words.text(_WHERE[ground.kind]),
    )
    if not skill.years:
        return told
    years = words.text(
        "better in {better} of {years} panel-years",
        better=numbers.count(skill.better, words.language),
        years=numbers.count(skill.years, words.language),
    )
    return f"{told} ({years})"


def _promises(mine: list[Promise], all_shown: int, words: Wording) -> str:
    """Return that it is all probabilities, the names of a few promises, or of many their number among all."""
    all_of_them = numbers.count(all_shown, words.language)
    if 1 < len(mine) == all_shown:
        return words.text("all {all} probabilities", all=all_of_them)
    if len(mine) <= NAMED:
        return ", ".join(f'"{words.of(target.name)}"' for target in mine)
    return words.text("{count} of {all} probabilities", count=numbers.count(len(mine), words.language), all=all_of_them)
