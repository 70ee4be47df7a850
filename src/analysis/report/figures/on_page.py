"""A figure as it stands on a page: what an executed notebook has of it, its HTML, and the font it is drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

FIGURE = "application/vnd.dung-hen.figure+json"
"""Type of the output that a page is made from. No other viewer knows it: JupyterLab and nbconvert show the PNG."""

FONT = Path(__file__).parents[1] / "font"
"""Folder of the font: as files that matplotlib draws with, and as the file that stands in a page."""

_WIDTHS = ("wide", "third")


def figure_html(bundle: Mapping[str, Any], drawn: str, caption: str) -> str:
    """Return a figure as HTML for a page.

    Parameters
    ----------
    bundle : mapping
        See `Picture.bundle`; its texts are escaped here.
    drawn : str
        The drawings, or what stands for them.
    caption : str
        The ``figcaption`` element.
    """
    width = bundle["width"] if bundle["width"] in _WIDTHS else "wide"
    head = f'<p class="message">{escape(bundle["title"])}</p><p class="statistic">{escape(bundle["statistic"])}</p>'
    return f'<figure class="{width}">{head}<div class="drawn">{drawn}</div>{caption}</figure>'
