"""The picture of what a record is made of."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter
from scipy.special import expit

from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, mark_simulated, of_series, period_axis, set_title, write_shares
from analysis.report.wording import Wording
from analysis.results import Results


def components(results: Results, words: Wording, indicator: str, series: str) -> Picture:
    """Return the record of a series taken apart by statsmodels' smoother: level, season, and what is left."""
    language = words.language
    frame = results.components
    mine = frame[(frame["indicator"] == indicator) & (frame["series"] == series)].reset_index(drop=True)
    position = np.arange(len(mine))
    level, spread = mine["level"], numbers.HALF_80 * mine["level_deviation"]
    theme.apply()
    figure, (top, middle, bottom) = plt.subplots(
        3,
        1,
        figsize=(theme.WIDTH, theme.HEIGHT * 1.45),
        height_ratios=(2.2, 1, 1),
        sharex=True,
        layout="constrained",
    )
    top.plot(position, expit(mine["observed"]), color=theme.GREY, marker="o", markersize=3.5, linewidth=1)
    top.fill_between(position, expit(level - spread), expit(level + spread), color=theme.BLUE, alpha=0.22, linewidth=0)
    top.plot(position, expit(level), color=theme.BLUE, linewidth=2.4)
    write_shares(top.yaxis, language)
    middle.bar(position, mine["season"], color=theme.GREEN)
    middle.set_ylabel(words.text("Season"))
    bottom.bar(position, mine["remainder"].fillna(0), color=theme.GREY)
    bottom.set_ylabel(words.text("Left over"))
    period_axis(bottom, list(mine["period"]), language)
    for axes in (middle, bottom):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.decimal(value, language)))
    title = of_series(words, results.plan, indicator, series)
    set_title(figure, title)
    mark_simulated(figure, results, words)
    plt.close(figure)
    table = pd.DataFrame(
        {
            words.text("Period"): [numbers.period(label, language) for label in mine["period"]],
            words.text("Level (80% interval)"): [
                f"{numbers.percent(expit(m), language)} ({numbers.percent_range(expit(m - s), expit(m + s), language)})"
                for m, s in zip(level, spread, strict=True)
            ],
            words.text("Season (log-odds)"): [numbers.decimal(value, language) for value in mine["season"]],
            words.text("Left over (log-odds)"): [numbers.decimal(value, language) for value in mine["remainder"]],
        }
    )
    alt = words.text(
        "{title}: level without season {level} in {period}, changing by {slope} log-odds a period.",
        title=title,
        level=numbers.percent(expit(level.iloc[-1]), language),
        period=numbers.period(mine["period"].iloc[-1], language),
        slope=numbers.decimal(mine["slope"].iloc[-1], language),
    )
    caption = words.text(
        "Grey: the share in each period. Blue: the level statsmodels' smoother finds behind it, season left out, with "
        "its 80% interval. Below, in log-odds: the season, and what level and season leave over."
    )
    return Picture(figure, alt, caption, table, mine)
