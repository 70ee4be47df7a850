"""Who holds what a share lacks: counts small enough to do by hand."""

import numpy as np
import pandas as pd
import pytest

from analysis.attainment.gap import gap
from analysis.attainment.year_end import YearEnd
from analysis.promises import Part

# 100 cases so far, 20 online; 100 more to come, of which 20, 30, 40 or 50 online.
WHOLE = YearEnd(20, 100, np.array([40, 50, 60, 70]) / 200, np.full(4, 100.0), decided=False)
SO_FAR = pd.DataFrame(
    [("north", 5, 50), ("south", 15, 30), ("east", 0, 20), ("total", 20, 100)],
    columns=["series", "numerator", "denominator"],
)
MEMBERS = {"agencies": ["north", "south", "east", "unheard-of"]}


def _gap(rule="at_least", threshold=0.30, whole=WHOLE):
    part = Part(id="p", indicator="online_of_all", rule=rule, threshold=threshold)
    return gap("t", part, "", whole, SO_FAR, MEMBERS).set_index("series")


def test_the_largest_shortfall_comes_first_with_its_counts():
    found = _gap()
    # 30 % of 50 is 15, of 20 is 6: ten and six cases short; the south has more than its 9.
    assert found["short"].to_dict() == pytest.approx({"north": 10, "east": 6, "south": 0})
    assert list(found.index) == ["north", "east", "south"]
    assert found.loc["north", ["numerator", "denominator"]].tolist() == [5, 50]


def test_one_member_at_the_promise_moves_the_draws_by_its_cases():
    found = _gap()
    # 60 of 200 are needed: two draws of four have them. The north would bring 20 % more of half of 100 cases, ten, and
    # so the draw with 50 too; the east 30 % of twenty, six, and no draw more.
    assert found["probability"].unique().tolist() == [0.5]
    assert found["probability_if"].to_dict() == {"north": 0.75, "east": 0.5, "south": 0.5}


def test_of_an_upper_limit_the_cases_too_many_are_the_gap():
    found = _gap(rule="at_most", threshold=0.25)
    # 25 % of 30 is 7.5: seven and a half too many. Fewer by 25 % of 30 cases: 50 of 200 stays, 60 becomes 52.5.
    assert found["short"].to_dict() == pytest.approx({"south": 7.5, "north": 0, "east": 0})
    assert found["probability"].unique().tolist() == [0.5]
    assert found.loc["south", "probability_if"] == 0.5
    assert _gap(rule="at_most", threshold=0.29).loc["south", "probability_if"] == 0.75


def test_once_decided_nobody_holds_anything():
    assert _gap(whole=YearEnd(40, 200, np.array([0.2]), np.zeros(1), decided=True)).empty
