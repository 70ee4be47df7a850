import numpy as np
import pandas as pd

from analysis.forecast.backtest.thresholds import thresholds
from analysis.forecast.panel import Panel


def years(*series: list[float]) -> Panel:
    """Return a panel of quarters, each year at one share of 100 cases a quarter; NaN is a year not reported."""
    shares = np.repeat(np.array(series, dtype=float), 4, axis=1)
    index = pd.period_range("2019Q1", periods=shares.shape[1], freq="Q")
    N = np.where(np.isnan(shares), np.nan, 100.0)
    return Panel(tuple("abcdef"[: len(series)]), index, 100 * shares, N)


def test_at_least_steps_up_by_the_panels_median_gain():
    found = thresholds(years([0.20, 0.30], [0.40, 0.44], [0.50, 0.52]), 2021, "at_least")
    np.testing.assert_allclose(found[0], [0.32, 0.34, 0.36])  # gains .10, .04, .02


def test_a_gain_is_bounded_and_keeps_its_sign():
    np.testing.assert_allclose(thresholds(years([0.3, 0.9]), 2021, "at_least")[0], [1.0, np.nan, np.nan])
    np.testing.assert_allclose(thresholds(years([0.5, 0.499]), 2021, "at_least")[0], [0.484, 0.489, 0.494])


def test_one_year_tells_no_gain():
    np.testing.assert_allclose(thresholds(years([0.3]), 2020, "at_least")[0], [0.325, 0.35, 0.375])


def test_more_than_is_set_at_the_thresholds_of_at_least():
    panel = years([0.20, 0.30], [0.40, 0.44], [0.50, 0.52])
    np.testing.assert_array_equal(thresholds(panel, 2021, "more_than"), thresholds(panel, 2021, "at_least"))


def test_at_most_cuts_last_years_share_and_adds_the_nearer_limit():
    np.testing.assert_allclose(thresholds(years([0.5, 0.10]), 2021, "at_most")[0], [0.05, 0.08, 0.10])
    np.testing.assert_allclose(thresholds(years([0.5, 0.02]), 2021, "at_most")[0], [0.016, 0.02, np.nan])
    np.testing.assert_allclose(thresholds(years([0.5, 0.0]), 2021, "at_most")[0], [0.002, np.nan, 0.02])


def test_without_a_last_year_there_is_no_threshold():
    assert np.isnan(thresholds(years([0.3, np.nan], [0.3, 0.4]), 2021, "at_least")[0]).all()
    assert np.isnan(thresholds(years([0.3, np.nan], [0.3, 0.4]), 2021, "at_most")[0]).all()
