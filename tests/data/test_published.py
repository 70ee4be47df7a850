"""Published figures: what is typed in can be trusted, and no line is drawn through a break."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.published import (
    Break,
    PublishedFigures,
    comparable_stretches,
    period_of,
    read_breaks,
    read_published,
)
from analysis.faults import BadData

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "data" / "published"

FIGURE = {
    "area": "khanh-hoa", "indicator": "sipas", "period": "2020", "value": "81.82", "unit": "score", "rank": "51",
    "rank_of": "63", "method": "sipas-2017", "published_on": "2021-06-24", "source": "https://example.vn/sipas",
    "confidence": "H", "note": "",
}  # fmt: skip
BREAK = {
    "date": "2022", "area": "*", "indicator": "sipas*", "event": "other questions", "event_vi": "câu hỏi khác",
    "source": "https://example.vn/break", "confidence": "H",
}  # fmt: skip
HEADER = (",".join(FIGURE) + "\n").encode()
OF_A_YEAR = {"indicator": "pci", "method": ""}


def written(folder: Path, name: str, *rows: dict[str, str]) -> Path:
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return folder


def figures(folder: Path, *changes: dict[str, str]) -> pd.DataFrame:
    return read_published(written(folder, "figures.csv", *[FIGURE | change for change in changes]))


def breaks(folder: Path, *changes: dict[str, str]) -> pd.DataFrame:
    return read_breaks(written(folder, "breaks.csv", *[BREAK | change for change in changes]))


def years(stretches: list[pd.DataFrame]) -> list[list[str]]:
    return [stretch["period"].tolist() for stretch in stretches]


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(FOLDER)


@pytest.fixture(scope="module")
def dated_breaks() -> pd.DataFrame:
    return read_breaks(FOLDER)


# What is typed in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "indicator", "period", "value", "rank", "rank_of"),
    [
        ("khanh-hoa", "sipas", "2020", 81.82, 51, 63),
        ("khanh-hoa", "sipas", "2021", 84.40, 56, 63),
        ("khanh-hoa", "sipas", "2024", 83.66, 30, 63),
        ("khanh-hoa", "par_index", "2021", 85.11, 48, 63),
        ("khanh-hoa", "pci", "2022", 67.74, 16, None),
        ("khanh-hoa", "papi", "2023", 44.9419, 8, 61),
        ("ninh-thuan", "pci", "2021", 62.23, 49, None),
        ("ba-ria-vung-tau", "sipas", "2021", 86.72, 38, 63),
        ("vietnam", "sipas", "2020", 85.48, None, None),
        ("vietnam", "sipas", "2022", 80.08, None, None),
        ("khanh-hoa", "services_level_3_4", "2020-07", 140, None, None),
        ("khanh-hoa", "services_level_3_4", "2020-09", 746, None, None),
        ("khanh-hoa", "services_level_4", "2020-09", 391, None, None),
        ("khanh-hoa", "online_resolved_share_unstated_denominator", "2020", 0.56, None, None),
        ("khanh-hoa-merged", "cases_resolved", "2025Q3", 147818, None, None),
        ("khanh-hoa-centre", "on_time_share", "2025Q3", 0.999, None, None),
    ],
)
def test_a_known_figure_is_there_once(published, area, indicator, period, value, rank, rank_of):
    named = published["area"].eq(area) & published["indicator"].eq(indicator) & published["period"].eq(period)
    (row,) = published[named].itertuples()
    assert [None if pd.isna(cell) else cell for cell in (row.value, row.rank, row.rank_of)] == [value, rank, rank_of]


def test_derived_figures_follow_from_what_they_are_derived_from(published):
    value = published.set_index(["area", "indicator", "period"])["value"].to_dict()
    kh, merged, vietnam = "khanh-hoa", "khanh-hoa-merged", "vietnam"
    assert value[kh, "sipas", "2023"] == pytest.approx(value[kh, "sipas", "2024"] - 2.57)
    assert value[kh, "par_index", "2020"] == pytest.approx(value[kh, "par_index", "2021"] - 2.54)
    assert value[kh, "par_index", "2023"] == pytest.approx(value[kh, "par_index", "2024"] - 1.89)
    assert value[kh, "pci", "2018"] == pytest.approx(value[kh, "pci", "2019"] - 0.95)
    assert value[kh, "services_level_3_4", "2020-07"] == 107 + 33
    assert value[kh, "procedures", "2020-09"] == round(391 / 0.3421)
    assert value[vietnam, "sipas_respondents_per_province", "2024"] == round(36525 / 63)
    assert value[vietnam, "online_processed_share", "2021-11"] == pytest.approx(0.432 - 0.1457)
    on_time, resolved = value[merged, "cases_on_time", "2025Q3"], value[merged, "cases_resolved", "2025Q3"]
    assert value[merged, "on_time_share", "2025Q3"] == round(on_time / resolved, 4) == 0.9328
    for scope, points in [("nha-trang-communes", 3.6), ("nha-trang-health-stations", 4.48)]:
        before, after = (value[scope, "own_survey_score", period] for period in ("2022", "2023"))
        assert before == pytest.approx(after - points)


def test_counts_that_belong_together_agree(published):
    value = published.dropna(subset="period").set_index(["area", "indicator", "period"])["value"].to_dict()
    phuc = {name: number for (area, name, period), number in value.items() if (area, period) == ("vinh-phuc", "2021Q3")}
    assert phuc["cases_received"] + phuc["cases_carried_over"] == phuc["cases_handled"] == 16234
    assert phuc["cases_on_time"] + phuc["cases_late"] == phuc["cases_due"] == 14101
    assert phuc["on_time_share"] == round(phuc["cases_on_time"] / phuc["cases_due"], 4)
    assert value["vinh-phuc", "online_received_share", "2021-09"] == round(1598 / 4131, 4)
    for year in ("2020", "2021"):
        assert sum(value["khanh-hoa", f"bodies_rated_{kind}", year] for kind in ("good", "fair", "average")) == 44


def test_every_row_has_a_source_and_a_confidence_and_derived_ones_are_not_certain(published, dated_breaks):
    for table in (published, dated_breaks):
        assert table["source"].str.startswith(("http://", "https://")).all()
        assert table["confidence"].isin(["H", "M"]).all()
    derived = published["note"].str.startswith("derived:").fillna(False).astype(bool)
    assert derived.sum() >= 10
    assert published.loc[derived, "confidence"].eq("M").all()


def test_what_must_not_be_used_is_not_there(published):
    assert published[published["indicator"].eq("pci") & published["area"].eq("khanh-hoa")]["period"].max() == "2022"
    assert not published["indicator"].isin(["online_of_all", "online_of_published", "rated_satisfied"]).any()
    conflicting = (
        published["area"].eq("khanh-hoa") & published["indicator"].eq("sipas") & published["period"].eq("2023")
    )
    assert published.loc[conflicting, "rank"].isna().all()


def test_nothing_was_published_before_its_period_began(published):
    dated = published.dropna(subset=["published_on", "period"])
    begins = dated["period"].map(period_of).map(lambda period: period.start_time)
    latest = dated["published_on"].map(pd.Period).map(lambda period: period.end_time)
    assert (begins < latest).all()


def test_the_files_are_plain_text_in_composed_letters():
    for path in FOLDER.glob("*.csv"):
        text = path.read_bytes().decode("utf-8")
        assert "\r" not in text
        assert text.endswith("\n")
        assert pd.Series([text]).str.normalize("NFC").item() == text


def test_every_indicator_is_explained(published):
    explained = re.findall(r"`([a-z0-9_]+)`", (ROOT / "docs" / "published-figures.md").read_text(encoding="utf-8"))
    assert set(published["indicator"]) - set(explained) == set()


def test_every_break_but_those_of_the_suites_own_series_concerns_a_figure(published, dated_breaks):
    ours = {"online_of_published", "published_of_offline", "rated_satisfied"}
    concerned = [
        row.indicator
        for row in dated_breaks.itertuples()
        if published["indicator"].str.fullmatch(row.indicator.replace("*", ".*")).any()
    ]
    assert set(dated_breaks["indicator"]) - set(concerned) == ours


# What is refused ------------------------------------------------------------------------------------------------------


def test_a_good_row_passes_with_what_is_not_known_missing(tmp_path):
    (row,) = figures(tmp_path, {"rank": "", "rank_of": "", "published_on": "", "note": ""}).itertuples()
    assert row.value == 81.82
    assert all(pd.isna(cell) for cell in (row.rank, row.rank_of, row.published_on, row.note))
    assert list(breaks(tmp_path, {})["date"]) == ["2022"]


@pytest.mark.parametrize(
    "change",
    [
        {"area": "Khánh Hòa"}, {"area": ""}, {"indicator": "PCI"}, {"period": "2020-13"}, {"period": "Q3"},
        {"period": "2025W53"}, {"period": "2025W00"}, {"period": "2025W3"}, {"period": "2025-W30"},
        {"value": "81,82"}, {"value": "eighty"}, {"unit": "percent"}, {"unit": ""}, {"rank": "0"}, {"rank": "5.5"},
        {"rank_of": "-1"}, {"method": "SIPAS 2017"}, {"published_on": "24/6/2021"}, {"published_on": "2021-02-30"},
        {"source": "www.example.vn"}, {"source": "ftp://example.vn/x"}, {"source": ""}, {"confidence": "certain"},
        {"confidence": ""},
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_is_refused_with_file_row_and_column(tmp_path, change):
    (column,) = change
    with pytest.raises(BadData, match=rf"figures\.csv row 2: column {column}: "):
        figures(tmp_path, OF_A_YEAR, change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"value": ""}, "column value: a number, and nothing where the unit is rank_only, was expected, not nothing"),
        ({"unit": "rank_only"}, "column value: a number, and nothing where the unit is rank_only, was expected"),
        ({"unit": "share"}, "column value: a share from 0 to 1 was expected, not 81.82"),
        ({"unit": "share", "value": "-0.1"}, "column value: a share from 0 to 1 was expected, not -0.1"),
        ({"value": "101"}, "column value: a score from 0 to 100 was expected, not 101"),
        ({"unit": "count"}, "column value: a whole number from 0 was expected, not 81.82"),
        ({"unit": "count", "value": "-3"}, "column value: a whole number from 0 was expected, not -3"),
        ({"unit": "count", "value": "inf"}, "column value: a whole number from 0 was expected, not inf"),
        ({"unit": "rank_only", "value": "", "rank": "", "rank_of": ""}, "column rank: a rank, where"),
        ({"rank": "64"}, "column rank_of: at least the rank was expected, not 63"),
        ({"rank": ""}, "column rank_of: at least the rank was expected, not 63"),
        ({"period": "2022"}, "column method: sipas-2017 for 2017–2021 and sipas-2022 since, .* not sipas-2017"),
        ({"method": "sipas-2022"}, "column method: .* not sipas-2022"),
        ({"method": ""}, "column method: .* not nothing"),
        ({"period": "2016"}, "column method: .* not sipas-2017"),
        ({"period": ""}, "column method: .* not sipas-2017"),
        ({"indicator": "sipas_access", "method": ""}, "column method: .* not nothing"),
        ({"indicator": "pci"}, "column method: .* not sipas-2017"),
        ({}, "column source: one row for an area, indicator, period, method, source and day of publication"),
    ],
)
def test_cells_that_cannot_be_together_are_refused(tmp_path, change, told):
    with pytest.raises(BadData, match=rf"figures\.csv row 2: {told}"):
        figures(tmp_path, {}, change)


def test_the_same_figure_in_two_sources_is_two_rows_and_a_missing_method_makes_no_difference(tmp_path):
    assert len(figures(tmp_path, {}, {"source": "https://example.vn/other"})) == 2
    with pytest.raises(BadData, match=r"row 2: column source: one row"):
        figures(tmp_path, OF_A_YEAR, OF_A_YEAR | {"value": "64"})


def test_weeks_are_periods_of_their_own_kind(tmp_path):
    weeks = [OF_A_YEAR | {"period": week} for week in ("2020W52", "2020W53", "2021W01", "2021-01", "2021W03")]
    known = figures(tmp_path, *weeks)
    assert years(comparable_stretches(known, "pci", "khanh-hoa")) == [
        ["2020W52", "2020W53", "2021W01"], ["2021-01"], ["2021W03"]
    ]  # fmt: skip


def test_a_figure_revised_by_the_same_source_is_a_row_of_a_later_day(tmp_path):
    revised = {"value": "82", "published_on": "2021-07-01"}
    assert figures(tmp_path, {}, revised)["value"].tolist() == [81.82, 82]


@pytest.mark.parametrize(
    "change",
    [
        {"date": "8/2022"}, {"date": "2022-02-31"}, {"date": ""}, {"area": "Hà Nội"}, {"area": ""},
        {"indicator": "sipas?"}, {"indicator": ""}, {"event": ""}, {"event_vi": ""}, {"source": "a law"},
        {"confidence": "X"},
    ],
)  # fmt: skip
def test_a_break_that_cannot_be_is_refused(tmp_path, change):
    (column,) = change
    with pytest.raises(BadData, match=rf"breaks\.csv row 2: column {column}: "):
        breaks(tmp_path, {}, change)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "a comma-separated UTF-8 file with a header was expected"),
        (b"", "a comma-separated UTF-8 file with a header was expected"),
        ("area,ghi chú\n".encode("utf-16"), "a comma-separated UTF-8 file with a header was expected"),
        (b"area;indicator\n", "the header area,indicator,.* was expected, not area;indicator"),
        (HEADER.replace(b"note", b"note,use"), "the header .* was expected"),
        (HEADER + b"khanh-hoa,sipas\n", "row 1: 12 fields were expected, not 2"),
        (HEADER + b'"khanh-hoa"x,sipas\n', "a comma-separated UTF-8 file"),
        (
            HEADER + ",".join(FIGURE.values()).replace("81.82", "81,82").encode(),
            "row 1: 12 fields were expected, not 13",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path, content, told):
    if content is not None:
        (tmp_path / "figures.csv").write_bytes(content)
    with pytest.raises(BadData, match=rf"figures\.csv.*{told}"):
        read_published(tmp_path)


def test_a_file_saved_by_a_spreadsheet_or_a_mac_reads_the_same(tmp_path):
    rows = ",".join(FIGURE) + "\r\n" + ",".join((FIGURE | {"note": "Kha\u0301nh Ho\u0300a"}).values()) + "\r\n"
    (tmp_path / "figures.csv").write_bytes(rows.encode("utf-8-sig"))
    assert read_published(tmp_path)["note"].tolist() == ["Khánh Hòa"]


def test_a_header_alone_is_no_figures(tmp_path):
    (tmp_path / "figures.csv").write_text(HEADER.decode(), encoding="utf-8")
    (tmp_path / "breaks.csv").write_text(",".join(BREAK) + "\n", encoding="utf-8")
    assert read_published(tmp_path).empty
    assert list(read_breaks(tmp_path)) == list(BREAK)
    assert comparable_stretches(read_published(tmp_path), "sipas", "khanh-hoa", read_breaks(tmp_path)) == []


def test_the_models_are_strict():
    assert PublishedFigures.to_schema().strict
    assert Break.to_schema().strict


# Where lines stop -----------------------------------------------------------------------------------------------------


def test_no_stretch_of_sipas_crosses_2022(published):
    assert years(comparable_stretches(published, "sipas", "vietnam")) == [["2019", "2020"], ["2022", "2023", "2024"]]
    assert years(comparable_stretches(published, "sipas", "khanh-hoa")) == [["2020", "2021"], ["2023", "2024"]]


def test_every_stretch_has_one_method_and_no_gap_and_every_dated_figure_is_in_one(published, dated_breaks):
    in_stretches = 0
    for (indicator, area), figures_ in published.dropna(subset="period").groupby(["indicator", "area"]):
        stretches = comparable_stretches(published, indicator, area, dated_breaks)
        assert sum(map(len, stretches)) == len(figures_)
        for stretch in stretches:
            assert stretch["method"].nunique(dropna=False) == stretch["unit"].nunique() == 1
            moments = stretch["period"].map(period_of)
            assert all(after == before + 1 for before, after in pairwise(moments))
            if indicator.startswith("sipas"):
                assert not {"2021", "2022"} <= set(stretch["period"])
            in_stretches += len(stretch)
    assert in_stretches == published["period"].notna().sum()


def test_neighbouring_years_of_two_methods_are_apart_even_without_the_breaks(tmp_path):
    known = figures(tmp_path, {"period": "2022", "method": "sipas-2022"}, {"period": "2021"}, {"period": "2020"})
    assert years(comparable_stretches(known, "sipas", "khanh-hoa")) == [["2020", "2021"], ["2022"]]


def test_a_missing_year_does_not_join(tmp_path):
    known = figures(tmp_path, *[OF_A_YEAR | {"period": year} for year in ("2018", "2019", "2021")])
    assert years(comparable_stretches(known, "pci", "khanh-hoa")) == [["2018", "2019"], ["2021"]]


def test_a_rank_without_a_score_joins_no_scores(tmp_path):
    ranked = OF_A_YEAR | {"period": "2021", "unit": "rank_only", "value": ""}
    known = figures(tmp_path, OF_A_YEAR, ranked, OF_A_YEAR | {"period": "2022"})
    assert years(comparable_stretches(known, "pci", "khanh-hoa")) == [["2020"], ["2021"], ["2022"]]


def test_months_quarters_and_years_are_different_lines(tmp_path):
    periods = ("2020", "2020-12", "2021-01", "2020Q4", "2021Q1", "2021")
    known = figures(tmp_path, *[OF_A_YEAR | {"period": period} for period in periods])
    found = years(comparable_stretches(known, "pci", "khanh-hoa"))
    assert found[0] == ["2020", "2021"]
    assert sorted(found[1:]) == [["2020-12", "2021-01"], ["2020Q4", "2021Q1"]]


def test_a_figure_without_a_period_is_in_no_stretch(tmp_path):
    known = figures(tmp_path, OF_A_YEAR, OF_A_YEAR | {"period": ""})
    assert years(comparable_stretches(known, "pci", "khanh-hoa")) == [["2020"]]


def test_of_several_sources_the_most_certain_counts_then_the_first(tmp_path):
    weak = OF_A_YEAR | {"source": "https://example.vn/weak", "confidence": "M", "value": "1"}
    first = OF_A_YEAR | {"source": "https://example.vn/first", "value": "2"}
    second = OF_A_YEAR | {"source": "https://example.vn/second", "value": "3"}
    (stretch,) = comparable_stretches(figures(tmp_path, weak, first, second), "pci", "khanh-hoa")
    assert stretch["value"].tolist() == [2.0]


def test_only_the_series_asked_for_is_returned(tmp_path):
    known = figures(tmp_path, OF_A_YEAR, OF_A_YEAR | {"area": "vietnam", "period": "2021"}, {"period": "2021"})
    assert years(comparable_stretches(known, "pci", "khanh-hoa")) == [["2020"]]
    assert comparable_stretches(known, "pci", "ben-tre") == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"date": "2021"}, [["2020"], ["2021", "2022"]]),
        ({"date": "2021-01"}, [["2020"], ["2021", "2022"]]),
        ({"date": "2020-12-31"}, [["2020"], ["2021", "2022"]]),
        ({"date": "2021-07-01"}, [["2020"], ["2021"], ["2022"]]),
        ({"date": "2020-01-01"}, [["2020", "2021", "2022"]]),
        ({"date": "2023"}, [["2020", "2021", "2022"]]),
        ({"date": "2021", "area": "vietnam"}, [["2020", "2021", "2022"]]),
        ({"date": "2021", "area": "khanh-*"}, [["2020"], ["2021", "2022"]]),
        ({"date": "2021", "indicator": "p"}, [["2020", "2021", "2022"]]),
        ({"date": "2021", "indicator": "p*"}, [["2020"], ["2021", "2022"]]),
    ],
)
def test_a_break_divides_and_a_period_with_one_inside_stands_alone(tmp_path, change, expected):
    known = figures(tmp_path, *[OF_A_YEAR | {"period": year} for year in ("2020", "2021", "2022")])
    dated = breaks(tmp_path, {"indicator": "*"} | change)
    assert years(comparable_stretches(known, "pci", "khanh-hoa", dated)) == expected


def test_over_gaps_a_stretch_goes_on_but_not_over_a_break(tmp_path):
    known = figures(tmp_path, *[OF_A_YEAR | {"period": year} for year in ("2018", "2020", "2023")])
    dated = breaks(tmp_path, {"indicator": "pci", "date": "2022"})
    assert years(comparable_stretches(known, "pci", "khanh-hoa", dated, over_gaps=True)) == [["2018", "2020"], ["2023"]]


def test_the_merger_divides_quarters_before_and_since(tmp_path, dated_breaks):
    quarters = [OF_A_YEAR | {"indicator": "cases_late", "period": f"2025Q{number}"} for number in (1, 2, 3, 4)]
    known = figures(tmp_path, *quarters)
    assert years(comparable_stretches(known, "cases_late", "khanh-hoa", dated_breaks)) == [
        ["2025Q1", "2025Q2"],
        ["2025Q3", "2025Q4"],
    ]
