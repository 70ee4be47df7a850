"""The papers on intake, on mappings and on the tables say what the code does."""

from __future__ import annotations

import re

import pytest
from pandera.pandas import DataFrameModel

import tables_md
from analysis.data import contracts
from analysis.data.contracts import TABLES, columns_of
from analysis.data.ingest.fault_codes import FAULTS
from analysis.data.sources.column_source import allowed_values
from analysis.data.sources.period_text import FORMS, read_period
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


def test_the_page_of_the_tables_is_that_of_the_code():
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == tables_md.page()


def test_every_contract_has_a_section_and_every_column_of_it_a_row():
    every = {one for one in vars(contracts).values() if isinstance(one, type) and issubclass(one, DataFrameModel)}
    assert {*TABLES.values(), *tables_md.OTHER_FORMS} == {one for one in every if not one.__name__.startswith("_")}
    paper = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^##+ (.+)\n((?:(?!#).*\n)*)", paper, re.MULTILINE))
    headings = TABLES | {heading: contract for contract, heading in tables_md.OTHER_FORMS.items()}
    for heading, contract in headings.items():
        first = re.findall(r"^\| (`.+?`) \|", sections[heading], re.MULTILINE)
        assert [name for row in first for name in re.findall(r"`(\w+)`", row)] == columns_of(contract)


def test_every_closed_list_of_codes_says_what_each_means():
    lists = {allowed_values(rule) for contract in TABLES.values() for rule in contract.to_schema().columns.values()}
    assert set(tables_md.MEANINGS) == lists - {None, ("true", "false")}
    assert all(list(meaning) == list(listed) for listed, meaning in tables_md.MEANINGS.items())


@pytest.mark.parametrize(("label", "written"), [(label, written) for _, label, written in tables_md.PERIODS])
def test_every_form_of_a_period_on_the_page_is_read_as_it_says(label, written):
    assert {read_period(text) for text in written} == {label}


def test_the_page_has_an_example_of_every_form_that_is_read_and_of_none_that_is_not():
    written = [text.lower() for _, _, forms in tables_md.PERIODS for text in forms]
    assert all(any(form.fullmatch(text) for text in written) for form in FORMS)
    assert {read_period(text) for text in tables_md.NO_PERIODS} == {None}


def test_the_cells_that_the_page_counts_as_missing_are(bring_in):
    paper = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    words = {
        what: re.findall(r"`(.+?)`", found)
        for what, found in re.findall(r"^\| (times|numbers|text, codes and periods) \| (.+) \|$", paper, re.MULTILINE)
    }
    rows = [f"T{at},01/09/2021,{word},a,1" for at, word in enumerate(words["times"])]
    rows += [f"N{at},01/09/2021,,a,{word.upper()}" for at, word in enumerate(words["numbers"])]
    rows += [f"C{at},01/09/2021,,{word},1" for at, word in enumerate(words["text, codes and periods"])]
    brought = bring_in(
        "\n".join(["MaHoSo,NgayNhan,NgayXong,LinhVuc,Phi", *rows]) + "\n",
        columns={"channel": None, "due_at": None},
        extra={"fee": {"kind": "number", "column": "Phi"}},
    )
    assert brought.rejected == []
    table = brought.table.set_index(brought.table["case_id"].str[0])
    for kind, column in {"T": "finished_at", "N": "fee", "C": "field"}.items():
        assert table[column].isna().groupby(level=0).mean()[kind] == 1
    assert table[["fee", "field"]].notna().all(axis=1)["T"].all()
