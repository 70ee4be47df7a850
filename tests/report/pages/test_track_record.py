"""The pages say in words how right past forecasts were, each sentence by the counts of the results it is built from."""

from __future__ import annotations

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.forecast.backtest.rolling import ENSEMBLE
from analysis.parameters import RunParameters
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.pages.page import Page
from analysis.report.pages.summary import SummaryPage, probability_notes
from analysis.report.pages.targets import TargetPage
from analysis.report.pages.track_record import TrackPage
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow
EN = Wording("en")


@pytest.fixture
def graded(results: Results) -> Results:
    """Return the demo's results with forecasts of two indicators that held 57 of 100, and 80 of 100."""
    scored = results.record.scored
    mine = (scored["model"] == ENSEMBLE) & scored["panel"].isin(["online_of_published", "overdue"])
    rows = scored[mine].groupby("panel", sort=False).tail(1).assign(n=100)
    held = rows["panel"].map({"online_of_published": 57, "overdue": 80})
    return changed(results, scored=rows.assign(coverage_80=held), recounted=results.record.recounted.iloc[:0])


def _shown(page: Page, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    monkeypatch.setattr(page, "_picture", lambda picture: shown.append(picture.alt))
    return shown


def _text(shown: list[str]) -> str:
    return BeautifulSoup(" ".join(shown), "html.parser").get_text(" ", strip=True)


NARROW = (
    'Of 100 past forecasts of "Share filed online, of the cases resolved under procedures published online", the 80% '
    "interval held the outcome in 57%: too narrow."
)


def test_the_track_record_says_each_indicator_and_each_promise(
    demo_run: RunParameters, graded: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = TrackPage(demo_run.model_copy(update={"language": "en"}), graded)
    shown = _shown(page, monkeypatch)
    page.own()
    bullets = [one.text for one in BeautifulSoup(" ".join(shown), "html.parser").find_all("li")]
    assert len(bullets) == 2
    (narrow,) = [one for one in bullets if one.startswith(NARROW)]
    assert narrow.startswith(f"{NARROW} Of ")
    assert "probabilities between 20% and 80%" in narrow
    shown.clear()
    page.bases()
    rows = BeautifulSoup(" ".join(shown), "html.parser").tbody.find_all("tr")
    told = {row.find_all(["th", "td"])[0].text: row.find_all(["th", "td"])[1].text for row in rows}
    uptake = graded.promise("online_uptake")["probability"]
    assert told[f"Resolved online: 30% (or 50%): {EN.chance(uptake)}"].startswith(f"{NARROW} Of the whole itself: ")
    (untested,) = [names for names, said in told.items() if said.startswith("Not yet tested")]
    assert untested == "Satisfaction above 81%: –; PCI in the good group: –"


def test_forecasts_whose_counting_changed_are_told_apart(
    demo_run: RunParameters, graded: Results, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    recounted = results.record.recounted
    held = recounted[recounted["model"] == ENSEMBLE][["n", "coverage_80"]].sum().astype(int)
    page = TrackPage(demo_run.model_copy(update={"language": "en"}), changed(graded, recounted=recounted))
    shown = _shown(page, monkeypatch)
    page.own()
    bullets = [one.text for one in BeautifulSoup(" ".join(shown), "html.parser").find_all("li")]
    (told,) = [one for one in bullets if "more of" in one]
    assert told.startswith(f'{held["n"]} more of "Share filed online, of the cases resolved under procedures published')
    assert told.endswith(f"held the outcome in {100 * held['coverage_80'] / held['n']:.0f}%.")
    # The demo's catalogue grew within 2020, after three of its four origins.
    assert set(recounted["panel"]) == {"online_of_published"}
    assert sorted(recounted["origin"].unique()) == [0, 1, 2]
    assert set(recounted["year"]) == {2020}


def test_the_whole_is_shown_as_printed_and_as_the_sum(
    demo_run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = TrackPage(demo_run.model_copy(update={"language": "en"}), results)
    shown = _shown(page, monkeypatch)
    page.own()
    (table,) = [one for one in shown if "as the sum of the series" in one]
    rows = [
        [cell.text for cell in row.find_all(["th", "td"])] for row in BeautifulSoup(table, "html.parser").tbody("tr")
    ]
    totals = results.record.totals.query("panel == 'overdue'")
    for row, model, way in zip(
        [row for row in rows if row[0].startswith("Share overdue")], (ENSEMBLE, f"{ENSEMBLE}_sum"),
        ("a series of its own", "sum of the series"), strict=True,
    ):  # fmt: skip
        mine = totals[totals["model"] == model]
        held, n = int(mine["inside_80"].sum()), len(mine)
        assert row[2:4] == [way, f"{numbers.percent(held / n, 'en', digits=0)} ({held}/{n})"]
        assert row[5] == f"{mine['wis'].mean():.2f}"


def test_the_track_record_has_the_lists_against_what_an_office_would_say(
    demo_run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = TrackPage(demo_run.model_copy(update={"language": "en"}), results)
    shown = _shown(page, monkeypatch)
    page.lists()
    text = _text(shown)
    assert "past forecasts of lists of items all due at the end of the year, by the closing days of real cases" in text
    assert text.count("At the pace of the last six months") == text.count("Every item on its day") == 3


def test_a_promise_says_on_its_page_what_it_rests_on_and_its_baselines_by_name(
    demo_run: RunParameters, graded: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = TargetPage(demo_run.model_copy(update={"language": "en"}), graded)
    shown = _shown(page, monkeypatch)
    page.targets()
    text = _text(shown)
    assert (
        "Of cases in procedures published online: 100 past forecasts of its own series, 80% intervals held 57%" in text
    )
    assert text.count("too narrow") == 1
    shares = graded.attainment.of("baselines", "one_stop").set_index("baseline")["point"]
    pace = f"At the pace of the last six months: {100 * shares['last_six_months_pace']:.1f}%"
    assert f"Every item on its day: 100.0%, kept; {pace}" in text
    assert "Roadmap at its word" not in text
    assert "The simple forecast that erred least in earlier years: 60%." in text
    # What share each expects says more than the probability of the roadmap at its word, which the summary has.
    assert text.count("Every item on its day: ") == 5
    assert "If every item comes on its planned day" not in text
    assert "erred least in earlier years: >\xa099%" not in text
    # Of its two parts one is a list, the other a path of the headcount, which no roadmap of items is about.
    assert "headcount as now: <\xa01%" in text


def test_the_summary_marks_what_is_far_off_and_names_each_baseline(
    demo_run: RunParameters, graded: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = SummaryPage(demo_run.model_copy(update={"language": "en"}), graded)
    shown = _shown(page, monkeypatch)
    page.promises()
    marks = [one.text for one in BeautifulSoup(shown[1], "html.parser").find_all("small", class_="record")]
    assert marks == ["80% intervals held 57% of 100: too narrow"]
    notes = probability_notes(graded, EN, 2000)
    assert len(notes) == 4
    assert notes[2] == '"All on their day": the roadmap at its word, every item comes on its planned day.'
    shown.clear()
    page.caution()
    text = _text(shown)
    # Two of its three indicators stand in the record: 57 and 80 of 100 each.
    assert "own series, 2 of 7 probabilities" in text
    assert "80% intervals held the outcome of 69% of 200 forecasts" in text  # 68.5, rounded as the page does
    assert "Not yet tested" not in text  # of what is estimated everything is tested


def test_the_page_of_the_forecast_says_which_indicator_is_far_off(
    demo_run: RunParameters, graded: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(demo_run.model_copy(update={"language": "en"}), graded)
    shown = _shown(page, monkeypatch)
    page.caution()
    assert NARROW in _text(shown)
    assert "Share overdue" not in _text(shown)
    nothing = changed(graded, scored=graded.record.scored.iloc[:0])
    page = Page(demo_run.model_copy(update={"language": "en"}), nothing)
    shown = _shown(page, monkeypatch)
    page.caution()
    assert _text(shown) == "No earlier year of this plan can be scored yet; the track record shows other data."
    assert pd.notna(nothing.promise("online_uptake")["probability"])
