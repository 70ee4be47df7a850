"""Export an executed notebook to an HTML page that opens anywhere, with the values behind its figures as CSV files."""

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

FOLDER = "figures"
"""Folder of the values behind the figures, beside the pages."""

ANALYST = "analyst"
"""Tag of the cells whose outputs are for the analyst and on no page."""

_WIDTHS = {"wide", "third"}
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class ExportedPage:
    """A page and the files it links to.

    Attributes
    ----------
    html : str
        The page.
    values : dict
        Path of a CSV file, relative to the page → its contents: the values behind a figure of the page.
    """

    html: str
    values: dict[str, str]


def export_page(
    executed: Path, *, page: Page, pages: Sequence[Page], files: Sequence[str], imprint: Imprint, words: Wording
) -> ExportedPage:
    """Return the HTML page of an executed notebook, with the values behind its figures.

    The page holds only what code cells showed as HTML, Markdown or PNG, but for those of the analyst, and the HTML
    without scripts, styles and foreign images.

    Parameters
    ----------
    executed : Path
        The executed notebook.
    page : Page
        The page to make.
    pages : sequence of Page
        All pages of the quarter, in reading order, for the navigation.
    files : sequence of str
        Names of files beside the page that its footer links to.
    imprint : Imprint
        What the page states about its run.
    words : Wording
        The language of the page, and its fixed phrases.
    """
    notebook = nbformat.read(executed, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if ANALYST not in cell.metadata.get("tags", [])]
    values = extract_figures(notebook, stem=page.stem, words=words)
    body = _render_outputs(notebook, table_label=words.text("Table, scrolls sideways"))
    html, headings = number_headings(body)
    return ExportedPage(
        render(
            "page.html.j2", words, page=page, pages=pages, files=files, imprint=imprint, body=Markup(html),
            sections=headings,
        ),
        values,
    )  # fmt: skip


def extract_figures(notebook: nbformat.NotebookNode, *, stem: str, words: Wording) -> dict[str, str]:
    """Replace each picture of a notebook by a figure; return the values behind the figures by name of their file.

    A picture is a PNG output; an HTML output that follows it and begins with a ``figcaption`` is its caption.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook; its outputs are changed.
    stem : str
        Name of the notebook, with which the names of the files begin.
    words : Wording
        The language of the page.
    """
    values: dict[str, str] = {}
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        outputs: list[nbformat.NotebookNode] = []
        waiting = list(cell.outputs)
        while waiting:
            output = waiting.pop(0)
            if "image/png" not in output.get("data", {}):
                outputs.append(output)
                continue
            count += 1
            caption = waiting.pop(0)["data"]["text/html"] if waiting and _is_caption(waiting[0]) else ""
            link = ""
            if "text/csv" in output["data"]:
                name = f"{FOLDER}/{stem}-{count}.csv"
                values[name] = output["data"]["text/csv"]
                label = escape(words.text("The values as a file (CSV)"))
                link = f'<a class="values" href="{escape(name)}">{label}</a>'
            outputs.append(_figure(output, caption, link))
        cell.outputs = outputs
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


def number_headings(body: str) -> tuple[str, list[tuple[str, str]]]:
    """Return HTML with ids on its second-level headings, and each id with the heading's text, for the contents list.

    Parameters
    ----------
    body : str
        Sanitised HTML.
    """
    headings: list[tuple[str, str]] = []

    def add_id(match: re.Match[str]) -> str:
        headings.append((f"s{len(headings) + 1}", unescape(_TAG.sub("", match[1])).strip()))
        return f'<h2 id="{headings[-1][0]}">{match[1]}</h2>'

    return _HEADING.sub(add_id, body), headings


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


def sanitise(html: str, *, table_label: str) -> str:
    """Return HTML in which nothing runs, loads or restyles the page, and each table is in a box that scrolls.

    Parameters
    ----------
    html : str
        HTML from any source, such as the contents of received files.
    table_label : str
        Name of the box for screen readers.
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
        attribute_filter=_filter_attribute,
        url_schemes={"https", "http", "mailto", "data"},
        link_rel="noopener noreferrer",
    )


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if _OUR_IMAGE.match(value) else None
    if name == "href":
        return None if value.strip().lower().startswith("data:") else value
    if name == "tabindex":
        return value if value == "0" else None
    return value


def _render_outputs(notebook: nbformat.NotebookNode, *, table_label: str) -> str:
    config = Config()
    config.NbConvertBase.display_data_priority = ["text/html", "text/markdown"]
    exporter = TemplateExporter(
        config=config,
        template_name=TEMPLATE.name,
        template_file="outputs.html.j2",
        extra_template_basedirs=[str(TEMPLATE.parent)],
        filters={
            "safe_html": partial(sanitise, table_label=table_label),
            "markdown": _render_markdown,
        },
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # Outputs of other types, such as a plain-text repr, are left out here; nbconvert would warn about them.
            cell.outputs = [output for output in cell.outputs if _is_shown(output)]
    html, _ = exporter.from_notebook_node(notebook)
    return html


def _is_shown(output: nbformat.NotebookNode) -> bool:
    return bool({"text/html", "text/markdown"} & set(output.get("data", {})))


def _render_markdown(source: str) -> str:
    return MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True)).render(source)
