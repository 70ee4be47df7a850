"""What a list's items teach about when the open ones will be done."""

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.forecast import slippage
from analysis.forecast.shocks import stream
from analysis.forecast.slippage import (  # fmt: skip
    BINS,
    EDGES,
    FIRST_PACE,
    FIRST_SPREAD,
    SHARED,
    SHOCK_SPREAD,
    STEP_SPREAD,
    SlippageRecord,
    done_by,
    paces,
    slippage_record,
)
from dated_lists import item, listed

LAST = pd.Timestamp("2021-12-14")
BEFORE = [125, 120, 60, 15, 15, 10, 10, 10]
"""Days of the year before the planned day, by bin."""


def _past(*rows, as_of="2021-09-20"):
    items = listed(*rows, as_of=as_of)
    return slippage_record(items.table, as_of=items.as_of)


def _uniforms(draws, seed=1):
    return np.random.default_rng(seed).random((draws, BINS))


def test_an_item_done_five_days_late_waited_a_year_and_five_days():
    past = _past(item("a", "2021-06-14", "2021-06-19"))
    assert past.days_at_risk.tolist() == [*BEFORE, 5, *[0] * 8]
    assert past.done.tolist() == [*[0] * 8, 1, *[0] * 8]
    assert past.finished == 1


def test_an_item_done_on_the_planned_day_is_in_the_bin_that_ends_with_it():
    past = _past(item("a", "2021-06-14", "2021-06-14"))
    assert past.days_at_risk.tolist() == [*BEFORE, *[0] * 9]
    assert np.flatnonzero(past.done).tolist() == [7]
    assert EDGES[7] == 0


def test_an_open_item_has_waited_until_now_and_one_called_off_until_it_was():
    waiting = _past(item("a", "2021-06-14"))
    assert waiting.days_at_risk.tolist() == [*BEFORE, 10, 10, 10, 15, 15, 30, 8, 0, 0]  # 98 days
    assert waiting.done.sum() == 0
    assert waiting.finished == 0
    dropped = _past(item("a", "2021-06-14", called_off_on="2021-06-24"))
    assert dropped.days_at_risk.tolist() == [*BEFORE, 10, *[0] * 8]


def test_an_item_not_yet_due_has_waited_too():
    assert _past(item("a", "2021-12-14")).days_at_risk.tolist() == [125, 120, 35, *[0] * 14]  # 85 days remain


def test_what_was_done_when_the_list_began_teaches_nothing():
    past = _past(item("a", "2021-12-14", "2020-08-15", listed_on="2020-12-14"))
    assert past.finished == past.done.sum() == past.days_at_risk.sum() == 0


def test_slippage_counts_from_the_first_planned_day():
    past = _past(item("a", "2021-09-14", "2021-06-19", first_planned_on="2021-06-14"))
    assert np.flatnonzero(past.done).tolist() == [8]


def test_with_many_items_the_pace_is_items_done_a_day_waited():
    days_at_risk = np.full(BINS, 50_000.0)
    done = np.round(days_at_risk * np.linspace(0.002, 0.1, BINS)).astype(int)
    drawn = paces(SlippageRecord(done, days_at_risk, int(done.sum())), _uniforms(4000))
    assert drawn.mean(axis=0) == pytest.approx(done / days_at_risk, rel=0.05)


def test_with_many_items_waiting_is_as_kaplan_and_meier_estimate_it():
    rng = np.random.default_rng(3)
    planned = pd.Timestamp("2021-06-14")
    slips, seen = rng.normal(-5, 25, 3000).round(), rng.integers(-100, 150, 3000)
    followed, done = np.minimum(slips, seen), slips <= seen
    rows = pd.DataFrame({"first_planned_on": planned, "listed_on": planned - pd.Timedelta(days=365)}, index=range(3000))
    until = planned + pd.to_timedelta(followed, unit="D")
    rows = rows.assign(done_on=until.where(done), called_off_on=until.where(~done))
    past = slippage_record(rows, as_of=pd.Timestamp("2022-06-14"))
    widths = np.diff(EDGES)
    waiting = np.exp(-np.cumsum(paces(past, _uniforms(2000))[:, 1:-1] * widths, axis=1)).mean(axis=0)
    km = SurvfuncRight(followed + 365, done.astype(int))
    at = np.append(1.0, km.surv_prob)[np.searchsorted(km.surv_times, EDGES[1:] + 365, side="right")]
    assert waiting == pytest.approx(at, abs=0.02)


