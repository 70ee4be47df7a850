"""A filed form is read as filed: what its office wrote, whatever mess it came in."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime

import pandas as pd
import pytest
from filed_forms import (
    BODY,
    DIEN_KHANH,
    FIRST_BODY_ROW,
    FOOT,
    FORMULAS,
    GRID,
    HEADER,
    HEALTH,
    HOME_AFFAIRS,
    MASTHEAD,
    SUM,
    TRUONG_SA,
)

from analysis.data.form06a.filed import broken_identities, missing_counts
from analysis.data.form06a.layout import COUNTS
from analysis.data.form06a.read import read_form
from analysis.faults import BadData


def _with_body(*rows):
    return [*MASTHEAD, *HEADER, FORMULAS, *rows, *FOOT]


def _counts(frame):
    return frame[list(COUNTS)].to_numpy().tolist()


def _changed(row, column, value, grid=GRID):
    """The grid with one cell changed; row from 1 as on the sheet, column by its letter."""
    changed = deepcopy(grid)
    changed[row - 1][ord(column) - ord("A")] = value
    return changed


@pytest.mark.parametrize("ending", ["xlsx", "xls"])
def test_a_form_in_every_mess_is_read_as_filed(ending, xlsx, xls):
    form = read_form(xlsx() if ending == "xlsx" else xls())
    rows = form.rows
    assert rows[["line", "section", "name"]].to_numpy().tolist() == [
        [FIRST_BODY_ROW + 1, "Cấp tỉnh", "Sở Nội vụ"],
        [FIRST_BODY_ROW + 2, "Cấp tỉnh", "Sở Y tế"],
        [FIRST_BODY_ROW + 4, "Cấp huyện", "UBND huyện Diên Khánh"],
        [FIRST_BODY_ROW + 5, "Cấp huyện", "UBND huyện Trường Sa"],
    ]
    assert _counts(rows) == [HOME_AFFAIRS, HEALTH, DIEN_KHANH, TRUONG_SA]
    totals = form.totals
    assert totals[["line", "kind", "name", "from_line", "to_line"]].to_numpy().tolist() == [
        [FIRST_BODY_ROW + 3, "section", "Cấp huyện", FIRST_BODY_ROW + 4, len(GRID)],
        [FIRST_BODY_ROW + 6, "total", "Tổng cộng", FIRST_BODY_ROW, len(GRID)],
    ]
    assert _counts(totals) == [DIEN_KHANH, SUM]
    assert (form.first_day, form.last_day) == (date(2021, 6, 15), date(2021, 9, 14))
    assert form.reporting_body == "UBND tỉnh Khánh Hòa"
    assert form.receiving_body == "Văn phòng Chính phủ"
    assert set(rows[list(COUNTS)].dtypes.astype(str)) == {"Int64"}
    assert missing_counts(form).empty
    assert broken_identities(form).empty


def test_an_xlsx_called_xls_is_read_by_its_content(xlsx):
    assert len(read_form(xlsx(name="portal.xls")).rows) == 4


def test_the_form_is_found_on_the_first_visible_sheet_that_holds_one(xlsx):
    path = xlsx(hidden_first=True, sheet="Biểu 06a")
    assert read_form(path).sheet == "Biểu 06a"
    assert read_form(path, sheet="Biểu 06a").sheet == "Biểu 06a"
    with pytest.raises(BadData, match=r"filed\.xlsx: a sheet 'Khác' was expected, found Nháp, Biểu 06a"):
        read_form(path, sheet="Khác")


def test_empty_columns_and_rows_around_the_table_change_nothing(xlsx):
    assert _counts(read_form(xlsx([[], [], *GRID], shift=3)).rows) == _counts(read_form(xlsx()).rows)


def test_formulas_are_read_by_their_value(xlsx):
    grid = _changed(FIRST_BODY_ROW + 6, "C", ("=SUM(C10:C16)", 1364))
    assert _counts(read_form(xlsx(grid)).totals)[1] == SUM


def test_a_blank_count_is_missing_and_said_so(xlsx):
    grid = _changed(FIRST_BODY_ROW + 1, "F", "")
    grid = _changed(FIRST_BODY_ROW + 5, "M", " ", grid)
    form = read_form(xlsx(grid))
    assert pd.isna(form.rows.loc[0, "carried_over"])
    assert missing_counts(form).to_numpy().tolist() == [
        [FIRST_BODY_ROW + 1, "Sở Nội vụ", "carried_over"],
        [FIRST_BODY_ROW + 5, "UBND huyện Trường Sa", "pending_late"],
    ]


def test_a_body_that_reports_nothing_stays_a_row_without_counts(xlsx):
    form = read_form(xlsx(_with_body(["1", "Sở Y tế", *HEALTH], ["2", "Sở Du lịch"])))
    assert form.rows["name"].tolist() == ["Sở Y tế", "Sở Du lịch"]
    assert missing_counts(form)["column"].tolist() == list(COUNTS)


@pytest.mark.parametrize("name", ["Tổng cộng", "TỔNG SỐ", "Cộng", "Tổng", "Tổng cộng (I + II)", "Tổng số:"])
def test_totals_are_kept_apart_wherever_they_stand(name, xlsx):
    rows = [["1", "Sở Y tế", *HEALTH], ["2", "Sở Nội vụ", *HOME_AFFAIRS]]
    above, below = (
        read_form(xlsx(_with_body(["", name, *SUM], *rows))),
        read_form(xlsx(_with_body(*rows, [name, "", *SUM]))),
    )
    for form in (above, below):
        assert form.rows["name"].tolist() == ["Sở Y tế", "Sở Nội vụ"]
        assert form.totals["kind"].tolist() == ["total"]


def test_bodies_whose_names_look_like_totals_without_diacritics_are_rows(xlsx):
    rows = [["1", "Công an tỉnh", *HEALTH], ["2", "Công Thương", *HEALTH], ["3", "Tổng cục Thuế", *HEALTH]]
    assert read_form(xlsx(_with_body(*rows))).rows["name"].tolist() == ["Công an tỉnh", "Công Thương", "Tổng cục Thuế"]


def test_a_total_at_the_foot_of_a_section_sums_that_section(xlsx):
    form = read_form(
        xlsx(
            _with_body(
                ["", "Sở, ban, ngành"],
                ["1", "Sở Y tế", *HEALTH],
                ["", "Cộng", *HEALTH],
                ["", "Huyện"],
                ["1", "Diên Khánh", *DIEN_KHANH],
                ["2", "Trường Sa", *TRUONG_SA],
                ["", "Cộng các huyện", *DIEN_KHANH],
                ["", "Tổng cộng", *[a + b for a, b in zip(HEALTH, DIEN_KHANH, strict=True)]],
            )
        )
    )
    first = FIRST_BODY_ROW
    assert form.rows["section"].tolist() == ["Sở, ban, ngành", "Huyện", "Huyện"]
    assert form.totals[["kind", "from_line", "to_line"]].to_numpy().tolist() == [
        ["section", first + 1, first + 1],
        ["section", first + 4, first + 5],
        ["total", first, len(MASTHEAD) + 4 + 8 + len(FOOT)],
    ]
    assert broken_identities(form).empty


def test_sections_nest_and_one_without_rows_counts_itself(xlsx):
    form = read_form(
        xlsx(
            _with_body(
                ["A. Cấp tỉnh"],
                ["I", "Sở Y tế", *HEALTH],
                ["1", "Dược", *HEALTH],
                ["1.1", "Bán lẻ thuốc", *HEALTH],
                ["1.2", "Bán buôn thuốc", *TRUONG_SA],
                ["II", "Sở Nội vụ", *HOME_AFFAIRS],
                ["B", "Cấp huyện"],
                ["", "Xã", *DIEN_KHANH],
            )
        )
    )
    assert form.rows[["section", "name"]].to_numpy().tolist() == [
        ["Cấp tỉnh / Sở Y tế / Dược", "Bán lẻ thuốc"],
        ["Cấp tỉnh / Sở Y tế / Dược", "Bán buôn thuốc"],
        ["Cấp tỉnh", "Sở Nội vụ"],
        ["Cấp huyện", "Xã"],
    ]
    first = FIRST_BODY_ROW
    assert form.totals[["name", "from_line", "to_line"]].to_numpy().tolist() == [
        ["Sở Y tế", first + 2, first + 4],
        ["Dược", first + 3, first + 4],
    ]


def test_a_row_of_plain_numbers_under_the_header_counts_no_cases(xlsx):
    numbers = [*MASTHEAD, *HEADER, list(range(1, 14)), ["1", "Sở Y tế", *HEALTH]]
    without = [*MASTHEAD, *HEADER, ["1", "Sở Y tế", *HEALTH]]
    assert _counts(read_form(xlsx(numbers)).rows) == _counts(read_form(xlsx(without)).rows) == [HEALTH]


def test_columns_are_found_by_their_headers_and_remarks_are_left(xlsx):
    grid = [[*row, *[""] * (13 - len(row))] for row in _with_body(["1", "Sở Y tế", *HEALTH])]
    grid[len(MASTHEAD)].append("Ghi chú")
    grid[len(MASTHEAD) + 4].append("chưa kể hồ sơ liên thông")
    for row in grid[len(MASTHEAD) : len(MASTHEAD) + 5]:
        row[7], row[8] = row[8], row[7]
    grid[len(MASTHEAD)][8] = ""
    assert _counts(read_form(xlsx(grid)).rows) == [HEALTH]


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("Từ ngày 15/06/2021 đến ngày 14/09/2021", ("2021-06-15", "2021-09-14")),
        ("(từ 15-12-2020 đến hết ngày 14.3.2021)", ("2020-12-15", "2021-03-14")),
        ("Từ ngày 15 tháng 6 năm 2021 đến ngày 14 tháng 9 năm 2021", ("2021-06-15", "2021-09-14")),
        ("từ ngày 15/12 đến ngày 14/3/2021", ("2020-12-15", "2021-03-14")),
        ("từ ngày 15/6 đến ngày 14/9/2021", ("2021-06-15", "2021-09-14")),
        ("Kỳ báo cáo: Quý III/2021", (None, None)),
    ],
)
def test_the_period_is_read_in_the_ways_it_is_written(said, days, xlsx):
    form = read_form(xlsx([["", said], *HEADER, FORMULAS, *BODY]))
    assert (form.first_day, form.last_day) == tuple(date.fromisoformat(day) if day else None for day in days)


def test_a_period_spread_over_cells_with_real_days_is_read(xlsx):
    row = ["Từ ngày", datetime(2021, 6, 15), "đến ngày", datetime(2021, 9, 14)]
    assert read_form(xlsx([row, *HEADER, *BODY])).last_day == date(2021, 9, 14)


@pytest.mark.parametrize(
    ("row", "bodies"),
    [
        (["Đơn vị báo cáo: Sở Y tế - Đơn vị nhận báo cáo: UBND tỉnh"], ("Sở Y tế", "UBND tỉnh")),
        (["Cơ quan báo cáo:", "", "Sở Y tế", "Cơ quan nhận báo cáo:", "UBND tỉnh"], ("Sở Y tế", "UBND tỉnh")),
        (["Đơn vị báo cáo: ……….", "Đơn vị nhận báo cáo:"], (None, None)),
        (["Đơn vị tính: hồ sơ"], (None, None)),
    ],
)
def test_who_reports_to_whom_is_read_where_it_is_said(row, bodies, xlsx):
    form = read_form(xlsx([row, ["II.06a"], *HEADER, *BODY]))
    assert (form.reporting_body, form.receiving_body) == bodies


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (12.5, "'12.5'"),
        (1.234, "'1.234'"),
        (-3, "'-3'"),
        (1e300, "301 digits"),
        ("02583822229999999999", "20 digits"),
        ("Trần Thị A", "8 letters, 3 words"),
        (("=1/0", "#DIV/0!"), "'#DIV/0!'"),
        (("=A1", "#N/A"), "'#N/A'"),
        (("=1+2", 0), "'a formula without a result'"),
        ("1.234,5", "'1.234,5'"),
        ("-3", "'-3'"),
        ("12.34", "'12.34'"),
        ("1,234", "'1,234'"),
        ("ba", "2 letters"),
        (True, "4 letters"),
        (datetime(2021, 4, 1), "8 digits, 2 signs"),
    ],
)
def test_what_is_no_count_is_named_by_its_cell(value, found, xlsx):
    with pytest.raises(BadData, match=r"filed\.xlsx sheet 'Sheet1' row 10 column E: found") as refused:
        read_form(xlsx(_changed(10, "E", value)))
    assert f"found {found}" in str(refused.value)
    assert "expected a whole number of cases, 0 or more" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((10, "B", ""), "row 10 column B: found 'a blank cell', expected the name"),
        ((3, "B", "Từ ngày 31/6/2021 đến ngày 14/9/2021"), "row 3: found the period 'Từ ngày 31/6/2021 đến ngày"),
        ((3, "B", "Từ ngày 15/9/2021 đến ngày 14/6/2021"), "expected two days of the calendar, the first not after"),
        ((6, "I", "Đúng và trước hạn"), "row 6 column I: found 'Đúng và trước hạn', expected the header of one column"),
        ((7, "E", "Trực tuyến"), "row 7 column E: found 'Trực tuyến', expected the header of one column"),
        ((7, "E", "Dịch vụ bưu chính"), "row 7 column E: found 'Dịch vụ bưu chính', expected the header of one column"),
        ((6, "M", ""), "row 5 column C: found 'Số hồ sơ nhận giải quyết', expected a header with a column (13)"),
        ((5, "K", "Số hồ sơ có thư xin lỗi"), "row 6 column K: found 'Tổng số', expected the header of one column"),
        ((5, "A", "Mã"), "row 5 column A: found 'Mã', expected 'TT' or 'STT' to the left of the counts"),
        ((5, "B", ""), "row 5 column B: found 'a blank cell', expected the header of the column with the names"),
    ],
)
def test_a_form_that_cannot_be_right_is_refused_in_one_sentence(change, sentence, xlsx):
    with pytest.raises(BadData, match=r"filed\.xlsx sheet 'Sheet1'") as refused:
        read_form(xlsx(_changed(*change)))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_form_without_rows_is_refused(xlsx):
    with pytest.raises(BadData, match="no row below row 8 counts any cases"):
        read_form(xlsx([*MASTHEAD, *HEADER, FORMULAS, *FOOT]))


def test_a_workbook_without_a_form_is_refused(xlsx):
    with pytest.raises(BadData, match=r"sheet 'Sheet1': no row has the headers 'Số hồ sơ nhận giải quyết'"):
        read_form(xlsx([["TT", "Tên", "Số hồ sơ đã giải quyết"], [1, "a", 2]]))


@pytest.mark.parametrize("content", [b"", b"<html>bi\xe1\xbb\x83u 06a</html>", b"PK\x03\x04cut"])
def test_what_is_no_workbook_is_refused(content, tmp_path):
    path = tmp_path / "filed.xls"
    path.write_bytes(content)
    with pytest.raises(BadData, match=r"filed\.xls: not a readable XLSX or XLS workbook"):
        read_form(path)


def test_a_file_cut_off_is_refused(xlsx, xls):
    for path in (xlsx(), xls()):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
        with pytest.raises(BadData, match="not a readable XLSX or XLS workbook"):
            read_form(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"none\.xlsx: there is no such file"):
        read_form(tmp_path / "none.xlsx")
