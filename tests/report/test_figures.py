"""What the other pictures say is what the results say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.parameters import RunParameters
from analysis.plan.promises import SurveyPromise
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.year_end import outlook
from analysis.report.pages.surveys import survey
from analysis.report.pages.targets import gap, history
from analysis.report.published_probabilities import COLUMNS, probabilities_by_quarter
from analysis.report.wording import Wording
from changed_results import changed
from drawn_texts import assert_no_overlap, drawn

pytestmark = pytest.mark.slow
ORIGIN = pd.Period("2021-09", "M")
EN = Wording("en")


def test_a_survey_picture_tells_its_last_round(results: Results) -> None:
    (target,) = (one for one in results.plan.promises if isinstance(one, SurveyPromise))
    picture = survey(results, EN, target, small=True)
    assert picture is not None
    last = (
        results.indicators.surveys.query("indicator == 'surveyed_provincial' and series == 'total'")
        .sort_values("period")
        .iloc[-1]
    )
    for said in (numbers.percent(last["value"], "en"), numbers.count(last["respondents"], "en"), "more than 81%"):
        assert said in picture.alt
    assert picture.width == "third"


def test_a_gap_picture_names_who_holds_most(results: Results) -> None:
    held = results.attainment.gap.query(
        "target == 'online_uptake' and part == 'of_all' and dimension == 'field' and short > 0"
    )
    picture = gap(results, EN, held, title="Who", table=pd.DataFrame({"x": [1]}), unit="cases")
    assert_no_overlap(picture)
    first = held.sort_values("short").iloc[-1]
    name = EN.name(results.plan, "field", first["series"])
    assert f"{name} holds most, {numbers.count(first['short'], 'en')}" in picture.alt
    assert numbers.count(held["short"].sum(), "en") in picture.alt


def test_a_history_joins_what_was_published_recomputed_and_said_now(
    results: Results, run: RunParameters, tmp_path: Path
) -> None:
    rows = [",".join(COLUMNS),
            "2021-04-01,x,2021-Q1,2021-03-20,final,autonomy,,,,0.4,,uncertain",
            "2021-07-01,x,2021-Q2,2021-06-20,final,autonomy,,,,0.3,,uncertain",
            "2021-12-01,x,2021-Q4,2021-12-20,final,autonomy,,,,0.9,,likely"]  # fmt: skip
    (tmp_path / "khanh-hoa-2021.csv").write_text("\n".join(rows), encoding="utf-8")
    said = probabilities_by_quarter(tmp_path, run, results)
    mine = said[said["target"] == "autonomy"]
    now = results.promise("autonomy")["probability"]
    assert mine["quarter"].tolist() == ["2021-Q1", "2021-Q2", "2021-Q3"]
    assert mine["probability"].tolist() == [0.4, 0.3, now]
    # nothing was published of this one for the second quarter: what the method says from what was known then
    other = said[said["target"] == "one_stop"]
    assert other["quarter"].tolist() == ["2021-Q2", "2021-Q3"]
    picture = history(results, EN, said)
    assert picture is not None
    assert picture.table.set_index("Promise").loc["Public units made autonomous", "Q1 2021"] == "40%"
    assert_no_overlap(picture)
    assert history(results, EN, said.assign(probability=float("nan"))) is None


def _promising(results: Results, lines: dict[tuple[str, str], float]) -> Results:
    told = results.attainment.promises.copy()
    for (target, part), line in lines.items():
        told.loc[(told["target"] == target) & (told["part"] == part), "threshold"] = line
    return changed(results, promises=told)


def test_no_label_of_a_picture_prints_what_misses_its_line_as_the_line(results: Results) -> None:
    # The year's end is expected at 30.981 %.
    near = _promising(results, {("online_uptake", "of_all"): 0.31})
    fan = outlook(near, EN, "online_uptake", "of_all", ORIGIN, small=True)
    assert {"promise: at least 31%", "30.98%"} <= set(drawn(fan, theme.NARROW))
    assert "year-end 30.98% (80% prediction interval: " in fan.alt


def test_a_survey_that_just_misses_does_not_print_as_the_promise(results: Results) -> None:
    (target,) = (one for one in results.plan.promises if isinstance(one, SurveyPromise))
    rounds = results.indicators.surveys.copy()
    last = (rounds["indicator"] == "surveyed_provincial") & (rounds["period"].astype(str) == "2020")
    rounds.loc[last, "value"] = 0.8098
    picture = survey(changed(results, surveys=rounds), EN, target)
    assert picture is not None
    assert "80.98%" in drawn(picture)
    assert "80.98% in 2020" in picture.alt
    assert picture.table["Share satisfied"].tolist()[-1] == "80.98%"
