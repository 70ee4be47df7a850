"""A picture: a drawing under a message, with the sentence, the table and the values that stand for it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any, Literal

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.report.figures import theme
from analysis.report.figures.direct_labels import keep_apart
from analysis.report.figures.on_page import figure_html
from analysis.report.figures.svg import TITLE, svg

_LINE = 1.45
"""Height of a line of the title, of its size."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, with the text and the table that stand for it where it cannot be seen.

    Attributes
    ----------
    draw : callable
        Draws it on an empty figure, whose width says for whom, and sets its height.
    title : str
        Its message, with its number: at most 15 words of English or 25 syllables of Vietnamese.
    statistic : str
        What is drawn: which statistic, of what, by what.
    alt : str
        The finding in one sentence, with its number.
    caption : str
        How to read it.
    table : pd.DataFrame
        The values behind it, written for the reader.
    values : pd.DataFrame
        The same values as plain numbers, shares 0–1, for the file beside the page.
    width : {"wide", "third"}
        Whether it has the width of the page to itself or stands beside two others.
    """

    draw: Callable[[Figure], None]
    title: str
    statistic: str
    alt: str
    caption: str
    table: pd.DataFrame
    values: pd.DataFrame
    width: Literal["wide", "third"] = "wide"

    def laid_out(self, width: float) -> tuple[Figure, float]:
        """Return the drawing at a width, its labels in their places, and the height of the title above it, inches.

        Parameters
        ----------
        width : {`theme.WIDE`, `theme.NARROW`}
            Width, inches.
        """
        theme.apply(narrow=width == theme.NARROW)
        figure = Figure(figsize=(width, width * 0.5), dpi=theme.DPI[width], layout="constrained")
        FigureCanvasAgg(figure)
        self.draw(figure)
        # Whatever it stands on shows through: the ground of a page, light or dark.
        figure.set_facecolor("none")
        for axes in figure.axes:
            axes.set_facecolor("none")
        head = self._write_title(figure)
        keep_apart(figure, head=head)
        return figure, head

    @cached_property
    def _wide(self) -> tuple[Figure, float]:
        return self.laid_out(theme.WIDE if self.width == "wide" else theme.NARROW)

    def _write_title(self, figure: Figure) -> float:
        """Write message and statistic above the drawing, and return the height they take, inches."""
        width, size = figure.get_figwidth(), theme.size_of(figure)
        lines = [(line, "bold", size * 1.15, theme.INK) for line in _wrapped(figure, self.title, "bold", size * 1.15)]
        lines += [(line, "normal", size, theme.SOFT) for line in _wrapped(figure, self.statistic, "normal", size)]
        head = sum(points * _LINE for _, _, points, _ in lines) / 72 + 0.08
        height = figure.get_figheight() + head
        figure.set_figheight(height)
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.set(rect=(0, 0, 1, 1 - head / height))  # type: ignore[call-arg]
        below = 0.02
        for line, weight, points, color in lines:
            below += points * _LINE / 72
            place = (0.08 / width, 1 - (below - 0.04) / height)
            written = figure.text(
                *place, line, fontsize=points, fontweight=weight, color=color, va="baseline", gid=TITLE
            )
            written.set_in_layout(False)
        return head

    def png(self) -> bytes:
        """Return the drawing as a PNG file, its title above it, on white."""
        figure, _ = self._wide
        file = io.BytesIO()
        figure.set_facecolor(theme.PAPER)
        # `savefig` would lay it out once more.
        FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})
        figure.set_facecolor("none")
        return file.getvalue()

    def drawings(self) -> list[str]:
        """Return the drawing as SVG, without its title: for a wide and for a narrow screen, or one for both."""
        figure, head = self._wide
        if self.width == "third":
            return [svg(figure, skip=head, alt=self.alt, name="drawing")]
        narrow, its_head = self.laid_out(theme.NARROW)
        return [
            svg(figure, skip=head, alt=self.alt, name="drawing on-wide"),
            svg(narrow, skip=its_head, alt=self.alt, name="drawing on-narrow"),
        ]

    def bundle(self) -> dict[str, Any]:
        """Return what a page is made of: title, statistic, alt text, width and drawings."""
        return {
            "title": self.title,
            "statistic": self.statistic,
            "alt": self.alt,
            "width": self.width,
            "drawings": self.drawings(),
        }

    def html(self) -> str:
        """Return the figure as HTML for a page: message, statistic, drawings and caption."""
        bundle = self.bundle()
        return figure_html(bundle, "".join(bundle["drawings"]), f"<figcaption>{escape(self.caption)}</figcaption>")


def _wrapped(figure: Figure, text: str, weight: str, size: float) -> list[str]:
    """Return the lines of a text that have room in a figure, measured as they are drawn."""
    room, drawn = figure.bbox.width * (1 - 0.16 / figure.get_figwidth()), figure.text(0, 0, "")
    drawn.set(fontsize=size, fontweight=weight)
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        drawn.set_text(longer)
        if lines and drawn.get_window_extent().width <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    drawn.remove()
    return lines
