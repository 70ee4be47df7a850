"""The picture of a promise on items: counts by day, the number needed and the year's end, as the results have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from analysis.plan.promises import ItemsPromise
from analysis.quarter.results import Results
from analysis.report.figures import theme
from analysis.report.figures.burn_up import burn_up, burn_ups
from analysis.report.figures.picture import Picture
from analysis.report.wording import Wording
from changed_results import changed
from drawn_texts import assert_no_overlap, assert_short, drawn

EN = Wording("en")
DAYS = ["2020-12-15", "2021-06-14", "2021-09-14", "2021-09-20", "2021-12-14"]
OPEN = {
    "rule": "at_least", "threshold": 0.9, "numerator": 31, "denominator": 40, "expected": 0.9, "lower": 0.825,
    "upper": 0.95, "probability": 0.42, "verdict": "uncertain", "indicator": "inventory",
}  # fmt: skip
PERSONS = {
    "rule": "at_most", "threshold": 2052, "numerator": 2054, "denominator": 2052, "expected": 2055.3, "lower": 2048.2,
    "upper": 2062.4, "probability": 0.29, "verdict": "uncertain", "indicator": "headcount",
}  # fmt: skip
Made = Callable[..., Results]


def _of(results: Results, target: str) -> ItemsPromise:
    promise = results.plan.promise(target)
    assert isinstance(promise, ItemsPromise)
    return promise


def _results(made: Made, target: str, part: str, planned: list[int], done: list[int | None], **row: Any) -> Results:
    """Return results of one promise, or of one part of it, with the counts by day of `DAYS`."""
    results = made({target: (row["probability"], row["verdict"])})
    promises = results.attainment.promises.assign(part=part).astype({"rule": object, "indicator": object})
    for name, value in row.items():
        promises[name] = value
    curve = pd.DataFrame({"target": target, "part": part if part == "headcount" else "",
                          "day": pd.to_datetime(DAYS[-len(planned) :]), "planned": planned,
                          "done": pd.array(done, dtype="Int64")})  # fmt: skip
    return changed(results, promises=promises, items_curve=curve)


PLANNED, DONE = [0, 20, 35, 35, 40], [0, 15, 30, 31, None]


def _autonomy(made: Made, words: Wording = EN, *, planned: list[int] = PLANNED, small: bool = False,
              done: list[int | None] = DONE, **changes: Any) -> Picture:  # fmt: skip
    results = _results(made, "autonomy", "", planned, done, **OPEN | changes)
    picture = burn_up(results, words, _of(results, "autonomy"), small=small)
    assert picture is not None
    return picture


def test_an_open_list_says_what_is_done_needed_and_expected(made: Made) -> None:
    picture = _autonomy(made)
    assert picture.title == "31 of 40 done, 36 needed by 14 December 2021; probability 42%"  # 0.9 of 40
    assert picture.statistic == "Public units made autonomous: units done and planned, by day"
    assert picture.alt.endswith("Year-end forecast: 36, 80% prediction interval 33–38.")
    for width in (theme.WIDE, theme.NARROW):
        said = {"31 of 40 done", "35 planned by now", "promise: at least 36", "80%: 33–38"}
        assert said <= set(drawn(picture, width))
    assert picture.table.to_numpy().tolist() == [
        ["14 March 2021", "0", "0", "–"],
        ["14 June 2021", "20", "15", "–"],
        ["14 September 2021", "35", "30", "–"],
        ["20 September 2021", "35", "31", "–"],
        ["14 December 2021", "40", "–", "36 (33–38)"],
    ]
    assert picture.values.iloc[-1][["planned", "needed", "expected", "lower", "upper"]].tolist() == [40, 36, 36, 33, 38]
    assert_no_overlap(picture)


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"verdict": "missed", "probability": 0.0}, "31 of 40 done, 36 needed by 14 December 2021: missed"),
        ({"verdict": "not_estimated", "probability": float("nan"), "expected": float("nan")},
         "31 of 40 done, 36 needed by 14 December 2021: not estimated"),
        ({"threshold": 1.0}, "31 of 40 done, all needed by 14 December 2021; probability 42%"),
    ],
)  # fmt: skip
def test_the_message_is_true_in_every_state(made: Made, changes: dict[str, Any], title: str) -> None:
    picture = _autonomy(made, **changes)
    assert picture.title == title
    has_forecast = "threshold" in changes
    assert any(text.startswith("80%") for text in drawn(picture)) == has_forecast
    assert (picture.table.iloc[-1, -1] != "–") == has_forecast
    assert ("At the right: the year's end" in picture.caption) == has_forecast
    assert "Dashed grey" in picture.caption


def test_a_roadmap_that_names_the_end_of_the_year_alone_is_not_drawn(made: Made) -> None:
    picture = _autonomy(made, planned=[0, 0, 0, 0, 40])
    assert not any("planned by now" in text for text in drawn(picture))
    assert "Dashed grey" not in picture.caption


def test_a_year_that_is_over_has_an_outcome_and_no_forecast(made: Made) -> None:
    picture = _autonomy(made, done=[0, 15, 30, 31, 37], numerator=37, verdict="met", probability=1.0)
    assert picture.title == "37 of 40 done, 36 needed by 14 December 2021: met"
    assert picture.table.iloc[-1].tolist() == ["14 December 2021", "40", "37", "–"]


def test_a_headcount_is_persons_against_their_path(made: Made) -> None:
    planned, done = [2094, 2068, 2060, 2052], [2090, 2070, None, None]
    results = _results(made, "apparatus", "headcount", planned, done, **PERSONS)
    picture = burn_up(results, EN, _of(results, "apparatus"), "headcount")
    assert picture is not None
    assert picture.title == ("2,070 persons counted, 2,068 allowed then, 2,052 on 14 December 2021; probability 29%")
    assert {"2,070 counted", "2,068 allowed then", "promise: 2,052 at most", "80%: 2,048–2,062"} <= set(drawn(picture))
    assert_no_overlap(picture)


def test_nothing_on_the_list_and_nobody_counted_are_no_pictures(made: Made) -> None:
    results = made({"autonomy": (float("nan"), "not_estimated")})
    curve = pd.DataFrame({"target": [], "part": [], "day": [], "planned": [], "done": []})
    assert burn_ups(changed(results, items_curve=curve), EN, _of(results, "autonomy")) == []
    uncounted = _results(made, "apparatus", "headcount", [2060, 2052], [None, None], **PERSONS)
    assert burn_up(uncounted, EN, _of(uncounted, "apparatus"), "headcount") is None


def test_early_in_the_year_labels_stand_to_the_right_where_there_is_room(made: Made) -> None:
    target, day = "autonomy", pd.Timestamp("2021-01-20")
    results = _results(made, target, "", PLANNED, [0, 3, None, None, None], **OPEN)
    curve = results.attainment.items_curve
    early = changed(results, items_curve=curve.assign(day=curve["day"].where(curve.index != 1, day)))
    picture = burn_up(early, EN, _of(early, target))
    assert picture is not None
    assert {"3 of 40 done", "20 planned by now"} <= set(drawn(picture, theme.NARROW))
    assert_no_overlap(picture)


def test_a_small_one_is_explained_once_for_all(made: Made) -> None:
    picture = _autonomy(made, small=True)
    assert (picture.width, picture.caption) == ("third", "")
    assert_no_overlap(picture)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_list_of_the_demo_is_drawn_with_labels_apart(results: Results, language: str) -> None:
    lists = [one for one in results.plan.promises if isinstance(one, ItemsPromise)]
    pictures = [picture for one in lists for picture in burn_ups(results, Wording(language), one)]
    assert len(pictures) == len(lists) + 1  # one of them has a headcount, too
    for picture in pictures:
        assert_no_overlap(picture)
        assert_short(picture, language)
