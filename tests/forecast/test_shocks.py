import numpy as np
import pandas as pd
import pytest

from analysis.forecast.shocks import antithetic_draws, common_shocks, share_shocks, stream, volume_shocks

ORIGIN = pd.Period("2021-06", freq="M")


def shocks(series="a", key="x", r=0.25, draws=40_000, seed=1, horizon=3):
    common = common_shocks(seed, ORIGIN, horizon, draws)
    return share_shocks(seed, key, series, ORIGIN, common=common, shared_factor=r)


def test_stream_depends_on_every_name_and_on_nothing_else():
    first = stream(1, "a", "b").random(4)
    np.testing.assert_array_equal(first, stream(1, "a", "b").random(4))
    for other in (stream(2, "a", "b"), stream(1, "ab"), stream(1, "b", "a"), stream(1, "a")):
        assert not np.array_equal(first, other.random(4))


def test_stream_is_the_same_on_every_machine():
    assert stream(1, "a").integers(0, 2**32) == 326691620


@pytest.mark.parametrize("r", [0.0, 0.25])
def test_shocks_are_standardised_and_correlated_by_the_shared_factor(r):
    a, b = shocks("a", r=r), shocks("b", "another panel", r=r)
    for part in ("initial", "level", "slope"):
        x, z = getattr(a, part), getattr(b, part)
        assert x.mean() == pytest.approx(0, abs=0.02)
        assert x.std() == pytest.approx(1, rel=0.06)  # a Student variable with 4 degrees has a noisy spread
        clipped = [np.clip(values, -4, 4).ravel() for values in (x, z)]
        assert np.corrcoef(*clipped)[0, 1] == pytest.approx(r, abs=0.02)
    assert np.corrcoef(a.excess.ravel(), b.excess.ravel())[0, 1] == pytest.approx(0, abs=0.02)


def test_level_shocks_have_student_tails_shared_across_series():
    a, b = shocks("a"), shocks("b")
    assert (np.abs(a.level) > 4).mean() > 20 * 6.3e-5  # a normal exceeds four deviations 6 times in 100,000
    size = np.corrcoef(np.log(np.abs(a.level)).ravel(), np.log(np.abs(b.level)).ravel())[0, 1]
    assert size > 0.1


def test_a_longer_horizon_begins_with_the_shorter():
    short, long = shocks(horizon=2, draws=50), shocks(horizon=5, draws=50)
    np.testing.assert_array_equal(short.initial, long.initial)
    for part in ("level", "slope", "excess"):
        np.testing.assert_array_equal(getattr(short, part), getattr(long, part)[:2])


def test_volume_shocks_are_independent_of_the_shares():
    volume = volume_shocks(1, "x", "a", ORIGIN, 3, 40_000)
    assert np.corrcoef(volume.level.ravel(), shocks("a").level.ravel())[0, 1] == pytest.approx(0, abs=0.02)


def test_the_parts_of_the_common_shocks_are_independent():
    common = common_shocks(1, ORIGIN, 2, 40_000)
    parts = [common.initial[0], common.initial[1], common.level[0], common.level[1], common.slope[0]]
    np.testing.assert_allclose(np.corrcoef(parts), np.eye(5), atol=0.02)


def test_the_second_half_of_the_draws_mirrors_the_first():
    np.testing.assert_array_equal(antithetic_draws(10.0, np.array([[1.0, 2.0]]), 4), [[11, 12, 9, 8]])
    np.testing.assert_array_equal(antithetic_draws(np.array([[1.0, 5.0]]), np.array([[1.0, 2.0]]), 3), [[2, 7, 0]])
