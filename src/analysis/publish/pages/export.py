"""Export an executed notebook to an HTML page that opens anywhere, with the values behind its figures as CSV files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from pathlib import Path

import nbformat
import nh3
import pandas as pd
from markupsafe import Markup
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from analysis.publish.pages.gates import PAGE_LIMIT
from analysis.publish.pages.shell import TEMPLATE, Imprint, Page, render
from analysis.report import numbers
from analysis.report.html_table import csv_text
from analysis.report.wording import Wording

FOLDER = "figures"
"""Folder of the values behind the figures, beside the pages."""

ANALYST = "analyst"
"""Tag of the cells whose outputs are for the analyst and on no page."""

BODY_LIMIT = PAGE_LIMIT - 50_000
"""Bytes of a page that its outputs may have; the rest is for its style sheet, navigation and footer."""

ROWS_KEPT = 20
"""Rows of each table on a page that is too large even without most of its pictures."""

_WIDTHS = {"wide", "third"}
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", re.DOTALL)


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
    without scripts, styles and foreign images. Where that would be more than a page may have, it draws less and then
    cuts long tables short; all values stay in the files beside it.

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
    label = words.text("Table, scrolls sideways")
    body = _render_outputs(notebook, table_label=label)
    for shorten in (draw_less, partial(cut_tables, stem=page.stem, values=values)):
        excess = len(body.encode()) - BODY_LIMIT
        if excess > 0:
            shorten(notebook, excess=excess, words=words)
            body = _render_outputs(notebook, table_label=label)
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


_IMAGE = re.compile(r'<img src="data:image/png;base64,[^"]*" alt="([^"]*)">')


def draw_less(notebook: nbformat.NotebookNode, *, excess: int, words: Wording) -> None:
    """Take pictures from a page that is too large: their finding, caption, table and file stay.

    Under each heading the first picture goes last, as a section shows what is largest or decides first.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook whose pictures are figures; its outputs are changed.
    excess : int
        Bytes to take from it.
    words : Wording
        The language of the page.
    """
    drawn: list[tuple[int, int, nbformat.NotebookNode]] = []
    place = 0
    for output in _shown_html(notebook):
        html = output["data"]["text/html"]
        if "<h2>" in html:
            place = 0
        if html.startswith("<figure") and _IMAGE.search(html):
            drawn.append((place, len(drawn), output))
            place += 1
    note = escape(
        words.text("Not drawn, so that the page can be mailed: its numbers are in the table and in the file.")
    )
    for _place, _number, output in sorted(drawn, key=lambda one: one[:2], reverse=True):
        if excess <= 0:
            return
        before = output["data"]["text/html"]
        after = _IMAGE.sub(lambda image: f'<p>{image[1]}</p><p class="note">{note}</p>', before)
        output["data"]["text/html"] = after.replace('<figure class="third">', '<figure class="wide">')
        excess -= len(before) - len(after)


def cut_tables(
    notebook: nbformat.NotebookNode, *, excess: int, words: Wording, stem: str, values: dict[str, str]
) -> None:
    """Keep the first rows of the longest tables of a page that is too large, and put all of each into a file.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook; its outputs are changed.
    excess : int
        Bytes to take from it.
    words : Wording
        The language of the page.
    stem : str
        Name of the notebook, with which the names of the files begin.
    values : dict
        Files beside the page, by path; those of the tables are added.
    """
    found = [
        (output, match[0])
        for output in _shown_html(notebook)
        for match in _TABLE.finditer(output["data"]["text/html"])
        if len(_ROW.findall(match[0])) > ROWS_KEPT + 1
    ]
    for number, (output, table) in enumerate(sorted(found, key=lambda one: -len(one[1])), start=1):
        if excess <= 0:
            return
        rows = list(_ROW.finditer(table))  # the first is that of the headers
        head, *cells = [[unescape(_TAG.sub(" ", cell)).strip() for cell in _CELL.findall(row[0])] for row in rows]
        name = f"{FOLDER}/{stem}-table-{number}.csv"
        values[name] = csv_text(pd.DataFrame(cells, columns=head))
        told = words.text(
            "The first {n} of {all} rows; all of them are in this file: ",
            n=numbers.count(ROWS_KEPT, words.language),
            all=numbers.count(len(cells), words.language),
        )
        link = f'<p class="note">{escape(told)}<a href="{escape(name)}">{escape(name)}</a></p>'
        short = f"{table[: rows[ROWS_KEPT].end()]}{table[rows[-1].end() :]}{link}"
        output["data"]["text/html"] = output["data"]["text/html"].replace(table, short, 1)
        excess -= len(table) - len(short)


def _shown_html(notebook: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from (output for output in cell.outputs if "text/html" in output.get("data", {}))


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
    "td": {"headers", "colspan", "rowspan", "data-label"},
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
