"""The paper on intake and the code say the same faults, in the same order."""

from __future__ import annotations

import re

from analysis.data.ingest.fault_codes import FAULTS
from analysis.parameters import ROOT
from analysis.report.labels import FAULTS as WORDS


def test_the_closed_table_of_the_paper_is_that_of_the_code():
    paper = (ROOT / "docs" / "methods" / "intake.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (reject|flag|class) \| (.+) \|$", paper, re.MULTILINE)
    assert rows == [(fault.code, fault.kind, fault.meaning) for fault in FAULTS]


def test_every_fault_has_words_for_the_reader():
    assert list(WORDS) == [fault.code for fault in FAULTS]


def test_the_mapping_the_paper_teaches_is_one(tmp_path):
    from analysis.data.sources.mapping import read_mapping

    paper = (ROOT / "docs" / "write-a-mapping.md").read_text(encoding="utf-8")
    (tmp_path / "permits.yml").write_text(re.search(r"```yaml\n(.+?)```", paper, re.DOTALL)[1], encoding="utf-8")
    assert read_mapping(tmp_path / "permits.yml").used_headers() == {
        "Permit No", "Kind", "Office", "Channel", "Received", "Deadline", "Closed"
    }  # fmt: skip
