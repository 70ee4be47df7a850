"""A live PostgreSQL: started for these tests where one is installed, read once, never written to."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import traceback
from contextlib import closing
from datetime import date
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import pandas as pd
import pytest

from analysis.data.ingest.archive import archive
from analysis.data.ingest.table import ingest
from analysis.data.sources.mapping import Mapping
from analysis.faults import BadData, BadParameters, EnvironmentFault

PORT = 54_321  # only a file name in the folder of the socket
TABLES = """
CREATE SCHEMA one_stop;
CREATE TABLE one_stop.ho_so (
    "MaHoSo" text, "LinhVuc" varchar(50), "Kenh" integer, "NgayNhan" timestamptz, "NgayHen" date, "NgayXong" timestamp,
    "Người nộp" text
);
INSERT INTO one_stop.ho_so VALUES
    ('H1', 'Đất đai', 2, '2021-09-01 02:30:15+00', '2021-09-10', '2021-09-08 16:00:00', 'Lê Văn A'),
    ('H2', 'Hộ tịch', 1, '2021-09-01 17:00:00+00', NULL, NULL, 'Trần Thị B'),
    ('H3', NULL, 8, '2021-09-02 00:00:00+07', NULL, NULL, 'Phạm C');
CREATE VIEW one_stop.xem AS SELECT * FROM one_stop.ho_so;
CREATE TABLE one_stop.tong_hop (ky text, linh_vuc text, nhan numeric(12, 3), giai_quyet bigint);
INSERT INTO one_stop.tong_hop VALUES
    ('2021-09', 'a', 1234, 5), ('9/2021', 'b', 1.234, 5), ('2021-09', 'c', -3, NULL), ('2021-09', 'd', 'NaN', 1),
    ('2021-09', 'e', 7.000, -1);
CREATE TABLE one_stop.kieu (
    "MaHoSo" uuid, "LinhVuc" char(8), "Kenh" numeric, "NgayNhan" text, "NgayHen" timestamptz, "NgayXong" date, du json
);
INSERT INTO one_stop.kieu VALUES
    ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'Thuế', 2.0, '01/09/2021', 'infinity', '2021-09-08', '{"a": 1}'),
    ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', 'Thuế', 2, '01/09/2021', '2021-09-10 00:00+07', '2021-09-08', NULL);
CREATE TABLE one_stop.them ("MaHoSo" text, "NgayNhan" date, "NgayXong" date, tra boolean, phi numeric(9, 2),
    so_hoa timestamptz, ket_qua text);
INSERT INTO one_stop.them VALUES
    ('H1', '2021-09-01', NULL, true, 12.50, '2021-09-01 17:00:00+00', 'Điện tử'),
    ('H2', '2021-09-01', NULL, false, NULL, NULL, NULL),
    ('H3', '2021-09-01', NULL, NULL, 'NaN', NULL, NULL);
CREATE TABLE one_stop.gio ("MaHoSo" text, van_ban text, gio timestamptz, "NgayXong" date);
INSERT INTO one_stop.gio VALUES
    ('H1', '2021-09-01T01:00:00Z', '2021-09-01T01:00:00Z', NULL),
    ('H2', '2021-09-14 20:00:00 +00:00', '2021-09-14 20:00:00+00', NULL),
    ('H3', '2021-09-14T23:59:59+0700', '2021-09-14T23:59:59+0700', NULL),
    ('H4', '2021-09-15 00:00+07', '2021-09-15 00:00+07', NULL);
CREATE TABLE one_stop.bytes ("MaHoSo" bytea, "LinhVuc" bytea, "NgayNhan" date, "NgayXong" date, anh bytea);
INSERT INTO one_stop.bytes VALUES ('H1', convert_to('Đất đai', 'UTF8'), '2021-09-01', NULL, decode('ff00', 'hex'));
CREATE VIEW one_stop.latin AS SELECT "MaHoSo", anh AS "LinhVuc", "NgayNhan", "NgayXong" FROM one_stop.bytes;
CREATE VIEW one_stop.dai AS
    SELECT 'H1' AS "MaHoSo", repeat('x', 1048577) AS "LinhVuc", "NgayNhan", "NgayXong" FROM one_stop.bytes;
CREATE ROLE nobody LOGIN;
CREATE ROLE reader LOGIN PASSWORD 'canary';
GRANT USAGE ON SCHEMA one_stop TO reader;
GRANT SELECT ON one_stop.ho_so TO reader;
"""
AS_TEXT = """MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong,Người nộp
H1,Đất đai,2,01/09/2021 09:30:15,10/09/2021,08/09/2021 16:00:00,Lê Văn A
H2,Hộ tịch,1,02/09/2021 00:00:00,,,Trần Thị B
H3,,8,02/09/2021,,,Phạm C
"""


def _program(name):
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(beside[-1]) if beside else None)


@pytest.fixture(scope="module")
def server():
    """Address of a server that listens on a socket in a folder of its own."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    if not (initdb and control):
        pytest.skip("no PostgreSQL server is installed (initdb, pg_ctl)")
    with tempfile.TemporaryDirectory(prefix="dunghen-pg-") as folder:
        yield from _running(initdb, control, Path(folder))


