"""Grades are written so that a reader is told no size that means nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.report import grades
from analysis.report.wording import Wording
from drawn_texts import assert_no_overlap, assert_short, drawn


@pytest.mark.parametrize(
    ("skill", "lower", "upper", "written"),
    [
        (0.46, 0.358, 0.576, "46,0% (35,8–57,6%)"),
        (-0.041, -0.073, -0.005, "−4,1% (−7,3 đến −0,5%)"),
        # A year in which the other hardly erred has no bound.
        (-6.93, -20.0, 0.5, "<\xa0−100%"),
        (-0.62, -3.5, 0.1, "−62,0% (<\xa0−100 đến 10,0%)"),
        (-0.62, float("nan"), float("nan"), "−62,0%"),
    ],
)
def test_a_skill_beyond_all_measure_is_only_said_to_be_so(
    skill: float, lower: float, upper: float, written: str
) -> None:
    row = {"model": "npeb", "skill": skill, "lower": lower, "upper": upper, "panel_years": 6, "better": 1}
    rows = pd.DataFrame([row | {"score": score} for score in ("crps", "brier")])
    (told,) = grades.skill(rows, Wording("vi")).to_dict(orient="records")
    assert list(told.values())[1:] == [written, written, "1/6"]


def _reliability(*rows: tuple[int, int, float, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["bin", "n", "said", "happened"])


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        # of 100, 4.2 were said to happen and 5 did: 0.8 points; of 50, 35 and 36: 2 points
        ([(0, 100, 4.2, 5), (7, 50, 35.0, 36)], "What was said happened: the furthest range is 2.0 points off"),
        ([(0, 100, 4.2, 5), (7, 50, 35.0, 25)], "Furthest off: 70.0% was said on average, 50 times; 50.0% happened"),
    ],
)
def test_what_was_said_is_called_what_happened_only_where_it_did(rows: list, title: str) -> None:
    picture = grades.reliability(_reliability(*rows), Wording("en"), statistic="What was said")
    assert (picture.title, picture.statistic) == (title, "What was said")
    assert f"happened {'72.0%' if '2.0 points' in title else '50.0%'}" in " ".join(drawn(picture))
    assert_no_overlap(picture)
    assert_short(picture, "en")


@pytest.mark.parametrize(
    ("tenths", "title"),
    [
        ([10] * 10, "Intervals about right: 80.0% fell into the middle 80%"),
        ([8, *[10.5] * 8, 8], "Intervals slightly too wide: 84.0% fell into the middle 80%"),
        ([4, *[11.5] * 8, 4], "Intervals too wide: 92.0% fell into the middle 80%"),
        ([12, *[9.5] * 8, 12], "Intervals slightly too narrow: 76.0% fell into the middle 80%"),
        ([20, *[7.5] * 8, 20], "Intervals too narrow: 60.0% fell into the middle 80%"),
        ([20, *[10] * 8, 0], "Forecasts too high: 20.0% of outcomes fell into the lowest tenth"),
        ([0, *[10] * 8, 20], "Forecasts too low: 20.0% of outcomes fell into the highest tenth"),
    ],
)
def test_intervals_are_called_what_the_places_say(tenths: list[float], title: str) -> None:
    rows = pd.DataFrame({"tenth": range(10), "n": tenths})
    picture = grades.places(rows, Wording("en"), statistic="Where outcomes fell")
    assert picture.title == title


def test_places_are_labelled_apart() -> None:
    rows = pd.DataFrame({"tenth": [0, 4, 9], "n": [1, 5, 2]})
    for language in ("vi", "en"):
        picture = grades.places(rows, Wording(language), statistic="x")
        assert_no_overlap(picture)
        assert_short(picture, language)
