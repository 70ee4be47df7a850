"""What the rest of the year must deliver for one share or mean: a sentence, and a cell of a table."""

from __future__ import annotations

import math

import pandas as pd

from analysis.plan.indicators import Share
from analysis.plan.plan import Plan
from analysis.report import numbers
from analysis.report.wording import RULES, Wording, _

_AT_MOST = {
    "late": _(
        "In the {weeks} weeks left, no more than {total} of the {unit} may be late ({share} of those expected; last "
        "quarter: {current})."
    ),
    "none_late": _("In the {weeks} weeks left, none of the {unit} may be late (last quarter: {current})."),
    "counted": _(
        "In the {weeks} weeks left, no more than {total} of the {unit} may count towards the share ({share} of those "
        "expected; last quarter: {current})."
    ),
    "none_counted": _(
        "In the {weeks} weeks left, none of the {unit} may count towards the share (last quarter: {current})."
    ),
}

_AT_MOST_CELLS = {
    "late": _("from now on no more than {total} {unit} late, {share} (now {current})"),
    "none_late": _("from now on no {unit} late (now {current})"),
    "counted": _("from now on no more than {total} {unit}, {share} (now {current})"),
    "none_counted": _("from now on no {unit} (now {current})"),
}


def sentence(words: Wording, plan: Plan, indicator: str, rule: str, rate: pd.Series) -> str:
    """Return the sentence of what the rest of the year must deliver for one share or mean.

    That it is out of reach is said only where no draw of the rest of the year could keep it; where some could, with
    more cases than the median, their share is given.

    Parameters
    ----------
    words : Wording
        The reader's language.
    plan : Plan
        The plan.
    indicator : str
        The indicator promised.
    rule : {"at_least", "more_than", "at_most"}
        The rule of the promise.
    rate : pd.Series
        Row of `AttainmentTables.run_rate`.
    """
    values, unit = _values(words, plan, indicator, rule, rate), words.quantity(plan, indicator).unit
    if _is_enough(rule, rate, unit):
        return words.text("Nothing more is needed if as many {unit} come as expected.", **values)
    if _is_beyond(rule, rate, unit):
        if rate["reachable"] > 0:
            return words.text(
                "Out of reach if as many {unit} come as expected; if more come, the promise can still be kept "
                "(chance that enough come: {chance}).",
                **values,
            )
        if rule == "at_most":
            return words.text("Out of reach: what has been used up cannot be made good in the rest of the year.")
        return words.text("Out of reach: more than everything left would be needed.")
    if unit != "%":
        return words.text("In the {weeks} weeks left, {most} on average (last quarter: {current}).", **values)
    if rule == "at_most":
        return words.text(_AT_MOST[_kind(plan, indicator, rate)], **values)
    return words.text(
        "In the {weeks} weeks left, at least {share}, about {cases} {unit} a week (last quarter: {current}).", **values
    )


def cell(words: Wording, plan: Plan, indicator: str, rule: str, rate: pd.Series) -> str:
    """Return it for a cell of a table: "36.4% of the rest, 1,659 cases a week (now 32.5%)".

    Parameters
    ----------
    words, plan, indicator, rule, rate
        As for `sentence`.
    """
    values, unit = _values(words, plan, indicator, rule, rate), words.quantity(plan, indicator).unit
    if _is_enough(rule, rate, unit):
        return words.text("nothing more, if as many {unit} come as expected", **values)
    if _is_beyond(rule, rate, unit):
        if rate["reachable"] > 0:
            return words.text("out of reach unless more {unit} come than expected (chance {chance})", **values)
        return words.text("out of reach")
    if unit != "%":
        return words.text("{most} in the rest (now {current})", **values)
    if rule == "at_most":
        return words.text(_AT_MOST_CELLS[_kind(plan, indicator, rate)], **values)
    return words.text("{share} of the rest, {cases} {unit} a week (now {current})", **values)


def _values(words: Wording, plan: Plan, indicator: str, rule: str, rate: pd.Series) -> dict[str, str]:
    how, language = words.quantity(plan, indicator), words.language
    return {
        "weeks": numbers.count(rate["weeks_left"], language),
        "share": how.beside(rate["required_share"], 0.0),
        "most": words.text(RULES[rule], threshold=how.write(rate["required_share"])),
        "cases": numbers.count(rate["cases_per_week"], language),
        "total": numbers.count(_allowance(rate), language),
        "current": how.beside(rate["current_share"], rate["required_share"]),
        "unit": words.unit(plan, indicator),
        "chance": words.chance(rate["reachable"]),
    }


def _is_beyond(rule: str, rate: pd.Series, unit: str) -> bool:
    """Return whether, at the median number of cases to come, not even the best of them would be enough."""
    if rule == "at_most":
        return bool(rate["required_share"] < 0)
    return unit == "%" and bool(rate["required_share"] > 1)


def _is_enough(rule: str, rate: pd.Series, unit: str) -> bool:
    """Return whether, at the median number of cases to come, even the worst of them would be enough."""
    if rule == "at_most":
        return unit == "%" and bool(rate["required_share"] >= 1)
    return bool(rate["required_share"] <= 0)


def _kind(plan: Plan, indicator: str, rate: pd.Series) -> str:
    declared = plan.indicators.get(indicator)
    kind = "late" if isinstance(declared, Share) and declared.numerator == {"late": True} else "counted"
    return kind if _allowance(rate) else f"none_{kind}"


def _allowance(rate: pd.Series) -> int:
    """Return the cases that may still go wrong in the rest of the year, rounded down."""
    return math.floor(rate["cases_per_week"] * rate["weeks_left"] + 1e-9)
