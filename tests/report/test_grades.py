"""Grades are written so that a reader is told no size that means nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.report import grades
from analysis.report.wording import Wording


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
