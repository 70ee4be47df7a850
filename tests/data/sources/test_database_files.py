"""Tables kept by systems: typed columns give the same cases as their text does."""

from __future__ import annotations

import math
import sqlite3
from datetime import date, datetime

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.faults import BadData, BadParameters

TYPED = """
SELECT * FROM (VALUES
    ('H1', 'Đất đai', 2, TIMESTAMP '2021-09-01 09:30:15', DATE '2021-09-10', TIMESTAMP '2021-09-08 16:00:00'),
    ('H2', 'Hộ tịch', 1, TIMESTAMP '2021-09-02 00:00:00', NULL, NULL),
    ('H3', NULL, 8, TIMESTAMP '2021-09-02 00:00:00', NULL, NULL),
    (' ', 'x', 1, TIMESTAMP '2021-09-02 00:00:00', NULL, NULL)
) AS t(MaHoSo, LinhVuc, Kenh, NgayNhan, NgayHen, NgayXong)
"""
AS_TEXT = """MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong
H1,Đất đai,2,01/09/2021 09:30:15,10/09/2021,08/09/2021 16:00:00
H2,Hộ tịch,1,02/09/2021,,
H3,,8,02/09/2021,,
 ,x,1,02/09/2021,,
"""


def _parquet(path):
    duckdb.sql(TYPED).write_parquet(str(path))


def _duckdb(path):
    with duckdb.connect(path) as connection:
        connection.execute(f'CREATE SCHEMA "một cửa"; CREATE TABLE "một cửa".ho_so AS {TYPED}')
        connection.execute('CREATE VIEW "một cửa".xem AS FROM "một cửa".ho_so')


def _sqlite(path):
    rows = [[None if pd.isna(cell) else str(cell) if isinstance(cell, date | datetime) else cell for cell in row]
            for row in duckdb.sql(TYPED).fetchall()]  # fmt: skip
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE ho_so (MaHoSo, LinhVuc, Kenh, NgayNhan, NgayHen, NgayXong)")
        connection.executemany("INSERT INTO ho_so VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE VIEW xem AS SELECT * FROM ho_so")
    connection.close()


SYSTEMS = [
    (_parquet, "parquet", None),
    (_duckdb, "duckdb", "một cửa.ho_so"),
    (_duckdb, "duckdb", "một cửa.xem"),
    (_sqlite, "sqlite", "ho_so"),
    (_sqlite, "sqlite", "xem"),
]


@pytest.mark.parametrize(("write", "kind", "relation"), SYSTEMS)
def test_the_same_rows_give_the_same_cases_as_text(bring_in, tmp_path, write, kind, relation):
    name = "it's [1]* ?.db"
    path = tmp_path / name
    write(path)
    brought, text = bring_in(path, format=kind, relation=relation), bring_in(AS_TEXT)
    pd.testing.assert_frame_equal(brought.table, text.table)
    assert [code for _, code in brought.rejected] == [code for _, code in text.rejected]
    assert brought.rejected == [(3, "code_unknown"), (4, "case_id_missing")]
    assert brought.intake.rejected["raw"][0].startswith(
        "MaHoSo=1 letter, 1 digit; LinhVuc=; Kenh=1 digit; NgayNhan=2021-09-02"
    )
    assert brought.intake.file == (f"{name}:{relation}" if relation else name)


@pytest.mark.parametrize(("write", "kind", "relation"), [SYSTEMS[1], SYSTEMS[3]])
def test_a_relation_that_is_not_there_is_refused(bring_in, tmp_path, write, kind, relation):
    path = tmp_path / "system.db"
    write(path)
    for missing in ("nowhere", 'ho_so"; DROP TABLE ho_so; --', "a.b.c.d"):
        with pytest.raises(BadData, match="cannot be read"):
            bring_in(path, format=kind, relation=missing)
    with pytest.raises(BadParameters, match="the mapping names no relation"):
        bring_in(path, format=kind)
    assert bring_in(path, format=kind, relation=relation).intake.rows == 4


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "sqlite"])
@pytest.mark.parametrize("content", [b"", b"PAR1 cut", b"MaHoSo\nH1\n" * 100])
def test_a_file_of_another_kind_is_refused(bring_in, kind, content):
    with pytest.raises(BadData, match=r"not a readable Parquet file|cannot be read"):
        bring_in(content, name="system.db", format=kind, relation="ho_so")


NUMBERS = {
    "table": "counts",
    "columns": {"period": {"constant": "2021-09"}, "field": "field", "received": "received", "resolved": "resolved"},
}


