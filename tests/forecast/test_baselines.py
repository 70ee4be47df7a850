import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from analysis.forecast.baselines import BASELINES, dressed, points
from analysis.forecast.panel import Panel

Q = [pd.Period(f"{year}Q{quarter}", freq="Q") for year in (2019, 2020, 2021, 2022) for quarter in (1, 2, 3, 4)]


def quarters(start: str, *series: tuple[list[float], list[float]]) -> Panel:
    index = pd.period_range(start, periods=len(series[0][0]), freq="Q")
    K, N = (np.array([one[i] for one in series], dtype=float) for i in (0, 1))
    return Panel(tuple("abcdefg"[: len(series)]), index, K, N)


def value(frame: pd.DataFrame, baseline: str, series: str = "a") -> float:
    return frame.loc[(frame["series"] == series) & (frame["baseline"] == baseline), "point"].item()


def cc_logit(share: float, size: float) -> float:
    return logit((share * size + 0.5) / (size + 1))


TWO_YEARS = quarters("2020Q1", ([10, 20, 30, 40, 40, 60], [100] * 4 + [200] * 2))


def test_five_points_by_hand():
    # 100 of 400 so far; volume grew by (400+5)/(200+5), so each quarter left has 197.56 cases
    frame = points(TWO_YEARS, Q[9])
    rest = 100 * 405 / 205
    total = 400 + 2 * rest
    assert value(frame, "year_to_date") == pytest.approx(0.25)
    assert value(frame, "last_quarter") == pytest.approx((100 + 2 * rest * 0.30) / total)
    assert value(frame, "same_growth") == pytest.approx((100 + rest * (0.40 + 0.50)) / total)  # gain .25 - .15
    assert value(frame, "straight_line") == pytest.approx(
        (100 + rest * (0.20 + 0.15)) / total
    )  # .4 .2 .3 → -.05 a step
    assert value(frame, "seasonal_naive") == pytest.approx((100 + rest * (0.30 + 0.40)) / total)
    assert frame["baseline"].tolist() == list(BASELINES)


def test_monthly_last_quarter_and_straight_line_by_hand():
    index = pd.period_range("2020-01", periods=16, freq="M")
    K = np.r_[np.full(12, 50.0), 10, 20, 30, 40]
    panel = Panel(("a",), index, K[None], np.full((1, 16), 100.0))
    frame = points(panel, index[-1])
    assert value(frame, "last_quarter") == pytest.approx((100 + 800 * 0.30) / 1200)
    recent = np.array([0.5, 0.5, 0.1, 0.2, 0.3, 0.4])
    slope, intercept = np.polyfit(np.arange(6), recent, 1)
    line = np.clip(intercept + slope * np.arange(6, 14), 0, 1)
    assert value(frame, "straight_line") == pytest.approx((100 + 100 * line.sum()) / 1200)


def test_at_the_end_of_the_year_all_say_what_happened():
    frame = points(quarters("2020Q1", ([1, 2, 3, 4], [10] * 4)), Q[7])
    np.testing.assert_allclose(frame["point"], 0.25)


def test_the_first_year_has_only_its_own_shares():
    frame = points(TWO_YEARS, Q[5])
    assert value(frame, "year_to_date") == pytest.approx(0.15)
    assert frame["point"].isna().sum() == 4


def test_growth_in_volume_is_bounded():
    panel = quarters("2020Q1", ([1, 1, 1, 1, 500], [10, 10, 10, 10, 1000]))
    assert value(points(panel, Q[8]), "seasonal_naive") == pytest.approx((500 + 3 * 30 * 0.1) / (1000 + 3 * 30))


def test_a_gap_last_year_leaves_only_the_year_to_date():
    panel = quarters("2020Q1", ([1, np.nan, 1, 1, 5], [10, np.nan, 10, 10, 10]))
    frame = points(panel, Q[8])
    assert value(frame, "year_to_date") == 0.5
    assert frame["point"].isna().sum() == 4


def test_a_gap_this_year_is_left_out_of_last_years_comparison():
    nan = np.nan
    panel = quarters("2020Q1", ([90, 10, 10, 10, nan, 30], [100, 100, 100, 100, nan, 100]))
    # Q2 on Q2: gain .3 - .1 = .2 and volume unchanged, whatever Q1 was
    assert value(points(panel, Q[9]), "same_growth") == pytest.approx((30 + 100 * 0.3 * 2) / 300)


def test_no_cases_yet_this_year_is_no_point():
    frame = points(quarters("2020Q1", ([1, 1, 1, 1, 0], [10, 10, 10, 10, 0])), Q[8])
    assert np.isnan(value(frame, "year_to_date"))
    assert np.isnan(value(frame, "same_growth"))
    assert value(frame, "seasonal_naive") == pytest.approx(0.1)


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_a_share_at_the_edge_stays_there(edge):
    N = np.full(10, 50.0)
    panel = quarters("2020Q1", (list(edge * N), list(N)))
    np.testing.assert_allclose(points(panel, Q[10])["point"], edge)
    sets = dressed(panel, Q[10])
    np.testing.assert_allclose(sets.quantiles, edge, atol=1e-12)


