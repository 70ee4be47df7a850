import numpy as np
import pytest

from analysis.forecast.model import BinomLLT
from analysis.forecast.recursion import initial_states, level_paths


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
    ours = level_paths(state, np.full(S, rho), np.full(S, drift), level, slope)
    for s in range(S):
        # statsmodels starts in the first period ahead: one step of the transition from the origin
        first = [state[:, s].sum() + level[0, s], drift + rho * (state[1, s] - drift) + slope[0, s]]
        shocks = np.vstack([np.column_stack([level[1:, s], slope[1:, s]]), [0.0, 0.0]])
        theirs = model.simulate(
            params, h, measurement_shocks=np.zeros((h, 1)), state_shocks=shocks, initial_state=first, anchor="end"
        )
        np.testing.assert_allclose(ours[:, s], theirs, atol=1e-10)


def test_initial_states_have_the_moments_asked_for():
    covariance = np.array([[0.5, 0.1], [0.1, 0.2]])
    normal = np.random.default_rng(1).standard_normal((2, 100_000))
    moments = (np.full(100_000, value) for value in (1.0, -2.0, 0.5, 0.1, 0.2))
    states = initial_states(*moments, normal)
    np.testing.assert_allclose(states.mean(axis=1), [1.0, -2.0], atol=0.02)
    np.testing.assert_allclose(np.cov(states), covariance, atol=0.01)


def test_a_slope_known_to_be_zero_stays_zero():
    moments = (np.array([value]) for value in (1.0, 0.0, 0.5, 0.0, 0.0))
    states = initial_states(*moments, np.array([[2.0], [2.0]]))
    assert states[0, 0] == pytest.approx(1 + 2 * np.sqrt(0.5))
    assert states[1, 0] == 0.0
