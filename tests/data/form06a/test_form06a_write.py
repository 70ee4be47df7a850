"""The form we write is the form we read: same numbers, real numbers, same bytes, and no formula from a name."""

from __future__ import annotations

import zipfile
from datetime import date
from xml.etree import ElementTree

import pandas as pd
import pytest
from python_calamine import load_workbook

from analysis.data.form06a.filed import broken_identities, missing_counts, reconcile
from analysis.data.form06a.layout import COUNTS
from analysis.data.form06a.read import read_form
from analysis.data.form06a.write import SIMULATED, write_form

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RIGHT = [30, 12, 8, 10, 22, 10, 9, 3, 8, 6, 2]
LARGE = [1234567, 1000000, 200000, 34567, 1200000, 700000, 450000, 50000, 34567, 30000, 4567]
NAMES = {
    "syt": "Sở Y tế",
    "ubnd-dk": "UBND huyện Diên Khánh",
    "duoc": '=HYPERLINK("x")',
    "dat-dai": "+Đất đai",
}


def _table(*rows):
    frame = pd.DataFrame([[code, *counts] for code, counts in rows], columns=["code", *COUNTS])
    return frame.astype({"code": "str"} | dict.fromkeys(COUNTS, "Int64"))


AGENCIES = _table(("syt", RIGHT), ("ubnd-dk", LARGE), ("@la", [0] * 11), (None, RIGHT))
FIELDS = _table(("duoc", RIGHT), ("dat-dai", LARGE), ("-tru", RIGHT))


def _write(path, *, simulated=True, by_agency=AGENCIES, by_field=FIELDS):
    write_form(
        path,
        by_agency=by_agency,
        by_field=by_field,
        first_day=date(2021, 6, 15),
        last_day=date(2021, 9, 14),
        reporting_body="UBND tỉnh Khánh Hòa",
        receiving_body="=Văn phòng Chính phủ",
        names=NAMES,
        simulated=simulated,
    )
    return path


@pytest.fixture
def written(tmp_path):
    return _write(tmp_path / "form-06a.xlsx")


def _part(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


@pytest.mark.parametrize(
    ("sheet", "table", "names"),
    [
        ("Đơn vị", AGENCIES, ["Sở Y tế", "UBND huyện Diên Khánh", "@la", "Không xác định"]),
        ("Lĩnh vực", FIELDS, ['=HYPERLINK("x")', "+Đất đai", "-tru"]),
    ],
)
def test_what_is_written_is_read_back(sheet, table, names, written):
    form = read_form(written, sheet=sheet)
    assert form.rows["name"].tolist() == names
    pd.testing.assert_frame_equal(form.rows[list(COUNTS)], table[list(COUNTS)])
    assert form.totals["kind"].tolist() == ["total"]
    assert form.totals[list(COUNTS)].iloc[0].tolist() == table[list(COUNTS)].sum().tolist()
    assert (form.first_day, form.last_day) == (date(2021, 6, 15), date(2021, 9, 14))
    assert form.reporting_body == "UBND tỉnh Khánh Hòa"
    assert form.receiving_body == "=Văn phòng Chính phủ"
    assert broken_identities(form).empty
    assert missing_counts(form).empty
    assert reconcile(form, table, NAMES).empty


def test_without_a_sheet_the_form_by_agency_is_read(written):
    assert read_form(written).sheet == "Đơn vị"


def test_a_missing_count_stays_a_blank_cell(tmp_path):
    table = _table(("syt", [*RIGHT[:-1], None]))
    form = read_form(_write(tmp_path / "form.xlsx", by_agency=table))
    assert missing_counts(form)[["name", "column"]].to_numpy().tolist() == [["Sở Y tế", "pending_late"]]


def test_counts_are_numbers_shown_with_thousands_and_names_are_never_formulas(written):
    for part in ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"):
        tree = ElementTree.fromstring(_part(written, part))
        assert not list(tree.iter(f"{MAIN}f"))
        assert not list(tree.iter(f"{MAIN}hyperlink"))
    cells = load_workbook(written).get_sheet_by_name("Đơn vị").to_python(skip_empty_area=False)
    row = next(cells for cells in cells if cells[1] == "UBND huyện Diên Khánh")
    assert row[2:] == LARGE
    assert 'formatCode="#,##0"' in _part(written, "xl/styles.xml")


def test_the_page_is_a_landscape_a4_one_page_wide_with_its_header_on_each(written):
    page = ElementTree.fromstring(_part(written, "xl/worksheets/sheet1.xml"))
    setup = page.find(f"{MAIN}pageSetup")
    assert (setup.get("paperSize"), setup.get("orientation"), setup.get("fitToHeight")) == ("9", "landscape", "0")
    assert page.find(f"{MAIN}sheetPr/{MAIN}pageSetUpPr").get("fitToPage") == "1"
    assert "'Đơn vị'!$7:$10" in _part(written, "xl/workbook.xml")


def test_the_header_is_merged_over_three_rows(written):
    merged = load_workbook(written).get_sheet_by_name("Đơn vị").merged_cell_ranges
    header = sorted(box for box in merged if box[0][0] >= 6)
    assert header == [
        ((6, 0), (8, 0)), ((6, 1), (8, 1)), ((6, 2), (6, 5)), ((6, 6), (6, 9)), ((6, 10), (6, 12)),
        ((7, 2), (8, 2)), ((7, 3), (7, 4)), ((7, 5), (8, 5)), ((7, 6), (8, 6)), ((7, 7), (8, 7)), ((7, 8), (8, 8)),
        ((7, 9), (8, 9)), ((7, 10), (8, 10)), ((7, 11), (8, 11)), ((7, 12), (8, 12)),
    ]  # fmt: skip


def test_simulated_data_says_so_on_each_sheet_and_real_data_does_not(tmp_path):
    simulated, real = _write(tmp_path / "simulated.xlsx"), _write(tmp_path / "real.xlsx", simulated=False)
    for name in ("Đơn vị", "Lĩnh vực"):
        texts = [
            {cell for row in load_workbook(path).get_sheet_by_name(name).to_python() for cell in row}
            for path in (simulated, real)
        ]
        assert SIMULATED in texts[0]
        assert SIMULATED not in texts[1]
    for part in ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"):
        assert SIMULATED in _part(simulated, part)  # the head of each printed page
        assert SIMULATED not in _part(real, part)


def test_the_same_counts_give_the_same_bytes(tmp_path, written):
    assert _write(tmp_path / "again.xlsx").read_bytes() == written.read_bytes()
    assert "2021-09-14T00:00:00Z" in _part(written, "docProps/core.xml")
    with zipfile.ZipFile(written) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
