"""What a year is forecast from: earlier years as they were forecast then, and a first year without any."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.forecast.backtest.scores import crps
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import LEVELS
from analysis.forecast.ensemble import SPREAD_AFTER_A_BREAK
from analysis.forecast.origins import Origins, recent_breaks
from analysis.forecast.panel import Panel
from moved_panels import moved_panel, step

FIRST = pd.Period("2018-01", "M")


@pytest.fixture(scope="module")
def strong_season() -> Panel:
    """Sixteen series whose share goes from 5 to 70 % and back every year."""
    rng, months = np.random.default_rng(4), np.arange(36)
    season = 2 * np.sin(2 * np.pi * months / 12) + np.cos(4 * np.pi * months / 12)
    z = rng.normal(-1, 0.5, (16, 1)) + season + np.cumsum(rng.normal(0, 0.04, (16, 36)), axis=1)
    N = rng.poisson(300, z.shape).astype(float)
    K = rng.binomial(N.astype(int), expit(z)).astype(float)
    return Panel(tuple(f"s{u:02d}" for u in range(16)), pd.period_range(FIRST, periods=36, freq="M"), K, N)


@pytest.mark.parametrize("months", [12, 14])
def test_a_first_year_with_a_strong_season_is_forecast_as_well_as_by_the_best_rule(strong_season, months):
    first = FIRST + 24
    origins = Origins(strong_season.between(first - months, first + 11), 1, "x")
    outcome = strong_season.year_share(first.year)
    for quarters in range(4):
        here = origins.compute(first - 1 + 3 * quarters, first.year)
        values = here.draws().shares(here.state)
        best = min(np.abs(here.state.points[name] - outcome).mean() for name in BASELINES)
        assert crps(values, outcome).mean() <= 1.05 * best


def test_each_origin_is_computed_once_and_later_years_learn_from_its_ensemble(walk_panel):
    panel = walk_panel(series=6, periods=42)
    origins = Origins(panel, 1, "x")
    now = origins.compute(panel.origin, 2021)
    # what was forecast from half a year knew no season: nothing is learnt from it
    assert [past.year for past in now.past] == [2019, 2020]
    assert sorted(origins.states) == [pd.Period(f"{year}-06", "M") for year in (2018, 2019, 2020, 2021)]
    then = Origins(panel.until(pd.Period("2020-06", "M")), 1, "x").compute(pd.Period("2020-06", "M"), 2020)
    every = np.arange(len(then.state.series))
    raw = then.ensemble.unstretched_quantiles(every, then.simulated.shares(then.state), LEVELS)
    np.testing.assert_array_equal(now.past[-1].quantiles, raw)


def test_a_break_is_known_from_the_period_it_arrives_at_and_at_the_last_origin_ahead(walk_panel):
    panel = walk_panel(series=6, periods=42)
    ahead = {pd.Period("2020-09", "M"): 0.5, pd.Period("2021-09", "M"): 0.5}
    origins = Origins(panel, 1, "x", breaks=ahead)
    assert origins._breaks_at(pd.Period("2020-06", "M")) == {}
    assert list(origins._breaks_at(pd.Period("2020-09", "M"))) == [pd.Period("2020-09", "M")]
    assert origins._breaks_at(panel.origin) == ahead
    # 2020 was forecast in June and the break came in September: it says nothing of how right forecasts are
    assert [past.year for past in origins.compute(panel.origin, 2021).past] == [2019]
    assert [past.year for past in origins.compute(pd.Period("2020-12", "M"), 2021).past] == [2019, 2020][:1]


def test_after_a_break_that_was_found_the_model_stands_alone_and_years_it_overtook_teach_nothing():
    panel = moved_panel(step(42, months=54), series=12, months=54)  # from July 2020
    origins = Origins(panel, 1, "x")
    june = pd.Period("2020-06", "M")
    calm, after, last = (origins.compute(june + 12 * years, 2020 + years) for years in (0, 1, 1))
    assert calm.fit.breaks == ()
    assert calm.ensemble.weights[:, 0].max() < 1
    assert [past.year for past in calm.past] == [2018, 2019]
    assert [str(period) for period in after.fit.breaks] == ["2020-07"]
    # 2020 was forecast in June and the break came in July
    assert [past.year for past in after.past] == [2018, 2019]
    np.testing.assert_array_equal(after.ensemble.weights[:, 0], 1)
    assert after.ensemble.spread_factor == SPREAD_AFTER_A_BREAK[12]
    assert last.state.breaks == after.fit.breaks


def test_two_years_after_a_break_the_ensemble_is_back_and_still_knows_what_it_overtook():
    panel = moved_panel(step(26, months=60), series=12, months=60)  # from March 2019
    now = Origins(panel.until(pd.Period("2021-06", "M")), 1, "x").compute(pd.Period("2021-06", "M"), 2021)
    assert [str(period) for period in now.fit.breaks] == ["2019-03"]
    assert recent_breaks(now.fit) == []
    assert (now.ensemble.weights[:, 0] < 1).all()
    assert [past.year for past in now.past] == [2018, 2019, 2020]
    march = Origins(panel.until(pd.Period("2021-03", "M")), 1, "x").compute(pd.Period("2021-03", "M"), 2021)
    assert [past.year for past in march.past] == [2018, 2019, 2020]
    december = Origins(panel.until(pd.Period("2020-12", "M")), 1, "x").compute(pd.Period("2020-12", "M"), 2021)
    assert [past.year for past in december.past] == [2018, 2020]


def test_a_break_that_the_window_has_left_behind_still_says_which_year_teaches_nothing():
    panel = moved_panel(step(28, months=93), series=8, months=93)  # from May 2019; forecast from September 2024
    now = Origins(panel, 1, "x").compute(panel.origin, 2024)
    assert now.fit.panel.periods[0] > pd.Period("2019-05", "M")
    assert now.fit.breaks == ()
    assert [past.year for past in now.past] == [2018, 2019, 2020, 2021, 2022, 2023]
    march = panel.until(pd.Period("2024-03", "M"))
    then = Origins(march, 1, "x").compute(march.origin, 2024)
    assert [past.year for past in then.past] == [2018, 2020, 2021, 2022, 2023]  # 2019 was forecast in March


def test_the_year_after_a_fall_that_stays_is_forecast_from_where_it_fell_to(monkeypatch):
    panel = moved_panel(step(42, months=60), series=20, months=60)
    origin, outcome = pd.Period("2020-12", "M"), panel.year_share(2021)

    def off():
        here = Origins(panel.until(origin), 1, "x").compute(origin, 2021)
        return float(np.abs(np.median(here.draws().shares(here.state), axis=1) - outcome).mean())

    knowing = off()
    monkeypatch.setattr("analysis.forecast.breaks.MISS_OF_A_BREAK", np.inf)
    assert knowing < 0.7 * off()
