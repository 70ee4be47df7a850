"""The closed table of faults: each made once, found with its code and line; of several in one row the first is told."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest

from analysis.data.ingest.fault_codes import CLASSES, FLAGS, REJECTS

HEADER = "id,procedure,field,level,channel,submitted,accepted,first_due,due,finished,returned,status,other"
COLUMNS = {
    "case_id": "id",
    "procedure_code": "procedure",
    "field": "field",
    "agency": None,
    "level": "level",
    "channel": {"column": "channel", "codes": {"1": "counter", "2": "online"}},
    "submitted_at": "submitted",
    "accepted_at": "accepted",
    "first_due_at": "first_due",
    "due_at": "due",
    "finished_at": "finished",
    "returned_at": "returned",
    "outcome": {
        "column": "status",
        "codes": {"4": "open", "9": "resolved", "3": "refused", "7": "withdrawn"},
    },
}
GOOD = {
    "id": "000.00.06.H32-210901-0001",
    "procedure": "1.000123",
    "field": "Đất đai",
    "level": "4",
    "channel": "2",
    "submitted": "01/09/2021 08:00:00",
    "accepted": "01/09/2021 09:30:00",
    "first_due": "10/09/2021",
    "due": "10/09/2021",
    "finished": "08/09/2021 16:00:00",
    "returned": "09/09/2021",
    "status": "9",
    "other": "",
}


def _row(number, **cells):
    row = GOOD | {"id": f"000.00.06.H32-210901-{number:04d}"} | cells
    return ",".join(row.values())


def _file(*rows):
    return "\n".join([HEADER, *rows, ""])


@pytest.fixture
def bring(bring_in):
    def bring(*rows, **mapping):
        text = _file(*rows)
        return bring_in(text, columns=COLUMNS, other_id="other", case_id_form="national", **mapping)

    return bring


MADE = {
    "column_count": "short",
    "undecodable": _row(2, procedure="\udcff"),
    "cell_error": _row(2, field="#REF!"),
    "total_row": _row(2, id="Tổng cộng"),
    "empty_row": "," * (HEADER.count(",")),
    "case_id_missing": _row(2, id=" "),
    "code_unknown": _row(2, channel="8"),
    "date_unreadable": _row(2, due="31/02/2021"),
    "value_missing": _row(2, status=""),
    "accepted_missing": _row(2, accepted=""),
    "finished_missing": _row(2, finished="", returned=""),
    "accepted_in_future": _row(2, accepted="01/01/2022", finished="", returned="", status="4"),
    "finished_in_future": _row(2, returned="01/01/2022"),
    "finished_before_accepted": _row(2, finished="31/08/2021 23:59:59"),
    "duplicate_case_id": _row(1),
    "duplicate_across_systems": _row(1, id="H32.06-210901-0001"),
    "not_nfc": _row(2, procedure=unicodedata.normalize("NFD", "Cấp mới")),
    "case_id_form_unknown": _row(2, id="A-2"),
    "case_id_day_differs": _row(2, id="000.00.06.H32-210831-0002"),
    "not_yet_accepted": _row(2, accepted="", finished="", returned="", status="4"),
    "online_below_level_3": _row(2, level="2"),
    "due_date_replaced": _row(2, due="15/09/2021"),
    "due_before_accepted": _row(2, first_due="31/08/2021", due="31/08/2021"),
    "submitted_after_accepted": _row(2, submitted="02/09/2021"),
    "returned_before_finished": _row(2, returned="07/09/2021"),
    "open_with_finish": _row(2, status="4"),
}


def test_a_good_row_has_no_fault(bring):
    brought = bring(_row(1))
    assert (brought.rejected, brought.flagged) == ([], [])
    assert brought.intake.classes == {"no_due_date": 0, "refused": 0, "withdrawn": 0}


@pytest.mark.parametrize("bytes_that_are_no_text", [False, True], ids=["regular", "irregular"])
def test_a_fault_made_once_is_found_once_with_its_code_and_line(bring_in, bytes_that_are_no_text):
    made = {code: row for code, row in MADE.items() if bytes_that_are_no_text or code != "undecodable"}
    rows = [row.replace("-0002", f"-{at:04d}") for at, row in enumerate(made.values(), start=3)]
    text = _file(_row(1), *rows).encode("utf-8", "surrogateescape")
    brought = bring_in(text, columns=COLUMNS, other_id="other", case_id_form="national", totals=["Tổng"])
    flags = {fault.code for fault in FLAGS}
    lines = {code: line for line, code in enumerate(made, start=3)}
    assert brought.rejected == [(line, code) for code, line in lines.items() if code not in flags]
    assert brought.flagged == [(line, code) for code, line in lines.items() if code in flags]
    raws = dict(brought.intake.rejected[["code", "raw"]].to_numpy().tolist())
    assert raws["column_count"] == "…"
    assert raws["code_unknown"] == (
        f"id=000.00.06.H32-210901-{lines['code_unknown']:04d}; procedure=7 digits, 1 sign; field=Đất đai; level=4; "
        "channel=1 digit; submitted=01/09/2021 08:00:00; accepted=01/09/2021 09:30:00; first_due=10/09/2021; "
        "due=10/09/2021; finished=08/09/2021 16:00:00; returned=09/09/2021; status=9"
    )


def test_every_fault_a_row_of_cases_can_have_is_made_above():
    elsewhere = {  # numbers and counts: test_tables.py; the last line: test_delimited.py; cells: test_workbook_marks.py
        "formula_without_result",
        "number_unreadable",
        "number_negative",
        "number_not_whole",
        "value_out_of_range",
        "part_without_whole",
        "part_exceeds_whole",
        "last_line_unfinished",
    }
    assert {fault.code for fault in (*REJECTS, *FLAGS)} - elsewhere == set(MADE)


def test_what_is_counted_apart_is_counted(bring):
    no_term = {"first_due": "", "due": ""}
    brought = bring(
        _row(1),
        _row(2, **no_term),
        _row(3, **no_term, status="4", finished="", returned=""),
        _row(4, status="3", accepted="", finished="", returned=""),
        _row(5, status="7", finished="", returned=""),
        _row(6, status="7"),
    )
    assert brought.rejected == []
    assert brought.intake.classes == {"no_due_date": 1, "refused": 1, "withdrawn": 2}
    assert {fault.code for fault in CLASSES} == {*brought.intake.classes, "not_yet_known"}


def test_of_several_faults_the_first_in_the_table_is_told(bring):
    # Each row has the faults of all rows below it, in the order of the table.
    faults = [
        ("total_row", {"id": "Tổng cộng"}),
        ("code_unknown", {"channel": "8"}),
        ("date_unreadable", {"due": "2021-09-10"}),
        ("finished_in_future", {"returned": "01/01/2022"}),
        ("finished_before_accepted", {"finished": "30/08/2021"}),
    ]
    rows = []
    for at in range(len(faults)):
        cells = {}
        for _, wrong in reversed(faults[at:]):
            cells |= wrong
        rows.append(_row(at, **cells))
    brought = bring(*rows, totals=["Tổng"])
    assert [code for _, code in brought.rejected] == [code for code, _ in faults]


def test_a_rejected_row_duplicates_nothing(bring):
    brought = bring(_row(1, finished="31/02/2021"), _row(1), _row(1, channel="8"))
    assert brought.rejected == [(2, "date_unreadable"), (4, "code_unknown")]
    assert len(brought.table) == 1


def test_the_reason_names_the_column_and_what_stood_there(bring):
    brought = bring(_row(1, due="31/02/2021"), _row(2, channel="8"), _row(3, finished="31/08/2021"))
    assert brought.intake.rejected["reason"].tolist() == [
        "due: 8 digits, 2 signs",
        "channel: 1 digit",
        "finished_at: '2021-08-31 00:00:00'",
    ]


def test_times_at_the_edge_of_the_extraction_day(bring):
    last = {"finished": "31/12/2021 23:59:59", "returned": ""}
    brought = bring(_row(1, **last), _row(2, **last | {"finished": "01/01/2022 00:00:00"}))
    assert brought.rejected == [(3, "finished_in_future")]
    assert brought.intake.rejected["reason"].tolist() == [
        "finished_at or returned_at, with data of 2021-12-31: '2022-01-01 00:00:00'"
    ]


def test_finished_on_the_day_it_was_accepted_is_no_fault_whatever_the_clock_says(bring):
    assert bring(_row(1, accepted="01/09/2021 09:30:00", finished="01/09/2021")).rejected == []


def test_cells_of_blanks_are_empty(bring):
    # A no-break space and a tab are what is left of cells emptied by hand.
    brought = bring(_row(1, procedure="\u00a0", level="\t", first_due=" ", due="\u202f", other=" \u00a0"))
    assert (brought.rejected, brought.intake.classes["no_due_date"]) == ([], 1)
    assert brought.table[["procedure_code", "level", "first_due_at", "due_at"]].isna().all(axis=None)


def test_blanks_around_cells_do_not_count(bring):
    brought = bring(_row(1), _row(1, id="\u00a0000.00.06.H32-210901-0001\t", due=" 10/09/2021\u00a0", channel=" 2 "))
    assert brought.rejected == [(3, "duplicate_case_id")]


def test_a_date_in_another_form_is_no_date(bring):
    written = [
        "2021-09-10", "10-09-2021", "10/09/21", "10/09/20211", "00/09/2021", "10/13/2021", "29/02/2021", "10/09/1989",
        "10/09/2101", "10/09/2021 25:00:00", "44449", "hôm nay", "10/09/2021;", "không",
    ]  # fmt: skip
    brought = bring(*[_row(at, due=one) for at, one in enumerate(written)])
    assert brought.rejected == [(line, "date_unreadable") for line in range(2, 2 + len(written))]


def test_a_date_in_a_declared_form_is_read(bring):
    written = ["10/09/2021", "10/9/2021", " 10/09/2021 ", "\u00a010/09/2021", "10/09/2021 00:00:00", "10/9/2021  0:0:0"]
    brought = bring(*[_row(at, due=one) for at, one in enumerate(written)])
    assert brought.table["due_at"].dt.date.tolist() == [date(2021, 9, 10)] * len(written)


@pytest.mark.parametrize(
    ("dates", "written", "read"),
    [
        (["dd/mm/yy"], "10/09/21", "2021-09-10 00:00:00"),
        (["mm/dd/yyyy hh:MM:SS tt"], "09/10/2021 04:05:06 PM", "2021-09-10 16:05:06"),
        (["%m/%d/%Y %I:%M:%S %p"], "09/10/2021 04:05:06 PM", "2021-09-10 16:05:06"),
        (["%Y-%m-%dT%H:%M:%S%z"], "2021-09-10T20:05:06+02:00", "2021-09-11 01:05:06"),
        (["%Y-%m-%dT%H:%M:%S%z"], "2021-09-10T18:05:06Z", "2021-09-11 01:05:06"),
        (["yyyy-mm-ddTHH:MM:SS"], "2021-09-10T18:05:06", "2021-09-10 18:05:06"),
        (["dd/mm/yyyy", "yyyy-mm-dd"], "2021-09-10", "2021-09-10 00:00:00"),
    ],
)
def test_dates_are_read_as_the_mapping_writes_them(bring_in, dates, written, read):
    text = f"MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\nH1,x,1,{written},,\n"
    assert [f"{time}" for time in bring_in(text, dates=dates).table["accepted_at"]] == [read]


def test_a_code_list_reads_any_case_and_form_and_the_star_takes_the_rest(bring_in):
    header = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\n"
    given = ["Trực tuyến", "TRỰC TUYẾN", unicodedata.normalize("NFD", "Trực tuyến"), " Trực  tuyến ", "Zalo", "*", ""]
    text = header + "".join(f"H{at},x,{one},01/09/2021,,\n" for at, one in enumerate(given))
    codes = {"column": "Kenh", "codes": {"trực tuyến": "online", "*": "other"}}
    channels = bring_in(text, columns={"channel": codes}).table["channel"]
    assert channels.fillna("").tolist() == ["online"] * 4 + ["other", "other", ""]
    del codes["codes"]["*"]
    brought = bring_in(text, columns={"channel": codes})
    assert brought.rejected == [(6, "code_unknown"), (7, "code_unknown")]


def test_a_few_values_are_renamed_and_the_others_kept(bring_in):
    header = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\n"
    fields = {"Đất": "dat-dai", "ĐẤT": "dat-dai", "Hộ tịch": "ho-tich", "NULL": "", "": "", "*": None}
    channels = {"web": "online", "Counter": "counter", "post": "post", "fax": None}
    text = header + "".join(f"F{at},{one},post,01/09/2021,,\n" for at, one in enumerate(fields))
    text += "".join(f"C{at},x,{one},01/09/2021,,\n" for at, one in enumerate(channels))
    columns = {
        "field": {"column": "LinhVuc", "codes": {"đất": "dat-dai", "*": "keep"}},
        "channel": {"column": "Kenh", "codes": {"web": "online", "*": "keep"}},
    }
    brought = bring_in(text, columns=columns)
    read = brought.table.set_index("case_id").fillna("")
    assert read["field"].filter(like="F").tolist() == [one for one in fields.values() if one is not None]
    assert read["channel"].filter(like="C").tolist() == ["online", "counter", "post"]
    assert brought.rejected == [(7, "code_unknown"), (11, "code_unknown")]


def test_text_becomes_composed_and_says_so(bring):
    apart = unicodedata.normalize("NFD", "Cấp mới giấy phép")
    brought = bring(_row(1, procedure=apart), _row(2, field=unicodedata.normalize("NFD", "Đất đai")), _row(3))
    assert brought.table["procedure_code"].tolist() == ["Cấp mới giấy phép", "1.000123", "1.000123"]
    assert brought.table["field"].tolist() == ["dat-dai"] * 3
    assert brought.flagged == [(2, "not_nfc"), (3, "not_nfc")]


def test_the_first_due_date_is_kept_when_a_new_appointment_replaces_it(bring):
    brought = bring(_row(1, due="20/09/2021"), _row(2, first_due=""), _row(3, due=""))
    days = brought.table[["first_due_at", "due_at"]].map(lambda time: f"{time:%d/%m}").to_numpy().tolist()
    assert days == [["10/09", "20/09"], ["10/09", "10/09"], ["10/09", "10/09"]]
    assert brought.flagged == [(2, "due_date_replaced")]


def test_without_an_outcome_a_case_with_a_finish_is_resolved(bring_in):
    text = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\nH1,x,1,01/09/2021,,02/09/2021\nH2,x,1,01/09/2021,,\n"
    assert bring_in(text).table["outcome"].tolist() == ["resolved", "open"]


def test_national_identifiers_have_two_forms_and_a_day(bring):
    flags = {
        "000.00.06.H32-210901-0001": None,
        "H32.07-210901-0001": None,
        "H32.06-210901-12345": None,
        "000.00.06.H32-210902-0001": None,  # accepted the day after it was filed
        "h32.06-210901-0001": "case_id_form_unknown",
        "H32.06-210901-001": "case_id_form_unknown",
        "000.00.06.H32-20210901-0001": "case_id_form_unknown",
        "H32.06-210903-0001": "case_id_day_differs",
        "H32.06-993199-0001": "case_id_day_differs",
    }
    brought = bring(*[_row(1, id=case_id, accepted="02/09/2021") for case_id in flags])
    assert brought.table["case_id"].tolist() == list(flags)
    found = dict(brought.intake.flagged[["case_id", "code"]].to_numpy().tolist())
    assert {case_id: found.get(case_id) for case_id in flags} == flags


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "Err:502"])
@pytest.mark.parametrize("column", ["id", "procedure", "field", "channel", "status"])
def test_an_error_saved_as_text_is_no_code_and_no_identifier(bring, column, error):
    brought = bring(_row(1), _row(2, **{column: error}), _row(3, field="#1"))
    assert brought.rejected == [(3, "cell_error")]
    assert brought.table["field"].tolist() == ["dat-dai", "1"]


def test_an_error_that_the_mapping_names_is_a_code(bring_in):
    columns = COLUMNS | {"channel": {"column": "channel", "codes": {"2": "online", "#N/A": "other"}}}
    brought = bring_in(_file(_row(1), _row(2, channel="#N/A")), columns=columns, ignored=["other"])
    assert brought.table["channel"].tolist() == ["online", "other"]
