"""Any of our tables comes through the same door: its numbers, its codes, its columns, and what no mapping knows."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.contracts import TABLES, check
from analysis.data.ingest.listed_rows import shape
from analysis.data.ingest.table import TooManyRejects
from analysis.faults import BadData

NUMBERS = {
    "table": "counts",
    "columns": {"period": "ky", "field": "linh_vuc", "received": "nhan", "resolved": "giai_quyet"},
    "delimiter": ";",
}


NUMBERS_AS_WRITTEN = [
    (
        {"thousands": ".", "decimal": ","},
        {
            "1.234": 1234,
            "1.234.567": 1234567,
            "1234": 1234,
            "1.234,0": 1234,
            "1.234,5": "number_not_whole",
            "1,234": "number_not_whole",
            "12.34": "number_unreadable",
            "1.2345": "number_unreadable",
            ".234": "number_unreadable",
            "1.234.5": "number_unreadable",
            "1\u00a0234": "number_unreadable",
            "-1.234,5": "number_negative",
        },
    ),
    (
        {"thousands": ","},
        {
            "1,234": 1234,
            "1.5": "number_not_whole",
        },
    ),
    (
        {"thousands": " "},
        {
            "1 234": 1234,
            "1\u00a0234": 1234,
            "1\u202f234": 1234,
            "1 2": "number_unreadable",
        },
    ),
    (
        {},
        {
            "1.234": "number_not_whole",
            "7": 7,
            " 7 ": 7,
            "\u00a07\u00a0": 7,
            "007": 7,
            "0": 0,
            "-0": 0,
            "-5": "number_negative",
            "\u22125": "number_negative",
            "(5)": "number_unreadable",
            "+5": "number_unreadable",
            "1e3": "number_unreadable",
            "5 %": "number_unreadable",
            "nan": "number_unreadable",
            "năm": "number_unreadable",
            "9" * 18: 999999999999999999,
            "9" * 30: "number_unreadable",
            "٣": "number_unreadable",
        },
    ),
]


@pytest.mark.parametrize(("mapping", "numbers"), NUMBERS_AS_WRITTEN)
def test_numbers_are_read_as_the_mapping_writes_them(bring_in, mapping, numbers):
    lines = "".join(f"2021-09;n{at};{written};\n" for at, written in enumerate(numbers))
    brought = bring_in(f"ky;linh_vuc;nhan;giai_quyet\n{lines}", **NUMBERS, **mapping)
    codes = dict(brought.rejected)
    taken = dict(zip(brought.table["field"], brought.table["received"], strict=True))
    read = {written: codes.get(at + 2) or int(taken[f"n{at}"]) for at, written in enumerate(numbers)}
    assert read == numbers


def test_no_number_is_missing_and_missing_is_no_zero(bring_in):
    brought = bring_in("ky;linh_vuc;nhan;giai_quyet\n2021-09;a;;0\n2021-09;b; ;\n", **NUMBERS)
    assert brought.table[["received", "resolved"]].fillna(-1).to_numpy().tolist() == [[-1, 0], [-1, -1]]


def test_periods_are_read_as_offices_write_them(bring_in):
    periods = {
        "2021-09": "2021-09",
        "9/2021": "2021-09",
        "tháng 9/2021": "2021-09",
        "Quý III/2020": "2020Q3",
        "2020Q3": "2020Q3",
        "13/2021": "code_unknown",
        "2021": "code_unknown",
        "": "value_missing",
    }
    lines = "".join(f"{written};n{at};1;1\n" for at, written in enumerate(periods))
    brought = bring_in(f"ky;linh_vuc;nhan;giai_quyet\n{lines}", **NUMBERS)
    taken = dict(zip(brought.table["field"], brought.table["period"], strict=True))
    codes = dict(brought.rejected)
    assert {written: codes.get(at + 2) or taken[f"n{at}"] for at, written in enumerate(periods)} == periods


EVERY_TABLE = {
    "case_ratings": (
        "case_id,rating,rated_at",
        ["H1,satisfied,2021-09-01 10:00:00"],
        ["H1,fine,2021-09-01", " ,satisfied,2021-09-01"],
    ),
    "counts": (
        "period,agency,district,field,procedure,channel,published_online,timeliness,received,resolved",
        ["2021-09,SNV,NT,Hộ tịch,1.001,online,true,late,5,3", "2021-09,,,,,,,,,"],
        ["2021-09,,,,,web,,,5,3", "2021-09,,,,,,maybe,,5,3", "2021-09,,,,,,,overdue,5,3"],
    ),
    "ratings": (
        "period,agency,district,field,channel,satisfied,respondents",
        ["2021-09,SNV,,,online,3,5", "2021-09,,,,,5,5"],
        ["2021-09,SNV,,,online,6,5", "2021-09,SNV,,,online,,5"],
    ),
    "survey": (
        "instrument,round,stratum,cluster,agency,field,weight,rating",
        ["provincial,2021,urban,c-1,snv,Đất đai,12.5,5", "provincial,2021,urban,c-1,,,0.1,1"],
        [
            "p,2021,u,c,,,0,5",
            "p,2021,u,c,,,-1,5",
            "p,2021,u,c,,,1,0",
            "p,2021,u,c,,,1,6",
            "p,2021,u,c,,,1,4.5",
            "p,,u,c,,,1,4",
        ],
    ),
    "catalogue": (
        "procedure_code,field,level,eligible,mobile,integrated,roadmap_on,valid_from,valid_to",
        ["1.000123.000.00.00.H32,Đất đai,4,true,false,,2021-06-30,2020-09-01,"],
        ["1.000123,dat-dai,5,true,,,,2020-09-01,", "1.000123,dat-dai,4,,,,,2020-09-01,", "1.1,,4,true,,,,,"],
    ),
    "progress": (
        "target,item,kind,planned_on,done_on,planned,actual",
        ["pci_group,Sở Nội vụ,inventory,2021-06-30,2021-06-15,,", "staff,2021,headcount,2021-12-31,,2100,2050"],
        ["pci_group,snv,list,2021-06-30,,,", "pci_group,snv,milestone,,,,", "staff,2021,headcount,2021-12-31,,-1,"],
    ),
}


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_what_is_accepted_keeps_the_contract_of_its_table(bring_in, table):
    header, good, bad = EVERY_TABLE[table]
    brought = bring_in(
        "\n".join([header, *good, *bad, ""]),
        table=table,
        columns={name: name for name in header.split(",")},
        dates=["yyyy-mm-dd HH:MM:SS", "yyyy-mm-dd"],
    )
    assert [line for line, _ in brought.rejected] == list(range(2 + len(good), 2 + len(good) + len(bad)))
    assert len(check(brought.table, TABLES[table], where=table)) == len(good)
    assert brought.intake.classes == {}


def test_ratings_counted_by_answer_are_stored_as_satisfied_of_all(bring_in):
    lines = [
        "2021-09,stp,Hài lòng,5",
        "2021-09,stp,Rất hài lòng,2",
        "2021-09,stp,Không hài lòng,3",
        "2021-09,stp,,4",
        "2021-09,stp,Tạm được,4",
        "2021-09,stp,Hài lòng,-1",
        "2021-09,stp,Hài lòng,",
        "2021-09,,Hài lòng,0",
    ]
    codes = {"Hài lòng": "satisfied", "Rất hài lòng": "very_satisfied", "Không hài lòng": "dissatisfied"}
    columns = {"period": "ky", "agency": "don_vi", "rating": {"column": "muc", "codes": codes}, "n": "so"}
    brought = bring_in("\n".join(["ky,don_vi,muc,so", *lines, ""]), table="ratings", columns=columns)
    assert brought.rejected == [
        (5, "value_missing"),
        (6, "code_unknown"),
        (7, "number_negative"),
        (8, "value_missing"),
    ]
    table = check(brought.table, TABLES["ratings"], where="ratings")
    assert table[["satisfied", "respondents"]].to_numpy().tolist() == [[5, 5], [2, 2], [0, 3], [0, 0]]


@pytest.mark.slow
@settings(max_examples=12)
@given(ids=st.lists(st.integers(0, 30), min_size=1, max_size=40), bad=st.sets(st.integers(0, 39)))
def test_accepted_and_rejected_add_up_and_keep_the_order_of_the_file(bring_in, ids, bad):
    lines = [f"H{number},x,{9 if at in bad else 1},01/09/2021,," for at, number in enumerate(ids)]
    brought = bring_in("\n".join(["MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong", *lines, ""]))
    right = [number for at, number in enumerate(ids) if at not in bad]
    assert brought.intake.rows == len(ids)
    # In the order of the file, and after them those that stand there several times.
    once = [number for number in right if ids.count(number) == 1]
    several = [number for number in dict.fromkeys(right) if ids.count(number) > 1]
    assert brought.table["case_id"].tolist() == [f"H{number}" for number in once + several]
    assert len(brought.intake.rejected) == len(ids) - len(set(right))
    assert brought.intake.rejected["line"].is_monotonic_increasing


HEADER = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong"
ROW = "H1,x,1,01/09/2021,,"


def test_a_header_typed_otherwise_is_told_from_both_sides(bring_in):
    told = (
        "cases.csv: the header has no 'LinhVuc' (did you mean 'LinhVục'?) and no 'NgayHen', which the mapping uses, "
        "and the mapping does not know the columns 'LinhVục', 'X'; list them under columns, ignored or personal"
    )
    with pytest.raises(BadData) as refused:
        bring_in(f"{HEADER.replace('LinhVuc', 'LinhVục').replace('NgayHen', 'X')}\n{ROW}\n")
    assert str(refused.value) == told


def test_rows_without_any_value_lose_nothing(bring_in):
    # A spreadsheet that saved more rows than it has filled writes them as marks alone.
    text = f"{HEADER},GhiChu\n{ROW},\n" + ",,,,,,\n" * 30 + ",,,,,,ghi\n"
    brought = bring_in(text, ignored=["GhiChu"], reject_limit=0)
    assert (brought.intake.rows, brought.intake.accepted) == (32, 1)
    assert set(brought.intake.rejected["code"]) == {"empty_row"}


def test_columns_nobody_named_are_refused(bring_in):
    with pytest.raises(
        BadData, match="does not know the column 'GhiChu'; list them under columns, ignored or personal"
    ):
        bring_in(f"{HEADER},GhiChu\n{ROW},x\n")
    with pytest.raises(BadData, match="the columns 'GhiChu', 'Thu'"):
        bring_in(f"GhiChu,{HEADER},Thu\nx,{ROW},x\n")
    assert bring_in(f"{HEADER},GhiChu\n{ROW},x\n", ignored=["GhiChu", "never there"]).intake.accepted == 1
    assert bring_in(f"{HEADER},\n{ROW},\n").intake.accepted == 1


@pytest.mark.parametrize("name", HEADER.split(","))
def test_a_column_that_is_taken_stands_in_the_header_once(bring_in, name):
    other = f"Other{name}"
    with pytest.raises(BadData, match=f"one column '{name}' was expected in the header, found 0"):
        bring_in(f"{HEADER.replace(name, other)}\n{ROW}\n", ignored=[other])
    with pytest.raises(BadData, match=f"one column '{name}' was expected in the header, found 2"):
        bring_in(f"{HEADER},{name}\n{ROW},x\n")
    with pytest.raises(BadData, match="one column 'MaKhac' was expected in the header, found 0"):
        bring_in(f"{HEADER}\n{ROW}\n", other_id="MaKhac")


def test_a_column_that_is_not_taken_may_stand_in_the_header_twice(bring_in):
    assert bring_in(f"{HEADER},x,x\n{ROW},1,2\n", ignored=["x"]).intake.accepted == 1


def test_two_columns_of_ours_may_come_from_one_of_the_file(bring_in):
    brought = bring_in(f"{HEADER}\n{ROW}\n", columns={"submitted_at": "NgayNhan", "agency": "LinhVuc"})
    assert brought.table[["field", "agency"]].to_numpy().tolist() == [["x", "x"]]
    assert (brought.table["submitted_at"] == brought.table["accepted_at"]).all()


def test_a_constant_stands_in_every_row(bring_in):
    constants = {"district": {"constant": "nha-trang"}, "due_at": {"constant": "2021-10-01"}}
    brought = bring_in(f"{HEADER}\n{ROW}\n", columns=constants, ignored=["NgayHen"])
    assert brought.table["district"].tolist() == ["nha-trang"]
    assert brought.table["due_at"].tolist() == brought.table["first_due_at"].tolist() == [pd.Timestamp(2021, 10, 1)]


@pytest.mark.parametrize("bad", [0, 1, 5, 6, 100])
def test_too_many_rejects_refuse_the_file_and_name_the_worst_reasons(bring_in, bad):
    faults = ["H,x,9,01/09/2021,,", "H,x,1,31/02/2021,,", "short", ",x,1,01/09/2021,,"]
    lines = [faults[at % 4].replace("H", f"B{at}") for at in range(bad)]
    lines += [f"H{at},x,1,01/09/2021,," for at in range(100 - bad)]
    text = "\n".join([HEADER, *lines, ""])
    if bad <= 5:
        assert len(bring_in(text, reject_limit=0.05).intake.rejected) == bad
        return
    with pytest.raises(TooManyRejects) as refused:
        bring_in(text, reject_limit=0.05)
    assert f"cases.csv: {bad} of 100 rows rejected ({bad / 100:.1%}), 5.0% at most were expected" in str(refused.value)
    worst = "code_unknown 2, date_unreadable 2" if bad == 6 else "case_id_missing 25"
    assert worst in str(refused.value)
    # A code that five rows share is quoted.
    shown = "1 digit" if bad == 6 else "'9'"
    assert f"the first on line 2: Kenh: {shown}" in str(refused.value)
    assert len(refused.value.rejected) == bad


def test_of_a_file_that_is_wrong_throughout_not_every_row_is_held(bring_in, monkeypatch):
    from analysis.data.ingest import table

    monkeypatch.setattr(table, "MAX_LISTED_REJECTS", 3)
    lines = [f"H{at},x,9,01/09/2021,," for at in range(50)]
    with pytest.raises(TooManyRejects, match="50 of 50 rows rejected") as refused:
        bring_in("\n".join([HEADER, *lines, ""]), reject_limit=0.05)
    assert refused.value.rejected["line"].tolist() == [2, 3, 4]


def test_a_reject_limit_of_nothing_takes_a_file_without_rejects(bring_in):
    assert bring_in(f"{HEADER}\n{ROW}\n", reject_limit=0).intake.accepted == 1


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "x" * 300,
    "מילה",
    "'); DROP TABLE verdicts; --",
    "a' OR '1'='1",
    "${jndi:ldap://x}",
    "{0}{}{name}%s",
    "\\x00\\n",
    "🧾",
    "\ufffd",
]


def test_hostile_cells_are_text_and_nothing_else(bring_in):
    good = [f'"{cell}","{cell}",1,01/09/2021,,' for cell in HOSTILE]
    no_code = [f'H{at},x,"{cell}",01/09/2021,,' for at, cell in enumerate(HOSTILE)]
    no_date = [f'H{at},x,1,"{cell}",,' for at, cell in enumerate(HOSTILE)]
    columns = {"procedure_code": "LinhVuc", "field": None}
    brought = bring_in("\n".join([HEADER, *good, *no_code, *no_date, ""]), columns=columns)
    assert brought.table[["case_id", "procedure_code"]].to_numpy().tolist() == [[cell, cell] for cell in HOSTILE]
    assert len(check(brought.table, TABLES["cases"], where="cases")) == len(HOSTILE)
    codes = ["code_unknown"] * len(HOSTILE) + ["date_unreadable"] * len(HOSTILE)
    assert [code for _, code in brought.rejected] == codes
    # What a column cannot read is not quoted.
    reasons = [f"{column}: {shape(cell)}" for column in ("Kenh", "NgayNhan") for cell in HOSTILE]
    assert brought.intake.rejected["reason"].tolist() == reasons


@pytest.mark.parametrize(
    "header", ['Ma"HoSo', "'); DROP TABLE verdicts", "<b>Mã</b>", "Mã\u00a0hồ   sơ", "x" * 300, "c0", "n"]
)
def test_hostile_headers_are_names_and_nothing_else(bring_in, header):
    doubled = header.replace('"', '""')
    text = f'"{doubled}",{HEADER.removeprefix("MaHoSo,")}\n{ROW}\n'
    assert bring_in(text, columns={"case_id": header}).table["case_id"].tolist() == ["H1"]


def test_what_leaves_no_letter_of_a_code_is_no_code(bring_in):
    lines = "".join(f"H{at},{cell},1,01/09/2021,,\n" for at, cell in enumerate(["מילה", "🧾", "?!", "'", "???"]))
    assert bring_in(f"{HEADER}\n{lines}").rejected == [(line, "code_unknown") for line in range(2, 7)]


def test_hostile_codes_and_totals_of_a_mapping_are_text(bring_in):
    codes = {"'); DROP TABLE x; --": "counter", 'a"b': "online", "1": "post"}
    brought = bring_in(
        f'{HEADER}\nH1,x,\'); DROP TABLE x; --,01/09/2021,,\nH2,x,"a""b",01/09/2021,,\n\' OR 1,x,1,01/09/2021,,\n',
        columns={"channel": {"column": "Kenh", "codes": codes}},
        totals=["' OR 1"],
    )
    assert brought.table["channel"].tolist() == ["counter", "online"]
    assert brought.rejected == [(4, "total_row")]


@pytest.mark.slow
def test_a_column_of_very_many_values_is_no_column_of_codes(bring_in):
    text = HEADER + "\n" + "".join(f"H{at},C{at},1,01/09/2021,,\n" for at in range(200_000))
    with pytest.raises(BadData, match="column 'LinhVuc' has more than 100,000 different values; codes of field were"):
        bring_in(text)
    assert bring_in(text, columns={"field": None, "procedure_code": "LinhVuc"}).intake.accepted == 200_000
