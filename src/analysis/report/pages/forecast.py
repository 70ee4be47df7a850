"""The page of notebook 05_forecast: each promised share ahead, what the ensemble is made of, and its diagnostics."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy.special import expit

from analysis.forecast.ensemble import STACKED
from analysis.forecast.panel import SEASON_LENGTHS
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.after_a_break import break_sentences
from analysis.report.figures import theme
from analysis.report.figures.axes import (
    draw_promise,
    mark_simulated,
    period_axis,
    promised_rule,
    series_title,
    write_shares,
)
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.figures.year_end import outlook, outlook_sentences
from analysis.report.html_table import plain_table
from analysis.report.pages.page import Page
from analysis.report.promise_tables import parts_of
from analysis.report.wording import Wording

PICTURES = 12
"""Pictures of promised series on the page; the page of promises has the numbers of all."""


class ForecastPage(Page):
    """What notebook ``05_forecast`` shows; see `Page`."""

    def outlook_pictures(self, *, most: int = 12) -> None:
        """Show a small figure per promised share: so far, the fan to the year's end, the promise.

        Parameters
        ----------
        most : int
            Parts of one promise that are shown.
        """
        left, told = PICTURES, dict[str, None]()
        for target in self.results.plan.measured:
            for _, name in parts_of(target)[:most]:
                if self.results.promise(target.id, name)["note"] == "" and left:
                    self._picture(outlook(self.results, self.words, target.id, name, self.origin, small=True))
                    told.update(
                        dict.fromkeys(outlook_sentences(self.results, self.words, target.id, name, self.origin))
                    )
                    left -= 1
        if told:
            self._note(" ".join(told))

    def pool(self) -> None:
        """Show the weights of the ensemble, and which series have a short history."""
        if self.results.forecast.weights.empty:
            return
        words = self.words
        self._heading(words.text("What each forecast is made of"))
        told = break_sentences(self.results, words)
        if told:
            self._note(" ".join(told))
        members = self.results.forecast.weights
        used = set(members.loc[members["weight"] > 0, "member"])
        if STACKED in used:
            self._note(
                words.text(
                    "The published forecast pools a state-space model with simple forecasts that carry the errors of "
                    "earlier years; those that erred less weigh more. Half of the weight is that of the same model, "
                    "moved towards where simple forecasts were nearer to what came."
                )
            )
        if any(member.startswith("shifted_") for member in used):
            self._note(
                words.text(
                    "Where there is no earlier year to learn from, the published forecast is that of the model, "
                    "part of it moved to one simple forecast."
                )
            )
        self._html(plain_table(_ensemble_weights(self.results, words), caption=words.text("Weights in the pool")))
        short = _short_series(self.results, words)
        if short:
            self._note(
                words.text(
                    "Less than two years of history, so the interval may be too narrow: {series}.",
                    series="; ".join(short),
                )
            )

    def components(self, *, most: int = 4) -> None:
        """Show the headline series decomposed: level, season, remainder.

        Parameters
        ----------
        most : int
            Series that are shown.
        """
        found = self.results.forecast.components
        for one in list(found[["indicator", "dimension", "series"]].drop_duplicates().itertuples(index=False))[:most]:
            self._picture(_components_figure(self.results, self.words, *one))

    def diagnostics(self) -> None:
        """Show whether the model's one-step errors look as they should, and statsmodels' simulation beside ours."""
        if self.results.forecast.diagnostics.empty:
            return
        words = self.words
        self._heading(words.text("Is the model sure for the right reasons?"))
        self._note(
            words.text(
                "Each series was forecast one period ahead, again and again. If the model is right the errors are "
                "independent; a small p-value says a pattern is left."
            )
        )
        errors = _one_step_errors(self.results, words)
        self._html(plain_table(errors, caption=words.text("One-step forecast errors")))
        self._note(
            words.text(
                "statsmodels filters and simulates each series by itself, at its likeliest parameters; what is "
                "published also takes the less likely ones, after a jump all ways it may go, and heavier tails. "
                "Largest difference between the two filters in log-likelihood: {gap}.",
                gap=f"{self.results.forecast.diagnostics['likelihood_gap'].max():.0e}",
            )
        )
        simulations = _two_simulations(self.results, words)
        self._html(plain_table(simulations, caption=words.text("Share in the last period of the year, two ways")))


def _ensemble_weights(results: Results, words: Wording) -> pd.DataFrame:
    """Return the weight of each member of the ensemble, a row per series."""
    frame = results.forecast.weights
    wide = frame.pivot_table(
        index=["indicator", "dimension", "series"], columns="member", values="weight", fill_value=0.0, sort=False
    ).reset_index()
    columns = {words.text("Series"): _series_names(results, words, wide)}
    for member in frame["member"].unique():
        weights = [numbers.percent(value, words.language, digits=0) for value in wide[member]]
        columns[words.member(member)] = weights
    return pd.DataFrame(columns)


def _short_series(results: Results, words: Wording) -> list[str]:
    """Return the names of forecast series with less than two years of history."""
    frame = results.forecast.diagnostics
    return _series_names(results, words, frame[frame["history"] < 2 * SEASON_LENGTHS[results.plan.calendar.frequency]])


def _one_step_errors(results: Results, words: Wording) -> pd.DataFrame:
    """Return the size and the autocorrelation of the one-step errors of each fitted series."""
    language, frame = words.language, results.forecast.diagnostics
    return pd.DataFrame(
        {
            words.text("Series"): _series_names(results, words, frame),
            words.text("One-step errors"): [numbers.count(n, language) for n in frame["n"]],
            words.text("Mean size (0.80 if the model is right)"): [
                numbers.decimal(v, language) for v in frame["mean_abs_standardised_error"]
            ],
            words.text("Ljung–Box p-value"): [numbers.decimal(v, language) for v in frame["ljung_box_p"]],
        }
    )


def _two_simulations(results: Results, words: Wording) -> pd.DataFrame:
    """Return the share of the year's last period as statsmodels simulates it and as our paths do."""
    frame = results.forecast.diagnostics
    return pd.DataFrame(
        {
            words.text("Series"): _series_names(results, words, frame),
            words.text("statsmodels: middle (80% interval)"): _intervals(frame, "simulated", words),
            words.text("Paths: middle (80% interval)"): _intervals(frame, "drawn", words),
        }
    )


