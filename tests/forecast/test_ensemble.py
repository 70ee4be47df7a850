from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from analysis.forecast.dressing import (
    LEVELS,
    chosen_baseline,
    dressed_quantiles,
    mean_absolute_errors,
    past_errors,
    scaled_quantiles,
)
from analysis.forecast.ensemble import build_ensemble, rank_levels, ranks, schaake_shuffle
from analysis.forecast.link import spread_over_periods
from analysis.forecast.origin_state import INSIDE, NONE, OriginState, PastYear


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


NAMES = ("npeb", "year_to_date", "last_quarter", "same_growth", "straight_line", "seasonal_naive")


def standing(points: dict[str, list[float]], *, size=400.0, spread=0.1, history=48) -> OriginState:
    U = len(next(iter(points.values())))
    full = {name: np.array(points.get(name, [0.3] * U)) for name in NAMES}
    return OriginState(
        series=tuple(f"s{u}" for u in range(U)),
        numerator=np.full(U, 60.0),
        denominator=np.full(U, 200.0),
        size=np.full(U, size),
        points=full,
        spread=np.full(U, spread),
        history=np.full(U, history),
        edge=np.full(U, INSIDE),
        held=np.zeros(U),
    )


def past(year: int, outcome: list[float], *, size=400.0, spread=0.1, cases=400.0, **points: list[float]) -> PastYear:
    U = len(outcome)
    full = {name: np.array(points.get(name, outcome), dtype=float) for name in NAMES}
    peers = np.ones(U, dtype=bool)
    return PastYear(year, full, np.full(U, spread), np.full(U, size), np.array(outcome), np.full(U, cases), peers)


def cc(share: float, size: float = 400.0) -> float:
    return float(logit((share * size + 0.5) / (size + 1)))


OUTCOME = [0.30, 0.40, 0.50, 0.20, 0.35, 0.25]


def test_an_error_is_what_came_less_what_was_said_on_the_corrected_logit():
    found = past_errors([past(2020, [0.25], last_quarter=[0.15], spread=0.2)], "last_quarter")
    assert found.error.tolist() == pytest.approx([cc(0.25) - cc(0.15)])
    assert found.relative.tolist() == pytest.approx([(cc(0.25) - cc(0.15)) / 0.2])
    assert found.years == 1


def test_small_years_are_learnt_from_only_where_there_are_no_others():
    many = past(2020, OUTCOME)
    small = replace(many, year=2019, cases=np.full(6, 10.0))
    assert len(past_errors([many, small], "npeb").error) == 6
    assert len(past_errors([small], "npeb").error) == 6
    few = past(2020, [0.3, 0.4])
    assert len(past_errors([few, small], "npeb").error) == 8


def test_dressing_keeps_the_sign_and_scaling_does_not():
    said = [past(2020, [0.25], last_quarter=[0.15], spread=0.2)]
    now = standing({"last_quarter": [0.25]}, spread=0.1)
    error = cc(0.25) - cc(0.15)
    own = dressed_quantiles(now, "last_quarter", past_errors(said, "last_quarter"))
    expected = (expit(cc(0.25) + error) * 401 - 0.5) / 400
    np.testing.assert_allclose(own, np.full((1, len(LEVELS)), expected))
    both = scaled_quantiles(now, "last_quarter", past_errors(said, "last_quarter"))
    assert both[0, 0] < 0.25 < both[0, -1]  # errors of either sign, half as large: the spread is half of that then
    assert cc(both[0, -1]) - cc(0.25) == pytest.approx(error / 2, abs=0.02)


def test_no_error_dresses_nothing():
    now = standing({"last_quarter": [0.25]})
    assert np.isnan(dressed_quantiles(now, "last_quarter", past_errors([], "last_quarter"))).all()
    assert chosen_baseline([]) is None


def test_errors_are_compared_on_the_cases_all_forecast_years_weighing_alike():
    first = past(2019, OUTCOME, last_quarter=[value + 0.02 for value in OUTCOME], year_to_date=[0.5] * 6)
    second = past(2020, OUTCOME, last_quarter=[value + 0.04 for value in OUTCOME], year_to_date=OUTCOME)
    second.points["year_to_date"][0] = np.nan
    table = mean_absolute_errors([first, second], NAMES[:3]).set_index("name")
    assert table.loc["last_quarter", "error"] == pytest.approx(0.03)
    assert table.loc["npeb", "error"] == 0.0
    assert table["common_errors"].tolist() == [11, 11, 11]
    assert table.loc["year_to_date", "errors"] == 11


