"""The paper on intake and the code say the same faults, in the same order."""

from __future__ import annotations

import re

from analysis.data.ingest.fault_codes import FAULTS
from analysis.parameters import ROOT
from analysis.report.labels import FAULTS as WORDS


def test_the_closed_table_of_the_paper_is_that_of_the_code():
    paper = (ROOT / "docs" / "methods" / "intake.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (reject|flag|class|note) \| (.+) \|$", paper, re.MULTILINE)
    assert rows == [(fault.code, fault.kind, fault.meaning) for fault in FAULTS]


def test_every_fault_has_words_for_the_reader():
    assert list(WORDS) == [fault.code for fault in FAULTS]


def test_the_mapping_the_paper_teaches_is_one(tmp_path):
    from analysis.data.sources.mapping import read_mapping

    permits, *_ = _examples(tmp_path)
    assert read_mapping(permits).used_headers() == {
        "Permit No", "Kind", "Office", "Channel", "Received", "Deadline", "Closed"
    }  # fmt: skip


def test_the_sheet_that_the_page_shows_comes_in_by_its_mapping(tmp_path):
    from datetime import date

    from analysis.data.ingest.archive import archive
    from analysis.data.sources.mapping import read_mapping

    paper = (ROOT / "docs" / "write-a-mapping.md").read_text(encoding="utf-8")
    (sheet,) = re.findall(r"```\n(Tháng,.+?)```", paper, re.DOTALL)
    path, (_, mapping, *_) = tmp_path / "so.csv", _examples(tmp_path)
    path.write_text(sheet, encoding="utf-8")
    day = date(2021, 9, 20)
    (intake,) = archive(str(path), read_mapping(mapping), tmp_path / "in", extracted_on=day, reject_limit=0)
    assert intake.accepted == 1


def _examples(tmp_path):
    """Return the files that the page on mappings shows, in its order."""
    paper = (ROOT / "docs" / "write-a-mapping.md").read_text(encoding="utf-8")
    paths = []
    for at, text in enumerate(re.findall(r"```yaml\n(.+?)```", paper, re.DOTALL)):
        folder = tmp_path / str(at)
        folder.mkdir()
        paths.append(folder / "about.yml")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def test_the_folder_that_the_page_shows_declares_what_its_mappings_declare(tmp_path):
    from analysis.data.sources.about import read_description
    from analysis.data.sources.mapping import read_mapping

    _, _, several, cases, feedback, about = _examples(tmp_path)
    assert [one.table for one in read_mapping(several).of_each_table()] == ["cases", "case_ratings"]
    cases, feedback, description = read_mapping(cases), read_mapping(feedback), read_description(about.parent)
    assert description.extra == {"cases": cases.extra_kinds, "feedback": feedback.extra_kinds}
    assert description.tables == feedback.tables


def test_the_page_names_every_word_that_is_no_name_of_a_column():
    from analysis.data.declared import CONDITION_WORDS, DERIVED

    paper = (ROOT / "docs" / "write-a-mapping.md").read_text(encoding="utf-8")
    assert all(f"`{word}`" in paper for word in (*DERIVED, *CONDITION_WORDS))
