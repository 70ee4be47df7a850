import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from analysis.forecast.backtest import comparisons
from analysis.forecast.backtest.comparisons import COMPARISONS, simulate_comparison, simulate_comparison_panel
from analysis.forecast.futures import fit_panel
from analysis.forecast.panel import Panel


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_steady_share_is_carried_on_and_a_year_of_it_drawn_again(walk_panel, name):
    fit = fit_panel(walk_panel(series=5, periods=30, step=0.03, volume=3000.0), 4)
    volumes = np.full((4, 300), 2000.0)
    drawn = simulate_comparison(name, fit, 1, volumes, seed=1, key="x")
    np.testing.assert_array_equal(drawn, simulate_comparison(name, fit, 1, volumes, seed=1, key="x"))
    last = fit.share.y[1, -6:].mean()
    assert logit(np.median(drawn) / 8000) == pytest.approx(last, abs=0.3)
    assert ((drawn >= 0) & (drawn <= 8000)).all()


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("kind", ["constant", "short", "gaps"])
def test_series_a_textbook_model_stumbles_over_are_drawn_all_the_same(name, kind):
    T = 10 if kind == "short" else 24
    N = np.full((2, T), 200.0)
    K = np.full((2, T), 60.0)
    if kind == "gaps":
        K[0, 4:12] = N[0, 4:12] = np.nan
    index = pd.period_range("2018-01", periods=T, freq="M")
    drawn = simulate_comparison_panel(
        name, fit_panel(Panel(("a", "b"), index, K, N), 2), seed=1, key="x", draw_count=50
    )
    assert np.isfinite(drawn.numerator).all()
    assert (drawn.numerator <= drawn.denominator).all()
    assert np.median(drawn.numerator[1] / drawn.denominator[1]) == pytest.approx(0.3, abs=0.06)


def test_a_fit_that_fails_is_replaced_by_a_walk(walk_panel, monkeypatch):
    def fails(*_):
        raise ValueError("no")

    monkeypatch.setitem(comparisons.COMPARISONS, "statsmodels_ets", fails)
    fit = fit_panel(walk_panel(series=2, periods=24, step=0.03, volume=3000.0), 3)
    drawn = simulate_comparison("statsmodels_ets", fit, 0, np.full((3, 500), 2000.0), seed=1, key="x")
    assert logit(np.median(drawn) / 6000) == pytest.approx(fit.share.y[0, -3:].mean(), abs=0.2)
