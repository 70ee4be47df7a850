import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import chi2

from analysis.forecast.diagnostics import error_diagnostics, smoothed_shares
from analysis.forecast.model import SmoothedLevel


def with_errors(errors: np.ndarray) -> SmoothedLevel:
    return SmoothedLevel(np.zeros(len(errors)), np.ones(len(errors)), errors)


def test_smoothed_shares_start_at_the_first_observation():
    level = SmoothedLevel(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.5, 0.2]), np.zeros(3))
    frame = smoothed_shares(
        ["a"], pd.period_range("2021Q1", periods=3, freq="Q"), [level], np.array([[False, True, True]])
    )
    assert list(frame["period"]) == ["2021Q2", "2021Q3"]
    assert frame["level"].tolist() == pytest.approx([0.5, expit(1.0)])
    assert frame["lower"].tolist() == pytest.approx([expit(-1.2815516 * 0.5), expit(1 - 1.2815516 * 0.2)])
    assert frame["upper"].tolist() == pytest.approx([expit(1.2815516 * 0.5), expit(1 + 1.2815516 * 0.2)])


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
