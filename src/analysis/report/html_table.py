"""Tables as pages and files carry them: HTML that a screen reader can follow, and CSV that runs no formula."""

from __future__ import annotations

import re
from html import escape, unescape

import pandas as pd

from analysis.report import numbers
from analysis.report.wording import Wording

PART = "– "
"""Beginning of the header of a row that is a part of the row before it."""


def plain_table(frame: pd.DataFrame, *, caption: str) -> str:
    """Return a frame as an accessible HTML table: caption, column headers, the first column as row headers.

    Columns of words are aligned left, columns of figures right, so that digits stand under each other.

    Parameters
    ----------
    frame : pd.DataFrame
        Cells as the reader sees them; they are escaped here.
    caption : str
        The caption.
    """
    marks = [' class="words"' if _holds_words(frame.iloc[:, at]) else "" for at in range(frame.shape[1])]
    head = "".join(
        f'<th scope="col"{mark}>{escape(str(name))}</th>' for name, mark in zip(frame.columns, marks, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(str(row[0]))}</th>'
        + "".join(f"<td{mark}>{escape(str(cell))}</td>" for cell, mark in zip(row[1:], marks[1:], strict=True))
        + "</tr>"
        for row in frame.itertuples(index=False)
    )
    return (
        f'<table class="plain"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


# great_tables writes dark on white, and JupyterLab's dark theme takes the white away. A page leaves this out, as
# it does the rest of the table's style.
_IN_THE_THEME = """#{id} :is(table, caption, thead, tbody, th, td, .gt_col_headings) {{
  color: inherit !important; background-color: transparent !important;
}}"""


def great_table(frame: pd.DataFrame, row_header: str, *, id: str, caption: str) -> str:
    """Return a frame whose cells are HTML as a table of great_tables.

    Parameters
    ----------
    frame : pd.DataFrame
        The table; whatever came from outside must be escaped in it already.
    row_header : str
        The column, of plain text, that holds the headers of the rows.
    id : str
        Id of the HTML table.
    caption : str
        The caption.
    """
    # Imported here, because whoever only writes CSV text has no use for it.
    from great_tables import GT, html

    cells = [name for name in frame.columns if name != row_header]
    table = (
        GT(frame, rowname_col=row_header, id=id)
        .tab_stubhead(label=html(row_header))
        .cols_align(align="left", columns=cells)
        .fmt(lambda cell: cell, columns=cells)  # cells are HTML already
        .tab_options(table_width="100%", table_font_size="14px")
        .opt_css(_IN_THE_THEME.format(id=id))
    )
    # great_tables only has titles, which are rows of the table; a screen reader announces a caption.
    return str(table.as_raw_html()).replace("<thead", f"<caption>{escape(caption)}</caption><thead", 1)


_TAG = re.compile(r"<[^>]+>")
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_HEADER = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_CELL = re.compile(r"<td\b([^>]*>(.*?)</td>)", re.DOTALL)
_ROLES = {
    "<table": "table",
    "<thead": "rowgroup",
    "<tbody": "rowgroup",
    "<tr": "row",
    '<th scope="row"': "rowheader",
    "<th": "columnheader",
    "<td": "cell",
}
_OPENED = re.compile(rf"(?:{'|'.join(_ROLES)})(?=[\s>])")


def with_cards(table: str) -> str:
    """Return a table that a narrow screen shows as cards: a row each, and each value under the name of its column.

    A cell without a value gets no name, and with that no line in its card. Some browsers hold elements that are not
    laid out as a table for none, so each element says what it is: to a screen reader a card is a row.

    Parameters
    ----------
    table : str
        A table of `plain_table` or `great_table`.
    """
    style, start, rest = table.partition("<table")
    head, body = rest.split("<tbody", 1)
    columns = [_text(name) for name in _HEADER.findall(head)]
    body = _ROW.sub(lambda row: _as_card(row[0], columns[1:]), body)
    marked = _OPENED.sub(lambda tag: f'{tag[0]} role="{_ROLES[tag[0]]}"', f"{start}{head}<tbody{body}")
    return style + marked.replace('class="', 'class="cards ', 1)


def _as_card(row: str, columns: list[str]) -> str:
    """Return a row whose values have the names of their columns; one of a part says so."""
    names = iter(columns)

    def named(cell: re.Match[str]) -> str:
        name = next(names)
        label = "" if _text(cell[2]) in ("", numbers.MISSING) else f' data-label="{escape(name)}"'
        return f"<td{label}{cell[1]}"

    card = _CELL.sub(named, row)
    is_part = any(_text(header).startswith(PART) for header in _HEADER.findall(row))
    return card.replace("<tr", '<tr class="part"', 1) if is_part else card


def _text(cell: str) -> str:
    return unescape(_TAG.sub(" ", cell)).strip()


def verdict_mark(code: str, words: Wording) -> str:
    """Return a verdict as HTML: its shape and word as text, its colour by the class.

    Parameters
    ----------
    code : str
        The verdict, one of `wording.VERDICTS`.
    words : Wording
        The reader's language.
    """
    return f'<span class="verdict-mark verdict-{code}">{words.verdict(code)}</span>'


def _holds_words(column: pd.Series) -> bool:
    return any(letter.isalpha() for cell in column for letter in str(cell))


FORMULA_STARTS = ("=", "+", "-", "@")
"""First characters of a cell that a spreadsheet takes for a formula."""


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV, with decimal points, and an apostrophe before any text that would run as a formula.

    References
    ----------
    OWASP, "CSV Injection".
    """
    safe = frame.rename(columns=_without_formula)
    for at, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_datetime64_any_dtype(kind):
            safe.isetitem(at, safe.iloc[:, at].map(_without_formula, na_action="ignore"))
    return safe.to_csv(index=False, lineterminator="\n")


def _without_formula(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    one_line = cell.replace("\r", " ")  # a spreadsheet begins a new row at it, even inside a cell
    return f"'{one_line}" if one_line.lstrip().startswith(FORMULA_STARTS) else one_line
