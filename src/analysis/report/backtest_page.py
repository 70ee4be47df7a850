"""The page of a backtest: how often intervals held, reliability, totals, and skill against simpler forecasts."""

from __future__ import annotations

from html import escape

import pandas as pd

from analysis.forecast.backtest.backtest import Backtest
from analysis.report import grades
from analysis.report.figures.picture import Picture
from analysis.report.html_table import plain_table
from analysis.report.wording import Wording, _
from analysis.rules import Rule

RULES: dict[Rule, str] = {
    "at_least": _("at least the threshold"),
    "more_than": _("more than the threshold"),
    "at_most": _("at most the threshold"),
}


def backtest_body(found: Backtest, words: Wording, *, rule: Rule, year_start: int) -> str:
    """Return the contents of the page as HTML, without its head and its footer.

    Parameters
    ----------
    found : Backtest
        The backtest.
    words : Wording
        The reader's language.
    rule : {"at_least", "more_than", "at_most"}
        The rule that thresholds were met by.
    year_start : int
        First month of a year, 1–12.
    """
    method = words.text(
        "Every year was forecast from its start and from the end of each quarter, with nothing but what was known "
        "then. Thresholds were set from earlier years alone; a share keeps a promise when it is {rule}. Years begin "
        "in month {month}.",
        rule=words.text(RULES[rule]),
        month=str(year_start),
    )
    parts = [_note(method)]
    if found.means:
        means = words.text(
            "Means, not shares: {panels}. Their errors are in percent of the mean, on a logarithmic scale.",
            panels=", ".join(found.means),
        )
        parts.append(_note(means))
    if found.scored.empty:
        return "".join([*parts, _note(words.text("No finished year could be scored."))])
    coverage = grades.coverage(found.scored, words, named=words.text("Panel"))
    parts.append(_heading(words.text("Are the intervals honest?")))
    parts.append(_table(coverage, words.text("How often the outcome fell into the interval")))
    if len(found.totals):
        caption = words.text("The total of all series: as a series of its own, as a page prints it, and as their sum")
        parts.append(_table(grades.totals(found.totals, words), caption))
    reliability = grades.of_ensemble(found.reliability)
    if len(reliability):
        statistic = words.text("What was said and what happened")
        parts.append(_picture(grades.reliability(reliability, words, statistic=statistic), words))
    places = grades.of_ensemble(found.places)
    if len(places):
        statistic = words.text("Where outcomes fell in what was said")
        parts.append(_picture(grades.places(places, words, statistic=statistic), words))
    parts.append(_heading(words.text("Is it better than what is simpler?")))
    parts.append(
        _note(
            words.text(
                "In brackets the 95% interval from resampling panel-years: all series of a year share its luck, so the "
                "years count, not the series."
            )
        )
    )
    several = found.skill["panel"].nunique() > 2
    for name in found.skill["panel"].unique() if several else [""]:
        table = grades.skill(found.skill[found.skill["panel"] == name], words)
        parts.append(_table(table, name or words.text("All panels")))
    return "".join(parts)


def _picture(picture: Picture, words: Wording) -> str:
    numbers_behind = words.text("The numbers behind this picture")
    return (
        f"{picture.html()}"
        f'<details class="data"><summary>{escape(numbers_behind)}</summary>'
        f"{_table(picture.table, numbers_behind)}</details>"
    )


def _table(frame: pd.DataFrame, caption: str) -> str:
    box = f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(caption)}">'
    return f"{box}{plain_table(frame, caption=caption)}</div>"


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'
