"""The page on the data says how far back what came in can be trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from analysis.parameters import ROOT, read_run_file
from analysis.quarter.results import Results
from analysis.report.pages.data_quality import DataPage


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
    intake = pd.DataFrame({"file": ["f"], "table": [table], "code": ["accepted"], "rows": [1]})
    results = SimpleNamespace(
        data=SimpleNamespace(basis=basis, intake=intake), plan=SimpleNamespace(origin=lambda quarter: quarter)
    )
    page = DataPage(
        read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", language="en"), cast(Results, results)
    )
    shown: list[str] = []
    monkeypatch.setattr(page, "_note", shown.append)
    monkeypatch.setattr(page, "_heading", shown.append)
    monkeypatch.setattr(page, "_html", shown.append)
    page.intake()
    assert told in shown[-1]
