"""The sections of a page: each second-level heading gets a name that the list of contents links to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from pathlib import Path

import nbformat
import nh3
from markupsafe import Markup
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from analysis.publish.pages.shell import TEMPLATE, Imprint, Page, render
from analysis.report.wording import Wording

_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def numbered(body: str) -> tuple[str, list[tuple[str, str]]]:
    """Return a page's contents with ids on its second-level headings, and each id with the heading's text.

    Parameters
    ----------
    body : str
        Sanitised HTML.
    """
    found: list[tuple[str, str]] = []

    def name(match: re.Match[str]) -> str:
        found.append((f"s{len(found) + 1}", unescape(_TAG.sub("", match[1])).strip()))
        return f'<h2 id="{found[-1][0]}">{match[1]}</h2>'

    return _HEADING.sub(name, body), found


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


_TAGS = {
    *("h2", "h3", "h4", "p", "div", "span", "section", "article", "aside", "header", "footer", "br", "hr", "wbr"),
    *("strong", "em", "b", "i", "u", "s", "small", "sub", "sup", "mark", "abbr", "code", "pre", "kbd", "q", "cite"),
    *("blockquote", "time", "data", "ul", "ol", "li", "dl", "dt", "dd", "a", "figure", "figcaption", "img"),
    *("details", "summary", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "*": {"class", "id", "lang", "dir", "title", "role"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "div": {"tabindex"},
    "th": {"scope", "headers", "colspan", "rowspan", "abbr"},
    "td": {"headers", "colspan", "rowspan"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "ol": {"start"},
    "time": {"datetime"},
    "data": {"value"},
}
_OUR_IMAGE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+\Z")


@dataclass(frozen=True)
class Exported:
    """A page and the files it links to.

    Attributes
    ----------
    html : str
        The page.
    values : dict
        Path of a CSV file from the page → what is in it: the values behind a figure of the page.
    """

    html: str
    values: dict[str, str]


def export_page(
    executed: Path, *, page: Page, pages: Sequence[Page], files: Sequence[str], imprint: Imprint, words: Wording
) -> Exported:
    """Return the HTML page of an executed notebook, with the values behind its figures.

    Only what code cells showed as HTML, Markdown or PNG is on it, HTML without scripts, styles and foreign images.

    Parameters
    ----------
    executed : Path
        The executed notebook.
    page : Page
        The page to make.
    pages : sequence of Page
        All pages of the quarter, in reading order, for the navigation.
    files : sequence of str
        Files beside the page that its foot links to.
    imprint : Imprint
        What the page says about its run.
    words : Wording
        The language of the page, and what its furniture says in it.
    """
    notebook = nbformat.read(executed, as_version=4)
    values = gather(notebook, stem=page.stem, words=words)
    body = _outputs(notebook, table_label=words.text("Table, scrolls sideways"))
    html, headings = numbered(body)
    return Exported(
        render(
            "page.html.j2", words, page=page, pages=pages, files=files, imprint=imprint, body=Markup(html),
            sections=headings,
        ),
        values,
    )  # fmt: skip


def sanitised(html: str, *, table_label: str) -> str:
    """Return HTML with nothing in it that runs, loads or restyles, each table in a box that scrolls by itself.

    Parameters
    ----------
    html : str
        HTML from anywhere, cell contents of received files included.
    table_label : str
        What a screen reader calls the box.
    """
    # Wrapped before cleaning, not after: whatever a "<table" inside an attribute breaks, cleaning makes harmless.
    box = f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(table_label)}">'
    boxed = re.sub(r"<table\b", lambda match: box + match[0], html, flags=re.IGNORECASE)
    boxed = re.sub(r"</table\s*>", lambda match: match[0] + "</div>", boxed, flags=re.IGNORECASE)
    return nh3.clean(
        boxed,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        generic_attribute_prefixes={"aria-"},
        attribute_filter=_attribute,
        url_schemes={"https", "http", "mailto", "data"},
        link_rel="noopener noreferrer",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if _OUR_IMAGE.match(value) else None
    if name == "href":
        return None if value.strip().lower().startswith("data:") else value
    if name == "tabindex":
        return value if value == "0" else None
    return value


def _outputs(notebook: nbformat.NotebookNode, *, table_label: str) -> str:
    config = Config()
    config.NbConvertBase.display_data_priority = ["text/html", "text/markdown"]
    exporter = TemplateExporter(
        config=config,
        template_name=TEMPLATE.name,
        template_file="outputs.html.j2",
        extra_template_basedirs=[str(TEMPLATE.parent)],
        filters={
            "safe_html": partial(sanitised, table_label=table_label),
            "markdown": _markdown,
        },
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # A plain-text repr beside nothing we show is left out here, where nbconvert would warn about it.
            cell.outputs = [output for output in cell.outputs if _is_shown(output)]
    html, _ = exporter.from_notebook_node(notebook)
    return html


def _is_shown(output: nbformat.NotebookNode) -> bool:
    return bool({"text/html", "text/markdown"} & set(output.get("data", {})))


def _markdown(source: str) -> str:
    return MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True)).render(source)