def test_one_past_error_dresses_by_hand():
    result = dressed(TWO_YEARS, Q[9])
    assert result.points["baseline"].tolist() == ["year_to_date"]
    # mid-2020 said .15, the year ended at .25; 400 cases both at that pace and in the year before 2021
    error = cc_logit(0.25, 400) - cc_logit(0.15, 400)
    expected = (expit(cc_logit(0.25, 400) + error) * 401 - 0.5) / 400
    assert result.quantiles.shape == (1, 100)
    np.testing.assert_allclose(result.quantiles, expected)
    np.testing.assert_array_equal(result.quantiles_of("a", "year_to_date"), result.quantiles[0])
    assert result.quantiles_of("a", "last_quarter").size == 0
    row = result.past_error.iloc[0]
    assert (row["errors"], row["years"], row["common_errors"]) == (1, 1, 1)
    assert row["mean_absolute_error"] == pytest.approx(0.10)
    assert result.chosen_baseline == "year_to_date"


def test_errors_are_pooled_over_series_and_quantiles_are_theirs():
    N = [100.0] * 5
    panel = quarters("2020Q1", ([10, 20, 20, 20, 10], N), ([30, 10, 10, 10, 30], N))
    result = dressed(panel, Q[8], draws=2)
    errors = [
        cc_logit(0.175, 400) - cc_logit(0.10, 400),
        cc_logit(0.15, 400) - cc_logit(0.30, 400),
    ]
    spread = np.quantile(errors, [0.25, 0.75])
    expected = (expit(cc_logit(0.10, 400) + spread) * 401 - 0.5) / 400
    np.testing.assert_allclose(result.quantiles_of("a", "year_to_date"), expected)
    assert result.past_error.loc[0, "errors"] == 2


def test_a_year_reported_in_part_gives_no_error():
    nan = np.nan
    N = [100.0] * 5
    panel = quarters("2020Q1", ([10, 20, 20, 20, 10], N), ([30, 10, nan, 10, 30], [100, 100, nan, 100, 100]))
    result = dressed(panel, Q[8])
    assert result.past_error.loc[0, "errors"] == 1
    assert set(result.points["series"]) == {"a", "b"}  # b is dressed with what its peer learned


def test_first_years_are_not_enough_data():
    result = dressed(TWO_YEARS, Q[6])
    assert result.points.empty
    assert result.quantiles.shape == (0, 100)
    assert result.past_error.empty
    assert result.chosen_baseline is None
    part = quarters("2020Q2", ([1] * 5, [10] * 5))
    assert dressed(part, Q[9]).chosen_baseline is None


def test_the_baseline_of_lowest_past_error_is_chosen():
    # each year repeats its season exactly: last year's shares are right, all else is wrong
    K = [10, 20, 30, 80] * 3 + [10, 20]
    panel = quarters("2019Q1", (K, [100] * 14), ([k / 2 for k in K], [100] * 14))
    result = dressed(panel, Q[13])
    errors = result.past_error.set_index("baseline")["mean_absolute_error"]
    assert result.chosen_baseline in ("same_growth", "seasonal_naive")
    assert errors["seasonal_naive"] == pytest.approx(0, abs=1e-12)
    assert errors["year_to_date"] == pytest.approx((0.20 + 0.10) / 2)
    table = result.past_error.set_index("baseline")
    assert table.loc["year_to_date", ["errors", "years", "common_errors"]].tolist() == [6, 3, 4]
    assert table.loc["seasonal_naive", ["errors", "years", "common_errors"]].tolist() == [4, 2, 4]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 11))
def test_nothing_after_the_origin_matters_and_all_values_are_shares(seed, at):
    rng = np.random.default_rng(seed)
    N = rng.poisson(20.0, (3, 16)).astype(float)
    K = rng.binomial(N.astype(int), 0.4).astype(float)
    hidden = rng.random((3, 16)) < 0.05
    K[hidden] = N[hidden] = np.nan
    index = pd.period_range("2019Q1", periods=16, freq="Q")
    panel = Panel(("a", "b", "c"), index, K, N)
    origin = index[4 + at]
    whole, cut = dressed(panel, origin), dressed(panel.until(origin), origin)
    pd.testing.assert_frame_equal(points(panel, origin), points(panel.until(origin), origin))
    np.testing.assert_array_equal(whole.quantiles, cut.quantiles)
    assert ((whole.quantiles >= 0) & (whole.quantiles <= 1)).all()
    assert (np.diff(whole.quantiles, axis=1) >= -1e-12).all()
    assert whole.points["point"].between(0, 1).all()


def test_a_year_just_ended_is_no_earlier_year():
    panel = quarters("2020Q1", ([10, 20, 30, 40] * 2, [100] * 8))
    table = dressed(panel, Q[11]).past_error.set_index("baseline")
    assert table.loc["year_to_date", ["errors", "years"]].tolist() == [1, 1]
    assert (table["mean_absolute_error"] == 0).all()
