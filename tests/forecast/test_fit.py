import numpy as np
import pytest

from analysis.forecast.filtering import filter_grid
from analysis.forecast.fit import empirical_bayes_weights, pooled_drift, share_grid, share_weights, volume_grid


def test_grids_hold_the_documented_points():
    grid = share_grid()
    assert grid.shape == (210, 6)
    assert len(np.unique(grid, axis=0)) == 210
    flat = grid[grid[:, 5] == 0]
    assert len(flat) == 30
    assert not flat[:, [1, 3]].any()
    volumes = volume_grid()
    assert volumes.shape == (60, 6)
    assert len(np.unique(volumes, axis=0)) == 60
    assert not volumes[:30, [1, 3, 5]].any()
    assert (volumes[30:, 5] > 0).all()


def test_weights_of_equal_scores_stay_equal():
    posterior, prior = empirical_bayes_weights(np.zeros((3, 5)))
    np.testing.assert_allclose(posterior, 0.2)
    np.testing.assert_allclose(prior, 0.2)


def test_weights_of_decided_scores_by_hand():
    # three series certain of point 0, one of point 1: prior ∝ (3 + .3, 1 + .3)
    scores = np.array([[0.0, -900.0]] * 3 + [[-900.0, 0.0]])
    posterior, prior = empirical_bayes_weights(scores)
    np.testing.assert_allclose(prior, np.array([3.3, 1.3]) / 4.6)
    np.testing.assert_allclose(posterior, [[1, 0]] * 3 + [[0, 1]], atol=1e-12)


def test_peers_pull_an_undecided_series():
    posterior, _ = empirical_bayes_weights(np.array([[0.0, -30.0]] * 9 + [[0.0, 0.0]]))
    assert posterior[-1, 0] > 0.9


def test_a_series_without_observations_takes_the_prior():
    y = np.vstack([np.random.default_rng(1).normal(0, 0.3, 20).cumsum(), np.full(20, np.nan)])
    fit = filter_grid(y, np.full((2, 20), 0.01), volume_grid())
    assert not fit.log_scores[1].any()
    posterior, prior = empirical_bayes_weights(fit.log_scores)
    np.testing.assert_allclose(posterior[1], prior, atol=5e-3)


def test_weights_of_a_share_are_half_all_points_and_half_those_without_a_slope():
    grid = share_grid()
    flat = grid[:, 5] == 0
    scores = np.zeros((3, 210))
    weights = share_weights(scores, grid)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights[:, ~flat], 0.5 / 210)
    np.testing.assert_allclose(weights[:, flat], 0.5 / 210 + 0.5 / 30)


def test_scores_count_half_in_the_weights_of_a_share():
    grid = share_grid()[:30:7]  # the first of each seven has no slope
    scores = np.array([[0.0, 4.0, 0.0, 0.0, 0.0]] * 2)
    flat = grid[:, 5] == 0
    expected = 0.5 * empirical_bayes_weights(scores / 2)[0]
    expected[:, flat] += 0.5 * empirical_bayes_weights(scores[:, flat] / 2)[0]
    np.testing.assert_allclose(share_weights(scores, grid), expected)


def test_smooth_and_rough_panels_find_their_own_hyper_parameters():
    rng = np.random.default_rng(2)
    grid = share_grid()
    for truth in (0.03, 0.45):
        y = rng.normal(0, truth, (12, 40)).cumsum(axis=1) + rng.normal(0, 0.05, (12, 40))
        posterior, _ = empirical_bayes_weights(filter_grid(y, np.full((12, 40), 0.0025), grid).log_scores)
        assert np.exp(posterior.mean(axis=0) @ np.log(grid[:, 2])) == pytest.approx(truth, rel=0.6)


def test_pooled_drift_is_the_median_yearly_change_per_period():
    t = np.arange(24.0)
    y = np.vstack([0.01 * t, 0.02 * t, 0.5 * t, np.full(24, np.nan)])
    assert pooled_drift(y, 12) == pytest.approx(0.02)
    assert pooled_drift(y[:, :7], 12) == pytest.approx(0.02)  # halves of three periods
    assert pooled_drift(y[:, :1], 12) == 0.0
    assert pooled_drift(y[3:], 12) == 0.0


def test_a_known_step_is_no_drift():
    y = np.tile(0.02 * np.arange(24), (3, 1))
    y[:, 15:] += np.array([[1.0], [1.1], [5.0]])  # by another amount in each series; the median series jumps by 1.1
    # a quarter after a step less the one before it also holds three months of drift, which are taken for the step
    assert pooled_drift(y, 12, [15]) == pytest.approx(0.02 - 0.06 * 9 / 12 / 12, abs=1e-12)
    assert pooled_drift(y, 12) > 0.08
