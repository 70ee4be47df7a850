"""The answer first: how many promises stand how, in one sentence and a strip of counts, and their order by risk."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import pandas as pd

from analysis.plan.promises import Promise
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.wording import VERDICTS, Wording, _

BY_RISK = (
    "missed", "very_unlikely", "unlikely", "uncertain", "not_estimated", "likely", "very_likely", "met",
)  # fmt: skip
"""Verdicts in the order of the table: what nobody can estimate stands before what is likely."""

_COUNTS = (
    (("missed",), _("missed"), _("{n} is missed"), _("{n} are missed")),
    (
        ("unlikely", "very_unlikely"),
        _("unlikely or worse"),
        _("{n} is unlikely to be met or worse"),
        _("{n} are unlikely to be met or worse"),
    ),
    (("uncertain",), _("uncertain"), _("{n} is uncertain"), _("{n} are uncertain")),
    (("not_estimated",), _("cannot be estimated"), _("{n} cannot be estimated"), _("{n} cannot be estimated")),
    (
        ("likely", "very_likely"),
        _("likely or better"),
        _("{n} is likely to be met or better"),
        _("{n} are likely to be met or better"),
    ),
    (("met",), _("met"), _("{n} is met"), _("{n} are met")),
)
"""Verdicts counted together, what the strip calls them, and the words of the sentence for one and for several."""


def in_final_quarter(results: Results) -> bool:
    """Return whether the quarter is the last of the plan's year, after which nothing is left to forecast."""
    quarter = results.attainment.promises["quarter"].iloc[0]
    return bool(quarter >= f"{results.plan.year}-Q4")


def by_risk(results: Results) -> list[tuple[int, Promise]]:
    """Return the promises, each with its number in the plan, the likeliest to fail first.

    Parameters
    ----------
    results : Results
        The results. Of promises of one verdict the less likely comes first, of equally likely ones the plan's first.
    """

    def risk(numbered: tuple[int, Promise]) -> tuple[int, float, int]:
        number, row = numbered[0], results.promise(numbered[1].id)
        chance = 0.0 if pd.isna(row["probability"]) else float(row["probability"])
        return BY_RISK.index(row["verdict"]), chance, number

    return sorted(enumerate(results.plan.promises, start=1), key=risk)


def sentence(results: Results, words: Wording) -> str:
    """Return how many promises stand how: "Of 10 promises, 5 are unlikely to be met or worse and 2 are uncertain."

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    """
    targets = results.plan.promises
    if len(targets) == 1:
        row = results.promise(targets[0].id)
        values = {"promise": words.of(targets[0].name), "verdict": words.verdict(row["verdict"])}
        if pd.isna(row["probability"]) or row["verdict"] in ("met", "missed"):
            return words.text("The plan has one promise, {promise}: {verdict}.", **values)
        chance = words.chance(row["probability"])
        return words.text("The plan has one promise, {promise}: {verdict} ({chance}).", chance=chance, **values)
    told = [
        words.text(one if n == 1 else several, n=numbers.count(n, words.language))
        for n, _codes, _label, one, several in _counted(results)
    ]
    *first, last = told
    listed = words.text("{first} and {last}", first=", ".join(first), last=last) if first else last
    count = numbers.count(len(targets), words.language)
    if in_final_quarter(results):
        return words.text("At the end of the year, of {count} promises {listed}.", count=count, listed=listed)
    return words.text("Of {count} promises, {listed}.", count=count, listed=listed)


def strip(results: Results, words: Wording, last: str) -> str:
    """Return the counts as HTML: a number, the sign of the verdict, and its word, the riskiest first.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    last : str
        What stands behind the counts; nothing where it is empty.
    """
    items = [
        f'<li class="verdict-{codes[0]}"><strong>{numbers.count(n, words.language)}</strong> '
        f"{VERDICTS[codes[0]][0]} {escape(words.text(label))}</li>"
        for n, codes, label, _one, _several in _counted(results)
    ]
    if last:
        items.append(f"<li>{escape(last)}</li>")
    return f'<ul class="counts">{"".join(items)}</ul>'


def _counted(results: Results) -> Iterator[tuple[int, tuple[str, ...], str, str, str]]:
    verdicts = [results.promise(target.id)["verdict"] for target in results.plan.promises]
    for codes, label, one, several in _COUNTS:
        n = sum(verdict in codes for verdict in verdicts)
        if n:
            yield n, codes, label, one, several
