"""Pictures of how right past forecasts were."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.forecast.backtest.grading import BINS, PIT_BINS
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, set_title
from analysis.report.wording import Wording


def reliability(rows: pd.DataFrame, words: Wording, *, title: str) -> Picture:
    """Return what was said against how often it happened, a dot per bin of probability.

    Parameters
    ----------
    rows : pd.DataFrame
        `bin, n, said, happened` of one model, to be added up; see `forecast.backtest.grading.Grades`.
    words : Wording
        Of the page.
    title : str
        Whose forecasts they are.
    """
    language = words.language
    sums = rows.groupby("bin")[["n", "said", "happened"]].sum()
    sums["mean"], sums["share"] = sums["said"] / sums["n"], sums["happened"] / sums["n"]
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH * 0.72, theme.WIDTH * 0.6), layout="constrained")
    axes.plot([0, 1], [0, 1], color=theme.GREY, linewidth=1.4, linestyle=(0, (5, 3)))
    sns.scatterplot(
        x=sums["mean"], y=sums["share"], ax=axes, color=theme.BLUE, s=20 + 180 * np.sqrt(sums["n"] / sums["n"].max())
    )
    axes.plot(sums["mean"], sums["share"], color=theme.BLUE, linewidth=1.2)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=words.text("Probability said"))
    axes.set_ylabel(words.text("Share that happened"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: numbers.percent(value, language, digits=0)))
    set_title(figure, title)
    plt.close(figure)
    table = pd.DataFrame(
        {
            words.text("Probability said"): [
                numbers.percent_range(BINS[at], BINS[at + 1], language) for at in sums.index
            ],
            words.text("Forecasts"): [numbers.count(n, language) for n in sums["n"]],
            words.text("Said on average"): [numbers.percent(value, language) for value in sums["mean"]],
            words.text("Happened"): [
                f"{numbers.percent(share, language)} ({numbers.count(n, language)})"
                for share, n in zip(sums["share"], sums["happened"], strict=True)
            ],
        }
    )
    worst = (sums["share"] - sums["mean"]).abs().idxmax()
    alt = words.text(
        "{title}: of {n} probabilities, the furthest off said {said} on average and {happened} happened.",
        title=title,
        n=numbers.count(sums["n"].sum(), language),
        said=numbers.percent(sums.loc[worst, "mean"], language),
        happened=numbers.percent(sums.loc[worst, "share"], language),
    )
    caption = words.text(
        "A dot for each range of probabilities, larger where there are more. On the dashed line what was said is what "
        "happened; forecasts of one year share its luck, so dots may stray together."
    )
    return Picture(figure, alt, caption, table, sums.reset_index())


def places(rows: pd.DataFrame, words: Wording, *, title: str) -> Picture:
    """Return where outcomes fell in what was said of them, by tenths: even bars if the intervals are right.

    Parameters
    ----------
    rows : pd.DataFrame
        `tenth, n` of one model, to be added up.
    words : Wording
        Of the page.
    title : str
        Whose forecasts they are.
    """
    language = words.language
    counts = rows.groupby("tenth")["n"].sum().reindex(range(PIT_BINS), fill_value=0)
    shares = counts / counts.sum()
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH * 0.72, theme.HEIGHT * 0.85), layout="constrained")
    sns.barplot(x=counts.index + 1, y=shares.to_numpy(), ax=axes, color=theme.BLUE, errorbar=None)
    _even(axes)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.percent(value, language, digits=0)))
    axes.set(xlabel=words.text("Tenth of what was said in which the outcome fell"), ylabel="")
    set_title(figure, title)
    plt.close(figure)
    table = pd.DataFrame(
        {
            words.text("Tenth"): [numbers.count(tenth + 1, language) for tenth in counts.index],
            words.text("Outcomes"): [numbers.count(n, language) for n in counts],
            words.text("Share of all"): [numbers.percent(share, language) for share in shares],
        }
    )
    alt = words.text(
        "{title}: of {n} outcomes the lowest tenth held {low}, the highest {high}; 10% each if all were right.",
        title=title,
        low=numbers.percent(shares.iloc[0], language),
        high=numbers.percent(shares.iloc[-1], language),
        n=numbers.count(counts.sum(), language),
    )
    caption = words.text(
        "Bars of one height: intervals as wide as they should be; a hump: too wide; a bowl: too narrow. Series that "
        "sit at none or all fall into the middle."
    )
    return Picture(figure, alt, caption, table, counts.reset_index())


def _even(axes: Axes) -> None:
    axes.axhline(1 / PIT_BINS, color=theme.VERMILION, linewidth=1.6, linestyle=(0, (6, 3)))
