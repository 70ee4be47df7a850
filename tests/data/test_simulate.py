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


def test_another_seed_makes_another_province(made):
    assert simulate(1).counts["resolved"].sum() != made.counts["resolved"].sum()


def test_the_demo_is_small():
    assert sum(file.stat().st_size for file in (ROOT / "data" / "demo").iterdir()) < 3e6


def test_tet_empties_the_month_it_falls_in_whichever_that_is(made):
    monthly = made.counts.groupby("period")["resolved"].sum()
    # 2020: Tết on 25 January, window 18–31 January, all in the reporting month of February; 2018: mostly March.
    assert monthly["2020-02"] < 0.8 * monthly[["2020-01", "2020-03"]].mean()
    assert monthly["2018-03"] < monthly["2018-04"]


def test_the_catalogue_jumps_in_september_2020(made):
    published = made.counts[made.counts["published_online"].astype(bool)].groupby("period")["resolved"].sum()
    share = published / made.counts.groupby("period")["resolved"].sum()
    assert share["2020-08"] < 0.25
    assert share["2020-09"] > 0.55


def test_the_counts_scatter_around_the_truth_as_binomial_counts_do(made):
    months = made.truth["monthly"]
    counts = made.counts.pivot_table(index="period", columns="channel", values="resolved", aggfunc="sum").astype(float)
    N, truth = counts.sum(axis=1), pd.Series(months["online_of_all"], index=months["period"])
    z = (counts["online"] / N - truth) / np.sqrt(truth * (1 - truth) / N)
    assert np.abs(z).max() < 4.5
