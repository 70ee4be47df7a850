"""Columns and tables beyond the contracts: checked at the door like any other, in every format, and declared."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.contracts import CaseRatings, Cases, Counts, columns_of
from analysis.data.declared import MAY_HAVE_EXTRA, TableDeclaration
from analysis.data.ingest.archive import archive
from analysis.data.ingest.received import Calendar, receive
from analysis.data.sources.about import read_description
from analysis.data.sources.mapping import Mapping, read_mapping
from analysis.faults import BadData, BadParameters

ABOUT = {"title": "t", "source": "s"}
COLUMNS = {"case_id": "id", "accepted_at": "nhan", "finished_at": "xong"}
EXTRA = {
    "paid": {"kind": "flag", "column": "Thanh toán", "codes": {"Có": "true", "Không": "false"}},
    "fee": {"kind": "number", "column": "Phí"},
    "digitised_at": {"kind": "time", "column": "Số hóa"},
    "result_form": {"kind": "code", "column": "Kết quả", "codes": {"Điện tử": "electronic", "Giấy": "paper"}},
}
KINDS = {name: source["kind"] for name, source in EXTRA.items()}
HEADER = ["id", "nhan", "xong", "Thanh toán", "Phí", "Số hóa", "Kết quả"]
GOOD = [
    ["H1", "2021-09-01", "2021-09-03", "Có", "12.5", "2021-09-02 08:30:00", "Điện tử"],
    ["H2", "2021-09-01", "", "Không", "-3", "", "Giấy"],
    ["H3", "2021-09-01", "", "", "", "", ""],
]
BAD = {
    "code_unknown": ["H4", "2021-09-01", "", "có lẽ", "", "", ""],
    "number_unreadable": ["H5", "2021-09-01", "", "", "nhiều", "", ""],
    "date_unreadable": ["H6", "2021-09-01", "", "", "", "31/02/2021", ""],
}


def _mapping(**changes):
    base = {"about": ABOUT, "format": "csv", "table": "cases", "columns": COLUMNS, "extra": EXTRA}
    return Mapping.model_validate(base | changes)


def _csv(rows, header=HEADER):
    return "\n".join(",".join(row) for row in [header, *rows]) + "\n"


def _archive(tmp_path, rows, mapping=None, *, header=HEADER, file="cases.csv", name=None):
    path = tmp_path / file
    path.write_text(_csv(rows, header), encoding="utf-8")
    (intake,) = archive(
        str(path), mapping or _mapping(), tmp_path / "out", extracted_on=date(2021, 9, 30), reject_limit=1, name=name
    )
    return intake


def _receive(folder, source=None, *, as_of=date(2021, 9, 30)):
    tables = folder.parent / "kept"
    return receive(folder, source, as_of=as_of, calendar=Calendar("M", 14), reject_limit=1, tables_folder=tables)


def _values(path):
    frame = pd.read_parquet(path)[["case_id", *EXTRA]]
    return [[None if pd.isna(value) else value for value in row] for row in frame.to_numpy().tolist()]


EXPECTED = [
    ["H1", True, 12.5, pd.Timestamp(2021, 9, 2, 8, 30), "electronic"],
    ["H2", False, -3.0, None, "paper"],
    ["H3", None, None, None, None],
]


def _write_csv(path):
    path.write_text(_csv([*GOOD, *BAD.values()]), encoding="utf-8")


def _write_workbook(path):
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, HEADER)
        for number, row in enumerate([*GOOD, *BAD.values()], start=1):
            sheet.write_row(number, 0, row)
        sheet.write_number(1, 4, 12.5)
        sheet.write_datetime(1, 5, datetime(2021, 9, 2, 8, 30), day)


def _typed():
    """Return the rows as a system keeps them: what is empty is missing."""
    return pd.DataFrame([*GOOD, *BAD.values()], columns=HEADER).replace({"": None})


def _write_parquet(path):
    _typed().to_parquet(path)


def _write_sqlite(path):
    with sqlite3.connect(path) as connection:
        _typed().to_sql("t", connection, index=False)
    connection.close()


def _write_duckdb(path):
    with duckdb.connect(path) as connection:
        connection.register("typed", _typed())
        connection.execute("CREATE TABLE t AS FROM typed")


FORMATS = {
    "csv": _write_csv,
    "workbook": _write_workbook,
    "parquet": _write_parquet,
    "sqlite": _write_sqlite,
    "duckdb": _write_duckdb,
}


@pytest.mark.parametrize("kind", FORMATS)
def test_columns_beyond_the_contract_are_read_and_checked_in_every_format(bring_in, tmp_path, kind):
    path = tmp_path / ("cases.xlsx" if kind == "workbook" else "cases.db")
    FORMATS[kind](path)
    relation = {"relation": "t"} if kind in ("sqlite", "duckdb") else {}
    dates = ["yyyy-mm-dd HH:MM:SS", "yyyy-mm-dd"]
    columns = dict.fromkeys(["field", "channel", "due_at"]) | COLUMNS
    brought = bring_in(path, format=kind, columns=columns, extra=EXTRA, dates=dates, **relation)
    assert sorted(code for _, code in brought.rejected) == sorted(BAD)
    frame = brought.table
    assert list(frame) == [*columns_of(Cases), *EXTRA]
    values = frame[["case_id", *EXTRA]].to_numpy().tolist()
    assert [[None if pd.isna(value) else value for value in row] for row in values] == EXPECTED
    reasons = set(brought.intake.rejected["reason"])
    assert reasons == {"Thanh toán: 4 letters, 2 words", "Phí: 5 letters", "Số hóa: 8 digits, 2 signs"}


def test_typed_columns_of_a_system_are_the_same_as_their_text(bring_in, tmp_path):
    typed = pd.DataFrame(
        {
            "id": ["H1", "H2"], "nhan": [pd.Timestamp(2021, 9, 1)] * 2, "xong": [pd.NaT] * 2,
            "Thanh toán": pd.array([True, None], dtype="boolean"), "Phí": [12.5, None],
            "Số hóa": [pd.Timestamp(2021, 9, 2, 8, 30), pd.NaT], "Kết quả": ["Điện Tử", None],
        }
    )  # fmt: skip
    typed.to_parquet(tmp_path / "cases.parquet")
    columns = dict.fromkeys(["field", "channel", "due_at"]) | COLUMNS
    uncoded = {"paid": {"kind": "flag", "column": "Thanh toán"}, "result_form": {"kind": "code", "column": "Kết quả"}}
    extra = EXTRA | uncoded
    brought = bring_in(tmp_path / "cases.parquet", format="parquet", columns=columns, extra=extra)
    assert brought.table["paid"].tolist()[0] is True
    assert brought.table.loc[0, ["fee", "digitised_at", "result_form"]].tolist() == [
        12.5, pd.Timestamp(2021, 9, 2, 8, 30), "dien-tu",
    ]  # fmt: skip
    assert brought.table.loc[1, list(EXTRA)].isna().all()


def test_they_are_stored_after_the_contracts_columns_with_a_type_each(tmp_path):
    _archive(tmp_path, GOOD)
    schema = pq.read_schema(tmp_path / "out" / "cases.parquet")
    assert schema.names == [*columns_of(Cases), *EXTRA]
    assert [str(schema.field(name).type) for name in EXTRA] == ["bool", "double", "timestamp[us]", "string"]


STRANGE = [
    "order",
    "select",
    "month",
    "line",
    "key",
    "c0",
    "n",
    "marks",
    "found",
    "raw_field",
    "at_paid",
    "position",
    "other_key",
    "code",
    "reason",
    "cases",
    "group",
    "level_2",
    "value",
    "own_hash",
    "h",
    "file_number",
]


def test_a_name_may_be_any_word_of_sql_or_of_the_code(tmp_path):
    extra = {name: {"kind": "code", "column": "Kết quả"} for name in STRANGE}
    rows = [["H1", "2021-09-01", "2021-09-03", "a"], ["H1", "2021-09-01", "", "b"], ["H2", "2021-09-01", "", "c"]]
    header = ["id", "nhan", "xong", "Kết quả"]
    for name in ("province", "ministry"):
        mapping = _mapping(extra=extra, totals=["Tổng"])
        _archive(tmp_path, rows, mapping, header=header, file=f"{name}.csv", name=name)
    received = _receive(tmp_path / "out")
    cases = pd.read_parquet(received.cases)
    assert cases[["case_id", *STRANGE]].to_numpy().tolist() == [["H2", *["c"] * 22], ["H1", *["a"] * 22]]
    assert received.intake.groupby("code")["rows"].sum().to_dict() == {"accepted": 2, "duplicate_case_id": 4}
    assert received.counts["received"].sum() == 2


@pytest.mark.parametrize("name", ["closed_at", "turns_late_at", "falls_due", "level_today", "late"])
def test_a_column_cannot_have_the_name_of_one_that_is_computed(tmp_path, name):
    with pytest.raises(ValueError, match=f"{name!r} is a column that conditions derive"):
        _archive(tmp_path, GOOD, _mapping(extra={name: {"kind": "time", "column": "Số hóa"}}))


def test_a_case_has_no_rating_of_its_own_beside_the_last_one_given(tmp_path):
    with pytest.raises(ValueError, match="'rating' of cases is the last one in case_ratings"):
        _archive(tmp_path, GOOD, _mapping(extra={"rating": {"kind": "code", "column": "Số hóa"}}))


def test_a_description_written_by_hand_stays_when_it_says_the_same(tmp_path):
    _archive(tmp_path, GOOD)
    about = tmp_path / "out" / "about.yml"
    about.write_text("# by hand\n" + about.read_text(encoding="utf-8"), encoding="utf-8")
    before = about.read_bytes()
    _archive(tmp_path, GOOD)
    assert about.read_bytes() == before
    _archive(tmp_path, GOOD[:1], _mapping(extra={}, ignored=HEADER[3:]))
    assert about.read_bytes() != before


def test_counts_keep_the_codes_and_flags_of_their_rows(tmp_path):
    source, path = tmp_path / "mapping.yml", tmp_path / "counts.csv"
    extra = {"paid": {"kind": "flag", "column": "tra"}, "form": {"kind": "code", "column": "dang"}}
    columns = {"period": "ky", "received": "nhan"}
    mapping = {"about": ABOUT, "format": "csv", "table": "counts", "columns": columns, "extra": extra}
    source.write_text(yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False), encoding="utf-8")
    path.write_text("ky,nhan,tra,dang\n2021-09,5,true,Điện tử\n2021-09,2,FALSE,\n2021-09,2,1,\n", encoding="utf-8")
    received = _receive(path, source)
    assert received.counts[["paid", "form"]].astype(object).fillna("").to_numpy().tolist() == [
        [True, "dien-tu"], [False, ""],
    ]  # fmt: skip
    assert list(received.counts) == [*columns_of(Counts), "paid", "form"]
    assert received.extra == {"counts": {"paid": "flag", "form": "code"}}
    archive(str(path), read_mapping(source), tmp_path / "out", extracted_on=date(2021, 9, 30), reject_limit=1)
    again = _receive(tmp_path / "out")
    pd.testing.assert_frame_equal(again.counts, received.counts)
    assert again.extra == received.extra


def test_a_folder_declares_its_columns_and_gives_them_to_the_run(tmp_path):
    _archive(tmp_path, GOOD)
    ratings = _mapping(
        table="case_ratings",
        columns={"case_id": "id", "rating": "rating", "rated_at": "at"},
        extra={"asked": {"kind": "flag", "column": "asked"}},
    )
    rows = [["H1", "satisfied", "2021-09-04", "true"]]
    _archive(tmp_path, rows, ratings, header=["id", "rating", "at", "asked"], file="ratings.csv")
    about = tmp_path / "out" / "about.yml"
    assert yaml.safe_load(about.read_text(encoding="utf-8"))["extra"] == {
        "cases": KINDS, "case_ratings": {"asked": "flag"},
    }  # fmt: skip
    received = _receive(tmp_path / "out")
    assert received.extra == {"cases": KINDS, "case_ratings": {"asked": "flag"}}
    assert _values(received.cases) == EXPECTED
    assert list(pd.read_parquet(received.case_ratings)) == [*columns_of(CaseRatings), "asked"]
    before = about.read_bytes()
    _archive(tmp_path, GOOD)
    assert about.read_bytes() == before
    _archive(tmp_path, [row[:3] for row in GOOD], _mapping(extra={}), header=HEADER[:3])
    assert read_description(tmp_path / "out").extra == {"case_ratings": {"asked": "flag"}}
    assert _receive(tmp_path / "out").extra == {"case_ratings": {"asked": "flag"}}


def test_of_several_files_one_may_lack_a_column_and_none_may_change_its_kind(tmp_path):
    _archive(tmp_path, GOOD, name="province")
    fee = {"fee": EXTRA["fee"]}
    header = ["id", "nhan", "xong", "Phí"]
    _archive(tmp_path, [["M1", "2021-09-01", "", "7"]], _mapping(extra=fee), header=header, file="m.csv", name="m")
    received = _receive(tmp_path / "out")
    assert received.extra == {"cases": KINDS}
    assert _values(received.cases) == [["M1", None, 7.0, None, None], *EXPECTED]
    wrong = _mapping(extra={"fee": {"kind": "code", "column": "Phí"}})
    with pytest.raises(BadData, match=r"extra\.fee is a number in another file of cases and a code in this one"):
        _archive(tmp_path, [["M1", "2021-09-01", "", "7"]], wrong, header=header, file="m.csv", name="m")


@pytest.fixture
def folder(tmp_path):
    """A folder of our own tables that others made: no intake report."""
    folder = tmp_path / "received"
    folder.mkdir()
    return folder


def _put_cases(folder, about="", **extra):
    frame = pd.DataFrame({"case_id": ["H1"], "accepted_at": [pd.Timestamp(2021, 9, 1)], "outcome": ["open"]})
    frame = frame.assign(finished_at=pd.Series([pd.NaT], dtype="datetime64[ns]"), **extra)
    frame.to_parquet(folder / "cases.parquet")
    (folder / "about.yml").write_text(f"title: t\nsource: s\n{about}", encoding="utf-8")


DECLARED = "extra: {cases: {paid: flag, fee: number, digitised_at: time, result_form: code}}\n"
TYPED = {"paid": [True], "fee": [2.5], "digitised_at": [pd.Timestamp(2021, 9, 2)], "result_form": ["paper"]}


def test_a_folder_of_others_may_declare_columns_too(folder):
    _put_cases(folder, DECLARED, **TYPED)
    assert _values(_receive(folder).cases) == [["H1", True, 2.5, pd.Timestamp(2021, 9, 2), "paper"]]


@pytest.mark.parametrize(
    ("about", "columns", "sentence"),
    [
        ("", TYPED, r"the column 'paid' is none of cases; it was expected under extra of about\.yml"),
        (DECLARED, TYPED | {"more": [1]}, r"the column 'more' is none of cases; it was expected under extra"),
        (DECLARED, TYPED | {"paid": ["true"]}, r"the column 'paid' holds .*string; extra of about\.yml says .* a flag"),
        (DECLARED, TYPED | {"fee": ["2"]}, "the column 'fee' holds .*string; .* a number"),
        (DECLARED, TYPED | {"result_form": [1]}, "the column 'result_form' holds int64; .* a code"),
        (DECLARED, TYPED | {"digitised_at": ["2021-09-02"]}, "the column 'digitised_at' holds .*string; .* a time"),
        (DECLARED, {"paid": [True]}, r"no column 'fee', which extra of about\.yml declares for cases"),
        ("extra: {counts: {paid: flag}}\n", {}, r"about\.yml declares counts, and counts\.parquet is not there"),
    ],
)
def test_a_folder_has_the_columns_it_declares_and_no_others(folder, about, columns, sentence):
    _put_cases(folder, about, **columns)
    with pytest.raises(BadData, match=sentence):
        _receive(folder)


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ("extra: {cases: {Paid: flag}}", r"line 3: extra\.cases\.Paid: 'Paid' is no name; lower-case letters"),
        ("extra: {cases: {paid: bool}}", r"line 3: extra\.cases\.paid"),
        ("extra: {cases: {agency: code}}", r"line 3: extra\.cases\.agency: cases has this column without extra"),
        ("extra: {survey: {paid: flag}}", r"line 3: extra\.survey\.paid: survey has no columns beyond its contract"),
        ("extra: {counts: {fee: number}}", r"line 3: extra\.counts\.fee: counts are added up by their columns"),
        ("extra: {feedback: {fee: number}}", r"feedback has no columns beyond its contract; only cases, counts, case"),
        (
            "tables: {cases: {id: a, known_from: b, times: [b]}}",
            r"line 3: tables\.cases: cases is a table of the contr",
        ),
        ("tables: {f: {id: a, known_from: b, times: [c]}}", r"line 3: tables\.f\.known_from: 'b' is none of the times"),
        ("tables: {f: {id: a, known_from: b, times: [b], more: 1}}", r"unknown key 'tables\.f\.more'"),
    ],
)
def test_a_description_that_declares_what_may_not_be_is_refused_with_its_line(folder, about, sentence):
    _put_cases(folder, about)
    with pytest.raises(BadParameters, match=sentence):
        _receive(folder)


FEEDBACK = {
    "table": "feedback",
    "tables": {
        "feedback": {
            "id": "feedback_id", "known_from": "received_at", "times": ["received_at", "due_at", "answered_at"],
            "dimensions": ["agency", "field"],
        }
    },
    "columns": {
        "feedback_id": "ma", "case_id": "ho so", "received_at": "nhan", "due_at": "han", "answered_at": "tra loi",
        "agency": "don vi", "field": {"column": "linh vuc", "codes": {"DD": "dat-dai"}},
    },
    "extra": {"useful": {"kind": "flag", "column": "ich", "codes": {"1": "true", "0": "false"}}},
}  # fmt: skip
FEEDBACK_HEADER = ["ma", "ho so", "nhan", "han", "tra loi", "don vi", "linh vuc", "ich"]
FEEDBACK_ROWS = [
    ["P1", "H1", "2021-09-05", "2021-09-15", "2021-09-10", "Sở Tư pháp", "DD", "1"],
    ["P2", "", "2021-09-06", "2021-10-30", "", "STP", "", "0"],
    ["P1", "H1", "2021-09-07", "", "", "STP", "", ""],
    ["", "H1", "2021-09-07", "", "", "STP", "", ""],
    ["P3", "H1", "", "", "", "STP", "", ""],
    ["P4", "H1", "2021-09-07", "31/02/2021", "", "STP", "", ""],
    ["P5", "H1", "2021-09-07", "", "", "STP", "XX", ""],
    ["P6", "H1", "2021-10-01", "", "", "STP", "", ""],
]
FEEDBACK_CODES = ["duplicate_case_id", "value_missing", "value_missing", "date_unreadable", "code_unknown",
                  "value_out_of_range"]  # fmt: skip


def test_a_declared_table_comes_in_beside_the_cases(tmp_path):
    _archive(tmp_path, GOOD)
    mapping = _mapping(**FEEDBACK)
    intake = _archive(tmp_path, FEEDBACK_ROWS, mapping, header=FEEDBACK_HEADER, file="feedback.csv")
    assert (intake.rows, intake.accepted, intake.rejected["code"].tolist()) == (8, 2, FEEDBACK_CODES)
    assert intake.rejected["reason"].tolist() == [
        "another row of the same identifier is kept: 'P1'", "ma", "nhan", "han: 8 digits, 2 signs",
        "linh vuc: 2 letters",
        "received_at, with data of 2021-09-30: '2021-10-01 00:00:00'",
    ]  # fmt: skip
    out = tmp_path / "out"
    assert yaml.safe_load((out / "about.yml").read_text(encoding="utf-8"))["tables"] == FEEDBACK["tables"]
    received = _receive(out, as_of=date(2021, 9, 5))
    table = received.tables["feedback"]
    assert (table.id, table.known_from, table.dimensions) == ("feedback_id", "received_at", ("agency", "field"))
    assert table.times == ("received_at", "due_at", "answered_at")
    assert table.extra == {"useful": "flag"} == received.extra["feedback"]
    frame = pd.read_parquet(table.path)
    assert list(frame) == ["feedback_id", "case_id", *table.times, "agency", "field", "useful"]
    assert frame.drop(columns=[*table.times]).astype(object).fillna("").to_numpy().tolist() == [
        ["P2", "", "stp", "", False], ["P1", "H1", "so-tu-phap", "dat-dai", True],
    ]  # fmt: skip
    rows = received.intake[received.intake["table"] == "feedback"].set_index("code")["rows"]
    assert rows["accepted"] == rows["not_yet_known"] == 1
    assert rows.sum() == 8


def test_a_declared_table_of_others_passes_the_door_and_stands_beside_counts_too(folder):
    counts = pd.DataFrame({"period": ["2021-09"], "received": [1]}).reindex(columns=columns_of(Counts))
    counts.to_parquet(folder / "counts.parquet")
    table = {"id": "code", "known_from": "received_at", "times": ["received_at"], "dimensions": ["agency"]}
    about = {**ABOUT, "tables": {"apologies": table}, "extra": {"apologies": {"days": "number"}}}
    (folder / "about.yml").write_text(yaml.safe_dump(about), encoding="utf-8")
    with pytest.raises(BadData, match=r"about\.yml declares apologies, and apologies\.parquet is not there"):
        _receive(folder)
    day = pd.Timestamp(2021, 9, 1)
    rows = {"code": ["A1", "A1"], "received_at": [day, day], "agency": ["stp", "sxd"], "days": [1, 2]}
    pd.DataFrame(rows).to_parquet(folder / "apologies.parquet")
    received = _receive(folder)
    frame = pd.read_parquet(received.tables["apologies"].path)
    assert frame.astype(object).fillna("").to_numpy().tolist() == [["A1", "", pd.Timestamp(2021, 9, 1), "stp", 1.0]]
    assert received.rejected[["line", "code"]].to_numpy().tolist() == [[2, "duplicate_case_id"]]
    pd.DataFrame(rows).drop(columns="agency").to_parquet(folder / "apologies.parquet")
    with pytest.raises(BadData, match="one column 'agency' was expected in the header, found 0"):
        _receive(folder)


def test_the_identifier_of_a_declared_table_may_be_that_of_the_case(tmp_path):
    declared = {"a": {"id": "case_id", "known_from": "sent_at", "times": ["sent_at"]}}
    columns = {"case_id": "id", "sent_at": "at"}
    mapping = _mapping(table="a", tables=declared, columns=columns, extra={})
    intake = _archive(tmp_path, [["H1", "2021-09-01"], ["H1", "2021-09-02"]], mapping, header=["id", "at"])
    assert intake.rejected["code"].tolist() == ["duplicate_case_id"]
    assert list(pd.read_parquet(tmp_path / "out" / "a.parquet")) == ["case_id", "sent_at"]


def test_a_run_needs_more_than_a_declared_table(tmp_path):
    source, path = tmp_path / "m.yml", tmp_path / "feedback.csv"
    mapping = _mapping(**FEEDBACK).model_dump(mode="json", exclude_defaults=True)
    source.write_text(yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False), encoding="utf-8")
    path.write_text(_csv(FEEDBACK_ROWS, FEEDBACK_HEADER), encoding="utf-8")
    with pytest.raises(BadData, match="the mapping makes feedback of it, and a run needs cases, counts or margins"):
        _receive(path, source)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "received_at"}, "id: 'received_at' stands twice among id, times and dimensions"),
        ({"times": ["received_at", "closed"]}, "times: 'closed' is a column that conditions derive"),
        ({"dimensions": ["total"]}, "dimensions: 'total' is a word of conditions"),
        ({"dimensions": ["case_id"]}, "dimensions: 'case_id' is the case that a row belongs to"),
        ({"dimensions": ["applicant"]}, "dimensions: 'applicant' names something about a person"),
        ({"known_from": "due_at"}, "known_from: 'due_at' is none of the times received_at"),
        ({"id": "filename"}, "id: 'filename' is what the database calls a file"),
    ],
)
def test_a_table_that_cannot_be_declared_is_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        TableDeclaration.model_validate({"id": "a", "known_from": "received_at", "times": ["received_at"]} | changes)


CELLS = st.tuples(
    st.integers(0, 4),
    st.sampled_from(["Có", "không", "", "có lẽ"]),
    st.sampled_from(["1", "-2.5", "", "x", "1,5"]),
    st.sampled_from(["2021-09-02", "", "2021-13-01", "hôm qua"]),
    st.sampled_from(["Giấy", "", "fax"]),
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(rows=st.lists(CELLS, min_size=1, max_size=12))
def test_rows_in_are_accepted_or_rejected_with_columns_beyond_the_contract(bring_in, rows):
    good = {"paid": ("Có", "không", ""), "fee": ("1", "-2.5", ""), "at": ("2021-09-02", ""), "form": ("Giấy", "")}
    lines = [f'H{number},2021-09-01,,{paid},"{fee}",{at},{form}' for number, paid, fee, at, form in rows]
    columns = dict.fromkeys(["field", "channel", "due_at"]) | COLUMNS
    brought = bring_in("\n".join([",".join(HEADER), *lines, ""]), columns=columns, extra=EXTRA, dates=["yyyy-mm-dd"])
    right = [row[0] for row in rows if all(cell in good[key] for cell, key in zip(row[1:], good, strict=True))]
    assert brought.intake.rows == len(rows) == brought.intake.accepted + len(brought.intake.rejected)
    assert sorted(brought.table["case_id"]) == sorted(f"H{number}" for number in set(right))


def test_the_tables_that_may_have_more_columns_are_those_of_single_rows():
    assert set(MAY_HAVE_EXTRA) == {"cases", "counts", "case_ratings"}