def test_the_posterior_is_that_of_every_walk_weighed_by_prior_and_fit(monkeypatch):
    grid = np.array([0.001, 0.005, 0.02, 0.1])
    monkeypatch.setattr(slippage, "PACES", grid)
    monkeypatch.setattr(slippage, "BINS", 4)
    past = SlippageRecord(np.array([1, 0, 2, 0]), np.array([200.0, 60.0, 25.0, 90.0]), 3)
    drifts = [-0.5, -0.5, -0.3]
    monkeypatch.setattr(slippage, "STEP_DRIFTS", np.array(drifts))
    steps = [
        np.exp(-0.5 * ((np.log(grid)[None, :] - np.log(grid)[:, None] - drift) / STEP_SPREAD) ** 2) for drift in drifts
    ]
    steps = [step / step.sum(axis=1, keepdims=True) for step in steps]
    weights = {}
    for walk in product(range(4), repeat=4):
        weight = np.exp(-0.5 * ((np.log(grid[walk[0]]) - np.log(FIRST_PACE)) / FIRST_SPREAD) ** 2)
        for step, (before, after) in zip(steps, pairwise(walk), strict=True):
            weight *= step[before, after]
        for b, at in enumerate(walk):
            weight *= grid[at] ** past.done[b] * np.exp(-grid[at] * past.days_at_risk[b])
        weights[walk] = weight
    drawn = paces(past, np.random.default_rng(1).random((40_000, 4)))
    seen = Counter(tuple(np.searchsorted(grid, row).tolist()) for row in drawn)
    for walk, weight in weights.items():
        assert seen[walk] / 40_000 == pytest.approx(weight / sum(weights.values()), abs=0.008)


def test_open_items_slow_the_pace():
    finished = [item(f"done-{i}", "2021-06-14", "2021-06-20") for i in range(5)]
    open_too = [item(f"open-{i}", "2021-06-14") for i in range(5)]
    u = _uniforms(500)
    alone, censored = paces(_past(*finished), u), paces(_past(*finished, *open_too), u)
    assert (censored <= alone).all()
    assert censored[:, 8].mean() < 0.6 * alone[:, 8].mean()


def test_waiting_times_of_two_items_correlate_as_the_house_has_it():
    rng = np.random.default_rng(11)
    shock = np.exp(SHOCK_SPREAD * rng.standard_normal(400_000))
    waits = np.log(rng.standard_exponential((2, 400_000)) / shock)
    assert np.corrcoef(waits)[0, 1] == pytest.approx(SHARED, abs=0.01)


def _done(rows, past, key="list", seed=7):
    open_items = listed(*rows, as_of="2021-09-20")
    return done_by(open_items.table, past, as_of=open_items.as_of, last=LAST, draw_count=800, seed=seed, key=key)


OPEN = [item("a", "2021-06-14"), item("b", "2021-09-14"), item("c", "2021-12-14")]
PAST = _past(*[item(f"done-{i}", "2021-03-14", f"2021-03-{10 + 2 * i}") for i in range(8)], *OPEN)


def test_a_chance_is_the_mean_over_pace_and_shock():
    drawn = _done([OPEN[1]], PAST).mean()
    pace = paces(PAST, stream(7, "items", "list", "pace").random((800, BINS)))
    days = [0, 0, 0, 0, 0, 0, 0, 0, 4, 10, 10, 15, 15, 30, 1, 0, 0]  # from 6 to 91 days late
    shock = np.exp(SHOCK_SPREAD * stream(7, "items", "list", "shock").standard_normal(800))
    assert drawn == pytest.approx(np.mean(1 - np.exp(-shock * (pace @ np.array(days)))), abs=0.04)


def test_items_finish_together_more_often_than_independent_ones_would():
    done = _done([item(f"x-{i}", "2021-09-14") for i in range(10)], PAST)
    all_done, chance = done.all(axis=1).mean(), done.mean()
    assert all_done > 2 * chance**10


def test_one_item_more_changes_no_other_and_a_list_has_its_own_numbers():
    assert (_done(OPEN, PAST)[:, :2] == _done(OPEN[:2], PAST)).all()
    assert (_done(OPEN, PAST) == _done(OPEN, PAST)).all()
    assert (_done(OPEN, PAST) != _done(OPEN, PAST, key="other")).any()
    assert (_done(OPEN, PAST) != _done(OPEN, PAST, seed=8)).any()
