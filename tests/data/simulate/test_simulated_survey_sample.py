"""The survey is a probability sample: weighted, it tells the truth; with its clusters, how surely."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.data.simulate.survey_sample import STRATA, survey

MONTHS = [f"{year}-{month:02d}" for year in range(2018, 2022) for month in range(1, 13)]
SATISFIED = pd.Series(0.82, index=MONTHS)


@cache
def _survey(seed):
    return survey(seed, SATISFIED)


def test_the_rounds_are_those_before_the_survey_was_stopped(made):
    assert sorted(set(made.survey["round"])) == ["2018", "2019", "2020"]
    assert set(made.survey["instrument"]) == {"provincial"}
    assert set(made.truth["survey"]) == {"2018", "2019", "2020"}
    assert set(made.survey["rating"]) == {1, 2, 3, 4, 5}


def test_every_stratum_is_asked_in_two_clusters_or_more(made):
    asked = made.survey.groupby(["round", "stratum"])["cluster"].nunique()
    assert set(asked.index) == {(name, stratum) for name in ("2018", "2019", "2020") for stratum in STRATA}
    assert len(STRATA["district-ts"].clusters) == 3
    for (_, name), clusters in asked.items():
        assert 2 <= clusters <= len(STRATA[name].clusters)


def _estimate(answers):
    """Return the weighted share satisfied of a round and its standard error, from the clusters within the strata."""
    answers = answers.assign(satisfied=answers["rating"] >= 4)
    share = np.average(answers["satisfied"], weights=answers["weight"])
    answers = answers.assign(residual=answers["weight"] * (answers["satisfied"] - share))
    totals = answers.groupby(["stratum", "cluster"])["residual"].sum()
    variance = 0.0
    for stratum, residuals in totals.groupby("stratum"):
        n, whole = len(residuals), len(STRATA[stratum].clusters)
        # Of a stratum asked in full the clusters are no chance; what is left is the chance of people within them.
        variance += n * residuals.var(ddof=1) * max(1 - n / whole, 0.1)
    return share, np.sqrt(variance) / answers["weight"].sum()


@pytest.mark.parametrize("seed", range(8))
def test_weighted_answers_scatter_around_the_truth(seed):
    answers, truth = _survey(seed)
    for name, one in answers.groupby("round"):
        share, error = _estimate(one)
        assert 0.005 < error < 0.04
        assert abs(share - truth[name]) < 4 * error


def test_weights_stand_for_about_everybody_served():
    # Of many rounds, whose mean number of people is known but for the chance of the clusters drawn.
    everybody = sum(len(stratum.clusters) * stratum.people for stratum in STRATA.values())
    sums = [one["weight"].sum() for seed in range(10) for _, one in _survey(seed)[0].groupby("round")]
    assert np.mean(sums) == pytest.approx(everybody, rel=0.06)


def test_a_province_rated_better_answers_better():
    low, high = (survey(3, pd.Series(share, index=MONTHS))[1] for share in (0.75, 0.90))
    assert all(low[name] < high[name] - 0.1 for name in low)
