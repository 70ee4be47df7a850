"""Peers teach all series of a panel; the other series, such as a total or a group, teach nobody."""

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.backtest.rolling import ENSEMBLE, GradedPanel, rolling
from analysis.forecast.fit import empirical_bayes_weights, grid_weights
from analysis.forecast.futures import fit_panel
from analysis.forecast.open_cases import resolution_posterior
from analysis.forecast.origin_state import ALL, NONE, chance_of_staying
from analysis.forecast.panel import Panel, peer_rows
from analysis.forecast.paths import Paths, year_paths

MODELS = (ENSEMBLE, "npeb", "raw_ytd", "dressed_seasonal_naive", "dressed_chosen")


def with_rows(panel: Panel, **rows: tuple[np.ndarray, np.ndarray]) -> Panel:
    """Return a panel with further rows of numerators and denominators, by name."""
    counts = {name: (panel.numerator[u], panel.denominator[u]) for u, name in enumerate(panel.series)} | rows
    names = tuple(sorted(counts))
    return Panel(names, panel.periods, *(np.array([counts[name][part] for name in names]) for part in (0, 1)))


@pytest.fixture(scope="module")
def agencies(walk_panel) -> Panel:
    """Return eight agencies over 42 months: one at none, one at all, one with a short history."""
    panel = walk_panel(series=8, periods=42)
    K, N = panel.numerator.copy(), panel.denominator.copy()
    K[2] = 0
    K[3] = N[3]
    K[4, :25] = N[4, :25] = np.nan
    return Panel(panel.series, panel.periods, K, N)


@pytest.fixture(scope="module")
def with_others(agencies) -> Panel:
    """Return the same with their sum first, and two groups unlike any agency: one that jumps about, one at none."""
    rng = np.random.default_rng(3)
    whole = (np.nansum(agencies.numerator, axis=0), np.nansum(agencies.denominator, axis=0))
    wild = (rng.integers(0, 900, 42).astype(float), np.full(42, 900.0))
    return with_rows(agencies, a_total=whole, s03_wild=wild, z_none=(np.zeros(42), np.full(42, 50.0)))


def draws(panel: Panel, headline: tuple[str, ...], peers: tuple[str, ...] | None) -> Paths:
    return year_paths(panel, 2021, headline, draw_count=60, seed=7, key="uptake", peers=peers)


@pytest.mark.slow
def test_rows_that_are_no_peers_change_no_bit_of_a_peer(agencies, with_others):
    alone = draws(agencies, agencies.series, None)
    among = draws(with_others, agencies.series, agencies.series)
    assert alone.series == agencies.series
    np.testing.assert_array_equal(among.numerator, alone.numerator)
    np.testing.assert_array_equal(among.denominator, alone.denominator)
    pd.testing.assert_frame_equal(among.weights, alone.weights, check_exact=True)
    pd.testing.assert_frame_equal(among.components, alone.components, check_exact=True)
    # without peers, they do change them
    assert not np.array_equal(draws(with_others, agencies.series, None).numerator, alone.numerator)


def test_a_row_that_is_no_peer_is_forecast_and_changes_no_other_such_row(agencies, with_others):
    among = draws(with_others, ("a_total", "z_none"), agencies.series)
    fewer = with_others.only(np.array([u for u, name in enumerate(with_others.series) if name != "s03_wild"]))
    assert among.series == ("a_total", "z_none")
    np.testing.assert_array_equal(draws(fewer, ("a_total", "z_none"), agencies.series).numerator, among.numerator)


def test_all_series_as_peers_is_the_same_as_none_named(agencies):
    named = draws(agencies, agencies.series[:2], agencies.series)
    np.testing.assert_array_equal(named.numerator, draws(agencies, agencies.series[:2], None).numerator)


def test_the_backtest_of_the_peers_does_not_change_either(agencies, with_others):
    def graded(panel, peers):
        found = {}
        graded = GradedPanel.with_total(panel, peers)
        for origin in rolling(graded, 2, rule="at_least", members=MODELS, seed=1):
            rows = [origin.series.index(name) for name in agencies.series if name in origin.series]
            for forecast in origin.by_model:
                found[origin.year, forecast.model] = (forecast.values[rows], forecast.total, origin.limits[rows])
            found[origin.year, "total"] = (origin.total_observed, origin.total_limits)
        return found

    alone, among = graded(agencies, None), graded(with_others, agencies.series)
    assert alone.keys() == among.keys()
    assert len(alone) > 10
    for key, values in alone.items():
        for one, other in zip(values, among[key], strict=True):
            np.testing.assert_array_equal(one, other, err_msg=str(key))


def test_others_get_the_season_drift_and_prior_of_the_peers(agencies, with_others):
    fit = fit_panel(with_others, 6, peers=agencies.series)
    of_peers = fit_panel(agencies, 6)
    assert fit.share.drift == of_peers.share.drift
    rows = np.flatnonzero(fit.peers)
    assert [with_others.series[row] for row in rows] == list(agencies.series)
    np.testing.assert_array_equal(fit.share.posterior[rows], of_peers.share.posterior)
    np.testing.assert_array_equal(fit.volume.future_season[rows], of_peers.volume.future_season)


def test_a_prior_learnt_from_peers_weights_the_scores_of_others():
    scores = np.log(np.array([[0.9, 0.1], [0.9, 0.1], [0.5, 0.5]]))
    peers = np.array([True, True, False])
    weights = grid_weights(scores, peers)
    posterior, prior = empirical_bayes_weights(scores[:2])
    np.testing.assert_array_equal(weights[:2], posterior)
    np.testing.assert_allclose(weights[2], prior)


def test_stays_at_an_edge_are_those_of_the_peers():
    index = pd.period_range("2020Q1", periods=5, freq="Q")
    K = np.array([[0, 0, 0, 0, 0.0], [0, 0, 0, 0, 2], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    of = Panel(("a", "b", "group", "total"), index, K, np.full(K.shape, 10.0))
    assert chance_of_staying(of, 1, peers=("a", "b"))[NONE] == pytest.approx(1.5 / 3)
    assert chance_of_staying(of, 1)[NONE] == pytest.approx(3.5 / 5)
    assert chance_of_staying(of, 1, peers=("a", "b"))[ALL] == pytest.approx(0.5)


def test_the_stock_of_late_cases_is_pooled_over_the_peers():
    index = pd.period_range("2020Q1", periods=4, freq="Q")
    K = np.array([[1.0] * 4, [2.0] * 4, [4.0] * 4])
    resolved, _ = resolution_posterior(Panel(("a", "b", "total"), index, K, np.full((3, 4), 5.0)), peers=("a", "b"))
    whole = (4 + 8 + 0.5) / (20 + 20 + 1)
    np.testing.assert_allclose(resolved, np.array([4.0, 8.0, 16.0]) + 20 * whole)


def test_without_a_peer_among_the_series_all_are_peers():
    assert peer_rows(("a", "b"), ("b", "c")).tolist() == [False, True]
    assert peer_rows(("a", "b"), ("c",)).tolist() == [True, True]
    assert peer_rows(("a", "b"), None).tolist() == [True, True]