@pytest.mark.parametrize(("thousands", "decimal"), [("", "."), (".", ","), (",", "."), (" ", ",")])
def test_typed_numbers_are_numbers_however_the_mapping_writes_them(bring_in, tmp_path, thousands, decimal):
    path = tmp_path / "counts.parquet"
    table = pa.table(
        {
            "field": pa.array(["a", "b", "c", "d", "e", "f", "g"]),
            "received": pa.array([1234.0, 1.5, math.nan, math.inf, 1e18, 1e300, None]),
            "resolved": pa.array([None, None, None, None, None, None, 7], pa.decimal128(18, 3)),
        }
    )
    pq.write_table(table, path)
    brought = bring_in(path, format="parquet", thousands=thousands, decimal=decimal, **NUMBERS)
    assert brought.table[["field", "received", "resolved"]].fillna(-1).to_numpy().tolist() == [
        ["a", 1234, -1],
        ["e", 10**18, -1],
        ["g", -1, 7],
    ]
    assert brought.rejected == [
        (2, "number_not_whole"),
        (3, "number_unreadable"),
        (4, "number_unreadable"),
        (6, "number_unreadable"),
    ]


def test_long_decimals_keep_every_digit(bring_in, tmp_path):
    path = tmp_path / "cases.parquet"
    duckdb.sql(
        "SELECT CAST('12345678901234567890.00' AS DECIMAL(38,2)) AS MaHoSo, 'x' AS LinhVuc, 1::DOUBLE AS Kenh, "
        "TIMESTAMP_NS '2021-09-01 10:00:00.123456789' AS NgayNhan, TIMESTAMPTZ '2021-09-01 20:00:00+00' AS NgayHen, "
        "NULL::TIMESTAMP AS NgayXong"
    ).write_parquet(str(path))
    (case,) = bring_in(path, format="parquet").table.itertuples()
    assert (case.case_id, case.channel) == ("12345678901234567890", "counter")
    assert case.accepted_at == datetime(2021, 9, 1, 10, 0, 0, 123457)
    assert case.due_at == datetime(2021, 9, 2, 3)  # in Vietnam
    (case,) = bring_in(path, format="parquet", time_zone="America/New_York").table.itertuples()
    assert case.due_at == datetime(2021, 9, 1, 16)


def test_a_time_zone_that_is_none_is_refused(bring_in):
    with pytest.raises(BadParameters, match="time_zone: there is none called 'Nowhere/Land'"):
        bring_in(AS_TEXT, time_zone="Nowhere/Land")


def test_a_day_is_a_day_though_the_mapping_writes_months_first(bring_in, tmp_path):
    path = tmp_path / "cases.parquet"
    duckdb.sql(TYPED).write_parquet(str(path))
    brought = bring_in(path, format="parquet", dates=["mm/dd/yyyy"])
    assert brought.table["due_at"].dt.date.tolist()[0] == date(2021, 9, 10)


def test_headers_that_mean_harm_are_names_and_nothing_else(bring_in, tmp_path):
    header = 'Ma"); DROP TABLE verdicts; --'
    path = tmp_path / "cases.parquet"
    pq.write_table(
        pa.table({header: ["H1"], "n": ["x"], "c0": ["1"], "Người nộp": ["Lê Văn A"], "d": [datetime(2021, 9, 1)]}),
        path,
    )
    columns = {"case_id": header, "field": "n", "channel": {"column": "c0", "codes": {"1": "counter"}},
               "accepted_at": "d", "due_at": None, "finished_at": "d"}  # fmt: skip
    brought = bring_in(path, format="parquet", columns=columns)
    assert brought.table[["case_id", "field"]].to_numpy().tolist() == [["H1", "x"]]
    assert brought.intake.dropped == ("Người nộp",)


def _file(tmp_path, kind, columns, cell):
    """Return a file of one case, with a cell of an engine's own in one column, and how it is read."""
    path = tmp_path / f"cases.{kind}"
    row = {"MaHoSo": "H1", "LinhVuc": "x", "NgayNhan": "2021-09-01", "NgayXong": None} | dict.fromkeys(columns, cell)
    if kind == "parquet":
        pq.write_table(pa.table({name: [value] for name, value in row.items()}), path)
        return path, {"format": kind}
    placeholders = ", ".join("?" * len(row))
    engine = duckdb if kind == "duckdb" else sqlite3
    with engine.connect(path) as connection:
        types = ", ".join(
            f'"{name}" {"BLOB" if isinstance(value, bytes) else "VARCHAR"}' for name, value in row.items()
        )
        connection.execute(f"CREATE TABLE ho_so ({types})")
        connection.execute(f"INSERT INTO ho_so VALUES ({placeholders})", list(row.values()))
    if kind == "sqlite":
        connection.close()
    return path, {"format": kind, "relation": "ho_so"}


ENGINES = ["parquet", "duckdb", "sqlite"]
COLUMNS = {"channel": None, "due_at": None}


@pytest.mark.parametrize("kind", ENGINES)
def test_bytes_are_text_where_they_are_utf_8(bring_in, tmp_path, kind):
    """As Impala and ClickHouse write text into Parquet: without saying that it is text."""
    path, how = _file(tmp_path, kind, ["LinhVuc"], " Đất đai ".encode())
    brought = bring_in(path, columns=COLUMNS, **how)
    assert brought.table[["case_id", "field"]].to_numpy().tolist() == [["H1", "dat-dai"]]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("column", ["MaHoSo", "LinhVuc"])
