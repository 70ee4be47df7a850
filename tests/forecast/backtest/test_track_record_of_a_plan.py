import numpy as np
import pandas as pd
import pytest

from analysis.forecast.backtest.grading import COLUMNS
from analysis.forecast.backtest.scores import skill_table
from analysis.forecast.backtest.track_record import TrackRecord, track_record
from analysis.plan.indicators import Share

SHARE = Share(form="share", title={"vi": "v", "en": "e"}, numerator={"channel": "online"})
NESTED = Share(form="share", title=SHARE.title, nested_in="online_of_all", rest="published_of_offline")
DEFINITIONS = {
    "online_of_all": SHARE, "overdue": SHARE, "published_of_offline": SHARE, "online_of_published": NESTED,
}  # fmt: skip


def record_of(indicators: pd.DataFrame, *promised: tuple[str, str], origin: str, breaks=None) -> TrackRecord:
    return track_record(
        indicators, promised, DEFINITIONS, groups=(), origin=pd.Period(origin, "M"), seed=1, breaks=breaks or {},
        tet_cutoff_day=None,
    )  # fmt: skip


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
    record = record_of(indicators, ("online_of_all", "at_least"), origin="2021-09")
    assert list(record.scored.columns) == COLUMNS["scored"]
    assert sorted(record.scored["year"].unique()) == [2019, 2020]  # thresholds need a year before
    hub = record.scored[record.scored["model"] == "hub"]
    assert hub.groupby("year")["origin"].apply(list).to_dict() == {2019: [0, 1, 2, 3], 2020: [0, 1, 2, 3]}
    assert (hub["n"] == 8).all()
    assert (hub["coverage_80"] <= hub["n"]).all()
    assert record.reliability["n"].sum() > 0


def test_nothing_after_the_origin_is_graded_or_used(indicators):
    later = indicators["period"] > "2020-06"
    changed = indicators.copy()
    changed.loc[later, ["numerator", "denominator"]] = [1.0, 9000.0]
    records = [
        record_of(one, ("online_of_all", "at_least"), origin="2020-06")
        for one in (indicators, changed, indicators[~later])
    ]
    assert records[0].scored["year"].unique().tolist() == [2019]
    for other in records[1:]:
        pd.testing.assert_frame_equal(records[0].scored, other.scored)
        pd.testing.assert_frame_equal(records[0].reliability, other.reliability)


def test_nothing_to_grade_is_an_empty_record(indicators):
    young = indicators[indicators["period"] <= "2018-09"]
    record = record_of(young, ("online_of_all", "at_least"), ("overdue", "at_most"), origin="2018-09")
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
    record = record_of(on_threshold, ("online_of_all", rule), origin="2019-12")
    hub = record.reliability[record.reliability["model"] == "hub"]
    # Three thresholds of four series at four origins; at_most has others, of which the share keeps none.
    assert hub["n"].sum() == 4 * 4 * 3
    assert hub["happened"].sum() == 4 * 4 * met


def test_under_two_rules_probabilities_count_twice_and_shares_once(on_threshold):
    def record(*rules):
        return record_of(on_threshold, *(("online_of_all", rule) for rule in rules), origin="2019-12")

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


@pytest.fixture(scope="module")
def published(indicators: pd.DataFrame) -> pd.DataFrame:
    """A share nested in the first: from September 2020 half of the offline cases are published, a quarter before."""
    rest = (indicators["denominator"] - indicators["numerator"]) * np.where(indicators["period"] < "2020-09", 0.25, 0.5)
    inside = indicators.assign(indicator="online_of_published", denominator=indicators["numerator"] + rest.round())
    return pd.concat([indicators, inside], ignore_index=True)


def test_a_change_in_counting_after_an_origin_is_graded_apart_and_one_before_it_is_known(published):
    change = [pd.Period("2020-09", "M")]
    breaks = dict.fromkeys(("online_of_published", "published_of_offline"), change)
    record = record_of(published, ("online_of_published", "at_least"), origin="2020-12", breaks=breaks)
    held, apart = (
        table.query("model == 'hub'").set_index(["year", "origin"])["coverage_80"] / 8
        for table in (record.scored, record.recounted)
    )
    # the last origin of 2020 comes after the change, the three before it do not
    assert list(held.index) == [(2019, 0), (2019, 1), (2019, 2), (2019, 3), (2020, 3)]
    assert list(apart.index) == [(2020, 0), (2020, 1), (2020, 2)]
    assert apart.loc[(2020, 2)] < 0.3
    unaware = record_of(published, ("online_of_published", "at_least"), origin="2020-12")
    assert unaware.recounted.empty
    blind = unaware.scored.query("model == 'hub'").set_index(["year", "origin"])["coverage_80"] / 8
    # after it, a change that moved every body is found without being declared; before it nobody could know
    assert held.loc[(2020, 3)] >= 0.6
    assert blind.loc[(2020, 3)] >= 0.6
    assert (blind.loc[[(2020, 0), (2020, 1), (2020, 2)]] < 0.6).all()
    # nobody knew of the change at an origin before it, and a later one changes nothing of an earlier year's grades
    rows = [
        table.query("model == 'hub' and year == 2019").reset_index(drop=True)
        for table in (record.scored, unaware.scored)
    ]
    pd.testing.assert_frame_equal(*rows)


def test_the_whole_is_graded_as_its_own_series_and_as_the_sum_of_the_agencies(indicators):
    whole = indicators.groupby(["indicator", "period"], as_index=False)[["numerator", "denominator"]].sum()
    both = pd.concat([indicators, whole.assign(dimension="total", series="total")], ignore_index=True)
    record = record_of(both, ("online_of_all", "at_least"), origin="2020-12")
    assert set(record.totals["model"]) >= {"hub", "hub_sum", "npeb", "npeb_sum"}
    hub = record.totals.query("model in ('hub', 'hub_sum')")
    # the four origins of 2019 and 2020; 2018 has no year before it to set thresholds from
    assert hub.groupby("model").size().to_dict() == {"hub": 8, "hub_sum": 8}
    # the agencies alone are among the series graded, and the whole teaches them nothing
    pd.testing.assert_frame_equal(
        record.scored, record_of(indicators, ("online_of_all", "at_least"), origin="2020-12").scored
    )
