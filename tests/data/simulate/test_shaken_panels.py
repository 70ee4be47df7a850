"""Simulated jumps are what their truth says: when, how large, and how much of them is left."""

import numpy as np
import pandas as pd
from scipy.special import logit

from analysis.data.simulate.shaken_panels import FADING, YEAR_OF_THE_JUMP, calm_panels, shaken_panels

COUNTS, TRUTH = shaken_panels(40, seed=5)


def _shares(panel: str) -> pd.DataFrame:
    """Return log-odds by series and period, half a case added on either side."""
    rows = COUNTS[COUNTS["panel"] == panel]
    z = logit((rows["numerator"] + 0.5) / (rows["denominator"] + 1))
    return rows.assign(z=z).pivot_table(index="series", columns="period", values="z")


def test_panels_have_ten_to_eighty_series_of_eight_years_and_every_fourth_is_of_quarters():
    sizes = COUNTS.groupby("panel").agg(series=("series", "nunique"), periods=("period", "nunique"))
    assert sizes["series"].between(10, 80).all()
    assert sizes["periods"].tolist() == [96, 96, 96, 32] * 10
    assert (COUNTS["numerator"] <= COUNTS["denominator"]).all()


def test_the_median_series_jumps_by_the_size_in_its_period():
    for truth in TRUTH[(TRUTH["ramp"] == 1) & (TRUTH["fading"] == "stays")].itertuples():
        z = _shares(truth.panel)
        at = list(z.columns).index(truth.period)
        after, before = z.iloc[:, at + 1 : at + 7].mean(axis=1), z.iloc[:, at - 6 : at].mean(axis=1)
        assert np.sign((after - before).median()) == np.sign(truth.size)
        assert abs((after - before).median() - truth.size) < 0.6  # seasons and walks move them, too
        assert truth.period.startswith(str(YEAR_OF_THE_JUMP))


def test_there_is_every_way_to_fade_and_both_directions():
    assert set(TRUTH["fading"]) == set(FADING)
    assert set(np.sign(TRUTH["size"])) == {-1, 1}
    assert TRUTH["size"].abs().between(0.8, 2).all()


def test_a_calm_panel_is_the_same_but_for_the_jump():
    calm = calm_panels(3, seed=5)
    assert calm["panel"].nunique() == 3
    first = COUNTS[COUNTS["panel"] == "panel-000"]
    same = calm[calm["panel"] == "panel-000"]
    before = first["period"] < TRUTH["period"].iloc[0]
    assert len(same) == len(first)
    # as many cases come; a share is drawn anew from the same log-odds
    pd.testing.assert_series_equal(
        same["denominator"].reset_index(drop=True), first["denominator"].reset_index(drop=True)
    )
    gap = (same["numerator"].to_numpy() - first["numerator"].to_numpy()) / first["denominator"].clip(lower=1)
    assert abs(gap[before].mean()) < 0.01
    assert abs(gap[~before].mean()) > 0.02


def test_more_panels_leave_the_first_as_they_are():
    fewer, truth = shaken_panels(2, seed=5)
    assert truth.equals(TRUTH.head(2))
    assert fewer.equals(COUNTS[COUNTS["panel"].isin(truth["panel"])].reset_index(drop=True))
