"""The page of promises and the summary say truly what judges a promise on satisfaction."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.parameters import RunParameters
from analysis.plan.plan import Plan
from analysis.quarter.results import Results
from analysis.report.at_a_glance import promises
from analysis.report.pages.surveys import SatisfactionPage
from analysis.report.pages.targets import TargetPage
from analysis.report.since_publication import computed_again
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow


@pytest.fixture
def by_ratings(results: Results) -> Results:
    """Return the demo's results with its promise on satisfaction judged by ratings, alone."""
    document = results.plan.model_dump(mode="json", by_alias=True)
    title = {"vi": "Đánh giá từng hồ sơ", "en": "Ratings given case by case"}
    document["instruments"]["ratings"] = {"of": "indicator", "title": title, "indicator": "rated_satisfied"}
    document["targets"] = {"satisfaction": document["targets"]["satisfaction"] | {"instrument": "ratings"}}
    judged = {
        "indicator": "rated_satisfied", "numerator": 900, "denominator": 1000, "observed_to_date": 0.9,
        "expected": 0.9, "lower": 0.89, "upper": 0.91, "probability": 0.99, "verdict": "very_likely", "note": "",
    }  # fmt: skip
    of_it = results.attainment.of("promises", "satisfaction")
    return changed(
        results, plan=Plan.model_validate(document), promises=of_it.assign(**{k: [v] for k, v in judged.items()})
    )


def _shown(page: TargetPage | SatisfactionPage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    monkeypatch.setattr(page, "_picture", lambda picture: shown.append(picture.alt))
    return shown


def test_a_promise_judged_by_an_indicator_says_so_and_has_what_a_share_has(
    demo_run: RunParameters, by_ratings: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = TargetPage(demo_run.model_copy(update={"language": "en"}), by_ratings)
    shown = _shown(page, monkeypatch)
    page.targets()
    told = "".join(shown)
    assert "No survey judges it, but what is counted: Ratings given case by case." in told
    assert "90.0% (900 of 1,000 ratings)" in told
    assert told.count("survey") == 1
    assert "Proxy" not in told


def test_the_summary_has_its_counts_and_no_proxy(by_ratings: Results) -> None:
    table = promises(by_ratings, Wording("en"), computed_again(by_ratings))
    assert "90.0% (900/1,000)" in table
    assert "survey" not in table
    assert "proxy" not in table


def test_the_page_of_satisfaction_shows_surveys_as_before_and_pictures_none_as_judging(
    demo_run: RunParameters, results: Results, by_ratings: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = []
    for one in (results, by_ratings):
        page = SatisfactionPage(demo_run.model_copy(update={"language": "en"}), one)
        shown = _shown(page, monkeypatch)
        page.surveys()
        tables.append([told for told in shown if "<table" in told])
        pictures = [told for told in shown if "<" not in told]
        assert len(pictures) == (1 if one is results else 0)
    assert tables[0] == tables[1] != []
    assert pd.notna(by_ratings.promise("satisfaction")["probability"])


def test_the_page_of_satisfaction_says_where_there_is_nothing_to_show(
    demo_run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {code for code, one in results.plan.indicators.items() if one.topic == "satisfaction"}
    series = results.indicators.series
    nothing = changed(
        results, series=series[~series["indicator"].isin(asked)], surveys=results.indicators.surveys.iloc[:0]
    )
    for one, told in ((results, "Ratings are given by those who choose to"), (nothing, "No ratings and no survey")):
        page = SatisfactionPage(demo_run.model_copy(update={"language": "en"}), one)
        shown = _shown(page, monkeypatch)
        page.self_selected()
        assert told in "".join(shown)
