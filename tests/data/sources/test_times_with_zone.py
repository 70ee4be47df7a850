"""A time with a zone is one moment, whatever file it comes in: it is stored as local time in the mapping's zone."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

ISO = ["%Y-%m-%dT%H:%M:%S%z"]
COLUMNS = {"channel": None, "due_at": None, "field": None}
# Four moments, by their time in Greenwich, and what a clock in Hanoi, seven hours ahead, showed. In the evening of
# Greenwich it is the next day there, and after the fourteenth the next reporting month.
MOMENTS = ["2021-09-01T01:00:00", "2021-09-14T20:00:00", "2021-09-14T16:59:59", "2021-09-14T17:00:00"]
IN_HANOI = [datetime(2021, 9, 1, 8), datetime(2021, 9, 15, 3), datetime(2021, 9, 14, 23, 59, 59), datetime(2021, 9, 15)]
# The same four as systems write them.
TEXTS = ["2021-09-01T01:00:00Z", "2021-09-14T20:00:00+00:00", "2021-09-14T23:59:59+0700", "2021-09-15T00:00:00+07"]
HEADER = ["MaHoSo", "NgayNhan", "NgayXong"]


def _rows(times):
    return [(f"H{at}", time, None) for at, time in enumerate(times)]


def _csv(path, times):
    path.write_text("".join(f"{','.join(cell or '' for cell in row)}\n" for row in [HEADER, *_rows(times)]))
    return {"format": "csv", "dates": ISO}


def _workbook(path, times):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([HEADER, *_rows(times)]):
            sheet.write_row(at, 0, row)
    return {"format": "workbook"}


def _sqlite(path, times):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE ho_so (MaHoSo, NgayNhan, NgayXong)")
        connection.executemany("INSERT INTO ho_so VALUES (?, ?, ?)", _rows(times))
    connection.close()
    return {"format": "sqlite", "relation": "ho_so"}


def _parquet(path, times, kind=None):
    columns = [[f"H{at}" for at in range(len(times))], pa.array(times, kind or pa.string()), pa.nulls(len(times))]
    pq.write_table(pa.table(dict(zip(HEADER, columns, strict=True))), path)
    return {"format": "parquet"}


def _duckdb(path, times, kind="VARCHAR"):
    with duckdb.connect(path) as connection:
        connection.execute(f"CREATE TABLE ho_so (MaHoSo VARCHAR, NgayNhan {kind}, NgayXong TIMESTAMP)")
        connection.executemany("INSERT INTO ho_so VALUES (?, ?, ?)", _rows(times))
    return {"format": "duckdb", "relation": "ho_so"}


@pytest.mark.parametrize("write", [_csv, _workbook, _sqlite, _parquet, _duckdb])
def test_a_text_with_a_zone_is_the_same_moment_from_every_source(bring_in, tmp_path, write):
    path = tmp_path / "received"
    how = write(path, TEXTS)
    assert bring_in(path, columns=COLUMNS, **how).table["accepted_at"].tolist() == IN_HANOI
    new_york = bring_in(path, columns=COLUMNS, time_zone="America/New_York", **how).table["accepted_at"]
    assert new_york[:2].tolist() == [datetime(2021, 8, 31, 21), datetime(2021, 9, 14, 16)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_typed_moment_is_that_moment_in_every_unit(bring_in, tmp_path, unit):
    moments = pd.to_datetime(MOMENTS, utc=True).to_pydatetime().tolist()
    how = _parquet(tmp_path / "moments", moments, pa.timestamp(unit, "UTC"))
    assert bring_in(tmp_path / "moments", columns=COLUMNS, **how).table["accepted_at"].tolist() == IN_HANOI
    # Without a zone it is what the clock showed.
    clock = pd.to_datetime(MOMENTS).to_pydatetime().tolist()
    how = _parquet(tmp_path / "clock", clock, pa.timestamp(unit))
    assert bring_in(tmp_path / "clock", columns=COLUMNS, **how).table["accepted_at"].tolist() == clock


@pytest.mark.parametrize("kind", ["TIMESTAMPTZ", "TIMESTAMPTZ_NS"])
def test_a_moment_of_a_database_is_that_moment(bring_in, tmp_path, kind):
    how = _duckdb(tmp_path / "system.db", TEXTS, kind)
    assert bring_in(tmp_path / "system.db", columns=COLUMNS, **how).table["accepted_at"].tolist() == IN_HANOI


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2021-09-14T20:00Z", datetime(2021, 9, 15, 3)),
        ("2021-09-14 20:00:00 +00:00", datetime(2021, 9, 15, 3)),
        ("2021-09-14 20:00:00.250+00", datetime(2021, 9, 15, 3, 0, 0, 250_000)),
        ("2021-09-14T20:00:00.123456789Z", datetime(2021, 9, 15, 3, 0, 0, 123_456)),
        ("2021-09-14 20:00:00z", datetime(2021, 9, 15, 3)),
        ("2021-09-14 15:30-0430", datetime(2021, 9, 15, 3)),
        ("\u00a02021-09-14T20:00:00Z ", datetime(2021, 9, 15, 3)),
        # Without a zone nothing moves.
        ("2021-09-14T20:00:00", datetime(2021, 9, 14, 20)),
        ("2021-09-14 20:00", datetime(2021, 9, 14, 20)),
        ("2021-09-14", datetime(2021, 9, 14)),
        ("14/09/2021 20:00:00", datetime(2021, 9, 14, 20)),
    ],
)
def test_a_text_is_read_with_its_zone_and_without_one_as_it_stands(bring_in, tmp_path, text, local):
    how = _parquet(tmp_path / "cases", [text])
    assert bring_in(tmp_path / "cases", columns=COLUMNS, **how).table["accepted_at"].tolist() == [local]


@pytest.mark.parametrize(
    "text",
    ["20:00:00Z", "2021-09-14Z", "2021-09-14+07:00", "2021-09-14 08:00:00 PM", "2021-09-14 20:00:00+25:00",
     "2021-09-14 20:00:00 ICT", "2021-09-14 20:00:00 UTC", "2021-09-14 20:00:00 BC", "14/09/2021 20:00:00Z"],
)  # fmt: skip
def test_what_stands_behind_a_time_is_never_dropped_in_silence(bring_in, tmp_path, text):
    how = _parquet(tmp_path / "cases", [text, "2021-09-14"])
    assert bring_in(tmp_path / "cases", columns=COLUMNS, **how).rejected == [(1, "date_unreadable")]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dates", [["yyyy-mm-dd HH:MM:SS", "yyyy-mm-dd"], ["%Y-%m-%dT%H:%M:%S", "yyyy-mm-dd"]])
def test_a_csv_whose_mapping_names_no_zone_has_no_time_with_one(bring_in, text, dates):
    received = f"MaHoSo,NgayNhan,NgayXong\nH1,{text},\nH2,2021-09-14,\n"
    assert bring_in(received, columns=COLUMNS, dates=dates).rejected == [(2, "date_unreadable")]


def test_formats_with_and_without_a_zone_stand_in_one_csv(bring_in):
    received = "MaHoSo,NgayNhan,NgayXong\nH1,2021-09-14T20:00:00Z,\nH2,14/09/2021,\nH3,2021-09-15T03:00:00+07:00,\n"
    table = bring_in(received, columns=COLUMNS, dates=[*ISO, "dd/mm/yyyy"]).table
    assert table["accepted_at"].tolist() == [datetime(2021, 9, 15, 3), datetime(2021, 9, 14), datetime(2021, 9, 15, 3)]


@pytest.mark.parametrize("dates", [ISO, [*ISO, "dd/mm/yyyy HH:MM"], ["dd/mm/yyyy", "%d/%m/%Y", *ISO]])
@pytest.mark.parametrize(
    "text",
    ["2021-02-30T20:00:00Z", "2021-02-29T08:00:00+07:00", "2021-04-31T08:00:00+07", "2021-09-14T20:00:00+25:00"],
)
def test_a_csv_has_no_day_and_no_zone_that_there_is_not(bring_in, dates, text):
    received = f"MaHoSo,NgayNhan,NgayXong\nH1,{text},\nH2,2021-02-28T20:00:00Z,\n"
    taken = bring_in(received, columns=COLUMNS, dates=dates)
    assert taken.rejected == [(2, "date_unreadable")]
    assert taken.table["accepted_at"].tolist() == [datetime(2021, 3, 1, 3)]


def test_a_zone_may_stand_before_the_year(bring_in):
    received = "MaHoSo,NgayNhan,NgayXong\nH1,Tue Sep 14 20:00:00 +0000 2021,\nH2,Tue Feb 30 20:00:00 +0000 2021,\n"
    taken = bring_in(received, columns=COLUMNS, dates=["%a %b %d %H:%M:%S %z %Y"])
    assert taken.rejected == [(3, "date_unreadable")]
    assert taken.table["accepted_at"].tolist() == [datetime(2021, 9, 15, 3)]
