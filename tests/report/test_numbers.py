"""Numbers and periods as a reader writes them."""

from datetime import date

import pandas as pd
import pytest

from analysis.attainment.verdict import verdict
from analysis.report import numbers

NAN = float("nan")


@pytest.mark.parametrize(
    ("share", "vi", "en"),
    [
        (0.8125, "81,3%", "81.3%"),  # 81.25: the half goes up, not to the even 81.2
        (0.8135, "81,4%", "81.4%"),
        (0.2765, "27,7%", "27.7%"),
        (0.0005, "0,1%", "0.1%"),
        (0.00049, "0,0%", "0.0%"),
        (0.285, "28,5%", "28.5%"),
        (1.0, "100,0%", "100.0%"),
        (0.0, "0,0%", "0.0%"),
        (12.5, "1.250,0%", "1,250.0%"),
        (NAN, "–", "–"),
    ],
)
def test_percent(share: float, vi: str, en: str) -> None:
    assert (numbers.percent(share, "vi"), numbers.percent(share, "en")) == (vi, en)


def test_whole_percent_is_half_up_too() -> None:
    assert numbers.percent(0.285, "vi", digits=0) == "29%"
    assert numbers.percent(0.005, "en", digits=0) == "1%"


@pytest.mark.parametrize(
    ("lower", "upper", "vi", "en"),
    [(0.29749, 0.30949, "29,7–30,9%", "29.7–30.9%"), (0.0005, 0.0, "0,1–0,0%", "0.1–0.0%"), (NAN, 0.5, "–", "–"),
     (0.5, NAN, "–", "–")],
)  # fmt: skip
def test_percent_range(lower: float, upper: float, vi: str, en: str) -> None:
    assert (numbers.percent_range(lower, upper, "vi"), numbers.percent_range(lower, upper, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("number", "vi", "en"),
    [(191957, "191.957", "191,957"), (1533041157, "1.533.041.157", "1,533,041,157"), (999, "999", "999"),
     (0, "0", "0"), (2.5, "3", "3"), (NAN, "–", "–"), (pd.NA, "–", "–")],
)  # fmt: skip
def test_count(number: float, vi: str, en: str) -> None:
    assert (numbers.count(number, "vi"), numbers.count(number, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, "0%"), (0.005, "<\u00a01%"), (0.00999, "<\u00a01%"), (0.01, "1%"), (0.285, "29%"), (0.776, "78%"),
     (0.99, "99%"),
     (0.99001, ">\u00a099%"), (0.995, ">\u00a099%"), (1.0, "100%"), (NAN, "–")],
)  # fmt: skip
@pytest.mark.parametrize("language", ["vi", "en"])
def test_probability(share: float, expected: str, language: str) -> None:
    assert numbers.probability(share, language) == expected


@pytest.mark.parametrize(
    ("share", "whole"),
    [(0.0, 0), (0.005, 0), (0.01, 1), (0.105, 11), (0.545, 55), (0.99, 99), (0.995, 100), (1.0, 100)],
)
def test_whole_percent_is_what_a_probability_is_printed_as(share: float, whole: int) -> None:
    assert numbers.whole_percent(share) == whole
    # A sum of points is not exactly the probability.
    assert numbers.whole_percent(share - 1e-15) == whole


def test_quarter() -> None:
    assert "III/2021" in numbers.quarter(pd.Period("2021Q3"), "vi")
    assert numbers.quarter(pd.Period("2021Q3"), "en") == "Q3 2021"


@pytest.mark.parametrize(
    ("label", "vi", "en"),
    [("2021-09", "9/2021", "09/2021"), ("2021-12", "12/2021", "12/2021"), ("2016Q3", "III/2016", "Q3 2016"),
     ("2016Q4", "IV/2016", "Q4 2016")],
)  # fmt: skip
def test_period(label: str, vi: str, en: str) -> None:
    assert (numbers.period(label, "vi"), numbers.period(label, "en")) == (vi, en)


def test_day() -> None:
    assert numbers.day(date(2021, 9, 5), "vi") == "05/09/2021"
    assert numbers.day(date(2021, 9, 5), "en") == "5 September 2021"
    assert (numbers.day_of_year(date(2021, 9, 5), "vi"), numbers.day_of_year(date(2021, 9, 5), "en")) == (
        "5/9",
        "5 Sep",
    )


def test_decimal() -> None:
    assert (numbers.decimal(0.125, "vi"), numbers.decimal(0.125, "en")) == ("0,13", "0.13")
    assert numbers.decimal(NAN, "vi") == "–"


@pytest.mark.parametrize(
    ("now", "before", "written"),
    [
        (0.07, 0.21, "−14"),
        (0.31, 0.30, "+1"),
        (0.304, 0.30, "0"),
        (0.005, 0.0049, "0"),
        (0.3, float("nan"), "–"),
        (0.0645, 0.1965, "−14"),
        (0.991, 0.9999, "0"),
    ],
)
def test_a_move_is_in_whole_signed_points(now: float, before: float, written: str) -> None:
    assert numbers.whole_points(now, before, "vi") == written


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.7949, "79%"),
        (0.795, "79%"),
        (0.7999, "79%"),
        (0.8, "80%"),
        (0.9451, "94%"),
        (0.9499, "94%"),
        (0.95, "95%"),
        (0.2, "20%"),
        (0.2004, "21%"),
        (0.05, "5%"),
        (0.0504, "6%"),
        (0.49, "49%"),
        (0.495, "50%"),
    ],
)
def test_a_probability_prints_within_the_limits_of_its_verdict(share: float, written: str) -> None:
    assert numbers.probability(share, "vi") == written
    assert verdict(share, decided=False) == verdict(numbers.whole_percent(share) / 100, decided=False)


def test_a_minus_is_one_and_an_interval_with_it_has_a_word_between_its_ends() -> None:
    assert numbers.percent(-0.041, "vi") == "−4,1%"
    assert numbers.percent_with_range(-0.041, -0.073, -0.005, "vi") == "−4,1% (−7,3 đến −0,5%)"
    assert numbers.percent_range(-0.566, 0.003, "en") == "−56.6 to 0.3%"
