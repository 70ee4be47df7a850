"""The figures of an executed notebook: each picture made one with its caption, its table and the file of its values."""

from __future__ import annotations

import re
from html import escape

import nbformat

from analysis.report.wording import Wording

FOLDER = "figures"
"""Where the values behind the figures are, beside the pages."""

_WIDTHS = {"wide", "third"}


def gather(notebook: nbformat.NotebookNode, *, stem: str, words: Wording) -> dict[str, str]:
    """Return the values behind each figure by the name of their file, and put a figure in the place of each picture.

    A picture is an output of PNG; an HTML output that follows it and begins with a ``figcaption`` belongs to it.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook; its outputs are changed.
    stem : str
        Its name, with which the files' names begin.
    words : Wording
        The language of the page.
    """
    values: dict[str, str] = {}
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kept: list[nbformat.NotebookNode] = []
        waiting = list(cell.outputs)
        while waiting:
            output = waiting.pop(0)
            if "image/png" not in output.get("data", {}):
                kept.append(output)
                continue
            count += 1
            caption = waiting.pop(0)["data"]["text/html"] if waiting and _is_caption(waiting[0]) else ""
            link = ""
            if "text/csv" in output["data"]:
                name = f"{FOLDER}/{stem}-{count}.csv"
                values[name] = output["data"]["text/csv"]
                told = escape(words.text("The values as a file (CSV)"))
                link = f'<a class="values" href="{escape(name)}">{told}</a>'
            kept.append(_figure(output, caption, link))
        cell.outputs = kept
    return values


def _is_caption(output: nbformat.NotebookNode) -> bool:
    return str(output.get("data", {}).get("text/html", "")).startswith("<figcaption>")


def _figure(output: nbformat.NotebookNode, caption: str, link: str) -> nbformat.NotebookNode:
    about = output.metadata.get("image/png", {})
    width = about.get("class") if about.get("class") in _WIDTHS else "wide"
    png = re.sub(r"[^A-Za-z0-9+/=]", "", output["data"]["image/png"])
    image = f'<img src="data:image/png;base64,{png}" alt="{escape(str(about.get("alt", "")))}">'
    if link:
        caption = f"{caption.removesuffix('</figcaption>') or '<figcaption>'}{link}</figcaption>"
    html = f'<figure class="{width}">{image}{caption}</figure>'
    return nbformat.v4.new_output("display_data", {"text/html": html})
