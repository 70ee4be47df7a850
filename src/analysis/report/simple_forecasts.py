"""What the simple forecast beside a probability is called: that of its own kind of promise, and of its own part."""

from __future__ import annotations

from analysis.attainment.dated import HEADCOUNT
from analysis.plan.promises import ItemsPromise, Measured, Promise
from analysis.report.wording import Wording, _

BOTH = "items_and_headcount"

_SIMPLE = (
    _("simple: {chance}"),
    _('"Simple": what the simple forecast that erred least in earlier years says.'),
    _("The simple forecast that erred least in earlier years: {chance}."),
)
_ON_THEIR_DAY = (
    _("all on their day: {chance}"),
    _('"All on their day": the roadmap at its word, every item comes on its planned day.'),
    _("If every item comes on its planned day: {chance}."),
)
_NAMED = {
    "share": _SIMPLE,
    "mean": _SIMPLE,
    "inventory": _ON_THEIR_DAY,
    "milestones": _ON_THEIR_DAY,
    HEADCOUNT: (
        _("headcount as now: {chance}"),
        _('"Headcount as now": it stays as far from its path as it is.'),
        _("If the headcount stays as far from its path as now: {chance}."),
    ),
    BOTH: (
        _("on their day, headcount as now: {chance}"),
        _(
            '"On their day, headcount as now": every item on its planned day, the headcount as far from its path as '
            "now."
        ),
        _("If every item comes on its planned day and the headcount stays as far from its path as now: {chance}."),
    ),
    "survey": (
        _("last round again: {chance}"),
        _('"Last round again": the last survey carried on.'),
        _("If the last round of the survey came again: {chance}."),
    ),
    "index": (
        _("last figure again: {chance}"),
        _('"Last figure again": the last published figure carried on.'),
        _("If the last published figure stayed: {chance}."),
    ),
}
"""By what is judged: the words of a cell, what they mean, and a sentence of a text."""

_SEVERAL = _("Of several parts: that of the likeliest where one will do, of the least likely where all must hold.")


def cell(target: Promise, chance: str, words: Wording, part: str = "") -> str:
    """Return the simple forecast of a promise or its part for a cell of a table: "all on their day: > 99%".

    Parameters
    ----------
    target : Promise
        The promise.
    chance : str
        Its probability, written.
    words : Wording
        The reader's language.
    part : str
        The part of a list of items that has a headcount path, or the empty string.
    """
    return words.text(_NAMED[_kind(target, part)][0], chance=chance)


def sentence(target: Promise, chance: str, words: Wording) -> str:
    """Return the simple forecast of a promise as a sentence that says which it is.

    Parameters
    ----------
    target, chance, words
        As for `cell`.
    """
    return words.text(_NAMED[_kind(target, "")][2], chance=chance)


def notes(targets: list[Promise], words: Wording) -> list[str]:
    """Return what the cells of some promises mean, each meaning once.

    Parameters
    ----------
    targets : list of Promise
        The promises that have a simple forecast beside them.
    words : Wording
        The reader's language.
    """
    found = dict.fromkeys(words.text(_NAMED[_kind(target, "")][1]) for target in targets)
    several = any(isinstance(one, Measured) and one.combine in ("any_of", "all_of") for one in targets)
    return [*found, *([words.text(_SEVERAL)] if several else [])]


def _kind(target: Promise, part: str) -> str:
    if part == HEADCOUNT:
        return HEADCOUNT
    return BOTH if isinstance(target, ItemsPromise) and target.headcount and not part else str(target.kind)
