"""Shares cut along a dimension: in order, added up as ratios of sums, the small ones known."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.explore.cuts import COLUMNS, Cuts, together, within
from analysis.interpretation import Interpretation
from analysis.parameters import RunParameters
from analysis.results import Results

SHARES = pd.DataFrame(
    [("a", "2021-01", 1, 4, 0.25), ("a", "2021-02", 3, 5, 0.6), ("b", "2021-01", 0, 0, float("nan")),
     ("b", "2021-02", 9, 9, 1.0), ("c", "2021-02", 2, 8, 0.25)],
    columns=COLUMNS,
)  # fmt: skip


def test_members_stand_in_the_order_asked_for_and_periods_within_both_ends() -> None:
    found = within(SHARES, ("b", "a"), "2021-01", "2021-01")
    assert list(zip(found["series"], found["period"], strict=True)) == [("b", "2021-01"), ("a", "2021-01")]
    assert list(found.columns) == COLUMNS


def test_periods_together_are_the_ratio_of_their_sums() -> None:
    found = together(SHARES).set_index("series")
    assert found.loc["a"].tolist() == [4, 9, pytest.approx(4 / 9)]
    assert pd.isna(together(SHARES[SHARES["period"] == "2021-01"]).set_index("series").loc["b", "value"])


@pytest.fixture(scope="module")
def cuts(run: RunParameters, results: Results) -> Cuts:
    return Cuts(results, results.plan.interpretation(run.answers))


@pytest.mark.slow
def test_online_filing_is_not_cut_along_the_channel_and_lists_only_where_they_are_kept(cuts: Cuts) -> None:
    assert cuts.dimensions("online_of_all") == ["total", "agency", "field", "district"]
    assert cuts.dimensions("overdue") == ["total", "agency", "field", "district", "channel"]
    assert cuts.dimensions("online_publication") == ["total", "field"]
    assert cuts.is_stock("online_publication")
    assert not cuts.is_stock("overdue")


@pytest.mark.slow
def test_every_cut_holds_the_numbers_of_the_reports(cuts: Cuts, results: Results) -> None:
    for dimension in ("total", "agency", "field"):
        for code, mine in cuts.shares("overdue", dimension).groupby("series"):
            reported = results.series("overdue", str(code))
            assert mine["numerator"].tolist() == reported["numerator"].tolist()
            assert mine["value"].tolist() == reported["value"].tolist()
    whole = results.series("overdue", "total")["denominator"].sum()
    assert cuts.shares("overdue", "channel")["denominator"].sum() == whole


@pytest.mark.slow
def test_a_district_is_that_of_its_body(cuts: Cuts) -> None:
    # in the simulated province each district has one body of its own
    by_district, by_body = (cuts.shares("online_of_all", dimension) for dimension in ("district", "agency"))
    mine, body = by_district[by_district["series"] == "nt"], by_body[by_body["series"] == "ubnd-nt"]
    assert mine["numerator"].tolist() == body["numerator"].tolist()


@pytest.mark.slow
def test_a_dimension_the_source_lacks_is_not_offered(results: Results) -> None:
    from dataclasses import replace

    tables = {name: getattr(results, name).assign(district=None) for name in ("counts", "workload", "ratings")}
    lacking = Cuts(replace(results, **tables), Interpretation())
    assert lacking.dimensions("overdue") == ["total", "agency", "field", "channel"]
