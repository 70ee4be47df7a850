import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.forecast.ranks import rank_levels, ranks, spread_over_periods


def test_ranks_by_hand_and_ties_by_chance():
    values = np.array([[0.3, 0.1, 0.2], [0.0, 0.0, 0.0]])
    ties = np.array([[0.5, 0.5, 0.5], [0.9, 0.1, 0.5]])
    assert ranks(values, ties).tolist() == [[2, 0, 1], [2, 0, 1]]
    assert rank_levels(4).tolist() == [0.125, 0.375, 0.625, 0.875]


def test_a_surplus_goes_where_there_is_room_and_a_shortfall_where_there_are_cases():
    K, N = np.array([[2.0, 4.0]]), np.array([[10.0, 4.0]])
    assert spread_over_periods(K, N, np.array([10.0])).tolist() == [[6.0, 4.0]]
    assert spread_over_periods(K, N, np.array([3.0])).tolist() == [[1.0, 2.0]]
    assert spread_over_periods(K, N, np.array([6.0])).tolist() == [[2.0, 4.0]]


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_whatever_is_wanted_is_reached_within_the_cases(seed, horizon):
    rng = np.random.default_rng(seed)
    N = rng.poisson(rng.choice([1, 40]), (20, horizon)).astype(float)
    K = rng.binomial(N.astype(int), rng.random()).astype(float)
    wanted = np.floor(rng.random(20) * (N.sum(axis=1) + 1)).clip(0, N.sum(axis=1))
    moved = spread_over_periods(K, N, wanted)
    np.testing.assert_array_equal(moved.sum(axis=1), wanted)
    assert (moved >= 0).all()
    assert (moved <= N).all()
    np.testing.assert_array_equal(moved, np.rint(moved))
