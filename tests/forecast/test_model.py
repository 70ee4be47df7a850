import numpy as np
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis.forecast.model import BinomLLT, simulate_with_statsmodels, smoothed_level

PARAMS = np.array([0.8, 1.0, 0.1, 0.03, 0.05, 0.0036])


def series(seed: int, T: int = 40, gaps: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.cumsum(rng.normal(0, 0.2, T)) - 1
    y[list(gaps)] = np.nan
    return y, rng.uniform(0.005, 0.2, T)


def kalman_log_likelihood(y, v, params, drift, breaks):
    """The textbook filter, one period at a time; the first observed value is not scored."""
    rho, kappa, level, slope, excess, slope_variance = params
    D = kappa * drift
    a = np.array([np.median(y[np.isfinite(y)][:12]), D])
    P = np.diag([2.0, slope_variance])
    F = np.array([[1.0, 1.0], [0.0, rho]])
    total, seen = 0.0, False
    for t in range(len(y)):
        if t > 0:
            a = F @ a + np.array([0.0, D * (1 - rho)])
            P = F @ P @ F.T + np.diag([level**2 + breaks[t], slope**2])
        if np.isfinite(y[t]):
            f = P[0, 0] + v[t] + excess**2
            e = y[t] - a[0]
            if seen:
                total -= 0.5 * (np.log(2 * np.pi * f) + e**2 / f)
            seen = True
            gain = P[:, 0] / f
            a = a + gain * e
            P = P - np.outer(gain, P[0])
    return total


@pytest.mark.parametrize("gaps", [(), (5, 6, 20), (0, 1, 2, 39)])
@pytest.mark.parametrize("seed", range(4))
def test_log_likelihood_equals_a_filter_written_by_hand(seed, gaps):
    y, v = series(seed, gaps=gaps)
    breaks = np.zeros(40)
    breaks[[8, 25]] = 0.5, 0.2
    v[list(gaps)] = np.nan
    params = np.random.default_rng(seed).uniform([0.5, 0, 0.01, 0, 0.01, 0], [1, 1, 0.5, 0.1, 0.5, 0.01])
    model = BinomLLT(y, v, pooled_drift=0.04, break_variance=breaks)
    assert model.loglike(params) == pytest.approx(kalman_log_likelihood(y, v, params, 0.04, breaks), abs=1e-8)


def test_equals_unobserved_components_local_level_without_slope():
    y, _ = series(3)
    ours = BinomLLT(y, np.full(40, 0.04))
    theirs = UnobservedComponents(y, "llevel")
    theirs.ssm.initialize_known(np.array([ours.initial_level]), np.array([[2.0]]))
    theirs.ssm.loglikelihood_burn = 1
    flat = [1.0, 0.0, 0.15, 0.0, 0.1, 0.0]
    assert ours.loglike(flat) == pytest.approx(theirs.loglike([0.04 + 0.01, 0.15**2]), abs=1e-8)


def test_clone_lets_statsmodels_forecast_past_the_sample():
    y, v = series(2)
    model = BinomLLT(y, v, pooled_drift=0.05)
    results = model.smooth(PARAMS, cov_type="none")
    forecast = results.get_forecast(3)
    state, covariance = results.filtered_state[:, -1], results.filtered_state_cov[:, :, -1]
    F, Q = np.array([[1.0, 1.0], [0.0, 0.8]]), np.diag([0.1**2, 0.03**2])
    for step in range(3):
        state = F @ state + np.array([0.0, 0.05 * 0.2])
        covariance = F @ covariance @ F.T + Q
        assert forecast.predicted_mean[step] == pytest.approx(state[0], abs=1e-10)
        assert forecast.var_pred_mean[step] == pytest.approx(covariance[0, 0] + 0.05**2, abs=1e-10)
    copy = model.clone(y)
    assert copy.loglike(PARAMS) == model.loglike(PARAMS)


def test_simulated_spread_equals_the_analytic_one():
    y, v = series(4)
    results = BinomLLT(y, v).smooth(PARAMS, cov_type="none")
    draws = np.asarray(results.simulate(4, anchor="end", repetitions=4000, rng=np.random.default_rng(0))).reshape(4, -1)
    np.testing.assert_allclose(draws.var(axis=1), results.get_forecast(4).var_pred_mean, rtol=0.08)
    ours = simulate_with_statsmodels(BinomLLT(y, v), PARAMS, 4, 4000, np.random.default_rng(0))
    np.testing.assert_array_equal(ours, draws)


def test_a_break_lets_the_level_jump():
    y = np.r_[np.zeros(12), np.full(12, 1.0)]
    flat = [1.0, 0.0, 0.05, 0.0, 0.05, 0.0]
    breaks = np.zeros(24)
    breaks[12] = 0.5
    without = smoothed_level(BinomLLT(y, np.full(24, 0.01)), flat).mean
    at_break = smoothed_level(BinomLLT(y, np.full(24, 0.01), break_variance=breaks), flat).mean
    assert abs(at_break[11]) < 0.05 < abs(without[11])
    assert at_break[12] > 0.95 > without[12]


def test_smoothed_level_of_a_constant_is_the_constant_and_errors_mark_the_unscored():
    y = np.full(20, -0.7)
    y[[0, 1, 9]] = np.nan
    smoothed = smoothed_level(BinomLLT(y, np.full(20, 0.01)), [1.0, 0.0, 0.05, 0.0, 0.02, 0.0])
    np.testing.assert_allclose(smoothed.mean, -0.7, atol=1e-8)
    assert (smoothed.deviation > 0).all()
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(smoothed.standardised_error)), [0, 1, 2, 9])


def test_an_observed_value_needs_its_variance():
    with pytest.raises(ValueError, match="known variance"):
        BinomLLT([0.1, 0.2], [0.1, np.nan])
    with pytest.raises(ValueError, match="one value for each"):
        BinomLLT([0.1, 0.2], [0.1])