def _running(initdb, control, folder):
    # Not in pytest's own folders: those are closed to the user the server runs as, and too long for a socket.
    as_owner = []
    if os.geteuid() == 0:  # the server refuses to run as root
        runuser = shutil.which("runuser")
        if not runuser or subprocess.run(["id", "postgres"], capture_output=True).returncode:
            pytest.skip("running as root, and there is no user postgres to start a server as")
        as_owner = [runuser, "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    data = folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*as_owner, initdb, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale",
                    "--no-sync"], **quiet)  # fmt: skip
    rules = data / "pg_hba.conf"
    rules.write_text(f"local all reader scram-sha-256\n{rules.read_text()}")
    options = f"-k {folder} -c listen_addresses='' -p {PORT} -F"
    subprocess.run([*as_owner, control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], **quiet)
    address = f"postgresql://postgres@/postgres?host={folder}&port={PORT}"
    try:
        with (
            closing(postgresql.connect(address, autocommit=True)) as connection,
            closing(connection.cursor()) as cursor,
        ):
            for statement in TABLES.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
        yield address
    finally:
        subprocess.run([*as_owner, control, "-D", data, "-w", "-m", "immediate", "stop"], **quiet)


@pytest.mark.parametrize("relation", ["one_stop.ho_so", "one_stop.xem"])
def test_the_same_rows_give_the_same_cases_as_text(server, bring_in, relation):
    brought, text = _bring(server, bring_in, relation), bring_in(AS_TEXT)
    pd.testing.assert_frame_equal(brought.table, text.table)
    assert brought.table["case_id"].tolist() == ["H1", "H2"]
    assert brought.rejected == [(3, "code_unknown")]
    assert brought.intake.rejected["raw"].tolist() == [
        "MaHoSo=1 letter, 1 digit; LinhVuc=; Kenh=1 digit; NgayNhan=2021-09-02 00:00:00; NgayHen=; NgayXong="
    ]
    assert (brought.intake.file, brought.intake.dropped) == (relation, ("Người nộp",))


def _bring(server, bring_in, relation, **mapping):
    return bring_in(server, format="postgresql", relation=relation, **mapping)


@pytest.mark.parametrize(("thousands", "decimal"), [("", "."), (".", ","), (",", ".")])
def test_numeric_arrives_as_text_and_is_a_number_however_the_mapping_writes_them(server, bring_in, thousands, decimal):
    brought = _bring(
        server,
        bring_in,
        "one_stop.tong_hop",
        table="counts",
        thousands=thousands,
        decimal=decimal,
        columns={"period": "ky", "field": "linh_vuc", "received": "nhan", "resolved": "giai_quyet"},
    )
    assert brought.table[["period", "field", "received", "resolved"]].to_numpy().tolist() == [["2021-09", "a", 1234, 5]]
    assert brought.rejected == [
        (2, "number_not_whole"),
        (3, "number_negative"),
        (4, "number_unreadable"),
        (5, "number_negative"),
    ]


def test_the_types_of_a_system_become_text(server, bring_in):
    brought = _bring(server, bring_in, "one_stop.kieu", ignored=["du"])
    assert brought.rejected == [(1, "date_unreadable")]
    (case,) = brought.table.itertuples()
    assert case.case_id == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"
    assert (case.field, case.channel, str(case.accepted_at), str(case.due_at)) == (
        "thue",
        "online",
        "2021-09-01 00:00:00",
        "2021-09-10 00:00:00",
    )


def test_columns_beyond_the_contract_are_read_like_any_other(server, bring_in):
    extra = {
        "paid": {"kind": "flag", "column": "tra"},
        "fee": {"kind": "number", "column": "phi"},
        "digitised_at": {"kind": "time", "column": "so_hoa"},
        "result_form": {"kind": "code", "column": "ket_qua"},
    }
    columns = dict.fromkeys(["field", "channel", "due_at"])
    brought = _bring(server, bring_in, "one_stop.them", columns=columns, extra=extra)
    first, second = brought.table[list(extra)].to_numpy().tolist()
    assert first == [True, 12.5, pd.Timestamp(2021, 9, 2), "dien-tu"]
    assert (second[0], [bool(pd.isna(value)) for value in second[1:]]) == (False, [True] * 3)
    assert brought.rejected == [(3, "number_unreadable")]


@pytest.mark.parametrize("column", ["van_ban", "gio"])
def test_a_time_with_a_zone_is_that_moment_as_text_and_as_a_type(server, bring_in, column):
    """The same four moments as in ``test_times_with_zone``."""
    columns = dict.fromkeys(["field", "channel", "due_at"]) | {"accepted_at": column}
    others = [name for name in ("van_ban", "gio") if name != column]
    brought = _bring(server, bring_in, "one_stop.gio", columns=columns, ignored=others)
    assert brought.table["accepted_at"].astype(str).tolist() == [
        "2021-09-01 08:00:00",
        "2021-09-15 03:00:00",
        "2021-09-14 23:59:59",
        "2021-09-15 00:00:00",
    ]


