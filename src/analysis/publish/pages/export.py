"""Export an executed notebook to an HTML page that opens anywhere, with the values behind its figures as CSV files."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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

from analysis.publish.pages.drawings import rebuild
from analysis.publish.pages.gates import PAGE_LIMIT
from analysis.publish.pages.shell import TEMPLATE, Imprint, Page, render
from analysis.report import numbers
from analysis.report.figures.on_page import FIGURE, figure_html
from analysis.report.html_table import csv_text
from analysis.report.wording import Wording

FOLDER = "figures"
"""Folder of the values behind the figures, beside the pages."""

ANALYST = "analyst"
"""Tag of the cells whose outputs are for the analyst and on no page."""

BODY_LIMIT = PAGE_LIMIT - 100_000
"""Bytes of a page that its outputs may have; the rest is for its style sheet, font, navigation and footer."""

ROWS_KEPT = 20
"""Rows of each table on a page that is too large even without most of its pictures."""

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

    The page holds only what code cells showed as HTML, Markdown or a figure, but for those of the analyst: the HTML
    without scripts, styles and foreign images, drawings built anew (see `drawings.rebuild`). Where that would be more
    than a page may have, it draws less and then cuts long tables short; all values stay in the files beside it.

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
    figures = extract_figures(notebook, stem=page.stem, words=words)
    values = figures.values
    label = words.text("Table, scrolls sideways")
    body = figures.drawn(_render_outputs(notebook, table_label=label))
    for shorten in (
        partial(draw_less, drawings=figures.drawings),
        partial(cut_tables, stem=page.stem, values=values),
    ):
        excess = len(body.encode()) - BODY_LIMIT
        if excess > 0:
            shorten(notebook, excess=excess, words=words)
            body = figures.drawn(_render_outputs(notebook, table_label=label))
    html, headings = number_headings(body)
    return ExportedPage(
        render(
            "page.html.j2", words, page=page, pages=pages, files=files, imprint=imprint, body=Markup(html),
            sections=headings,
        ),
        values,
    )  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """The figures of a page.

    Attributes
    ----------
    values : dict
        Path of a CSV file, relative to the page → its contents: the values behind a figure.
    drawings : dict
        A word that stands in the HTML in place of a drawing → the drawing. HTML is cleaned before they are put in, so
        that no SVG of a received file can be taken for one of ours; nobody can know the words beforehand.
    """

    values: dict[str, str] = field(default_factory=dict)
    drawings: dict[str, str] = field(default_factory=dict)

    def drawn(self, html: str) -> str:
        """Return cleaned HTML with the drawings in their places."""
        return _PLACE.sub(lambda place: self.drawings.get(place[0], ""), html)

    def place(self, drawing: str) -> str:
        """Return the word that stands for a drawing."""
        word = f"drawing-{secrets.token_hex(16)}"
        self.drawings[word] = drawing
        return word


_PLACE = re.compile(r"drawing-[0-9a-f]{32}")


def extract_figures(notebook: nbformat.NotebookNode, *, stem: str, words: Wording) -> Figures:
    """Replace each picture of a notebook by a figure, and return what the figures need.

    A picture is an output with what a page is made of (see `report.figures.picture`), or else a PNG; an HTML output
    that follows it and begins with a ``figcaption`` is its caption.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook; its outputs are changed.
    stem : str
        Name of the notebook, with which the names of the files begin.
    words : Wording
        The language of the page.
    """
    figures = Figures()
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        outputs: list[nbformat.NotebookNode] = []
        waiting = list(cell.outputs)
        while waiting:
            output = waiting.pop(0)
            if not {FIGURE, "image/png"} & set(output.get("data", {})):
                outputs.append(output)
                continue
            count += 1
            caption = waiting.pop(0)["data"]["text/html"] if waiting and _is_caption(waiting[0]) else ""
            if "text/csv" in output["data"]:
                name = f"{FOLDER}/{stem}-{count}.csv"
                figures.values[name] = output["data"]["text/csv"]
                label = escape(words.text("The values as a file (CSV)"))
                link = f'<a class="values" href="{escape(name)}">{label}</a>'
                caption = f"{caption.removesuffix('</figcaption>') or '<figcaption>'}{link}</figcaption>"
            html = _figure(output, caption, figures, name=f"{stem}, figure {count}")
            outputs.append(nbformat.v4.new_output("display_data", {"text/html": html}))
        cell.outputs = outputs
    return figures


def _is_caption(output: nbformat.NotebookNode) -> bool:
    return str(output.get("data", {}).get("text/html", "")).startswith("<figcaption>")


def _figure(output: nbformat.NotebookNode, caption: str, figures: Figures, *, name: str) -> str:
    made = output["data"].get(FIGURE)
    if made is not None:
        return figure_html(
            made, figures.place("".join(rebuild(str(one), name=name) for one in made["drawings"])), caption
        )
    alt = escape(str(output.metadata.get("image/png", {}).get("alt", "")))
    png = re.sub(r"[^A-Za-z0-9+/=]", "", output["data"]["image/png"])
    drawn = figures.place(f'<img src="data:image/png;base64,{png}" alt="{alt}">')
    return f'<figure class="wide"><div class="drawn">{drawn}</div>{caption}</figure>'


_DRAWN = re.compile(r'<div class="drawn">(drawing-[0-9a-f]{32})</div>')
_ALT = re.compile(r'(?:aria-label|alt)="([^"]*)"')


def draw_less(notebook: nbformat.NotebookNode, *, excess: int, words: Wording, drawings: Mapping[str, str]) -> None:
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
    drawings : mapping
        See `Figures`.
    """
    drawn: list[tuple[int, int, nbformat.NotebookNode, str]] = []
    number = 0
    for output in _shown_html(notebook):
        html = output["data"]["text/html"]
        if "<h2>" in html:
            number = 0
        if html.startswith("<figure") and (place := _DRAWN.search(html)):
            drawn.append((number, len(drawn), output, drawings[place[1]]))
            number += 1
    note = escape(
        words.text("Not drawn, so that the page can be mailed: its numbers are in the table and in the file.")
    )
    for *_, output, drawing in sorted(drawn, key=lambda one: one[:2], reverse=True):
        if excess <= 0:
            return
        alt = _ALT.search(drawing)
        told = f'<p>{alt[1] if alt else ""}</p><p class="note">{note}</p>'
        less = _DRAWN.sub(told.replace("\\", r"\\"), output["data"]["text/html"])
        output["data"]["text/html"] = less.replace('<figure class="third">', '<figure class="wide">')
        excess -= len(drawing.encode()) - len(told.encode())


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
