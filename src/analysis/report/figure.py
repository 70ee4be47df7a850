"""Shares of so few cases that they would tell about persons are not shown."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, MaxNLocator

from analysis.plan import Plan
from analysis.promises import TOTAL
from analysis.report import numbers, theme
from analysis.report.wording import Wording
from analysis.results import Results

LEAST = 5
"""Cases from which a share is shown."""


def is_small(counts: pd.DataFrame) -> pd.Series:
    """Return which rows stand on too few cases to be shown."""
    return counts["denominator"] < LEAST


def hide_small(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts with numerator and value missing wherever the denominator is below `LEAST` cases.

    Parameters
    ----------
    counts : pd.DataFrame
        `numerator, denominator, value` and whatever else.
    """
    hidden = counts.astype({"numerator": "Float64"})
    hidden.loc[is_small(counts), ["numerator", "value"]] = pd.NA
    return hidden


def said_of_hidden(counts: pd.DataFrame, words: Wording, unit: str) -> str:
    """Return the sentence that small cells are hidden, empty where none was."""
    if not is_small(counts).any():
        return ""
    return words.text("Small cells hidden: fewer than {least} {unit}.", least=str(LEAST), unit=unit)


PERIODS_SHOWN = {"M": 33, "Q": 16}


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure and what stands for it where it cannot be seen.

    Attributes
    ----------
    figure : Figure
        The drawing.
    alt : str
        The finding in one sentence, with its number.
    caption : str
        What is drawn and how to read it.
    table : pd.DataFrame
        The values behind it, written for the reader.
    values : pd.DataFrame
        The same as plain numbers, shares 0–1, for the file beside the page.
    width : {"wide", "third"}
        Whether it has the page's width to itself or stands beside two others.
    """

    figure: Figure
    alt: str
    caption: str
    table: pd.DataFrame
    values: pd.DataFrame
    width: Literal["wide", "third"] = "wide"

    def png(self) -> bytes:
        """Return the drawing as a file."""
        drawn = io.BytesIO()
        # `savefig` would draw it twice, once to lay it out, though drawing lays out before anything else.
        FigureCanvasAgg(self.figure).print_png(drawn, metadata={"Software": None})
        return drawn.getvalue()


def short_name(name: str, most: int = 38) -> str:
    """Return a name that leaves room for what is drawn beside it; the table below has it whole."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def of_series(words: Wording, plan: Plan, indicator: str, series: str) -> str:
    """Return what an indicator of a series is called: "Land: share overdue, of the cases resolved"."""
    what = words.indicator(plan, indicator)
    return what if series == TOTAL else f"{words.name(plan, series)}: {what[0].lower()}{what[1:]}"


def set_title(figure: Figure, title: str) -> None:
    """Write a title over a figure, flush left with its edge, on as many lines as it needs."""
    letters = int(figure.get_figwidth() * 9.5)
    lines = [line for part in title.split("\n") for line in textwrap.wrap(part, letters)]
    figure.suptitle("\n".join(lines), x=0.01, ha="left")


def dots(
    axes: Axes, at: Sequence[int] | np.ndarray, shares: pd.Series, *, color: str, size: float, width: float
) -> None:
    """Draw a share over time, a dot for each period it is known of, joined by a line."""
    known = shares.notna().to_numpy()
    axes.plot(np.asarray(at)[known], shares[known], color=color, marker="o", markersize=size, linewidth=width,
              markeredgecolor="white", markeredgewidth=0.75)  # fmt: skip


def period_axis(axes: Axes, labels: list[str], language: str, *, most: int = 8) -> None:
    """Write some periods under a time axis, the last one always."""
    step = max(1, round(len(labels) / most))
    ticks = list(range(len(labels) - 1, -1, -step))[::-1]
    axes.set_xticks(ticks, [numbers.period(labels[tick], language) for tick in ticks])
    axes.set_xlim(-0.6, len(labels) + 0.9)
    write_shares(axes.yaxis, language)
    axes.set(xlabel="", ylabel="")
    axes.grid(axis="x", visible=False)


def write_shares(axis: Axis, language: str, *, most: int = 6) -> None:
    """Write an axis of shares at round steps, with the decimals they need: no tick stands beside its value."""
    axis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(_WrittenShares(language))


class _WrittenShares(Formatter):
    """Writes all ticks of an axis together: their step tells how many decimals each needs."""

    def __init__(self, language: str) -> None:
        self._language = language

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        step = np.diff(values).min(initial=1.0)
        digits = max(0, -int(np.floor(np.log10(100 * step) + 1e-9)))
        return [numbers.percent(value, self._language, digits=digits) for value in values]


def mark_breaks(axes: Axes, results: Results, words: Wording, indicator: str, at: dict[str, int]) -> None:
    """Draw a line where an indicator began to be counted differently, among periods at given places."""
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
    """Write on a picture of made-up data that it is."""
    if results.simulated:
        figure.supxlabel(words.text("SIMULATED DATA"), x=0.99, ha="right", fontsize=9, color="#5b6570", weight="bold")


def share_table(shares: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return a series as the table under its picture: counts and share of each period."""
    language = words.language
    return pd.DataFrame(
        {
            words.text("Period"): [numbers.period(p, language) for p in shares["period"]],
            words.text("Numerator"): [numbers.count(n, language) for n in shares["numerator"]],
            words.text("Denominator"): [numbers.count(n, language) for n in shares["denominator"]],
            words.text("Share"): [numbers.percent(v, language) for v in shares["value"]],
        }
    )
