"""Files brought together in one folder: what replaces what, and what stays as it was."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import date

import pandas as pd
import pytest
from filelock import FileLock

from analysis.data.ingest.archive import archive
from analysis.data.ingest.intake_report import read_intake_reports
from analysis.data.ingest.received import Calendar, receive
from analysis.data.sources.mapping import Mapping
from analysis.faults import BadData, EnvironmentFault

ABOUT = {"title": "Hồ sơ", "source": "s"}
CASES = Mapping.model_validate(
    {
        "about": ABOUT,
        "format": "csv",
        "table": "cases",
        "due_precision": "instant",
        "columns": {"case_id": "id", "accepted_at": "accepted", "finished_at": "finished"},
    }
)
RATINGS = Mapping.model_validate(
    {
        "about": {"title": "Đánh giá", "source": "s"},
        "format": "csv",
        "table": "case_ratings",
        "columns": {"case_id": "id", "rating": "rating", "rated_at": "at"},
    }
)
COUNTS = Mapping.model_validate(
    {
        "about": ABOUT,
        "format": "csv",
        "dimensions": {"procedure": "Slug"},
        "counts": {
            "whole": r"Total (?P<period>Q\d) (?P<year>\d{4})",
            "part": r"Digital (?P<period>Q\d) (?P<year>\d{4})",
            "periods": {f"Q{at}": f"Q{at}" for at in (1, 2, 3, 4)},
        },
    }
)
GOOD = "H1,2021-09-01,2021-09-02\nH2,2021-09-01,\n"
BAD = "H3,2021-13-01,\n"


@pytest.fixture
def bring(tmp_path):
    """Bring text in; returns what became of it. All goes into the folder ``out``."""

    def bring(text, mapping=CASES, *, name="cases.csv", reject_limit=1.0, day=date(2021, 9, 30)):
        path = tmp_path / name
        header = {"cases": "id,accepted,finished\n", "case_ratings": "id,rating,at\n"}.get(mapping.table, "")
        path.write_text(header + text, encoding="utf-8")
        (intake,) = archive(str(path), mapping, tmp_path / "out", extracted_on=day, reject_limit=reject_limit)
        return intake

    return bring


def _rejected(folder):
    return pd.read_parquet(folder / "rejected.parquet")[["file", "line"]].to_numpy().tolist()


def _content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _run_over(folder):
    return receive(
        folder, None, as_of=date(2021, 9, 30), calendar=Calendar("M", 14), reject_limit=1, tables_folder=folder / "k"
    )


def test_the_folder_holds_the_table_the_lists_the_books_and_what_it_says_of_itself(bring, tmp_path):
    intake = bring(GOOD + BAD)
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        "cases.parquet", "rejected.parquet", "flagged.parquet", "intake.json", "about.yml", ".lock"
    }  # fmt: skip
    assert (intake.rows, intake.accepted) == (3, 2)
    assert list(pd.read_parquet(out / "rejected.parquet")) == ["file", "line", "code", "reason", "raw"]
    (book,) = read_intake_reports(out)
    assert (book.rows, book.accepted, book.rejected) == (3, 2, {"date_unreadable": 1})
    assert "extracted_on: '2021-09-30'\ndue_precision: instant\n" in (out / "about.yml").read_text(encoding="utf-8")


def test_the_same_file_twice_is_there_once(bring, tmp_path):
    bring(GOOD + BAD)
    once = _content(tmp_path / "out")
    bring(GOOD + BAD)
    assert _content(tmp_path / "out") == once


def test_another_file_of_the_same_table_takes_the_place_of_the_first(bring, tmp_path):
    bring(GOOD + BAD, name="june.csv")
    bring(BAD + GOOD + GOOD, name="september.csv")
    out = tmp_path / "out"
    assert pd.read_parquet(out / "cases.parquet")["case_id"].tolist() == ["H1", "H2"]
    assert _rejected(out) == [["september.csv", 2], ["september.csv", 5], ["september.csv", 6]]
    assert [book.file for book in read_intake_reports(out)] == ["september.csv"]


def test_files_of_several_tables_stand_side_by_side_and_a_run_takes_them(bring, tmp_path):
    bring(GOOD + BAD)
    bring("H1,satisfied,2021-09-03\nH1,fine,2021-09-03\n", RATINGS, name="ratings.csv")
    bring(GOOD + BAD + BAD)
    out = tmp_path / "out"
    assert _rejected(out) == [["ratings.csv", 3], ["cases.csv", 4], ["cases.csv", 5]]
    assert "title: Hồ sơ" in (out / "about.yml").read_text(encoding="utf-8")
    received = _run_over(out)
    rows = received.intake.groupby("file")["rows"].sum().to_dict()
    assert rows == {"cases.csv": 4, "ratings.csv": 2}
    assert len(received.rejected) == 3
    assert len(pd.read_parquet(received.case_ratings)) == 1


def test_the_ratings_may_come_first(bring, tmp_path):
    bring("H1,satisfied,2021-09-03\n", RATINGS, name="ratings.csv")
    assert "title: Đánh giá" in (tmp_path / "out" / "about.yml").read_text(encoding="utf-8")
    bring(GOOD)
    assert "title: Hồ sơ" in (tmp_path / "out" / "about.yml").read_text(encoding="utf-8")
    assert _run_over(tmp_path / "out").about.title == "Hồ sơ"


def test_two_files_of_one_name_are_told_apart_by_their_tables(bring, tmp_path):
    bring(GOOD + BAD)
    bring("H1,glad,2021-09-03\nH1,satisfied,2021-09-03\n", RATINGS)
    out = tmp_path / "out"
    assert _rejected(out) == [["cases.csv", 4], ["cases.csv (case_ratings)", 2]]
    once = _content(out)
    bring("H1,glad,2021-09-03\nH1,satisfied,2021-09-03\n", RATINGS)
    assert _content(out) == once
    bring(GOOD)
    assert _rejected(out) == [["cases.csv (case_ratings)", 2]]
    assert [(book.file, book.accepted) for book in read_intake_reports(out)] == [
        ("cases.csv (case_ratings)", 1), ("cases.csv", 2)
    ]  # fmt: skip


def test_cases_and_counts_do_not_stand_in_one_folder(bring, tmp_path):
    bring(GOOD)
    with pytest.raises(BadData, match=r"a folder holds cases or counts, and cases\.parquet is there"):
        bring("Slug,Total Q1 2021,Digital Q1 2021\na,1,1\n", COUNTS, name="counts.csv")
    shutil.rmtree(tmp_path / "out")
    assert bring("Slug,Total Q1 2021,Digital Q1 2021\na,5,1\nb,1,2\n", COUNTS, name="counts.csv").accepted == 1
    assert _rejected(tmp_path / "out") == [["counts.csv", 3]]
    with pytest.raises(BadData, match=r"and counts\.parquet is there"):
        bring(GOOD)


@pytest.mark.parametrize(
    ("text", "mapping", "rejects"),
    [(GOOD + BAD, CASES, 1), ("Slug,Total Q1 2021,Digital Q1 2021\na,5,1\nb,1,2\n", COUNTS, 1)],
)
def test_a_file_refused_leaves_the_folder_as_it_was_and_its_rejects_apart(bring, tmp_path, text, mapping, rejects):
    good = GOOD if mapping is CASES else "Slug,Total Q1 2021,Digital Q1 2021\na,5,1\n"
    bring(good, mapping)
    out = tmp_path / "out"
    before = _content(out)
    with pytest.raises(BadData, match=r"rows rejected .*; see .*refused/rejected\.parquet"):
        bring(text, mapping, reject_limit=0.05)
    after = _content(out)
    assert {path: content for path, content in after.items() if path in before} == before
    assert [str(path) for path in set(after) - set(before)] == ["refused/rejected.parquet"]
    assert len(pd.read_parquet(out / "refused" / "rejected.parquet")) == rejects
    bring(good, mapping, reject_limit=0.05)
    assert _content(out) == before


def test_what_a_killed_run_left_behind_is_swept_away(bring, tmp_path):
    stale = tmp_path / "out" / ".ingest-killed" / ".scratch-x"
    stale.mkdir(parents=True)
    (stale / "text.parquet").write_bytes(b"PAR1 cut")
    bring(GOOD)
    assert not stale.parent.exists()


def test_two_at_once_wait_for_each_other(bring, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    told, done = [], []
    path = tmp_path / "cases.csv"
    path.write_text("id,accepted,finished\n" + GOOD, encoding="utf-8")

    def second():
        how = {"extracted_on": date(2021, 9, 30), "reject_limit": 1.0}
        done.extend(archive(str(path), CASES, out, **how, report_progress=told.append))

    with FileLock(out / ".lock"):
        at_work = out / ".ingest-first"
        at_work.mkdir()
        thread = threading.Thread(target=second)
        thread.start()
        while not told:
            thread.join(0.01)
        assert told == ["waiting for another file that is being brought into the folder"]
        assert at_work.is_dir()
        assert not done
    thread.join()
    assert done[0].accepted == 2


def test_a_folder_of_new_and_old_files_mixed_is_refused_until_the_file_comes_in_again(bring, tmp_path, monkeypatch):
    bring(GOOD)
    bring("H1,satisfied,2021-09-03\n", RATINGS, name="ratings.csv")
    swaps = []
    replace = type(tmp_path).replace

    def stop_at_the_second(self, target):
        if target.parent == tmp_path / "out":
            swaps.append(target.name)
            if len(swaps) == 2:
                raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "replace", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            bring(GOOD + BAD)
    with pytest.raises(BadData, match="the machine stopped while cases came in; bring that file in again"):
        _run_over(tmp_path / "out")
    with pytest.raises(BadData, match="the machine stopped while cases came in"):
        bring("H1,satisfied,2021-09-03\n", RATINGS, name="ratings.csv")
    bring(GOOD + BAD)
    assert _run_over(tmp_path / "out").intake["rows"].sum() == 4


def test_books_that_do_not_fit_their_table_are_refused(bring, tmp_path):
    bring(GOOD)
    out = tmp_path / "out"
    books = (out / "intake.json").read_text(encoding="utf-8")
    told = json.loads(books)
    told[0]["accepted"] = told[0]["rows"] = 3
    (out / "intake.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(BadData, match=r"2 rows, 3 were expected as accepted; bring cases\.csv in again"):
        _run_over(out)
    for wrong in ("[{}]", "[", '[{"file": "x"}]'):
        (out / "intake.json").write_text(wrong, encoding="utf-8")
        with pytest.raises(BadData, match=r"intake\.json: not the books"):
            _run_over(out)
    (out / "intake.json").write_text(books, encoding="utf-8")
    (out / "cases.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(BadData, match="not a readable Parquet file"):
        _run_over(out)


def test_ratings_brought_beside_cases_from_elsewhere(bring, tmp_path):
    bring(GOOD)
    out = tmp_path / "out"
    (out / "intake.json").unlink()
    (out / "rejected.parquet").unlink()
    bring("H1,satisfied,2021-09-03\n", RATINGS, name="ratings.csv")
    intake = _run_over(out).intake
    assert intake.groupby("file")["rows"].sum().to_dict() == {"cases.parquet": 2, "ratings.csv": 1}


def test_a_folder_that_cannot_be_written_is_the_machine_s_fault(bring, tmp_path):
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(EnvironmentFault, match="out"):
        bring(GOOD)


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("id,accepted,finished\n\n" + GOOD, encoding="utf-8")
    out = tmp_path / "it's [2021]* ?"
    (intake,) = archive(str(path), CASES, out, extracted_on=date(2021, 9, 30), reject_limit=1)
    assert intake.accepted == 2
    assert _run_over(out).counts["received"].sum() == 2
