"""How things look in JupyterLab, where the style sheet of the pages is not at hand and the theme may be dark."""

from __future__ import annotations

import base64
from html import escape

from analysis.report.figures.picture import Picture

WIDTH = 720
"""Pixels of a figure: about what JupyterLab gives an output beside its file browser."""

_LABEL = "color:#1f2933;padding:.4em .8em;margin:.3em 0;border-left:4px solid"
STYLES = {
    "warning": f"background:#fde8d7;{_LABEL} #d55e00;font-weight:bold",
    "note": f"background:#e8f1f8;{_LABEL} #0173b2",
}
"""Dark letters on a light ground of their own, so that a dark theme changes neither."""


def label(text: str, kind: str = "note") -> str:
    """Return a sentence as a coloured label; nothing where there is no sentence.

    Parameters
    ----------
    text : str
        The sentence; it is escaped here.
    kind : {"note", "warning"}
        How it looks.
    """
    return f'<p role="status" style="{STYLES[kind]}">{escape(text)}</p>' if text else ""


def figure_html(picture: Picture) -> str:
    """Return a figure on its own white ground, with its alt text and its caption.

    Parameters
    ----------
    picture : Picture
        The figure.
    """
    image = base64.b64encode(picture.png()).decode()
    return (
        f'<figure style="margin:0;max-width:{WIDTH}px"><img src="data:image/png;base64,{image}" '
        f'alt="{escape(picture.alt)}" style="width:{WIDTH}px;max-width:100%;background:#fff">'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )
