import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.forecast.baselines import BASELINES, baseline_shares, misses_so_far, year_size
from analysis.forecast.panel import Panel

NAN = np.nan


def quarters(start: str, *series: tuple[list[float], list[float]]) -> Panel:
    index = pd.period_range(start, periods=len(series[0][0]), freq="Q")
    K, N = (np.array([one[i] for one in series], dtype=float) for i in (0, 1))
    return Panel(tuple("abcdefg"[: len(series)]), index, K, N)


def shares(panel: Panel, year: int) -> dict[str, float]:
    return {name: float(values[0]) for name, values in baseline_shares(panel, year).items()}


TWO_YEARS = quarters("2020Q1", ([10, 20, 30, 40, 40, 60], [100] * 4 + [200] * 2))


def test_five_points_by_hand():
    # 100 of 400 so far; volume grew by (400+5)/(200+5), so each quarter left has 197.56 cases
    found = shares(TWO_YEARS, 2021)
    rest = 100 * 405 / 205
    total = 400 + 2 * rest
    assert list(found) == [*BASELINES, "last_twelve_months", "three_years"]
    assert found["year_to_date"] == pytest.approx(0.25)
    assert found["last_quarter"] == pytest.approx((100 + 2 * rest * 0.30) / total)
    assert found["same_growth"] == pytest.approx((100 + rest * (0.40 + 0.50)) / total)  # gain .25 - .15
    assert found["straight_line"] == pytest.approx((100 + rest * (0.20 + 0.15)) / total)  # .4 .2 .3: -.05 a step
    assert found["seasonal_naive"] == pytest.approx((100 + rest * (0.30 + 0.40)) / total)
    # 30 + 40 + 40 + 60 of 600 in the last four quarters; one year before, half a case added on either side
    assert found["last_twelve_months"] == pytest.approx((100 + 2 * rest * 170 / 600) / total)
    assert found["three_years"] == pytest.approx((100 + rest * (30.5 + 40.5) / 101) / total)


def test_three_years_are_averaged_in_log_odds():
    # third quarters of 10, 20 and 40 of 100, the first of 2018 is not among the three; fourth quarters of 50 each
    panel = quarters(
        "2018Q1",
        (
            [90, 90, 90, 90, 0, 0, 10, 50, 0, 0, 20, 50, 0, 0, 40, 50, 30, 30],
            [100] * 18,
        ),
    )
    odds = [10.5 / 90.5, 20.5 / 80.5, 40.5 / 60.5]
    mean = np.exp(np.mean(np.log(odds)))
    expected = (60 + 100 * mean / (1 + mean) + 50) / 400
    growth = (200 + 5) / (200 + 5)
    assert growth == 1
    assert shares(panel, 2022)["three_years"] == pytest.approx(expected)


def test_the_year_so_far_is_held_against_two_rules():
    # so far 100 of 400; the same quarters of last year 30 of 200, and its last quarter 40 of 100
    seasonal, steady = misses_so_far(TWO_YEARS, 2021)
    assert seasonal == pytest.approx([0.25 - 0.15])
    assert steady == pytest.approx([0.40 - 0.25])
    # of a year whose same quarters are not all in the panel, or that has not begun, nothing is said
    for panel in (quarters("2020Q2", ([1] * 5, [9] * 5)), quarters("2020Q1", ([1] * 4, [9] * 4))):
        assert np.isnan(misses_so_far(panel, 2021)).all()


def test_at_the_start_of_the_year_by_hand():
    # 2019: 40 of 400; 2020: 100 of 400, so the gain is .15
    panel = quarters("2019Q1", ([10, 10, 10, 10, 10, 20, 30, 40], [100] * 8))
    found = shares(panel, 2021)
    assert found["year_to_date"] == found["seasonal_naive"] == pytest.approx(0.25)
    assert found["last_quarter"] == pytest.approx(0.40)
    assert found["same_growth"] == pytest.approx(0.25 + 0.15)
    # .2 .3 .4 run on: .5 .6 .7 .8
    assert found["straight_line"] == pytest.approx(0.65)


