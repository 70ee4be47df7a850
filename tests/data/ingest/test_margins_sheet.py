"""A sheet kept by hand, a row per body and month, through the door: parts, faults, what stands beside it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
import yaml

from analysis.data.ingest.archive import archive
from analysis.data.ingest.received import Calendar, receive
from analysis.data.sources.about import read_description
from analysis.data.sources.mapping import Mapping, read_mapping
from analysis.faults import BadData, BadParameters

SHEET = {
    "about": {"title": "Sổ theo dõi", "source": "thử"},
    "format": "csv",
    "extracted_on": "2021-09-20",
    "table": "margins",
    "columns": {"period": "Tháng", "agency": "Đơn vị", "received": "Nhận", "resolved": "Xong"},
    "margins": {
        "online": {"column": "Trực tuyến", "of": "resolved", "where": {"channel": "online"}},
        "post": {"column": "Bưu chính", "of": "resolved", "where": {"channel": "post"}},
        "late": {"column": "Quá hạn", "of": "resolved", "where": {"timeliness": "late"}},
    },
}
HEADER = "Tháng,Đơn vị,Nhận,Xong,Trực tuyến,Bưu chính,Quá hạn"
DAY = date(2021, 9, 20)


def _bring_in(folder, text, mapping=SHEET, name="so.csv"):
    path = folder.parent / name
    path.write_text(text, encoding="utf-8")
    (intake,) = archive(str(path), Mapping.model_validate(mapping), folder, extracted_on=DAY, reject_limit=1.0)
    return intake


def _received(folder, source=None):
    tables = folder.parent / "tables"
    tables.mkdir(exist_ok=True)
    return receive(folder, source, as_of=DAY, calendar=Calendar("M", 14), reject_limit=0.05, tables_folder=tables)


def test_every_row_is_in_or_listed_with_its_reason(tmp_path):
    rows = [
        "T7/2021,UBND xã A,130,120,60,10,5",
        "T7/2021,UBND xã B,130,120,,,",  # nobody counted its parts
        "T7/2021,UBND xã C,130,120,121,,",  # more online than all
        "T7/2021,UBND xã D,130,120,100,30,",  # more online and by post than all
        "T7/2021,UBND xã E,130,,60,10,5",  # parts of nothing
        "Tổng số,,650,480,341,50,10",
        "T7/2021,UBND xã F,130,120,-1,0,0",
    ]
    intake = _bring_in(tmp_path / "in", "\n".join([HEADER, *rows]) + "\n")
    assert (intake.rows, intake.accepted) == (7, 2)
    found = dict(zip(intake.rejected["line"], intake.rejected["code"], strict=True))
    assert found == {
        4: "part_exceeds_whole",
        5: "part_exceeds_whole",
        6: "part_without_whole",
        7: "total_row",
        8: "number_negative",
    }
    assert intake.rejected.set_index("line").loc[5, "reason"] == "Xong, Trực tuyến, Bưu chính"


def test_the_folder_says_what_its_parts_are_and_a_run_reads_them(tmp_path):
    folder = tmp_path / "in"
    _bring_in(folder, f"{HEADER}\nT7/2021,UBND xã A,130,120,60,10,5\nT8/2021,UBND xã A,90,95,50,0,0\n")
    assert read_description(folder).margins["late"].where == {"timeliness": "late"}
    received = _received(folder)
    assert received.margins.table[["online", "post", "late"]].to_numpy().tolist() == [[60, 10, 5], [50, 0, 0]]
    assert received.counts["resolved"].tolist() == [120, 95]
    assert received.counts["channel"].isna().all()
    assert received.intake[["table", "code", "rows"]].to_numpy().tolist() == [["margins", "accepted", 2]]


def test_a_run_may_read_the_sheet_itself(tmp_path):
    path, source = tmp_path / "so.csv", tmp_path / "so.yml"
    path.write_text(f"{HEADER}\nT7/2021,UBND xã A,130,120,60,10,5\n", encoding="utf-8")
    source.write_text(yaml.safe_dump(SHEET, allow_unicode=True, sort_keys=False), encoding="utf-8")
    received = _received(path, source)
    assert received.margins.parts.keys() == {"online", "post", "late"}
    assert received.counts["received"].tolist() == [130]


def test_counts_may_stand_beside_it_and_cases_may_not(tmp_path):
    folder = tmp_path / "in"
    counts = {key: value for key, value in SHEET.items() if key != "margins"} | {
        "table": "counts",
        "columns": {"period": "Kỳ", "agency": "Đơn vị", "channel": "Kênh", "resolved": "Xong"},
    }
    sheet = f"{HEADER}\nT7/2021,UBND xã A,130,120,60,10,5\n"
    _bring_in(folder, sheet)
    _bring_in(folder, "Kỳ,Đơn vị,Kênh,Xong\n2021-07,UBND xã A,online,60\n", counts, "dem.csv")
    received = _received(folder)
    assert received.counts["resolved"].tolist() == [60]
    assert received.margins.table["resolved"].tolist() == [120]
    cases = counts | {
        "table": "cases",
        "columns": {"case_id": "Mã", "accepted_at": "Nhận", "finished_at": "Xong"},
    }
    with pytest.raises(BadData, match=r"holds cases or counts, and counts\.parquet is there"):
        _bring_in(folder, "Mã,Nhận,Xong\nH1,2021-07-01,2021-07-02\n", cases, "cases.csv")
    alone = tmp_path / "alone"
    _bring_in(alone, sheet)
    with pytest.raises(BadData, match=r"holds cases or counts, and margins\.parquet is there"):
        _bring_in(alone, "Mã,Nhận,Xong\nH1,2021-07-01,2021-07-02\n", cases, "cases.csv")


def test_a_month_beside_its_quarter_is_refused(tmp_path):
    with pytest.raises(BadData, match="the body 'ubnd-xa-a' has 2021-07, and 2021Q3, which contains it"):
        _bring_in(tmp_path / "in", f"{HEADER}\nT7/2021,UBND xã A,130,120,60,10,5\nQ3/2021,UBND xã A,9,9,1,1,1\n")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"columns": {"period": "Tháng", "received": "Nhận"}}, "margins.online: a part of resolved, and columns"),
        ({"margins": {"online": {"column": "Trực tuyến", "of": "due", "where": {"channel": "online"}}}}, "margins.*of"),
        ({"table": "counts"}, "margins.online: counts has no parts; table: margins has"),
        ({"margins": {"n": {"column": "Họ tên", "of": "resolved", "where": {"paid": True}}}}, "is about persons"),
        ({"margins": {"n": {"column": "Số", "of": "resolved", "where": {"level": 4}}}}, "4 is a number; a code is"),
    ],
)
def test_a_mapping_of_parts_that_cannot_be_is_refused_with_its_place(tmp_path, changes, sentence):
    path = tmp_path / "m.yml"
    path.write_text(yaml.safe_dump(SHEET | changes, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(BadParameters, match=sentence):
        read_mapping(path)


def test_margins_put_into_a_folder_by_hand_are_held_to_their_wholes(tmp_path):
    rows = ["T7/2021,UBND xã A,130,120,60,10,5", "T8/2021,UBND xã A,130,120,,,5"]
    _bring_in(tmp_path / "in", "\n".join([HEADER, *rows]) + "\n")
    path = tmp_path / "in" / "margins.parquet"
    table = pd.read_parquet(path)
    assert _received(tmp_path / "in").margins is not None
    # 111 and 10 of 120, and beside them one row of which nobody counted the parts
    table.assign(online=table["online"] + 51).to_parquet(path)
    with pytest.raises(BadData, match=r"margins\.parquet row 1: resolved, online, post: the part is larger than the"):
        _received(tmp_path / "in")


def test_a_dash_is_not_known_or_none_as_the_mapping_says(tmp_path):
    text = f"{HEADER}\nT7/2021,UBND xã A,130,120,60,10,-\nT8/2021,UBND xã A,90,95,50,–,\u2212\n"
    intake = _bring_in(tmp_path / "unknown", text)
    assert intake.notes == {"part_not_given": 2}
    table = _received(tmp_path / "unknown").margins.table
    assert table["late"].isna().all()
    intake = _bring_in(tmp_path / "none", text, SHEET | {"zeros": ["-", "–"]})
    assert intake.notes == {}
    received = _received(tmp_path / "none")
    assert received.margins.table["late"].tolist() == [0, 0]
    assert received.margins.table["post"].tolist() == [10, 0]
