"""Three instruments of satisfaction, kept apart: ratings, surveys, the published index."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.contracts import Ratings, Survey, check, empty
from analysis.data.published import Break, Published, columns_of, read_breaks, read_published
from analysis.indicators.satisfaction import (
    SIPAS_COLUMNS,
    published_sipas,
    rated_by_year,
    rated_satisfied,
    sipas_method,
    surveyed_satisfied,
)

PUBLISHED = Path(__file__).parents[2] / "data" / "published"
ALWAYS = {"indicator", "series", "period", "value", "standard_error"}


def _ratings(*rows: tuple[str, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["period", "satisfied", "respondents"])
    return check(
        frame.assign(agency="stp", district=None, field="hotich", channel="online"), Ratings, where="hand-made ratings"
    )


def test_a_years_ratings_are_added_up_before_they_are_divided():
    years = rated_by_year(rated_satisfied(_ratings(("2020-11", 9, 10), ("2020-12", 0, 30), ("2021-01", 4, 8))))
    total = years[years["series"] == "total"]
    assert total[["period", "numerator", "denominator", "value"]].to_numpy().tolist() == [
        ["2020", 9, 40, 9 / 40], ["2021", 4, 8, 0.5],
    ]  # fmt: skip
    assert set(years) >= ALWAYS
    assert years["standard_error"].isna().all()


def test_quarters_make_years_too_and_no_ratings_make_no_share():
    years = rated_by_year(rated_satisfied(_ratings(("2020Q1", 3, 4), ("2020Q4", 1, 4), ("2021Q1", 0, 0))))
    assert years.loc[years["series"] == "total", ["period", "numerator"]].to_numpy().tolist() == [
        ["2020", 4],
        ["2021", 0],
    ]
    assert years.loc[years["series"] == "total", "value"].isna().tolist() == [False, True]
    assert rated_by_year(rated_satisfied(empty(Ratings))).empty


def _survey(*, instrument: str = "provincial", satisfied: int = 15) -> pd.DataFrame:
    rows = [
        (instrument, "2020", "all", cluster, agency, 1.0, 4 if at < satisfied else 3)
        for cluster, agency in [("c1", "stp"), ("c2", "sxd")]
        for at in range(20)
    ]
    return check(pd.DataFrame(rows, columns=columns_of(Survey)), Survey, where="hand-made survey")


def test_four_and_five_are_satisfied():
    shares = surveyed_satisfied(_survey(satisfied=15))
    assert shares.loc[shares["series"] == "total", "value"].tolist() == [0.75]
    assert set(shares) >= ALWAYS | {"respondents"}


def test_two_instruments_are_two_indicators():
    shares = surveyed_satisfied(pd.concat([_survey(satisfied=15), _survey(instrument="sipas", satisfied=10)]))
    total = shares[shares["series"] == "total"]
    assert total[["indicator", "value"]].to_numpy().tolist() == [["surveyed_provincial", 0.75], ["surveyed_sipas", 0.5]]


def test_no_survey_no_rows_of_the_same_shape():
    nothing = surveyed_satisfied(empty(Survey))
    assert nothing.empty
    assert nothing.columns.tolist() == surveyed_satisfied(_survey()).columns.tolist()


@pytest.fixture(scope="module")
def published():
    return read_published(PUBLISHED)


@pytest.fixture(scope="module")
def breaks():
    return read_breaks(PUBLISHED)


def test_the_published_index_of_the_province_breaks_in_2022(published, breaks):
    index = published_sipas(published, breaks, area="khanh-hoa")
    assert index[["period", "value", "method", "stretch", "published_on"]].to_numpy().tolist() == [
        ["2020", pytest.approx(0.8182), "sipas-2017", 1, "2021-06-24"],
        ["2021", pytest.approx(0.8440), "sipas-2017", 1, "2022-05-25"],
        ["2023", pytest.approx(0.8109), "sipas-2022", 2, "2024-04-17"],
        ["2024", pytest.approx(0.8366), "sipas-2022", 2, "2025-04-06"],
    ]
    assert set(index["indicator"]) == {"sipas"}
    assert index["respondents"].isna().all()
    assert index["standard_error"].isna().all()


def test_the_sample_is_given_where_it_is_published_for_that_very_area(published, breaks):
    index = published_sipas(published, breaks, area="vietnam").set_index("period")
    assert index["respondents"].dropna().to_dict() == {"2023": 39700, "2024": 36525}
    assert len(index) == 5


def test_no_stretch_mixes_two_methods(published, breaks):
    for area in sorted(published.loc[published["indicator"] == "sipas", "area"].unique()):
        index = published_sipas(published, breaks, area=area)
        assert len(index[["stretch", "method"]].drop_duplicates()) == index["stretch"].max()
        assert [sipas_method(int(year)) for year in index["period"]] == index["method"].tolist()


@pytest.mark.parametrize(
    ("as_of", "periods"),
    [
        (date(2021, 6, 23), []),
        (date(2021, 6, 24), ["2020"]),
        (date(2022, 5, 24), ["2020"]),
        (date(2030, 1, 1), ["2020", "2021", "2023", "2024"]),
    ],
)
def test_nothing_is_known_before_it_is_published(published, breaks, as_of, periods):
    index = published_sipas(published, breaks, area="khanh-hoa", as_of=as_of)
    assert index["period"].tolist() == periods
    assert index.columns.tolist() == SIPAS_COLUMNS
    assert (
        index.dtypes.astype(str).to_dict()
        == published_sipas(published, breaks, area="khanh-hoa").dtypes.astype(str).to_dict()
    )


def test_a_date_known_to_the_month_counts_from_its_last_day_and_none_never():
    rows = [
        ["here", "sipas", "2018", 80.0, "score", None, None, "sipas-2017", "2019-04", "https://a.vn/a", "H", None],
        ["here", "sipas", "2019", 81.0, "score", None, None, "sipas-2017", None, "https://a.vn/b", "H", None],
    ]
    figures = check(pd.DataFrame(rows, columns=columns_of(Published)), Published, where="hand-made figures")
    none = empty(Break)
    on = {day: published_sipas(figures, none, area="here", as_of=date(2019, 4, day)) for day in (29, 30)}
    assert [len(on[29]), len(on[30])] == [0, 1]
    assert published_sipas(figures, none, area="here")["period"].tolist() == ["2018", "2019"]
