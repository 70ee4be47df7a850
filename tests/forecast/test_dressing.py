from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from analysis.forecast.dressing import (
    LEVELS,
    chosen_baseline,
    dressed_quantiles,
    mean_absolute_errors,
    past_errors,
    scaled_quantiles,
)
from made_states import NAMES, OUTCOME, corrected, past, standing


def test_an_error_is_what_came_less_what_was_said_on_the_corrected_logit():
    found = past_errors([past(2020, [0.25], last_quarter=[0.15], spread=0.2)], "last_quarter")
    assert found.error.tolist() == pytest.approx([corrected(0.25) - corrected(0.15)])
    assert found.relative.tolist() == pytest.approx([(corrected(0.25) - corrected(0.15)) / 0.2])
    assert found.years == 1


def test_small_years_are_learnt_from_only_where_there_are_no_others():
    many = past(2020, OUTCOME)
    small = replace(many, year=2019, cases=np.full(6, 10.0))
    assert len(past_errors([many, small], "npeb").error) == 6
    assert len(past_errors([small], "npeb").error) == 6
    few = past(2020, [0.3, 0.4])
    assert len(past_errors([few, small], "npeb").error) == 8


def test_dressing_keeps_the_sign_and_scaling_does_not():
    said = [past(2020, [0.25], last_quarter=[0.15], spread=0.2)]
    now = standing({"last_quarter": [0.25]}, spread=0.1)
    error = corrected(0.25) - corrected(0.15)
    own = dressed_quantiles(now, "last_quarter", past_errors(said, "last_quarter"))
    expected = (expit(corrected(0.25) + error) * 401 - 0.5) / 400
    np.testing.assert_allclose(own, np.full((1, len(LEVELS)), expected))
    both = scaled_quantiles(now, "last_quarter", past_errors(said, "last_quarter"))
    assert both[0, 0] < 0.25 < both[0, -1]  # errors of either sign, half as large: the spread is half of that then
    assert corrected(both[0, -1]) - corrected(0.25) == pytest.approx(error / 2, abs=0.02)


def test_no_error_dresses_nothing():
    now = standing({"last_quarter": [0.25]})
    assert np.isnan(dressed_quantiles(now, "last_quarter", past_errors([], "last_quarter"))).all()
    assert chosen_baseline([]) is None


def test_errors_are_compared_on_the_cases_all_forecast_years_weighing_alike():
    first = past(2019, OUTCOME, last_quarter=[value + 0.02 for value in OUTCOME], year_to_date=[0.5] * 6)
    second = past(2020, OUTCOME, last_quarter=[value + 0.04 for value in OUTCOME], year_to_date=OUTCOME)
    second.points["year_to_date"][0] = np.nan
    table = mean_absolute_errors([first, second], NAMES[:3]).set_index("name")
    assert table.loc["last_quarter", "error"] == pytest.approx(0.03)
    assert table.loc["npeb", "error"] == 0.0
    assert table["common_errors"].tolist() == [11, 11, 11]
    assert table.loc["year_to_date", "errors"] == 11


def test_of_years_whose_series_are_all_gone_there_is_no_error():
    nobody = {name: [np.nan] * 6 for name in NAMES}
    gone = past(2019, OUTCOME, **nobody)
    table = mean_absolute_errors([gone, gone], NAMES)
    assert table["error"].isna().all()
    assert table["common_errors"].tolist() == [0] * len(NAMES)


def test_the_baseline_of_lowest_past_error_is_chosen_and_ties_go_by_the_order():
    off = {name: [value + 0.1 for value in OUTCOME] for name in NAMES if name != "npeb"}
    off["seasonal_naive"] = [value + 0.01 for value in OUTCOME]
    assert chosen_baseline([past(2020, OUTCOME, **off)]) == "seasonal_naive"
    assert chosen_baseline([past(2020, OUTCOME)]) == "year_to_date"
