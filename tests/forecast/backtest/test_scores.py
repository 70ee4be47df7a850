"""Scores by hand, in closed form, and as the package scoringrules has them."""

import numpy as np
import pandas as pd
import pytest
import scoringrules
from scipy.stats import norm

from analysis.forecast.backtest.scores import (
    INTERVALS,
    QUANTILES,
    brier,
    crps,
    inside,
    interval_score,
    log_score,
    pit,
    skill_table,
)


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


# Against scoringrules.


@pytest.fixture(scope="module")
def forecasts():
    """Return equally likely values (200, 301), some of them equal, and what came: inside, outside and on a value."""
    rng = np.random.default_rng(3)
    values = np.round(rng.beta(5, 8, (200, 301)), 3)
    outcome = np.where(np.arange(200) % 3 == 0, values[:, 7], rng.beta(2, 2, 200))
    return values, outcome


def test_crps_is_that_of_scoringrules(forecasts):
    values, outcome = forecasts
    expected = scoringrules.crps_ensemble(outcome, values, estimator="qd", backend="numpy")
    np.testing.assert_allclose(crps(values, outcome), expected, rtol=1e-12)
    point = scoringrules.crps_ensemble(outcome, values[:, :1], estimator="qd", backend="numpy")
    np.testing.assert_allclose(crps(values[:, :1], outcome), point, rtol=1e-12)


def test_interval_score_is_the_weighted_sum_of_those_of_scoringrules(forecasts):
    values, outcome = forecasts
    quantiles = np.quantile(values, QUANTILES, axis=1).T
    # Not its weighted_interval_score: without numba, 0.10 and 0.11 add the median itself, not the distance from it.
    total = 0.5 * np.abs(outcome - quantiles[:, 3])
    for nominal, (low, high) in INTERVALS.items():
        alpha = 1 - nominal / 100
        own = scoringrules.interval_score(outcome, quantiles[:, low], quantiles[:, high], alpha, backend="numpy")
        total += alpha / 2 * own
    np.testing.assert_allclose(interval_score(quantiles, outcome), total / 3.5, rtol=1e-12)


def test_scores_of_probabilities_are_those_of_scoringrules():
    rng = np.random.default_rng(4)
    p = rng.uniform(0.005, 0.995, 2000)
    happened = (rng.random(2000) < p).astype(float)
    np.testing.assert_array_equal(brier(p, happened), scoringrules.brier_score(happened, p, backend="numpy"))
    np.testing.assert_allclose(log_score(p, happened), scoringrules.log_score(happened, p, backend="numpy"), rtol=1e-12)


def scored(*rows: tuple[str, int, int, float, float]) -> pd.DataFrame:
    """Rows of panel, year, origin, published and other score (means over 10 series and 30 probabilities)."""
    frame = pd.DataFrame(rows, columns=["panel", "year", "origin", "own", "other"])
    return frame.assign(
        model="raw_ytd", n=10, probabilities=30, crps=10 * frame["other"], paired_crps=10 * frame["own"],
        brier=30 * frame["other"], paired_brier=30 * frame["own"],
    )  # fmt: skip


def test_skill_is_one_less_the_mean_relative_score_of_panel_years():
    table = skill_table(scored(("a", 2019, 0, 1.0, 2.0), ("a", 2019, 1, 1.0, 2.0), ("b", 2019, 0, 3.0, 3.0)), seed=1)
    whole = table[(table["panel"] == "") & (table["score"] == "crps")].iloc[0]
    assert whole["skill"] == pytest.approx(1 - (0.5 + 1.0) / 2)
    assert (whole["panel_years"], whole["better"]) == (2, 1)
    assert np.isnan(whole["lower"])  # two panel-years have no interval
    of_a = table[(table["panel"] == "a") & (table["score"] == "brier")].iloc[0]
    assert of_a["skill"] == pytest.approx(0.5)


def test_origins_weigh_alike_within_a_year():
    table = skill_table(scored(("a", 2019, 0, 4.0, 8.0), ("a", 2019, 3, 2.0, 2.0)), seed=1)
    assert table["skill"].iloc[0] == pytest.approx(1 - 3 / 5)


def test_three_panel_years_have_an_interval_around_their_skill():
    rows = [("a", year, 0, own, 1.0) for year, own in ((2018, 0.7), (2019, 0.8), (2020, 0.9))]
    row = skill_table(scored(*rows), seed=1).iloc[0]
    assert row["skill"] == pytest.approx(0.2)
    assert row["lower"] == pytest.approx(0.1, abs=0.01)
    assert row["upper"] == pytest.approx(0.3, abs=0.01)
    pd.testing.assert_frame_equal(skill_table(scored(*rows), seed=1), skill_table(scored(*rows), seed=1))


def test_a_perfect_other_cannot_be_compared_with():
    assert skill_table(scored(("a", 2019, 0, 0.1, 0.0)), seed=1)["panel_years"].tolist() == [0, 0, 0, 0]
