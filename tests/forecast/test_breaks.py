"""Breaks are found where most series moved for longer than a period, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.breaks import MISS_OF_A_BREAK, median_misses
from analysis.forecast.futures import fit_panel
from analysis.forecast.panel import Panel
from moved_panels import moved_panel, step


def breaks_of(panel, declared=None, **how):
    return [str(period) for period in fit_panel(panel, 3, breaks=declared, **how).breaks]


@pytest.mark.parametrize("size", [-1.5, 1.5])
@pytest.mark.parametrize("at", [30, 47])
def test_a_jump_of_all_series_is_found_where_it_came_even_in_the_last_period(at, size):
    panel = moved_panel(step(at, size))
    assert breaks_of(panel) == [str(panel.periods[at])]


def test_a_panel_without_a_jump_has_no_break():
    assert breaks_of(moved_panel(np.zeros(48))) == []


def test_a_move_that_is_over_the_month_after_is_an_outlier_and_no_break():
    assert breaks_of(moved_panel(step(30, until=31))) == []
    assert breaks_of(moved_panel(step(30, until=32)))[0] == "2019-07"


def test_two_jumps_are_found_both():
    assert breaks_of(moved_panel(step(28) + step(42, 1.4))) == ["2019-05", "2020-07"]


def test_less_than_two_years_or_eight_series_say_nothing_of_a_break():
    assert breaks_of(moved_panel(step(18, months=23), months=23)) == []
    assert breaks_of(moved_panel(step(30), series=7)) == []
    assert breaks_of(moved_panel(step(30), series=8)) == ["2019-07"]


def test_a_declared_break_counts_where_the_level_moved_even_with_few_series():
    declared = {pd.Period("2019-07", "M"): 0.5}
    assert breaks_of(moved_panel(step(30), series=3), declared) == ["2019-07"]
    assert breaks_of(moved_panel(np.zeros(48)), declared) == []


def test_only_the_peers_are_looked_at():
    jumping, calm = moved_panel(step(30)), moved_panel(np.zeros(48), seed=1)
    names = (*(f"a{name}" for name in calm.series), *(f"b{name}" for name in jumping.series))
    both = Panel(
        names,
        calm.periods,
        np.vstack([calm.numerator, jumping.numerator]),
        np.vstack([calm.denominator, jumping.denominator]),
    )
    assert breaks_of(both, peers=names[12:]) == ["2019-07"]
    assert breaks_of(both, peers=names[:12]) == []


def test_misses_are_in_medians_of_what_was_claimed():
    fit = fit_panel(moved_panel(np.zeros(48), series=60), 3)
    misses = median_misses(fit.share, fit.peers)
    assert np.isnan(misses[0])  # the first observation sets the level
    assert np.nanmedian(misses) == pytest.approx(1, abs=0.25)
    # what a break adds at its own period is no part of the claim
    broken = fit_panel(moved_panel(step(30)), 3)
    assert median_misses(broken.share, broken.peers)[30] < MISS_OF_A_BREAK  # its jump is taken out
    declared = fit_panel(moved_panel(step(30)), 3, breaks={pd.Period("2019-07", "M"): 0.5})
    assert declared.breaks == broken.breaks
