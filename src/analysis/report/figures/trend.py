"""A share by period, with its trend and its error."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis import periods
from analysis.indicators.trend import with_trend
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import (
    PERIODS_SHOWN,
    Picture,
    dots,
    mark_breaks,
    mark_simulated,
    of_series,
    period_axis,
    set_title,
    share_table,
)
from analysis.report.wording import Wording
from analysis.results import Results


def trend(results: Results, words: Wording, indicator: str, series: str) -> Picture:
    """Return one share by period with its trend and the 80 % sampling interval of each period."""
    plan, language = results.plan, words.language
    length = {"M": 12, "Q": 4}[plan.calendar.frequency]
    shares = _trend_since_break(results, indicator, series, season_length=length).tail(
        PERIODS_SHOWN[plan.calendar.frequency]
    )
    position = np.arange(len(shares))
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, theme.HEIGHT), layout="constrained")
    axes.vlines(position, shares["lower"], shares["upper"], color=theme.GREY, linewidth=2.5, alpha=0.7)
    dots(axes, position, shares["value"], color=theme.BLUE, size=6, width=1)
    if shares["trend"].notna().any():
        axes.plot(position, shares["trend"], color=theme.VERMILION, linewidth=2.4, linestyle=(0, (5, 2)))
        axes.annotate(
            words.text("trend"),
            (position[-1], shares["trend"].iloc[-1]),
            xytext=(6, -10),
            textcoords="offset points",
            color=theme.VERMILION,
            fontsize=9.5,
            annotation_clip=False,
        )
    mark_breaks(axes, results, words, indicator, {label: at for at, label in enumerate(shares["period"])})
    period_axis(axes, list(shares["period"]), language)
    title = of_series(words, plan, indicator, series)
    set_title(figure, title)
    mark_simulated(figure, results, words)
    plt.close(figure)
    last, year_ago = shares.iloc[-1], shares[shares["period"] == _year_before(shares["period"].iloc[-1])]
    change = last["value"] - year_ago["value"].iloc[0] if len(year_ago) else float("nan")
    alt = words.text(
        "{what}, {period}: {share} ({numerator} of {denominator}); {change} percentage points on the year before.",
        what=title,
        period=numbers.period(last["period"], language),
        share=numbers.percent(last["value"], language),
        numerator=numbers.count(last["numerator"], language),
        denominator=numbers.count(last["denominator"], language),
        change=numbers.points(change, language),
    )
    caption = words.text("Dots: each period's share; grey bars: its 80% sampling interval. Dashed: the trend (STL).")
    return Picture(figure, alt, caption, share_table(shares, words), shares)


def _trend_since_break(results: Results, indicator: str, series: str, *, season_length: int) -> pd.DataFrame:
    """Return a series with its trend drawn through what is counted the same way as today, never across a break."""
    shares = results.series(indicator, series)
    since = max((known.period for known in results.plan.breaks_of(indicator)), default="")
    before, after = shares[shares["period"] < since], shares[shares["period"] >= since]
    pieces = [with_trend(piece, season_length=season_length) for piece in (before, after) if len(piece)]
    return pd.concat(pieces, ignore_index=True)


def _year_before(label: str) -> str:
    return periods.write(periods.parse(label) - (4 if "Q" in label else 12))
