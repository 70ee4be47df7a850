"""No leak: what is said at an origin hangs on nothing that came after it."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.backtest.comparisons import COMPARISONS
from analysis.forecast.backtest.rolling import OWN_MODELS, GradedPanel, rolling
from analysis.forecast.panel import Panel


@pytest.fixture(scope="module")
def panel(walk_panel) -> Panel:
    """Seven series of 42 months: gaps, a late start, none, all, and few cases among them."""
    of = walk_panel(series=7, periods=42)
    K, N = of.numerator.copy(), of.denominator.copy()
    K[1, 5:8] = N[1, 5:8] = np.nan
    K[2, :27] = N[2, :27] = np.nan
    K[3], K[4] = 0, N[4]
    N[5] = np.minimum(N[5], 3)
    K[5] = np.minimum(K[5], N[5])
    return Panel(of.series, of.periods, K, N)


def said(
    panel: Panel, quarters: int, year: int, *, members=(*OWN_MODELS, *COMPARISONS), seed: int = 1
) -> dict[str, tuple]:
    """Return by model the values, the totals and the thresholds of a year.

    Origins before it are gone through, but nobody asks their models: what a year's say hangs on nothing they said.
    """
    graded = GradedPanel.with_total(panel)
    for at in rolling(graded, quarters, rule="at_least", members=frozenset(members), seed=seed):
        if at.year == year:
            return {one.model: (one.values, one.total, at.limits, at.series) for one in at.by_model}
    raise AssertionError(f"nothing was said of {year}")


@pytest.fixture(scope="module")
def said_of_2020(panel):
    """Everything said of 2020, computed once for each number of quarters known; at its start by our models alone."""
    return cache(lambda quarters: said(panel, quarters, 2020, members=members_of(quarters)))


def members_of(quarters: int) -> tuple[str, ...]:
    return (*OWN_MODELS, *COMPARISONS) if quarters else OWN_MODELS


def same(one: dict[str, tuple], other: dict[str, tuple]) -> None:
    assert list(one) == list(other)
    for model in one:
        for mine, theirs in zip(one[model], other[model], strict=True):
            np.testing.assert_array_equal(mine, theirs, err_msg=model)


@pytest.mark.parametrize("quarters", [0, 2])
def test_what_comes_after_an_origin_changes_nothing_at_it(panel, said_of_2020, quarters):
    origin = pd.Period("2019-12", "M") + 3 * quarters
    known = panel.until(origin)
    rng = np.random.default_rng(3)
    K, N = panel.numerator.copy(), panel.denominator.copy()
    later = np.arange(42) >= len(known.periods)
    N[:, later] = rng.poisson(500, N[:, later].shape)
    K[:, later] = rng.binomial(N[:, later].astype(int), 0.9)
    full = said_of_2020(quarters)
    members = members_of(quarters)
    same(full, said(known, quarters, 2020, members=members))
    same(full, said(Panel(panel.series, panel.periods, K, N), quarters, 2020, members=members))


def test_a_series_that_starts_after_an_origin_changes_nothing_at_it(panel):
    rows = [0, 1, 3, 4, 5, 6]
    same(said(panel, 1, 2019, members=OWN_MODELS), said(panel.only(np.array(rows)), 1, 2019, members=OWN_MODELS))
    assert "s02" not in said(panel, 1, 2020, members={"hub"})["hub"][3]  # three months by then
    assert "s02" in said(panel, 1, 2021, members={"hub"})["hub"][3]


def test_same_seed_same_bits_and_other_seed_other_numbers(panel):
    one = said(panel, 3, 2020, members={"hub"})
    same(one, said(panel, 3, 2020, members={"hub"}))
    assert not np.array_equal(said(panel, 3, 2020, members={"hub"}, seed=2)["hub"][0], one["hub"][0])


def test_models_asked_for_are_the_same_alone_and_together(panel):
    together = said(panel, 2, 2020, members={"hub", "npeb", "dressed_chosen", "raw_ytd"})
    for model in together:
        same({model: together[model]}, said(panel, 2, 2020, members={model}))


def test_an_unfinished_year_has_said_and_not_seen(panel):
    graded = GradedPanel.with_total(panel)
    found = {at.year: at for at in rolling(graded, 1, rule="at_most", members=frozenset({"npeb"}), seed=1)}
    assert np.isnan(found[2021].observed).all()
    assert np.isnan(found[2021].total_observed)
    assert np.isfinite(found[2020].observed).all()
    K, N = panel.counts_of(2020)
    assert found[2020].observed[0] == K[0].sum() / N[0].sum()
    assert found[2020].total_observed == pytest.approx(np.nansum(K) / np.nansum(N))


def test_all_values_are_shares_and_edges_stay_edges(said_of_2020):
    for model, (values, total, _, series) in said_of_2020(2).items():
        finite = values[np.isfinite(values).all(axis=1)]
        assert ((finite >= 0) & (finite <= 1)).all(), model
        assert ((total >= 0) & (total <= 1)).all(), model
        if model in ("hub", "npeb"):
            assert (values[series.index("s03")] == 0).mean() > 0.5
            assert (values[series.index("s04")] == 1).mean() > 0.5
