import numpy as np
import pytest

from analysis.forecast.season import estimate_season


def seasonal(units: int, years: float, P: int, noise: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    T = int(years * P)
    phase = np.arange(T) % P
    truth = np.linspace(-0.3, 0.3, P) ** 3 * 20
    truth -= truth.mean()
    trend = rng.normal(0, 1, (units, 1)) + rng.normal(0, 0.02, (units, 1)) * np.arange(T)
    y = trend + truth[phase] + rng.normal(0, noise, (units, T)) if noise else trend + truth[phase]
    return y, np.full((units, T), 0.01), phase, truth


def test_season_is_recovered_under_any_quadratic_trend():
    y, variance, phase, truth = seasonal(6, 4, 12)
    season = estimate_season(y, variance, phase, 12)
    np.testing.assert_allclose(season.effects, np.tile(truth, (6, 1)), atol=2e-3)


def test_no_season_below_a_year():
    y, variance, phase, _ = seasonal(6, 11 / 12, 12)
    assert not estimate_season(y, variance, phase, 12).effects.any()


def test_until_most_months_were_seen_twice_a_season_is_believed_by_its_size():
    y, variance, phase, truth = seasonal(6, 17 / 12, 12)
    for scale in (1.0, 0.2):
        found = estimate_season(scale * y, variance, phase, 12).effects
        whole = scale * truth
        believed = whole.var() / (whole.var() + 0.2**2)
        np.testing.assert_allclose(found, np.tile(believed * whole, (6, 1)), atol=0.02 * scale)
    whole = estimate_season(*seasonal(6, 18 / 12, 12)[:3], 12).effects
    np.testing.assert_allclose(whole, np.tile(truth, (6, 1)), atol=0.02)


def test_noise_leaves_series_near_the_pooled_season():
    y, variance, phase, truth = seasonal(40, 4, 4, noise=0.2)
    season = estimate_season(y, variance, phase, 4)
    own = np.array([[row[phase == p].mean() for p in range(4)] for row in y - y.mean(axis=1, keepdims=True)])
    assert np.abs(season.effects - truth).mean() < 0.5 * np.abs(own - truth).mean()


def test_a_season_of_ones_own_is_kept_where_series_differ():
    rng = np.random.default_rng(1)
    phase = np.arange(32) % 4
    own = rng.normal(0, 0.5, (30, 4))
    own -= own.mean(axis=1, keepdims=True)
    season = estimate_season(own[:, phase] + rng.normal(0, 0.05, (30, 32)), np.full((30, 32), 0.01), phase, 4)
    centred = season.effects - season.effects.mean(axis=1, keepdims=True)
    assert np.abs(centred - own).mean() < 0.05


def test_regressor_effect_is_separated_from_the_months():
    y, variance, phase, _ = seasonal(8, 5, 12, noise=0.05)
    moving = np.zeros(60)
    moving[[0, 13, 24, 37, 49]] = 1.0
    season = estimate_season(y + 0.4 * moving, variance, phase, 12, moving)
    assert season.regressor_effect == pytest.approx(0.4, abs=0.06)
    difference = season.at(phase, moving) - season.at(phase)
    np.testing.assert_allclose(difference, np.tile(season.regressor_effect * moving, (8, 1)))


def test_series_too_short_take_the_pooled_season_and_gaps_do_no_harm():
    y, variance, phase, truth = seasonal(6, 4, 4)
    y[0, :12], variance[0, :12] = np.nan, np.nan  # four left: fewer than a trend and a season need
    y[1, 5], variance[1, 5] = np.nan, np.nan
    season = estimate_season(y, variance, phase, 4)
    np.testing.assert_allclose(season.effects[:2], np.tile(truth, (2, 1)), atol=0.01)


def test_a_known_break_is_not_taken_for_a_season():
    y, variance, phase, truth = seasonal(6, 4, 12)
    y[:, 30:] += 2.0
    blind = estimate_season(y, variance, phase, 12)
    season = estimate_season(y, variance, phase, 12, steps=[30])
    np.testing.assert_allclose(season.effects, np.tile(truth, (6, 1)), atol=5e-3)
    assert np.abs(blind.effects - truth).max() > 0.2


def test_nothing_observed_is_no_season():
    season = estimate_season(np.full((2, 24), np.nan), np.full((2, 24), np.nan), np.arange(24) % 12, 12)
    assert not season.effects.any()


def test_pooled_effects_sum_to_zero_so_that_the_level_stays_the_level():
    y, variance, phase, _ = seasonal(5, 1.75, 12, noise=0.1)
    effects = estimate_season(y, variance, phase, 12, np.sin(np.arange(21.0))).effects
    np.testing.assert_allclose(effects.mean(axis=1), 0, atol=1e-13)
    np.testing.assert_array_equal(effects, np.tile(effects[0], (5, 1)))  # below two years nobody deviates
