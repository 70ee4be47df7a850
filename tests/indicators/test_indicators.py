"""Each indicator on a handful of rows, worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from analysis.data.contracts import Counts, Ratings, check
from analysis.indicators import reporting, trend
from library_series import counted_series, library_plan, library_series

COLUMNS = ["period", "agency", "field", "procedure", "channel", "published_online", "timeliness", "resolved"]
ROWS = [
    ("2021-01", "stp", "hotich", "p1", "online", True, "early", 30),
    ("2021-01", "stp", "hotich", "p1", "counter", True, "late", 20),
    ("2021-01", "stp", "hotich", "p2", "counter", False, "no_due_date", 40),
    ("2021-01", "sxd", "xaydung", "p3", "post", True, "on_time", 10),
    ("2021-01", "sxd", "xaydung", "p4", "online", False, "late", 5),
    ("2021-01", "sxd", "xaydung", "p5", None, None, None, 1000),
    ("2021-02", "stp", "hotich", "p1", "online", True, "early", 8),
    ("2021-02", "stp", "hotich", "p6", "counter", False, "early", 2),
]


def online_of_all(counts, *, changes=None, groups=None):
    return library_series("online_of_all", changes, groups=groups, counts=counts)


def online_of_published(counts, *, changes=None, groups=None):
    nested_in = ("online_of_all", "published_of_offline")
    return library_series("online_of_published", changes, with_others=nested_in, groups=groups, counts=counts)


def online_of_published_received(counts):
    received = {"counted": "received"}
    plan = library_plan("online_of_all", "published_of_offline", "online_of_published")
    indicators = {
        code: one if one.nested_in else one.model_copy(update=received) for code, one in plan.indicators.items()
    }
    return counted_series(plan.model_copy(update={"indicators": indicators}), "online_of_published", counts=counts)


def overdue(counts, **changes):
    return library_series("overdue", changes, counts=counts)


@pytest.fixture
def counts():
    frame = pd.DataFrame(ROWS, columns=COLUMNS).assign(district=None, received=0)
    return check(frame, Counts, where="hand-made counts")


def _row(shares, series, period="2021-01"):
    row = shares[(shares["series"] == series) & (shares["period"] == period)].iloc[0]
    return row["numerator"], row["denominator"], row["value"]


def test_online_of_all_leaves_the_unsplit_out(counts):
    shares = online_of_all(counts)
    assert _row(shares, "total") == (35, 105, pytest.approx(1 / 3))
    assert _row(shares, "stp") == (30, 90, pytest.approx(1 / 3))
    assert _row(shares, "xaydung") == (5, 15, pytest.approx(1 / 3))
    assert _row(shares, "total", "2021-02") == (8, 10, pytest.approx(0.8))


def test_online_of_published_counts_a_case_filed_online_as_published(counts):
    shares = online_of_published(counts)
    # Published: 30 + 20 + 10, and the 5 filed online although the catalogue says not.
    assert _row(shares, "total") == (35, 65, pytest.approx(35 / 65))


def test_a_source_without_a_catalogue_has_no_published_share(counts):
    assert online_of_published(counts.assign(published_online=pd.array([pd.NA] * 8, dtype="boolean"))).empty


def test_overdue_keeps_cases_without_a_due_date_in_the_denominator(counts):
    shares = overdue(counts)
    assert _row(shares, "total") == (25, 105, pytest.approx(25 / 105))
    assert _row(shares, "hotich") == (20, 90, pytest.approx(20 / 90))


def test_read_literally_overdue_counts_the_early(counts):
    assert _row(overdue(counts, numerator={"timeliness": "early"}), "total")[:2] == (30, 105)


def test_a_source_without_timeliness_has_no_overdue_share(counts):
    assert overdue(counts.assign(timeliness=None)).empty


def test_the_shares_are_of_the_whole_each_agency_and_each_field(counts):
    shares = online_of_all(counts)
    assert set(shares["series"]) == {"total", "stp", "sxd", "hotich", "xaydung"}
    assert not shares.duplicated(["indicator", "dimension", "series", "period"]).any()
    assert set(shares["indicator"]) == {"online_of_all"}


def test_a_share_of_nothing_is_missing(counts):
    numerator, denominator, value = _row(online_of_all(counts.assign(resolved=0)), "total")
    assert (numerator, denominator) == (0, 0)
    assert pd.isna(value)


def test_an_agency_and_a_field_may_share_a_code(counts):
    shares = online_of_all(counts.assign(field="stp"))
    same = shares[(shares["series"] == "stp") & (shares["period"] == "2021-01")].set_index("dimension")
    assert same["denominator"].to_dict() == {"agency": 90, "field": 105}


def test_uptake_of_the_received_counts_what_came_in(counts):
    came = counts.assign(received=pd.array([40, 10, 30, 5, 15, 500, 0, 100], dtype="Int64"))
    # The 500 of p5 have no channel; the others are 40 + 10 + 30 + 5 + 15.
    assert _row(online_of_all(came, changes={"counted": "received"}), "total") == (55, 100, pytest.approx(0.55))
    # Published: 40 + 10 + 5, and the 15 filed online although the catalogue says not.
    assert _row(online_of_published_received(came), "total")[:2] == (55, 70)
    assert online_of_all(came)["denominator"].max() == 105


def test_a_group_is_the_sum_of_its_agencies_or_fields(counts):
    groups = {"agency": {"both": ["stp", "sxd"]}, "field": {"one": ["xaydung"]}}
    for share in (online_of_all, online_of_published):
        shares = share(counts, groups=groups)
        assert _row(shares, "both") == _row(shares, "total")
        assert _row(shares, "one") == _row(shares, "xaydung")


def test_a_share_has_the_standard_error_of_its_count(counts):
    shares = online_of_all(counts).set_index(["series", "period"])["standard_error"]
    assert shares["total", "2021-02"] == pytest.approx((0.8 * 0.2 / 10) ** 0.5)
    assert online_of_all(counts.assign(resolved=0))["standard_error"].isna().all()
    assert online_of_all(counts[counts["channel"] == "online"])["standard_error"].eq(0).all()


def test_satisfied_of_respondents():
    rows = [("2021-01", "stp", None, "hotich", "online", 8, 10), ("2021-01", "sxd", None, "xaydung", "counter", 1, 5)]
    ratings = check(pd.DataFrame(rows, columns=list(Ratings.to_schema().columns)), Ratings, where="hand-made ratings")
    shares = library_series("rated_satisfied", ratings=ratings)
    assert _row(shares, "total") == (9, 15, pytest.approx(0.6))
    assert _row(shares, "sxd") == (1, 5, pytest.approx(0.2))


def test_coverage_shows_who_started_stopped_or_gives_only_a_total(counts):
    rows = reporting.coverage(counts).set_index("period")
    assert rows.loc["2021-01"].to_dict() == {
        "reporting": 4, "started": 0, "stopped": 0, "started_cases": 0, "unsplit": 1, "unsplit_cases": 1000,
    }  # fmt: skip
    assert rows.loc["2021-02"].to_dict() == {
        "reporting": 2, "started": 1, "stopped": 3, "started_cases": 2, "unsplit": 0, "unsplit_cases": 0,
    }  # fmt: skip


def test_changes_are_listed_largest_first(counts):
    changes = reporting.changes(counts, "2021-02", "2021-01")
    assert changes.to_numpy().tolist() == [
        ["p2", "stp", "stopped", 40],
        ["p3", "sxd", "stopped", 10],
        ["p4", "sxd", "stopped", 5],
        ["p6", "stp", "started", 2],
    ]


def test_a_short_series_has_no_trend_and_a_wilson_interval():
    shares = pd.DataFrame({"period": ["2021-01"], "numerator": [8], "denominator": [10], "value": [0.8]})
    row = trend.with_trend(shares, season_length=12).iloc[0]
    assert pd.isna(row["trend"])
    # Wilson at 80 %, z = 1.281552: centre (8 + z²/2) / (10 + z²), half-width z √(p q / n + z² / 4n²) / (1 + z² / n).
    z, n, p = 1.2815515655, 10, 0.8
    centre = (8 + z**2 / 2) / (n + z**2)
    half = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5 / (1 + z**2 / n)
    assert (row["lower"], row["upper"]) == (pytest.approx(centre - half), pytest.approx(centre + half))
    assert (row["lower"], row["upper"]) == proportion_confint(8, 10, alpha=0.2, method="wilson")


@pytest.mark.parametrize(("months", "drawn"), [(23, 0), (24, 24)])
def test_a_trend_needs_two_full_years(months, drawn):
    shares = pd.DataFrame({"period": range(months), "numerator": 1, "denominator": 2, "value": 0.5})
    assert trend.with_trend(shares, season_length=12)["trend"].notna().sum() == drawn


def test_a_series_with_a_gap_has_no_trend():
    shares = pd.DataFrame({"period": range(30), "numerator": 1, "denominator": 2, "value": [0.5] * 29 + [None]})
    assert trend.with_trend(shares, season_length=12)["trend"].isna().all()


def test_a_straight_line_is_its_own_trend():
    value = [0.1 + 0.01 * month for month in range(30)]
    shares = pd.DataFrame({"period": [f"m{month}" for month in range(30)], "numerator": 1, "denominator": 10})
    drawn = trend.with_trend(shares.assign(value=value), season_length=12)
    assert drawn["trend"].to_numpy() == pytest.approx(value, abs=1e-6)
