"""How a share stands to its threshold, and how near to certainty a probability may come."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.rules import PROBABILITY_FLOOR, Rule, meets, off_certainty


@pytest.mark.parametrize(
    ("rule", "below", "at", "above"),
    [("at_least", False, True, True), ("more_than", False, False, True), ("at_most", True, True, False)],
)
def test_each_rule_at_its_threshold(rule: Rule, below: bool, at: bool, above: bool) -> None:
    threshold = 0.30
    values = np.array([np.nextafter(threshold, 0), threshold, np.nextafter(threshold, 1)])
    assert meets(values, rule, threshold).tolist() == [below, at, above]


def test_thirty_of_a_hundred_cases_are_at_least_thirty_percent() -> None:
    assert bool(meets(30 / 100, "at_least", 0.30))
    assert bool(meets(60 / 200, "at_least", 0.30))
    assert not bool(meets(59_999 / 200_000, "at_least", 0.30))
    assert not bool(meets(30 / 100, "more_than", 0.30))
    assert bool(meets(2 / 100, "at_most", 0.02))


@pytest.mark.parametrize("rule", get_args(Rule))
def test_a_missing_share_keeps_no_promise(rule: Rule) -> None:
    assert meets(np.array([np.nan, 0.5]), rule, np.array([0.5, np.nan])).tolist() == [False, False]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="about"):
        meets(0.5, "about", 0.5)


def test_thresholds_are_broadcast_against_shares() -> None:
    shares, limits = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0.2], [0.4]])
    assert meets(shares, "at_least", limits).tolist() == [[False, True], [False, True]]
    assert meets(shares, "more_than", limits).tolist() == [[False, False], [False, False]]
    assert meets(shares, "at_most", limits).tolist() == [[True, True], [True, True]]


@given(st.floats(0, 1))
@example(0.0)
@example(1.0)
def test_what_is_undecided_stays_off_certainty(p: float) -> None:
    held = float(off_certainty(np.float64(p)))
    assert held == off_certainty(np.array([p]))[0] == min(max(p, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR)


def test_a_missing_probability_stays_missing() -> None:
    assert np.isnan(off_certainty(np.array([np.nan]))).all()
