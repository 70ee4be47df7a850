"""What all figures draw alike: axes, promises, breaks; and the tables and words beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from analysis.indicators.disclosure import SHOWN_FROM
from analysis.plan.plan import Plan
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.direct_labels import label
from analysis.report.quantities import Quantity, shares
from analysis.report.wording import Wording

PERIODS_SHOWN = {"M": 33, "Q": 16}
"""Periods that a figure over time shows, by the frequency of the data."""


def hidden_cells_sentence(shown: pd.DataFrame, words: Wording, unit: str) -> str:
    """Return the sentence that cells are hidden; empty where none is.

    Parameters
    ----------
    shown : pd.DataFrame
        Column `hidden`; see `Results.published`.
    words : Wording
        The reader's language.
    unit : str
        What the cases are called.
    """
    if not shown["hidden"].any():
        return ""
    return words.text("Hidden: cells of 1 to {most} {unit}, and those that would give them away.",
                      most=str(SHOWN_FROM - 1), unit=unit)  # fmt: skip


def short_name(name: str, most: int = 38) -> str:
    """Return a name shortened to leave room for the drawing; the table below the figure has it in full.

    Parameters
    ----------
    name : str
        The name.
    most : int
        Characters it may have.
    """
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def few_words(name: str, most: int) -> str:
    """Return a name of at most so many words, for a title that has few; the line below the title has it in full.

    Parameters
    ----------
    name : str
        The name.
    most : int
        Words it may have, or syllables of Vietnamese.
    """
    words = name.split()
    return name if len(words) <= most else f"{' '.join(words[:most]).rstrip(',;:')}…"


def name_within(figure: Figure, name: str, width: float, *, size: float, bold: bool = False, behind: str = "") -> str:
    """Return a name shortened until it has room in a figure; the table below the figure has it in full.

    Parameters
    ----------
    figure : Figure
        The figure.
    name : str
        The name.
    width, size : float
        Room it has and size of its letters, points.
    bold : bool
        Whether it is written bold.
    behind : str
        What stands behind the name in any case.
    """
    text = figure.text(0, 0, "", fontsize=size, fontweight="bold" if bold else "normal")
    for most in range(len(name), 0, -1):
        text.set_text(f"{short_name(name, most)}{behind}")
        if text.get_window_extent().width * 72 / figure.dpi <= width:
            break
    text.remove()
    return text.get_text()


def name_in_title(name: str, words: Wording) -> str:
    """Return the name of a promise or of a member with so many words that a message has room for what it says of it.

    Parameters
    ----------
    name : str
        The name.
    words : Wording
        The reader's language: a word of English has about two syllables of Vietnamese.
    """
    return few_words(name, 6 if words.language == "en" else 12)


def series_title(words: Wording, plan: Plan, indicator: str, dimension: str, series: str) -> str:
    """Return what an indicator of a series is called: "Land: share overdue, of the cases resolved".

    Parameters
    ----------
    words : Wording
        The reader's language.
    plan : Plan
        The plan, which names its series.
    indicator, dimension, series : str
        Their codes.
    """
    name = words.indicator(plan, indicator)
    return name if series == TOTAL else f"{words.name(plan, dimension, series)}: {name[0].lower()}{name[1:]}"


def draw_shares(
    axes: Axes, at: Sequence[int] | np.ndarray, shares: pd.Series, *, color: str, size: float, width: float
) -> None:
    """Draw a share over time: a dot for each period with a value, those beside each other joined by a line.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    at : sequence of int
        Position of each period.
    shares : pd.Series
        Share of each period, 0–1; missing ones are left out.
    color : str
        Colour of line and dots.
    size, width : float
        Size of the dots and width of the line, in points.
    """
    axes.plot(np.asarray(at), shares.astype(float), color=color, marker="o", markersize=size, linewidth=width,
              markeredgecolor="white", markeredgewidth=0.75)  # fmt: skip


def period_axis(axes: Axes, labels: list[str], language: str, *, quantity: Quantity | None = None) -> None:
    """Label a time axis with as many periods as it has room for, always the last, and the other axis with values.

    Parameters
    ----------
    axes : Axes
        The axes; period i stands at position i.
    labels : list of str
        The periods in order, ``2021-09`` or ``2021Q3``.
    language : {"vi", "en"}
        Language of the reader.
    quantity : Quantity, optional
        What the other axis shows; shares by default.
    """
    step = max(1, math.ceil(len(labels) / (3 if theme.is_narrow(axes.figure) else 9)))
    ticks = list(range(len(labels) - 1, -1, -step))[::-1]
    axes.set_xticks(ticks, [numbers.period(labels[tick], language) for tick in ticks])
    axes.set_xlim(-0.6, len(labels) + 0.9)
    (quantity or shares(language)).write_axis(axes.yaxis, most=4 if theme.is_narrow(axes.figure) else 6)
    axes.set(xlabel="", ylabel="")
    axes.grid(axis="x", visible=False)


def write_rows(axes: Axes, names: Sequence[str], told: Sequence[str], ends: Sequence[float] | None = None) -> None:
    """Write what each row of a drawing is called and what it says: beside it, or in a line above it where it is narrow.

    Parameters
    ----------
    axes : Axes
        Where to write; row i stands at i, the first on top.
    names, told : sequence of str
        Of each row.
    ends : sequence of float, optional
        Where the drawing of each row ends, and what it says begins; the right edge by default.
    """
    rows, narrow = range(len(names)), theme.is_narrow(axes.figure)
    axes.set_ylim(len(names) - 0.5, -0.8 if narrow else -0.5)
    axes.set(xlabel="", ylabel="")
    axes.grid(axis="y", visible=False)
    axes.set_yticks(rows, ["" if narrow else short_name(name) for name in names])
    for row, name, said in zip(rows, names, told, strict=True):
        room = round(43 - 1.2 * len(said))  # letters of the width of a telephone
        for text, x, side in ((short_name(name, room), 0.0, "left"), (said, 1.0, "right")) if narrow else ():
            axes.annotate(text, (x, row), xycoords=("axes fraction", "data"), xytext=(0, 7),
                          textcoords="offset points", ha=side, va="bottom", annotation_clip=False)  # fmt: skip
        if not narrow:
            at, coords = (1.0, "axes fraction") if ends is None else (ends[row], "data")
            axes.annotate(said, (at, row), xycoords=(coords, "data"), xytext=(6, 0), textcoords="offset points",
                          va="center", annotation_clip=False)  # fmt: skip


def write_shares(axis: Axis, language: str, *, most: int = 6) -> None:
    """Label an axis of shares at round steps, each with the decimals it needs to be exact.

    Parameters
    ----------
    axis : Axis
        The axis.
    language : {"vi", "en"}
        Language of the reader.
    most : int
        Steps it may have.
    """
    shares(language).write_axis(axis, most=most)


def mark_breaks(axes: Axes, results: Results, words: Wording, indicator: str, at: dict[str, int]) -> None:
    """Draw a line at each period from which an indicator is counted differently.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    results : Results
        The results, whose plan lists the breaks.
    words : Wording
        The reader's language.
    indicator : str
        The indicator.
    at : dict of str to int
        Position of each period that is drawn.
    """
    for known in results.plan.breaks_of(indicator):
        if known.period in at:
            axes.axvline(at[known.period] - 0.5, color=theme.INK, linewidth=1, linestyle=":")
            label(axes, words.text("counted differently from here"), (at[known.period] - 0.5, 0.04),
                  xycoords=("data", "axes fraction"))  # fmt: skip


def mark_simulated(figure: Figure, results: Results, words: Wording) -> None:
    """Write on a figure of simulated data that it is one: it may be shown without the page around it.

    Parameters
    ----------
    figure : Figure
        The figure.
    results : Results
        What it shows.
    words : Wording
        The reader's language.
    """
    if results.simulated:
        figure.supxlabel(words.text("SIMULATED DATA"), x=0.99, ha="right", fontsize=theme.SMALL_TEXT, color=theme.SOFT)


def draw_promise(
    axes: Axes, words: Wording, rule: str, threshold: float, how: Quantity, *, across: bool = True
) -> None:
    """Draw the line that is promised, with its words at the beginning.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    words : Wording
        The reader's language.
    rule : str
        How values are to stand to the line; empty where only the line is known.
    threshold : float
        The line.
    how : Quantity
        How values are written.
    across : bool
        Whether it is drawn across, values on the vertical axis, or upright, in axes that have their limits.
    """
    told = words.text("promise: {rule}", rule=words.rule(rule, threshold, how) if rule else how.promised(threshold))
    draw = axes.axhline if across else axes.axvline
    draw(threshold, color=theme.VERMILION, linewidth=1.8, linestyle=(0, (6, 3)))
    if across:
        label(axes, told, (0.0, threshold), side="above", align="left", color=theme.VERMILION,
              xycoords=("axes fraction", "data"))  # fmt: skip
    else:
        low, high = axes.get_xlim()
        align: Literal["left", "center", "right"] = "center"
        if abs(threshold - (low + high) / 2) > (high - low) / 4:  # towards the middle, where it has room
            align = "left" if threshold < (low + high) / 2 else "right"
        label(axes, told, (threshold, 1.0), side="above", color=theme.VERMILION, align=align,
              xycoords=("data", "axes fraction"))  # fmt: skip


def promised_line(results: Results, indicator: str, dimension: str = TOTAL, series: str = TOTAL) -> float:
    """Return what is promised of a series of an indicator, else of the whole; missing where nothing is.

    Parameters
    ----------
    results : Results
        The results.
    indicator, dimension, series : str
        The series.
    """
    return promised_rule(results, indicator, dimension, series)[1]


def promised_rule(results: Results, indicator: str, dimension: str = TOTAL, series: str = TOTAL) -> tuple[str, float]:
    """Return how a series, else the whole, is promised to stand to which line: rule and threshold, or none.

    Parameters
    ----------
    results : Results
        The results.
    indicator, dimension, series : str
        The series.
    """
    lines: dict[tuple[str, str], tuple[str, float]] = {}
    for promise in results.plan.measured:
        for part, name in promise.judged:
            if part.indicator == indicator:
                threshold = float(results.promise(promise.id, name)["threshold"])
                lines.setdefault((part.dimension, part.series), (part.rule, threshold))
    return lines.get((dimension, series), lines.get((TOTAL, TOTAL), ("", math.nan)))


def share_table(
    values: pd.DataFrame, words: Wording, quantity: Quantity | None = None, *, line: float = math.nan
) -> pd.DataFrame:
    """Return a series as the table under its figure: counts and value of each period.

    Parameters
    ----------
    values : pd.DataFrame
        `period, numerator, denominator, value`; of a mean, there is no numerator.
    words : Wording
        The reader's language.
    quantity : Quantity, optional
        What the values are; shares by default.
    line : float
        What is promised of the series.
    """
    written = {words.text("Period"): [numbers.period(p, words.language) for p in values["period"]]}
    return pd.DataFrame(written | counts_and_values(values, words, quantity, lines=line))


def counts_and_values(
    values: pd.DataFrame,
    words: Wording,
    quantity: Quantity | None = None,
    *,
    lines: float | Sequence[float] = math.nan,
) -> dict[str, list[str]]:
    """Return counts and values as columns of a table for the reader, by head.

    Parameters
    ----------
    values : pd.DataFrame
        `numerator, denominator, value`; of a mean, there is no numerator.
    words : Wording
        The reader's language.
    quantity : Quantity, optional
        What the values are; shares by default.
    lines : float or sequence of float
        What is promised of all of them, or of each.
    """
    language, how, written = words.language, quantity or shares(words.language), {}
    if how.unit == "%":
        written[words.text("Numerator")] = [numbers.count(n, language) for n in values["numerator"]]
    written[words.text("Denominator")] = [numbers.count(n, language) for n in values["denominator"]]
    head = words.text("Share") if how.unit == "%" else words.text("Value")
    promised = np.broadcast_to(lines, len(values))
    written[head] = [how.beside(value, line) for value, line in zip(values["value"], promised, strict=True)]
    return written
