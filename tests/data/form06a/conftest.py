"""Forms as offices file them, made cell by cell: real XLSX by XlsxWriter, real legacy XLS by xlwt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
import xlwt
from filed_forms import GRID, MASTHEAD

from analysis.data.form06a.layout import COUNTS
from analysis.data.form06a.read import Form06a


def _cells(grid, shift):
    for row, cells in enumerate(grid):
        for column, value in enumerate(cells, start=shift):
            if value != "":
                yield row, column, value


@pytest.fixture
def xlsx(tmp_path):
    """Write a grid as XLSX and return the path; formulas are given as (formula, value)."""

    def write(grid=GRID, *, name="filed.xlsx", sheet="Sheet1", hidden_first=False, shift=0) -> Path:
        path = tmp_path / name
        with xlsxwriter.Workbook(path) as book:
            if hidden_first:
                book.add_worksheet("Nháp").hide()
            page = book.add_worksheet(sheet)
            if hidden_first:
                page.activate()
            day = book.add_format({"num_format": "dd/mm/yyyy"})
            for row, column, value in _cells(grid, shift):
                if isinstance(value, tuple):
                    page.write_formula(row, column, value[0], None, value[1])
                elif hasattr(value, "year"):
                    page.write_datetime(row, column, value, day)
                else:
                    page.write(row, column, value)
        return path

    return write


@pytest.fixture
def xls(tmp_path):
    """Write a grid as legacy XLS with the header's cells merged and an empty first column; return the path."""

    def write(grid=GRID, *, name="filed.xls", shift=1) -> Path:
        path = tmp_path / name
        book = xlwt.Workbook(encoding="utf-8")
        page = book.add_sheet("Sheet1", cell_overwrite_ok=True)
        for row, column, value in _cells(grid, shift):
            page.write(row, column, value)
        top = len(MASTHEAD)
        for first, last, left, right in [
            (0, 2, 0, 0),
            (0, 2, 1, 1),
            (0, 0, 2, 5),
            (0, 0, 6, 9),
            (0, 0, 10, 12),
            (1, 1, 3, 4),
        ]:
            page.merge(top + first, top + last, left + shift, right + shift)
        book.save(str(path))
        return path

    return write


def _rows(records, columns):
    frame = pd.DataFrame(records, columns=[*columns, *COUNTS])
    return frame.astype(dict.fromkeys(COUNTS, "Int64"))


@pytest.fixture
def form():
    """Make a form: rows are (line, section, name, counts), totals (line, kind, name, from, to, counts)."""

    def make(rows, totals=(), **said) -> Form06a:
        blank = Form06a(
            path=Path("form.xlsx"), sheet="Sheet1", first_day=None, last_day=None, reporting_body=None,
            receiving_body=None,
            rows=_rows([[*row[:-1], *row[-1]] for row in rows], ["line", "section", "name"]),
            totals=_rows([[*row[:-1], *row[-1]] for row in totals], ["line", "kind", "name", "from_line", "to_line"]),
        )  # fmt: skip
        return replace(blank, **said)

    return make