def _series_names(results: Results, words: Wording, frame: pd.DataFrame) -> list[str]:
    return [
        f"{words.indicator(results.plan, indicator)}: {words.name(results.plan, dimension, series)}"
        for indicator, dimension, series in frame[["indicator", "dimension", "series"]].itertuples(index=False)
    ]


def _intervals(frame: pd.DataFrame, kind: str, words: Wording) -> list[str]:
    columns = [frame[f"{kind}_{end}"] for end in ("median", "lower", "upper")]
    return [
        numbers.percent_with_range(middle, lower, upper, words.language)
        for middle, lower, upper in zip(*columns, strict=True)
    ]


def _components_figure(results: Results, words: Wording, indicator: str, dimension: str, series: str) -> Picture:
    """Return a series decomposed by statsmodels' smoother: level, season, and what is left."""
    language = words.language
    frame = results.forecast.components
    mine = frame[(frame["indicator"] == indicator) & (frame["dimension"] == dimension)]
    mine = mine[mine["series"] == series].reset_index(drop=True)
    # With the level and the season, what is left over would give the share away.
    hidden = results.published(mine)["hidden"]
    mine = mine.assign(observed=mine["observed"].mask(hidden), remainder=mine["remainder"].mask(hidden))
    position = np.arange(len(mine))
    # What is left of a jump is part of where the share stands, whatever the model calls its level.
    level, spread = mine["level"] + mine["jump"], numbers.HALF_80 * mine["level_deviation"]
    how = words.quantity(results.plan, indicator)
    rule, line = promised_rule(results, indicator, dimension, series)

    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure, 5.2) * (1.3 if theme.is_narrow(figure) else 1))
        top, middle, bottom = figure.subplots(3, 1, height_ratios=(2.2, 1, 1), sharex=True)
        top.plot(position, expit(mine["observed"]), color=theme.GREY, marker="o", markersize=3.5, linewidth=1)
        top.fill_between(position, expit(level - spread), expit(level + spread), color=theme.BLUE, alpha=0.22,
                         linewidth=0)  # fmt: skip
        top.plot(position, expit(level), color=theme.BLUE, linewidth=2.4)
        ends = [*expit(level - spread), *expit(level + spread), *expit(mine["observed"].dropna())]
        room = 0.08 * (max(ends) - min(ends))
        top.set_ylim(min(ends) - room, max(ends) + room)
        label(top, how.beside(expit(level.iloc[-1]), line), (position[-1], expit(level.iloc[-1])), color=theme.BLUE,
              bold=True)  # fmt: skip
        if pd.notna(line):
            draw_promise(top, words, rule, line, how)
            top.set_ylim(min([*ends, line]) - room, max([*ends, line]) + room)
        middle.bar(position, mine["season"], color=theme.GREEN)
        bottom.bar(position, mine["remainder"].fillna(0), color=theme.GREY)
        period_axis(bottom, list(mine["period"]), language)
        write_shares(top.yaxis, language, most=4)
        for axes, name in (
            (top, words.text("Level")),
            (middle, words.text("Season")),
            (bottom, words.text("Left over")),
        ):
            axes.set_title(name, fontsize=theme.size_of(figure), fontweight="normal", color=theme.SOFT, pad=3)
            axes.grid(axis="x", visible=False)
            axes.set(xlabel="", ylabel="")
        for axes in (middle, bottom):
            axes.yaxis.set_major_locator(MaxNLocator(nbins=3))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.decimal(value, language)))
        mark_simulated(figure, results, words)

    statistic = series_title(words, results.plan, indicator, dimension, series)
    table = pd.DataFrame(
        {
            words.text("Period"): [numbers.period(label, language) for label in mine["period"]],
            words.text("Level (80% interval)"): [
                numbers.percent_with_range(expit(m), expit(m - s), expit(m + s), language)
                for m, s in zip(level, spread, strict=True)
            ],
            words.text("Season (log-odds)"): [numbers.decimal(value, language) for value in mine["season"]],
            words.text("Left over (log-odds)"): [numbers.decimal(value, language) for value in mine["remainder"]],
        }
    )
    alt = words.text(
        "{title}: level without season {level} in {period}, changing by {slope} log-odds a period.",
        title=statistic,
        level=numbers.percent(expit(level.iloc[-1]), language),
        period=numbers.period(mine["period"].iloc[-1], language),
        slope=numbers.decimal(mine["slope"].iloc[-1], language),
    )
    caption = words.text(
        "Grey: the share in each period. Blue: the level statsmodels' smoother finds behind it, season left out, with "
        "its 80% interval. Below, in log-odds: the season, and what level and season leave over."
    )
    now, last = how.beside(expit(level.iloc[-1]), line), numbers.period(mine["period"].iloc[-1], language)
    title = words.text("Without season: {level} in {period}", level=now, period=last)
    length = SEASON_LENGTHS[results.plan.calendar.frequency]
    if len(level) > length:
        title = words.text(
            "Without season: {level} in {period}, {change} {unit} in a year", level=now, period=last,
            change=how.moved(expit(level.iloc[-1]), expit(level.iloc[-1 - length])), unit=how.change_unit,
        )  # fmt: skip
    return Picture(
        draw, title=title, statistic=words.text("{what}: level, season and what is left", what=statistic), alt=alt,
        caption=caption, table=table, values=mine,
    )  # fmt: skip
