"""Periods are read as people write them, and what could be another thing is not."""

from __future__ import annotations

import unicodedata

import pytest
import xlsxwriter

from analysis.data.sources.period_text import read_period

WRITTEN = {
    "2021-09": ["2021-09", "9/2021", "09/2021", "9-2021", "09.2021", "9 / 2021", "2021/9", "T9/2021", "t09-2021",
                "Tháng 9/2021", "THÁNG 09 NĂM 2021", "Tháng 9 năm 2021", "tháng 9, năm 2021", "tháng chín/2021",
                "Tháng Chín năm 2021", "202109", "2021M09", "2021m9", "Sep-21", "Sept 2021", "september 2021",
                "2021-Sep", "2021-09-01", "2021-09-01 00:00:00", "  tháng   9/2021 "],
    "2021-01": ["Tháng Giêng/2021", "tháng một năm 2021", "Jan-21", "Jan 2021", "202101", "Tháng 01 năm 2021"],
    "2021-04": ["Tháng Tư/2021", "tháng bốn năm 2021", "Apr-21"],
    "2021-05": ["tháng năm năm 2021", "May-21", "202105"],
    "2021-11": ["tháng mười một năm 2021", "Nov 2021"],
    "2021-12": ["tháng mười hai/2021", "tháng chạp/2021", "T12.2021", "Dec-2021"],
    "2020Q3": ["2020Q3", "2020-Q3", "2020 Q3", "Q3/2020", "Q3 2020", "QIII/2020", "Quý III năm 2020", "quý 3/2020",
               "Quý III/2020", "QUÝ III, NĂM 2020", "2020 quý III", "q.3/2020"],
    "2020Q1": ["Quý I năm 2020", "quý 1 năm 2020", "Q1-2020"],
    "2020Q4": ["Quý IV/2020", "2020qiv"],
}  # fmt: skip


@pytest.mark.parametrize("label", WRITTEN)
def test_a_period_is_read_as_people_write_it(label):
    written = WRITTEN[label]
    assert [read_period(text) for text in written] == [label] * len(written)
    assert [read_period(unicodedata.normalize("NFD", text)) for text in written] == [label] * len(written)


@pytest.mark.parametrize(
    "text",
    ["", "2021", "13/2021", "0/2021", "202113", "20211", "1/9/2021", "2021-09-02", "2021-09-01 08:00:00", "Q5/2021",
     "quý V/2021", "9/21", "tháng mười ba/2021", "năm 2021", "9/1821", "ngày 1 tháng 9 năm 2021", "6 tháng 2021",
     "210901"],
)  # fmt: skip
def test_what_is_no_month_or_quarter_is_none(text):
    assert read_period(text) is None


def test_a_month_that_a_spreadsheet_made_a_date_is_the_month(bring_in, tmp_path):
    from datetime import date

    path = tmp_path / "counts.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, shown = book.add_worksheet(), book.add_format({"num_format": "mm/yyyy"})
        sheet.write_row(0, 0, ["Ky", "DonVi", "Nhan"])
        for row, day in enumerate([date(2021, 7, 1), date(2021, 8, 1), date(2021, 8, 15)], start=1):
            sheet.write_datetime(row, 0, day, shown)
            sheet.write_row(row, 1, ["Sở A", row])
    columns = {"period": "Ky", "agency": "DonVi", "received": "Nhan"}
    brought = bring_in(path, format="workbook", table="counts", columns=columns)
    assert brought.table[["period", "received"]].to_numpy().tolist() == [["2021-07", 1], ["2021-08", 2]]
    assert brought.rejected == [(4, "code_unknown")]
