"""One file that gives several tables, by one mapping or by two: cases and their ratings, above all."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
import xlsxwriter
import yaml

from analysis.data.ingest.archive import archive
from analysis.data.ingest.intake_report import read_intake_reports
from analysis.data.ingest.received import Calendar, receive
from analysis.data.sources.mapping import Mapping, read_mapping
from analysis.faults import BadData, BadParameters

DAY = date(2021, 9, 30)
HEADER = ["Mã", "Đơn vị", "Nhận", "Xong", "Mức độ hài lòng", "Ngày đánh giá", "Người nộp"]
ROWS = [
    ["H1", "Sở Y tế", "2021-09-01", "2021-09-02", "Hài lòng", "2021-09-03", "…"],
    ["H2", "Sở Y tế", "2021-09-01", "2021-09-02", "", "", "…"],
    ["H3", "Sở Y tế", "2021-09-01", "", "-", "", "…"],
    ["H4", "Sở Y tế", "2021-19-01", "", "", "", "…"],  # no case, and no rating either
    ["H5", "Sở Y tế", "2021-09-04", "2021-09-05", "Rất vui", "2021-09-06", "…"],
    ["H6", "Sở Y tế", "2021-09-04", "2021-09-05", "Không hài lòng", "", "…"],  # rated, and nobody knows when
]
RATINGS = {
    "columns": {
        "case_id": "Mã",
        "rating": {"column": "Mức độ hài lòng", "codes": {"Hài lòng": "satisfied", "Không hài lòng": "dissatisfied"}},
        "rated_at": "Ngày đánh giá",
    }
}
CASES = {
    "about": {"title": "Hồ sơ", "source": "thử"},
    "format": "csv",
    "table": "cases",
    "columns": {"case_id": "Mã", "agency": "Đơn vị", "accepted_at": "Nhận", "finished_at": "Xong"},
    "also": {"case_ratings": RATINGS},
    "personal": ["Người nộp"],
}


def _csv(tmp_path, rows=ROWS, header=HEADER, name="so.csv"):
    path = tmp_path / name
    path.write_text("".join(",".join(row) + "\n" for row in [header, *rows]), encoding="utf-8")
    return path


def _archive(path, out, mapping=CASES, reject_limit=1.0):
    return archive(str(path), Mapping.model_validate(mapping), out, extracted_on=DAY, reject_limit=reject_limit)


CATALOGUE = ("procedure_code", "level", "eligible", "valid_from")


def _run_over(path, tables, source=None, reject_limit=1):
    tables.mkdir(exist_ok=True)
    calendar = Calendar("M", None)
    return receive(path, source, as_of=DAY, calendar=calendar, reject_limit=reject_limit, tables_folder=tables)


def test_a_sheet_of_cases_and_ratings_becomes_both(tmp_path):
    cases, ratings = _archive(_csv(tmp_path), tmp_path / "out")
    assert (cases.table, cases.rows, cases.accepted) == ("cases", 6, 5)
    # Three rows without a rating are no rows of ratings: nothing is rejected for them.
    assert (ratings.rows, ratings.accepted, ratings.notes) == (3, 1, {"no_rating": 3})
    assert ratings.rejected[["line", "code"]].to_numpy().tolist() == [[6, "code_unknown"], [7, "value_missing"]]
    assert pd.read_parquet(tmp_path / "out" / "case_ratings.parquet")["case_id"].tolist() == ["H1"]
    listed = pd.read_parquet(tmp_path / "out" / "rejected.parquet")[["file", "line", "code"]].to_numpy().tolist()
    assert listed == [
        ["so.csv", 5, "date_unreadable"],
        ["so.csv (case_ratings)", 6, "code_unknown"],
        ["so.csv (case_ratings)", 7, "value_missing"],
    ]
    received = _run_over(tmp_path / "out", tmp_path / "tables")
    assert int(received.counts["received"].sum()) == 5
    assert received.flagged.set_index("code").loc["no_rating", "rows"] == 3


def test_a_run_may_read_such_a_file_itself(tmp_path):
    source = tmp_path / "so.yml"
    source.write_text(yaml.safe_dump(CASES, allow_unicode=True, sort_keys=False), encoding="utf-8")
    received = _run_over(_csv(tmp_path), tmp_path / "tables", source)
    assert received.case_ratings is not None
    assert received.intake.groupby("table")["rows"].sum().to_dict() == {"cases": 6, "case_ratings": 3}


def test_a_run_over_such_a_file_refuses_it_as_any_other(tmp_path):
    source = tmp_path / "so.yml"
    for mapping, sentence in (
        # no list of rejected rows is left, so that none is named
        (CASES, r"2 of 3 rows rejected .* the first on line 5: Mức độ hài lòng: 6 letters, 2 words$"),
        (
            CASES | {"table": "catalogue", "columns": dict.fromkeys(CATALOGUE, "Mã")},
            "the mapping makes catalogue and case_ratings of it, and a run needs cases, counts or margins",
        ),
    ):
        source.write_text(yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False), encoding="utf-8")
        with pytest.raises(BadData, match=sentence):
            _run_over(_csv(tmp_path, [*ROWS[:3], *ROWS[4:]]), tmp_path / "tables", source, reject_limit=0.2)


def test_two_mappings_of_one_file_give_the_same_as_one(tmp_path):
    path = _csv(tmp_path)
    _archive(path, tmp_path / "one")
    cases = {key: value for key, value in CASES.items() if key != "also"} | {"ignored": HEADER[4:6]}
    ratings = cases | {"table": "case_ratings", "columns": RATINGS["columns"], "ignored": HEADER[1:4]}
    _archive(path, tmp_path / "two", cases)
    _archive(path, tmp_path / "two", ratings)
    for name in ("cases", "case_ratings", "rejected", "flagged"):
        one, two = (pd.read_parquet(tmp_path / out / f"{name}.parquet") for out in ("one", "two"))
        pd.testing.assert_frame_equal(one, two)
    assert read_intake_reports(tmp_path / "one") == read_intake_reports(tmp_path / "two")


def test_two_sheets_of_one_workbook_become_two_tables(tmp_path):
    path = tmp_path / "so.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, at in (("Hồ sơ", [0, 1, 2, 3, 6]), ("Đánh giá", [0, 4, 5])):
            sheet = book.add_worksheet(name)
            for row, cells in enumerate([HEADER, *ROWS[:3]]):
                sheet.write_row(row, 0, [cells[column] for column in at])
    mapping = CASES | {"format": "workbook", "also": {"case_ratings": RATINGS | {"sheet": "Đánh giá"}}}
    cases, ratings = _archive(path, tmp_path / "out", mapping)
    assert (cases.file, cases.accepted) == ("so.xlsx", 3)
    assert (ratings.file, ratings.rows, ratings.accepted) == ("so.xlsx:Đánh giá", 1, 1)


def test_where_one_table_is_refused_the_folder_is_as_it_was(tmp_path):
    out = tmp_path / "out"
    _archive(_csv(tmp_path, ROWS[:2]), out)
    before = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    with pytest.raises(BadData, match=r"2 of 3 rows rejected .* the first on line 5"):
        _archive(_csv(tmp_path, [*ROWS[:3], *ROWS[4:]]), out, reject_limit=0.2)
    assert {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()} == before


def test_a_file_that_nobody_has_rated_yet_has_no_ratings(tmp_path):
    cases, ratings = _archive(_csv(tmp_path, ROWS[1:3]), tmp_path / "out", reject_limit=0)
    assert (cases.accepted, ratings.rows, ratings.notes) == (2, 0, {"no_rating": 2})
    assert _run_over(tmp_path / "out", tmp_path / "tables").ratings.empty


def test_counted_ratings_without_any_number_are_none_either(tmp_path):
    header, rows = ["Kỳ", "Xong", "Hài lòng", "Đánh giá"], [["T7/2021", "9", "", ""], ["T8/2021", "9", "3", "4"]]
    mapping = CASES | {
        "table": "counts",
        "columns": {"period": "Kỳ", "resolved": "Xong"},
        "also": {"ratings": {"columns": {"period": "Kỳ", "satisfied": "Hài lòng", "respondents": "Đánh giá"}}},
    }
    counts, ratings = _archive(_csv(tmp_path, rows, header), tmp_path / "out", mapping, reject_limit=0)
    assert (counts.accepted, ratings.rows, ratings.accepted, ratings.notes) == (2, 1, 1, {"no_rating": 1})


def test_a_column_that_no_table_names_stops_the_file(tmp_path):
    path = _csv(tmp_path, [[*row, "?"] for row in ROWS], [*HEADER, "Ghi chú"])
    with pytest.raises(BadData, match="the mapping does not know the column 'Ghi chú'"):
        _archive(path, tmp_path / "out")


def test_what_one_table_lists_as_personal_is_personal_to_all(tmp_path):
    # A column without a header belongs to the one before it, and a total is not looked for in what is dropped.
    path = _csv(tmp_path, [[*ROWS[0][:6], "Tổng", "…"]], [*HEADER[:6], "Ghi chú", ""])
    mapping = CASES | {"also": {"case_ratings": RATINGS | {"personal": ["Ghi chú"]}}}
    cases, ratings = _archive(path, tmp_path / "out", mapping, reject_limit=0)
    assert cases.dropped == ratings.dropped == ("Ghi chú", "column 8")
    assert (cases.accepted, ratings.accepted) == (1, 1)


NOTE = {"extra": {"note": {"kind": "code", "column": "Ghi chú"}}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"personal": ["Ghi chú"], "also": {"case_ratings": RATINGS | NOTE}},
            "also.case_ratings: the column 'Ghi chú' is listed as personal, and taken",
        ),
        (
            NOTE | {"also": {"case_ratings": RATINGS | {"personal": ["Ghi chú"]}}},
            "also: the column 'Ghi chú' is listed as personal, and cases takes it",
        ),
        ({"also": {"cases": RATINGS}}, "also.cases: the table of this name stands above"),
        ({"also": {"counts": {"columns": {"period": "Kỳ"}}}}, "the same things would be counted twice"),
        ({"also": {"case_ratings": {"columns": {"case_id": "Mã"}}}}, "also.case_ratings: columns.rating is missing"),
        ({"also": {"rating": RATINGS}}, "also.rating: table: 'rating' is none of cases"),
        ({"also": {"case_ratings": RATINGS | {"format": "csv"}}}, "also.case_ratings.format"),
    ],
)
def test_further_tables_that_cannot_be_meant_are_refused(tmp_path, changes, sentence):
    path = tmp_path / "m.yml"
    path.write_text(yaml.safe_dump(CASES | changes, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(BadParameters, match=sentence):
        read_mapping(path)
