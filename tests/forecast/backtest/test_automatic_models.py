"""statsforecast's models beside ours; what needs the library is skipped where the extra `peers` is not installed."""

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.backtest.automatic_models import (
    AUTOMATIC,
    CONFORMAL,
    NATIVE,
    forecast_year,
    is_installed,
    year_end_values,
)
from analysis.forecast.backtest.rolling import ENSEMBLE, GradedPanel, rolling
from analysis.forecast.panel import Panel

WANTED = (ENSEMBLE, "dressed_ytd", *NATIVE, *CONFORMAL)

needs_statsforecast = pytest.mark.skipif(not is_installed(), reason="the extra peers is not installed")


def test_the_quantiles_of_all_periods_move_together_and_volumes_weigh_them():
    # 10 of 20 so far; 30 and 10 expected: (10 + 30 · .2 + 10 · .6) / 60, and 1 everywhere: (10 + 40) / 60
    found = year_end_values(
        np.array([[[0.2, 0.6], [1.0, 1.0]]]), np.array([[30.0, 10.0]]), np.array([10.0]), np.array([20.0])
    )
    np.testing.assert_allclose(found, [[22 / 60, 50 / 60]])
    nothing = year_end_values(np.array([[[0.3]]]), np.zeros((1, 1)), np.zeros(1), np.zeros(1))
    assert nothing.tolist() == [[0.0]]


@needs_statsforecast
@pytest.mark.slow
@pytest.mark.parametrize("name", AUTOMATIC)
def test_a_steady_season_is_carried_on_by_the_model_itself(name):
    T = 45
    index = pd.period_range("2018-01", periods=T, freq="M")
    share = np.where(np.arange(T) % 12 < 9, 0.3, 0.6)
    N = np.full((1, T), 10_000.0)
    K = np.rint(N * share)
    found = forecast_year(name, Panel(("a",), index, K, N), 2021, np.full((1, 3), 10_000.0))
    # nine months at 30 and three at 60 %
    assert found.point[0] == pytest.approx((9 * 0.3 + 3 * 0.6) / 12, abs=0.01)
    assert (np.diff(found.quantiles[0]) >= 0).all()
    assert 0.25 < found.quantiles[0, 0] <= found.point[0] <= found.quantiles[0, -1] < 0.5


@needs_statsforecast
@pytest.mark.slow
@pytest.mark.parametrize("name", AUTOMATIC)
@pytest.mark.parametrize("kind", ["constant", "none", "one", "four", "gaps"])
def test_series_a_model_stumbles_over_are_forecast_all_the_same(name, kind):
    T = {"one": 1, "four": 4}.get(kind, 24)
    N, K = np.full((1, T), 200.0), np.full((1, T), 0.0 if kind == "none" else 60.0)
    if kind == "gaps":
        K[0, :12] = N[0, :12] = K[0, 15:18] = N[0, 15:18] = np.nan
    panel = Panel(("a",), pd.period_range("2020-01", periods=T, freq="M"), K, N)
    found = forecast_year(name, panel, (panel.origin + 1).year, np.full((1, 2), 200.0))
    values = np.append(found.quantiles[0], found.point)
    assert ((values >= 0) & (values <= 1)).all()
    assert found.point[0] == pytest.approx(0.0 if kind == "none" else 0.3, abs=0.02)


@needs_statsforecast
@pytest.mark.slow
@pytest.mark.parametrize("name", AUTOMATIC)
def test_none_stays_none_and_all_stays_all(name):
    N = np.full((2, 24), 500.0)
    panel = Panel(("a", "b"), pd.period_range("2020-01", periods=24, freq="M"), N * [[0], [1]], N)
    found = forecast_year(name, panel, 2022, np.full((2, 12), 500.0))
    assert found.point.tolist() == [0.0, 1.0]
    np.testing.assert_array_equal(np.median(found.quantiles, axis=1), [0.0, 1.0])


@pytest.fixture(scope="module")
def panel(walk_panel) -> Panel:
    return walk_panel(series=4, periods=45, volume=400.0)


@needs_statsforecast
@pytest.mark.slow
def test_both_ways_are_graded_beside_ours_and_hang_on_nothing_that_came_later(panel):
    def said(of: Panel, members=WANTED) -> dict:
        for at in rolling(GradedPanel.with_total(of), 1, rule="at_most", members=members, seed=1):
            if at.year == 2020:
                return {one.model: (one.values, one.total) for one in at.by_model}
        raise AssertionError

    full, cut, alone = said(panel), said(panel.until(pd.Period("2020-03", "M"))), said(panel, tuple(CONFORMAL))
    assert set(full) == set(WANTED)
    assert set(alone) == set(CONFORMAL)
    for model, arrays in full.items():
        for one, two in zip(arrays, cut[model], strict=True):
            np.testing.assert_array_equal(one, two, err_msg=model)
            assert ((one >= 0) & (one <= 1)).all(), model
    for model in CONFORMAL:
        np.testing.assert_array_equal(full[model][0], alone[model][0])


@needs_statsforecast
@pytest.mark.slow
def test_the_ensemble_is_the_same_with_and_without_them(panel):
    for with_them, without in zip(
        rolling(GradedPanel.with_total(panel), 2, rule="at_most", members=WANTED, seed=1),
        rolling(GradedPanel.with_total(panel), 2, rule="at_most", members=(ENSEMBLE,), seed=1),
        strict=True,
    ):
        np.testing.assert_array_equal(next(with_them.by_model).values, next(without.by_model).values)
