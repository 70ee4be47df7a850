"""Labels that stand beside what they name, and are moved until none lies over another text."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from analysis.report.figures import theme

_MARK = "label"
_TOWARDS = {"right": (1, 0), "left": (-1, 0), "above": (0, 1), "below": (0, -1)}
_ALIGNED = {"right": ("left", "center"), "left": ("right", "center"), "above": ("center", "bottom"),
            "below": ("center", "top")}  # fmt: skip
_STEP = 2.0
"""Points by which a label is moved at a time."""
_NEAR = 90
"""Free places of a label that are looked at for one that covers no line."""
_FARTHEST, _FARTHEST_AT_AN_END = 45.0, 90.0
"""Points beyond which a label is no longer beside what it names: it is left out, and the table has its value."""


def label(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    *,
    side: Literal["right", "left", "above", "below"] = "right",
    gap: float = 6.0,
    color: str = theme.INK,
    bold: bool = False,
    xycoords: str | tuple[str, str] = "data",
    align: Literal["left", "center", "right"] | None = None,
) -> Annotation:
    """Write a label beside a place; where it would lie over another text it is moved up or down.

    Parameters
    ----------
    axes : Axes
        Where to write.
    text : str
        The label.
    at : (float, float)
        The place.
    side : {"right", "left", "above", "below"}
        Where the label stands from there.
    gap : float
        How far it stands from there, points.
    color : str
        Its colour, that of what it names.
    bold : bool
        Whether it is the value that the figure is about.
    xycoords : str or pair of str
        In which coordinates the place is given; see matplotlib.
    align : {"left", "center", "right"}, optional
        How the label stands to the place, where not as its side has it.
    """
    horizontal, vertical = _ALIGNED[side]
    across, up = _TOWARDS[side]
    return axes.annotate(
        text,
        at,
        xycoords=xycoords,
        xytext=(gap * across, gap * up),
        textcoords="offset points",
        ha=align or horizontal,
        va=vertical,
        color=color,
        fontweight="bold" if bold else "normal",
        fontsize=theme.size_of(axes.figure),
        annotation_clip=False,
        bbox={"facecolor": theme.PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        gid=_MARK,
        zorder=5,
    )


def keep_apart(figure: Figure, *, head: float = 0.0) -> None:
    """Lay a figure out, and move its labels until none lies over another text or leaves the figure.

    A label stays clear of lines, too, where a place near enough allows it. One that has no place at all is not shown.

    Parameters
    ----------
    figure : Figure
        The figure.
    head : float
        Inches at the top that labels stay out of: those of the title.
    """
    figure.draw_without_rendering()
    # What is laid out stays so: labels are placed once and for all.
    figure.set_layout_engine("none")
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    texts = shown_texts(figure)
    labels = [text for text in texts if text.get_gid() == _MARK and isinstance(text, Annotation)]
    taken = [box_of(text, renderer) for text in texts if text not in labels]
    drawn = _points_drawn(figure)
    points, whole = figure.dpi / 72, figure.bbox
    frame = Bbox.from_extents(whole.x0 - 1, whole.y0 - 1, whole.x1 + 1, whole.y1 - head * figure.dpi + 1)
    # The values a figure is about are placed first.
    for text in sorted(labels, key=lambda one: one.get_fontweight() != "bold"):
        box = box_of(text, renderer)
        free = [
            (across, up)
            for across, up in _moves(text, box.width / points)
            if _is_inside(moved := box.translated(across * points, up * points), frame)
            and not any(overlap(moved, other) for other in taken)
        ]
        if not free:
            text.set_visible(False)
            continue
        clear = (
            move for move in free[:_NEAR] if not _covers(box.translated(move[0] * points, move[1] * points), drawn)
        )
        across, up = next(clear, free[0])
        text.xyann = (text.xyann[0] + across, text.xyann[1] + up)
        taken.append(box.translated(across * points, up * points))


def _moves(text: Annotation, width: float) -> list[tuple[float, float]]:
    """Return the ways a label is moved, points, the nearest first; one above or below its place also to the sides."""
    is_at_an_end = text.get_verticalalignment() == "center"  # many lines may end at one place
    heights = np.arange(_STEP, _FARTHEST_AT_AN_END if is_at_an_end else _FARTHEST, _STEP)
    up_and_down = [0.0, *(sign * height for height in heights for sign in (1.0, -1.0))]
    is_above_or_below = text.get_verticalalignment() in ("bottom", "top")
    to_the_sides = (
        (0.0, width / 2, -width / 2) if is_above_or_below and text.get_horizontalalignment() == "center" else (0.0,)
    )
    return [(across, up) for up in up_and_down for across in to_the_sides]


def _points_drawn(figure: Figure) -> np.ndarray:
    """Return points along the lines of a figure, pixels, shape (points, 2): what a label should not cover."""
    found = [np.empty((0, 2))]
    for axes in figure.axes:
        for line in axes.get_lines():
            path = line.get_transform().transform_path(line.get_path()).interpolated(8)
            if line.get_linestyle() != "None" and line.get_visible():
                found.append(np.asarray(path.vertices))
    points = np.concatenate(found)
    return points[np.isfinite(points).all(axis=1)]


def _covers(box: Bbox, points: np.ndarray) -> bool:
    x, y = points[:, 0], points[:, 1]
    return bool(((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).any())


def shown_texts(figure: Figure) -> list[Text]:
    """Return the texts of a figure that are drawn: not empty, and in axes that are shown.

    Parameters
    ----------
    figure : Figure
        The figure.
    """
    found = figure.findobj(Text)
    hidden = {id(text) for axes in figure.axes if not axes.get_visible() for text in axes.findobj(Text)}
    ticks = {id(text) for axes in figure.axes for text in _ticks_outside(axes)}
    return [
        text
        for text in found
        if isinstance(text, Text) and text.get_visible() and text.get_text().strip()
        and id(text) not in hidden and id(text) not in ticks
    ]  # fmt: skip


def _ticks_outside(axes: Axes) -> list[Text]:
    """Return the labels of ticks beyond the ends of their axis, which matplotlib keeps and does not draw."""
    outside: list[Text] = []
    axis: Any
    for axis in (axes.xaxis, axes.yaxis):
        drawn = {id(tick) for tick in axis._update_ticks()}
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            shown = [text for text, on in ((tick.label1, tick.label1.get_visible()),) if on and id(tick) in drawn]
            outside += [text for text in (tick.label1, tick.label2) if text not in shown]
    return outside


def box_of(text: Text, renderer: RendererBase) -> Bbox:
    """Return the box of a text as it is drawn, pixels.

    Parameters
    ----------
    text : Text
        The text.
    renderer : RendererBase
        What it is drawn with.
    """
    return Text.get_window_extent(text, renderer)


def overlap(one: Bbox, other: Bbox) -> bool:
    """Return whether two boxes lie over each other by more than half a pixel.

    Parameters
    ----------
    one, other : Bbox
        The boxes.
    """
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    along = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > 0.5 and along > 0.5


def _is_inside(box: Bbox, frame: Bbox) -> bool:
    return bool(frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1)
