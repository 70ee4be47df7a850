"""What a workbook says beside its values: errors, formulas nobody calculated, what is hidden; in XLSX, XLS and ODS."""

from __future__ import annotations

import re
import zipfile
from typing import NamedTuple

import pytest
import xlsxwriter
import xlwt

from analysis.data.sources.workbook_marks import SheetMarks, is_binary_xlsx, read_marks
from analysis.faults import BadData


class Error(NamedTuple):
    """A cell that holds an error, typed or as the result of a formula."""

    text: str
    is_formula: bool = False


class Formula(NamedTuple):
    """A cell with a formula, and its result; None: it was never calculated."""

    result: float | str | None


HEADER = ["Ky", "DonVi", "Kenh", "Nhan", "Ghi"]
MAPPING = {
    "format": "workbook",
    "table": "counts",
    "columns": {
        "period": "Ky",
        "agency": "DonVi",
        "channel": {"column": "Kenh", "codes": {"1": "counter", "2": "online"}},
        "received": "Nhan",
    },
    "ignored": ["Ghi"],
}
GOOD = ["2021-09", "Sở A", 1, 5, "x"]


def _xlsx(path, sheets, hidden=()):
    """Write an XLSX workbook as Excel leaves it: calculated, and not waiting to be."""
    draft = path.with_suffix(".draft")
    with xlsxwriter.Workbook(draft) as book:
        for name, grid in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(grid):
                for column, cell in enumerate(cells):
                    if isinstance(cell, Error):
                        sheet.write_formula(row, column, "=1/0", None, cell.text)
                    elif isinstance(cell, Formula):
                        result = {None: "NONE", "": "EMPTY"}.get(cell.result, cell.result)
                        sheet.write_formula(row, column, "=1+1", None, result)
                    elif cell is not None:
                        sheet.write(row, column, cell)
            if name in hidden:
                # The first sheet cannot be hidden while it is the active one.
                book.worksheets()[-1].hide()
        for at, sheet in enumerate(book.worksheets()):
            if sheet.name not in hidden:
                book.worksheets()[at].set_first_sheet()
                book.worksheets()[at].activate()
                break
    with zipfile.ZipFile(draft) as made, zipfile.ZipFile(path, "w") as out:
        for part in made.namelist():
            text = made.read(part)
            if part.startswith("xl/worksheets/"):
                text = re.sub(rb' t="str"><f>([^<]*)</f><v>NONE</v>', rb"><f>\1</f>", text)
                text = text.replace(b"<v>EMPTY</v>", b"<v></v>")
            out.writestr(part, text.replace(b' fullCalcOnLoad="1"', b""))


def _xls(path, sheets, hidden=()):
    book = xlwt.Workbook(encoding="utf-8")
    codes = {"#REF!": 23, "#N/A": 42, "#DIV/0!": 7}
    for name, grid in sheets.items():
        sheet = book.add_sheet(name)
        sheet.visibility = int(name in hidden)
        for row, cells in enumerate(grid):
            for column, cell in enumerate(cells):
                if isinstance(cell, Error):
                    sheet.row(row).set_cell_error(column, codes[cell.text])
                elif isinstance(cell, Formula):
                    sheet.write(row, column, xlwt.Formula("1+1"))
                elif cell is not None:
                    sheet.write(row, column, cell)
        if name in hidden:
            book.set_active_sheet(book.sheet_index(name) + 1)
    book.save(str(path))


def _ods(path, sheets, hidden=(), more=""):
    tables = []
    for name, grid in sheets.items():
        style = "off" if name in hidden else "on"
        rows = "".join(f"<table:table-row>{''.join(map(_ods_cell, cells))}</table:table-row>" for cells in grid)
        tables.append(f'<table:table table:name="{name}" table:style-name="{style}">{more}{rows}</table:table>')
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table"><style:table-properties table:display="{shown}"/>'
        "</style:style>"
        for name, shown in (("on", "true"), ("off", "false"))
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("mimetype", kind)
        out.writestr("META-INF/manifest.xml", manifest)
        out.writestr("content.xml", content)


