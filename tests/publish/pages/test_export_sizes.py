"""A page that would be too large draws less, then cuts tables short, and loses no value."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
import pandas as pd
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output

from analysis.publish.pages.export import ROWS_KEPT, ExportedPage, export_page
from analysis.publish.pages.gates import check_page
from analysis.publish.pages.shell import Imprint, Page
from analysis.report.html_table import plain_table
from analysis.report.wording import Wording

EN = Wording("en")
IMPRINT = Imprint(plan_title="Plan", quarter="Q3", as_of="day", generated="now", status="draft", status_text="Draft",
                  signed_by=None, simulated=None, hidden=None)  # fmt: skip


def _picture(alt: str, kilobytes: int) -> list[nbformat.NotebookNode]:
    png = base64.b64encode(b"x" * (kilobytes * 750)).decode()  # base64 has four bytes for three
    data = {"image/png": png, "text/csv": "a\n1\n"}
    return [
        new_output("display_data", data, metadata={"image/png": {"alt": alt, "class": "wide"}}),
        _html(f"<figcaption>Caption of {alt}<table><tr><td>1</td></tr></table></figcaption>"),
    ]


def _html(text: str) -> nbformat.NotebookNode:
    return new_output("display_data", {"text/html": text})


def _exported(folder: Path, *outputs: nbformat.NotebookNode) -> tuple[ExportedPage, BeautifulSoup]:
    notebook = new_notebook(cells=[new_code_cell("page.all()", outputs=list(outputs))])
    nbformat.write(notebook, folder / "06_x.ipynb")
    page = Page("06_x", "Promises")
    exported = export_page(folder / "06_x.ipynb", page=page, pages=[page], files=[], imprint=IMPRINT, words=EN)
    check_page(exported.html, name="06_x.html")
    return exported, BeautifulSoup(exported.html, "html.parser")


def _drawn(page: BeautifulSoup) -> list[str]:
    return [str(image["alt"]) for image in page.find_all("img")]


def test_a_page_that_is_small_enough_draws_everything(tmp_path: Path) -> None:
    _, page = _exported(tmp_path, _html("<h2>A</h2>"), *_picture("a1: 1%", 600), *_picture("a2: 2%", 600))
    assert _drawn(page) == ["a1: 1%", "a2: 2%"]


def test_one_that_is_not_keeps_the_first_picture_of_each_section_longest(tmp_path: Path) -> None:
    exported, page = _exported(
        tmp_path,
        *(_html("<h2>A</h2>"), *_picture("a1: 1%", 400), *_picture("a2: 2%", 400)),
        *(_html("<h2>B</h2>"), *_picture("b1: 3%", 400), *_picture("b2: 4%", 400)),
    )
    assert _drawn(page) == ["a1: 1%", "a2: 2%", "b1: 3%"]
    last = page.find_all("figure")[-1]
    assert last.get_text(" ", strip=True).startswith("b2: 4% Not drawn, so that the page can be mailed")
    assert "Caption of b2" in last.figcaption.get_text()
    assert last.table is not None
    assert last.find_all("a")[-1]["href"] == "figures/06_x-4.csv"
    assert exported.values["figures/06_x-4.csv"] == "a\n1\n"


def test_one_of_tables_alone_has_their_beginning_and_all_of_it_in_files(tmp_path: Path) -> None:
    rows = 1500
    long = pd.DataFrame({"Body": [f"=body {n}" for n in range(rows)], "Why": ["word " * 200] * rows})
    exported, page = _exported(tmp_path, _html("<h2>A</h2>"), _html(plain_table(long, caption="All bodies")))
    table = page.find("table")
    assert len(table.tbody.find_all("tr")) == ROWS_KEPT
    note = page.find("a", href="figures/06_x-table-1.csv").parent
    assert note.get_text().startswith("The first 20 of 1,500 rows; all of them are in this file: ")
    lines = exported.values["figures/06_x-table-1.csv"].splitlines()
    # The header and every row; what a spreadsheet would run does not run.
    assert (len(lines), lines[0], lines[-1].split(",")[0]) == (rows + 1, "Body,Why", f"'=body {rows - 1}")
