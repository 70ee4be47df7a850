import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import binom, poisson

from analysis.forecast.link import EXACT_BELOW, binomial_counts, poisson_counts, share_observations, volume_observations


def test_constant_share_with_many_cases_is_its_own_logit():
    # every smoothing level is 0.4, so shrinkage moves nothing: y = logit .4, v = 1/(1000 · .4 · .6)
    y, variance = share_observations(np.full((1, 9), 400.0), np.full((1, 9), 1000.0))
    np.testing.assert_allclose(y, logit(0.4), rtol=1e-12)
    np.testing.assert_allclose(variance, 1 / 240, rtol=1e-12)


def test_high_information_is_shrunk_by_half_an_event():
    K, N = np.array([[50.0, 30.0, 10.0]]), np.full((1, 3), 100.0)
    # panel .3; own (90 + 5·.3)/305 = .3; weight 1/.3; window of 3 ("same"): sums 80, 90, 40 of 200, 300, 200
    p = (80 + 1) / (200 + 1 / 0.3)
    c = 0.5 / p
    y, variance = share_observations(K, N)
    assert y[0, 0] == pytest.approx(np.log((50 + c * p) / (50 + c * (1 - p))))
    assert variance[0, 0] == pytest.approx(1 / (100 * p * (1 - p)))


def test_low_information_is_linearised_and_finite_at_zero():
    K, N = np.array([[0.0, 1.0, 0.0]]), np.full((1, 3), 20.0)
    panel = 1 / 60
    own = (1 + 5 * panel) / 65
    p = (1 + own / own) / (40 + 1 / own)  # first window holds two periods
    information = 20 * p * (1 - p)
    assert information < 8
    y, variance = share_observations(K, N)
    assert y[0, 0] == pytest.approx(logit(p) + (0 - 20 * p) / information)
    assert variance[0, 0] == pytest.approx(1 / information)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_stuck_at_the_edge_stays_finite(share):
    N = np.full((2, 20), 30.0)
    y, variance = share_observations(share * N, N)
    assert np.isfinite(y).all()
    assert (variance > 0).all()


def test_gaps_and_periods_without_cases_are_missing_and_do_not_spread():
    N = np.array([[100.0, np.nan, 0.0, 100.0, 100.0]])
    y, variance = share_observations(0.3 * N, N)
    np.testing.assert_array_equal(np.isnan(y), [[False, True, True, False, False]])
    np.testing.assert_array_equal(np.isnan(variance), np.isnan(y))


def test_volume_is_log_with_poisson_noise():
    y, variance = volume_observations(np.array([[10.0, 20.0, np.nan]]))
    np.testing.assert_allclose(y, [[np.log(10.5), np.log(20.5), np.nan]])
    np.testing.assert_allclose(variance, [[1 / 10.5, 1 / 20.5, np.nan]])


def test_zero_volume_is_a_gap_only_where_cases_are_usual():
    y, _ = volume_observations(np.array([[50.0, 0, 50, 50], [1.0, 0, 1, 0]]))
    np.testing.assert_array_equal(np.isnan(y), [[False, True, False, False], [False] * 4])
    assert y[1, 1] == pytest.approx(np.log(0.5))


def never():
    raise AssertionError("no count small enough to be drawn exactly")


@pytest.mark.parametrize(("n", "p"), [(100, 0.1), (36, 0.5), (10_000, 0.00091), (4_000, 0.3), (60, 0.8)])
def test_large_binomial_counts_have_binomial_probabilities(n, p):
    assert n * p * (1 - p) >= EXACT_BELOW - 1e-9
    normal = np.random.default_rng(1).standard_normal(400_000)
    counts = binomial_counts(normal, never, np.full(400_000, float(n)), np.full(400_000, p))
    found = np.searchsorted(np.sort(counts), np.arange(n + 1), side="right") / len(counts)
    np.testing.assert_allclose(found, binom.cdf(np.arange(n + 1), n, p), atol=0.004)  # 0.0015 and sampling error


@pytest.mark.parametrize("mean", [9.0, 40.0, 3_000.0])
def test_large_poisson_counts_have_poisson_probabilities(mean):
    normal = np.random.default_rng(2).standard_normal(400_000)
    counts = poisson_counts(normal, never, np.full(400_000, mean))
    at = np.arange(int(mean * 3))
    found = np.searchsorted(np.sort(counts), at, side="right") / len(counts)
    np.testing.assert_allclose(found, poisson.cdf(at, mean), atol=0.004)


def test_small_counts_are_drawn_exactly_by_the_generator():
    normal = np.zeros(5)
    cases, share = np.array([3.0, 0.0, 10.0, 20.0, 5.0]), np.array([0.5, 0.5, 0.0, 1.0, 0.2])
    counts = binomial_counts(normal, lambda: np.random.default_rng(3), cases, share)
    np.testing.assert_array_equal(counts, np.random.default_rng(3).binomial(cases.astype(int), share))
    assert counts[1] == counts[2] == 0
    assert counts[3] == 20
    np.testing.assert_array_equal(
        poisson_counts(normal, lambda: np.random.default_rng(3), cases / 3), np.random.default_rng(3).poisson(cases / 3)
    )


def test_no_count_leaves_its_bounds_however_far_out_the_shock():
    normal = np.array([-9.0, 9.0])
    counts = binomial_counts(normal, never, np.array([50.0, 50.0]), np.array([0.5, 0.5]))
    assert counts.tolist() == [0.0, 50.0]
    assert poisson_counts(np.array([-9.0]), never, np.array([10.0])).tolist() == [0.0]
