import numpy as np
import pandas as pd
import pytest

from analysis.forecast.overdue_stock import PEERS, pace, with_stock_resolved
from analysis.forecast.panel import Panel
from analysis.forecast.paths import Paths

MONTHS = pd.period_range("2020-10", periods=12, freq="M")


def stock(resolved: list[int], lying: list[int]) -> Panel:
    """Two series, steady over twelve months."""
    K = np.repeat(np.array(resolved, dtype=float)[:, None], 12, axis=1)
    return Panel(("a", "b"), MONTHS, K, K + np.array(lying, dtype=float)[:, None])


def paths(late: int, *, draws: int = 4000, horizon: int = 3) -> Paths:
    numerator = np.full((2, draws, horizon), late)
    nothing = pd.DataFrame()
    future = pd.period_range("2021-10", periods=horizon, freq="M")
    return Paths(("a", "b"), future, numerator, np.full(numerator.shape, 50), nothing, nothing, nothing)


def test_pace_is_what_was_resolved_of_what_could_be_drawn_towards_all_series():
    resolves, stays = pace(stock([6, 2], [4, 8]))
    whole = (12 * 8 + 0.5) / (12 * 20 + 1)
    assert resolves.tolist() == pytest.approx([72 + PEERS * whole, 24 + PEERS * whole])
    assert stays.tolist() == pytest.approx([48 + PEERS * (1 - whole), 96 + PEERS * (1 - whole)])


def test_no_draw_has_fewer_late_than_are_resolved_of_those_on_the_desk():
    before, of = paths(0), stock([600, 600], [400, 100])
    found = with_stock_resolved(before, of, seed=1, key="overdue")
    year = found.numerator.sum(axis=2)
    # a case on the desk is resolved in a month with chance .6: within three months all but .4 cubed of them
    assert year[0].mean() == pytest.approx(min(400 * (1 - 0.4**3), 150), abs=1)  # no more than are resolved at all
    chance = (12 * 600 + PEERS * 1200 / 1700) / (12 * 700 + PEERS)
    assert year[1].mean() == pytest.approx(100 * (1 - (1 - chance) ** 3), abs=0.5)
    assert (found.numerator <= found.denominator).all()
    np.testing.assert_array_equal(found.denominator, before.denominator)


def test_draws_that_have_more_stay_as_they_are():
    before = paths(40)
    np.testing.assert_array_equal(
        with_stock_resolved(before, stock([6, 6], [4, 4]), seed=1, key="x").numerator, before.numerator
    )


def test_an_empty_desk_or_an_unknown_one_changes_nothing():
    before = paths(0, draws=10)
    assert not with_stock_resolved(before, stock([6, 6], [0, 0]), seed=1, key="x").numerator.any()
    elsewhere = Panel(("z",), MONTHS, np.ones((1, 12)), np.full((1, 12), 9.0))
    assert not with_stock_resolved(before, elsewhere, seed=1, key="x").numerator.any()
    gone = stock([6, 6], [4, 4])
    K, N = gone.numerator.copy(), gone.denominator.copy()
    K[:, -1] = N[:, -1] = np.nan
    assert not with_stock_resolved(before, Panel(gone.series, MONTHS, K, N), seed=1, key="x").numerator.any()


def test_same_seed_same_bits():
    before, of = paths(0, draws=50), stock([6, 6], [40, 40])
    one, two, other = (with_stock_resolved(before, of, seed=seed, key="x").numerator for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
