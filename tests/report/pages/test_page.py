"""What a page shows of each kind of member."""

from __future__ import annotations

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.forecast.open_cases import COLUMNS
from analysis.indicators.disclosure import KEYS
from analysis.parameters import ROOT, RunParameters
from analysis.plan.plan import read_plan
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture
from analysis.report.pages import page as shown_by
from analysis.report.pages.online_uptake import UptakePage
from analysis.report.pages.page import Page
from analysis.report.pages.timeliness import TimelinessPage
from changed_results import changed


@pytest.fixture
def run(demo_run: RunParameters) -> RunParameters:
    return demo_run.model_copy(update={"language": "en"})


@pytest.mark.slow
def test_bodies_fields_and_districts_are_shown_apart_and_groups_in_none(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = results.indicators.series
    # As in a run that reads the promise of the named fields over all of them together.
    group = results.series("overdue", "field", "datdai").assign(series="named_fields")
    page = Page(run, changed(results, series=pd.concat([known, group])))
    shown: list[Picture] = []
    monkeypatch.setattr(page, "_picture", shown.append)
    page.by_body("overdue")
    plan, (bodies, fields, districts) = results.plan, [set(one.table.iloc[:, 0]) for one in shown]
    assert (
        districts
        == {page.words.of(plan.names["agency"][code]) for code in plan.groups["agency"]["districts"].members}
        < bodies
    )
    assert page.words.of(plan.names["agency"]["sxd"]) in bodies - fields
    assert page.words.of(plan.names["field"]["datdai"]) in fields - bodies
    assert page.words.of(plan.groups["field"]["named_fields"].title) not in bodies | fields


@pytest.mark.slow
def test_an_answer_that_leaves_cases_out_stands_beside_the_sentences_of_an_indicator(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(indicator: str, **answers: str) -> str:
        plan = read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml").answered(answers)
        page = Page(run.model_copy(update={"answers": answers}), changed(results, plan=plan))
        shown: list[str] = []
        monkeypatch.setattr(page, "_html", shown.append)
        monkeypatch.setattr(page, "_picture", lambda picture: None)
        page.indicator(indicator)
        return BeautifulSoup("".join(shown), "html.parser").get_text(" ")

    both = told("online_of_all", postal_cases="left_out", vertical_bodies="left_out")
    assert "whose channel is known, but for those filed by post." in both
    assert (
        "As this run reads it Cases filed by post are left out. Bodies under a ministry do not count as the province's."
        in both
    )
    assert "Bodies under a ministry" in told("overdue", vertical_bodies="left_out")
    assert "As this run reads it" not in told("rated_satisfied", vertical_bodies="left_out")
    assert "As this run reads it" not in told("online_of_all")


@pytest.mark.slow
def test_members_of_too_few_cases_are_said_to_be_so(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [str(quarter) for quarter in pd.period_range("2018Q1", "2021Q3", freq="Q")]
    members = results.indicators.series.query("dimension != 'total'")[KEYS[:3]].drop_duplicates()
    page = Page(run, changed(results, hidden=members.merge(pd.DataFrame({"period": [*labels, "2021"]}), how="cross")))
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    page.by_body("overdue")
    told = "".join(shown)
    assert "No quarter to show (Fields): too few cases, or none is whole." in told
    assert "No value of the year to show (Bodies): too few cases." in told


@pytest.mark.slow
def test_who_holds_a_gap_is_said_of_bodies_that_are_shown(results: Results) -> None:
    held = results.published_gap
    assert len(held) == len(results.attainment.gap)
    first = held.iloc[0]
    indicator = results.promise(first["target"], first["part"])["indicator"]
    cell = pd.DataFrame([(indicator, first["dimension"], first["series"], "2021")], columns=KEYS)
    left = changed(results, hidden=cell).published_gap
    pd.testing.assert_frame_equal(left, held.iloc[1:])


@pytest.mark.slow
def test_fields_of_few_cases_received_are_named_without_a_number(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("datdai", 100, 10, 20, 14.0, 9.0), ("thue", 3, 0, 2, 1.0, 4.0), ("yte", 50, 7, 9, 8.0, 4.0)]
    page = TimelinessPage(run, changed(results, received_late=pd.DataFrame(rows, columns=["series", *COLUMNS[1:]])))
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    page.received()
    table = BeautifulSoup(shown[-1], "html.parser")
    cells = {row.th.text: [cell.text for cell in row.find_all("td")] for row in table.tbody.find_all("tr")}
    # The next smallest is hidden with the small one: 153 in all less 100 would else be 3 and 50.
    assert [cells[name][0] for name in cells] == ["153", "100", numbers.MISSING, numbers.MISSING]
    assert not any(sign.isdigit() for cell in cells["Tax"] for sign in cell)


@pytest.mark.slow
def test_the_cases_received_are_told_by_field_and_in_all_within_what_can_still_come(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("datdai", 100, 10, 20, 14.0, 9.0), ("thue", 300, 0, 2, 1.0, 4.0)]
    received = pd.DataFrame(rows, columns=["series", *COLUMNS[1:]])
    page = TimelinessPage(run, changed(results, received_late=received))
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    page.received()
    # 15 of them, and 1.2816 times the root of 13 to either side.
    assert any(
        "Of 400 cases with a due date 10 are late already; some 15 are" in one and "(10–20)" in one for one in shown
    )
    cells = [
        [cell.text for cell in row.find_all(["th", "td"])]
        for row in BeautifulSoup(shown[-1], "html.parser").find_all("tr")
    ]
    # 15 of 400, 1.2816 times the root of 13 to either side
    assert cells[1][1:] == ["400", "10", "22", "3.8% (2.6–4.9%)"]
    # not below the none that are late already, and not above the two that can still be
    assert cells[2][1:] == ["300", "0", "2", "0.3% (0.0–0.7%)"]
    assert cells[3][1:] == ["100", "10", "20", "14.0% (10.2–17.8%)"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "said", "never"), [("en", "received", "resolved"), ("vi", "tiếp nhận", "giải quyết")]
)
def test_the_words_of_a_page_follow_the_definition_of_its_indicator(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch, language: str, said: str, never: str
) -> None:
    plan = results.plan.answered({"uptake_base": "received"})
    assert plan.indicators["online_of_all"].counted == "received"
    reads = changed(results, plan=plan)
    page = UptakePage(run.model_copy(update={"language": language}), reads)
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    monkeypatch.setattr(page, "_picture", lambda one: shown.extend(_words_of(one)))
    for indicator in ("online_of_all", "online_of_published"):
        before = len(shown)
        page.indicator(indicator)
        heading, about, *others = shown[before:]
        assert said in heading
        assert said in about
        assert all(said in alt for alt in others if alt.startswith(page.words.indicator(plan, indicator)))
        page.by_body(indicator)
    page.reporting()
    assert len(shown) > 20
    assert [one for one in shown if never in one.lower()] == []


def _words_of(picture: Picture) -> list[str]:
    """Return what a picture says: its title and every other word drawn, its sentence, its caption, its table."""
    drawn = [text.get_text() for text in picture.laid_out(theme.WIDE)[0].findobj(Text)]
    return [picture.alt, picture.caption, *drawn, *picture.table.astype(str).to_numpy().ravel(), *picture.table.columns]


@pytest.mark.slow
def test_a_figure_drawn_finer_is_shown_at_its_size_in_a_notebook(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    about: list[dict] = []
    monkeypatch.setattr(shown_by, "display", lambda *shown, metadata=None, **how: about.append(metadata))

    def draw(figure: Figure) -> None:
        figure.subplots().plot([0, 1], [0, 1], color=theme.BLUE)

    for width, pixels in (("third", 326), ("wide", 768)):
        Page(run, results)._picture(Picture(draw, "t", "s", "alt", "c", pd.DataFrame(), pd.DataFrame(), width))
        assert about[-2] == {"image/png": {"alt": "alt", "width": pixels}}


def test_no_command_line_stands_on_a_page(
    demo_run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, shown = Page(demo_run, results), []
    monkeypatch.setattr(page, "_html", shown.append)
    page.notices()
    assert results.data.about.source == "dunghen demo --seed 2021"
    assert "dunghen" not in shown[0]
    assert "Số liệu: Khánh Hòa 2018–2021, mô phỏng." in shown[0]
