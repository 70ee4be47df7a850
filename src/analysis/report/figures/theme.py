"""How figures look: the colours that have names, the font of the page, and the two widths they are drawn at."""

from __future__ import annotations

import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager
from matplotlib.figure import Figure, FigureBase

from analysis.report.figures.on_page import FONT

BLUE, VERMILION, GREEN, GREY, PINK = "#0173b2", "#d55e00", "#029e73", "#949494", "#cc78bc"
"""Colours of data: the colour-blind can tell them apart, each has 3:1 on white, and none is used alone."""

INK, SOFT, EDGE, GRID, PAPER = "#1f2933", "#5b6570", "#b8c0c8", "#e6e9ec", "#ffffff"
"""Text, text beside it, axes, lines behind the data, and the ground."""

NAMES = {
    BLUE: "blue",
    VERMILION: "vermilion",
    GREEN: "green",
    GREY: "grey",
    PINK: "pink",
    INK: "ink",
    SOFT: "soft",
    EDGE: "edge",
    GRID: "grid",
    PAPER: "paper",
}
"""Every colour a figure may have → its name, which the style sheet of a page gives a light and a dark shade."""

WIDE, NARROW = 8.0, 3.4
"""Widths of a figure, inches: that of the page, and that of a telephone or of a third of the page."""

TEXT, SMALL_TEXT = 10.5, 9.0
"""Sizes of text in a wide and in a narrow figure, points: on a telephone of 360 pixels the small one has twelve."""

DPI = {WIDE: 110, NARROW: 180}
"""Dots per inch of the PNG, by width; the narrow one is drawn finer, as it may be shown larger than it is."""

_FAMILY = "Inter Variable Text"


def apply(*, narrow: bool = False) -> None:
    """Set the theme of this process.

    Parameters
    ----------
    narrow : bool
        Whether the figure has a third of the page or the screen of a telephone, and not the width of the page.
    """
    if _FAMILY not in {font.name for font in font_manager.fontManager.ttflist}:
        for file in sorted(FONT.glob("*.ttf")):
            font_manager.fontManager.addfont(file)
    size = SMALL_TEXT if narrow else TEXT
    sns.set_theme(style="whitegrid", palette=[BLUE, VERMILION, GREEN, GREY, PINK])
    mpl.rcParams.update(
        {
            "font.family": [_FAMILY, "DejaVu Sans"],
            "font.size": size,
            **dict.fromkeys(["axes.labelsize", "xtick.labelsize", "ytick.labelsize"], max(size - 1, SMALL_TEXT)),
            "axes.titlesize": size,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "text.color": INK,
            "axes.labelcolor": SOFT,
            "xtick.color": SOFT,
            "ytick.color": SOFT,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.edgecolor": EDGE,
            "grid.color": GRID,
            "text.hinting": "no_hinting",  # widths as a browser has them, not fitted to the pixels of one PNG
            "text.parse_math": False,  # names come from the office's data: a "$" in them does not begin a formula
        }
    )


def is_narrow(figure: FigureBase | None) -> bool:
    """Return whether a figure is drawn at the width of a telephone.

    Parameters
    ----------
    figure : FigureBase
        The figure.
    """
    return isinstance(figure, Figure) and figure.get_figwidth() < (NARROW + WIDE) / 2


def size_of(figure: FigureBase | None) -> float:
    """Return the size of text in a figure, points.

    Parameters
    ----------
    figure : FigureBase
        The figure.
    """
    return SMALL_TEXT if is_narrow(figure) else TEXT


def height(figure: FigureBase, of_wide: float = 3.3) -> float:
    """Return the height of a figure of one panel, inches; a narrow one is higher for its width.

    Parameters
    ----------
    figure : FigureBase
        The figure.
    of_wide : float
        Height where it is wide.
    """
    return of_wide * 0.72 if is_narrow(figure) else of_wide
