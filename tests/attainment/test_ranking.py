"""Ranks of bodies: few cases leave much open, and top no list of the worst."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.attainment.ranking import COLUMNS, ranked


def _shares(**counts: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(counts, index=["numerator", "denominator"]).T.assign(total=float("nan"))


def test_two_of_75_top_no_list_of_the_late_over_700_of_30000():
    # 2.67 % against 2.33 %: the larger share is not known to be the worse one.
    late = ranked(_shares(small=(2, 75), large=(700, 30_000), good=(10, 5_000)), higher_is_better=False, seed=1)
    assert late.index.tolist() == ["large", "small", "good"]
    # Jeffreys' limits of 700 in 30,000: the normal approximation has 0.02333 ∓ 1.96 · 0.000872.
    assert late.loc["large", ["lower", "upper"]].tolist() == pytest.approx([0.02163, 0.02504], abs=0.00015)
    assert late.loc["small", ["best_rank", "worst_rank"]].tolist() == [2, 3]


def test_of_what_is_better_higher_the_lowest_is_the_worst():
    found = ranked(_shares(a=(900, 1_000), b=(500, 1_000), c=(700, 1_000)), higher_is_better=True, seed=1)
    assert found.index.tolist() == ["b", "c", "a"]
    assert found[["best_rank", "worst_rank"]].to_numpy().tolist() == [[3, 3], [2, 2], [1, 1]]


def test_means_have_the_limits_of_their_cases():
    # Values 4 and 6 in equal parts: mean 5, spread 1 of each case; 100 cases of one body and 10,000 of the other.
    n = [100, 10_000]
    means = pd.DataFrame(
        {
            "numerator": float("nan"),
            "denominator": n,
            "total": [5 * count for count in n],
            "total_squares": [26 * count for count in n],
        }
    )
    found = ranked(means, higher_is_better=False, seed=1)
    # 5 ∓ 1.96 / sqrt(n)
    assert found.loc[0, ["lower", "upper"]].tolist() == pytest.approx([4.804, 5.196], abs=0.02)
    assert found.loc[1, ["lower", "upper"]].tolist() == pytest.approx([4.9804, 5.0196], abs=0.002)
    assert found.index.tolist() == [1, 0]


def test_nobody_is_ranked_where_nobody_is():
    assert set(COLUMNS) <= set(ranked(_shares().head(0), higher_is_better=True, seed=1).columns)
