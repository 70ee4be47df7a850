"""A drawing as SVG of few words: paths and lines of text, whose colours are names that the page's style sheet knows."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox, Transform

from analysis.report.figures import theme

TITLE = "title"
"""Mark of the texts that a page writes itself."""

_LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
_ANCHORS = {"left": "", "center": "middle", "right": "end"}


def svg(figure: Figure, *, skip: float, alt: str, name: str) -> str:
    """Return a figure as an ``svg`` element, without its title.

    Colours are the classes ``f-…`` (filled) and ``s-…`` (stroked) with the names of the theme; there are no ids, no
    references and no styles.

    Parameters
    ----------
    figure : Figure
        The figure, laid out.
    skip : float
        Inches at the top that are not drawn: those of the title, which the page writes itself.
    alt : str
        What it shows, for who cannot see it.
    name : str
        Class of the element.

    Raises
    ------
    ValueError
        A colour that the theme does not name, or an image made of pixels.
    """
    width, height = figure.get_size_inches() * 72
    renderer = _Renderer(width, height)
    dpi, titles = figure.dpi, [text for text in figure.texts if text.get_gid() == TITLE]
    try:
        for text in titles:
            text.set_visible(False)
        figure.dpi = 72  # a point is a unit
        figure.draw(renderer)
    finally:
        figure.dpi = dpi
        for text in titles:
            text.set_visible(True)
    top = _number(skip * 72)
    box = f"0 {top} {_number(width)} {_number(height - skip * 72)}"
    parts = "".join(renderer.parts)
    return f'<svg class="{name}" viewBox="{box}" role="img" aria-label="{escape(alt)}">{parts}</svg>'


class _Renderer(RendererBase):
    """Receives what matplotlib draws, and keeps it as elements in `parts`."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.parts: list[str] = []

    def flipy(self) -> bool:
        return True

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def points_to_pixels(self, points: Any) -> Any:
        return points

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None) -> None:
        path = path.transformed(transform)
        box, is_filled = gc.get_clip_rectangle(), rgbFace is not None
        clip: tuple[float, float, float, float] | None = None
        if box is not None and is_filled and not _has_curves(path):  # a marker may stand across an axis
            path = path.clip_to_bbox(box) if not _is_within(path, box) else path
        elif box is not None and not is_filled:
            clip = (box.x0 - 2, box.y0 - 2, box.x1 + 2, box.y1 + 2)
        data = self._data(path, clip, simplify=not is_filled and path.should_simplify)
        if not data:
            return
        attributes = [f'd="{data}"']
        classes = []
        alpha = gc.get_alpha() if gc.get_forced_alpha() else None
        if rgbFace is not None:
            classes.append(f"f-{_name_of(rgbFace)}")
            attributes += _opacity("fill", rgbFace[3] if alpha is None and len(rgbFace) > 3 else alpha)
        if gc.get_linewidth() > 0 and gc.get_rgb()[3] > 0:
            classes.append(f"s-{_name_of(gc.get_rgb())}")
            attributes += _opacity("stroke", gc.get_rgb()[3])
            attributes.append(f'stroke-width="{_number(gc.get_linewidth())}"')
            dashes: Any = gc.get_dashes()[1]
            if dashes is not None:
                attributes.append(f'stroke-dasharray="{" ".join(_number(dash) for dash in dashes)}"')
        if classes:
            self.parts.append(f'<path class="{" ".join(classes)}" {" ".join(attributes)}/>')

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: bool | str = False,
        mtext: Text | None = None,
    ) -> None:
        anchor = ""
        if mtext is not None and angle == 0:
            # From its own anchor, so that a browser's slightly other width moves only the free end.
            place = mtext.get_transform().transform(mtext.get_unitless_position())
            anchor, x = _ANCHORS[mtext.get_horizontalalignment()], float(place[0])
        turned = f' transform="rotate({_number(-angle)} {_number(x)} {_number(y)})"' if angle else ""
        told = f' text-anchor="{anchor}"' if anchor else ""
        is_bold = prop.get_weight() in ("bold", "semibold") or prop.get_weight() == 700
        classes = f"f-{_name_of(gc.get_rgb())}{' bold' if is_bold else ''}"
        size = _number(prop.get_size_in_points())
        self.parts.append(
            f'<text class="{classes}" x="{_number(x)}" y="{_number(y)}" font-size="{size}"{told}{turned}>'
            f"{escape(s)}</text>"
        )

    def draw_image(self, *_args: object, **_kwargs: object) -> None:
        raise ValueError("a figure is drawn in lines and text, not as an image made of pixels")

    def _data(self, path: Path, clip: tuple[float, float, float, float] | None, *, simplify: bool) -> str:
        drawn = []
        for points, code in path.iter_segments(clip=clip, simplify=simplify, curves=True):
            if code == Path.CLOSEPOLY:
                drawn.append("Z")
                continue
            pairs = np.asarray(points, dtype=float).reshape(-1, 2)
            if not np.isfinite(pairs).all():
                continue
            told = " ".join(f"{_number(x)} {_number(self.height - y)}" for x, y in pairs)
            drawn.append(f"{_LETTERS[code]}{told}")
        return "".join(drawn)


def _has_curves(path: Path) -> bool:
    return path.codes is not None and bool(np.isin(path.codes, (Path.CURVE3, Path.CURVE4)).any())


def _is_within(path: Path, box: Bbox) -> bool:
    extent = path.get_extents()
    return bool(box.x0 <= extent.x0 and extent.x1 <= box.x1 and box.y0 <= extent.y0 and extent.y1 <= box.y1)


def _number(value: float) -> str:
    """Return a number with at most one decimal, and none where it has none."""
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def _opacity(what: str, alpha: float | None) -> list[str]:
    return [] if alpha is None or alpha >= 1 else [f'{what}-opacity="{alpha:.2g}"']


def _name_of(colour: Any) -> str:
    written = to_hex(colour)
    if written not in theme.NAMES:
        raise ValueError(f"a figure has the colour {written}, which the theme does not name")
    return theme.NAMES[written]
