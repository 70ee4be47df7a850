"""The bridge from ratings to the year's survey: by hand where it is degenerate, and which way it moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from analysis.attainment import survey_bridge
from analysis.attainment.survey_bridge import (
    COLUMNS,
    YEARLY_CHANGE,
    YEARLY_CHANGES,
    last_round_carried_on,
    rounds_of,
    survey_year,
)
from analysis.attainment.verdict import verdict
from analysis.data.contracts import Survey, empty
from analysis.data.published import comparable_stretches, read_breaks, read_published
from analysis.indicators.measured import COLUMNS as MEASURED
from analysis.indicators.satisfaction import rated_by_year, surveyed_satisfied

DRAWS = 20_000


def _rounds(y, x, *, error=0.0, respondents=2000, first=2018):
    """Return rounds a year apart from log-odds; `error` is their standard error in log-odds."""
    p = expit(np.asarray(y, dtype=float))
    return pd.DataFrame(
        {
            "period": pd.Series([str(first + at) for at in range(len(p))], dtype="str"),
            "value": p,
            "standard_error": error * p * (1 - p),
            "respondents": pd.array([respondents] * len(p), dtype="Int64"),
            "rated": expit(np.asarray(x, dtype=float)),
        }
    )


def _year(rounds, rated=0.84, **more):
    return survey_year(
        rounds,
        None if rated is None else np.array([rated]),
        **{"year": 2021, "draw_count": DRAWS, "rng": np.random.default_rng(1)} | more,
    )


@pytest.fixture
def spread_known(monkeypatch):
    """Let the spread be known to be the one given."""

    def know(spread: float) -> None:
        monkeypatch.setattr(survey_bridge, "SPREADS", np.array([spread]))

    return know


# By hand.


def test_ratings_that_never_move_leave_the_rounds_around_their_mean(spread_known):
    # With x and this year's x alike the slope falls out: mean ± 0.1 · √(1 + 1/3).
    spread_known(0.1)
    year = _year(_rounds([1.4, 1.5, 1.6], [1.7] * 3), expit(1.7))
    drawn = logit(year.values)
    assert drawn.mean() == pytest.approx(1.5, abs=0.003)
    assert drawn.std() == pytest.approx(0.1 * (4 / 3) ** 0.5, rel=0.02)
    assert (year.slope, year.slope_error) == (pytest.approx(1), pytest.approx(0.5))


def test_rounds_that_follow_the_ratings_exactly_go_on_doing_so(spread_known):
    spread_known(1e-6)
    year = _year(_rounds([1.3, 1.4, 1.6], [1.5, 1.6, 1.8]), expit(1.9))
    assert logit(year.values) == pytest.approx(1.7, abs=1e-3)


def test_the_slope_is_shrunk_towards_one_by_hand(spread_known):
    # Precision 1/0.5² = 4 of the prior, Σ(x − mean)²/spread² = 0.02/0.01 = 2 of the rounds, whose own slope is 2.
    spread_known(0.1)
    year = _year(_rounds([1.3, 1.5, 1.7], [1.6, 1.7, 1.8]), expit(1.8))
    assert year.slope == pytest.approx((4 * 1 + 2 * 2) / 6)
    assert year.slope_error == pytest.approx(6**-0.5)
    assert logit(year.values).mean() == pytest.approx(1.5 + 0.1 * 8 / 6, abs=0.004)
    assert logit(year.values).std() == pytest.approx((0.01 / 3 + 0.01 / 6 + 0.01) ** 0.5, rel=0.02)


def test_a_sampling_error_counts_beside_the_spread(spread_known):
    # Each round is known to √(0.08² + 0.06²) = 0.1; this year's sample is as large, so it adds 0.08² again.
    spread_known(0.06)
    year = _year(_rounds([1.5] * 3, [1.7] * 3, error=0.08), expit(1.7))
    assert logit(year.values).std() == pytest.approx((0.01 / 3 + 0.06**2 + 0.08**2) ** 0.5, rel=0.02)
    p = expit(1.5)
    assert year.sampling_error == pytest.approx(0.08 * p * (1 - p), rel=0.01)


def test_four_times_the_sample_halves_its_error_and_a_census_has_none(spread_known):
    spread_known(0.06)
    rounds = _rounds([1.5] * 3, [1.7] * 3, error=0.08, respondents=2001)
    small, large, everybody = (_year(rounds, expit(1.7), planned_respondents=n) for n in (2001, 8001, 2_000_000_000))
    assert large.sampling_error == pytest.approx(small.sampling_error / 2, rel=0.01)
    assert everybody.sampling_error < 1e-4
    assert logit(everybody.values).std() == pytest.approx((0.01 / 3 + 0.06**2) ** 0.5, rel=0.02)


def test_an_error_that_is_not_published_stays_in_the_spread():
    rounds = _rounds([1.4, 1.5, 1.7], [1.7, 1.7, 1.8]).assign(standard_error=float("nan"), respondents=pd.NA)
    year = _year(rounds)
    assert year.method == "bridge"
    assert np.isnan(year.sampling_error)
    told = _rounds([1.4, 1.5, 1.7], [1.7, 1.7, 1.8], error=0.1)
    assert year.spread > _year(told).spread


def test_rounds_that_disagree_with_the_line_widen_it():
    near, far = (_year(_rounds([1.5, 1.5 + off, 1.5], [1.7] * 3, error=0.05)) for off in (0.0, 0.6))
    assert far.spread > 2 * near.spread
    assert np.ptp(np.quantile(far.values, [0.1, 0.9])) > 1.5 * np.ptp(np.quantile(near.values, [0.1, 0.9]))


def test_the_last_round_carried_on_by_hand():
    # Own changes 0.1 and, over two years, 0.4: squares a year 0.01 and 0.08, pooled with 8 · 0.22².
    rounds = _rounds([1.4, 1.5, 1.9], [np.nan] * 3).assign(period=["2016", "2017", "2019"])
    year = _year(rounds, draw_count=200_000)
    change = ((8 * 0.22**2 + 0.01 + 0.08) / 10) ** 0.5
    assert (year.method, year.rounds, year.note) == ("last_round", ("2016", "2017", "2019"), "")
    assert year.spread == pytest.approx(change)
    assert np.median(logit(year.values)) == pytest.approx(1.9, abs=0.005)
    # Student of 10 degrees: variance 10/8; two years on
    assert logit(year.values).std() == pytest.approx(change * (2 * 10 / 8) ** 0.5, rel=0.02)


def test_the_published_changes_are_what_the_module_says():
    folder = Path(__file__).parents[2] / "data" / "published"
    published, breaks = read_published(folder), read_breaks(folder)
    changes: list[float] = []
    for indicator in ("sipas", "own_survey_score"):
        for area in sorted(published.loc[published["indicator"] == indicator, "area"].unique()):
            for stretch in comparable_stretches(published, indicator, area, breaks):
                changes += list(np.diff(logit(stretch["value"].to_numpy(dtype=float) / 100)))
    assert len(changes) == YEARLY_CHANGES
    assert np.sqrt(np.mean(np.square(changes))) == pytest.approx(YEARLY_CHANGE, abs=0.005)


# What decides, and what is not enough.


@pytest.mark.parametrize(("value", "word"), [(0.8101, "met"), (0.81, "missed"), (0.80, "missed")])
def test_the_years_own_figure_decides_strictly(value, word):
    rounds = pd.concat([_rounds([1.9] * 3, [2.0] * 3), _rounds([logit(value)], [2.0], first=2021)])
    rounds.loc[rounds["period"] == "2021", "value"] = value
    year = _year(rounds)
    assert (year.values.tolist(), year.method, year.decided) == ([value], "figure", True)
    assert verdict(year.probability("more_than", 0.81), decided=year.decided) == word


def test_one_figure_is_enough_to_decide():
    assert _year(_rounds([2.0], [2.0], first=2021), None).probability("more_than", 0.81) == 1


def test_an_undecided_promise_is_never_certain():
    year = _year(_rounds([5.0] * 3, [5.0] * 3), expit(5.0))
    assert not year.decided
    assert year.probability("more_than", 0.81) == 0.995


def test_rounds_after_the_year_are_not_looked_at():
    rounds = _rounds([1.4, 1.5, 1.6, 9.0, 9.0], [1.6, 1.7, 1.8, 3.0, 3.0], first=2018)
    after = rounds[rounds["period"] != "2021"]
    assert _year(after).rounds == ("2018", "2019", "2020")
    np.testing.assert_array_equal(_year(after).values, _year(rounds.iloc[:3]).values)


@pytest.mark.parametrize("rated", [0.84, None])
@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_fewer_than_three_rounds_are_not_enough(rounds, rated):
    year = _year(_rounds([1.5] * rounds, [1.7] * rounds), rated)
    assert (year.note, year.method, len(year.values)) == ("not_enough_rounds", "", 0)
    assert np.isnan(year.probability("more_than", 0.81))
    assert verdict(year.probability("more_than", 0.81), decided=year.decided) == "not_estimated"


def test_without_ratings_the_last_round_is_carried_on():
    rounds = _rounds([1.4, 1.5, 1.6], [1.6, np.nan, 1.8])
    assert _year(rounds).method == "last_round"
    full = _rounds([1.4, 1.5, 1.6], [1.6, 1.7, 1.8])
    assert [_year(full, rated).method for rated in (0.84, None, float("nan"))] == ["bridge", "last_round", "last_round"]
    np.testing.assert_array_equal(
        _year(full, None).values,
        last_round_carried_on(full, year=2021, draw_count=DRAWS, rng=np.random.default_rng(1)).values,
    )


def test_a_round_without_ratings_is_left_out_of_the_bridge_when_enough_remain():
    rounds = _rounds([1.4, 1.5, 1.6, 1.7], [1.6, np.nan, 1.8, 1.9], first=2017)
    year = _year(rounds)
    assert (year.method, year.rounds) == ("bridge", ("2017", "2019", "2020"))


def test_draws_of_another_length_are_refused():
    with pytest.raises(ValueError, match="rated has 7 draws; 20000, one or none were expected"):
        survey_year(
            _rounds([1.5] * 3, [1.7] * 3), np.full(7, 0.8), year=2021, draw_count=DRAWS, rng=np.random.default_rng(1)
        )


def test_a_share_printed_as_one_is_no_infinity():
    year = _year(_rounds([1.5] * 3, [1.7] * 3).assign(value=[1.0, 0.9, 1.0], standard_error=float("nan")), 1.0)
    assert np.isfinite(year.values).all()
    assert ((year.values >= 0) & (year.values <= 1)).all()


def test_the_same_seed_gives_the_same_draws():
    rounds = _rounds([1.4, 1.5, 1.6], [1.6, 1.7, 1.8], error=0.09)
    np.testing.assert_array_equal(_year(rounds).values, _year(rounds).values)
    assert (_year(rounds).values != _year(rounds, rng=np.random.default_rng(2)).values).all()


# Which way it moves.

LOG_ODDS = st.lists(st.floats(0.5, 2.5), min_size=3, max_size=6)


@settings(max_examples=25)
@given(LOG_ODDS, st.floats(0.005, 0.5), st.floats(0.01, 0.3))
def test_rounds_all_higher_by_as_much_raise_every_draw_by_as_much(y, lift, error):
    # The sample of the year is left out: its error depends on the level. Rounds of one width in log-odds do not.
    x = np.linspace(1.5, 1.8, len(y))
    low, high = (
        _year(_rounds(np.add(y, by), x, error=error), draw_count=500, planned_respondents=2_000_000_000, year=2030)
        for by in (0.0, lift)
    )
    np.testing.assert_allclose(logit(high.values) - logit(low.values), lift, atol=1e-3)


@settings(max_examples=25)
@given(LOG_ODDS, st.floats(0.0, 1.0), st.floats(0.0, 0.5))
def test_a_year_rated_better_is_never_less_likely_where_the_slope_is_surely_positive(y, at, better):
    x = np.array(y) + 0.3
    rounds = _rounds(y, x, error=0.03)
    low, high = (_year(rounds, expit(1.0 + at + by), draw_count=4000, year=2030) for by in (0.0, better))
    if low.slope < 3 * low.slope_error:
        return
    assert high.probability("more_than", 0.81) >= low.probability("more_than", 0.81) - 0.002


@settings(max_examples=25)
@given(LOG_ODDS, st.tuples(st.floats(0.5, 0.99), st.floats(0.5, 0.99)).map(sorted))
def test_a_higher_threshold_is_never_likelier(y, thresholds):
    year = _year(_rounds(y, np.linspace(1.5, 1.8, len(y)), error=0.09), draw_count=500, year=2030)
    low, high = (year.probability("more_than", threshold) for threshold in thresholds)
    assert high <= low


@settings(max_examples=25)
@given(LOG_ODDS, st.tuples(st.integers(100, 20_000), st.integers(100, 20_000)).map(sorted))
def test_a_larger_sample_is_never_less_sure(y, asked):
    rounds = _rounds(y, np.linspace(1.5, 1.8, len(y)), error=0.09)
    few, many = (_year(rounds, draw_count=500, planned_respondents=n, year=2030) for n in asked)
    assert many.sampling_error <= few.sampling_error


# From the tables of the indicators.


def test_rounds_are_put_beside_the_ratings_of_their_years():
    surveys = pd.DataFrame(
        [
            ("surveyed_provincial", "total", "2020", 0.82, 0.01, 2200, "a"),
            ("surveyed_provincial", "total", "2018", 0.80, 0.01, 2250, "a"),
            ("surveyed_provincial", "total", "2019-pilot", 0.70, 0.01, 90, "a"),
            ("surveyed_provincial", "total", "2017", None, None, 12, "a"),
            ("surveyed_provincial", "stp", "2020", 0.90, 0.05, 60, "a"),
            ("sipas", "khanh-hoa", "2020", 0.8182, None, None, "sipas-2017"),
            ("sipas", "khanh-hoa", "2023", 0.8109, None, None, "sipas-2022"),
        ],
        columns=["indicator", "series", "period", "value", "standard_error", "respondents", "method"],
    )
    rated = pd.DataFrame({"series": ["total", "stp"], "period": ["2020", "2020"], "value": [0.85, 0.5]})
    rounds = rounds_of(surveys, rated, indicator="surveyed_provincial")
    assert rounds.columns.tolist() == COLUMNS
    assert rounds["period"].tolist() == ["2018", "2020"]
    assert rounds["rated"].tolist() == [pytest.approx(float("nan"), nan_ok=True), 0.85]
    sipas = rounds_of(surveys, rated, indicator="sipas", series="khanh-hoa", method="sipas-2022")
    assert sipas["period"].tolist() == ["2023"]


def test_nothing_known_is_no_rounds():
    nothing = rounds_of(
        surveyed_satisfied(empty(Survey)),
        rated_by_year(pd.DataFrame(columns=MEASURED)),
        indicator="surveyed_provincial",
    )
    assert nothing.empty
    assert _year(nothing).note == "not_enough_rounds"
