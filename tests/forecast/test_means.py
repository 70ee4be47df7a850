"""Forecasts of means: a log link with known variances in the place of the logit, and everything else as for shares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.forecast.backtest.grading import Grades, log_ratio
from analysis.forecast.backtest.rolling import (
    ENSEMBLE,
    OWN_MODELS,
    GradedPanel,
    ModelForecast,
    OriginForecasts,
    rolling,
)
from analysis.forecast.backtest.thresholds import thresholds
from analysis.forecast.backtest.track_record import track_record
from analysis.forecast.baselines import baseline_shares
from analysis.forecast.futures import fit_panel
from analysis.forecast.mean_link import LARGEST_STEP, MeanLink
from analysis.forecast.panel import MeanPanel, mean_panel_from_totals
from analysis.forecast.paths import Paths, year_paths
from analysis.forecast.rest_of_year import indicator_panel, rest_of_year
from analysis.plan.indicators import Mean

ARRAYS = ("total", "total_squares", "cases")


def days_panel(*, series=6, periods=42, seed=0, frequency="M", step=0.08, spread=1.0, volume=80.0) -> MeanPanel:
    """Return log random walks of mean days with a season; the days of a case are gamma with a variance of `spread`."""
    rng = np.random.default_rng(seed)
    index = pd.period_range("2018", periods=periods, freq=frequency)
    effects = rng.normal(0, 0.1, 12)[(index.month if frequency == "M" else index.quarter) - 1]
    walk = rng.normal(2, 1, (series, 1)) + np.cumsum(rng.normal(0, step, (series, periods)), axis=1) + effects
    n = rng.poisson(volume * np.exp(rng.normal(0, 0.7, (series, 1))) * np.ones(periods))
    total, squares = np.zeros((2, series, periods))
    for u in range(series):
        for t in range(periods):
            days = rng.gamma(1 / spread, spread * np.exp(walk[u, t]), n[u, t])
            total[u, t], squares[u, t] = days.sum(), (days**2).sum()
    return MeanPanel(tuple(f"s{u:02d}" for u in range(series)), index, total, squares, n)


def changed(panel: MeanPanel, **arrays: np.ndarray) -> MeanPanel:
    return MeanPanel(panel.series, panel.periods, *(arrays.get(name, getattr(panel, name)) for name in ARRAYS))


@pytest.fixture(scope="module")
def known() -> MeanPanel:
    return days_panel()


def run(panel: MeanPanel, headline=("s00", "s01"), year=2021, **changes) -> Paths:
    settings = {"draw_count": 200, "seed": 7, "key": "days"} | changes
    return year_paths(panel, year, headline, **settings)


@pytest.fixture(scope="module")
def paths(known) -> Paths:
    return run(known)


# the panel


def test_a_long_frame_becomes_a_panel_with_gaps():
    frame = pd.DataFrame(
        {
            "series": ["b", "a", "a"],
            "period": ["2021-01", "2021-01", "2021-03"],
            "total": [10.0, 6.0, 0.0],
            "total_squares": [60.0, 20.0, 0.0],
            "cases": [2, 2, 0],
        }
    )
    panel = mean_panel_from_totals(frame)
    assert panel.series == ("a", "b")
    np.testing.assert_array_equal(panel.cases, [[2, np.nan, 0], [2, np.nan, np.nan]])
    np.testing.assert_array_equal(panel.numerator, panel.total)
    whole = panel.summed()
    assert (whole.total[0, 0], whole.total_squares[0, 0], whole.cases[0, 0]) == (16, 80, 4)
    with pytest.raises(ValueError, match="more than once"):
        mean_panel_from_totals(pd.concat([frame, frame]))


@pytest.mark.parametrize(
    ("total", "squares", "cases", "reason"),
    [
        (-1, 1, 1, "below zero"),
        (1, 1, -1, "below zero"),
        (1, np.nan, 1, "all three or none"),
        (np.inf, np.inf, 1, "infinite"),
        (1, 1, 0, "without a case"),
        (10, 49.9, 2, "sum of squares"),
    ],
)
def test_impossible_totals_are_refused(total, squares, cases, reason):
    index = pd.period_range("2021-01", periods=1, freq="M")
    with pytest.raises(ValueError, match=reason):
        MeanPanel(("a",), index, *(np.array([[float(value)]]) for value in (total, squares, cases)))


def test_equal_amounts_are_no_fault_in_the_last_digit():
    index = pd.period_range("2021-01", periods=1, freq="M")
    amounts = np.full(10, 0.1)
    MeanPanel(("a",), index, *(np.array([[value]]) for value in (amounts.sum(), (amounts**2).sum() * (1 - 1e-12), 10)))


def test_a_years_mean_is_its_total_by_its_cases(known):
    expected = known.total[:, 24:36].sum(axis=1) / known.cases[:, 24:36].sum(axis=1)
    np.testing.assert_allclose(known.year_share(2020), expected)


# the link


def test_observations_are_log_means_with_the_variance_of_the_delta_method():
    # every period: 400 cases, half of 2 days and half of 6; mean 4, variance 4, relative variance 1/4
    index = pd.period_range("2021-01", periods=9, freq="M")
    full = np.ones((1, 9))
    panel = MeanPanel(("a",), index, 1600 * full, (200 * 4 + 200 * 36) * full, 400 * full)
    observed = panel.observations()
    assert observed.relative_variance[0] == pytest.approx(0.25, rel=0.01)
    np.testing.assert_allclose(observed.variance, 0.25 / 400, rtol=0.01)
    np.testing.assert_allclose(observed.y, np.log(4), atol=1e-3)


def test_few_cases_are_linearised_and_one_slow_case_is_cut_off():
    link, index = MeanLink(4.0), np.ones((1, 9))
    n, total = 400 * index, 1600.0 * index
    squares = 400 * 20.0 * index
    n[0, 4], total[0, 4], squares[0, 4] = 1, 80, 6400
    observed = link.observe(total, n, squares)
    variance = observed.variance[0, 4]
    assert variance == pytest.approx(observed.relative_variance[0])
    middle = observed.y[0, 3]
    assert observed.y[0, 4] == pytest.approx(middle + 3 * np.sqrt(variance), abs=0.05)


def test_missing_and_empty_periods_have_no_observation():
    cases = np.array([[np.nan, 0.0, 10.0]])
    total = np.array([[np.nan, 0.0, 30.0]])
    observed = MeanLink(3.0).observe(total, cases, total * 4)
    assert np.isnan(observed.y[0, :2]).all()
    assert np.isfinite(observed.y[0, 2])


def test_totals_have_the_mean_and_variance_of_their_cases():
    link, normal = MeanLink(5.0), np.random.default_rng(0).standard_normal(200_000)
    for cases in (400.0, 3.0):  # the cubed normal, and exact gamma numbers
        size = np.full(len(normal), cases)
        totals = link.numerators(normal, lambda: np.random.default_rng(1), size, np.full(len(normal), np.log(5.0)), 2.0)
        assert totals.mean() == pytest.approx(5 * cases, rel=0.01)
        assert totals.var() == pytest.approx(25 * 2 * cases, rel=0.03)
        exact = link.sample(np.random.default_rng(2), size, np.log(5.0), 2.0)
        assert exact.std() == pytest.approx(totals.std(), rel=0.02)
    assert link.numerators(normal[:2], lambda: np.random.default_rng(1), np.zeros(2), np.zeros(2), 2.0).tolist() == [
        0,
        0,
    ]


@given(st.floats(0, 1e6), st.floats(1, 1e6), st.floats(1e-3, 1e3))
def test_the_corrected_logarithm_is_finite_and_turns_back(value, size, scale):
    link = MeanLink(scale)
    z = link.corrected(np.array([value]), np.array([size]))
    assert np.isfinite(z).all()
    np.testing.assert_allclose(link.from_corrected(z, np.array([size])), value, rtol=1e-6, atol=1e-6 * scale)


def test_a_wanted_mean_is_reached_where_the_rest_of_the_year_allows_it():
    link = MeanLink(1.0)
    wanted = link.wanted(
        np.array([4.0, 1.0, 2.0]), np.array([100.0] * 3), np.array([50.0] * 3), np.array([10.0, 10, 0])
    )
    assert wanted.tolist() == [140.0, 0.0, 0.0]
    spread = link.spread_over_periods(np.array([[1.0, 3], [0, 0]]), np.array([[5.0, 5], [1, 3]]), np.array([8.0, 8.0]))
    assert spread.tolist() == [[2, 6], [2, 6]]


# the forecast


def test_draws_are_possible_and_the_year_end_mean_is_that_of_the_ensemble(known, paths):
    assert paths.numerator.dtype == np.float64
    assert paths.denominator.dtype == np.int64
    assert (paths.numerator >= 0).all()
    assert (paths.numerator[paths.denominator == 0] == 0).all()
    frame = paths.to_frame()
    assert list(frame.columns) == ["series", "period", "draw", "numerator", "denominator"]
    totals = known.total[:2, 36:].sum(axis=1)[:, None] + paths.numerator.sum(axis=2)
    means = totals / (known.cases[:2, 36:].sum(axis=1)[:, None] + paths.denominator.sum(axis=2))
    last = known.year_share(2020)[:2, None]
    assert ((means > last / 4) & (means < last * 4)).mean() > 0.98
    assert paths.weights.groupby("series")["weight"].sum().to_numpy() == pytest.approx(1)
    observed = paths.components.dropna(subset="observed")
    parts = observed["level"] + observed["season"] + observed["remainder"]
    np.testing.assert_allclose(parts, observed["observed"])
    assert (paths.diagnostics["likelihood_gap"] < 1e-6).all()


def test_draws_scale_with_the_unit(known, paths):
    hours = changed(known, total=known.total * 24, total_squares=known.total_squares * 24**2)
    np.testing.assert_allclose(run(hours).numerator, 24 * paths.numerator, rtol=1e-6)


def test_a_mean_and_a_share_share_their_future(known, walk_panel):
    shares = walk_panel(series=6, periods=42, step=0.3, volume=3000)
    days = days_panel(step=0.3, volume=3000, spread=0.1)
    of_share, of_mean = fit_panel(shares, 6), fit_panel(days, 6)
    common = of_share.common(7, 4000)
    np.testing.assert_array_equal(common.level, of_mean.common(7, 4000).level)
    K, N = of_share.simulate(0, seed=7, key="share", common=common)
    X, n = of_mean.simulate(0, seed=7, key="days", common=common)
    assert np.corrcoef(K[-1] / N[-1], np.log(X[-1] / n[-1]))[0, 1] > 0.05


def test_rows_that_are_no_peers_change_no_bit_of_a_mean(known, paths):
    whole = {name: np.vstack([getattr(known, name).sum(axis=0) * 50, getattr(known, name)]) for name in ARRAYS}
    among = MeanPanel(("a_total", *known.series), known.periods, *(whole[name] for name in ARRAYS))
    again = run(among, peers=known.series)
    np.testing.assert_array_equal(again.numerator, paths.numerator)
    pd.testing.assert_frame_equal(again.weights, paths.weights, check_exact=True)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["M", "Q"]), st.floats(0.01, 20))
def test_draws_are_finite_whatever_the_panel(seed, frequency, spread):
    rng = np.random.default_rng(seed)
    of = days_panel(series=3, periods=17, seed=seed, frequency=frequency, spread=spread, volume=3.0, step=1.0)
    hidden = rng.random((3, 17)) < 0.2
    hidden[:, -1] = False
    arrays = {name: np.where(hidden, np.nan, getattr(of, name)) for name in ARRAYS}
    arrays["total"][0], arrays["total_squares"][0] = (np.where(hidden[0], np.nan, 0.0) for _ in range(2))
    panel = changed(of, **arrays)
    fit = fit_panel(panel, 3)
    common = fit.common(1, 50)
    for row in range(3):
        X, _ = fit.simulate(row, seed=1, key="x", common=common)
        assert np.isfinite(X).all()
        assert (X >= 0).all()
        assert np.ptp(fit.bounds[row]) >= 2 * LARGEST_STEP


def test_same_growth_multiplies_a_mean():
    index = pd.period_range("2020-01", periods=18, freq="M")
    total = np.full((1, 18), 40.0)
    total[0, 12:] = 20.0
    panel = MeanPanel(("a",), index, total, total**2, np.full((1, 18), 10.0))
    points = baseline_shares(panel, 2021)
    assert points["same_growth"][0] == pytest.approx(2.0)
    assert points["seasonal_naive"][0] == pytest.approx(3.0)


def test_rest_of_year_and_its_panel_take_means_by_their_squares(known):
    label = [str(period) for period in known.periods]
    frame = pd.DataFrame(
        {
            "indicator": "mean_days",
            "dimension": "agency",
            "series": np.repeat(known.series, len(label)),
            "period": label * len(known.series),
            "numerator": np.nan,
            "denominator": known.cases.ravel(),
            "total": known.total.ravel(),
            "total_squares": known.total_squares.ravel(),
        }
    )
    assert isinstance(indicator_panel(frame, "mean_days"), MeanPanel)
    days = Mean.model_validate(
        {"form": "mean", "title": {"vi": "n", "en": "d"}, "value": {"days_between": ["accepted_at", "finished_at"]}}
    )
    forecast = rest_of_year(
        frame, [("mean_days", "agency", "s00")], {"mean_days": days}, groups=(), origin=known.origin,
        last_period=known.origin + 6, draw_count=60, seed=7, breaks={}, tet_cutoff_day=None, diagnose=False,
    )  # fmt: skip
    expected = run(known, ("s00",), key="mean_days", draw_count=60)
    np.testing.assert_array_equal(forecast.draws["numerator"], expected.numerator.ravel())
    graded = track_record(
        frame, [("mean_days", "at_most")], {"mean_days": days}, groups=(), origin=known.origin, seed=1, breaks={},
        tet_cutoff_day=None,
    )  # fmt: skip
    assert set(graded.scored["year"]) == {2019, 2020}
    assert graded.scored["coverage_80"].sum() > 0


# the backtest


def test_thresholds_are_multiples_of_last_years_mean():
    index = pd.period_range("2019Q1", periods=8, freq="Q")
    total = np.repeat([[10.0, 20.0], [40.0, 40.0], [30.0, 0.0]], 4, axis=1)
    panel = MeanPanel(("a", "b", "c"), index, total, total**2, np.full((3, 8), 10.0))
    found = thresholds(panel, 2021, "at_most")
    np.testing.assert_allclose(found[:2], [[1.6, 1.8, 2.0], [3.2, 3.6, 4.0]])
    assert np.isnan(found[2]).all()
    # growth of log 2, 0 and -3 (bounded): the median is 0, at least two percent
    np.testing.assert_allclose(thresholds(panel, 2021, "at_least")[1], 4 * np.exp([0.01, 0.02, 0.03]))


def test_scores_of_means_are_in_hundredths_of_logs():
    forecast = ModelForecast("raw_ytd", np.array([[20.0]]), np.array([20.0]))
    origin = OriginForecasts(
        year=2020, quarters=1, series=("a",), observed=np.array([10.0]), limits=np.array([[8.0]]), total_observed=10.0,
        total_limits=np.array([8.0]), by_model=iter([forecast]), last_means=np.array([10.0]),
    )  # fmt: skip
    grades = Grades()
    list(grades.grade_forecasts("days", origin, "at_most"))
    row = grades.scored[0]
    assert row["crps"] == pytest.approx(100 * np.log(2.01 / 1.01))
    assert row["mae_pp"] == row["crps"]
    assert log_ratio(np.array([0.0]), np.array([5.0]))[0] == pytest.approx(np.log(0.01))


@pytest.mark.slow
@pytest.mark.parametrize("quarters", [0, 2])
def test_what_comes_after_an_origin_changes_no_forecast_of_a_mean(known, quarters):
    def said(panel):
        members = {*OWN_MODELS, "statsmodels_theta"}
        for at in rolling(GradedPanel.with_total(panel), quarters, rule="at_most", members=members, seed=1):
            if at.year == 2020:
                return {one.model: (one.values, one.total, at.limits) for one in at.by_model}
        raise AssertionError

    origin = pd.Period("2019-12", "M") + 3 * quarters
    later = known.periods > origin
    arrays = {name: getattr(known, name).copy() for name in ARRAYS}
    arrays["total"][:, later], arrays["total_squares"][:, later], arrays["cases"][:, later] = 9e3, 9e7, 1.0
    full, cut, other = said(known), said(known.until(origin)), said(changed(known, **arrays))
    assert ENSEMBLE in full
    for model, values in full.items():
        for one, two, three in zip(values, cut[model], other[model], strict=True):
            np.testing.assert_array_equal(one, two, err_msg=model)
            np.testing.assert_array_equal(one, three, err_msg=model)


@pytest.mark.statistical
@pytest.mark.parametrize("spread", [0.5, 4.0])
def test_intervals_of_means_cover_as_often_as_they_say(spread):
    # eight panels of 24 series: the error of the season is common to a panel, so the band is wide
    covered = []
    for seed in range(8):
        panel = days_panel(series=24, periods=36, seed=seed, step=0.1, spread=spread)
        fit = fit_panel(panel.until(panel.periods[29]), 6)
        X, n = fit.simulate_sums(seed=1, key="x", draw_count=300)
        lower, upper = np.quantile(X / np.maximum(n, 1), [0.1, 0.9], axis=1)
        came = panel.total[:, 30:].sum(axis=1) / panel.cases[:, 30:].sum(axis=1)
        covered.append(((lower <= came) & (came <= upper)).mean())
    assert 0.72 <= np.mean(covered) <= 0.88
