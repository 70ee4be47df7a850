import numpy as np
import pytest
from scipy.stats import t as student

from analysis.forecast.filtering import (
    CELLS_AT_ONCE,
    expected_levels,
    filter_grid,
    initial_deviations,
    level_deviations,
    one_step_forecasts,
)
from analysis.forecast.fit import share_grid, volume_grid
from analysis.forecast.model import BinomLLT


@pytest.mark.parametrize("params", [(0.8, 1.0, 0.2, 0.03, 0.1, 0.0036), (1.0, 0.0, 0.2, 0.0, 0.1, 0.0)])
def test_paths_equal_statsmodels_simulation_under_the_same_shocks(params):
    rng = np.random.default_rng(0)
    rho, kappa, *_ = params
    model = BinomLLT(rng.normal(size=30), np.full(30, 0.05), pooled_drift=0.04)
    h, S = 6, 5
    state, level, slope = rng.normal(size=(2, S)), rng.normal(size=(h, S)), rng.normal(size=(h, S))
    if params[5] == 0:
        state[1], slope = 0.0, np.zeros((h, S))
    drift = kappa * 0.04
    mean = state.mean(axis=1, keepdims=True)
    expected = expected_levels(*mean, np.array([rho]), np.array([drift]), h)
    ours = expected + level_deviations(state - mean, np.full(S, rho), level, slope)
    for s in range(S):
        # statsmodels starts in the first period ahead: one step of the transition from the origin
        first = [state[:, s].sum() + level[0, s], drift + rho * (state[1, s] - drift) + slope[0, s]]
        shocks = np.vstack([np.column_stack([level[1:, s], slope[1:, s]]), [0.0, 0.0]])
        theirs = model.simulate(
            params, h, measurement_shocks=np.zeros((h, 1)), state_shocks=shocks, initial_state=first, anchor="end"
        )
        np.testing.assert_allclose(ours[:, s], theirs, atol=1e-10)


def test_initial_deviations_have_the_moments_asked_for():
    covariance = np.array([[0.5, 0.1], [0.1, 0.2]])
    normal = np.random.default_rng(1).standard_normal((2, 100_000))
    deviations = initial_deviations(*(np.full(100_000, value) for value in (0.5, 0.1, 0.2)), normal)
    np.testing.assert_allclose(deviations.mean(axis=1), [0.0, 0.0], atol=0.01)
    np.testing.assert_allclose(np.cov(deviations), covariance, atol=0.01)


def test_a_slope_known_to_be_zero_stays_zero():
    deviations = initial_deviations(*(np.array([value]) for value in (0.5, 0.0, 0.0)), np.array([[2.0], [2.0]]))
    assert deviations[0, 0] == pytest.approx(2 * np.sqrt(0.5))
    assert deviations[1, 0] == 0.0


@pytest.fixture(scope="module")
def record():
    """Six series of 51 periods: whole, late, with gaps, empty, constant, ending early; with a break and a drift."""
    rng = np.random.default_rng(0)
    y = rng.normal(0, 0.2, (6, 51)).cumsum(axis=1)
    variance = rng.uniform(0.01, 0.2, (6, 51))
    y[1, :6], y[2, [9, 10, 50]], y[3], y[4], y[5, -2:] = np.nan, np.nan, np.nan, -1.3, np.nan
    breaks = np.zeros(51)
    breaks[20] = 0.5
    return y, variance, breaks


@pytest.mark.parametrize("grid", [share_grid(), volume_grid()], ids=["share", "volume"])
def test_equals_statsmodels_on_the_whole_grid(record, grid):
    y, variance, breaks = record
    fit = filter_grid(y, variance, grid, pooled_drift=0.03, break_variance=breaks)
    for u in (0, 1, 2, 4, 5):
        model = BinomLLT(y[u], variance[u], 0.03, breaks)
        for g, params in enumerate(grid):
            results = model.filter(params, cov_type="none")
            assert fit.log_likelihood[u, g] == pytest.approx(model.loglike(params), abs=1e-8)
            state, covariance = results.filtered_state[:, -1], results.filtered_state_cov[:, :, -1]
            found = [fit.level[u, g], fit.slope[u, g]]
            np.testing.assert_allclose(found, state, atol=1e-10)
            found = [fit.level_variance[u, g], fit.covariance[u, g], fit.slope_variance[u, g]]
            np.testing.assert_allclose(found, covariance[[0, 0, 1], [0, 1, 1]], atol=1e-10)


def test_scores_are_student_densities_of_statsmodels_errors(record):
    y, variance, breaks = record
    grid = share_grid()[[0, 57, 120, 209]]
    scores = filter_grid(y, variance, grid, pooled_drift=0.03, break_variance=breaks).log_scores
    for u, first in ((0, 0), (1, 6), (2, 0)):
        for g, params in enumerate(grid):
            results = BinomLLT(y[u], variance[u], 0.03, breaks).filter(params, cov_type="none")
            scored = np.isfinite(y[u]) & (np.arange(51) > first)
            scale = np.sqrt(results.forecasts_error_cov[0, 0, scored] * 4 / 6)  # variance as claimed
            expected = student.logpdf(results.forecasts_error[0, scored], 6, scale=scale).sum()
            assert scores[u, g] == pytest.approx(expected, abs=1e-10)


def test_one_step_forecasts_are_those_of_statsmodels_but_for_the_breaks_own_variance(record):
    y, variance, breaks = record
    points = share_grid()[[0, 57, 120, 209, 33, 91]]
    level, level_variance = one_step_forecasts(y, variance, points, pooled_drift=0.03, break_variance=breaks)
    for u in (0, 1, 2, 4, 5):
        results = BinomLLT(y[u], variance[u], 0.03, breaks).filter(points[u], cov_type="none")
        np.testing.assert_allclose(level[u], results.predicted_state[0, :-1], atol=1e-10)
        np.testing.assert_allclose(level_variance[u] + breaks, results.predicted_state_cov[0, 0, :-1], atol=1e-10)


def test_an_empty_series_scores_nothing(record):
    y, variance, _ = record
    fit = filter_grid(y, variance, volume_grid())
    assert not fit.log_scores[3].any()
    assert not fit.log_likelihood[3].any()


def test_a_series_is_the_same_alone_and_in_any_block(record):
    rng = np.random.default_rng(1)
    grid = share_grid()
    count = CELLS_AT_ONCE // len(grid) * 2 + 5
    y, variance = rng.normal(0, 1, (count, 20)).cumsum(axis=1), rng.uniform(0.01, 0.1, (count, 20))
    y[3, 4] = np.nan
    together = filter_grid(y, variance, grid)
    for u in (0, 3, count // 2, count - 1):
        alone = filter_grid(y[[u]], variance[[u]], grid)
        np.testing.assert_allclose(alone.log_scores[0], together.log_scores[u], rtol=0, atol=1e-12)
        np.testing.assert_array_equal(alone.level[0], together.level[u])
