"""Observed so far plus simulated rest, inside each draw."""

import numpy as np
import pandas as pd
import pytest

from analysis.attainment.year_end import YearEnd, year_end

SHARE = ("online_of_all", "total")


def _indicators(*rows: tuple[str, int, int]) -> pd.DataFrame:
    known = [(*SHARE, *row) for row in rows]
    # another series and another indicator, which must not be added in
    known += [("online_of_all", "stp", "2021-01", 700, 900), ("overdue", "total", "2021-01", 800, 900)]
    return pd.DataFrame(known, columns=["indicator", "series", "period", "numerator", "denominator"])


def _draws() -> pd.DataFrame:
    rows = [
        (*SHARE, "2021-12", 1, 0, 20),
        (*SHARE, "2021-11", 0, 2, 10),
        ("online_of_all", "stp", "2021-11", 0, 500, 900),
        ("overdue", "total", "2021-11", 1, 600, 900),
        (*SHARE, "2021-11", 1, 10, 10),
        (*SHARE, "2021-12", 0, 3, 10),
    ]
    return pd.DataFrame(rows, columns=["indicator", "series", "period", "draw", "numerator", "denominator"])


def _at(origin: str, *rows: tuple[str, int, int]) -> YearEnd:
    last = pd.Period("2021-12", "M")
    return year_end(_indicators(*rows), _draws(), *SHARE, origin=pd.Period(origin, "M"), last=last)


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
    share = year_end(rows, _draws().iloc[:0], *SHARE, origin=pd.Period("2021-10", "M"), last=pd.Period("2021-12", "M"))
    assert share.denominator == 8
    assert len(share.values) == 0
    assert not share.decided


def test_quarters_of_the_plans_year() -> None:
    rows = pd.DataFrame(
        [(*SHARE, "2015Q4", 50, 50), (*SHARE, "2016Q1", 1, 4), (*SHARE, "2016Q2", 2, 4), (*SHARE, "2016Q3", 4, 4)],
        columns=["indicator", "series", "period", "numerator", "denominator"],
    )
    share = year_end(rows, _draws().iloc[:0], *SHARE, origin=pd.Period("2016Q2"), last=pd.Period("2016Q4"))
    assert (share.numerator, share.denominator) == (3, 8)
    assert share.observed_to_date == pytest.approx(0.375)