def test_monthly_last_quarter_and_straight_line_by_hand():
    index = pd.period_range("2020-01", periods=16, freq="M")
    K = np.r_[np.full(12, 50.0), 10, 20, 30, 40]
    found = shares(Panel(("a",), index, K[None], np.full((1, 16), 100.0)), 2021)
    assert found["last_quarter"] == pytest.approx((100 + 800 * 0.30) / 1200)
    slope, intercept = np.polyfit(np.arange(6), [0.5, 0.5, 0.1, 0.2, 0.3, 0.4], 1)
    line = np.clip(intercept + slope * np.arange(6, 14), 0, 1)
    assert found["straight_line"] == pytest.approx((100 + 100 * line.sum()) / 1200)


def test_at_the_end_of_the_year_all_say_what_happened():
    np.testing.assert_allclose(list(shares(quarters("2021Q1", ([1, 2, 3, 4], [10] * 4)), 2021).values()), 0.25)


def test_the_first_year_carries_its_own_pace():
    found = shares(quarters("2021Q1", ([10, 30], [100, 100])), 2021)
    assert found["year_to_date"] == pytest.approx(0.20)
    assert found["last_quarter"] == pytest.approx((40 + 2 * 30) / 400)
    assert np.isnan([found["same_growth"], found["seasonal_naive"], found["straight_line"]]).all()


def test_growth_in_volume_is_bounded():
    panel = quarters("2020Q1", ([1, 1, 1, 1, 500], [10, 10, 10, 10, 1000]))
    assert shares(panel, 2021)["seasonal_naive"] == pytest.approx((500 + 3 * 30 * 0.1) / (1000 + 3 * 30))


def test_a_gap_last_year_brings_nothing_to_the_rest_of_this():
    # half-yearly reports in a table of quarters: only the fourth is still to come
    panel = quarters("2020Q1", ([NAN, 10, NAN, 30, NAN, 20, NAN], [NAN, 100, NAN, 100, NAN, 100, NAN]))
    found = shares(panel, 2021)
    assert found["seasonal_naive"] == pytest.approx((20 + 30) / 200)
    assert found["last_quarter"] == pytest.approx((20 + 100 * (30 + 20) / 200) / 200)  # none in Q3: the last four


def test_a_gap_this_year_is_left_out_of_last_years_comparison():
    panel = quarters("2020Q1", ([90, 10, 10, 10, NAN, 30], [100, 100, 100, 100, NAN, 100]))
    # Q2 on Q2: gain .3 - .1 = .2 and volume unchanged, whatever Q1 was
    assert shares(panel, 2021)["same_growth"] == pytest.approx((30 + 100 * 0.3 * 2) / 300)


def test_no_cases_yet_this_year_is_last_years_share():
    found = shares(quarters("2020Q1", ([1, 1, 1, 1, 0], [10, 10, 10, 10, 0])), 2021)
    assert found["year_to_date"] == pytest.approx(0.1)
    assert np.isnan(found["same_growth"])
    assert found["seasonal_naive"] == pytest.approx(0.1)


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_a_share_at_the_edge_stays_there(edge):
    N = np.full(10, 50.0)
    found = shares(quarters("2020Q1", (list(edge * N), list(N))), 2022)
    np.testing.assert_allclose([found[name] for name in BASELINES], edge)


def test_the_size_of_a_year_is_last_years_or_the_pace():
    assert year_size(TWO_YEARS, 2021)[0] == 400
    assert year_size(quarters("2021Q1", ([1, 1], [30, 50])), 2021)[0] == 160
    assert year_size(quarters("2021Q1", ([0, 0], [0, 0])), 2021)[0] == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 15))
def test_all_values_are_shares_whatever_the_panel(seed, known):
    rng = np.random.default_rng(seed)
    N = rng.poisson(20.0, (3, known)).astype(float)
    K = rng.binomial(N.astype(int), 0.4).astype(float)
    hidden = rng.random((3, known)) < 0.2
    K[hidden] = N[hidden] = NAN
    panel = Panel(("a", "b", "c"), pd.period_range("2018Q1", periods=known, freq="Q"), K, N)
    for values in baseline_shares(panel, panel.origin.year).values():
        assert ((values >= 0) & (values <= 1) | np.isnan(values)).all()
