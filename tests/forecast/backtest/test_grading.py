import numpy as np
import pandas as pd
import pytest

from analysis.forecast.backtest.grading import SCHEMA, Grades, forecast_rows, score_table, total_rows
from analysis.forecast.backtest.rolling import ModelForecast, OriginForecasts


def origin(*said: ModelForecast) -> OriginForecasts:
    """Three series, the last not finished; two thresholds, the second of them missing for the second."""
    return OriginForecasts(
        year=2020,
        quarters=1,
        series=("a", "b", "c"),
        observed=np.array([0.5, 0.2, np.nan]),
        limits=np.array([[0.4, 0.6], [0.3, np.nan], [0.1, 0.2]]),
        total_observed=0.35,
        total_limits=np.array([0.3, 0.4]),
        by_model=iter(said),
    )


HUB = ModelForecast(
    "hub",
    np.array([[0.3, 0.5, 0.5, 0.7], [0.1, 0.2, 0.3, 0.4], [0.1] * 4]),
    np.array([0.2, 0.3, 0.4, 0.5]),
    np.array([0.1, 0.2, 0.2, 0.3]),
)
RAW = ModelForecast("raw_ytd", np.array([[0.45], [0.25], [0.1]]), np.array([0.3]))


def graded() -> Grades:
    grades = Grades()
    list(grades.grade_forecasts("p", origin(HUB, RAW), "at_least"))
    return grades


def test_scores_are_sums_over_what_came():
    row = pd.DataFrame(graded().scored).set_index("model").loc["hub"]
    assert (row["n"], row["probabilities"]) == (2, 3)
    # probabilities .75, .25 and .5 of what happened, did not, did not
    assert row["brier"] == pytest.approx(0.25**2 + 0.25**2 + 0.5**2)
    assert row["mae_pp"] == pytest.approx(0 + 5)
    assert row["coverage_50"] == 2


def test_the_other_models_are_paired_with_the_published_one():
    rows = pd.DataFrame(graded().scored).set_index("model")
    assert rows.loc["raw_ytd", "paired_crps"] == pytest.approx(rows.loc["hub", "crps"])
    assert rows.loc["raw_ytd", "crps"] == pytest.approx(5 + 5)
    # yes, no and no said as 99.5, 0.5 and 0.5 %: all right
    assert rows.loc["raw_ytd", "brier"] == pytest.approx(3 * 0.005**2)


def test_reliability_sorts_what_was_said_into_bins():
    rows = pd.DataFrame(graded().reliability)
    assert rows[["n", "said", "happened"]].to_numpy().tolist() == [[1, 0.25, 0], [1, 0.5, 0], [1, 0.75, 1]]
    assert rows["bin"].tolist() == [2, 3, 5]


def test_totals_have_the_place_of_their_outcome():
    totals = pd.DataFrame(graded().totals)
    assert totals["model"].tolist() == ["hub", "hub_sum"]  # a point has no places
    assert totals["place"].tolist() == [0.5, 1.0]
    assert totals["inside_80"].tolist() == [True, False]
    # between the quantiles at 10 and 90 %, .23 and .47, and .13 and .27
    assert totals["width_80"].tolist() == pytest.approx([24, 14])


def test_score_table_has_means_of_series_and_of_probabilities():
    table = score_table(pd.DataFrame(graded().scored)).set_index("model")
    assert table.loc["hub", "mae_pp"] == pytest.approx(2.5)
    assert table.loc["hub", "brier"] == pytest.approx(0.375 / 3)
    assert "probabilities" not in table.columns


def test_rows_have_one_threshold_each_and_nulls_where_the_year_goes_on():
    table = forecast_rows("p", origin(), HUB, "at_least").to_pandas()
    assert list(table.columns) == SCHEMA.names
    assert table["series"].tolist() == ["a", "a", "b", "c", "c"]
    assert table["probability"].tolist() == [0.75, 0.25, 0.5, 0.995, 0.005]
    assert table["outcome"].tolist()[:3] == [1, 0, 0]
    assert table[["observed", "outcome"]].isna().all(axis=1).tolist() == [False, False, False, True, True]
    assert table["q50"].tolist()[:3] == [0.5, 0.5, 0.25]


def test_raw_rules_say_yes_or_no_and_totals_have_no_series():
    table = forecast_rows("p", origin(), RAW, "at_most").to_pandas()
    assert table["probability"].tolist() == [0, 1, 1, 1, 1]
    total = total_rows("p", origin(), HUB, "at_least").to_pandas()
    assert "series" not in total
    assert total["model"].tolist() == ["hub", "hub", "hub_sum", "hub_sum"]
    assert total["probability"].tolist() == [0.75, 0.5, 0.25, 0.005]
    assert total["outcome"].tolist() == [1, 0, 1, 0]


def test_a_model_with_nothing_to_say_has_no_rows():
    nothing = ModelForecast("dressed_ytd", np.full((3, 100), np.nan), np.full(100, np.nan))
    assert forecast_rows("p", origin(), nothing, "at_least").num_rows == 0
    assert total_rows("p", origin(), nothing, "at_least").num_rows == 0
    assert Grades().add("p", origin(), nothing, "at_least", None) is None
