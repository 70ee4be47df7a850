"""Observed so far plus simulated rest, inside each draw."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.attainment.year_end import RUN_RATE_COLUMNS, YearEnd, gap, run_rate, year_end
from analysis.plan.promises import Part
from analysis.rules import Rule

SHARE = ("online_of_all", "total", "total")
PART = Part(indicator="online_of_all", rule="at_least", threshold=0.5)


def _indicators(*rows: tuple[str, int, int]) -> pd.DataFrame:
    known = [(*SHARE, *row) for row in rows]
    # another series and another indicator, which must not be added in
    known += [
        ("online_of_all", "agency", "stp", "2021-01", 700, 900),
        ("overdue", "total", "total", "2021-01", 800, 900),
        ("online_of_all", "field", "total", "2021-01", 600, 900),
    ]
    return pd.DataFrame(known, columns=["indicator", "dimension", "series", "period", "numerator", "denominator"])


def _draws() -> pd.DataFrame:
    rows = [
        (*SHARE, "2021-12", 1, 0, 20),
        (*SHARE, "2021-11", 0, 2, 10),
        ("online_of_all", "agency", "stp", "2021-11", 0, 500, 900),
        ("overdue", "total", "total", "2021-11", 1, 600, 900),
        (*SHARE, "2021-11", 1, 10, 10),
        (*SHARE, "2021-12", 0, 3, 10),
    ]
    return pd.DataFrame(
        rows, columns=["indicator", "dimension", "series", "period", "draw", "numerator", "denominator"]
    )


def _at(origin: str, *rows: tuple[str, int, int]) -> YearEnd:
    last = pd.Period("2021-12", "M")
    return year_end(_indicators(*rows), _draws(), PART, origin=pd.Period(origin, "M"), last=last)


def test_two_draws_of_two_months() -> None:
    rows = [("2020-12", 9, 9), ("2021-01", 4, 8), ("2021-10", 6, 12), ("2021-11", 90, 90)]
    share = _at("2021-10", *rows)  # neither last year's December nor the month after the origin counts
    assert (share.numerator, share.denominator) == (10, 20)
    assert share.observed_to_date == 0.5
    assert share.values.tolist() == [(10 + 2 + 3) / (20 + 20), (10 + 10 + 0) / (20 + 30)]
    assert share.rest_denominator.tolist() == [20, 30]
    assert not share.decided


def test_the_year_is_over() -> None:
    share = _at("2021-12", ("2021-01", 4, 8), ("2021-12", 2, 16))
    assert share.decided
    assert share.values.tolist() == [6 / 24]
    assert share.rest_denominator.tolist() == [0]


def test_the_year_is_over_without_a_case() -> None:
    share = _at("2021-12", ("2020-12", 4, 8))
    assert share.decided
    assert len(share.values) == 0
    assert np.isnan(share.observed_to_date)


def test_the_year_has_not_begun() -> None:
    share = _at("2020-12", ("2020-11", 4, 8), ("2020-12", 9, 9))
    assert (share.numerator, share.denominator) == (0, 0)
    assert np.isnan(share.observed_to_date)
    assert share.values.tolist() == [5 / 20, 10 / 30]
    assert not share.decided


def test_a_share_without_draws_has_no_year_end() -> None:
    rows = _indicators(("2021-01", 4, 8))
    share = year_end(rows, _draws().iloc[:0], PART, origin=pd.Period("2021-10", "M"), last=pd.Period("2021-12", "M"))
    assert share.denominator == 8
    assert len(share.values) == 0
    assert not share.decided


def test_quarters_of_the_plans_year() -> None:
    rows = pd.DataFrame(
        [(*SHARE, "2015Q4", 50, 50), (*SHARE, "2016Q1", 1, 4), (*SHARE, "2016Q2", 2, 4), (*SHARE, "2016Q3", 4, 4)],
        columns=["indicator", "dimension", "series", "period", "numerator", "denominator"],
    )
    share = year_end(rows, _draws().iloc[:0], PART, origin=pd.Period("2016Q2"), last=pd.Period("2016Q4"))
    assert (share.numerator, share.denominator) == (3, 8)
    assert share.observed_to_date == pytest.approx(0.375)


def _rate(
    numerator: int,
    denominator: int,
    rest: list[float],
    *,
    rule: Rule = "at_least",
    threshold: float = 0.5,
    highest: float = 1.0,
    weeks: float = 10,
    decided: bool = False,
) -> pd.DataFrame:
    rest_of_year = np.array(rest, dtype=float)
    values = np.full(len(rest), 0.4)
    share = YearEnd(
        numerator, denominator, values, values * (denominator + rest_of_year), rest_of_year, decided=decided
    )
    return run_rate(
        "uptake", "of_all", share, rule=rule, threshold=threshold, highest=highest, weeks_left=weeks, current_share=0.35
    )


def _only(frame: pd.DataFrame) -> dict[str, Any]:
    assert list(frame.columns) == RUN_RATE_COLUMNS
    assert len(frame) == 1
    return dict(frame.iloc[0])


def test_by_hand() -> None:
    # median rest 100 (the mean is 130): half of 200 + 100 is 150, 60 are done, 90 of the last 100 are needed
    row = _only(_rate(60, 200, [80, 100, 210]))
    assert (row["target"], row["part"]) == ("uptake", "of_all")
    assert row["rest_cases"] == 100
    assert row["required_share"] == pytest.approx(0.9)
    assert row["cases_per_week"] == pytest.approx(9)
    assert (row["weeks_left"], row["current_share"]) == (10, 0.35)


def test_out_of_reach_is_a_share_above_one() -> None:
    row = _only(_rate(20, 200, [100, 100, 100]))  # 150 - 20 = 130 of 100
    assert row["required_share"] == pytest.approx(1.3)
    assert row["cases_per_week"] == pytest.approx(13)


def test_an_allowance_used_up_is_a_share_below_zero() -> None:
    row = _only(_rate(10, 200, [100], rule="at_most", threshold=0.02))  # 2% of 300 is 6, 10 are late already
    assert row["required_share"] == pytest.approx(-0.04)
    assert row["cases_per_week"] == pytest.approx(-0.4)


def test_what_is_out_of_reach_at_the_median_may_be_within_it_with_more_cases() -> None:
    # 10 of 200 are late: 2% allow them from 500 cases on, which one draw of four brings, and another just so.
    row = _only(_rate(10, 200, [100, 200, 300, 400], rule="at_most", threshold=0.02))
    assert row["required_share"] < 0
    assert row["reachable"] == 0.5
    # 20 of 200: half of all is within reach from 160 more on, (20 + 160) / 360.
    assert _only(_rate(20, 200, [100, 100, 100, 160]))["reachable"] == 0.25
    assert _only(_rate(20, 200, [100, 100, 100, 160], rule="more_than"))["reachable"] == 0
    # Of a mean one case can make good for all.
    assert _only(_rate(20, 200, [100], highest=np.inf))["reachable"] == 1


@pytest.mark.parametrize(
    ("rest", "weeks", "decided"),
    [([0.0], 0.0, True), ([100.0], 10.0, True), ([100.0], 0.0, False), ([0.0, 0.0], 10.0, False), ([], 10.0, False)],
)
def test_nothing_left_has_no_row(rest: list[float], weeks: float, decided: bool) -> None:
    frame = _rate(60, 200, rest, weeks=weeks, decided=decided)
    assert frame.empty
    assert list(frame.columns) == RUN_RATE_COLUMNS


# 100 cases so far, 20 online; 100 more to come, of which 20, 30, 40 or 50 online.
ONLINE = np.array([40.0, 50, 60, 70])
WHOLE = YearEnd(20, 100, ONLINE / 200, ONLINE, np.full(4, 100.0), decided=False)
SO_FAR = pd.DataFrame(
    [("agency", "north", 5, 50), ("agency", "south", 15, 30), ("agency", "east", 0, 20), ("total", "total", 20, 100),
     ("field", "north", 9, 90)],
    columns=["dimension", "series", "numerator", "denominator"],
)  # fmt: skip
MEMBERS = {"agency": ["north", "south", "east", "unheard-of"]}


def _gap(rule="at_least", threshold=0.30, whole=WHOLE):
    part = Part(indicator="online_of_all", rule=rule, threshold=threshold)
    return gap("t", part, "", whole, SO_FAR, MEMBERS).set_index("series")


def test_the_largest_shortfall_comes_first_with_its_counts():
    found = _gap()
    # 30 % of 50 is 15, of 20 is 6: ten and six cases short; the south has more than its 9.
    assert found["short"].to_dict() == pytest.approx({"north": 10, "east": 6, "south": 0})
    assert list(found.index) == ["north", "east", "south"]
    assert found.loc["north", ["numerator", "denominator"]].tolist() == [5, 50]


def test_one_member_at_the_promise_moves_the_draws_by_its_cases():
    found = _gap()
    # 60 of 200 are needed: two draws of four have them. The north would bring 20 % more of half of 100 cases, ten, and
    # so the draw with 50 too; the east 30 % of twenty, six, and no draw more.
    assert found["probability"].unique().tolist() == [0.5]
    assert found["probability_if"].to_dict() == {"north": 0.75, "east": 0.5, "south": 0.5}


def test_of_an_upper_limit_the_cases_too_many_are_the_gap():
    found = _gap(rule="at_most", threshold=0.25)
    # 25 % of 30 is 7.5: seven and a half too many. Fewer by 25 % of 30 cases: 50 of 200 stays, 60 becomes 52.5.
    assert found["short"].to_dict() == pytest.approx({"south": 7.5, "north": 0, "east": 0})
    assert found["probability"].unique().tolist() == [0.5]
    assert found.loc["south", "probability_if"] == 0.5
    assert _gap(rule="at_most", threshold=0.29).loc["south", "probability_if"] == 0.75


def test_once_decided_nobody_holds_anything():
    assert _gap(whole=YearEnd(40, 200, np.array([0.2]), np.array([40.0]), np.zeros(1), decided=True)).empty
