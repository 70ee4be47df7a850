"""Workbooks as filed: titles, merged headers, totals, dates and numbers typed or written; XLSX and XLS alike."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
import xlsxwriter
import xlwt

from analysis.faults import BadData


def _xlsx(path, grid, merged=(), sheets=("Hồ sơ",)):
    with xlsxwriter.Workbook(path) as book:
        formats = {
            datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"}),
            date: book.add_format({"num_format": "dd/mm/yyyy"}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        for name in sheets:
            sheet = book.add_worksheet(name)
            for top, left, bottom, right, text in merged:
                sheet.merge_range(top, left, bottom, right, text)
            for row, cells in enumerate(grid):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        sheet.write(row, column, cell, formats.get(type(cell)))


def _xls(path, grid, merged=(), sheets=("Hồ sơ",)):
    book = xlwt.Workbook(encoding="utf-8")
    formats = {
        datetime: xlwt.easyxf(num_format_str="DD/MM/YYYY HH:MM:SS"),
        date: xlwt.easyxf(num_format_str="DD/MM/YYYY"),
        time: xlwt.easyxf(num_format_str="HH:MM"),
    }
    for name in sheets:
        sheet = book.add_sheet(name)
        for top, left, bottom, right, text in merged:
            sheet.write_merge(top, bottom, left, right, text)
        for row, cells in enumerate(grid):
            for column, cell in enumerate(cells):
                if cell is not None:
                    sheet.write(row, column, cell, formats.get(type(cell), xlwt.Style.default_style))
    book.save(str(path))


WRITERS = {"xlsx": _xlsx, "xls": _xls}
HEADER = ["MaHoSo", "LinhVuc", "Kenh", "NgayNhan", "NgayHen", "NgayXong"]


@pytest.fixture(params=["xlsx", "xls"])
def bring(request, bring_in, tmp_path):
    def bring(grid, merged=(), sheets=("Hồ sơ",), **mapping):
        path = tmp_path / f"filed.{request.param}"
        WRITERS[request.param](path, grid, merged, sheets)
        return bring_in(path, format="workbook", **mapping)

    return bring


def _days(brought, column):
    return [f"{one:%d/%m/%Y %H:%M:%S}" for one in brought.table[column]]


def test_typed_and_written_dates_stand_side_by_side(bring):
    grid = [
        HEADER,
        ["H1", "Đất đai", 2, datetime(2021, 9, 3, 7, 8, 9), date(2021, 9, 10), "08/09/2021"],
        ["H2", "Đất đai", "2", "03/09/2021 07:08:09", "10/09/2021", date(2021, 9, 8)],
    ]
    brought = bring(grid)
    assert _days(brought, "accepted_at") == ["03/09/2021 07:08:09"] * 2
    assert _days(brought, "due_at") == ["10/09/2021 00:00:00"] * 2
    assert _days(brought, "finished_at") == ["08/09/2021 00:00:00"] * 2
    assert brought.table["channel"].tolist() == ["online"] * 2


def test_times_keep_their_second_though_a_workbook_keeps_fractions_of_a_day(bring):
    seconds = [datetime(2021, 9, 3, at // 3600, at // 60 % 60, at % 60) for at in range(0, 86_400, 97)]
    brought = bring([HEADER, *[[f"H{at}", "x", 1, one, None, None] for at, one in enumerate(seconds)]])
    assert brought.table["accepted_at"].tolist() == seconds


def test_titles_an_empty_first_column_and_empty_rows_change_no_line(bring):
    grid = [
        [None, "SỞ TÀI NGUYÊN VÀ MÔI TRƯỜNG"],
        [],
        [None, "DANH SÁCH HỒ SƠ"],
        [None, *HEADER],
        [None, "H1", "Đất đai", 2, "03/09/2021", None, None],
        [],
        [None, "H2", "Đất đai", 9, "03/09/2021", None, None],
        [],
        [],
    ]
    brought = bring(grid)
    assert (brought.intake.rows, brought.rejected) == (2, [(7, "code_unknown")])
    assert brought.intake.rejected["raw"].tolist() == [
        "MaHoSo=1 letter, 1 digit; LinhVuc=6 letters, 2 words; Kenh=1 digit; NgayNhan=03/09/2021; NgayHen=; NgayXong="
    ]


COUNTS = {
    "table": "counts",
    "header_rows": 3,
    "thousands": ".",
    "columns": {
        "period": {"constant": "2021Q3"},
        "field": "Lĩnh vực",
        "received": "Số hồ sơ nhận giải quyết Tổng số",
        "resolved": "Số hồ sơ đã giải quyết",
    },
    "ignored": ["STT", "Số hồ sơ nhận giải quyết Trong kỳ Trực tuyến", "Số hồ sơ nhận giải quyết Trong kỳ Khác"],
}
MERGED = [
    (1, 0, 3, 0, "STT"),
    (1, 1, 3, 1, "Lĩnh vực"),
    (1, 2, 1, 4, "Số hồ sơ nhận giải quyết"),
    (2, 2, 3, 2, "Tổng số"),
    (2, 3, 2, 4, "Trong kỳ"),
    (1, 5, 3, 5, "Số hồ sơ\nđã giải quyết"),
]
TABLE = [
    ["BÁO CÁO"],
    [],
    [],
    [None, None, None, "Trực tuyến", "Khác"],
    [1, "Đất đai", 1234, 1000, 234, "1.200"],
    [2, "Hộ tịch", "1.234", "1.000", 234, 1234.5],
    [3, "Thuế", -5, None, None, "\u22125"],
    [4, "Xây dựng", "1.23", None, None, 7],
    ["Tổng cộng", None, 2468, 2000, 468, 2434.5],
    [None, "Tổng số phí", 1, 1, 1, 1],
]


def test_a_header_merged_over_three_rows_is_read_from_top_to_bottom(bring):
    brought = bring(TABLE, MERGED, **COUNTS)
    assert brought.table[["period", "field", "received", "resolved"]].to_numpy().tolist() == [
        ["2021Q3", "dat-dai", 1234, 1200],
        ["2021Q3", "tong-so-phi", 1, 1],
    ]
    assert brought.rejected == [
        (6, "number_not_whole"),
        (7, "number_negative"),
        (8, "number_unreadable"),
        (9, "total_row"),
    ]
    assert brought.intake.rejected["reason"].tolist()[:3] == [
        "Số hồ sơ đã giải quyết: '1234,5'",
        "Số hồ sơ nhận giải quyết Tổng số: '-5'",
        "Số hồ sơ nhận giải quyết Tổng số: 3 digits, 1 sign",
    ]


def test_a_merged_cell_below_the_header_counts_once(bring):
    merged = [*MERGED, (4, 2, 5, 2, 100)]
    rows = [[1, "Đất đai", None, None, None, 1], [2, "Hộ tịch", None, None, None, 1]]
    brought = bring([*TABLE[:4], *rows], merged, **COUNTS)
    assert brought.table["received"].fillna(-1).tolist() == [100, -1]


GROUPED = {
    "table": "counts",
    "columns": {
        "period": "Kỳ",
        "agency": "Đơn vị",
        "channel": {"column": "Kênh", "codes": {"Trực tuyến": "online", "Trực tiếp": "counter"}},
        "received": "Nhận",
    },
    "ignored": ["STT"],
}
GROUPS = [
    ["STT", "Kỳ", "Đơn vị", "Kênh", "Nhận"],
    [None, None, None, "Trực tuyến", 5],
    [None, None, None, "Trực tiếp", 7],
    [None, None, None, "Tổng số", 12],
    [2, None, "Sở B", "Trực tuyến", 1],
    [],
    [3, None, "Sở C", "Trực tiếp", None],
]


def test_a_cell_merged_downward_holds_for_each_of_its_rows_but_a_number_counts_once(bring):
    merged = [
        (1, 0, 3, 0, 1),
        (1, 1, 6, 1, "2021-09"),  # over an empty row too, which is none
        (1, 2, 3, 2, "Sở A"),
        (4, 4, 6, 4, 1),
    ]
    grid = [*GROUPS[:4], *([*row[:4], None] for row in GROUPS[4:])]
    brought = bring(grid, merged, **GROUPED)
    told = brought.table[["period", "agency", "channel", "received"]].fillna(-1)
    assert told.to_numpy().tolist() == [
        ["2021-09", "so-a", "online", 5],
        ["2021-09", "so-a", "counter", 7],
        ["2021-09", "so-b", "online", 1],
        ["2021-09", "so-c", "counter", -1],
    ]
    # The total is told by its own first cell, not by the name merged over its row.
    assert brought.rejected == [(4, "total_row")]
    assert brought.intake.rejected["reason"].tolist() == ["Kênh: 'Tổng số'"]


def test_a_total_merged_over_several_rows_is_a_total_in_each(bring):
    grid = [GROUPS[0], [None, "2021-09", None, "Trực tuyến", 1], [None, "2021-09", None, "Trực tuyến", 1]]
    columns = GROUPED["columns"] | {"agency": "STT"}
    mapping = GROUPED | {"columns": columns, "ignored": ["Đơn vị"]}
    brought = bring([*grid, [None, None, None, "Trực tuyến", 2]], [(1, 0, 2, 0, "Tổng")], **mapping)
    assert brought.rejected[:2] == [(2, "total_row"), (3, "total_row")]


def test_a_cell_of_the_header_merged_into_the_rows_below_is_none_of_theirs(bring):
    grid = [[*GROUPS[0][:2], None, *GROUPS[0][3:]], [1, "2021-09", None, "Trực tuyến", 5]]
    brought = bring(grid, [(0, 2, 1, 2, "Đơn vị")], **GROUPED)
    assert brought.table["agency"].isna().tolist() == [True]


def test_a_case_merged_over_two_rows_stands_twice(bring):
    grid = [HEADER, [None, "x", 1, "01/09/2021", None, None], [None, "y", 1, "01/09/2021", None, "08/09/2021"]]
    brought = bring(grid, [(1, 0, 2, 0, "H1")])
    assert brought.table[["case_id", "field"]].to_numpy().tolist() == [["H1", "y"]]
    assert brought.rejected == [(2, "duplicate_case_id")]


def test_the_sheet_is_the_one_the_mapping_names(bring):
    grid = [HEADER, ["H1", "x", 1, "03/09/2021", None, None]]
    brought = bring(grid, sheets=("Bìa", "Quý 3"), sheet="Quý 3")
    assert brought.intake.file in ("filed.xlsx:Quý 3", "filed.xls:Quý 3")
    assert bring(grid, sheets=("Bìa", "Quý 3")).intake.file in ("filed.xlsx", "filed.xls")
    with pytest.raises(BadData, match="there is no sheet 'Quý 4'; it has Bìa, Quý 3"):
        bring(grid, sheets=("Bìa", "Quý 3"), sheet="Quý 4")


def test_a_sheet_that_is_a_chart_is_passed_over(bring_in, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "filed.xlsx") as book:
        chart = book.add_chart({"type": "column"})
        book.add_chartsheet("Biểu đồ").set_chart(chart)
        sheet = book.add_worksheet("Hồ sơ")
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["H1", "x", 1, "03/09/2021"])
        chart.add_series({"values": ["Hồ sơ", 1, 2, 1, 2]})
    assert bring_in(tmp_path / "filed.xlsx", format="workbook").table["case_id"].tolist() == ["H1"]


def test_a_sheet_without_the_header_tells_what_comes_closest(bring):
    with pytest.raises(BadData, match="row 2 comes closest and lacks NgayXong"):
        bring([["Danh sách"], HEADER[:-1], ["H1", "x", 1, "03/09/2021", None]])
    with pytest.raises(BadData, match="none of the first 40 has any of Kenh, LinhVuc, MaHoSo"):
        bring([["Danh sách"]])
    with pytest.raises(BadData, match="none of the first 40 has any of"):
        bring([])


def test_a_sheet_with_nothing_below_its_header_is_refused(bring):
    with pytest.raises(BadData, match="no row below the header"):
        bring([HEADER, [], []])


def test_cells_of_every_type_become_text(bring):
    long = "9" * 15
    grid = [
        HEADER,
        [float(long), "x", 1.0, datetime(2021, 9, 3), None, None],
        ["  H2 ", True, 1, datetime(2021, 9, 3), None, None],
        ["H3", 12.5, 1, time(10, 30), None, None],
        ["H4", "x", 1, 44449, None, None],
    ]
    brought = bring(grid)
    assert brought.table["case_id"].tolist() == [long, "H2"]
    assert brought.table["field"].tolist() == ["x", "true"]
    assert brought.rejected == [(4, "date_unreadable"), (5, "date_unreadable")]


@pytest.mark.parametrize("name", ["filed.xlsx", "filed.xls"])
@pytest.mark.parametrize("content", [b"", b"MaHoSo,LinhVuc\n1,2\n", b"<html><table></table></html>", b"PK\x03\x04 cut"])
def test_what_is_no_workbook_is_refused(bring_in, name, content):
    with pytest.raises(BadData, match=r"not a readable workbook|text, and no workbook|a web page"):
        bring_in(content, name=name, format="workbook")


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_cut_off_is_refused(bring_in, tmp_path, kind, share):
    path = tmp_path / f"filed.{kind}"
    WRITERS[kind](path, [HEADER, *[[f"H{at}", "x", 1, "03/09/2021", None, None] for at in range(500)]])
    content = path.read_bytes()
    with pytest.raises(BadData, match=r"not a readable workbook|no header|inside a row"):
        bring_in(content[: int(len(content) * share)], name=path.name, format="workbook")
