"""``dunghen ingest``: what it ends with, what it says, and what it writes."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.parameters import ROOT

MAPPING = """
about: {title: Hồ sơ, source: s}
format: csv
table: cases
dates: [dd/mm/yyyy]
columns: {case_id: MaHoSo, field: LinhVuc, accepted_at: NgayNhan, finished_at: NgayXong}
"""
HEADER = "MaHoSo,LinhVuc,NgayNhan,NgayXong,Người nộp\n"
GOOD = "".join(f"H{at},Đất đai,01/09/2021,08/09/2021,Lê Văn A\n" for at in range(30))


@pytest.fixture
def ingest(tmp_path):
    (tmp_path / "mapping.yml").write_text(MAPPING, encoding="utf-8")

    def ingest(text, *options, name="cases.csv", mapping="mapping.yml", out="out"):
        path = tmp_path / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        arguments = ["ingest", str(path), "--source", str(tmp_path / mapping), "--out", str(tmp_path / out), *options]
        return CliRunner().invoke(main, arguments)

    return ingest


def test_a_good_file_ends_with_0_and_a_summary_of_one_screen(ingest, tmp_path):
    result = ingest(HEADER + GOOD + "H99,x,31/02/2021,,\n")
    assert result.exit_code == 0, result.output
    written = (tmp_path / "out" / "summary.txt").read_text(encoding="utf-8")
    assert written.rstrip() in result.output
    for sentence in (
        "31 rows in",
        "30 accepted",
        "1 rejected (3.23%)",
        "line 32: NgayNhan: 8 digits, 2 signs",
        "Người nộp",
    ):
        assert sentence in written
    assert len(result.stdout.splitlines()) <= 24
    assert {path.name for path in (tmp_path / "out").iterdir() if path.name[0] != "."} == {
        "cases.parquet", "rejected.parquet", "flagged.parquet", "intake.json", "about.yml", "summary.txt"
    }  # fmt: skip
    cases = pd.read_parquet(tmp_path / "out" / "cases.parquet")
    assert " ".join(cases) == (
        "case_id procedure_code field agency received_at_agency district level channel submitted_at accepted_at "
        "first_due_at due_at finished_at returned_at outcome"
    )


def test_the_day_of_the_extraction_is_today_unless_somebody_says_otherwise(ingest, tmp_path):
    about = tmp_path / "out" / "about.yml"
    tomorrow = f"{date.today() + timedelta(days=1):%d/%m/%Y}"
    assert ingest(HEADER + GOOD + f"H98,x,{tomorrow},,\n").exit_code == 0
    assert f"extracted_on: '{date.today()}'" in about.read_text(encoding="utf-8")
    assert (pd.read_parquet(tmp_path / "out" / "rejected.parquet")["code"] == "accepted_in_future").all()
    assert ingest(None, "--extracted-on", "2021-09-30").exit_code == 0
    assert "extracted_on: '2021-09-30'" in about.read_text(encoding="utf-8")


def test_a_folder_named_after_a_day_says_when_the_file_was_taken(ingest, tmp_path):
    for name, day in (("2021-09-30", "2021-09-30"), ("2999-01-01", str(date.today()))):
        ended = ingest(HEADER + GOOD, "--out", str(tmp_path / name))
        assert ended.stdout.endswith(f"taken on {day}\n")
        assert f"extracted_on: '{day}'" in (tmp_path / name / "about.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "options", "code", "sentence"),
    [
        (HEADER + GOOD, ["--reject-limit", "1.5"], 2, "--reject-limit"),
        (HEADER + GOOD, ["--extracted-on", "30/09/2021"], 2, "--extracted-on"),
        (
            HEADER + "H1,x,1,2,3\n",
            [],
            3,
            "1 of 1 rows rejected (100.0%), 5.0% at most were expected; the worst: date_un",
        ),
        (HEADER + GOOD + "H1,Đất", [], 3, "line 32: the file ends inside a row; is it cut off? Ask for the whole file"),
        (HEADER.replace("LinhVuc", "Linh") + GOOD, [], 3, "does not know the column 'Linh'"),
        (HEADER, [], 3, "no row below the header"),
        ("", [], 3, "the file is empty"),
        (None, [], 2, "there is no such file"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_one_sentence(ingest, tmp_path, text, options, code, sentence):
    result = ingest(text, *options)
    assert result.exit_code == code
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "out" / "cases.parquet").exists()


def test_two_files_of_cases_stand_side_by_side_when_each_has_a_name(ingest, tmp_path):
    assert ingest(HEADER + GOOD, "--as", "province").exit_code == 0
    result = ingest(HEADER + GOOD, "--as", "ministry", name="ministry.csv")
    assert result.exit_code == 0, result.output
    assert f"ministry.csv → {tmp_path / 'out' / 'cases-ministry.parquet'}" in result.stdout
    assert {path.name for path in (tmp_path / "out").glob("cases*")} == {
        "cases-province.parquet", "cases-province.origins.parquet",
        "cases-ministry.parquet", "cases-ministry.origins.parquet",
    }  # fmt: skip
    assert ingest(HEADER + GOOD, "--as", "The Ministry", name="ministry.csv").exit_code == 2
    result = ingest(HEADER + GOOD, name="third.csv")
    assert (result.exit_code, "bring each in with --as NAME" in result.output) == (3, True)


def test_a_bad_mapping_ends_with_2(ingest, tmp_path):
    assert ingest(HEADER + GOOD, mapping="none.yml").exit_code == 2
    (tmp_path / "bad.yml").write_text(MAPPING.replace("case_id: MaHoSo", "case_id: Người nộp"), encoding="utf-8")
    result = ingest(HEADER + GOOD, mapping="bad.yml")
    assert (result.exit_code, "about persons" in result.output) == (2, True)


def test_a_refused_file_leaves_good_tables_and_says_where_its_rejects_are(ingest, tmp_path):
    assert ingest(HEADER + GOOD).exit_code == 0
    out = tmp_path / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    result = ingest(HEADER + GOOD.replace("01/09/2021", "2021-09-01"))
    assert result.exit_code == 3
    assert "the worst: date_unreadable 30" in result.output
    assert "refused/rejected.parquet" in result.output
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    refused = pd.read_parquet(out / "refused" / "rejected.parquet")
    assert (len(refused), refused["raw"][0]) == (
        30, "MaHoSo=1 letter, 1 digit; LinhVuc=Đất đai; NgayNhan=8 digits, 2 signs; NgayXong=08/09/2021"
    )  # fmt: skip


def test_a_folder_that_cannot_be_made_ends_with_6(ingest, tmp_path):
    (tmp_path / "file").touch()
    result = ingest(HEADER + GOOD, out="file/out")
    assert (result.exit_code, "Traceback" in result.output) == (6, False)


def test_the_mapping_of_the_project_reads_the_export_of_a_one_stop_system(tmp_path):
    header = (
        "MaHoSo,MaHoSoKhac,MaTTHC,TenTTHC,MaLinhVuc,TenLinhVuc,DonViId,MaHuyen,MucDo,KenhThucHien,LoaiDoiTuong,"
        "NgayNopHoSo,HanTiepNhan,NgayTiepNhan,NgayHenTraLanDau,NgayHenTra,NgayKetThucXuLy,NgayTra,TrangThaiHoSo,NguoiNop"
    )
    row = (
        "000.00.06.H32-210901-0001,,1.000123.000.00.00.H32,Cấp đổi,DATDAI,Đất đai,STNMT,NT,4,2,1,"
        "01/09/2021 08:00:00,01/09/2021,01/09/2021 09:00:00,10/09/2021,15/09/2021,08/09/2021 16:00:00,09/09/2021,10,Lê"
    )
    path = tmp_path / "cases.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8-sig")
    source = ROOT / "parameters" / "sources" / "one-stop-cases.yml"
    result = CliRunner().invoke(main, ["ingest", str(path), "--source", str(source), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    (case,) = pd.read_parquet(tmp_path / "out" / "cases.parquet").to_dict("records")
    assert {name: str(value) for name, value in case.items()} == {
        "case_id": "000.00.06.H32-210901-0001", "procedure_code": "1.000123.000.00.00.H32", "field": "datdai",
        "agency": "stnmt", "received_at_agency": "nan", "district": "nt", "level": "4", "channel": "online",
        "submitted_at": "2021-09-01 08:00:00", "accepted_at": "2021-09-01 09:00:00",
        "first_due_at": "2021-09-10 00:00:00", "due_at": "2021-09-15 00:00:00", "finished_at": "2021-09-08 16:00:00",
        "returned_at": "2021-09-09 00:00:00", "outcome": "resolved",
    }  # fmt: skip
    assert pd.read_parquet(tmp_path / "out" / "flagged.parquet")["code"].tolist() == ["due_date_replaced"]
