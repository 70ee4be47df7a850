from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from analysis.forecast.ensemble import build_ensemble, rank_levels, ranks, schaake_shuffle
from analysis.forecast.link import spread_over_periods
from analysis.forecast.origin_state import NONE
from made_states import NAMES, OUTCOME, past, standing


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


def test_a_half_is_rounded_once_so_that_no_period_gets_more_than_its_cases():
    # one more case for rooms of 0, 2, 1, 0, 1, 2: half of the room is reached with the third period, which gets it
    K, N = np.array([[1.0, 1, 0, 3, 2, 1]]), np.array([[1.0, 3, 1, 3, 3, 3]])
    assert spread_over_periods(K, N, np.array([9.0])).tolist() == [[1, 1, 1, 3, 2, 1]]


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


def test_weights_are_past_errors_to_the_minus_four_n_over_n_plus_one():
    off = {name: [value + step for value in OUTCOME] for name, step in zip(NAMES[:6], (1, 2, 2, 4, 4, 4), strict=True)}
    off = {name: [v * 0.01 + w * 0.99 for v, w in zip(values, OUTCOME, strict=True)] for name, values in off.items()}
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [past(2020, OUTCOME, **off)])
    assert pooled.names[:2] == ("npeb", "stacked")
    errors = {"npeb": 1, "last_quarter": 2, "year_to_date": 2, "same_growth": 4, "seasonal_naive": 4}
    others = [name for name in pooled.names if name != "stacked"]
    raw = np.array([errors[name.removeprefix("scaled_")] ** -2.0 for name in others])
    half = np.delete(pooled.weights, 1, axis=1)
    np.testing.assert_allclose(half, np.tile(raw / raw.sum() / 2, (6, 1)), rtol=1e-6)
    assert pooled.weights[:, 1].tolist() == [0.5] * 6


def test_errors_of_nought_divide_nothing_by_nought():
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [past(2020, OUTCOME)])
    np.testing.assert_allclose(pooled.weights, np.tile([0.1, 0.5, 0.1, 0.1, 0.1, 0.1], (6, 1)))


def test_without_earlier_years_and_a_season_that_is_known_the_model_stands_alone():
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [])
    np.testing.assert_allclose(pooled.weights[:, 0], 1.0)
    paths = np.random.default_rng(0).random((6, 200))
    levels = np.array([0.1, 0.5, 0.9])
    found = pooled.quantiles(np.arange(6), paths, levels)
    np.testing.assert_allclose(found, np.quantile(paths, levels, axis=1).T, atol=0.02)


def test_earlier_years_whose_series_are_all_gone_are_none():
    gone = past(2019, OUTCOME, **{name: [np.nan] * 6 for name in NAMES})
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [gone])
    np.testing.assert_array_equal(pooled.weights, [[1, 0]] * 6)


def test_at_the_start_of_a_first_year_half_of_the_model_is_moved_to_the_last_twelve_months():
    now = standing({"npeb": [0.3] * 6, "last_twelve_months": [0.5] * 6}, history=12, elapsed=0)
    pooled = build_ensemble(now, [])
    assert pooled.names == ("npeb", "shifted_last_twelve_months")
    assert pooled.weights.tolist() == [[0.5, 0.5]] * 6
    paths = np.tile(np.linspace(0.29, 0.31, 200), (6, 1))
    found = pooled.quantiles(np.arange(6), paths, np.array([0.25, 0.5, 0.75]))
    np.testing.assert_allclose(found[:, [0, 2]], np.tile([0.3, 0.5], (6, 1)), atol=0.001)


def test_a_series_at_an_edge_is_left_to_the_model():
    now = standing({"npeb": OUTCOME})
    now.edge[2] = NONE
    pooled = build_ensemble(now, [past(2020, OUTCOME)])
    assert pooled.weights[2].tolist() == [1, 0, 0, 0, 0, 0]
    assert pooled.weights[1, 1] > 0
    wide = replace(pooled, spread_factor=1.6)
    paths, levels = np.random.default_rng(0).beta(2, 2, (6, 200)), np.array([0.1, 0.5, 0.9])
    before, after = pooled.quantiles(np.arange(6), paths, levels), wide.quantiles(np.arange(6), paths, levels)
    np.testing.assert_array_equal(after[2], before[2])
    assert after[1, 0] < before[1, 0]


def test_pooled_quantiles_rise_and_lie_between_the_members():
    rng = np.random.default_rng(1)
    off = {name: list(np.array(OUTCOME) + rng.normal(0, 0.03, 6)) for name in NAMES}
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [past(2020, OUTCOME, **off)])
    paths = rng.beta(30, 70, (6, 300))
    found = pooled.quantiles(np.arange(6), paths, np.linspace(0.005, 0.995, 50))
    assert (np.diff(found, axis=1) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()
    own = np.median(paths, axis=1)
    moved = expit(logit(own) + pooled.shift)
    middle = np.concatenate([own[:, None], moved[:, None], np.median(pooled.scaled, axis=2)], axis=1)
    assert (found[:, 25] >= middle.min(axis=1) - 0.03).all()
    assert (found[:, 25] <= middle.max(axis=1) + 0.03).all()


def test_mapped_counts_keep_the_paths_order_and_what_the_year_can_bring():
    rng = np.random.default_rng(2)
    off = {name: list(np.array(OUTCOME) + rng.normal(0, 0.05, 6)) for name in NAMES}
    pooled = build_ensemble(standing({"npeb": [0.3] * 6}), [past(2020, OUTCOME, **off)])
    N = rng.poisson(200, (6, 300)).astype(float)
    K = rng.binomial(N.astype(int), 0.3).astype(float)
    moved = schaake_shuffle(pooled, np.arange(6), K, N, rng.random((6, 300)))
    assert ((moved >= 0) & (moved <= N)).all()
    for u in range(6):
        before, after = (60 + K[u]) / (200 + N[u]), (60 + moved[u]) / (200 + N[u])
        order = np.argsort(before, kind="stable")
        assert (np.diff(after[order]) >= -1.1 / 350).all()  # up to the rounding of a case
