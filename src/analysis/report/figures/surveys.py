"""Rounds of a survey with their sampling intervals, the promise, and where the year is expected to end."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd

from analysis.promises import SurveyTarget
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, mark_simulated, set_title, write_shares
from analysis.report.tables.surveys import of_the_whole, rounds
from analysis.report.wording import Wording
from analysis.results import Results


def survey(results: Results, words: Wording, target: SurveyTarget, *, small: bool = False) -> Picture | None:
    """Return the rounds of the survey a promise is judged by, or None where none is known.

    Parameters
    ----------
    results, words
        What there is to show, in which language.
    target : SurveyTarget
        The promise.
    small : bool
        A third of the page's width, as the summary has it.
    """
    language, row = words.language, results.promise(target.id)
    mine = of_the_whole(results, row["indicator"])
    if mine.empty:
        return None
    years = [int(str(period)[:4]) for period in mine["period"]]
    end = results.plan.year
    what = words.indicator(results.plan, row["indicator"])

    theme.apply(small=small)
    figure, axes = plt.subplots(
        figsize=theme.SMALL if small else (theme.WIDTH, theme.HEIGHT * 0.85), layout="constrained"
    )
    half = numbers.HALF_80 * mine["standard_error"].fillna(0.0)
    axes.vlines(years, mine["value"] - half, mine["value"] + half, color=theme.BLUE, linewidth=3, alpha=0.45)
    for _, comparable in mine.assign(year=years).groupby(mine["method"].fillna("")):
        axes.plot(comparable["year"], comparable["value"], color=theme.BLUE, marker="o", markersize=6, linewidth=1.2,
                  linestyle=(0, (1, 2)))  # fmt: skip
    for year, value, top in zip(years, mine["value"], mine["value"] + half, strict=True):
        axes.annotate(numbers.percent(value, language), (year, top), xytext=(0, 3), textcoords="offset points",
                      ha="center", fontsize=9, color=theme.BLUE)  # fmt: skip
    axes.axhline(target.threshold, color=theme.VERMILION, linewidth=1.8, linestyle=(0, (6, 3)))
    rule = words.rule(target.rule, target.threshold)
    axes.annotate(
        words.text("promise: {rule}", rule=rule), (0.99, target.threshold), xycoords=("axes fraction", "data"),
        ha="right",
        xytext=(0, -13), textcoords="offset points", color=theme.VERMILION, fontsize=9.5,
    )  # fmt: skip
    known = pd.notna(row["expected"]) and end not in years
    if known:
        axes.vlines(end, row["lower"], row["upper"], color=theme.PINK, linewidth=3, alpha=0.6)
        axes.plot(end, row["expected"], marker="D", markersize=7, markerfacecolor="white", color=theme.PINK)
    elif end not in years:
        axes.annotate(words.text("no round in {year}", year=str(end)), (end, 0.04), xycoords=("data", "axes fraction"),
                      ha="right", fontsize=9, color=theme.INK)  # fmt: skip
    axes.set_xticks(range(min(years), end + 1), [str(year) for year in range(min(years), end + 1)])
    axes.set_xlim(min(years) - 0.4, end + 0.6)
    spread = float((mine["value"] + half).max()), float((mine["value"] - half).min())
    axes.set_ylim(min(spread[1], target.threshold) - 0.02, min(max(spread[0], target.threshold) + 0.03, 1.0))
    write_shares(axes.yaxis, language, most=4 if small else 6)
    axes.grid(axis="x", visible=False)
    set_title(figure, f"{words.of(target.name)}\n{what}" if small else what)
    mark_simulated(figure, results, words)
    plt.close(figure)

    last = mine.iloc[-1]
    alt = words.text(
        "{what}: {share} in {year} ({respondents} respondents), promised: {rule}.",
        what=what,
        share=numbers.percent(last["value"], language),
        year=str(last["period"])[:4],
        respondents=numbers.count(last["respondents"], language),
        rule=rule,
    )
    caption = words.text(
        "Dots: rounds of the survey; bars: their 80% sampling interval, where the design is known. Dashed red: the "
        "promise. Diamond: what a round this year is expected to find."
    )
    table = rounds(results, words, row["indicator"])
    return Picture(figure, alt, "" if small else caption, table, mine, width="third" if small else "wide")
