"""What is about persons gets into no file: not for rows taken, rejected, broken or flagged, and not into scratch."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date

import duckdb
import pandas as pd
import pytest
import xlsxwriter

from analysis.data.ingest.archive import archive
from analysis.data.ingest.received import Calendar, receive
from analysis.data.sources.mapping import Mapping
from analysis.faults import BadData

# Each in a form of its own, so that finding any of them in a file means that a cell got through.
SECRETS = [
    "Lê Văn Bí",
    "Trần Thị Mật",
    "Hẻm 7 Kín",
    "0905111222",
    "056099123456",
    "bi@mat.vn",
    "Nguyễn; Giấu=1",
    "Biệt danh X",
]
HEADER = ["STT", "Người nộp", "MaHoSo", "Địa chỉ", "", "LinhVuc", "SoDienThoai", "Kenh", "CCCD", "NgayNhan", "Email",
          "NgayHen", "Chủ hồ sơ", "NgayXong", "BietDanh"]  # fmt: skip
MAPPING = {
    "about": {"title": "t", "source": "s"},
    "format": "csv",
    "table": "cases",
    "dates": ["dd/mm/yyyy"],
    "columns": {
        "case_id": "MaHoSo",
        "field": "LinhVuc",
        "channel": {"column": "Kenh", "codes": {"1": "counter", "2": "online"}},
        "accepted_at": "NgayNhan",
        "due_at": "NgayHen",
        "finished_at": "NgayXong",
    },
    "case_id_form": "national",
    "totals": ["Tổng"],
    # Some the mapping forgets, one it says to know and not to take, one only it can know of.
    "ignored": ["STT", "SoDienThoai"],
    "personal": ["BietDanh"],
}
PLAIN = {"accepted": ("H1", "1", "01/09/2021"), "flagged": ("H2; Đất", "2", "01/09/2021"),
         "rejected": ("H3", "9", "01/09/2021"), "unreadable": ("H4", "1", "31/02/2021"),
         "duplicate": ("H1", "1", "01/09/2021")}  # fmt: skip


def _row(number, case_id, channel, accepted, secrets=SECRETS):
    street = (secrets[2], secrets[2] + " sau")
    return [str(number), secrets[0], case_id, *street, "Đất đai", secrets[3], channel, secrets[4], accepted, secrets[5],
            "", secrets[6], "", secrets[7]]  # fmt: skip


GRID = [HEADER, *[_row(at, *cells) for at, cells in enumerate(PLAIN.values(), start=1)],
        ["", "Tổng Bí Mật", "", "", "", "", "", "", "", "", "", "", "", "", ""]]  # fmt: skip


def _line(cells):
    return ",".join(f'"{cell}"' for cell in cells)


def _csv(folder):
    path = folder / "export.csv"
    broken = [
        ",".join(SECRETS),  # too few columns
        f'6,"{SECRETS[0]},H6,{SECRETS[2]},x,1,01/09/2021',  # a quote left open
        ",".join([*_row(7, "H7", "1", "01/09/2021"), SECRETS[1]]),  # one column too many
    ]
    text = "\n".join([*map(_line, GRID), *broken, _line(_row(8, "H8", "1", "01/09/2021")), ""])
    undecodable = _line(_row(9, "H9", "1", "01/09/2021")).encode().replace(b"H9", b"H\xff9") + b"\n"
    path.write_bytes(text.encode() + undecodable)
    return path, {}


def _regular_csv(folder):
    path = folder / "export.csv"
    path.write_text("\n".join([*map(_line, GRID), ",".join(SECRETS), ""]), encoding="utf-8")
    return path, {}


def _workbook(folder):
    path = folder / "export.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(GRID):
            sheet.write_row(row, 0, cells)
    return path, {"format": "workbook"}


def _frame():
    return pd.DataFrame(GRID[1:], columns=HEADER).drop(columns="")


def _parquet(folder):
    _frame().to_parquet(folder / "export.parquet")
    return folder / "export.parquet", {"format": "parquet"}


def _duckdb(folder):
    frame = _frame()  # noqa: F841
    with duckdb.connect(folder / "export.db") as connection:
        connection.execute("CREATE TABLE ho_so AS FROM frame")
    return folder / "export.db", {"format": "duckdb", "relation": "ho_so"}


def _sqlite(folder):
    with sqlite3.connect(folder / "export.db") as connection:
        _frame().to_sql("ho_so", connection, index=False)
    connection.close()
    return folder / "export.db", {"format": "sqlite", "relation": "ho_so"}


def _all_text(folder):
    """Return the bytes of all files under a folder, and those of Parquet files read back too."""
    told = b""
    for path in folder.rglob("*"):
        if path.is_file():
            told += path.name.encode() + path.read_bytes()
            if path.suffix == ".parquet":
                told += pd.read_parquet(path).to_csv().encode()
    return told


SOURCES = [_csv, _regular_csv, _workbook, _parquet, _duckdb, _sqlite]


@pytest.mark.parametrize("write", SOURCES)
@pytest.mark.parametrize("reject_limit", [1.0, 0.05], ids=["taken", "refused"])
def test_nothing_personal_is_in_any_file_of_the_folder(tmp_path, write, reject_limit):
    received, out = tmp_path / "received", tmp_path / "out"
    received.mkdir()
    path, how = write(received)
    mapping = Mapping.model_validate(MAPPING | how)
    how = {"extracted_on": date(2021, 12, 31), "reject_limit": reject_limit}
    if reject_limit < 1:
        with pytest.raises(BadData) as refused:
            archive(str(path), mapping, out, **how)
        assert not any(secret in str(refused.value) for secret in SECRETS)
    else:
        (intake,) = archive(str(path), mapping, out, **how)
        personal = {"Người nộp", "Địa chỉ", "SoDienThoai", "CCCD", "Email", "Chủ hồ sơ", "BietDanh"}
        # The column after a person's that has no name belongs to it, as below a merged header.
        assert set(intake.dropped) - {"column 5"} == personal
        found = {*intake.rejected["code"], *intake.flagged["code"]}
        assert {"code_unknown", "date_unreadable", "duplicate_case_id", "case_id_form_unknown"} <= found
    told = _all_text(out)
    assert b"code_unknown" in told
    assert [secret for secret in (*SECRETS, "Tổng Bí Mật") if secret.encode() in told] == []


@pytest.mark.parametrize("write", SOURCES)
def test_nothing_personal_stands_in_scratch_either_should_the_machine_stop(tmp_path, write, monkeypatch):
    received, out, seen = tmp_path / "received", tmp_path / "out", tmp_path / "seen"
    received.mkdir()
    path, how = write(received)

    def stop_here(*_, **__):
        shutil.copytree(out, seen)  # all that is on the disk at the last moment before anything is cleared away
        raise KeyboardInterrupt

    monkeypatch.setattr("analysis.data.ingest.table.flagged", stop_here)
    with pytest.raises(KeyboardInterrupt):
        archive(str(path), Mapping.model_validate(MAPPING | how), out, extracted_on=date(2021, 12, 31), reject_limit=1)
    told = _all_text(seen)
    assert b"H1" in told
    assert [secret for secret in SECRETS if secret.encode() in told] == []
    assert {file.name for file in out.iterdir()} <= {".lock"}


def test_raw_text_has_what_the_columns_could_read(bring_in, tmp_path):
    path, _ = _csv(tmp_path)
    intake = bring_in(path, **{key: MAPPING[key] for key in ("dates", "totals", "ignored", "personal")}).intake
    by_line = dict(intake.rejected[["line", "raw"]].to_numpy().tolist())
    assert by_line[4] == (
        "MaHoSo=1 letter, 1 digit; LinhVuc=6 letters, 2 words; Kenh=1 digit; NgayNhan=01/09/2021; NgayHen=; NgayXong="
    )
    # Nobody knows which cell of a row with other columns is which.
    assert [by_line[line] for line in (8, 9, 10)] == ["…"] * 3


def test_a_column_about_persons_that_is_translated_shows_in_no_reason(bring_in):
    text = "MaHoSo,LinhVuc,Loại người nộp,NgayNhan,NgayHen,NgayXong\nH1,x,Lê Văn Bí,01/09/2021,,\n"
    brought = bring_in(text, columns={"channel": {"column": "Loại người nộp", "codes": {"web": "online"}}})
    assert brought.rejected == [(2, "code_unknown")]
    assert brought.intake.rejected[["reason", "raw"]].to_numpy().tolist() == [
        [
            "Loại người nộp: …",
            "MaHoSo=1 letter, 1 digit; LinhVuc=1 letter; Loại người nộp=…; NgayNhan=01/09/2021; NgayHen=; NgayXong=",
        ]
    ]
    assert brought.intake.dropped == ()


def test_a_run_over_the_file_keeps_nothing_personal(tmp_path):
    path, _ = _csv(tmp_path)
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(Mapping.model_validate(MAPPING).model_dump_json(exclude_unset=True), encoding="utf-8")
    kept = tmp_path / "kept"
    received = receive(
        path, mapping, as_of=date(2021, 12, 31), calendar=Calendar("M", 14), reject_limit=1, tables_folder=kept
    )
    told = (
        _all_text(kept)
        + "".join(
            frame.to_csv() for frame in (received.rejected, received.flagged, received.counts, received.intake)
        ).encode()
    )
    assert [secret for secret in SECRETS if secret.encode() in told] == []
