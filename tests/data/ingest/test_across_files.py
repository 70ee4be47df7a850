"""Cases of two systems in one folder: used together, each case counted once, and no row of either file lost."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.contracts import Cases as CasesContract
from analysis.data.contracts import columns_of
from analysis.data.ingest.across_files import provenance_path, write_provenance
from analysis.data.ingest.archive import archive
from analysis.data.ingest.intake_report import ACCEPTED, read_intake_reports
from analysis.data.ingest.received import Calendar, receive
from analysis.data.ingest.table import ingest
from analysis.data.measure import Counting, Measure
from analysis.data.measures import count_measures
from analysis.data.sources.mapping import Mapping
from analysis.faults import BadData, BadParameters
from analysis.plan.conditions import Test as ConditionTest

DAY = date(2021, 9, 30)
OUTCOMES = {"o": "open", "r": "resolved", "w": "withdrawn"}


def _mapping(source, headers, **more):
    names = ("case_id", "accepted_at", "due_at", "finished_at", "outcome")
    columns = dict(zip(names, headers, strict=False))
    columns["outcome"] = {"column": columns["outcome"], "codes": OUTCOMES}
    about = {"title": f"Hồ sơ của {source}", "source": source}
    return Mapping.model_validate(
        {"about": about, "format": "csv", "table": "cases", "dates": ["dd/mm/yyyy"], "columns": columns} | more
    )


PROVINCE = _mapping(
    "tỉnh", ["MaHoSo", "Nhan", "Hen", "Xong", "TrangThai"], case_id_form="national", other_id="MaHoSoKhac"
)
MINISTRY = _mapping("bộ", ["ma", "nhan", "hen", "xong", "tt"], delimiter=";")
OPEN, CLOSED, LATER = "01/09/2021,,,o", "01/09/2021,10/09/2021,08/09/2021,r", "01/09/2021,,09/09/2021,r"


def _province(*rows):
    """Rows of the province, its header above them: identifier, the four others, other identifier."""
    return "MaHoSo,Nhan,Hen,Xong,TrangThai,MaHoSoKhac\n" + "".join(f"{row}\n" for row in rows)


def _ministry(*rows):
    return "ma;nhan;hen;xong;tt\n" + "".join(f"{row}\n".replace(",", ";") for row in rows)


@pytest.fixture
def bring(tmp_path):
    """Bring text into the folder ``out`` under a name."""

    def bring(text, mapping, name, *, file=None, day=DAY, out="out"):
        path = tmp_path / (file or f"{name}.csv")
        path.write_text(text, encoding="utf-8")
        (intake,) = archive(str(path), mapping, tmp_path / out, extracted_on=day, reject_limit=1, name=name)
        return intake

    return bring


def _run_over(folder, *, as_of=DAY):
    kept = folder.parent / "kept"
    received = receive(folder, None, as_of=as_of, calendar=Calendar("M", 14), reject_limit=1, tables_folder=kept)
    return received, pd.read_parquet(received.cases)


def _rejected(received):
    return received.rejected[["file", "line", "code"]].to_numpy().tolist()


def _rows(received):
    """By file: what became of its rows, code → rows."""
    return {
        file: group.set_index("code")["rows"].to_dict() for file, group in received.intake.groupby("file", sort=True)
    }


NEW, OLD = "H32.06-210901-0001", "000.00.06.H32-210901-0001"


def test_a_case_of_two_systems_is_counted_once_and_each_file_s_books_balance(bring, tmp_path):
    bring(
        _province(
            f"A,{OPEN},",
            f"B,{CLOSED},",
            f"{NEW},{OPEN},M7",
            "X,31/02/2021,,,o,",
            f"D,{OPEN},",
            f"E,{CLOSED},",
            f"E,{OPEN},",
        ),
        PROVINCE,
        "province",
    )
    bring(_ministry(f"B,{LATER}", f"A,{OPEN}", f"M7,{CLOSED}", f"Z,{CLOSED}", f"B,{OPEN}"), MINISTRY, "ministry")
    received, cases = _run_over(tmp_path / "out")
    # B: both are closed, the ministry's finish is later. A: both are open, and ministry comes before province.
    # M7: the province names it, and the ministry's is closed.
    assert sorted(cases["case_id"]) == ["A", "B", "D", "E", "M7", "Z"]
    assert cases.set_index("case_id")["finished_at"]["B"] == pd.Timestamp(2021, 9, 9)
    assert _rejected(received) == [
        ["province.csv", 5, "date_unreadable"],
        ["province.csv", 8, "duplicate_case_id"],
        ["ministry.csv", 6, "duplicate_case_id"],
        ["province.csv", 2, "duplicate_case_id"],
        ["province.csv", 3, "duplicate_case_id"],
        ["province.csv", 4, "duplicate_across_systems"],
    ]
    assert _rows(received) == {
        "ministry.csv": {ACCEPTED: 4, "duplicate_case_id": 1},
        "province.csv": {ACCEPTED: 2, "duplicate_case_id": 3, "duplicate_across_systems": 1, "date_unreadable": 1},
    }
    assert received.counts["received"].sum() == 6
    assert received.counts["resolved"].sum() == 4


def test_a_loser_says_which_row_is_kept_where_and_how_it_was_taken(bring, tmp_path):
    bring(_province(f"{NEW},{OPEN},M7"), PROVINCE, "province")
    bring(_ministry(f"M7,{CLOSED}"), MINISTRY, "ministry")
    received, _ = _run_over(tmp_path / "out")
    (lost,) = received.rejected.to_dict("records")
    assert lost["reason"] == "the case is kept under another identifier: 'M7' in ministry.csv"
    assert lost["raw"] == (
        f"case_id={NEW}; procedure_code=; field=; agency=; received_at_agency=; district=; level=; channel=; "
        "submitted_at=; accepted_at=2021-09-01 00:00:00; first_due_at=; due_at=; finished_at=; returned_at=; "
        "outcome=open"
    )


@pytest.mark.parametrize("came_first", ["a", "b"])
def test_the_row_that_wins_is_told_as_inside_a_file_and_never_by_which_came_in_first(bring, tmp_path, came_first):
    pairs = [  # what a says of a case, what b says of it, and whose row is kept
        (OPEN, CLOSED, "b"),
        (CLOSED, OPEN, "a"),
        (CLOSED, LATER, "b"),
        (LATER, CLOSED, "a"),
        (CLOSED, CLOSED, "a"),
        (OPEN, OPEN, "a"),
        (OPEN, "01/09/2021,,,w", "b"),
    ]
    for name in sorted("ab", reverse=came_first == "b"):
        bring(_ministry(*(f"H{at},{pair['ab'.index(name)]}" for at, pair in enumerate(pairs))), MINISTRY, name)
    received, cases = _run_over(tmp_path / "out")
    assert sorted(cases["case_id"]) == [f"H{at}" for at in range(len(pairs))]
    lost = [
        [f"{'b' if kept == 'a' else 'a'}.csv", line, "duplicate_case_id"] for line, (*_, kept) in enumerate(pairs, 2)
    ]
    assert sorted(_rejected(received)) == sorted(lost)


@pytest.mark.slow
def test_the_two_national_forms_are_one_case_where_the_mappings_say_they_are_national(bring, tmp_path):
    bring(_province(f"{NEW},{OPEN},"), PROVINCE, "new")
    bring(_province(f"{OLD},{CLOSED},"), PROVINCE, "old")
    received, cases = _run_over(tmp_path / "out")
    assert cases["case_id"].tolist() == [OLD]
    assert _rejected(received) == [["new.csv", 2, "duplicate_across_systems"]]
    bring(_ministry(f"{NEW},{OPEN}"), MINISTRY, "new", out="any")
    bring(_ministry(f"{OLD},{CLOSED}"), MINISTRY, "old", out="any")
    assert len(_run_over(tmp_path / "any")[1]) == 2


def test_a_row_may_make_two_rows_of_another_file_one_case(bring, tmp_path):
    bring(_ministry(f"A,{OPEN}", f"C,{OPEN}"), MINISTRY, "a")
    bring(_province(f"A,{OPEN},C"), PROVINCE, "b")
    received, cases = _run_over(tmp_path / "out")
    assert cases["case_id"].tolist() == ["A"]
    assert _rejected(received) == [["a.csv", 3, "duplicate_across_systems"], ["b.csv", 2, "duplicate_case_id"]]


@pytest.mark.slow
def test_files_without_a_case_in_common_are_added_up(bring, tmp_path):
    bring(_ministry(f"A,{CLOSED}"), MINISTRY, "a")
    bring(_ministry(f"B,{CLOSED}"), MINISTRY, "b")
    bring(_province(f"C,{CLOSED},0", f"D,{CLOSED},0"), PROVINCE, "c")
    received, cases = _run_over(tmp_path / "out")
    assert cases["case_id"].tolist() == ["A", "B", "C", "D"]
    assert received.rejected.empty
    assert received.counts["resolved"].sum() == 4


def test_what_is_worth_a_look_or_counted_apart_goes_with_the_row_that_loses(bring, tmp_path):
    # No due date: B here and there, C. Due before acceptance: A.
    bring(_ministry("A,09/09/2021,08/09/2021,,o", f"B,{LATER}", f"C,{LATER}"), MINISTRY, "b")
    bring(_ministry(f"A,{CLOSED}", f"B,{LATER}"), MINISTRY, "a")
    received, _ = _run_over(tmp_path / "out")
    assert _rejected(received) == [["b.csv", 2, "duplicate_case_id"], ["b.csv", 3, "duplicate_case_id"]]
    assert received.flagged.to_numpy().tolist() == [["no_due_date", 2]]


def test_cases_filed_after_the_day_asked_about_are_told_of_the_file_that_counts_them(bring, tmp_path):
    bring(_ministry("A,25/09/2021,,,o", "B,26/09/2021,,,o", f"C,{OPEN}"), MINISTRY, "a")
    bring(_ministry("B,26/09/2021,,27/09/2021,r", "D,27/09/2021,,,o"), MINISTRY, "b")
    received, _ = _run_over(tmp_path / "out", as_of=date(2021, 9, 20))
    assert _rows(received) == {
        "a.csv": {ACCEPTED: 1, "not_yet_known": 1, "duplicate_case_id": 1},
        "b.csv": {ACCEPTED: 0, "not_yet_known": 2},
    }
    assert received.basis == "reconstructed"


def test_lines_are_those_of_the_file_whatever_stands_between_its_rows(bring, tmp_path):
    # A quote over three lines, an empty line, a broken row, and a case twice, whose rows are written last.
    text = _province(f'"A\n\n",{OPEN},', "", f"B,{OPEN},", "B", f"B,{CLOSED},", f"C,{OPEN},", f"D,{OPEN},")
    bring(text, PROVINCE, "p")
    bring(_ministry(*(f"{one},{LATER}" for one in "DCB")), MINISTRY, "q")
    received, _ = _run_over(tmp_path / "out")
    assert _rejected(received)[-3:] == [["p.csv", line, "duplicate_case_id"] for line in (8, 9, 10)]
    assert {line: text.splitlines()[line - 1][0] for line in (8, 9, 10)} == {8: "B", 9: "C", 10: "D"}


def test_a_workbook_and_a_text_file_stand_side_by_side(bring, tmp_path):
    path = tmp_path / "ministry.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in {1: ["ma", "nhan", "hen", "xong", "tt"], 4: ["A", "01/09/2021", "", "", "o"]}.items():
            sheet.write_row(row, 0, cells)
    mapping = MINISTRY.model_copy(update={"format": "workbook"})
    archive(str(path), mapping, tmp_path / "out", extracted_on=DAY, reject_limit=1, name="ministry")
    bring(_province(f"A,{CLOSED},"), PROVINCE, "province")
    received, _ = _run_over(tmp_path / "out")
    assert _rejected(received) == [["ministry.xlsx", 5, "duplicate_case_id"]]


@pytest.mark.slow
def test_a_file_brought_in_again_takes_its_own_place_only(bring, tmp_path):
    bring(_ministry(f"A,{OPEN}", f"B,{OPEN}"), MINISTRY, "a")
    bring(_ministry(f"A,{CLOSED}"), MINISTRY, "b")
    assert _rejected(_run_over(tmp_path / "out")[0]) == [["a.csv", 2, "duplicate_case_id"]]
    bring(_ministry(f"C,{CLOSED}"), MINISTRY, "b", file="b-again.csv")
    received, cases = _run_over(tmp_path / "out")
    # Nothing of the former loser is forgotten: its row counts again.
    assert (cases["case_id"].tolist(), received.rejected.empty) == (["A", "B", "C"], True)
    assert [(book.name, book.file) for book in read_intake_reports(tmp_path / "out")] == [
        ("a", "a.csv"),
        ("b", "b-again.csv"),
    ]


@pytest.mark.slow
def test_the_folder_says_where_all_its_files_come_from(bring, tmp_path):
    bring(_province(f"A,{OPEN},"), PROVINCE, "province")
    bring(_ministry(f"B,{OPEN}"), MINISTRY, "ministry")
    bring(_ministry(f"C,{OPEN}"), MINISTRY, "ministry")
    about = _run_over(tmp_path / "out")[0].about
    assert (about.title, about.source, about.simulated) == ("Hồ sơ của tỉnh", "tỉnh; bộ", False)
    simulated = MINISTRY.about.model_copy(update={"simulated": True})
    bring(_ministry(f"C,{OPEN}"), MINISTRY.model_copy(update={"about": simulated}), "ministry")
    bring(_province(f"A,{OPEN},"), PROVINCE, "province")
    assert _run_over(tmp_path / "out")[0].about.simulated


def test_ratings_of_two_systems_are_used_together_and_one_in_both_counts_once(bring, tmp_path):
    rated = Mapping.model_validate(
        {
            "about": {"title": "t", "source": "s"},
            "format": "csv",
            "table": "case_ratings",
            "columns": {"case_id": "id", "rating": "rating", "rated_at": "at"},
        }
    )
    bring(_ministry(f"A,{CLOSED}", f"B,{CLOSED}"), MINISTRY, "a")
    bring("id,rating,at\nA,satisfied,2021-09-10\n", rated, "one", file="one.csv")
    bring("id,rating,at\nA,satisfied,2021-09-10\nB,dissatisfied,2021-09-11\n", rated, "two", file="two.csv")
    received, _ = _run_over(tmp_path / "out")
    # A case rated in both files is counted once: of several ratings of a case the last counts.
    satisfied = Measure("ratings", "rated_at", (), (ConditionTest("rating", "is_in", ("satisfied", "very_satisfied")),))
    (cells,) = count_measures([satisfied], received, Counting(DAY, "M", 14, 14, ("agency",))).values()
    assert cells[["numerator", "denominator"]].sum().tolist() == [1, 2]
    assert {file: sum(codes.values()) for file, codes in _rows(received).items()} == {
        "a.csv": 2, "one.csv": 1, "two.csv": 2
    }  # fmt: skip


def test_a_file_that_cannot_stand_beside_the_others_is_refused_and_leaves_the_folder(bring, tmp_path):
    bring(_ministry(f"A,{OPEN}"), MINISTRY, "a")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(BadData, match=r"cases-a\.parquet is there; several files of cases .* bring each in with --as"):
        bring(_ministry(f"B,{OPEN}"), MINISTRY, None, file="b.csv")
    with pytest.raises(BadData, match="its cases were taken on 2021-09-30, these on 2021-09-29; cases of one day"):
        bring(_ministry(f"B,{OPEN}"), MINISTRY, "b", day=date(2021, 9, 29))
    with pytest.raises(BadData, match="due dates of its cases mean the day, those of these the instant"):
        bring(_ministry(f"B,{OPEN}"), MINISTRY.model_copy(update={"due_precision": "instant"}), "b")
    for name in ("B", "a b", "../a", "", "a.origins"):
        with pytest.raises(BadParameters, match=r"the name .* of the file: lower-case letters and digits"):
            bring(_ministry(f"B,{OPEN}"), MINISTRY, name, file="b.csv")
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    bring(_ministry(f"A,{OPEN}"), MINISTRY, None, file="a.csv", out="alone")
    with pytest.raises(BadData, match=r"cases\.parquet is there; several files"):
        bring(_ministry(f"B,{OPEN}"), MINISTRY, "b", out="alone")


def test_a_lone_file_may_come_in_with_other_dates_again(bring, tmp_path):
    bring(_ministry(f"A,{OPEN}"), MINISTRY, "a")
    bring(_ministry(f"A,{OPEN}"), MINISTRY, "a", day=date(2021, 10, 5))
    assert "extracted_on: '2021-10-05'" in (tmp_path / "out" / "about.yml").read_text(encoding="utf-8")


def test_counts_come_in_one_file(bring, tmp_path):
    counts = Mapping.model_validate(
        {
            "about": {"title": "t", "source": "s"},
            "format": "csv",
            "table": "counts",
            "columns": {"period": "p", "received": "r"},
        }
    )
    with pytest.raises(BadParameters, match="counts were expected without a name"):
        bring("p,r\n2021-09,5\n", counts, "a")
    bring("p,r\n2021-09,5\n", counts, None, file="c.csv")
    out = tmp_path / "out"
    (out / "counts-more.parquet").write_bytes((out / "counts.parquet").read_bytes())
    with pytest.raises(BadData, match=r"counts-more\.parquet: counts were expected in one file, counts\.parquet"):
        receive(out, None, as_of=DAY, calendar=Calendar("M", 14), reject_limit=1, tables_folder=tmp_path / "kept")


def test_a_file_that_changed_between_its_two_readings_is_refused(tmp_path):
    path, into = tmp_path / "m.csv", tmp_path / "cases-m.parquet"
    path.write_text(_ministry(f"A,{OPEN}", f"B,{OPEN}"), encoding="utf-8")
    intake = ingest(str(path), MINISTRY, into, extracted_on=DAY, reject_limit=1)
    write_provenance(str(path), MINISTRY, intake, into)
    assert pd.read_parquet(provenance_path(into))[["line", "case_id"]].to_numpy().tolist() == [[2, "A"], [3, "B"]]
    for changed in ((f"A,{OPEN}", f"C,{OPEN}"), (f"A,{OPEN}", f"B,{OPEN}", f"C,{OPEN}"), (f"A,{OPEN}",)):
        path.write_text(_ministry(*changed), encoding="utf-8")
        with pytest.raises(BadData, match=r"m\.csv: it changed while it was read; bring it in again"):
            write_provenance(str(path), MINISTRY, intake, into)


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_file_whose_lines_are_not_known_is_brought_in_again(bring, tmp_path, damage):
    bring(_ministry(f"A,{OPEN}"), MINISTRY, "a")
    bring(_ministry(f"A,{CLOSED}", f"B,{OPEN}"), MINISTRY, "b")
    out = tmp_path / "out"
    origins = provenance_path(out / "cases-a.parquet")
    if damage == "gone":
        origins.unlink()
    else:
        origins.write_bytes(b"PAR1" if damage == "cut" else provenance_path(out / "cases-b.parquet").read_bytes())
    told = "not a readable Parquet file" if damage == "cut" else r"1 were expected as accepted; bring a\.csv in again"
    with pytest.raises(BadData, match=rf"cases-a\.origins\.parquet: .*{told}"):
        _run_over(out)


@pytest.mark.slow
def test_files_of_cases_from_elsewhere_pass_the_door_each_and_are_used_together(tmp_path):
    folder = tmp_path / "received"
    folder.mkdir()
    (folder / "about.yml").write_text("title: t\nsource: s\n", encoding="utf-8")

    def put(name, *rows):
        frame = pd.DataFrame(rows, columns=["case_id", "accepted_at", "finished_at", "outcome"])
        for column in ("accepted_at", "finished_at"):
            frame[column] = pd.to_datetime(frame[column])
        frame.reindex(columns=columns_of(CasesContract)).to_parquet(folder / name)

    put(
        "cases.parquet", ("A", "2021-09-01", None, "open"), ("B", None, None, "open"), ("C", "2021-09-02", None, "open")
    )
    put("cases-ministry.parquet", ("C", "2021-09-02", None, "open"), ("A", "2021-09-01", "2021-09-08", "resolved"))
    received, cases = _run_over(folder)
    assert sorted(cases["case_id"]) == ["A", "C"]
    assert _rejected(received) == [
        ["cases.parquet", 2, "accepted_missing"],
        ["cases.parquet", 1, "duplicate_case_id"],
        ["cases-ministry.parquet", 1, "duplicate_case_id"],
    ]
    assert _rows(received) == {
        "cases-ministry.parquet": {ACCEPTED: 1, "duplicate_case_id": 1},
        "cases.parquet": {ACCEPTED: 1, "accepted_missing": 1, "duplicate_case_id": 1},
    }


ROW = st.tuples(st.sampled_from("ABCDEF"), st.sampled_from([OPEN, CLOSED, LATER]), st.integers(0, 2))


@pytest.mark.slow
@settings(max_examples=4)  # each brings up to four files in
@given(rows=st.lists(ROW, min_size=1, max_size=9))
def test_however_rows_are_spread_over_files_the_same_cases_win_as_in_one(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spread")

    def brought(out, spread):
        for name, some in spread.items():
            path = folder / f"{out}-{name}.csv"
            path.write_text(_ministry(*(f"{case},{cells}" for case, cells, _ in some)), encoding="utf-8")
            archive(str(path), MINISTRY, folder / out, extracted_on=DAY, reject_limit=1, name=name)
        received, cases = _run_over(folder / out)
        assert received.intake["rows"].sum() == len(rows) == len(cases) + len(received.rejected)
        return cases.sort_values("case_id", ignore_index=True)

    files = {f"f{at}": [row for row in rows if row[2] == at] for at in range(3)}
    one = brought("one", {"all": rows})
    assert one["case_id"].tolist() == sorted({case for case, *_ in rows})
    pd.testing.assert_frame_equal(one, brought("several", {name: some for name, some in files.items() if some}))