def _ods_cell(cell):
    if isinstance(cell, Error):
        formula = ' table:formula="of:=1/0"'
        return (
            f'<table:table-cell{formula} office:value-type="string" office:string-value="" calcext:value-type="error">'
            f"<text:p>{cell.text}</text:p></table:table-cell>"
        )
    formula = ""
    if isinstance(cell, Formula):
        formula, cell = ' table:formula="of:=1+1"', cell.result
    if cell is None:
        return f"<table:table-cell{formula}/>"
    if isinstance(cell, str):
        return f'<table:table-cell{formula} office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
    return (
        f'<table:table-cell{formula} office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p>'
        "</table:table-cell>"
    )


WRITERS = {"xlsx": _xlsx, "xls": _xls, "ods": _ods}
ERRORS = ["#REF!", "#N/A", "#DIV/0!"]


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    def write(*rows, sheets=None, hidden=()):
        path = tmp_path / f"counts.{request.param}"
        WRITERS[request.param](path, sheets or {"S": [HEADER, *rows]}, hidden)
        return path

    return write


@pytest.fixture
def bring(write, bring_in):
    def bring(*rows, sheets=None, hidden=(), **mapping):
        return bring_in(write(*rows, sheets=sheets, hidden=hidden), **MAPPING | mapping)

    return bring


@pytest.mark.parametrize("column", range(4))
def test_an_error_rejects_its_row_in_every_kind_of_column(bring, column):
    row = [*GOOD]
    row[column] = Error(ERRORS[column % 3])
    brought = bring(GOOD, row, ["2021-09", "Sở A", 2, 7, "x"])
    assert brought.rejected == [(3, "cell_error")]
    assert brought.intake.rejected["reason"].tolist() == [f"{HEADER[column]}: {ERRORS[column % 3]}"]
    assert brought.table["received"].tolist() == [5, 7]


def test_an_error_in_a_column_nobody_uses_costs_nothing(bring):
    assert bring([*GOOD[:4], Error("#N/A")]).rejected == []


def test_an_error_in_a_total_row_is_one_of_the_total(bring):
    brought = bring(GOOD, ["2021-09", "Tổng", None, Error("#REF!"), None])
    assert brought.rejected == [(3, "total_row")]


def test_formulas_of_which_none_was_calculated_refuse_the_sheet(bring):
    rows = [[*GOOD[:3], Formula(None), "x"], [*GOOD[:3], Formula(None), "x"]]
    with pytest.raises(BadData, match=r"row 2: none of its 2 formulas was ever calculated, the first in 'Nhan'; open"):
        bring(*rows)


def test_a_sum_nobody_calculated_in_a_total_row_is_the_totals_fault(bring):
    brought = bring(GOOD, ["2021-09", "Tổng", None, Formula(None), None])
    assert brought.rejected == [(3, "total_row")]


def test_formulas_in_columns_nobody_uses_are_not_asked_for(bring):
    assert bring([*GOOD[:4], Formula(None)]).table["received"].tolist() == [5]


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_formula_without_a_result_among_others_rejects_its_row(bring_in, tmp_path, kind):
    # XLS has no formula without a result: a library that does not calculate writes an empty text for all of them.
    path = tmp_path / f"counts.{kind}"
    WRITERS[kind](path, {"S": [HEADER, [*GOOD[:3], Formula(6.0), "x"], [*GOOD[:3], Formula(None), "x"]]})
    brought = bring_in(path, **MAPPING)
    assert brought.rejected == [(3, "formula_without_result")]
    assert brought.table["received"].tolist() == [6]


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell(bring_in, tmp_path, kind):
    path = tmp_path / f"counts.{kind}"
    WRITERS[kind](path, {"S": [HEADER, GOOD, [*GOOD[:3], Formula(""), "x"]]})
    brought = bring_in(path, **MAPPING)
    assert brought.rejected == []
    assert brought.table["received"].isna().tolist() == [False, True]


def test_an_empty_text_is_a_result_in_an_xls_where_another_formula_has_one(tmp_path):
    path = tmp_path / "x.xls"
    _xls(path, {"S": [[Formula(None)], [Formula(None)]]})
    assert read_marks(path, "S", 0).results == {(0, 0): False, (1, 0): False}
    # The second formula gets the number 2 where the library put its empty text: eight bytes of a FORMULA record.
    content = path.read_bytes()
    empty = bytes.fromhex("0300000000 00ffff")
    assert content.count(empty) == 2
    at = content.rindex(empty)
    path.write_bytes(content[:at] + bytes.fromhex("0000000000000040") + content[at + 8 :])
    assert read_marks(path, "S", 0).results == {(0, 0): True, (1, 0): True}


