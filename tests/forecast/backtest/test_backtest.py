import pandas as pd
import pytest

from analysis.forecast.backtest.backtest import track_record
from analysis.forecast.backtest.grading import COLUMNS
from analysis.forecast.backtest.scores import skill_table


@pytest.fixture(scope="module")
def indicators(walk_panel) -> pd.DataFrame:
    panel = walk_panel(series=8, periods=45)
    rows = [
        ("online_of_all", "agency", series, str(period), panel.numerator[u, t], panel.denominator[u, t])
        for u, series in enumerate(panel.series)
        for t, period in enumerate(panel.periods)
    ]
    return pd.DataFrame(rows, columns=["indicator", "dimension", "series", "period", "numerator", "denominator"])


def test_every_finished_year_is_graded_and_the_running_one_is_not(indicators):
    record = track_record(indicators, [("online_of_all", "at_least")], origin=pd.Period("2021-09", "M"), seed=1)
    assert list(record.scored.columns) == COLUMNS["scored"]
    assert sorted(record.scored["year"].unique()) == [2019, 2020]  # thresholds need a year before
    hub = record.scored[record.scored["model"] == "hub"]
    assert hub.groupby("year")["origin"].apply(list).to_dict() == {2019: [0, 1, 2, 3], 2020: [0, 1, 2, 3]}
    assert (hub["n"] == 8).all()
    assert (hub["coverage_80"] <= hub["n"]).all()
    assert record.reliability["n"].sum() > 0


def test_nothing_after_the_origin_is_graded_or_used(indicators):
    origin = pd.Period("2020-06", "M")
    later = indicators["period"] > "2020-06"
    changed = indicators.copy()
    changed.loc[later, ["numerator", "denominator"]] = [1.0, 9000.0]
    records = [
        track_record(one, [("online_of_all", "at_least")], origin=origin, seed=1)
        for one in (indicators, changed, indicators[~later])
    ]
    assert records[0].scored["year"].unique().tolist() == [2019]
    for other in records[1:]:
        pd.testing.assert_frame_equal(records[0].scored, other.scored)
        pd.testing.assert_frame_equal(records[0].reliability, other.reliability)


def test_nothing_to_grade_is_an_empty_record(indicators):
    young = indicators[indicators["period"] <= "2018-09"]
    record = track_record(
        young, [("online_of_all", "at_least"), ("overdue", "at_most")], origin=pd.Period("2018-09", "M"), seed=1
    )
    assert record.scored.empty
    assert list(record.reliability.columns) == COLUMNS["reliability"]


@pytest.fixture(scope="module")
def on_threshold() -> pd.DataFrame:
    """A year at half, then a year at the lowest threshold that is set from it: half, and half the usual gain."""
    months = [str(month) for month in pd.period_range("2018-01", periods=24, freq="M")]
    return pd.DataFrame(
        [
            ("online_of_all", "agency", series, month, 100.0 if month < "2019" else 105.0, 200.0)
            for series in "abcd"
            for month in months
        ],
        columns=["indicator", "dimension", "series", "period", "numerator", "denominator"],
    )


@pytest.mark.parametrize(("rule", "met"), [("at_least", 1), ("more_than", 0), ("at_most", 0)])
def test_a_share_on_its_threshold_is_graded_under_its_own_rule(on_threshold, rule, met):
    record = track_record(on_threshold, [("online_of_all", rule)], origin=pd.Period("2019-12", "M"), seed=1)
    hub = record.reliability[record.reliability["model"] == "hub"]
    # Three thresholds of four series at four origins; at_most has others, of which the share keeps none.
    assert hub["n"].sum() == 4 * 4 * 3
    assert hub["happened"].sum() == 4 * 4 * met


def test_under_two_rules_probabilities_count_twice_and_shares_once(on_threshold):
    def record(*rules):
        return track_record(
            on_threshold, [("online_of_all", rule) for rule in rules], origin=pd.Period("2019-12", "M"), seed=1
        )

    both, one, other = record("at_least", "more_than", "at_least"), record("at_least"), record("more_than")
    of_shares = ["n", "crps", "wis", "mae_pp", "coverage_50", "coverage_80", "coverage_95", "paired_crps"]
    of_probabilities = ["probabilities", "brier", "log_score", "paired_brier"]
    pd.testing.assert_series_equal(both.scored[of_shares].sum(), one.scored[of_shares].sum())
    pd.testing.assert_series_equal(
        both.scored[of_probabilities].sum(),
        one.scored[of_probabilities].sum() + other.scored[of_probabilities].sum(),
    )
    assert len(both.reliability) == len(one.reliability) + len(other.reliability)
    # The skill in intervals of shares is that of one rule, too: rows without a share are left out.
    skills = [skill_table(of.scored, seed=1).query("score == 'crps'") for of in (both, one)]
    pd.testing.assert_frame_equal(*skills)
