"""Small multiples are ratios of the quarters' sums, on one scale, beside what is promised."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.multiples import multiples
from analysis.report.figures.picture import Picture
from analysis.report.wording import Wording
from changed_results import changed
from drawn_texts import assert_no_overlap, drawn

pytestmark = pytest.mark.slow
ORIGIN = pd.Period("2021-09", "M")
EN = Wording("en")
ALL_QUARTERS = [str(quarter) for quarter in pd.period_range("2018Q1", "2021Q3", freq="Q")]


def _panels(
    results: Results, indicator: str, codes: list[str], words: Wording = EN, *, dimension: str = "field"
) -> Picture:
    picture = multiples(results, words, indicator, dimension, codes, ORIGIN, members="Fields")
    assert picture is not None
    return picture


def _hiding_tax(results: Results, periods: list[str]) -> Results:
    """Return results of which a publication hides the online share of tax in some periods."""
    cells = pd.DataFrame({"indicator": "online_of_all", "dimension": "field", "series": "thue", "period": periods})
    return changed(results, hidden=cells)


def test_multiples_are_ratios_of_the_quarters_sums(results: Results) -> None:
    picture = _panels(results, "online_of_all", ["datdai", "thue"])
    months = results.series("online_of_all", "field", "thue").set_index("period").loc[["2021-07", "2021-08", "2021-09"]]
    share = numbers.percent(months["numerator"].sum() / months["denominator"].sum(), "en")
    rows = picture.table.set_index("Body or field")
    assert rows.loc[EN.of(results.plan.names["field"]["thue"]), "Q3 2021"] == share
    assert share in picture.alt
    assert share in drawn(picture)
    assert len(picture.values["quarter"].unique()) == 12


@pytest.mark.parametrize(("width", "first_of_row"), [(theme.WIDE, [0, 4]), (theme.NARROW, [0, 2, 4])])
def test_small_pictures_have_one_scale_written_at_the_edges_of_their_grid(
    results: Results, width: float, first_of_row: list[int]
) -> None:
    rows = results.indicators.series.copy()
    mine = (rows["series"] == "thue") & (rows["indicator"] == "online_of_all")
    rows.loc[mine, ["numerator", "denominator"]] = [1, 1]  # too few to be shown: no line, the same scale
    fields = ["datdai", "moitruong", "dautu", "congthuong", "thue"]
    picture = _panels(changed(results, series=rows), "online_of_all", fields)
    shown = [axes for axes in picture.laid_out(width)[0].axes if axes.get_visible()]
    assert len(shown) == len(fields)
    assert len({(axes.get_xlim(), axes.get_ylim(), tuple(axes.get_yticks())) for axes in shown}) == 1
    low, high = shown[0].get_ylim()
    values = picture.values["value"].dropna()
    assert low < values.min() < values.max() < high
    written = [at for at, axes in enumerate(shown) if axes.yaxis.get_tick_params()["labelleft"]]
    assert written == first_of_row


def test_a_quarter_that_is_not_whole_is_left_out(results: Results) -> None:
    picture = multiples(results, EN, "online_of_all", "field", ["thue"], ORIGIN - 1, members="Fields")
    assert picture is not None
    assert picture.values["quarter"].max() == pd.Period("2021Q2", "Q")


def test_hidden_cells_are_in_no_picture_table_or_file(results: Results) -> None:
    picture = _panels(_hiding_tax(results, ALL_QUARTERS), "online_of_all", ["thue", "datdai"])
    assert set(picture.table.set_index("Body or field").loc["Tax"]) == {numbers.MISSING}
    of_tax = picture.values.query("series == 'thue'")
    assert of_tax["hidden"].all()
    assert of_tax[["numerator", "denominator", "value"]].isna().all(axis=None)
    assert not picture.values.query("series != 'thue'")["hidden"].any()
    assert "Hidden: cells of 1 to 4" in picture.caption
    assert picture.title == f"Land {picture.table.set_index('Body or field').loc['Land', 'Q3 2021']} in Q3 2021"


@pytest.mark.parametrize("quarters", ["all", "the last one"])
def test_a_member_without_a_share_is_said_to_have_none(results: Results, quarters: str) -> None:
    few = _hiding_tax(results, ALL_QUARTERS if quarters == "all" else ALL_QUARTERS[-1:])
    picture = multiples(few, EN, "online_of_all", "field", ["thue"], ORIGIN, members="Fields")
    if quarters == "all":
        assert picture is None
    else:
        assert picture is not None
        assert f"Q3 2021: from {numbers.MISSING} ({numbers.MISSING}) to" in picture.alt
        assert picture.title == "Too few cases to show any value of Q3 2021"


def test_the_message_holds_each_member_to_what_is_promised_of_it(results: Results) -> None:
    # In the last quarter land had 2.3 % overdue, housing 2.7 %, tax 0.8 %: 2 % is promised of each.
    assert _panels(results, "overdue", ["datdai", "nhadat", "thue"]).title == (
        "2 of 3 are worse than 2% in Q3 2021; worst: Housing 2.7%"
    )
    assert _panels(results, "overdue", ["datdai", "thue"]).title == "1 of 2 is worse than 2% in Q3 2021: Land 2.3%"
    assert _panels(results, "overdue", ["moitruong", "thue"]).title == (
        "None of 2 is worse than 2% in Q3 2021; closest: Environment 1.2%"
    )
    # Nothing is promised of health and of home affairs by themselves.
    mixed = _panels(results, "overdue", ["datdai", "thue", "yte"])
    assert mixed.title == "1 of 2 is worse than promised in Q3 2021: Land 2.3%"
    lines = [[line for line in axes.lines if line.get_color() == theme.VERMILION]
             for axes in mixed.laid_out(theme.WIDE)[0].axes if axes.get_visible()]  # fmt: skip
    assert [list(one[0].get_ydata()) if one else [] for one in lines] == [[0.02, 0.02], [0.02, 0.02], []]
    assert drawn(mixed).count("2% at most") == 1
    none = _panels(results, "overdue", ["noivu", "yte"])
    assert none.title == "Highest: Health 1.8%; lowest: Home affairs 1.6%"
    assert "Dashed" not in none.caption


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("indicator", "dimension"), [("overdue", "field"), ("online_of_all", "agency")])
def test_no_text_of_small_pictures_lies_over_another(
    results: Results, language: str, indicator: str, dimension: str
) -> None:
    rows = results.indicators.series
    codes = rows.loc[(rows["indicator"] == indicator) & (rows["dimension"] == dimension), "series"].unique().tolist()
    picture = _panels(results, indicator, codes, Wording(language), dimension=dimension)
    assert_no_overlap(picture)
    assert sum(axes.get_visible() for axes in picture.laid_out(theme.WIDE)[0].axes) == 16
    assert sum(axes.get_visible() for axes in picture.laid_out(theme.NARROW)[0].axes) == 12
    assert_no_overlap(_panels(results, indicator, codes[:1], Wording(language), dimension=dimension))