def test_the_noughts_of_a_library_that_does_not_calculate_are_no_results(bring_in, tmp_path):
    path = tmp_path / "made.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, GOOD)
        sheet.write_formula(1, 3, "=2+3")
    with pytest.raises(BadData, match="none of its 1 formulas was ever calculated"):
        bring_in(path, **MAPPING)


def test_an_error_merged_downward_holds_for_each_of_its_rows(bring_in, tmp_path):
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for row in (1, 2, 4):
            sheet.write_row(row, 0, GOOD)
        sheet.merge_range(1, 1, 3, 1, "")  # over an empty row too, which is none
        sheet.write_formula(1, 1, "=1/0", None, "#N/A")
    assert bring_in(path, **MAPPING).rejected == [(2, "cell_error"), (3, "cell_error")]


def test_the_first_sheet_that_is_not_hidden_is_read(bring):
    sheets = {"Cũ": [HEADER, GOOD, GOOD], "Nay": [HEADER, GOOD]}
    brought = bring(sheets=sheets, hidden=("Cũ",))
    assert (brought.intake.accepted, brought.intake.notes) == (1, {"hidden_sheets": 1})
    named = bring(sheets=sheets, hidden=("Cũ",), sheet="Cũ")
    assert (named.intake.accepted, named.intake.notes) == (2, {})


def _hidden_in_xlsx(path):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for row in (1, 2, 3):
            sheet.write_row(row, 0, GOOD)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(3, 4, None, None, {"hidden": True})


def _hidden_in_xls(path):
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("S")
    for row, cells in enumerate([HEADER, GOOD, GOOD, GOOD]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    sheet.row(2).hidden = True
    sheet.col(3).hidden = sheet.col(4).hidden = True
    book.save(str(path))


def _hidden_in_ods(path):
    columns = (
        '<table:table-column table:number-columns-repeated="3"/>'
        '<table:table-column table:number-columns-repeated="2" table:visibility="collapse"/>'
    )
    _ods(path, {"S": [HEADER, GOOD, GOOD, GOOD]}, more=columns)
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name).decode() for name in made.namelist()}
    head, *rows = parts["content.xml"].split("<table:table-row>")
    rows[2] = " table:visibility='filter'>" + rows[2]
    parts["content.xml"] = head + "".join(
        ("<table:table-row" if row.startswith(" table") else "<table:table-row>") + row for row in rows
    )
    with zipfile.ZipFile(path, "w") as out:
        for name, text in parts.items():
            out.writestr(name, text)


@pytest.mark.parametrize("kind", WRITERS)
def test_hidden_rows_and_columns_are_read_and_said(bring_in, tmp_path, kind):
    path = tmp_path / f"hidden.{kind}"
    {"xlsx": _hidden_in_xlsx, "xls": _hidden_in_xls, "ods": _hidden_in_ods}[kind](path)
    brought = bring_in(path, **MAPPING)
    assert (brought.intake.accepted, brought.intake.notes) == (3, {"hidden_rows": 1, "hidden_columns": 2})


