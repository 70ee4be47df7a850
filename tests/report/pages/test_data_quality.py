"""The page on the data says how far back what came in can be trusted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from analysis.indicators.disclosure import KEYS, RESOLVED
from analysis.parameters import ROOT, read_run_file
from analysis.plan.plan import read_plan
from analysis.quarter.results import Results
from analysis.report.figures import theme
from analysis.report.pages import data_quality
from analysis.report.pages.data_quality import DataPage
from analysis.report.wording import Wording
from drawn_texts import assert_no_overlap, drawn


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


def _months(rows: list[tuple[str, str, int]], hidden: list[tuple[str, str]] = (), *, frequency: str = "M") -> Results:
    """Return results of cases resolved by month and body."""
    months = pd.DataFrame(rows, columns=["period", "agency", "resolved"])
    cells = pd.DataFrame(hidden, columns=["series", "period"]).assign(indicator=RESOLVED, dimension="agency")
    plan = read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml")
    calendar = plan.calendar.model_copy(update={"frequency": frequency})
    plan = plan.model_copy(update={"calendar": calendar})
    indicators = SimpleNamespace(agency_months=months, hidden=cells[KEYS])
    return cast(Results, SimpleNamespace(indicators=indicators, plan=plan, simulated=True))


TWO_BODIES = [("2021-08", "sxd", 3_000), ("2021-09", "sxd", 40), ("2021-08", "bdt", 7), ("2021-09", "bdt", 9)]


@pytest.mark.parametrize(
    ("left_out", "hidden", "frequency", "message"),
    [
        (0, [], "M", "Every body resolved cases in every period"),
        (1, [], "M", "1 of 4 months of bodies have no case resolved"),
        (1, [], "Q", "1 of 4 quarters of bodies have no case resolved"),
        # What is hidden may be none: only of what is shown it is known.
        (0, [("bdt", "2021-08")], "M", "Cases were resolved in each of the 3 periods of bodies shown"),
        (1, [("bdt", "2021-08")], "M", "1 of 3 months of bodies have no case resolved"),
    ],
)
def test_the_message_says_how_many_periods_of_bodies_are_empty(
    left_out: int, hidden: list[tuple[str, str]], frequency: str, message: str
) -> None:
    rows = TWO_BODIES[: len(TWO_BODIES) - left_out]
    picture = data_quality._agency_months(_months(rows, hidden, frequency=frequency), Wording("en"))
    assert picture.title == message
    assert_no_overlap(picture)


def test_a_hidden_month_of_a_body_is_marked_and_not_written() -> None:
    rows = [*TWO_BODIES[:3], ("2021-09", "bdt", 0)]
    picture = data_quality._agency_months(_months(rows, [("bdt", "2021-08")]), Wording("en"))
    assert picture.values.set_index("agency")["2021-08"].isna().to_dict() == {"sxd": False, "bdt": True}
    assert picture.values.set_index("agency")["2021-09"].to_dict() == {"sxd": 40, "bdt": 0}
    assert "·: hidden" in picture.caption
    assert picture.table.set_index("Body").loc["Ethnic Affairs board"].tolist() == ["·", "–"]
    assert {"3,000", "40", "·", "×"} <= set(drawn(picture))
    assert "7" not in drawn(picture)


def test_more_cases_have_a_stronger_shade_of_the_same_colour() -> None:
    rows = [("2021-09", f"b{at}", 10**at) for at in range(6)]
    figure, _ = data_quality._agency_months(_months(rows), Wording("en")).laid_out(theme.WIDE)
    # Of up to a hundred thousand times as many cases each power of ten is a step.
    shades = {patch.get_alpha(): len(patch.get_path().vertices) // 5 for patch in figure.axes[0].patches}
    assert shades == {0.07: 1, 0.18: 1, 0.3: 1, 0.43: 1, 0.58: 2}


def test_a_number_too_long_for_its_cell_stands_in_the_table_alone() -> None:
    picture = data_quality._agency_months(_months([("2021-09", "sxd", 1_234_567)]), Wording("en"))
    assert "1,234,567" not in drawn(picture)
    assert picture.table.iloc[0, 1] == "1,234,567"


@pytest.mark.parametrize(("bodies", "is_cut"), [(16, False), pytest.param(41, True, marks=pytest.mark.slow)])
def test_the_picture_says_that_it_leaves_bodies_out_only_where_it_does(bodies: int, is_cut: bool) -> None:
    labels = [str(month) for month in pd.period_range("2020-10", "2021-09", freq="M")]
    names = [f"ỦY BAN NHÂN DÂN HUYỆN MƯỜNG KHƯƠNG {at}" for at in range(bodies)]
    rows = [(label, name, 1_234) for label in labels for name in names]
    picture = data_quality._agency_months(_months(rows), Wording("en"))
    assert picture.caption.endswith("The largest are drawn, all are in the table.") == is_cut
    assert len(picture.table) == bodies
    if is_cut:
        assert_no_overlap(picture)
        written = [drawn(picture, width).count("1,234") for width in (theme.WIDE, theme.NARROW)]
        assert written == [12 * 40, 5 * 16]


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
