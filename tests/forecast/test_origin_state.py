import numpy as np
import pandas as pd
import pytest

from analysis.faults import BadParameters
from analysis.forecast.origin_state import (
    ALL,
    INSIDE,
    NONE,
    chance_of_staying,
    fit_year,
    series_edges,
    share_to_hold,
)
from analysis.forecast.panel import Panel


def panel(*shares: list[float]) -> Panel:
    K = 10 * np.array(shares, dtype=float)
    index = pd.period_range("2020Q1", periods=K.shape[1], freq="Q")
    return Panel(tuple("abcdef"[: len(K)]), index, K, np.full(K.shape, 10.0))


def test_an_edge_is_a_whole_years_length_at_none_or_all():
    of = panel([0.5, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0.1])
    assert series_edges(of).tolist() == [NONE, ALL, INSIDE]


def test_a_series_without_cases_is_at_no_edge():
    index = pd.period_range("2020Q1", periods=4, freq="Q")
    assert series_edges(Panel(("a",), index, np.zeros((1, 4)), np.zeros((1, 4)))).tolist() == [INSIDE]


def test_few_stays_are_told_by_single_periods():
    # five quarters: one step from the fourth to the fifth; two of three series at none stayed
    of = panel([0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0.2], [0.5, 0.5, 0.5, 0.5, 0.5])
    chances = chance_of_staying(of, 4)
    assert chances[NONE] == pytest.approx((2.5 / 4) ** 4)
    assert chances[ALL] == pytest.approx(0.5**4)  # nobody has been there


def test_enough_stays_over_the_horizon_are_told_by_themselves():
    # 30 series of six quarters: two quarters ahead can be seen once, and 27 of 30 stayed
    rows = [[1.0] * 6] * 27 + [[1, 1, 1, 1, 1, 0.9]] * 3
    index = pd.period_range("2020Q1", periods=6, freq="Q")
    K = 10 * np.array(rows)
    of = Panel(tuple(f"{i:02d}" for i in range(30)), index, K, np.full(K.shape, 10.0))
    assert chance_of_staying(of, 2)[ALL] == pytest.approx(27.5 / 31)


def test_what_is_held_makes_up_for_what_does_not_stay_by_itself():
    assert share_to_hold(0.9, np.array([0.2, 0.4])) == pytest.approx((0.9 - 0.3) / 0.7)
    assert share_to_hold(0.2, np.array([0.5])) == 0.0
    assert share_to_hold(0.9, np.array([1.0])) == 0.0


@pytest.mark.parametrize(
    ("first", "frequency", "year", "reason"),
    [
        ("1985-01", "M", 1987, "the lunar calendar is known for 1990 to 2100, and not for 1985"),
        ("2100-01", "M", 2102, "the lunar calendar is known for 1990 to 2100, and not for 2101"),
        ("2019Q1", "Q", 2021, "the Tết window is spread over months, not quarters"),
    ],
)
def test_periods_over_which_tet_cannot_be_spread_are_refused_with_what_to_write(first, frequency, year, reason):
    index = pd.period_range(first, f"{year}-06", freq=frequency)
    of = Panel(("a",), index, np.full((1, len(index)), 5.0), np.full((1, len(index)), 10.0))
    with pytest.raises(BadParameters, match=f"^plan: calendar.tet: {reason}; write calendar.tet: false$"):
        fit_year(of, year, tet_cutoff_day=14)