def test_bytes_are_text_where_they_are_utf_8_and_are_left_out_where_they_are_ignored(server, bring_in):
    columns = dict.fromkeys(["channel", "due_at"])
    brought = _bring(server, bring_in, "one_stop.bytes", columns=columns, ignored=["anh"])
    assert brought.table[["case_id", "field"]].to_numpy().tolist() == [["H1", "dat-dai"]]
    with pytest.raises(BadData, match="latin: column 'LinhVuc': a cell holds bytes that are no UTF-8 text"):
        _bring(server, bring_in, "one_stop.latin", columns=columns)
    with pytest.raises(BadData, match="dai: column 'LinhVuc': a cell is longer than 1 MiB; text of at most 1 MiB was"):
        _bring(server, bring_in, "one_stop.dai", columns=columns)


def test_nothing_is_written_to_the_system(server, bring_in):
    with closing(postgresql.connect(server, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("CREATE SEQUENCE one_stop.dem")
        cursor.execute("CREATE VIEW one_stop.ghi AS SELECT nextval('one_stop.dem') AS \"MaHoSo\"")
    with pytest.raises((BadData, EnvironmentFault), match="read-only transaction"):
        _bring(server, bring_in, "one_stop.ghi")


@pytest.mark.parametrize("relation", ["one_stop.none", 'one_stop.ho_so"; DROP TABLE one_stop.ho_so; --', "a.b.c.d"])
def test_a_relation_that_is_not_there_is_refused(server, bring_in, relation):
    with pytest.raises(BadData, match="cannot be read"):
        _bring(server, bring_in, relation)
    assert _bring(server, bring_in, "one_stop.ho_so").intake.rows == 3


def test_a_relation_one_may_not_read_is_refused(server, bring_in):
    with pytest.raises(BadData, match="permission denied"):
        _bring(server.replace("postgres@", "nobody@"), bring_in, "one_stop.ho_so")


def test_the_password_of_the_environment_opens_and_is_written_nowhere(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "canary")
    said = []
    (intake,) = archive(
        server.replace("postgres@", "reader@"),
        CASES,
        tmp_path,
        extracted_on=date(2021, 9, 20),
        reject_limit=1,
        report_progress=said.append,
    )
    assert intake.rows == 3
    for path in sorted(tmp_path.rglob("*.*")):
        is_table = path.suffix == ".parquet"
        said.append(pd.read_parquet(path).to_csv() if is_table else path.read_text(encoding="utf-8"))
    assert len(said) > 5
    assert [one for one in said if "canary" in one] == []


def test_a_wrong_password_is_not_repeated_by_the_server_or_the_driver(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "wrong-canary")
    with pytest.raises(EnvironmentFault, match='password authentication failed for user "reader"') as refused:
        archive(server.replace("postgres@", "reader@"), CASES, tmp_path, extracted_on=date(2021, 9, 20), reject_limit=1)
    assert "canary" not in "".join(traceback.format_exception(refused.value))


def test_an_address_with_a_password_is_refused_without_repeating_it(tmp_path):
    for address in (
        "postgresql://reader:geheim@localhost/onestop",
        "postgresql://localhost/onestop?user=reader&password=geheim",
        "host=localhost dbname=onestop password=geheim",
    ):
        with pytest.raises(BadParameters) as refused:
            ingest(address, MAPPING, tmp_path / "x.parquet", extracted_on=None, reject_limit=1)
        assert "geheim" not in "".join(traceback.format_exception(refused.value))
    assert list(tmp_path.iterdir()) == []


MAPPING = Mapping.model_validate(
    {
        "about": {"title": "t", "source": "s"},
        "format": "postgresql",
        "relation": "ho_so",
        "table": "cases",
        "columns": {"case_id": "a", "accepted_at": "b", "finished_at": "c"},
    }
)
CASES = Mapping.model_validate(
    {
        "about": {"title": "t", "source": "s"},
        "format": "postgresql",
        "relation": "one_stop.ho_so",
        "table": "cases",
        "columns": {"case_id": "MaHoSo", "field": "LinhVuc", "accepted_at": "NgayNhan", "finished_at": "NgayXong"},
        "ignored": ["Kenh", "NgayHen"],
        "personal": ["Người nộp"],
    }
)


def test_a_server_that_does_not_answer_is_the_machine_s_fault(tmp_path):
    address = f"postgresql://reader@/onestop?host={tmp_path}&port=1"
    with pytest.raises(EnvironmentFault, match="the database does not answer") as refused:
        ingest(address, MAPPING, tmp_path / "out" / "x.parquet", extracted_on=None, reject_limit=1)
    assert refused.value.exit_code == 6
    assert list((tmp_path / "out").iterdir()) == []
