"""Where the texts of a page's drawings stand, measured with the font that the page has inside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from xml.etree import ElementTree

from fontTools.ttLib import TTFont

from analysis.report.figures.on_page import FONT


@dataclass(frozen=True)
class Line:
    """A text of a drawing with its box, in units of the drawing, y downwards."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


@cache
def _widths(weight: int) -> tuple[dict[int, str], dict[str, float]]:
    font = TTFont(FONT / f"inter-{weight}.ttf")
    per_size = font["head"].unitsPerEm
    return font.getBestCmap(), {name: advance / per_size for name, (advance, _) in font["hmtx"].metrics.items()}


def _width(text: str, size: float, weight: int) -> float:
    names, widths = _widths(weight)
    return size * sum(widths[names[ord(letter)]] for letter in text)


def lines_of(drawing: str) -> list[Line]:
    """Return the texts of a drawing; upright ones turned as they stand.

    Parameters
    ----------
    drawing : str
        An ``svg`` element.
    """
    found = []
    for one in ElementTree.fromstring(drawing).iter("text"):
        told, size = one.text or "", float(one.attrib["font-size"])
        x, y = float(one.attrib["x"]), float(one.attrib["y"])
        width = _width(told, size, 700 if "bold" in one.attrib["class"].split() else 400)
        left = {"middle": width / 2, "end": width}.get(one.attrib.get("text-anchor", ""), 0.0)
        if "transform" in one.attrib:  # upright: read from below
            found.append(Line(told, x - 0.73 * size, y - width + left, x, y + left))
        else:
            # Capitals of Inter are 0.73 of the size high; what hangs below the line is left to the eye.
            found.append(Line(told, x - left, y - 0.73 * size, x - left + width, y))
    return found


def collisions(drawing: str) -> list[str]:
    """Return the pairs of texts that lie over each other, and the texts that leave the drawing.

    Parameters
    ----------
    drawing : str
        An ``svg`` element.
    """
    left, top, width, height = (float(n) for n in ElementTree.fromstring(drawing).attrib["viewBox"].split())
    lines = lines_of(drawing)
    found = [
        f"{one.text!r} over {other.text!r}"
        for at, one in enumerate(lines)
        for other in lines[:at]
        if min(one.x1, other.x1) - max(one.x0, other.x0) > 0.5 and min(one.y1, other.y1) - max(one.y0, other.y0) > 0.5
    ]
    return found + [
        f"{one.text!r} leaves the drawing"
        for one in lines
        if one.x0 < left - 1 or one.x1 > left + width + 1 or one.y0 < top - 1 or one.y1 > top + height + 1
    ]
