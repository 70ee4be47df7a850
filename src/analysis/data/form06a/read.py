"""A form II.06a as its office filed it, with all the mess such files come with."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from analysis.data.form06a.body import read_body
from analysis.data.form06a.cells import Sheet
from analysis.data.form06a.header import Table, find_table
from analysis.data.form06a.masthead import read_masthead
from analysis.faults import BadData


@dataclass(frozen=True)
class Form06a:
    """One form as filed: nothing is corrected, and a blank count is missing, not 0.

    Attributes
    ----------
    path : Path
        The file.
    sheet : str
        Its sheet.
    first_day, last_day : date or None
        The period as the form names it, both days within it; None when it does not.
    reporting_body, receiving_body : str or None
        Who reports and to whom, as the form says.
    rows : pd.DataFrame
        `line` (row on the sheet, from 1), `section`, `name` and the 11 counts of `layout.COUNTS` in cases: the rows
        that count cases.
    totals : pd.DataFrame
        Rows that sum others: `line`, `kind` (``total`` or ``section``), `name`, `from_line`, `to_line` and the counts.
    """

    path: Path
    sheet: str
    first_day: date | None
    last_day: date | None
    reporting_body: str | None
    receiving_body: str | None
    rows: pd.DataFrame
    totals: pd.DataFrame


def read_form(path: Path, *, sheet: str | None = None) -> Form06a:
    """Return the form in a workbook.

    Parameters
    ----------
    path : Path
        An XLSX or a legacy XLS, told apart by their content.
    sheet : str or None
        Which sheet; None takes the first visible one that holds a form.

    Raises
    ------
    BadData
        The file is no workbook, no sheet holds a form, or the form cannot be right: file, sheet, row, column, found
        and expected.
    """
    one, table = _find(path, _sheets(path, sheet))
    masthead = read_masthead(one, table.header_row)
    rows, totals = read_body(one, table)
    if rows.empty:
        raise BadData(f"{path} sheet {one.name!r}: no row below row {table.first_row} counts any cases")
    return Form06a(
        path=path,
        sheet=one.name,
        first_day=masthead.first_day,
        last_day=masthead.last_day,
        reporting_body=masthead.reporting_body,
        receiving_body=masthead.receiving_body,
        rows=rows,
        totals=totals,
    )


def _sheets(path: Path, wanted: str | None) -> list[Sheet]:
    try:
        # By content, not by ending: portals hand out XLSX files called .xls.
        with CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes())) as workbook:
            shown = [
                one.name
                for one in workbook.sheets_metadata
                if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
            ]
            if wanted is not None and wanted not in workbook.sheet_names:
                raise BadData(f"{path}: a sheet {wanted!r} was expected, found {', '.join(workbook.sheet_names)}")
            return [
                Sheet(path, name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
                for name in (shown if wanted is None else [wanted])
            ]
    except FileNotFoundError as error:
        raise BadData(f"{path}: there is no such file, a form II.06a was expected") from error
    except CalamineError as error:
        raise BadData(f"{path}: not a readable XLSX or XLS workbook ({error})") from error


def _find(path: Path, sheets: list[Sheet]) -> tuple[Sheet, Table]:
    for sheet in sheets:
        if table := find_table(sheet):
            return sheet, table
    names = ", ".join(repr(sheet.name) for sheet in sheets)
    raise BadData(
        f"{path} sheet {names}: no row has the headers 'Số hồ sơ nhận giải quyết', 'Số hồ sơ đã giải quyết' and"
        " 'Số hồ sơ đang giải quyết' of form II.06a"
    )
