import numpy as np
import pytest
from scipy.stats import norm

from analysis.forecast.backtest.scores import brier, crps, inside, interval_score, log_score, pit


def test_crps_of_a_normal_is_the_closed_form():
    levels = (np.arange(4000) + 0.5) / 4000
    values = norm.ppf(levels)[None, :]
    for y in (0.0, 1.3):
        closed = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
        assert crps(values, np.array([y]))[0] == pytest.approx(closed, abs=1e-3)


def test_crps_by_hand_and_of_a_point():
    # values 0 and 1, outcome 0.5: E|X - y| = .5, E|X - X'| = .5
    assert crps(np.array([[1.0, 0.0]]), np.array([0.5]))[0] == pytest.approx(0.25)
    assert crps(np.array([[0.3]]), np.array([0.5]))[0] == pytest.approx(0.2)


def test_interval_score_by_hand():
    quantiles = np.array([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]])
    widths = 0.5 / 2 * 0.2 + 0.2 / 2 * 0.4 + 0.05 / 2 * 0.6
    assert interval_score(quantiles, np.array([0.4]))[0] == pytest.approx(widths / 3.5)
    outside = 0.5 * 0.4 + widths + (0.8 - 0.5) + (0.8 - 0.6) + (0.8 - 0.7)
    assert interval_score(quantiles, np.array([0.8]))[0] == pytest.approx(outside / 3.5)


def test_inside_counts_the_bounds():
    quantiles = np.array([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]] * 3)
    outcome = np.array([0.2, 0.55, 0.65])
    assert inside(quantiles, outcome, 50).tolist() == [False, False, False]
    assert inside(quantiles, outcome, 80).tolist() == [True, True, False]
    assert inside(quantiles, outcome, 95).tolist() == [True, True, True]


def test_probabilities_are_scored_as_published():
    assert brier(np.array([1.0, 0.3]), np.array([1, 0])).tolist() == pytest.approx([0.005**2, 0.09])
    assert log_score(np.array([0.0, 0.8]), np.array([1, 1])).tolist() == pytest.approx([-np.log(0.005), -np.log(0.8)])


def test_place_of_an_outcome_shares_ties():
    values = np.array([[0.1, 0.2, 0.2, 0.4]])
    assert pit(values, np.array([0.2]))[0] == pytest.approx(0.5)
    assert pit(values, np.array([0.9]))[0] == 1.0
