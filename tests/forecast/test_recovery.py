"""What is left of a jump, how long it lasts, and what a forecast makes of it."""

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.futures import fit_panel
from analysis.forecast.recovery import RECOVERIES, STAYS, Recovery, estimated_jumps
from moved_panels import faded, moved_panel, step


@pytest.mark.parametrize(
    ("recovery", "left"),
    [
        (Recovery(None), [0, 1, 1, 1]),
        (Recovery(6), [0, 1, 0.5, 0]),
        (Recovery(12), [0, 1, 0.75, 0.25]),
        (Recovery(6, "exponential"), [0, 1, np.exp(-1), np.exp(-3)]),
    ],
)
def test_what_is_left_before_at_and_three_and_nine_months_after_a_break(recovery, left):
    np.testing.assert_allclose(recovery.remaining(np.array([-1.0, 0.0, 3.0, 9.0])), left)


def test_at_the_break_every_recovery_has_its_weight_of_before():
    shares = fit_panel(moved_panel(step(47)), 3).shares
    assert shares.recoveries == RECOVERIES
    assert shares.stays == pytest.approx(STAYS, abs=0.01)
    assert shares.weights.sum() == pytest.approx(1)


def test_months_after_a_break_tell_a_jump_that_stays_from_one_that_fades():
    stays, fades = (fit_panel(moved_panel(move), 3).shares for move in (step(36), faded(36, 12)))
    assert stays.stays > 0.9
    assert fades.stays < 0.05
    # twelve months after its break a jump of a year is gone
    assert fades.left(12) == pytest.approx(0, abs=0.15)
    assert stays.left(12) > 0.9


def test_a_forecast_goes_back_to_where_it_was_and_no_further():
    """Six months into a fall that is over after twelve: the plain model would carry the climb on."""
    panel = moved_panel(faded(42, 12), series=30)
    fit = fit_panel(panel, 12)
    ahead = np.array(
        [
            np.median(fit.link_values(row, seed=1, key="x", common=fit.common(1, 400)), axis=1)
            - fit.share.future_season[row]
            for row in range(30)
        ]
    )
    before = (fit.share.y + fit.share.past_jumps)[:, 30:42].mean(axis=1)
    off = np.median(ahead - before[:, None], axis=0)
    assert off[0] < -0.4  # half of it is left at the origin
    assert abs(off[-1]) < 0.25  # nothing a year later


def test_a_draw_has_the_same_recovery_for_all_series_and_for_its_mirror_image():
    fit = fit_panel(moved_panel(step(47), series=10), 12)
    assert len(fit.shares.fits) == len(RECOVERIES)
    common = fit.common(1, 200)
    paths = np.array([fit.link_values(row, seed=1, key="x", common=common)[-1] for row in range(10)])
    drawn = np.searchsorted(np.cumsum(fit.shares.weights)[:-1], common.recovery)
    stays = np.tile(drawn == len(RECOVERIES) - 1, 2)
    assert stays.mean() == pytest.approx(fit.shares.weights[-1], abs=0.01)
    # every series is lower by the end where the fall stays
    assert (paths[:, stays].mean(axis=1) < paths[:, ~stays].mean(axis=1) - 0.5).all()


def test_an_odd_number_of_draws_and_a_panel_of_quarters_are_drawn_whole():
    months = moved_panel(step(42), months=48)
    quarters = pd.period_range("2017Q1", periods=16, freq="Q")
    K, N = (counts.reshape(12, 16, 3).sum(axis=2) for counts in (months.numerator, months.denominator))
    fit = fit_panel(type(months)(months.series, quarters, K, N), 4)
    assert [str(period) for period in fit.breaks] == ["2020Q3"]
    assert fit.link_values(0, seed=1, key="x", common=fit.common(1, 101)).shape == (4, 101)


def test_jumps_are_taken_out_of_the_observations_and_put_back_ahead():
    fit = fit_panel(moved_panel(faded(36, 24)), 3)
    plain = fit_panel(moved_panel(np.zeros(48)), 3)
    share = fit.share
    np.testing.assert_array_equal(plain.share.past_jumps, 0)
    np.testing.assert_array_equal(share.past_jumps[:, :36], 0)
    assert np.median(share.past_jumps[:, 36]) == pytest.approx(-1.5, abs=0.25)
    observed = share.y + share.past_season + share.past_jumps
    np.testing.assert_allclose(observed, fit.panel.observations().y, atol=1e-12)
    assert (share.future_jumps[:, 0] < -0.2).all()
    assert (np.diff(np.abs(share.future_jumps), axis=1) <= 0).all()


@pytest.mark.parametrize("stays_then_fades", [True, False])
def test_an_old_break_does_not_say_how_long_a_new_one_lasts(stays_then_fades):
    first = step(20) if stays_then_fades else faded(20, 9)
    fit = fit_panel(moved_panel(first + step(47, 1.5), series=20), 12)
    assert [str(period) for period in fit.breaks] == ["2018-09", "2020-12"]
    assert fit.shares.stays == pytest.approx(STAYS, abs=0.02)
    # what is left of the first is settled: all of it, or nothing
    before_the_second = np.median(fit.share.past_jumps[:, 46])
    assert before_the_second == pytest.approx(-1.5 if stays_then_fades else 0.0, abs=0.3)


def test_what_fades_after_a_break_is_no_second_break():
    assert [str(period) for period in fit_panel(moved_panel(faded(36, 9), series=20), 3).breaks] == ["2020-01"]


def test_a_jump_is_shrunk_to_the_median_by_its_uncertainty_and_bodies_that_begin_with_it_have_the_median():
    panel = moved_panel(step(40), series=20)
    K, N = panel.numerator.copy(), panel.denominator.copy()
    N[0], K[0] = 2, np.round(2 * K[0] / panel.denominator[0])  # two cases a month
    K[1, 40:], N[1, 40:] = 190, 200  # jumps up against all others, and is sure of it
    K[2, :40], N[2, :40] = np.nan, np.nan  # begins with the break
    fit = fit_panel(type(panel)(panel.series, panel.periods, K, N), 3).share
    jumps = estimated_jumps(fit, [40], (np.arange(51) >= 40.0)[None], np.ones(20, bool), np.zeros((20, 51)))
    # `fit` has the jumps out already: what is estimated again is nothing, but for the mistakes of the first estimate
    assert np.median(jumps) == pytest.approx(0, abs=0.05)
    at = fit.past_jumps[:, 40]
    usual = np.median(at[3:])
    assert at[2] == pytest.approx(np.median(at), abs=1e-6)
    assert at[1] > 0.5
    assert abs(at[0] - usual) < 0.5
