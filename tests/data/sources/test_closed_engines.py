"""A received file reads nothing else: what stands beside it on this machine is found in nothing that is written."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

import analysis.data
from analysis.cli import main
from analysis.data.sql import closed_connection, literal, scratch_connection

CANARY = "canary-5417"
ROW = "SELECT 'H1' AS MaHoSo, 'x' AS LinhVuc, '1' AS Kenh, DATE '2021-09-01' AS NgayNhan, NULL AS NgayXong"
MAPPING = """
about: {title: t, source: s}
table: cases
columns:
  case_id: MaHoSo
  field: LinhVuc
  channel: {column: Kenh, codes: {"1": counter, "2": online}}
  accepted_at: NgayNhan
  finished_at: NgayXong
"""
BEYOND = "reads beyond the tables of the received file; export its rows as a table and bring that in"


@pytest.fixture
def place(tmp_path):
    """A machine: a folder for the received file and, beside it, files with the canary that nobody sent."""
    (tmp_path / "received").mkdir()
    for name in ("canary.csv", "received/canary.csv"):
        (tmp_path / name).write_text(f"LinhVuc\n{CANARY}\n")
    frame = pd.DataFrame({"LinhVuc": [CANARY]})
    frame.to_parquet(tmp_path / "canary.parquet")
    (tmp_path / "canary.json").write_text(f'{{"LinhVuc": "{CANARY}"}}')
    with sqlite3.connect(tmp_path / "canary.sqlite") as database:
        frame.to_sql("ho_so", database, index=False)
    database.close()
    with duckdb.connect(tmp_path / "canary.duckdb") as database:
        database.execute("CREATE TABLE ho_so AS FROM frame")
    return tmp_path


def _ingest(place, path, kind, relation="ho_so"):
    """Bring a file in by the command; nothing that it writes or says holds the canary."""
    (place / "mapping.yml").write_text(f"{MAPPING}format: {kind}\nrelation: {relation}\n", encoding="utf-8")
    out = place / "out"
    arguments = ["ingest", str(path), "--source", str(place / "mapping.yml"), "--out", str(out), "--reject-limit", "1"]
    result = CliRunner().invoke(main, arguments)
    written = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    for table in out.rglob("*.parquet"):
        written += pd.read_parquet(table).to_csv().encode()
    assert CANARY.encode() not in written
    assert CANARY not in result.output
    assert "Traceback" not in result.output
    return result


REACHES = {
    "read_csv": "FROM read_csv('{place}/canary.csv')",
    "beside it": "FROM read_csv('{place}/received/canary.csv')",
    "upwards": "FROM read_csv('{place}/received/../canary.csv')",
    "read_csv_auto": "FROM read_csv_auto('{place}/canary.csv')",
    "read_text": "SELECT content AS LinhVuc FROM read_text('{place}/canary.csv')",
    "read_blob": "SELECT content AS LinhVuc FROM read_blob('{place}/canary.csv')",
    "glob": "SELECT file AS LinhVuc FROM glob('{place}/canary-*')",
    "read_parquet": "FROM read_parquet('{place}/canary.parquet')",
    "a file as a table": "FROM '{place}/canary.parquet'",
    "parquet_schema": "SELECT name AS LinhVuc FROM parquet_schema('{place}/canary.parquet')",
    "parquet_metadata": "SELECT stats_min_value AS LinhVuc FROM parquet_metadata('{place}/canary.parquet')",
    "read_json": "FROM read_json('{place}/canary.json')",
    "sniff_csv": "SELECT Columns AS LinhVuc FROM sniff_csv('{place}/canary.csv')",
    "read_duckdb": "FROM read_duckdb('{place}/canary.duckdb', table_name = 'ho_so')",
    "sqlite_scan": "FROM sqlite_scan('{place}/canary.sqlite', 'ho_so')",
    "https": "FROM read_csv('https://canary.invalid/canary.csv')",
    "s3": "FROM read_parquet('s3://canary/canary.parquet')",
    "query": "FROM query('FROM read_csv(''{place}/canary.csv'')')",
    "query_table": "FROM query_table('{place}/canary.parquet')",
    "an extension": "SELECT CAST(st_point(1, 2) AS VARCHAR) AS LinhVuc",
}


@pytest.mark.parametrize("reach", REACHES)
def test_a_view_of_duckdb_reads_nothing_beyond_its_file(place, reach):
    path = place / "received" / "system.duckdb"
    select = REACHES[reach].format(place=place)
    with duckdb.connect(path) as database:
        # Who made the file had extensions that are not here: the text is not looked into until it is used.
        database.execute("CREATE MACRO reach() AS 'SELECT 1 AS LinhVuc'")
        database.execute(
            f"CREATE VIEW ho_so AS SELECT * REPLACE (reached.LinhVuc AS LinhVuc) FROM ({ROW}), query(reach()) reached"
        )
        database.execute(f"CREATE OR REPLACE MACRO reach() AS {literal(select)}")
    result = _ingest(place, path, "duckdb")
    assert (result.exit_code, f"system.duckdb:ho_so: it {BEYOND}" in result.stderr) == (3, True), result.output


def test_a_view_of_duckdb_sees_no_frame_of_this_process(place, monkeypatch):
    frame = pd.DataFrame(
        {"MaHoSo": ["H1"], "LinhVuc": [CANARY], "Kenh": "1", "NgayNhan": "2021-09-01", "NgayXong": None}
    )
    monkeypatch.setattr("analysis.data.sources.database.frame_in_memory", frame, raising=False)
    path = place / "received" / "system.duckdb"
    with duckdb.connect(path) as database:
        database.execute(f"CREATE TABLE frame_in_memory AS {ROW}")
        database.execute("CREATE VIEW ho_so AS FROM frame_in_memory; DROP TABLE frame_in_memory")
    result = _ingest(place, path, "duckdb")
    assert (result.exit_code, "relation 'ho_so' cannot be read" in result.stderr) == (3, True)


def test_a_database_of_duckdb_with_a_log_beside_it_is_read_whole(place):
    """Its system still works: the last rows stand in the log."""
    path = place / "received" / "it's [1]* ?.duckdb"
    with duckdb.connect(path) as database:
        database.execute(f"CREATE TABLE ho_so AS {ROW}; CHECKPOINT; SET checkpoint_threshold = '1TB'")
        database.execute("SET debug_checkpoint_abort = 'before_header'")
        database.execute(f"INSERT INTO ho_so {ROW.replace('H1', 'H2')}")
        for kept in list((place / "received").glob("*.duckdb*")):
            (place / kept.name).write_bytes(kept.read_bytes())
    assert len(list(place.glob("it's*"))) == 2
    assert _ingest(place, place / path.name, "duckdb").exit_code == 0
    assert pd.read_parquet(place / "out" / "cases.parquet")["case_id"].tolist() == ["H1", "H2"]


SQLITE_ROW = ROW.replace("DATE ", "").replace("'x'", "({})")


@pytest.mark.parametrize(
    "select",
    [
        "SELECT file FROM pragma_database_list",
        "SELECT name FROM pragma_compile_options",
        "SELECT load_extension('{place}/canary.so')",
        "SELECT name FROM dbstat",
        "SELECT x FROM search",
        "SELECT readfile('{place}/canary.csv')",
    ],
)
def test_a_view_of_sqlite_reads_nothing_beyond_its_tables(place, select):
    path = place / "received" / "system.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE VIRTUAL TABLE search USING fts5(x)")
        database.execute(f"CREATE VIEW ho_so AS {SQLITE_ROW.format(select.format(place=place))}")
    database.close()
    result = _ingest(place, path, "sqlite")
    assert result.exit_code == 3
    unknown = "no such function: readfile" if "readfile" in select else f"system.sqlite:ho_so: it {BEYOND}"
    assert unknown in result.stderr


@pytest.mark.parametrize("relation", ["search", "pragma_database_list", "sqlite_master", "dbstat"])
def test_what_is_no_table_of_sqlite_is_refused(place, relation):
    path = place / "received" / "system.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE VIRTUAL TABLE search USING fts5(x)")
    database.close()
    result = _ingest(place, path, "sqlite", relation)
    assert (result.exit_code, BEYOND in result.stderr) == (3, True), result.output


def test_views_of_sqlite_over_its_own_tables_are_read(place):
    """With subqueries, counts, windows, recursion and cells of JSON."""
    path = place / "received" / "system.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE goc (id, json)")
        database.execute("""INSERT INTO goc VALUES (1, '["Đất đai"]'), (2, '["Hộ tịch"]')""")
        database.execute(
            "CREATE VIEW ho_so AS WITH RECURSIVE days(d) AS (SELECT 1 UNION ALL SELECT d + 1 FROM days WHERE d < 2) "
            "SELECT 'H' || row_number() OVER (ORDER BY goc.id) AS MaHoSo, upper(value) AS LinhVuc, "
            "(SELECT count(*) FROM (SELECT 1 FROM goc)) AS Kenh, '2021-09-0' || d AS NgayNhan, "
            "NULL AS NgayXong FROM goc, json_each(goc.json), days WHERE d = goc.id"
        )
    database.close()
    result = _ingest(place, path, "sqlite")
    assert result.exit_code == 0, result.output
    cases = pd.read_parquet(place / "out" / "cases.parquet")
    assert cases[["case_id", "field", "channel"]].to_numpy().tolist() == [
        ["H1", "dat-dai", "online"], ["H2", "ho-tich", "online"]
    ]  # fmt: skip
    assert cases["accepted_at"].dt.day.tolist() == [1, 2]


FORBIDDEN = [
    "FROM read_csv('{place}/canary.csv')",
    "FROM read_csv('{place}/inside/../canary.csv')",
    "FROM read_csv('{place}/inside/link.csv')",
    "FROM read_csv('{place}/inside2/canary.csv')",
    "COPY (SELECT 1) TO '{place}/canary.parquet'",
    "ATTACH '{place}/canary.duckdb' AS other",
    "SET enable_external_access = true",
    "SET allowed_paths = ['{place}/canary.csv']",
    "SET temp_directory = '{place}'",
    "INSTALL httpfs",
    "LOAD httpfs",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_closed_connection_keeps_to_what_it_was_given(place, statement):
    inside, given = place / "inside", place / "given.csv"
    for name in ("inside", "inside2"):
        (place / name).mkdir()
        (place / name / "canary.csv").write_text("a\n1\n")
    given.write_text("a\n1\n")
    (inside / "link.csv").symlink_to(place / "canary.csv")
    with closed_connection(reads=[given], folder=inside, spill=inside / "spill") as connection:
        connection.execute("SET TimeZone = 'Asia/Ho_Chi_Minh'")
        connection.execute(f"COPY (FROM read_csv({literal(given)})) TO '{inside}/copy.parquet' (FORMAT parquet)")
        assert connection.execute(f"FROM read_parquet('{inside}/copy.parquet')").fetchall() == [(1,)]
        with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
            connection.execute(statement.format(place=place))


def test_a_connection_that_is_given_nothing_reads_and_writes_nothing(place, monkeypatch):
    monkeypatch.chdir(place)
    with closed_connection() as connection:
        connection.register("frame", pd.DataFrame({"a": [1]}))
        assert connection.execute("FROM frame").fetchall() == [(1,)]
        for path in ("canary.csv", f"{place}/canary.csv"):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(f"FROM read_csv('{path}')")
        with pytest.raises(duckdb.PermissionException):
            connection.execute("COPY (SELECT 1 AS a) TO 'written.parquet' (FORMAT parquet)")
    assert not (place / "written.parquet").exists()


def test_what_does_not_fit_in_memory_spills_into_scratch(tmp_path):
    with scratch_connection(tmp_path) as (scratch, connection):
        found = connection.execute(
            "SELECT current_setting('temp_directory'), current_setting('memory_limit')"
        ).fetchone()
        assert found == (f"{scratch}/spill", "1.1 GiB")
    assert list(tmp_path.iterdir()) == []


def test_engines_are_opened_in_one_place_each():
    package = Path(analysis.data.__file__).parents[1]
    opened = {"duckdb": set(), "sqlite3": set()}
    for module in package.rglob("*.py"):
        for engine in re.findall(
            r"\b(duckdb|sqlite3)\.(?:connect|sql|query|execute|from_\w+|read_\w+)\(", module.read_text("utf-8")
        ):
            opened[engine].add(module.relative_to(package).as_posix())
    assert opened == {"duckdb": {"data/sql.py"}, "sqlite3": {"data/sources/database.py"}}
