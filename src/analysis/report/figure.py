"""A figure of the report with its alt text and values, what all figures draw alike, and the words for hidden cells."""

from __future__ import annotations

import base64
import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.indicators.disclosure import SHOWN_FROM
from analysis.plan.plan import Plan
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import numbers, theme
from analysis.report.quantities import Quantity, shares
from analysis.report.wording import Wording

PERIODS_SHOWN = {"M": 33, "Q": 16}
"""Periods that a figure over time shows, by the frequency of the data."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, with the text and the table that stand for it where it cannot be seen.

    Attributes
    ----------
    figure : Figure
        The drawing, closed.
    alt : str
        The finding in one sentence, with its number.
    caption : str
        What is drawn and how to read it.
    table : pd.DataFrame
        The values behind it, written for the reader.
    values : pd.DataFrame
        The same values as plain numbers, shares 0–1, for the file beside the page.
    width : {"wide", "third"}
        Whether it has the width of the page to itself or stands beside two others.
    """

    figure: Figure
    alt: str
    caption: str
    table: pd.DataFrame
    values: pd.DataFrame
    width: Literal["wide", "third"] = "wide"

    def png(self) -> bytes:
        """Return the drawing as a PNG file."""
        file = io.BytesIO()
        # `savefig` would draw it twice, once to lay it out, though drawing lays it out anyway.
        FigureCanvasAgg(self.figure).print_png(file, metadata={"Software": None})
        return file.getvalue()

    def html(self) -> str:
        """Return the figure as HTML of one piece: the drawing inside, its alt text and its caption."""
        image = base64.b64encode(self.png()).decode()
        return (
            f'<figure><img src="data:image/png;base64,{image}" alt="{escape(self.alt)}">'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )


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


def set_title(figure: Figure, title: str) -> None:
    """Write a title over a figure, from its left edge, on as many lines as it needs.

    Parameters
    ----------
    figure : Figure
        The figure.
    title : str
        The title; its line breaks stay.
    """
    letters = int(figure.get_figwidth() * 9.5)
    lines = [line for part in title.split("\n") for line in textwrap.wrap(part, letters)]
    figure.suptitle("\n".join(lines), x=0.01, ha="left")


def draw_shares(
    axes: Axes, at: Sequence[int] | np.ndarray, shares: pd.Series, *, color: str, size: float, width: float
) -> None:
    """Draw a share over time: a dot for each period with a value, joined by a line.

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
    known = shares.notna().to_numpy()
    axes.plot(np.asarray(at)[known], shares[known], color=color, marker="o", markersize=size, linewidth=width,
              markeredgecolor="white", markeredgewidth=0.75)  # fmt: skip


def period_axis(
    axes: Axes, labels: list[str], language: str, *, most: int = 8, quantity: Quantity | None = None
) -> None:
    """Label a time axis with some of its periods, always the last one, and the other axis with values.

    Parameters
    ----------
    axes : Axes
        The axes; period i stands at position i.
    labels : list of str
        The periods in order, ``2021-09`` or ``2021Q3``.
    language : {"vi", "en"}
        Language of the reader.
    most : int
        About how many of them to write.
    quantity : Quantity, optional
        What the other axis shows; shares by default.
    """
    step = max(1, round(len(labels) / most))
    ticks = list(range(len(labels) - 1, -1, -step))[::-1]
    axes.set_xticks(ticks, [numbers.period(labels[tick], language) for tick in ticks])
    axes.set_xlim(-0.6, len(labels) + 0.9)
    (quantity or shares(language)).write_axis(axes.yaxis)
    axes.set(xlabel="", ylabel="")
    axes.grid(axis="x", visible=False)


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
            axes.annotate(
                words.text("counted differently from here"),
                (at[known.period] - 0.4, 0.02),
                xycoords=("data", "axes fraction"),
                fontsize=8.5,
                color=theme.INK,
            )


def mark_simulated(figure: Figure, results: Results, words: Wording) -> None:
    """Write on a figure of simulated data that it is one.

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
        figure.supxlabel(words.text("SIMULATED DATA"), x=0.99, ha="right", fontsize=9, color="#5b6570", weight="bold")


def promised_line(results: Results, indicator: str, dimension: str = TOTAL, series: str = TOTAL) -> float:
    """Return what is promised of a series of an indicator, else of the whole; missing where nothing is.

    Parameters
    ----------
    results : Results
        The results.
    indicator, dimension, series : str
        The series.
    """
    lines: dict[tuple[str, str], float] = {}
    for promise in results.plan.measured:
        for part, name in promise.judged:
            if part.indicator == indicator:
                threshold = results.promise(promise.id, name)["threshold"]
                lines.setdefault((part.dimension, part.series), float(threshold))
    return lines.get((dimension, series), lines.get((TOTAL, TOTAL), math.nan))


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
