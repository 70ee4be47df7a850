import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import chi2

from analysis.forecast.diagnostics import audit_against_statsmodels, components, error_diagnostics
from analysis.forecast.futures import fit_panel
from analysis.forecast.model import SmoothedLevel, smoothed_level
from analysis.forecast.panel import Panel


def with_errors(errors: np.ndarray) -> SmoothedLevel:
    return SmoothedLevel(np.zeros(len(errors)), np.ones(len(errors)), np.zeros(len(errors)), errors)


def seasonal_panel() -> Panel:
    """Two series of 36 months, the second from the fifth on, with a high June."""
    rng = np.random.default_rng(4)
    periods = pd.period_range("2018-01", periods=36, freq="M")
    p = expit(np.where(periods.month == 6, 0.6, -0.4)) * np.ones((2, 1))
    N = np.full((2, 36), 4000.0)
    K = rng.binomial(4000, p).astype(float)
    K[1, :4] = N[1, :4] = np.nan
    K[0, 20] = N[0, 20] = np.nan
    return Panel(("a", "b"), periods, K, N)


def test_components_add_up_to_the_record_and_start_with_it():
    panel = seasonal_panel()
    fit = fit_panel(panel, 3)
    frame = components(fit, [0, 1], [smoothed_level(*fit.share.best_model(row)) for row in (0, 1)])
    assert frame.groupby("series")["period"].first().to_dict() == {"a": "2018-01", "b": "2018-05"}
    known = frame.dropna(subset="observed")
    assert len(frame) - len(known) == 1  # the gap, where the level is bridged
    np.testing.assert_allclose(known["observed"], known[["level", "season", "remainder"]].sum(axis=1), atol=1e-12)
    share = panel.numerator[0, 0] / panel.denominator[0, 0]
    assert known["observed"].iloc[0] == pytest.approx(np.log(share / (1 - share)), abs=1e-3)
    june = frame[frame["period"].str.endswith("-06")]["season"]
    assert june.min() > 0.7  # 1.0 above the other months, 11/12 of it above their mean


def test_the_batch_filter_and_statsmodels_agree_and_so_do_their_simulations():
    fit = fit_panel(seasonal_panel(), 3)
    frame = audit_against_statsmodels(fit, [0, 1], seed=1, key="x")
    assert frame["likelihood_gap"].max() < 1e-8
    assert frame["series"].tolist() == ["a", "b"]
    middle = frame[["simulated_median", "drawn_median"]].to_numpy()
    np.testing.assert_allclose(middle, expit(-0.4), atol=0.02)
    width = frame["simulated_upper"] - frame["simulated_lower"]
    np.testing.assert_allclose(frame["drawn_upper"] - frame["drawn_lower"], width, rtol=0.6)
    assert (width > 0).all()


def test_ljung_box_by_hand():
    errors = np.random.default_rng(0).normal(size=7)
    centred = errors - errors.mean()
    r = (centred[1:] * centred[:-1]).sum() / (centred**2).sum()
    row = error_diagnostics(["a"], [with_errors(np.r_[np.nan, errors])]).iloc[0]
    assert (row["n"], row["lags"]) == (7, 1)
    assert row["ljung_box_p"] == pytest.approx(chi2.sf(7 * 9 * r**2 / 6, 1))
    assert row["mean_abs_standardised_error"] == pytest.approx(np.abs(errors).mean())


def test_a_pattern_in_the_errors_is_found_and_white_noise_is_not():
    white = np.random.default_rng(2).normal(size=60)
    wave = np.sin(np.arange(60.0))
    p = error_diagnostics(["wave", "white"], [with_errors(wave), with_errors(white)])["ljung_box_p"]
    assert p[0] < 0.001 < 0.05 < p[1]


def test_errors_that_do_not_vary_have_no_test():
    frame = error_diagnostics(["a", "b"], [with_errors(np.zeros(20)), with_errors(np.full(3, np.nan))])
    assert frame["ljung_box_p"].isna().all()
    assert frame["n"].tolist() == [20, 0]
