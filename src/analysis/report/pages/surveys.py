"""The page of notebook 04_satisfaction, and the rounds of surveys as the other pages show them."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from analysis.data.published import SIPAS_SINCE_2022, SIPAS_UNTIL_2021
from analysis.indicators.satisfaction import SURVEYED
from analysis.plan.instruments import IndicatorInstrument, SurveyInstrument
from analysis.plan.promises import SurveyPromise
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import draw_promise, mark_simulated, name_in_title, write_shares
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.html_table import plain_table
from analysis.report.pages.page import Page
from analysis.report.quantities import shares
from analysis.report.wording import Wording, _


class SatisfactionPage(Page):
    """What notebook ``04_satisfaction`` shows; see `Page`."""

    def self_selected(self) -> None:
        """Show the caveat of ratings: those who give them choose themselves; or that nothing was received."""
        plan, found = self.results.plan, self.results.indicators
        told = {code for code, declared in plan.indicators.items() if declared.topic == "satisfaction"}
        if not (told & set(found.series["indicator"]) or len(found.surveys)):
            self._note(self.words.text("No ratings and no survey were received."))
            return
        self._note(
            self.words.text(
                "Ratings are given by those who choose to, after a case is closed: a sign of the mood at the counter, "
                "not an estimate of what a survey would find."
            )
        )

    def surveys(self) -> None:
        """Show every round of every survey, with its standard error where the design of the survey gives one."""
        words = self.words
        named = [
            f"{SURVEYED}{one.instrument}" if isinstance(one, SurveyInstrument) else one.index
            for one in self.results.plan.instruments.values()
            if not isinstance(one, IndicatorInstrument)
        ]
        found = [one for one in named if one in set(self.results.indicators.surveys["indicator"])]
        if not found:
            return
        self._heading(words.text("What surveys found"))
        for target in self.results.plan.promises:
            picture = survey(self.results, words, target) if isinstance(target, SurveyPromise) else None
            if picture:
                self._picture(picture)
        for indicator in found:
            frame = rounds(self.results, words, indicator)
            self._html(plain_table(frame, caption=words.indicator(self.results.plan, indicator)))
        self._note(
            words.text(
                "Errors of the province's survey follow from its design (weights, strata, clusters); those of SIPAS "
                "are not published. The two ask different people: they are not compared with each other."
            )
        )


METHODS = {
    SIPAS_UNTIL_2021: _("people who had just received a result"),
    SIPAS_SINCE_2022: _("residents drawn at random; not comparable with the years before 2022"),
}
"""Who was asked, by method of a round; rounds of different methods may not be compared."""


def rounds(results: Results, words: Wording, indicator: str) -> pd.DataFrame:
    """Return the rounds of a survey of the whole province as a table for the reader; empty where there is none.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator : str
        The survey's share.
    """
    language, mine = words.language, _rounds_of_province(results, indicator)
    judged = [one for one in results.plan.promises if isinstance(one, SurveyPromise)]
    lines = [one.threshold for one in judged if results.promise(one.id)["indicator"] == indicator]
    line = next(iter(lines), math.nan)
    frame = pd.DataFrame(
        {
            words.text("Year"): mine["period"].astype(str),
            words.text("Share satisfied"): [shares(language).beside(value, line) for value in mine["value"]],
            words.text("Respondents"): [numbers.count(n, language) for n in mine["respondents"]],
            words.text("Standard error (percentage points)"): [
                numbers.MISSING if pd.isna(error) else numbers.percent(error, language).rstrip("%")
                for error in mine["standard_error"]
            ],
        }
    )
    if "method" in mine and mine["method"].notna().any():
        frame[words.text("Who was asked")] = [
            words.text(METHODS[method]) if method in METHODS else numbers.MISSING for method in mine["method"]
        ]
    return frame


def survey(results: Results, words: Wording, target: SurveyPromise, *, small: bool = False) -> Picture | None:
    """Return the rounds of the survey that a promise is about, with the promise and what a round this year may find.

    None where no round is known.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : SurveyPromise
        The promise.
    small : bool
        Whether it has a third of the width of the page, as in the summary.
    """
    language, row = words.language, results.promise(target.id)
    mine = _rounds_of_province(results, row["indicator"])
    if mine.empty:
        return None
    years = [int(str(period)[:4]) for period in mine["period"]]
    end = results.plan.year
    what = words.indicator(results.plan, row["indicator"])

    half = numbers.HALF_80 * mine["standard_error"].fillna(0.0)
    rule, is_forecast = words.rule(target.rule, target.threshold), pd.notna(row["expected"]) and end not in years

    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure, 3.0))
        axes = figure.subplots()
        axes.vlines(years, mine["value"] - half, mine["value"] + half, color=theme.BLUE, linewidth=3, alpha=0.45)
        for _method, comparable in mine.assign(year=years).groupby(mine["method"].fillna("")):
            axes.plot(comparable["year"], comparable["value"], color=theme.BLUE, marker="o", markersize=6,
                      linewidth=1.2, linestyle=(0, (1, 2)))  # fmt: skip
        for year, value, top in zip(years, mine["value"], mine["value"] + half, strict=True):
            written = shares(language).beside(value, target.threshold)
            label(axes, written, (year, top), side="above", color=theme.BLUE, bold=year == years[-1])
        if is_forecast:
            axes.vlines(end, row["lower"], row["upper"], color=theme.PINK, linewidth=3, alpha=0.6)
            axes.plot(end, row["expected"], marker="D", markersize=7, markerfacecolor=theme.PAPER, color=theme.PINK)
            written = shares(language).beside(row["expected"], target.threshold)
            label(axes, words.text("expected {share}", share=written), (end, row["upper"]), side="above",
                  align="right", color=theme.SOFT)  # fmt: skip
        elif end not in years:
            label(axes, words.text("no round in {year}", year=str(end)), (end, 0.04), side="above", align="right",
                  color=theme.SOFT, xycoords=("data", "axes fraction"))  # fmt: skip
        step = -(-(end + 1 - min(years)) // (5 if theme.is_narrow(figure) else 12))
        shown = range(end, min(years) - 1, -step)
        axes.set_xticks(list(shown), [str(year) for year in shown])
        axes.set_xlim(min(years) - 0.4, end + 0.6)
        highest, lowest = float((mine["value"] + half).max()), float((mine["value"] - half).min())
        if is_forecast:
            highest, lowest = max(highest, float(row["upper"])), min(lowest, float(row["lower"]))
        axes.set_ylim(min(lowest, target.threshold) - 0.02, min(max(highest, target.threshold) + 0.03, 1.0))
        write_shares(axes.yaxis, language, most=4 if theme.is_narrow(figure) else 6)
        draw_promise(axes, words, target.rule, target.threshold, shares(language))
        axes.grid(axis="x", visible=False)
        axes.set(xlabel="", ylabel="")
        mark_simulated(figure, results, words)

    last = mine.iloc[-1]
    alt = words.text(
        "{what}: {share} in {year} ({respondents} respondents), promised: {rule}.",
        what=what,
        share=shares(language).beside(last["value"], target.threshold),
        year=str(last["period"])[:4],
        respondents=numbers.count(last["respondents"], language),
        rule=rule,
    )
    caption = words.text(
        "Dots: rounds of the survey; bars: their 80% sampling interval, where the design is known. Dashed red: the "
        "promise. Diamond: what a round this year is expected to find."
    )
    return Picture(
        draw, title=_message(last, target, row, words), statistic=words.text("{what}, by round", what=what), alt=alt,
        caption="" if small else caption, table=rounds(results, words, row["indicator"]), values=mine,
        width="third" if small else "wide",
    )  # fmt: skip


def _message(last: pd.Series, target: SurveyPromise, row: pd.Series, words: Wording) -> str:
    """Return the last round, and how likely one this year keeps the promise where that is estimated."""
    what = name_in_title(words.of(target.name), words)
    share, year = shares(words.language).beside(last["value"], target.threshold), str(last["period"])[:4]
    if pd.notna(row["probability"]) and row["verdict"] not in ("met", "missed"):
        return words.text(
            "{what}: {share} in {year}, probability this year {chance}",
            what=what, share=share, year=year, chance=words.chance(row["probability"]),
        )  # fmt: skip
    return words.text("{what}: {share} in {year}", what=what, share=share, year=year)


def _rounds_of_province(results: Results, indicator: str) -> pd.DataFrame:
    """Return the rounds of a survey of the whole province that have a share, in the order of their years."""
    surveys = results.indicators.surveys
    mine = surveys[(surveys["indicator"] == indicator) & surveys["value"].notna()]
    return mine[mine["dimension"].isin([TOTAL, "area"])].sort_values("period", ignore_index=True)
