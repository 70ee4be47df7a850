import numpy as np
import pandas as pd
import pytest

from analysis.forecast.ensemble import rank_levels
from analysis.forecast.futures import fit_panel
from analysis.forecast.origin_state import fit_year
from analysis.forecast.origins import Origins
from analysis.forecast.panel import Panel
from analysis.forecast.paths import year_paths
from moved_panels import moved_panel, step


def run(panel, headline=("s00", "s01"), year=2021, **changes):
    settings = {"draw_count": 200, "seed": 7, "key": "uptake"} | changes
    return year_paths(panel, year, headline, **settings)


@pytest.fixture(scope="module")
def known(walk_panel) -> Panel:
    """Three years and six months of ten series."""
    return walk_panel(series=10, periods=42)


@pytest.fixture(scope="module")
def paths(known):
    return run(known)


def test_counts_are_possible_and_whole(paths):
    assert paths.numerator.shape == (2, 200, 6)
    assert paths.numerator.dtype == np.int64
    assert (paths.numerator >= 0).all()
    assert (paths.numerator <= paths.denominator).all()
    assert paths.periods[0] == pd.Period("2021-07", freq="M")


def test_year_end_shares_are_the_hubs_on_the_ranks_of_the_models_paths(known, paths):
    now = Origins(known, 7, "uptake").compute(known.origin, 2021)
    fit, pooled = now.fit, now.ensemble
    K, N = fit.simulate(0, seed=7, key="uptake", common=fit.common(7, 200))
    so_far = known.numerator[0, 36:].sum(), known.denominator[0, 36:].sum()
    own = (so_far[0] + K.sum(axis=0)) / (so_far[1] + N.sum(axis=0))
    mapped = (so_far[0] + paths.numerator[0].sum(axis=1)) / (so_far[1] + paths.denominator[0].sum(axis=1))
    expected = np.sort(pooled.quantiles(np.array([0]), own[None], rank_levels(200))[0])
    inside = (expected > mapped.min()) & (expected < mapped.max())
    # a whole case is 1/(cases of the year): nothing else may move a value
    case = 1 / (so_far[1] + paths.denominator[0].sum(axis=1)).min()
    np.testing.assert_allclose(np.sort(mapped)[inside], expected[inside], atol=case)
    assert pd.Series(mapped).corr(pd.Series(own), method="spearman") > 0.999
    np.testing.assert_array_equal(paths.denominator[0], N.T)


def test_frame_holds_each_number_in_its_place(paths):
    frame = paths.to_frame()
    assert list(frame.columns) == ["series", "period", "draw", "numerator", "denominator"]
    cell = frame[(frame["series"] == "s01") & (frame["period"] == "2021-08") & (frame["draw"] == 2)].iloc[0]
    assert (cell["numerator"], cell["denominator"]) == (paths.numerator[1, 2, 1], paths.denominator[1, 2, 1])


def test_same_seed_same_bits_and_other_seed_or_key_other_numbers(known, paths):
    np.testing.assert_array_equal(run(known).numerator, paths.numerator)
    for other in (run(known, seed=8), run(known, key="overdue")):
        assert not np.array_equal(other.numerator, paths.numerator)


def test_without_diagnostics_every_draw_and_weight_is_the_same(known, paths):
    bare = run(known, diagnose=False)
    np.testing.assert_array_equal(bare.numerator, paths.numerator)
    np.testing.assert_array_equal(bare.denominator, paths.denominator)
    pd.testing.assert_frame_equal(bare.weights, paths.weights)
    assert len(bare.diagnostics) == len(bare.components) == 0 < len(paths.diagnostics)
    assert list(bare.diagnostics.columns) == list(paths.diagnostics.columns)


def test_another_headline_series_changes_no_other(known, paths):
    among = run(known, ("s05", "s01", "s00"))
    np.testing.assert_array_equal(among.numerator[2], paths.numerator[0])
    np.testing.assert_array_equal(among.denominator[1], paths.denominator[1])


def test_a_series_that_starts_later_changes_nothing(known, paths):
    empty = np.full((1, 42), np.nan)
    more = Panel(
        (*known.series, "s99"),
        known.periods,
        np.vstack([known.numerator, empty]),
        np.vstack([known.denominator, empty]),
    )
    np.testing.assert_array_equal(run(more).numerator, paths.numerator)


def test_weights_say_what_each_series_is_pooled_from(paths):
    sums = paths.weights.groupby("series")["weight"].sum()
    np.testing.assert_allclose(sums, 1.0)
    assert set(paths.weights["member"]) >= {"npeb", "stacked", "scaled_seasonal_naive"}


def test_a_history_that_is_too_short_is_left_out(known):
    K, N = known.numerator.copy(), known.denominator.copy()
    K[1, :20] = N[1, :20] = np.nan  # 22 months
    K[2, :35] = N[2, :35] = np.nan  # seven
    paths = run(Panel(known.series, known.periods, K, N), ("s00", "s01", "s02"))
    assert paths.series == ("s00", "s01")
    assert paths.diagnostics.set_index("series")["history"].to_dict() == {"s00": 42, "s01": 22}


def test_a_series_at_none_stays_there_in_most_draws(known):
    K = known.numerator.copy()
    K[:6] = 0
    paths = run(Panel(known.series, known.periods, K, known.denominator), ("s00",))
    assert (paths.numerator[0].sum(axis=1) == 0).mean() > 0.9


def test_no_series_to_forecast_is_no_paths(walk_panel):
    assert run(walk_panel(periods=5), ("s00",), year=2018) is None


def test_a_break_widens_the_share(known, paths):
    wide = run(known, breaks={pd.Period("2021-07", freq="M"): 0.5})
    spread = [np.ptp(np.quantile(one.numerator[0].sum(axis=1), [0.1, 0.9])) for one in (paths, wide)]
    assert spread[1] > 1.3 * spread[0]


def test_arguments_out_of_range_are_refused(known):
    with pytest.raises(ValueError, match="twice"):
        run(known, ("s00", "s00"))
    with pytest.raises(ValueError, match="below zero"):
        run(known, breaks={known.periods[3]: -1.0})


def test_fits_of_a_year_see_four_years_and_no_more(walk_panel):
    long = walk_panel(periods=80)
    fit = fit_year(long, 2024)
    assert fit.panel.periods[0] == pd.Period("2020-01", freq="M")
    assert len(fit.future) == 4
    assert isinstance(fit, type(fit_panel(long, 1)))


def test_breaks_of_the_last_two_years_say_whether_they_stay_and_what_is_left():
    panel = moved_panel(step(42), series=10)  # from July 2020, known to December
    declared = {pd.Period("2020-07", "M"): 0.5, pd.Period("2020-10", "M"): 0.5}
    found, known = (
        year_paths(panel, 2021, ["s00"], draw_count=20, seed=1, key="x", breaks=breaks, diagnose=False).breaks
        for breaks in (None, declared)
    )
    assert found[["period", "declared"]].to_numpy().tolist() == [["2020-07", False]]
    assert known[["period", "declared"]].to_numpy().tolist() == [["2020-07", True]]  # in October nothing moved
    assert 0.8 < found["stays"].item() <= found["left"].item() <= 1
    calm = year_paths(moved_panel(np.zeros(48)), 2021, ["s00"], draw_count=20, seed=1, key="x", diagnose=False).breaks
    assert list(calm) == ["period", "declared", "stays", "left"]
    assert calm.empty
