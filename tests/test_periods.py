"""Reporting periods: labelled by the calendar, bounded by the cut-off day."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import periods

MARCH = pd.Period("2021-03", freq="M")
Q3 = periods.parse_quarter("2021-Q3")


def test_with_cutoff_14_march_runs_from_15_february_to_14_march():
    assert periods.first_day(MARCH, 14) == date(2021, 2, 15)
    assert periods.last_day(MARCH, 14) == date(2021, 3, 14)


def test_without_cutoff_a_month_is_the_calendars():
    assert (periods.first_day(MARCH, None), periods.last_day(MARCH, None)) == (date(2021, 3, 1), date(2021, 3, 31))


def test_the_year_runs_from_15_december_to_14_december():
    assert periods.first_day(pd.Period("2021-01", freq="M"), 14) == date(2020, 12, 15)
    assert periods.last_day(pd.Period("2021-12", freq="M"), 14) == date(2021, 12, 14)


def test_a_quarter_closes_in_its_last_month():
    assert periods.first_day(Q3, 14) == date(2021, 6, 15)
    assert periods.last_day(Q3, 14) == date(2021, 9, 14)


@given(day=st.dates(date(1990, 1, 1), date(2060, 12, 31)), cutoff=st.none() | st.integers(1, 28))
def test_every_day_counts_towards_the_one_month_whose_bounds_hold_it(day, cutoff):
    month = periods.reporting_month(day, cutoff)
    assert periods.first_day(month, cutoff) <= day <= periods.last_day(month, cutoff)
    assert periods.last_day(month - 1, cutoff) < day < periods.first_day(month + 1, cutoff)


@given(year=st.integers(1900, 2100), quarter=st.integers(1, 4))
def test_a_quarter_is_read_as_it_is_written(year, quarter):
    read = periods.parse_quarter(f"{year}-Q{quarter}")
    assert (read.year, read.quarter) == (year, quarter)
    assert periods.write_quarter(read) == f"{year}-Q{quarter}"
    assert periods.is_quarter(f"{year}-Q{quarter}")


@pytest.mark.parametrize("text", ["2021Q3", "2021-Q5", "Q3-2021", "2021-q3", "2021-Q3\n", "٢٠٢١-Q3", ""])
def test_another_form_of_a_quarter_is_refused(text):
    with pytest.raises(ValueError, match="2021-Q3"):
        periods.parse_quarter(text)
    assert not periods.is_quarter(text)


@pytest.mark.parametrize("label", ["2021-09", "2021Q3"])
def test_a_label_of_a_data_column_round_trips(label):
    assert periods.write(periods.parse(label)) == label


@pytest.mark.parametrize("label", ["2021-13", "2021-9", "2021Q0", "2021-Q3"])
def test_another_label_is_refused(label):
    with pytest.raises(ValueError, match="period"):
        periods.parse(label)


def test_from_14_september_to_14_december_are_13_weeks():
    # 16 days of September, 31 of October, 30 of November and 14 of December: 91 days.
    assert periods.weeks_left(Q3, 14) == 13.0


def test_no_week_is_left_when_the_year_closes():
    assert periods.weeks_left(periods.parse_quarter("2021-Q4"), 14) == 0


def test_the_calendars_last_quarter_has_92_days():
    assert periods.weeks_left(Q3, None) == 92 / 7


def test_the_labels_of_a_quarter_and_of_the_year_so_far():
    assert periods.labels_of(Q3, "M") == ["2021-07", "2021-08", "2021-09"]
    assert periods.labels_of(Q3, "Q") == ["2021Q3"]
    assert periods.labels_of_year(pd.Period("2016Q3")) == ["2016Q1", "2016Q2", "2016Q3"]
    assert periods.labels_of_year(pd.Period("2021-02", freq="M")) == ["2021-01", "2021-02"]


def test_periods_that_follow_one_another_are_named_by_the_first_and_the_last():
    labels = ["2021-03", "2020-12", "2021-01", "2021-05", "2020-11"]
    assert periods.runs(labels) == [["2020-11", "2020-12", "2021-01"], ["2021-03"], ["2021-05"]]
    assert periods.write_runs(labels) == "2020-11 to 2021-01, 2021-03, 2021-05"
    assert periods.write_runs(["2021Q1", "2020Q4"]) == "2020Q4 to 2021Q1"
    assert periods.write_runs([]) == ""


def test_the_tet_window_of_2018_falls_six_days_before_the_cutoff_and_eight_after():
    # Tết 2018 was on 16 February: the window runs from 9 to 22 February, and the month closes on the 14th.
    share = periods.tet_share(pd.period_range("2018-01", "2018-12", freq="M"), 14)
    assert share["2018-02"] == pytest.approx(6 / 14)
    assert share["2018-03"] == pytest.approx(8 / 14)
    assert share.sum() == pytest.approx(1)


@pytest.mark.parametrize("cutoff", [None, 1, 14, 28])
def test_every_lunar_year_has_one_tet(cutoff):
    share = periods.tet_share(pd.period_range("2013-01", "2028-12", freq="M"), cutoff)
    by_year = share.groupby(share.index.year).sum()
    assert by_year.index.tolist() == list(range(2013, 2029))
    assert by_year.to_numpy() == pytest.approx(1)


def test_tet_is_not_spread_over_quarters():
    with pytest.raises(ValueError, match="not quarters"):
        periods.tet_share(pd.period_range("2018Q1", "2018Q4", freq="Q"), 14)


def test_a_year_without_a_known_tet_is_refused():
    with pytest.raises(ValueError, match="2101"):
        periods.tet_share(pd.period_range("2101-01", "2101-12", freq="M"), 14)


def test_months_and_quarters_lie_in_the_quarter_they_name():
    labels = pd.Series(["2021-01", "2021-03", "2021-04", "2021Q3"])
    assert [str(quarter) for quarter in periods.quarters_of(labels)] == ["2021Q1", "2021Q1", "2021Q2", "2021Q3"]


@pytest.mark.parametrize("label", ["2020W53", "2021W01", "2025W30", "2026W01"])
def test_a_week_is_read_and_written_as_iso_8601_numbers_it(label):
    week = periods.parse_week(label)
    assert periods.write_week(week) == label
    assert (week.start_time.isoweekday(), week.end_time.isoweekday()) == (1, 7)


@pytest.mark.parametrize("label", ["2025W53", "2025W00", "2025W3", "2025-W30", "2025-30"])
def test_a_week_that_is_not_there_is_refused(label):
    with pytest.raises(ValueError, match="week"):
        periods.parse_week(label)


@pytest.mark.parametrize(
    ("year_end", "first", "last", "number"),
    [
        # 31 December 2023 is a Sunday, as is 15 December 2024
        (date(2023, 12, 31), "2022W52", "2023W52", 53),
        (date(2024, 12, 31), "2024W01", "2024W52", 52),
        (date(2025, 12, 31), "2025W01", "2025W52", 52),
        (date(2025, 12, 14), "2024W50", "2025W50", 53),
    ],
)
def test_a_year_has_the_weeks_whose_sunday_lies_in_it(year_end, first, last, number):
    weeks = periods.weeks_of_year(year_end)
    assert (periods.write_week(weeks[0]), periods.write_week(weeks[-1]), len(weeks)) == (first, last, number)


@given(day=st.dates(date(1991, 1, 1), date(2060, 12, 31)))
def test_the_weeks_of_neighbouring_years_join_without_gap_or_overlap(day):
    before, mine = (periods.weeks_of_year(end) for end in ((pd.Timestamp(day) - pd.DateOffset(years=1)).date(), day))
    assert before[-1] + 1 == mine[0]
    assert mine[-1].end_time.date() <= day < (mine[-1] + 1).end_time.date()
