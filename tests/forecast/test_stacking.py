import numpy as np
import pytest

from analysis.forecast.origin_state import INSIDE
from analysis.forecast.stacking import LARGEST_SHIFT, PRIOR_YEARS, stacking_coefficients, stacking_shift
from made_states import OUTCOME, corrected, past, standing


def test_one_series_that_was_always_at_one_point_is_moved_towards_it_as_a_ridge_has_it():
    # One regressor that is not 0 but for the spread; the error is that regressor: x = z = d, and the spread is 1 of s.
    said, came = 0.30, 0.34
    d = corrected(came) - corrected(said)
    year = past(2020, [came], npeb=[said], spread=d)
    for name in ("last_quarter", "same_growth", "straight_line", "seasonal_naive", "three_years"):
        year.points[name][0] = said
    coefficients = stacking_coefficients([year])
    # year_to_date was right, and in spreads it was 1 away, as the spread itself is: both share what a ridge gives them
    assert coefficients == pytest.approx([1 / (2 + PRIOR_YEARS), 0, 0, 0, 0, 0, 1 / (2 + PRIOR_YEARS)])
    now = standing({"npeb": [0.5], "year_to_date": [0.6]}, spread=0.2)
    for name in ("last_quarter", "same_growth", "straight_line", "seasonal_naive", "three_years"):
        now.points[name][0] = 0.5
    expected = (corrected(0.6) - corrected(0.5) + 0.2) / (2 + PRIOR_YEARS)
    assert stacking_shift(now, coefficients) == pytest.approx([expected])


def test_a_year_weighs_the_same_however_many_series_it_has():
    off = {"npeb": [value - 0.05 for value in OUTCOME]}
    once, ten = past(2020, OUTCOME, **off), past(2020, OUTCOME * 10, npeb=off["npeb"] * 10)
    np.testing.assert_allclose(stacking_coefficients([once]), stacking_coefficients([ten]))
    # another year of the same teaches more
    assert np.abs(stacking_coefficients([once, once])).sum() > np.abs(stacking_coefficients([once])).sum()


def test_small_series_series_at_an_edge_and_others_than_peers_teach_nothing():
    off = {"npeb": [value - 0.05 for value in OUTCOME]}
    assert stacking_coefficients([]) is None
    assert stacking_coefficients([past(2020, OUTCOME, cases=29.0, **off)]) is None
    for mask in ("inside", "peers"):
        year = past(2020, OUTCOME, **off)
        getattr(year, mask)[:] = False
        assert stacking_coefficients([year]) is None


def test_a_missing_point_moves_nothing_and_no_move_is_larger_than_its_bound():
    now = standing({"npeb": [0.001], "year_to_date": [0.999]})
    now.points["three_years"][0] = np.nan
    assert now.edge[0] == INSIDE
    assert stacking_shift(now, np.array([9.0, 0, 0, 0, 0, 9.0, 0])) == LARGEST_SHIFT
    assert stacking_shift(now, np.array([0.0, 0, 0, 0, 0, 9.0, 0])) == 0
