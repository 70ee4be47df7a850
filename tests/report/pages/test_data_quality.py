"""The page on the data says how far back what came in can be trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from analysis.parameters import ROOT, read_run_file
from analysis.quarter.results import Results
from analysis.report.pages.data_quality import DataPage


def _shown(monkeypatch: pytest.MonkeyPatch, basis: str, table: str, flagged: dict[str, int], *, language: str = "en"):
    """Return what the page shows of what came in, piece by piece."""
    intake = pd.DataFrame({"file": ["f"], "table": [table], "code": ["accepted"], "rows": [1]})
    counted = pd.DataFrame(flagged.items(), columns=["code", "rows"])
    results = SimpleNamespace(
        data=SimpleNamespace(basis=basis, intake=intake, flagged=counted),
        plan=SimpleNamespace(origin=lambda quarter: quarter),
    )
    run = read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", language=language)
    page = DataPage(run, cast(Results, results))
    shown: list[str] = []
    monkeypatch.setattr(page, "_note", shown.append)
    monkeypatch.setattr(page, "_heading", shown.append)
    monkeypatch.setattr(page, "_html", shown.append)
    page.intake()
    page.flagged()
    return shown


@pytest.mark.parametrize(
    ("basis", "table", "told"),
    [
        ("exact", "cases", "The data is what was known on 20 September 2021."),
        ("exact", "counts", "The data is what was known on 20 September 2021."),
        ("reconstructed", "cases", "what was known then is rebuilt from its dates"),
        ("reconstructed", "counts", "Counts that came added up are used up to this quarter as they stood later"),
    ],
)
def test_the_page_says_whether_the_past_is_exact_and_why_not(
    monkeypatch: pytest.MonkeyPatch, basis: str, table: str, told: str
) -> None:
    assert told in _shown(monkeypatch, basis, table, {})[-1]


def test_what_is_to_be_known_of_the_files_is_a_sentence_and_no_row_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    flagged = {"due_date_replaced": 7, "hidden_rows": 3, "hidden_sheets": 1}
    *_, told, heading, table = _shown(monkeypatch, "exact", "counts", flagged, language="vi")
    assert told == "Về các tệp đã nhận: dòng bị ẩn, vẫn đọc như các dòng khác: 3; trang tính bị ẩn, không đọc: 1."
    assert heading
    assert "7" in table
    assert "ẩn" not in table
