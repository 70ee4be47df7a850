import numpy as np
import pytest

from analysis.forecast.model import BinomLLT
from analysis.forecast.recursion import expected_levels, initial_deviations, level_deviations


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
