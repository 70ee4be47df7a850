"""A run's input as tables: what a folder must hold, what a later extract can still tell, and the books on it all."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date, timedelta

import pandas as pd
import pytest

from analysis.data.contracts import Cases, Counts, Workload, check, columns_of
from analysis.data.ingest.intake_report import IntakeReport, write_intake_reports
from analysis.data.ingest.received import Calendar, content_hash, receive
from analysis.faults import BadData, BadParameters
from analysis.parameters import ROOT

GOVUK = ROOT / "parameters" / "sources" / "govuk.yml"
ABOUT = "title: t\nsource: s\n"


def _receive(path, source=None, *, as_of=date(2021, 9, 20), limit=0.05):
    return receive(
        path, source, as_of=as_of, calendar=Calendar("M", 14), reject_limit=limit, tables_folder=path.parent / "kept"
    )


def _counts(folder, **columns):
    row = {"period": ["2021-09"], "received": [1], "resolved": [1]} | columns
    frame = pd.DataFrame(row).reindex(columns=list(Counts.to_schema().columns))
    check(frame, Counts, where="test").to_parquet(folder / "counts.parquet")


def _cases(folder, *rows):
    """Rows are case_id, accepted, due, finished, outcome."""
    frame = pd.DataFrame(rows, columns=["case_id", "accepted_at", "due_at", "finished_at", "outcome"])
    for name in ("accepted_at", "due_at", "finished_at"):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601")
    frame = frame.assign(first_due_at=frame["due_at"]).reindex(columns=list(Cases.to_schema().columns))
    frame.astype({"case_id": "str"}).to_parquet(folder / "cases.parquet")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "received"
    folder.mkdir()
    (folder / "about.yml").write_text(ABOUT, encoding="utf-8")
    return folder


def test_a_folder_of_our_own_tables_needs_its_parts(folder):
    with pytest.raises(
        BadData, match=r"cases\.parquet, or counts\.parquet or margins\.parquet, was expected; neither is there"
    ):
        _receive(folder)
    (folder / "counts.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(BadData, match="not a readable Parquet file"):
        _receive(folder)
    (folder / "cases.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(BadData, match="both are there"):
        _receive(folder)
    (folder / "counts.parquet").unlink()
    with pytest.raises(BadData, match="not a readable Parquet file"):
        _receive(folder)
    with pytest.raises(BadData, match="without a source_file the input is a folder"):
        _receive(folder / "about.yml")
    _counts(folder)
    (folder / "cases.parquet").unlink()
    (folder / "about.yml").unlink()
    with pytest.raises(BadParameters, match=r"about\.yml: no such description of the data"):
        _receive(folder)


def test_a_misspelt_description_of_the_data_is_refused(folder):
    _counts(folder)
    (folder / "about.yml").write_text(ABOUT + "simulatd: true\n", encoding="utf-8")
    with pytest.raises(BadParameters, match=r"about\.yml line 3: unknown key 'simulatd'; did you mean 'simulated'"):
        _receive(folder)


def test_tables_without_ratings_have_no_ratings(folder):
    _counts(folder)
    received = _receive(folder)
    assert received.ratings.empty
    assert received.intake.fillna("").to_numpy().tolist() == [["counts.parquet", "counts", "2021-09", "accepted", 1]]


def _workload(folder, carried_in):
    row = dict.fromkeys(columns_of(Workload)[5:], 0) | {"period": "2021-09", "carried_in": carried_in}
    frame = pd.DataFrame([row]).reindex(columns=columns_of(Workload))
    check(frame, Workload, where="test").to_parquet(folder / "workload.parquet")


def test_beside_counts_the_workload_is_what_the_folder_brings(folder):
    _counts(folder)
    assert _receive(folder).workload.empty
    _workload(folder, 7)
    workload = _receive(folder).workload
    assert workload[["period", "carried_in"]].to_numpy().tolist() == [["2021-09", 7]]


def test_a_table_that_breaks_its_contract_is_refused(folder):
    _counts(folder)
    frame = pd.read_parquet(folder / "counts.parquet").assign(received=-1)
    frame.to_parquet(folder / "counts.parquet")
    with pytest.raises(BadData, match=r"counts\.parquet row 1: column received: .*-1.* breaks the rule"):
        _receive(folder)
    frame.drop(columns="period").to_parquet(folder / "counts.parquet")
    with pytest.raises(BadData, match=r"missing \['period'\]"):
        _receive(folder)


def test_cases_from_elsewhere_pass_the_same_door(folder):
    _cases(
        folder,
        ("H1", "2021-09-01 08:00:00.25", "2021-09-10", "2021-09-08", "resolved"),
        ("H1", "2021-09-01", "2021-09-10", None, "open"),
        ("H2", "2021-09-02", None, "2021-09-01", "resolved"),
        ("H3", "2021-09-02", None, None, "finished"),
    )
    with pytest.raises(BadData, match="3 of 4 rows rejected"):
        _receive(folder)
    received = _receive(folder, limit=1)
    assert received.rejected[["line", "code"]].to_numpy().tolist() == [
        [2, "duplicate_case_id"],
        [3, "finished_before_accepted"],
        [4, "code_unknown"],
    ]
    assert received.intake.groupby("code")["rows"].sum().to_dict() == {
        "accepted": 1,
        "code_unknown": 1,
        "duplicate_case_id": 1,
        "finished_before_accepted": 1,
    }
    counts = received.counts
    assert counts.loc[counts["resolved"] > 0, ["period", "timeliness"]].to_numpy().tolist() == [["2021-09", "early"]]


@pytest.mark.parametrize(
    ("extracted_on", "basis", "rows", "late"),
    [
        (None, "exact", {"accepted": 2}, 1),
        ("2021-09-20", "exact", {"accepted": 2}, 1),
        ("2021-09-30", "reconstructed", {"accepted": 2}, 1),
    ],
)
def test_the_day_of_the_extraction_says_whether_the_past_is_exact(folder, extracted_on, basis, rows, late):
    late_one = ("H1", "2021-09-01", "2021-09-10", "2021-09-13", "resolved")
    _cases(folder, late_one, ("H2", "2021-09-02", None, None, "open"))
    if extracted_on:
        (folder / "about.yml").write_text(f'{ABOUT}extracted_on: "{extracted_on}"\n', encoding="utf-8")
    received = _receive(folder)
    assert received.basis == basis
    assert received.intake.groupby("code")["rows"].sum().to_dict() == rows
    assert received.counts.loc[received.counts["timeliness"] == "late", "resolved"].sum() == late


def test_from_a_later_extract_what_came_later_is_not_known_yet(folder):
    (folder / "about.yml").write_text(f'{ABOUT}extracted_on: "2021-12-31"\n', encoding="utf-8")
    _cases(
        folder,
        ("H1", "2021-09-01", "2021-09-10", "2021-09-13", "resolved"),
        ("H2", "2021-09-01", "2021-09-10", "2021-09-21", "resolved"),
        ("H3", "2021-09-21", None, None, "open"),
    )
    received = _receive(folder)
    assert received.intake.groupby("code")["rows"].sum().to_dict() == {"accepted": 2, "not_yet_known": 1}
    assert (received.counts["received"].sum(), received.counts["resolved"].sum()) == (2, 1)


def test_data_older_than_the_day_asked_about_is_refused(folder):
    (folder / "about.yml").write_text(f'{ABOUT}extracted_on: "2021-09-19"\n', encoding="utf-8")
    _cases(folder, ("H1", "2021-09-01", None, None, "open"))
    with pytest.raises(BadData, match="taken from its system on 2021-09-19, before as_of 2021-09-20"):
        _receive(folder)


def test_due_dates_mean_what_the_folder_says(folder):
    _cases(folder, ("H1", "2021-09-01", "2021-09-10 12:00:00", "2021-09-10 15:00:00", "resolved"))
    assert "late" not in _receive(folder).counts["timeliness"].tolist()
    (folder / "about.yml").write_text(f"{ABOUT}due_precision: instant\n", encoding="utf-8")
    assert "late" in _receive(folder).counts["timeliness"].tolist()


MAPPING = """
about: {title: t, source: s}
format: csv
table: TABLE
columns: COLUMNS
"""


def test_a_file_and_its_mapping_are_an_input_too(tmp_path):
    source, path = tmp_path / "mapping.yml", tmp_path / "counts.csv"
    columns = "{period: p, received: r}"
    source.write_text(MAPPING.replace("TABLE", "counts").replace("COLUMNS", columns), encoding="utf-8")
    path.write_text("p,r\n2021-09,5\n2021-09,-1\n", encoding="utf-8")
    received = _receive(path, source, limit=0.5)
    assert received.counts["received"].tolist() == [5]
    assert received.intake.groupby("code")["rows"].sum().to_dict() == {"accepted": 1, "number_negative": 1}
    with pytest.raises(BadData, match="1 of 2 rows rejected"):
        _receive(path, source, limit=0.4)


def test_a_run_needs_cases_or_counts(tmp_path):
    source, path = tmp_path / "mapping.yml", tmp_path / "r.csv"
    columns = "{case_id: a, rating: b, rated_at: c}"
    source.write_text(MAPPING.replace("TABLE", "case_ratings").replace("COLUMNS", columns), encoding="utf-8")
    path.write_text("a,b,c\nH1,satisfied,2021-09-01\n", encoding="utf-8")
    with pytest.raises(BadData, match="the mapping makes case_ratings of it, and a run needs cases, counts or margins"):
        _receive(path, source)


def test_what_the_folder_of_a_file_says_goes_before_its_mapping(tmp_path):
    source, path = tmp_path / "mapping.yml", tmp_path / "cases.csv"
    columns = "{case_id: a, accepted_at: b, finished_at: c}"
    source.write_text(MAPPING.replace("TABLE", "cases").replace("COLUMNS", columns), encoding="utf-8")
    path.write_text("a,b,c\nH1,2021-09-01,\n", encoding="utf-8")
    (tmp_path / "about.yml").write_text(f'{ABOUT}simulated: true\nextracted_on: "2021-10-01"\n', encoding="utf-8")
    received = _receive(path, source)
    assert (received.about.simulated, received.basis) == (True, "reconstructed")


def test_a_wide_file_keeps_the_limit_of_the_run(tmp_path):
    path = tmp_path / "services.csv"
    header = '"Slug","Abbr","Total transactions Jan - Mar 2016","Digital transactions Jan - Mar 2016"\n'
    path.write_text(header + "a,x,5,1\nb,x,1,2\n", encoding="utf-8")
    received = _receive(path, GOVUK, limit=0.5)
    assert received.intake.groupby("code")["rows"].sum().to_dict() == {"accepted": 1, "part_exceeds_whole": 1}
    with pytest.raises(BadData, match="1 of 2 rows rejected"):
        _receive(path, GOVUK, limit=0.05)


@pytest.mark.parametrize(("as_of", "basis"), [(date(2021, 9, 20), "reconstructed"), (date(2021, 12, 20), "exact")])
def test_the_demo_of_the_project_is_an_input(tmp_path, as_of, basis):
    shutil.copytree(ROOT / "data" / "demo", tmp_path / "demo")
    received = _receive(tmp_path / "demo", as_of=as_of)
    assert (received.about.simulated, received.basis) == (True, basis)
    accepted = received.intake.groupby("table")["rows"].sum()
    cases, days = received.cases_of_days
    assert accepted.to_dict() == {"counts": len(received.counts), "cases": len(pd.read_parquet(cases))}
    # The counts come from the counts: the cases add nothing.
    assert received.cases is None
    assert received.counts["resolved"].sum() == pd.read_parquet(tmp_path / "demo/counts.parquet")["resolved"].sum()
    assert received.cases_of(days.first_day, days.last_day) == cases
    assert received.cases_of(days.first_day, days.last_day + timedelta(days=1)) is None
    assert received.cases_of(days.first_day - timedelta(days=1), days.last_day) is None


def test_a_wide_file_taken_later_is_no_exact_past(tmp_path):
    path = tmp_path / "services.csv"
    header = '"Slug","Abbr","Total transactions Jan - Mar 2016","Digital transactions Jan - Mar 2016"\n'
    path.write_text(header + "a,x,5,1\n", encoding="utf-8")
    assert _receive(path, GOVUK).basis == "exact"
    (tmp_path / "about.yml").write_text(f'{ABOUT}extracted_on: "2021-09-21"\n', encoding="utf-8")
    assert _receive(path, GOVUK).basis == "reconstructed"


def test_the_hash_of_a_folder_is_that_of_its_files_and_their_names(tmp_path):
    hashes = []
    for name, content in [("a", "1"), ("a", "2"), ("b", "2")]:
        folder = tmp_path / f"{name}{content}"
        folder.mkdir()
        (folder / name).write_text(content, encoding="utf-8")
        hashes.append(content_hash(folder))
    assert len(set(hashes)) == 3
    assert content_hash(tmp_path / "a1" / "a") == hashes[0] == hashlib.sha256(b"a1").hexdigest()
    (tmp_path / "a1" / ".lock").touch()
    assert content_hash(tmp_path / "a1") == hashes[0]


def test_a_folder_made_before_a_column_was_in_the_contract_is_read_with_the_column_missing(folder):
    _cases(folder, ("H1", "2021-09-01", "2021-09-10", "2021-09-08", "resolved"))
    cases = pd.read_parquet(folder / "cases.parquet").drop(columns=["received_at_agency", "district"])
    cases.to_parquet(folder / "cases.parquet")
    survey = {
        "instrument": ["p"],
        "round": ["2021"],
        "stratum": ["s"],
        "cluster": ["c"],
        "weight": [1.0],
        "rating": [5],
    }
    pd.DataFrame(survey).to_parquet(folder / "survey.parquet")
    for has_report in (False, True):
        received = _receive(folder)
        table = pd.read_parquet(received.cases)
        assert list(table) == columns_of(Cases)
        assert table[["received_at_agency", "district"]].isna().all(axis=None)
        assert received.survey[["agency", "field"]].isna().all(axis=None)
        assert received.counts["resolved"].sum() == 1
        assert (folder / "intake.json").exists() == has_report
        report = IntakeReport(
            file="cases.csv", table="cases", rows=1, accepted=1, rejected={}, flagged={}, classes={}, dropped=()
        )
        write_intake_reports([report], folder)
        table.drop(columns=["received_at_agency", "district"]).to_parquet(folder / "cases.parquet")


def test_a_column_that_a_table_cannot_do_without_is_not_filled_in(folder):
    _cases(folder, ("H1", "2021-09-01", None, None, "open"))
    pd.read_parquet(folder / "cases.parquet").drop(columns="outcome").to_parquet(folder / "cases.parquet")
    with pytest.raises(BadData, match="one column 'outcome' was expected in the header, found 0"):
        _receive(folder)


def test_a_folder_may_hold_ratings_counted_by_answer(folder):
    _counts(folder)
    rows = {"period": ["2021-09"] * 3, "rating": ["very_satisfied", "satisfied", "dissatisfied"], "n": [2, 5, 3]}
    pd.DataFrame(rows).to_parquet(folder / "ratings.parquet")
    ratings = _receive(folder).ratings
    assert ratings[["satisfied", "respondents"]].to_numpy().tolist() == [[2, 2], [5, 5], [0, 3]]
    pd.DataFrame(rows | {"n": [2, 5, -3]}).to_parquet(folder / "ratings.parquet")
    with pytest.raises(BadData, match=r"ratings\.parquet row 3: column n: .*-3"):
        _receive(folder)
