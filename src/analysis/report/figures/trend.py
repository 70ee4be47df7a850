"""The figure of one share by period, with its trend."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis import periods
from analysis.indicators.trend import with_trend
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import (
    PERIODS_SHOWN,
    draw_promise,
    draw_shares,
    mark_breaks,
    mark_simulated,
    period_axis,
    promised_rule,
    series_title,
    share_table,
)
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.wording import Wording


def trend(results: Results, words: Wording, indicator: str, dimension: str = TOTAL, series: str = TOTAL) -> Picture:
    """Return one share by period with its trend and the 80 % sampling interval of each period.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator, dimension, series : str
        The share; without a series, of the whole.
    """
    plan, language = results.plan, words.language
    length = {"M": 12, "Q": 4}[plan.calendar.frequency]
    shares = _trend_since_break(results, indicator, dimension, series, season_length=length).tail(
        PERIODS_SHOWN[plan.calendar.frequency]
    )
    how, statistic = words.quantity(plan, indicator), series_title(words, plan, indicator, dimension, series)
    rule, line = promised_rule(results, indicator, dimension, series)
    # The last period that may be shown.
    last = shares[shares["value"].notna() | ~shares["value"].notna().any()].iloc[-1]
    year_ago = shares[shares["period"] == _year_before(last["period"])]
    before = year_ago["value"].iloc[0] if len(year_ago) else float("nan")

    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure))
        axes, position = figure.subplots(), np.arange(len(shares))
        axes.vlines(position, shares["lower"], shares["upper"], color=theme.GREY, linewidth=2.5, alpha=0.7)
        draw_shares(axes, position, shares["value"], color=theme.BLUE, size=5, width=1)
        if shares["trend"].notna().any():
            axes.plot(position, shares["trend"], color=theme.GREEN, linewidth=2.4, linestyle=(0, (5, 2)))
            label(axes, words.text("trend"), (position[-1], shares["trend"].iloc[-1]), color=theme.GREEN)
        if pd.notna(last["value"]):
            at = position[(shares["period"] == last["period"]).to_numpy()][0]
            label(axes, how.beside(last["value"], line), (at, last["value"]), color=theme.BLUE, bold=True)
        if pd.notna(line):
            draw_promise(axes, words, rule, line, how)
        mark_breaks(axes, results, words, indicator, {label: at for at, label in enumerate(shares["period"])})
        period_axis(axes, list(shares["period"]), language, quantity=how)
        mark_simulated(figure, results, words)

    change, period = how.moved(last["value"], before), numbers.period(last["period"], language)
    title = words.text("{value} in {period}", value=how.beside(last["value"], line), period=period)
    if change != numbers.MISSING:
        title = words.text(
            "{value} in {period}, {change} {unit} on the year before",
            value=how.beside(last["value"], line), period=period, change=change, unit=how.change_unit,
        )  # fmt: skip
    standing = pd.concat([last.rename({"value": "observed_to_date"}), pd.Series({"threshold": line})])
    told = words.share_so_far(standing, words.unit(plan, indicator), how)
    alt = words.text("{what}, {period}: {standing}.", what=statistic, period=period, standing=told)
    if change != numbers.MISSING:
        alt = words.text(
            "{what}, {period}: {standing}; {change} {unit} on the year before.",
            what=statistic, period=period, standing=told, change=change, unit=how.change_unit,
        )  # fmt: skip
    caption = words.text(
        "Dots: each period's value; grey bars, where longer than the dot: its 80% sampling interval. Dashed: the trend "
        "(STL)."
    )
    return Picture(
        draw, title=title, statistic=statistic, alt=alt, caption=caption,
        table=share_table(shares, words, how, line=line), values=shares,
    )  # fmt: skip


def _trend_since_break(
    results: Results, indicator: str, dimension: str, series: str, *, season_length: int
) -> pd.DataFrame:
    """Return a series with its trend, computed apart before and after the last change in how it is counted."""
    shares = results.published(results.series(indicator, dimension, series))
    since = max((known.period for known in results.plan.breaks_of(indicator)), default="")
    before, after = shares[shares["period"] < since], shares[shares["period"] >= since]
    pieces = [with_trend(piece, season_length=season_length) for piece in (before, after) if len(piece)]
    return pd.concat(pieces, ignore_index=True)


def _year_before(label: str) -> str:
    return periods.write(periods.parse(label) - (4 if "Q" in label else 12))