def test_bytes_that_are_no_text_are_refused_with_their_column(bring_in, tmp_path, kind, column):
    path, how = _file(tmp_path, kind, [column], "Đất đai".encode("utf-16"))
    with pytest.raises(
        BadData, match=f"column '{column}': a cell holds bytes that are no UTF-8 text; text was expected"
    ):
        bring_in(path, columns=COLUMNS, **how)


def test_text_of_sqlite_that_is_none_is_refused_with_its_column_and_not_repeated(bring_in, tmp_path):
    path = tmp_path / "system.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE ho_so (MaHoSo, LinhVuc, NgayNhan, NgayXong, ghi_chu)")
        connection.execute("INSERT INTO ho_so VALUES ('H1', 'x', '2021-09-01', NULL, CAST(x'4cea' AS TEXT))")
    connection.close()
    how = {"format": "sqlite", "relation": "ho_so"}
    assert bring_in(path, columns=COLUMNS, ignored=["ghi_chu"], **how).table["case_id"].tolist() == ["H1"]
    with pytest.raises(BadData) as refused:
        bring_in(path, columns=COLUMNS | {"field": "ghi_chu"}, ignored=["LinhVuc"], **how)
    sentence = "system.sqlite:ho_so: column 'ghi_chu': a cell holds bytes that are no UTF-8 text; text was expected"
    assert str(refused.value) == sentence


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("cell", [b"\xff\xd8\xff\xe0", b"x" * (1 << 20) + b"x"], ids=["photo", "large"])
def test_bytes_in_a_column_that_is_ignored_are_left_out(bring_in, tmp_path, kind, cell):
    path, how = _file(tmp_path, kind, ["Anh"], cell)
    brought = bring_in(path, columns=COLUMNS | {"channel": {"column": "LinhVuc", "codes": {"1": "online"}}},
                       ignored=["Anh"], **how)  # fmt: skip
    assert brought.intake.rejected["raw"].tolist() == [
        "MaHoSo=1 letter, 1 digit; LinhVuc=1 letter; NgayNhan=2021-09-01; NgayXong="
    ]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("letter", ["x", "ệ"])  # the second is three bytes long
def test_a_cell_is_at_most_a_mebibyte_long(bring_in, tmp_path, kind, letter):
    whole = letter * ((1 << 20) // len(letter.encode()))
    path, how = _file(tmp_path, kind, ["MaHoSo"], whole)
    assert bring_in(path, columns=COLUMNS, **how).table["case_id"].tolist() == [whole]
    path.unlink()
    path, how = _file(tmp_path, kind, ["MaHoSo"], whole + letter)
    where = "cases.sqlite:ho_so: " if kind == "sqlite" else f"{path.name}.*: column 'MaHoSo': "
    with pytest.raises(BadData, match=f"{where}a cell is longer than 1 MiB; text of at most 1 MiB was expected"):
        bring_in(path, columns=COLUMNS, **how)


@pytest.mark.slow
def test_a_relation_has_no_more_columns_than_a_workbook(bring_in, tmp_path):
    path = tmp_path / "cases.parquet"
    pq.write_table(pa.table({f"a{at}": pa.nulls(1) for at in range(16_385)}), path)
    with pytest.raises(BadData, match=r"cases.parquet: 16,385 columns, at most 16,384 were expected"):
        bring_in(path, format="parquet")


def test_blanks_of_every_kind_are_trimmed(bring_in, tmp_path):
    path = tmp_path / "cases.parquet"
    written = ["x", " x", "x ", "\u00a0x", "x\u202f", "\ufeffx\t", "!", "~x~", "\u00a0"]
    days = ["2021-09-01"] * len(written)
    pq.write_table(pa.table({"MaHoSo": [f"H{at}" for at in range(len(written))], "Ma": written, "Ngay": days}), path)
    columns = {"channel": None, "due_at": None, "field": None, "procedure_code": "Ma", "accepted_at": "Ngay",
               "finished_at": {"constant": "2021-09-02"}}  # fmt: skip
    codes = bring_in(path, format="parquet", columns=columns).table["procedure_code"]
    assert codes.fillna("missing").tolist() == ["x"] * 6 + ["!", "~x~", "missing"]


def test_text_of_parquet_that_is_none_is_refused_with_its_column_and_not_repeated(bring_in, tmp_path):
    path = tmp_path / "cases.parquet"
    latin = pa.array(["Bí Mật".encode("cp1258", "ignore")], pa.binary())
    said_to_be_text = pa.Array.from_buffers(pa.string(), 1, latin.buffers())
    pq.write_table(
        pa.table(
            {"MaHoSo": ["H1"], "LinhVuc": said_to_be_text, "NgayNhan": ["2021-09-01"], "NgayXong": ["2021-09-01"]}
        ),
        path,
    )
    with pytest.raises(BadData) as refused:
        bring_in(path, format="parquet", columns=COLUMNS)
    sentence = "cases.parquet: column 'LinhVuc': a cell holds bytes that are no UTF-8 text; text was expected"
    assert str(refused.value) == sentence
