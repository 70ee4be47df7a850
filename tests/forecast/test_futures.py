from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from analysis.forecast.futures import SHARED_FACTOR, fit_panel
from analysis.forecast.panel import Panel

MONTHS = pd.period_range("2018-01", periods=24, freq="M")


@dataclass
class Drawn:
    numerator: np.ndarray
    denominator: np.ndarray


def run(
    panel, headline=("s00",), *, horizon=3, draw_count=40, seed=7, key="uptake", shared_factor=SHARED_FACTOR, **fitted
):
    """Return counts (series, draws, horizon) of some series of a panel."""
    fit = fit_panel(panel, horizon, **fitted)
    common = fit.common(seed, draw_count)
    rows = [panel.row(name) for name in headline]
    drawn = [fit.simulate(row, seed=seed, key=key, common=common, shared_factor=shared_factor) for row in rows]
    return Drawn(*(np.array([one[which].T for one in drawn]) for which in (0, 1)))


def edge_panel(periods: pd.PeriodIndex, seed: int = 0) -> Panel:
    """One series per way a real series misbehaves."""
    T = len(periods)
    rng = np.random.default_rng(seed)
    N = rng.poisson(80.0, (9, T)).astype(float)
    K = rng.binomial(N.astype(int), 0.3).astype(float)
    names = ("all", "constant", "gaps", "late", "none", "rising", "still", "tiny", "zero_volume")
    K[0], K[1], K[4] = N[0], N[1] // 4, 0
    K[2, 3:6] = N[2, 3:6] = np.nan
    K[3, : T // 3] = N[3, : T // 3] = np.nan
    K[5, : T // 2] = 0
    K[6], N[6] = 30, 100
    N[7] = rng.poisson(1.5, T)
    N[7, :3] = 1
    K[7] = np.minimum(K[7], N[7] // 2)
    K[8, ::4] = N[8, ::4] = 0
    return Panel(names, periods, K, N)


@pytest.mark.parametrize(
    ("periods", "horizon"),
    [
        (pd.period_range("2018Q1", periods=15, freq="Q"), 1),
        (pd.period_range("2018-01", periods=48, freq="M"), 12),
        (pd.period_range("2018-01", periods=12, freq="M"), 1),
    ],
)
def test_every_kind_of_misbehaving_series_gets_sane_counts(periods, horizon):
    panel = edge_panel(periods)
    paths = run(panel, panel.series, horizon=horizon, draw_count=300)
    assert paths.numerator.shape == (9, 300, horizon)
    np.testing.assert_array_equal(paths.numerator, np.rint(paths.numerator))
    assert (paths.numerator >= 0).all()
    assert (paths.numerator <= paths.denominator).all()
    share = paths.numerator.sum(axis=2) / np.maximum(paths.denominator.sum(axis=2), 1)
    middle = dict(zip(panel.series, np.median(share, axis=1), strict=True))
    assert middle["all"] > 0.97
    assert middle["none"] < 0.03
    assert middle["still"] == pytest.approx(0.3, abs=0.04)
    assert middle["rising"] > 0.15
    volume = np.median(paths.denominator[8])
    assert volume == pytest.approx(80, rel=0.25)  # periods without cases are gaps in a series that has them usually


def test_same_seed_same_bits_and_other_seed_other_numbers(walk_panel):
    panel = walk_panel()
    first, again = run(panel), run(panel)
    np.testing.assert_array_equal(first.numerator, again.numerator)
    np.testing.assert_array_equal(first.denominator, again.denominator)
    for other in (run(panel, seed=8), run(panel, key="overdue")):
        assert not np.array_equal(first.numerator, other.numerator)


def test_another_headline_series_changes_no_other(walk_panel):
    panel = walk_panel()
    alone, among = run(panel, ("s01",)), run(panel, ("s03", "s01", "s00"))
    np.testing.assert_array_equal(alone.numerator[0], among.numerator[1])
    np.testing.assert_array_equal(alone.denominator[0], among.denominator[1])


def test_a_shorter_horizon_is_the_beginning_of_a_longer(walk_panel):
    panel = walk_panel()
    np.testing.assert_array_equal(run(panel, horizon=1).numerator, run(panel, horizon=4).numerator[:, :, :1])


def test_nothing_after_the_origin_is_looked_at(walk_panel):
    long = walk_panel(periods=30)
    counts = [long.numerator.copy(), long.denominator.copy()]
    for array in counts:
        array[:, 24:] = 0
    changed = Panel(long.series, long.periods, *counts)
    origin = long.periods[23]
    np.testing.assert_array_equal(run(long.until(origin)).numerator, run(changed.until(origin)).numerator)


def year_shares(paths):
    return paths.numerator.sum(axis=2) / np.maximum(paths.denominator.sum(axis=2), 1)


def test_shared_factor_moves_series_of_two_panels_together(walk_panel):
    # so many cases that counting noise, which is nobody's to share, hides nothing
    one, two = (walk_panel(seed=seed, step=0.4, volume=20_000) for seed in (1, 2))
    correlations = []
    for r in (0.0, 0.8):
        a = year_shares(run(one, draw_count=3000, shared_factor=r))[0]
        b = year_shares(run(two, draw_count=3000, shared_factor=r, key="overdue"))[0]
        correlations.append(pd.Series(a).corr(pd.Series(b), method="spearman"))
    assert abs(correlations[0]) < 0.06
    assert correlations[1] > 0.4  # what is unknown about the season, with two years of it, is nobody's to share


def test_a_future_break_widens_only_what_follows_it(walk_panel):
    panel = walk_panel()
    spread = [
        np.ptp(np.quantile(p.numerator / np.maximum(p.denominator, 1), [0.1, 0.9], axis=1), axis=0)[0]
        for p in (run(panel, draw_count=2000), run(panel, draw_count=2000, breaks={MONTHS[-1] + 2: 0.5}))
    ]
    assert spread[1][0] == spread[0][0]
    assert (spread[1][1:] > 1.5 * spread[0][1:]).all()


def test_a_break_outside_panel_and_horizon_changes_nothing(walk_panel):
    panel = walk_panel()
    far = {MONTHS[0] - 5: 0.5, MONTHS[-1] + 30: 0.5}
    np.testing.assert_array_equal(run(panel).numerator, run(panel, breaks=far).numerator)


def test_the_season_comes_back():
    rng = np.random.default_rng(3)
    periods = pd.period_range("2018-01", periods=41, freq="M")  # May 2021
    p = expit(np.where(periods.month == 6, 0.5, -0.5)) * np.ones((6, 1))
    N = np.full((6, 41), 2000)
    panel = Panel(tuple("abcdef"), periods, rng.binomial(N, p), N)
    june, july = np.median(run(panel, ("a",), horizon=2, draw_count=400).numerator[0] / 2000, axis=0)
    assert june == pytest.approx(expit(0.5), abs=0.05)
    assert july == pytest.approx(expit(-0.5), abs=0.05)


def test_the_regressor_moves_its_period():
    rng = np.random.default_rng(4)
    periods = pd.period_range("2016-01", periods=60, freq="M")
    holiday = np.zeros(61)
    holiday[[1, 12, 25, 37, 48, 60]] = 1.0  # February or January; the first period ahead has it
    N = np.full((8, 60), 2000)
    panel = Panel(tuple("abcdefgh"), periods, rng.binomial(N, expit(-0.5 + 1.0 * holiday[:60])), N)
    with_it = run(panel, ("a",), horizon=1, regressor=holiday)
    without = run(panel, ("a",), horizon=1, regressor=np.r_[holiday[:60], 0.0])
    assert np.median(with_it.numerator) > 1.3 * np.median(without.numerator)


def share_inside(panel: Panel, at: int) -> float:
    """Return the share of series whose 80 % interval for six months around an origin held what came."""
    paths = run(panel.until(panel.periods[at]), panel.series, horizon=6, draw_count=300, shared_factor=0.0)
    K, N = panel.numerator, panel.denominator
    K_known, N_known = (counts[:, at - 5 : at + 1].sum(axis=1, keepdims=True) for counts in (K, N))
    shares = (K_known + paths.numerator.sum(axis=2)) / (N_known + paths.denominator.sum(axis=2))
    lower, upper = np.quantile(shares, [0.1, 0.9], axis=1)
    came = K[:, at - 5 :].sum(axis=1) / N[:, at - 5 :].sum(axis=1)
    return float(((lower <= came) & (came <= upper)).mean())


@pytest.mark.statistical
def test_intervals_cover_as_often_as_they_say_without_a_season(walk_panel):
    # 17 months: too few to estimate a season, and there is none. 160 independent intervals: a true 80 % leaves
    # 70 % to 90 % about twice in a thousand; scoring by scale instead of variance fell to 73 %
    covered = [
        share_inside(walk_panel(series=40, periods=23, seed=seed, step=0.12, season=0.0), 16) for seed in range(4)
    ]
    assert 0.70 <= np.mean(covered) <= 0.90


@pytest.mark.statistical
def test_intervals_cover_about_as_often_as_they_say_with_a_season(walk_panel):
    # the season is estimated from two and a half years; its error is common to all series of a panel, so the twelve
    # panels, not the 288 series, are the sample, and the band is wide
    covered = [share_inside(walk_panel(series=24, periods=36, seed=seed, step=0.12), 29) for seed in range(12)]
    assert 0.72 <= np.mean(covered) <= 0.88


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["M", "Q"]), st.integers(1, 5), st.floats(0, 0.9))
def test_counts_are_possible_whatever_the_panel(seed, frequency, horizon, shared_factor):
    rng = np.random.default_rng(seed)
    N = rng.poisson(rng.gamma(0.5, 40, (3, 1)) * np.ones(13)).astype(float) + 1
    K = rng.binomial(N.astype(int), rng.beta(0.3, 0.3, (3, 1)) * np.ones(13)).astype(float)
    hidden = rng.random((3, 13)) < 0.2
    K[hidden] = N[hidden] = np.nan
    panel = Panel(("a", "b", "c"), pd.period_range("2019", periods=13, freq=frequency), K, N)
    paths = run(panel, panel.series, horizon=horizon, shared_factor=shared_factor)
    assert (paths.numerator >= 0).all()
    assert (paths.numerator <= paths.denominator).all()
    assert paths.numerator.shape == (3, 40, horizon)
