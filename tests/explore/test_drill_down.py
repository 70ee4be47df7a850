"""The controls of the drill-down, moved by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis import Quarter
from analysis.explore.drill_down import (
    COLUMNS,
    LINE_STYLES,
    DrillDown,
    SharesByDimension,
    promised_lines,
    together,
    within,
)
from analysis.faults import BadParameters
from analysis.indicators.trend import share_interval
from analysis.plan.promises import ItemsPromise
from analysis.quarter import stages
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from changed_results import changed
from drawn_texts import assert_no_overlap, drawn

SHARES = pd.DataFrame(
    [("a", "", "2021-01", 1, 4, 0.25), ("a", "", "2021-02", 3, 5, 0.6), ("b", "", "2021-01", 0, 0, float("nan")),
     ("b", "", "2021-02", 9, 9, 1.0), ("c", "", "2021-02", 2, 8, 0.25)],
    columns=COLUMNS,
)  # fmt: skip
PAIRS = SHARES.assign(second=["x", "y", "x", "x", "x"])


def test_members_stand_in_the_order_asked_for_and_periods_within_both_ends() -> None:
    found = within(SHARES, ("b", "a"), ("",), "2021-01", "2021-01")
    assert list(zip(found["series"], found["period"], strict=True)) == [("b", "2021-01"), ("a", "2021-01")]
    assert list(found.columns) == COLUMNS


def test_pairs_stand_in_the_order_of_the_first_dimension_then_the_second() -> None:
    found = within(PAIRS, ("b", "a"), ("y", "x"), "2021-01", "2021-02")
    pairs = list(zip(found["series"], found["second"], found["period"], strict=True))
    assert pairs == [("b", "x", "2021-01"), ("b", "x", "2021-02"), ("a", "y", "2021-02"), ("a", "x", "2021-01")]


def test_periods_together_are_the_ratio_of_their_sums() -> None:
    found = together(SHARES).set_index("series")
    assert found.loc["a", ["numerator", "denominator", "value"]].tolist() == [4, 9, pytest.approx(4 / 9)]
    assert pd.isna(together(SHARES[SHARES["period"] == "2021-01"]).set_index("series").loc["b", "value"])
    assert len(together(PAIRS)) == 4


def test_the_interval_is_wilsons_and_missing_without_cases() -> None:
    found = share_interval(SHARES)
    # one of four at z = 1.2816: centre (0.25 + z²/8) / (1 + z²/4) = 0.32277, half width 0.24196
    z2 = 1.2815516**2
    centre = (0.25 + z2 / 8) / (1 + z2 / 4)
    half = 1.2815516 / (1 + z2 / 4) * (0.25 * 0.75 / 4 + z2 / 64) ** 0.5
    assert found.loc[0, ["lower", "upper"]].tolist() == pytest.approx([centre - half, centre + half], abs=1e-6)
    assert found.loc[2, ["lower", "upper"]].isna().all()


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
def test_the_second_dimension_is_another_one_of_the_same_cases(cuts: SharesByDimension) -> None:
    assert cuts.second("online_of_all", "agency") == ["field", "district"]
    assert cuts.second("overdue", "field") == ["agency", "district", "channel"]
    assert cuts.second("online_of_all", "total") == []
    assert cuts.second("online_publication", "field") == []  # a list has one cut only


@pytest.mark.slow
def test_every_cut_holds_the_numbers_of_the_reports(cuts: SharesByDimension, results: Results) -> None:
    for dimension in ("total", "agency", "field"):
        for code, mine in cuts.cells("overdue", dimension).groupby("series"):
            reported = results.series("overdue", dimension, str(code))
            assert mine["numerator"].tolist() == reported["numerator"].tolist()
            assert mine["value"].tolist() == reported["value"].tolist()
    whole = results.series("overdue")["denominator"].sum()
    assert cuts.cells("overdue", "channel")["denominator"].sum() == whole


@pytest.mark.slow
def test_two_dimensions_add_up_to_each(cuts: SharesByDimension, results: Results) -> None:
    cells = cuts.cells("overdue", "agency", "field")
    sums = cells[cells["series"] == "ubnd-nt"].groupby("period")["numerator"].sum()
    reported = results.series("overdue", "agency", "ubnd-nt").set_index("period")["numerator"]
    assert sums.tolist() == reported.reindex(sums.index).tolist()


@pytest.mark.slow
def test_a_district_is_that_of_its_body(cuts: SharesByDimension) -> None:
    # in the simulated province each district has one body of its own
    by_district, by_body = (cuts.cells("online_of_all", dimension) for dimension in ("district", "agency"))
    mine, body = by_district[by_district["series"] == "nt"], by_body[by_body["series"] == "ubnd-nt"]
    assert mine["numerator"].tolist() == body["numerator"].tolist()


@pytest.mark.slow
def test_a_dimension_the_source_lacks_is_not_offered(results: Results) -> None:
    known = results.indicators.series
    lacking = SharesByDimension(changed(results, series=known[known["dimension"] != "district"]))
    assert lacking.dimensions("overdue") == ["total", "agency", "field", "channel"]


@pytest.mark.slow
def test_what_is_promised_is_drawn_where_it_is_promised(q: Quarter) -> None:
    assert promised_lines(q, "online_of_all", "agency", ["ubnd-nt"]) == [("at_least", 0.3)]
    assert promised_lines(q, "overdue", "field", ["datdai", "thue"]) == [("at_most", 0.02)]
    assert promised_lines(q, "overdue", "field", ["hotich"]) == []
    assert promised_lines(q, "overdue", "total", ["total"]) == []
    assert promised_lines(q, "autonomy", "total", ["total"]) == [("at_least", 0.9)]
    assert promised_lines(q, "no_due_date", "total", ["total"]) == []


pytestmark = pytest.mark.slow


@pytest.fixture
def drilled(q: Quarter) -> DrillDown:
    return DrillDown(q)


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
    assert head == ["Cơ quan, đơn vị", "Kỳ", "Tử số", "Mẫu số", "Tỷ lệ", "Khoảng sai số chọn mẫu 80%"]
    assert [row[1] for row in rows] == ["8/2021", "9/2021"] * 2
    first = drilled.shown.iloc[0]
    assert rows[0][2:] == [
        numbers.count(first["numerator"], "vi"), numbers.count(first["denominator"], "vi"),
        numbers.percent(first["value"], "vi"), numbers.percent_range(first["lower"], first["upper"], "vi"),
    ]  # fmt: skip
    summed = drilled.shown[drilled.shown["agency"] == "sxd"]
    assert _rows(drilled, 0)[1][2] == numbers.count(summed["denominator"].sum(), "vi")


def test_a_small_cell_is_neither_written_nor_drawn(drilled: DrillDown) -> None:
    drilled.dimension.value, drilled.members.value = "agency", ("bdt",)
    drilled.periods.value = ("2021-02", "2021-02")
    assert drilled.shown["denominator"].tolist() < [5]
    assert _rows(drilled, 1)[1] == ["Ban Dân tộc", "2/2021", "–", "–", "không hiển thị ô có số lượng nhỏ", "–"]
    assert "%" not in BeautifulSoup(drilled.picture.value, "html.parser").img["alt"]


def test_each_line_is_named_at_its_end_with_its_last_share(drilled: DrillDown) -> None:
    drilled.dimension.value = "agency"
    drilled.members.value = tuple(code for _, code in drilled.members.options[:9])
    picture = drilled._drawn
    assert picture is not None
    shown = drilled.shown.set_index("agency")
    last = shown[shown["period"] == shown["period"].max()]["value"]
    names = {code: name for name, code in drilled.members.options}
    ends = [f"{names[code]} {numbers.percent(last[code], 'vi')}" for code in drilled.members.value]
    written = drawn(picture)
    assert sum(end in written for end in ends) == len(LINE_STYLES) == 8
    assert ends[8] not in written
    highest = last[list(drilled.members.value[:8])].idxmax()
    assert picture.title == f"Cao nhất ở kỳ cuối: {names[highest]}, {numbers.percent(last[highest], 'vi')}"
    assert_no_overlap(picture, (theme.WIDE,))


def test_a_choice_is_kept_where_it_can_be(drilled: DrillDown) -> None:
    drilled.dimension.value, drilled.members.value = "field", ("thue",)
    drilled.periods.value = ("2021-03", "2021-05")
    drilled.indicator.value = "overdue"
    assert (drilled.dimension.value, drilled.members.value) == ("field", ("thue",))
    assert drilled.shown["period"].astype(str).tolist() == ["2021-03", "2021-04", "2021-05"]
    drilled.dimension.value = "channel"
    drilled.indicator.value = "online_of_all"  # has no channels
    assert drilled.dimension.value == "total"


def test_nobody_chosen_shows_nothing(drilled: DrillDown) -> None:
    drilled.members.value = ()
    assert drilled.picture.value == drilled.table.value == ""
    with pytest.raises(BadParameters, match="nothing is shown"):
        drilled.export()


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


def test_two_dimensions_are_drawn_and_shown_under_their_names(drilled: DrillDown) -> None:
    drilled.dimension.value, drilled.members.value = "agency", ("ubnd-nt", "ubnd-cr")
    drilled.second.value = "field"
    drilled.second_members.value = ("datdai",)
    names = ["agency", "field", "period", "numerator", "denominator", "value", "lower", "upper"]
    assert list(drilled.shown.columns) == names
    assert len(drilled.shown) == 24
    assert isinstance(drilled.shown["period"].dtype, pd.PeriodDtype)
    assert ((drilled.shown["lower"] < drilled.shown["value"]) & (drilled.shown["value"] < drilled.shown["upper"])).all()
    assert _rows(drilled, 1)[0][:2] == ["Cơ quan, đơn vị", "Lĩnh vực"]
    assert "Nét đứt" in drilled.picture.value
    drilled.dimension.value = "total"
    assert drilled.second.value == ""
    assert list(drilled.shown.columns) == names[2:]


def test_what_is_shown_is_saved_with_small_cells_hidden(drilled: DrillDown, tmp_path: Path) -> None:
    drilled.dimension.value, drilled.members.value = "agency", ("bdt", "ubnd-nt")
    drilled.periods.value = ("2021-02", "2021-02")
    files = drilled.export(tmp_path / "mine")
    assert [path.name for path in files] == [
        f"online_of_all-agency-2021-02-2021-02.{kind}" for kind in ("csv", "png", "svg")
    ]
    assert all(path.stat().st_size > 0 for path in files)
    written = pd.read_csv(files[0]).set_index("agency")
    shown = drilled.shown.set_index("agency")
    assert written.loc["bdt", ["numerator", "value", "lower", "upper"]].isna().all()
    assert written.loc["ubnd-nt", "numerator"] == shown.loc["ubnd-nt", "numerator"]
    assert "bdt" not in files[2].read_text(encoding="utf-8")
    assert str(files[0]) in drilled.saved.value


def test_it_is_saved_beside_the_reports(drilled: DrillDown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "REPORTS", tmp_path)
    drilled.save.click()
    assert len(list((tmp_path / "explore" / "khanh-hoa-2021" / "2021-Q3").iterdir())) == 3


def test_show_displays_and_returns_the_controls(drilled: DrillDown, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr("analysis.explore.drill_down.display", shown.append)
    assert drilled.show() is drilled
    assert shown == [drilled.box]
    assert repr(drilled) == "DrillDown(online_of_all by total, 12 cells)"
