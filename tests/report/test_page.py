"""What a page shows of each kind of member."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from analysis import quarter
from analysis.parameters import ROOT, read_run_file
from analysis.report.figures import Picture
from analysis.report.page import Page


@pytest.mark.slow
def test_bodies_and_fields_are_ranked_apart_and_groups_in_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    run = read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", draw_count=200, language="en")
    results = quarter.results(run)
    known = results.indicators
    # As in a run that reads the promise of the named fields over all of them together.
    group = known[(known["indicator"] == "overdue") & (known["series"] == "datdai")].assign(series="named_fields")
    page = Page(run, dataclasses.replace(results, indicators=pd.concat([known, group])))
    shown: list[Picture] = []
    monkeypatch.setattr(page, "_picture", shown.append)
    page.by_body("overdue")
    plan, (bodies, fields) = results.plan, [set(one.table.iloc[:, 0]) for one in shown]
    assert page.words.of(plan.names["sxd"]) in bodies - fields
    assert page.words.of(plan.names["datdai"]) in fields - bodies
    assert page.words.of(plan.names["named_fields"]) not in bodies | fields
