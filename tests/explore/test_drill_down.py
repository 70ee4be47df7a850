"""The controls of the drill-down, moved by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.explore.drill_down import COLUMNS, DrillDown, SharesByDimension, together, within
from analysis.parameters import RunParameters
from analysis.plan.promises import ItemsPromise
from analysis.quarter.results import Results
from analysis.report import numbers
from changed_results import changed

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
def cuts(results: Results) -> SharesByDimension:
    return SharesByDimension(results)


@pytest.mark.slow
def test_online_filing_is_not_cut_along_the_channel_and_lists_only_where_they_are_kept(cuts: SharesByDimension) -> None:
    assert cuts.dimensions("online_of_all") == ["total", "agency", "field", "district"]
    assert cuts.dimensions("overdue") == ["total", "agency", "field", "district", "channel"]
    assert cuts.dimensions("online_publication") == ["total", "field"]
    assert cuts.is_stock("online_publication")
    assert not cuts.is_stock("overdue")


@pytest.mark.slow
def test_every_cut_holds_the_numbers_of_the_reports(cuts: SharesByDimension, results: Results) -> None:
    for dimension in ("total", "agency", "field"):
        for code, mine in cuts.shares("overdue", dimension).groupby("series"):
            reported = results.series("overdue", dimension, str(code))
            assert mine["numerator"].tolist() == reported["numerator"].tolist()
            assert mine["value"].tolist() == reported["value"].tolist()
    whole = results.series("overdue")["denominator"].sum()
    assert cuts.shares("overdue", "channel")["denominator"].sum() == whole


@pytest.mark.slow
def test_a_district_is_that_of_its_body(cuts: SharesByDimension) -> None:
    # in the simulated province each district has one body of its own
    by_district, by_body = (cuts.shares("online_of_all", dimension) for dimension in ("district", "agency"))
    mine, body = by_district[by_district["series"] == "nt"], by_body[by_body["series"] == "ubnd-nt"]
    assert mine["numerator"].tolist() == body["numerator"].tolist()


@pytest.mark.slow
def test_a_dimension_the_source_lacks_is_not_offered(results: Results) -> None:

    known = results.indicators.series
    lacking = SharesByDimension(changed(results, series=known[known["dimension"] != "district"]))
    assert lacking.dimensions("overdue") == ["total", "agency", "field", "channel"]


pytestmark = pytest.mark.slow


@pytest.fixture
def drilled(run: RunParameters, results: Results) -> DrillDown:
    return DrillDown(run, results)


def _rows(drilled: DrillDown, table: int) -> list[list[str]]:
    found = BeautifulSoup(drilled.table.value, "html.parser").find_all("table")[table]
    return [[cell.text for cell in row.find_all(["th", "td"])] for row in found.find_all("tr")]


def test_it_opens_on_the_last_year_of_the_whole(drilled: DrillDown) -> None:
    assert (drilled.dimension.value, drilled.members.value) == ("total", ("total",))
    assert drilled.periods.value == ("2020-10", "2021-09")
    assert len(drilled.shown) == 12


def test_every_share_stands_with_its_counts(drilled: DrillDown) -> None:
    drilled.indicator.value, drilled.dimension.value = "overdue", "agency"
    drilled.members.value, drilled.periods.value = ("sxd", "ubnd-nt"), ("2021-08", "2021-09")
    head, *rows = _rows(drilled, 1)
    assert head == ["Cơ quan, đơn vị", "Kỳ", "Tử số", "Mẫu số", "Tỷ lệ"]
    assert [row[1] for row in rows] == ["8/2021", "9/2021"] * 2
    first = drilled.shown.iloc[0]
    assert rows[0][2:] == [
        numbers.count(first["numerator"], "vi"), numbers.count(first["denominator"], "vi"),
        numbers.percent(first["value"], "vi"),
    ]  # fmt: skip
    summed = drilled.shown[drilled.shown["series"] == "sxd"]
    assert _rows(drilled, 0)[1][2] == numbers.count(summed["denominator"].sum(), "vi")


def test_a_small_cell_is_neither_written_nor_drawn(drilled: DrillDown) -> None:
    drilled.dimension.value, drilled.members.value = "agency", ("bdt",)
    drilled.periods.value = ("2021-02", "2021-02")
    assert drilled.shown["denominator"].tolist() < [5]
    assert _rows(drilled, 1)[1] == ["Ban Dân tộc", "2/2021", "–", "–", "không hiển thị ô có số lượng nhỏ"]
    assert "%" not in BeautifulSoup(drilled.picture.value, "html.parser").img["alt"]


def test_a_choice_is_kept_where_it_can_be(drilled: DrillDown) -> None:
    drilled.dimension.value, drilled.members.value = "field", ("thue",)
    drilled.periods.value = ("2021-03", "2021-05")
    drilled.indicator.value = "overdue"
    assert (drilled.dimension.value, drilled.members.value) == ("field", ("thue",))
    assert drilled.shown["period"].tolist() == ["2021-03", "2021-04", "2021-05"]
    drilled.dimension.value = "channel"
    drilled.indicator.value = "online_of_all"  # has no channels
    assert drilled.dimension.value == "total"


def test_nobody_chosen_shows_nothing(drilled: DrillDown) -> None:
    drilled.members.value = ()
    assert drilled.picture.value == drilled.table.value == ""


def test_every_indicator_can_be_cut_every_way_it_offers(drilled: DrillDown, results: Results) -> None:
    lists = {target.id for target in results.plan.promises if isinstance(target, ItemsPromise)}
    for _, indicator in drilled.indicator.options:
        drilled.indicator.value = indicator
        for _, dimension in drilled.dimension.options:
            drilled.dimension.value = dimension
            assert len(drilled.shown)
            # the counts of a list do not add up over periods
            tables = BeautifulSoup(drilled.table.value, "html.parser").find_all("table")
            assert len(tables) == (1 if indicator in lists else 2)
