import numpy as np
import pytest
from scipy.stats import t as student

from analysis.forecast.model import BinomLLT
from analysis.forecast.pooling import (
    empirical_bayes_weights,
    filter_grid,
    grid_log_scores,
    pooled_drift,
    share_grid,
    volume_grid,
)


def test_grids_hold_the_documented_points():
    grid = share_grid()
    assert grid.shape == (210, 6)
    assert len(np.unique(grid, axis=0)) == 210
    flat = grid[grid[:, 5] == 0]
    assert len(flat) == 30
    assert not flat[:, [1, 3]].any()
    assert volume_grid().shape == (16, 6)
    assert not volume_grid()[:, [1, 3, 5]].any()


def test_scores_are_student_densities_of_statsmodels_errors():
    rng = np.random.default_rng(0)
    y = rng.normal(0, 1, (2, 20)).cumsum(axis=1)
    y[1, :6], y[0, 9] = np.nan, np.nan
    variance = rng.uniform(0.01, 0.1, (2, 20))
    breaks = np.zeros(20)
    breaks[10] = 0.5
    grid = share_grid()[[0, 57, 120, 209]]
    scores = grid_log_scores(y, variance, grid, pooled_drift=0.03, break_variance=breaks)
    for u, first in enumerate((0, 6)):
        for g, params in enumerate(grid):
            model = BinomLLT(y[u], variance[u], 0.03, breaks)
            results = model.filter(params, cov_type="none")
            scored = np.isfinite(y[u]) & (np.arange(20) > first)
            scale = np.sqrt(results.forecasts_error_cov[0, 0, scored] * 4 / 6)  # variance as claimed
            expected = student.logpdf(results.forecasts_error[0, scored], 6, scale=scale).sum()
            assert scores[u, g] == pytest.approx(expected, abs=1e-10)


def test_a_series_without_observations_scores_nothing_and_takes_the_prior():
    y = np.vstack([np.random.default_rng(1).normal(0, 0.3, 20).cumsum(), np.full(20, np.nan)])
    fit = filter_grid(y, np.full((2, 20), 0.01), volume_grid())
    assert not fit.log_scores[1].any()
    posterior, prior = empirical_bayes_weights(fit.log_scores)
    np.testing.assert_allclose(posterior[1], prior, atol=5e-3)


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


def test_smooth_and_rough_panels_find_their_own_hyper_parameters():
    rng = np.random.default_rng(2)
    grid = share_grid()
    for truth in (0.03, 0.45):
        y = rng.normal(0, truth, (12, 40)).cumsum(axis=1) + rng.normal(0, 0.05, (12, 40))
        posterior, _ = empirical_bayes_weights(grid_log_scores(y, np.full((12, 40), 0.0025), grid))
        assert np.exp(posterior.mean(axis=0) @ np.log(grid[:, 2])) == pytest.approx(truth, rel=0.6)


def test_pooled_drift_is_the_median_yearly_change_per_period():
    t = np.arange(24.0)
    y = np.vstack([0.01 * t, 0.02 * t, 0.5 * t, np.full(24, np.nan)])
    assert pooled_drift(y, 12) == pytest.approx(0.02)
    assert pooled_drift(y[:, :7], 12) == pytest.approx(0.02)  # halves of three periods
    assert pooled_drift(y[:, :1], 12) == 0.0
    assert pooled_drift(y[3:], 12) == 0.0
