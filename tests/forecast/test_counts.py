import numpy as np
import pytest
from scipy.stats import binom, poisson

from analysis.forecast.counts import EXACT_BELOW, binomial_counts, poisson_counts


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
