"""The figure of where a promised share may end: a hundred equally likely ends of the year, beside the promise."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.attainment.year_end import year_end
from analysis.plan.promises import Part
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import draw_promise, mark_simulated, series_title
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.figures.year_end import called, promise_and_part, standing_and_outlook
from analysis.report.quantities import Quantity
from analysis.report.wording import Wording

DOTS = 100
"""Each stands for one in a hundred: a reader counts what a probability is."""

_COLUMNS = range(8, 61)
"""Columns of dots that are tried between the ends of what is drawn; the largest dots are taken."""

_BESIDE, _ABOVE_AND_BELOW = 16.0, 66.0
"""Room for the ends of the axis, and for the labels above and the values and the mark below, points."""


def year_end_dots(results: Results, words: Wording, target: str, part: str, origin: pd.Period) -> Picture | None:
    """Return where a promised share may end: `DOTS` quantiles of its draws, those that keep the promise filled.

    A quantile dotplot (Kay and others 2016): chances that are counted are read better than densities. None where the
    year is over for the share or nothing is forecast.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target, part : str
        The promise, and its part or the empty string.
    origin : pd.Period
        The last period known.
    """
    plan, row = results.plan, results.promise(target, part)
    promise, share = promise_and_part(plan, target, part)
    last = plan.last_period if share.until is None else plan.last_whole_period(share.until)
    ends = year_end(results.indicators.series, results.forecast.draws, share, origin=origin, last=last)
    values, threshold = np.sort(ends.values[np.isfinite(ends.values)]), float(row["threshold"])
    if ends.decided or not len(values) or pd.isna(row["probability"]) or math.isnan(threshold):
        return None
    how, chance = words.quantity(plan, share.indicator), float(row["probability"])
    at = np.quantile(values, (np.arange(DOTS) + 0.5) / DOTS, method="inverted_cdf")
    kept = numbers.whole_percent(chance)
    is_kept = np.arange(DOTS) < kept if share.rule == "at_most" else np.arange(DOTS) >= DOTS - kept
    so_far = ends.observed_to_date

    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure, 3.0))
        axes = figure.subplots()
        _draw_dots(figure, axes, at, is_kept, threshold, so_far)
        how.write_axis(axes.xaxis, most=4)
        draw_promise(axes, words, share.rule, threshold, how, across=False)
        if not math.isnan(so_far):
            axes.axvline(so_far, color=theme.INK, linewidth=1.2, linestyle=(0, (1, 2)))
            told = words.text("so far {value}", value=how.beside(so_far, threshold))
            label(axes, told, (so_far, 1.0), side="above", xycoords=("data", "axes fraction"))
        mark_simulated(figure, results, words)

    what = series_title(words, plan, share.indicator, share.dimension, share.series)
    alt = standing_and_outlook(what, row, share, plan, words)
    shown = pd.DataFrame({"value": at, "kept": is_kept})
    return Picture(
        draw, title=_message(called(promise, share, words, plan), chance, words), statistic=what, alt=alt,
        caption="", table=_table(row, so_far, share, words, how), values=shown, width="third",
    )  # fmt: skip


def dots_caption(words: Wording) -> str:
    """Return how these figures are read, once for all that stand together."""
    return words.text(
        "Each dot is one of a hundred equally likely ends of the year: filled, the promise is kept; hollow, it is not. "
        "Dotted: the year so far."
    )


def _message(name: str, chance: float, words: Wording) -> str:
    if chance < 0.01:
        return words.text("{what}: fewer than 1 of 100 year-ends keep the promise", what=name)
    if chance > 0.99:
        return words.text("{what}: more than 99 of 100 year-ends keep the promise", what=name)
    n = str(numbers.whole_percent(chance))
    return words.text("{what}: {n} of 100 year-ends keep the promise", what=name, n=n)


def _table(row: pd.Series, so_far: float, share: Part, words: Wording, how: Quantity) -> pd.DataFrame:
    threshold = float(row["threshold"])
    written = {
        words.text("The year so far"): how.beside(so_far, threshold),
        words.text("Year-end (80% interval)"): words.outlook_cell(row, how),
        words.text("Promised"): words.rule(share.rule, threshold, how),
        words.text("Probability"): words.chance(row["probability"]),
    }
    return pd.DataFrame({words.text("What"): list(written), words.text("Value"): list(written.values())})


def _draw_dots(
    figure: Figure, axes: Axes, values: np.ndarray, is_kept: np.ndarray, threshold: float, so_far: float
) -> None:
    """Stack the dots in columns, none of which the line of the promise cuts."""
    ends = [threshold, values[0], values[-1], *([] if math.isnan(so_far) else [so_far])]
    reach = max(ends) - min(ends) or max(abs(threshold) * 0.02, 0.001)
    width, height = figure.get_figwidth() * 72 - _BESIDE, figure.get_figheight() * 72 - _ABOVE_AND_BELOW

    def size_in(columns: int) -> float:
        """Return how large dots can be in so many columns, points."""
        places = np.floor((values - threshold) / (reach / columns))
        return float(min(width / (columns + 3), height / pd.Series(places).value_counts().max()))

    columns = max(_COLUMNS, key=size_in)
    column, size = reach / columns, size_in(columns)
    places = np.floor((values - threshold) / column)
    x, y = threshold + (places + 0.5) * column, pd.Series(places).groupby(places).cumcount().to_numpy() + 0.5
    for chosen, face, edge in ((is_kept, theme.BLUE, theme.BLUE), (~is_kept, theme.PAPER, theme.SOFT)):
        axes.scatter(
            x[chosen], y[chosen], s=(0.8 * size) ** 2, facecolor=face, edgecolor=edge, linewidth=min(1.1, size / 6),
            zorder=3,
        )  # fmt: skip
    axes.set_xlim(min(ends) - 1.5 * column, max(ends) + 1.5 * column)
    axes.set_ylim(0, height / size)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set(xlabel="", ylabel="")
