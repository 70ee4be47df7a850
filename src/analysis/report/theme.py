"""How figures look: five colours that the colour-blind can tell apart, at least 3:1 on white, never used alone."""

from __future__ import annotations

import matplotlib as mpl
import seaborn as sns

BLUE, VERMILION, GREEN, GREY, PINK = "#0173b2", "#d55e00", "#029e73", "#949494", "#cc78bc"
INK = "#1f2933"
WIDTH, HEIGHT, DPI = 8.0, 3.9, 110
SMALL = (4.0, 3.0)
"""Width and height of a figure that stands beside two others; drawn finer, as it is shown a third as wide."""


def apply(*, small: bool = False) -> None:
    """Set the theme of this process, for a figure of the width of the page or, if `small`, of a third of it."""
    sns.set_theme(style="whitegrid", palette=[BLUE, VERMILION, GREEN, GREY, PINK])
    mpl.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 10.5,
            "text.color": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.edgecolor": "#b8c0c8",
            "grid.color": "#e6e9ec",
            "axes.titlelocation": "left",
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "text.parse_math": False,  # names come from the office's data: a "$" in them does not begin a formula
            "figure.titlesize": 12,
            "figure.titleweight": "bold",
            "figure.dpi": 150 if small else DPI,
            "savefig.dpi": 150 if small else DPI,
        }
    )
