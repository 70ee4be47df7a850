"""The simulated province is what its seed and its truth say."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from analysis.data.ingest import receive
from analysis.data.simulate import simulate
from analysis.parameters import ROOT


@pytest.fixture(scope="module")
def made():
    return simulate(2021)


def test_the_committed_demo_is_what_the_seed_makes(made):
    demo = receive(ROOT / "data" / "demo", None)
    assert demo.about.simulated
    assert_frame_equal(demo.counts, made.counts)
    assert_frame_equal(demo.ratings, made.ratings)
    assert json.loads((ROOT / "data" / "demo" / "truth.json").read_text()) == made.truth


def test_the_same_seed_makes_the_same_province_and_another_seed_another(made):
    once, again = simulate(1), simulate(1)
    assert_frame_equal(once.counts, again.counts)
    assert_frame_equal(once.ratings, again.ratings)
    assert once.truth == again.truth
    assert once.counts["resolved"].sum() != made.counts["resolved"].sum()
    assert once.ratings["satisfied"].sum() != made.ratings["satisfied"].sum()


def test_the_demo_is_small():
    assert sum(file.stat().st_size for file in (ROOT / "data" / "demo").iterdir()) < 3e6


@pytest.mark.parametrize(
    ("emptied", "before", "after"),
    [
        ("2018-03", "2018-01", "2018-04"),  # 9–22 February: 6 days in the reporting month of February, 8 in March's
        ("2019-02", "2019-01", "2019-03"),  # 29 January–11 February: all in February's
        ("2020-02", "2020-01", "2020-03"),  # 18–31 January: all in February's
        ("2021-02", "2021-01", "2021-04"),  # 5–18 February: 10 days in February's, 4 in March's
    ],
)
def test_tet_empties_the_month_it_falls_in_whichever_that_is(made, emptied, before, after):
    monthly = made.counts.groupby("period")["resolved"].sum()
    # Half of the window takes e^(-0.55 / 2), a quarter of the cases; season and shocks give back less than that.
    assert monthly[emptied] < 0.85 * min(monthly[before], monthly[after])


def test_the_catalogue_jumps_in_september_2020(made):
    published = made.counts[made.counts["published_online"].astype(bool)].groupby("period")["resolved"].sum()
    share = published / made.counts.groupby("period")["resolved"].sum()
    assert share["2020-08"] < 0.25
    assert share["2020-09"] > 0.55


def test_every_resolved_case_is_early_on_time_late_or_without_a_due_date(made):
    resolved = made.counts.groupby("period")["resolved"].sum()
    by_timeliness = made.counts.pivot_table(index="period", columns="timeliness", values="resolved", aggfunc="sum")
    assert set(by_timeliness) == {"early", "on_time", "late", "no_due_date"}
    assert by_timeliness.sum(axis=1).tolist() == resolved.tolist()
    assert len(resolved) == 48


def _online(made):
    by_channel = made.counts.pivot_table(index="period", columns="channel", values="resolved", aggfunc="sum")
    return by_channel["online"], by_channel.sum(axis=1)


def _late(made):
    by_timeliness = made.counts.pivot_table(index="period", columns="timeliness", values="resolved", aggfunc="sum")
    return by_timeliness["late"], by_timeliness.sum(axis=1)


def _satisfied(made):
    sums = made.ratings.groupby("period")[["satisfied", "respondents"]].sum()
    return sums["satisfied"], sums["respondents"]


@pytest.mark.parametrize(
    ("name", "added_up"),
    [("online_of_all", _online), ("late_of_resolved", _late), ("satisfied_of_ratings", _satisfied)],
)
def test_the_counts_scatter_around_the_truth_as_binomial_counts_do(made, name, added_up):
    months = made.truth["monthly"]
    K, N = (count.astype(float) for count in added_up(made))
    truth = pd.Series(months[name], index=months["period"])
    z = (K / N - truth) / np.sqrt(truth * (1 - truth) / N)
    assert z.abs().max() < 4.5
    assert 0.3 < (z**2).mean() < 2.5