def test_of_years_whose_series_are_all_gone_there_is_no_error():
    nobody = {name: [np.nan] * 6 for name in NAMES}
    gone = past(2019, OUTCOME, **nobody)
    table = mean_absolute_errors([gone, gone], NAMES)
    assert table["error"].isna().all()
    assert table["common_errors"].tolist() == [0] * 6
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [gone], season_length=12)
    np.testing.assert_array_equal(pooled.weights, np.tile(np.arange(7) == 0, (6, 1)))


def test_the_baseline_of_lowest_past_error_is_chosen_and_ties_go_by_the_order():
    off = {name: [value + 0.1 for value in OUTCOME] for name in NAMES if name != "npeb"}
    off["seasonal_naive"] = [value + 0.01 for value in OUTCOME]
    assert chosen_baseline([past(2020, OUTCOME, **off)]) == "seasonal_naive"
    assert chosen_baseline([past(2020, OUTCOME)]) == "year_to_date"


def test_weights_are_past_errors_to_the_minus_eight_n_over_n_plus_one():
    off = {name: [value + step for value in OUTCOME] for name, step in zip(NAMES, (1, 2, 2, 4, 4, 4), strict=True)}
    off = {name: [v * 0.01 + w * 0.99 for v, w in zip(values, OUTCOME, strict=True)] for name, values in off.items()}
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [past(2020, OUTCOME, **off)], season_length=12)
    assert pooled.names[0] == "npeb"
    errors = {"npeb": 1, "last_quarter": 2, "year_to_date": 2, "same_growth": 4, "seasonal_naive": 4}
    raw = np.array([errors[name.removeprefix("dressed_").removeprefix("scaled_")] ** -4.0 for name in pooled.names])
    np.testing.assert_allclose(pooled.weights, np.tile(raw / raw.sum(), (6, 1)), rtol=1e-6)


def test_errors_of_nought_divide_nothing_by_nought():
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [past(2020, OUTCOME)], season_length=12)
    np.testing.assert_allclose(pooled.weights, 1 / 7)


def test_without_earlier_years_the_model_stands_alone():
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [], season_length=12)
    np.testing.assert_allclose(pooled.weights[:, 0], 1.0)
    paths = np.random.default_rng(0).random((6, 200))
    levels = np.array([0.1, 0.5, 0.9])
    found = pooled.quantiles(np.arange(6), paths, levels)
    np.testing.assert_allclose(found, np.quantile(paths, levels, axis=1).T, atol=0.02)


def test_short_histories_are_half_model_and_half_dressed_last_quarter():
    now = standing({"npeb": OUTCOME}, history=23)
    pooled = build_ensemble(now, [past(2020, OUTCOME)], season_length=12)
    assert pooled.short.all()
    assert pooled.weights[0].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0]
    assert not build_ensemble(replace(now, history=np.full(6, 24)), [past(2020, OUTCOME)], season_length=12).short.any()


def test_a_series_at_an_edge_is_left_to_the_model():
    now = standing({"npeb": OUTCOME})
    now.edge[2] = NONE
    pooled = build_ensemble(now, [past(2020, OUTCOME)], season_length=12)
    assert pooled.weights[2].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert pooled.weights[1, 1] > 0


def test_pooled_quantiles_rise_and_lie_between_the_members():
    rng = np.random.default_rng(1)
    off = {name: list(np.array(OUTCOME) + rng.normal(0, 0.03, 6)) for name in NAMES}
    pooled = build_ensemble(standing({"npeb": OUTCOME}), [past(2020, OUTCOME, **off)], season_length=12)
    paths = rng.beta(30, 70, (6, 300))
    found = pooled.quantiles(np.arange(6), paths, np.linspace(0.005, 0.995, 50))
    assert (np.diff(found, axis=1) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()
    middle = np.concatenate([np.median(paths, axis=1)[:, None], np.median(pooled.others, axis=2)], axis=1)
    assert (found[:, 25] >= middle.min(axis=1) - 0.03).all()
    assert (found[:, 25] <= middle.max(axis=1) + 0.03).all()


def test_mapped_counts_keep_the_paths_order_and_what_the_year_can_bring():
    rng = np.random.default_rng(2)
    off = {name: list(np.array(OUTCOME) + rng.normal(0, 0.05, 6)) for name in NAMES}
    now = standing({"npeb": OUTCOME})
    pooled = build_ensemble(now, [past(2020, OUTCOME, **off)], season_length=12)
    N = rng.poisson(200, (6, 300)).astype(float)
    K = rng.binomial(N.astype(int), 0.3).astype(float)
    moved = schaake_shuffle(pooled, now, np.arange(6), K, N, rng.random((6, 300)))
    assert ((moved >= 0) & (moved <= N)).all()
    for u in range(6):
        before, after = (60 + K[u]) / (200 + N[u]), (60 + moved[u]) / (200 + N[u])
        order = np.argsort(before, kind="stable")
        assert (np.diff(after[order]) >= -1.1 / 350).all()  # up to the rounding of a case
