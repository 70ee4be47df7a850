"""The page on the data says how far back what came in can be trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from analysis.indicators.disclosure import KEYS
from analysis.parameters import ROOT, read_run_file
from analysis.plan.plan import read_plan
from analysis.quarter.results import Results
from analysis.report.pages import data_quality
from analysis.report.pages.data_quality import DataPage
from analysis.report.wording import Wording


def _shown(monkeypatch: pytest.MonkeyPatch, basis: str, table: str, flagged: dict[str, int], *, language: str = "en"):
    """Return what the page shows of what came in, piece by piece."""
    intake = pd.DataFrame({"file": ["f"], "table": [table], "code": ["accepted"], "rows": [1]})
    counted = pd.DataFrame(flagged.items(), columns=["code", "rows"])
    results = SimpleNamespace(
        data=SimpleNamespace(basis=basis, intake=intake, flagged=counted, counted_from_cases=table == "cases"),
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


def _coverage(monkeypatch: pytest.MonkeyPatch, table: str, language: str) -> list[str]:
    """Return the tables beside the picture of who delivered; one body lacks March, April and July."""
    months = [f"2021-{month:02d}" for month in range(1, 8)]
    rows = [(label, "ubnd-nt", 4, 4) for label in months] + [(months[at], "stp", 2, 2) for at in (0, 1, 4, 5)]
    results = SimpleNamespace(
        data=SimpleNamespace(
            intake=pd.DataFrame({"table": [table]}),
            counted_from_cases=table == "cases",
            counts=pd.DataFrame(columns=["period", "agency", "received", "resolved"]),
        ),
        indicators=SimpleNamespace(
            agency_months=pd.DataFrame(rows, columns=["period", "agency", "received", "resolved"]),
            hidden=pd.DataFrame(columns=KEYS),
        ),
        plan=read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml"),
    )
    run = read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", language=language)
    page = DataPage(run, cast(Results, results))
    shown: list[str] = []
    monkeypatch.setattr(page, "_picture", lambda _: None)
    monkeypatch.setattr(page, "_heading", lambda _: None)
    monkeypatch.setattr(page, "_html", shown.append)
    page.coverage()
    return shown


@pytest.mark.parametrize(
    ("language", "caption", "periods"),
    [
        (
            "en",
            "Bodies without an accepted row for a period for which other bodies have one: 1",
            "03/2021–04/2021, 07/2021",
        ),
        (
            "vi",
            "Số cơ quan, đơn vị không có dòng nào được chấp nhận của kỳ mà nơi khác có: 1",
            "3/2021–4/2021, 7/2021",
        ),
    ],
)
def test_a_body_that_lacks_periods_of_others_is_named_with_them(
    monkeypatch: pytest.MonkeyPatch, language: str, caption: str, periods: str
) -> None:
    (table,) = _coverage(monkeypatch, "counts", language)
    assert caption in table
    assert f">{periods}<" in table
    assert "ubnd-nt" not in table


def test_of_cases_a_month_without_any_is_no_missing_report(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _coverage(monkeypatch, "cases", "en") == []


@pytest.mark.parametrize(("bodies", "is_cut"), [(40, False), (41, True)])
def test_the_picture_says_that_it_leaves_bodies_out_only_where_it_does(bodies: int, is_cut: bool) -> None:
    rows = [("2021-09", f"b{at}", 1, 1) for at in range(bodies)]
    months = pd.DataFrame(rows, columns=["period", "agency", "received", "resolved"])
    plan = read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml")
    indicators = SimpleNamespace(agency_months=months, hidden=pd.DataFrame(columns=KEYS))
    results = SimpleNamespace(indicators=indicators, plan=plan)
    picture = data_quality._agency_months(cast(Results, results), Wording("en"))
    assert picture.caption.endswith("The 40 largest bodies are drawn.") == is_cut


def test_members_without_a_case_are_named_and_those_with_one_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml")
    members = plan.groups["agency"]["districts"].members
    rows = [("2021-03", members[0], 0, 0), *(("2021-03", code, 1, 0) for code in members[1:]), ("2020-03", "x", 9, 9)]
    counts = pd.DataFrame(rows, columns=["period", "agency", "received", "resolved"])
    results = SimpleNamespace(data=SimpleNamespace(counts=counts), plan=plan)
    run = read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", language="en")
    page, shown = DataPage(run, cast(Results, results)), []
    monkeypatch.setattr(page, "_html", shown.append)
    page._without_cases()
    told = "".join(shown)
    assert plan.names["agency"][members[0]].en in told
    assert plan.names["agency"][members[1]].en not in told


def test_a_row_of_the_form_whose_counts_give_a_small_one_away_is_hidden_whole() -> None:
    rows = pd.DataFrame(
        {
            "name": ["Vạn Ninh", "Vạn Ninh", "Nha Trang", "Nha Trang", "Cam Lâm"],
            # Of Vạn Ninh's 279 pending 278 are in time: one is not.
            "theirs": [279, 278, 900, 880, 3],
            "ours": [290, 281, 910, 890, 40],
            "difference": [-11, -3, -10, -10, -37],
        }
    )
    shown = data_quality._without_small(rows, ["theirs", "ours"], ["difference"], row="name")
    assert shown["theirs"].fillna(0).tolist() == [0, 0, 900, 880, 0]
    assert shown["difference"].fillna(0).tolist() == [0, 0, -10, -10, 0]