def test_the_content_decides_the_format_and_not_the_ending(bring_in, tmp_path):
    for kind, other in (("xlsx", "xls"), ("xls", "xlsx"), ("ods", "xlsx")):
        path = tmp_path / f"named-{kind}.{other}"
        WRITERS[kind](path, {"S": [HEADER, GOOD]})
        assert bring_in(path, **MAPPING).table["received"].tolist() == [5]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "<html><body><table><tr><td>Ky</td></tr></table></body></html>",
            "a web page under the name of a workbook; open",
        ),
        ("  <!DOCTYPE html><table>", "a web page under the name of a workbook"),
        (
            '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "the XML of 2003; open",
        ),
        ("Ky;DonVi;Kenh;Nhan\n2021-09;Sở A;1;5\n", "text, and no workbook; format: csv reads it"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_is_called_a_workbook_and_is_none_is_named(bring_in, tmp_path, content, told, encoding):
    path = tmp_path / "export.xls"
    path.write_text(content, encoding=encoding)
    with pytest.raises(BadData, match=f"export.xls: .*{told}"):
        bring_in(path, **MAPPING)


def test_a_binary_workbook_is_refused(bring_in, tmp_path):
    path = tmp_path / "counts.xlsx"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("xl/workbook.bin", b"")
    with pytest.raises(BadData, match=r"a binary workbook \(XLSB\); save it as XLSX"):
        bring_in(path, **MAPPING)


def test_a_sheet_is_read_as_other_programs_write_it(tmp_path):
    # Without references of cells and rows, with a prefix, single quotes, a shared formula, and a part named absolutely.
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "_rels/.rels": f"<Relationships xmlns='{package}'><Relationship Id='a' Type='{of}/officeDocument' "
        "Target='/xl/book.xml'/></Relationships>",
        "xl/book.xml": f"<x:workbook xmlns:x='{main}' xmlns:r='{of}'><x:sheets><x:sheet name='S' sheetId='1' r:id='s'/>"
        "</x:sheets></x:workbook>",
        "xl/_rels/book.xml.rels": f"<Relationships xmlns='{package}'><Relationship Id='s' Type='{of}/worksheet' "
        "Target='/xl/one.xml'/></Relationships>",
        "xl/one.xml": f"<x:worksheet xmlns:x='{main}'><x:cols><x:col min='2' max='3' hidden='true'/></x:cols>"
        "<x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c t='e'><x:v>#NUM!</x:v></x:c></x:row><x:row hidden='true'>"
        "<x:c><x:f t='shared' si='0'/><x:v>3</x:v></x:c><x:c><x:f t='shared' si='0'/></x:c></x:row></x:sheetData>"
        "</x:worksheet>",
    }
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w") as out:
        for name, text in parts.items():
            out.writestr(name, text)
    assert read_marks(tmp_path / "x.xlsx", "S", 0) == SheetMarks(
        errors={(0, 1): "#NUM!"}, results={(1, 0): True, (1, 1): False}, hidden_rows={1}, hidden_columns={1, 2}
    )


def test_a_part_that_is_missing_or_cut_is_a_damaged_workbook(bring_in, tmp_path):
    path = tmp_path / "whole.xlsx"
    _xlsx(path, {"S": [HEADER, [*GOOD[:4], Error("#N/A")]]})
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    for name in ("xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"):
        for text in (None, parts[name][: len(parts[name]) // 2]):
            with zipfile.ZipFile(tmp_path / "cut.xlsx", "w") as out:
                for part, whole in (parts | {name: text}).items():
                    if whole is not None:
                        out.writestr(part, whole)
            with pytest.raises(BadData, match="not a readable workbook"):
                bring_in(tmp_path / "cut.xlsx", **MAPPING)


@pytest.mark.parametrize("written", ['t = "e"', "t ='e'", 't="e"'])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_an_error_is_found_however_the_xml_is_written(tmp_path, written, encoding):
    path = tmp_path / "book.xlsx"
    _xlsx(path, {"S": [HEADER, GOOD]})
    with zipfile.ZipFile(path) as made, zipfile.ZipFile(tmp_path / "other.xlsx", "w") as out:
        for part in made.namelist():
            text = made.read(part)
            if part == "xl/worksheets/sheet1.xml":
                text = re.sub(rb'<c r="D2"><v>5</v>', f'<c r="D2" {written}><v>#N/A</v>'.encode(), text)
                text = text.decode().replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
            out.writestr(part, text)
    assert read_marks(tmp_path / "other.xlsx", "S", 0).errors == {(1, 3): "#N/A"}


def test_an_archive_damaged_anywhere_is_a_workbook_that_cannot_be_read(tmp_path):
    path = tmp_path / "book.xlsx"
    _xlsx(path, {"S": [HEADER, *[[*GOOD[:4], Formula(2)]] * 50]})
    whole, refused = path.read_bytes(), 0
    for at in range(0, len(whole), 41):
        path.write_bytes(whole[:at] + bytes(byte ^ 0xFF for byte in whole[at : at + 8]) + whole[at + 8 :])
        assert not is_binary_xlsx(path)
        try:
            read_marks(path, "S", 0)
        except ValueError:
            refused += 1
    assert refused > 20
