"""Three instruments of satisfaction, kept apart: ratings, surveys, the published index."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from analysis.data.contracts import Survey, check, empty
from analysis.data.published import Break, PublishedFigures, columns_of, read_breaks, read_published
from analysis.data.simulate.survey_sample import survey
from analysis.indicators.measured import COLUMNS as MEASURED
from analysis.indicators.satisfaction import (
    COLUMNS,
    MINIMUM_RESPONDENTS,
    PUBLISHED_COLUMNS,
    published_rounds,
    rated_by_year,
    surveyed_satisfied,
    surveyed_shares,
)

REFERENCE = Path(__file__).parent / "reference"

# California's school districts drawn, with the elementary and the other schools of each: R's example apiclus1.
APICLUS1 = {
    61: (10, 3), 135: (34, 0), 178: (2, 2), 197: (10, 3), 255: (13, 3), 406: (2, 0), 413: (1, 0), 437: (2, 2),
    448: (9, 3), 510: (16, 5), 568: (4, 5), 637: (8, 3), 716: (30, 7), 778: (1, 1), 815: (2, 2),
}  # fmt: skip


def _answers(clusters: list[tuple[str, str, str | None, float, int, int]]) -> pd.DataFrame:
    """Return answers of one round from `stratum, cluster, agency, weight, counted, others` of each cluster."""
    rows = [
        (stratum, cluster, agency, weight, at < counted)
        for stratum, cluster, agency, weight, counted, others in clusters
        for at in range(counted + others)
    ]
    frame = pd.DataFrame(rows, columns=["stratum", "cluster", "agency", "weight", "counted"])
    return frame.assign(round="2020")


def _row(answers: pd.DataFrame, series: str = "total") -> pd.Series:
    shares = surveyed_shares(answers)
    return shares[shares["series"] == series].iloc[0]


TWO_STRATA = [
    ("a", "1", "x", 1.0, 8, 2),
    ("a", "2", "x", 1.0, 6, 4),
    ("b", "1", "x", 3.0, 9, 1),
    ("b", "2", "x", 3.0, 5, 5),
]


def test_two_strata_by_hand():
    # Weights add up to 80, those counted to 14 + 3 · 14 = 56. Sums of w (y − 0.7) by cluster: 1, −1, 6, −6.
    row = _row(_answers(TWO_STRATA))
    assert row["value"] == pytest.approx(0.7)
    assert row["standard_error"] == pytest.approx(((2 * (1 + 1) + 2 * (36 + 36)) / 80**2) ** 0.5)
    assert row["design_effect"] == pytest.approx(148 / 80**2 / (0.7 * 0.3 / 39))
    assert row[["respondents", "strata", "clusters", "lone_clusters", "degrees_of_freedom", "note"]].tolist() == [
        40, 2, 4, 0, 2, "",
    ]  # fmt: skip


def test_a_lone_cluster_counts_by_its_distance_from_the_whole():
    # p = 64/100; sums: a 1.6, −0.4 (mean 0.6); b 7.8, −4.2 (mean 1.8); c −4.8, around 0.
    row = _row(_answers([*TWO_STRATA, ("c", "1", "x", 2.0, 4, 6)]))
    assert row["value"] == pytest.approx(0.64)
    assert row["standard_error"] == pytest.approx((2 * 2 + 2 * 72 + 4.8**2) ** 0.5 / 100)
    assert row[["strata", "clusters", "lone_clusters", "degrees_of_freedom"]].tolist() == [3, 5, 1, 2]


def test_a_body_is_estimated_inside_the_whole_design():
    # A third cluster of b has nobody of x: it stays, as a zero. Without it b would give 144, with it 3/2 · 72.
    row = _row(_answers([*TWO_STRATA, ("b", "3", "y", 3.0, 10, 0)]), "x")
    assert row["value"] == pytest.approx(0.7)
    assert row["standard_error"] == pytest.approx((4 + 108) ** 0.5 / 80)
    assert row[["respondents", "clusters", "degrees_of_freedom"]].tolist() == [40, 4, 2]


def test_an_answer_about_nobody_in_particular_counts_in_the_whole_only():
    shares = surveyed_shares(_answers([*TWO_STRATA, ("b", "3", None, 3.0, 10, 0)]))
    assert shares["series"].tolist() == ["total", "x"]
    assert shares["respondents"].tolist() == [50, 40]


def test_rounds_are_apart():
    shares = surveyed_shares(pd.concat([_answers(TWO_STRATA), _answers(TWO_STRATA[:3]).assign(round="2018")]))
    assert shares[["series", "period", "respondents"]].to_numpy().tolist() == [
        ["total", "2018", 30], ["x", "2018", 30], ["total", "2020", 40], ["x", "2020", 40],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("clusters", "note", "value"),
    [
        ([("a", "1", "x", 1.0, 8, 2), ("a", "2", "x", 1.0, 10, 9)], "too_few_respondents", float("nan")),
        ([("a", "1", "x", 1.0, 30, 10)], "too_few_clusters", 0.75),
        ([("a", "1", "x", 1.0, 20, 0), ("b", "1", "x", 1.0, 10, 10)], "too_few_clusters", 0.75),
        ([("a", "1", "x", 1.0, 20, 0), ("a", "2", "x", 1.0, 20, 0)], "no_variation", 1.0),
        ([("a", "1", "x", 1.0, 0, 20), ("a", "2", "x", 1.0, 0, 20)], "no_variation", 0.0),
    ],
)
def test_too_little_is_a_result(clusters, note, value):
    row = _row(_answers(clusters))
    assert row["note"] == note
    assert row["value"] == pytest.approx(value, nan_ok=True)
    assert np.isnan(row["standard_error"])
    assert np.isnan(row["design_effect"])


def test_no_answers_no_rows():
    shares = surveyed_shares(_answers([]))
    assert shares.columns.tolist() == COLUMNS
    assert shares.empty
    assert shares.dtypes.astype(str).to_dict() == surveyed_shares(_answers(TWO_STRATA)).dtypes.astype(str).to_dict()


# Against R.


@pytest.fixture(scope="module")
def answers():
    frame = pd.read_csv(REFERENCE / "answers.csv", dtype={"round": "str"})
    return frame.assign(counted=frame["rating"] >= 4)


@pytest.fixture(scope="module")
def by_r():
    return json.loads((REFERENCE / "complex_survey.json").read_text(encoding="utf-8"))


def _equals(row: pd.Series, expected: dict[str, float], *, rel: float = 1e-11) -> None:
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=rel), name


@pytest.mark.parametrize("series", ["total", "stp", "sxd", "ubnd-nt"])
def test_the_same_as_r_with_a_lone_cluster_and_bodies_across_strata(answers, by_r, series):
    assert len(by_r[series]) == 5
    _equals(_row(answers, series), by_r[series])


def test_where_r_would_be_certain_of_a_body_of_one_cluster_nothing_is_said(answers, by_r):
    assert by_r["ubnd-ts"]["standard_error"] < 1e-15
    row = _row(pd.concat([answers, answers[answers["agency"] == "ubnd-ts"]]), "ubnd-ts")
    assert row["respondents"] == 32
    assert row["note"] == "too_few_clusters"


def test_the_same_as_r_on_its_own_example(by_r):
    districts = [("all", str(name), None, 33.847, *schools) for name, schools in APICLUS1.items()]
    _equals(_row(_answers(districts)), by_r["apiclus1"])


# Against svy, which computes its variances in Rust and shares no code with R's package.


@pytest.mark.parametrize("series", ["total", "stp", "sxd", "ubnd-nt"])
def test_the_same_as_svy_as_a_mean_and_as_a_ratio(answers, series):
    by_svy = json.loads((REFERENCE / "complex_survey_svy.json").read_text(encoding="utf-8"))[series]
    ratio = {"value": by_svy.pop("ratio"), "standard_error": by_svy.pop("ratio_error")}
    assert len(by_svy) == 5
    for expected in (by_svy, ratio):
        _equals(_row(answers, series), expected, rel=1e-13)


# Properties.


@st.composite
def _samples(draw: st.DrawFn) -> pd.DataFrame:
    clusters = []
    for stratum in range(draw(st.integers(1, 3))):
        for cluster in range(draw(st.integers(2, 4))):
            counted, others = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
            agency = draw(st.sampled_from(["x", "y", None]))
            clusters.append((f"s{stratum}", str(cluster), agency, draw(st.floats(0.1, 50)), counted, others))
    clusters += [("s0", "0", "x", 1.0, 20, 10)]
    return _answers(clusters)


NUMBERS = ["value", "standard_error", "design_effect"]


def _same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    np.testing.assert_allclose(one[NUMBERS], other[NUMBERS], rtol=1e-9, atol=1e-12)
    rest = [name for name in COLUMNS if name not in NUMBERS]
    pd.testing.assert_frame_equal(one[rest], other[rest])


@settings(max_examples=35)
@given(_samples(), st.floats(1e-3, 1e3))
def test_the_unit_of_the_weights_does_not_matter(sample, factor):
    _same(surveyed_shares(sample), surveyed_shares(sample.assign(weight=sample["weight"] * factor)))


@settings(max_examples=35)
@given(_samples(), st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_does_not_matter(sample, seed):
    _same(surveyed_shares(sample), surveyed_shares(sample.sample(frac=1, random_state=np.random.default_rng(seed))))


@pytest.mark.slow
@given(st.integers(1, 200), st.integers(1, 200), st.floats(0.01, 100))
def test_people_drawn_one_by_one_give_the_ordinary_error(counted, others, weight):
    n = counted + others
    people = [("all", str(at), None, weight, int(at < counted), int(at >= counted)) for at in range(n)]
    row = _row(_answers(people))
    if n < MINIMUM_RESPONDENTS:
        assert row["note"] == "too_few_respondents"
        return
    p = counted / n
    assert row["value"] == pytest.approx(p)
    assert row["standard_error"] == pytest.approx((p * (1 - p) / n * n / (n - 1)) ** 0.5)
    assert row["design_effect"] == pytest.approx(1)
    assert row["degrees_of_freedom"] == n - 1


def _jackknife(answers: pd.DataFrame) -> float:
    """Return the standard error from leaving out one cluster at a time, the others of its stratum standing in (JKn)."""
    whole = np.average(answers["counted"], weights=answers["weight"])
    variance = 0.0
    for stratum, members in answers.groupby("stratum"):
        clusters = members["cluster"].unique()
        m = len(clusters)
        for cluster in clusters:
            left_out = (answers["stratum"] == stratum) & (answers["cluster"] == cluster)
            weight = answers["weight"].where(answers["stratum"] != stratum, answers["weight"] * m / (m - 1))
            without = np.average(answers["counted"][~left_out], weights=weight[~left_out])
            variance += (m - 1) / m * (without - whole) ** 2
    return float(np.sqrt(variance))


def test_the_jackknife_agrees(answers):
    several = answers[answers["stratum"] != "island"]
    assert _row(several)["standard_error"] == pytest.approx(_jackknife(several), rel=0.03)


def test_the_jackknife_agrees_on_the_simulated_province():
    months = [f"{year}-{month:02d}" for year in range(2018, 2022) for month in range(1, 13)]
    made, _ = survey(5, pd.Series(0.82, index=months))
    one = made[made["round"] == "2019"].assign(counted=lambda rows: rows["rating"] >= 4)
    assert _row(one)["standard_error"] == pytest.approx(_jackknife(one), rel=0.005)


@pytest.mark.statistical
def test_intervals_hold_the_truth_as_often_as_they_say():
    months = [f"{year}-{month:02d}" for year in range(2018, 2022) for month in range(1, 13)]
    inside = {0.80: [], 0.95: []}
    for seed in range(200):
        made, truth = survey(seed, pd.Series(0.82, index=months))
        shares = surveyed_satisfied(made.assign(agency=None))
        off = (shares["value"] - shares["period"].map(truth)).abs() / shares["standard_error"]
        for level, held in inside.items():
            held += list(off <= student.ppf((1 + level) / 2, shares["degrees_of_freedom"].astype(float)))
    # 600 rounds; a standard error of 1.6 and 0.9 points if all were independent
    assert np.mean(inside[0.80]) == pytest.approx(0.80, abs=0.05)
    assert np.mean(inside[0.95]) == pytest.approx(0.95, abs=0.03)


PUBLISHED = Path(__file__).parents[2] / "data" / "published"
ALWAYS = {"indicator", "dimension", "series", "period", "value", "standard_error"}


def _ratings(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """Return an indicator of ratings as series: of the whole and of one agency."""
    frame = pd.DataFrame(rows, columns=["period", "numerator", "denominator"])
    pieces = [frame.assign(dimension="total", series="total"), frame.assign(dimension="agency", series="stp")]
    return pd.concat(pieces, ignore_index=True).assign(indicator="rated_satisfied").reindex(columns=MEASURED)


def test_a_years_ratings_are_added_up_before_they_are_divided():
    years = rated_by_year(_ratings(("2020-11", 9, 10), ("2020-12", 0, 30), ("2021-01", 4, 8)))
    total = years[years["series"] == "total"]
    assert total[["period", "numerator", "denominator", "value"]].to_numpy().tolist() == [
        ["2020", 9, 40, 9 / 40], ["2021", 4, 8, 0.5],
    ]  # fmt: skip
    assert set(years) >= ALWAYS
    assert years["standard_error"].isna().all()


def test_quarters_make_years_too_and_no_ratings_make_no_share():
    years = rated_by_year(_ratings(("2020Q1", 3, 4), ("2020Q4", 1, 4), ("2021Q1", 0, 0)))
    assert years.loc[years["series"] == "total", ["period", "numerator"]].to_numpy().tolist() == [
        ["2020", 4],
        ["2021", 0],
    ]
    assert years.loc[years["series"] == "total", "value"].isna().tolist() == [False, True]
    assert rated_by_year(_ratings()).empty


def _survey(*, instrument: str = "provincial", satisfied: int = 15) -> pd.DataFrame:
    rows = [
        (instrument, "2020", "all", cluster, agency, 1.0, 4 if at < satisfied else 3)
        for cluster, agency in [("c1", "stp"), ("c2", "sxd")]
        for at in range(20)
    ]
    columns = [name for name in columns_of(Survey) if name != "field"]
    return check(pd.DataFrame(rows, columns=columns).assign(field=None), Survey, where="hand-made survey")


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
    index = published_rounds(published, breaks, index="sipas", area="khanh-hoa")
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
    index = published_rounds(published, breaks, index="sipas", area="vietnam").set_index("period")
    assert index["respondents"].dropna().to_dict() == {"2023": 39700, "2024": 36525}
    assert len(index) == 5


def test_no_stretch_mixes_two_methods(published, breaks):
    for area in sorted(published.loc[published["indicator"] == "sipas", "area"].unique()):
        index = published_rounds(published, breaks, index="sipas", area=area)
        assert len(index[["stretch", "method"]].drop_duplicates()) == index["stretch"].max()
        methods = ["sipas-2017" if int(year) < 2022 else "sipas-2022" for year in index["period"]]
        assert index["method"].tolist() == methods


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
    index = published_rounds(published, breaks, index="sipas", area="khanh-hoa", as_of=as_of)
    assert index["period"].tolist() == periods
    assert index.columns.tolist() == PUBLISHED_COLUMNS
    assert (
        index.dtypes.astype(str).to_dict()
        == published_rounds(published, breaks, index="sipas", area="khanh-hoa").dtypes.astype(str).to_dict()
    )


def test_a_date_known_to_the_month_counts_from_its_last_day_and_none_never():
    rows = [
        ["here", "sipas", "2018", 80.0, "score", None, None, "sipas-2017", "2019-04", "https://a.vn/a", "H", None],
        ["here", "sipas", "2019", 81.0, "score", None, None, "sipas-2017", None, "https://a.vn/b", "H", None],
    ]
    figures = check(
        pd.DataFrame(rows, columns=columns_of(PublishedFigures)), PublishedFigures, where="hand-made figures"
    )
    none = empty(Break)
    on = {
        day: published_rounds(figures, none, index="sipas", area="here", as_of=date(2019, 4, day)) for day in (29, 30)
    }
    assert [len(on[29]), len(on[30])] == [0, 1]
    assert published_rounds(figures, none, index="sipas", area="here")["period"].tolist() == ["2018", "2019"]
