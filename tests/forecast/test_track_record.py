import pandas as pd
import pytest

from analysis.forecast.backtest.grading import COLUMNS
from analysis.forecast.track_record import track_record


@pytest.fixture(scope="module")
def indicators(walk_panel) -> pd.DataFrame:
    panel = walk_panel(series=8, periods=45)
    rows = [
        ("online_of_all", series, str(period), panel.numerator[u, t], panel.denominator[u, t])
        for u, series in enumerate(panel.series)
        for t, period in enumerate(panel.periods)
    ]
    return pd.DataFrame(rows, columns=["indicator", "series", "period", "numerator", "denominator"])


def test_every_finished_year_is_graded_and_the_running_one_is_not(indicators):
    record = track_record(indicators, {"online_of_all": "at_least"}, origin=pd.Period("2021-09", "M"), seed=1)
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
        track_record(one, {"online_of_all": "at_least"}, origin=origin, seed=1)
        for one in (indicators, changed, indicators[~later])
    ]
    assert records[0].scored["year"].unique().tolist() == [2019]
    for other in records[1:]:
        pd.testing.assert_frame_equal(records[0].scored, other.scored)
        pd.testing.assert_frame_equal(records[0].reliability, other.reliability)


def test_nothing_to_grade_is_an_empty_record(indicators):
    young = indicators[indicators["period"] <= "2018-09"]
    record = track_record(
        young, {"online_of_all": "at_least", "overdue": "at_most"}, origin=pd.Period("2018-09", "M"), seed=1
    )
    assert record.scored.empty
    assert list(record.reliability.columns) == COLUMNS["reliability"]
