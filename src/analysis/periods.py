"""Reporting months and quarters: the only place that knows where one ends.

A period is *labelled* by the calendar (``2021-09``, ``2021Q3``) and *bounded* by the plan's cut-off day. With
``cutoff_day`` 14, the month 2021-09 runs from 15 August to 14 September 2021, and the year from 15 December to
14 December, the statutory pattern of periodic reports (NĐ 09/2019). With ``cutoff_day`` None, periods are the
calendar's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd

from analysis import lunar_year

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_LABEL = re.compile(r"^\d{4}(-(0[1-9]|1[0-2])|Q[1-4])$")
_WEEK = re.compile(r"^(\d{4})W(\d{2})$")


def parse_quarter(text: str) -> pd.Period:
    """Return the quarter written as ``2021-Q3``.

    Raises
    ------
    ValueError
        The text has another form.
    """
    match = _QUARTER.fullmatch(text)
    if not match:
        raise ValueError(f"a quarter is written like 2021-Q3, not {text!r}")
    return pd.Period(year=int(match[1]), quarter=int(match[2]), freq="Q")


def is_quarter(text: str) -> bool:
    """Return whether a text is a quarter written as ``2021-Q3``."""
    return bool(_QUARTER.fullmatch(text))


def write_quarter(quarter: pd.Period) -> str:
    """Return a quarter as names, files and run parameters write it: ``2021-Q3``."""
    return f"{quarter.year}-Q{quarter.quarter}"


def parse(label: str) -> pd.Period:
    """Return the month ``2021-09`` or quarter ``2021Q3`` a data column names.

    Raises
    ------
    ValueError
        The label has another form.
    """
    if not _LABEL.match(label):
        raise ValueError(f"a period is written like 2021-09 or 2021Q3, not {label!r}")
    return pd.Period(label, freq="Q" if "Q" in label else "M")


def write(period: pd.Period) -> str:
    """Return a period as data columns write it: ``2021-09`` or ``2021Q3``."""
    return f"{period.year}Q{period.quarter}" if period.freqstr.startswith("Q") else f"{period.year}-{period.month:02d}"


def parse_week(label: str) -> pd.Period:
    """Return the week written as ``2025W30``: numbered as in ISO 8601, from Monday to Sunday.

    Raises
    ------
    ValueError
        The label has another form, or the year has no such week.
    """
    match = _WEEK.match(label)
    if not match:
        raise ValueError(f"a week is written like 2025W30, not {label!r}")
    return pd.Period(date.fromisocalendar(int(match[1]), int(match[2]), 1), freq="W-SUN")


def write_week(week: pd.Period) -> str:
    """Return a week from Monday to Sunday as published figures write it: ``2025W30``."""
    year, number, _ = week.end_time.isocalendar()
    return f"{year}W{number:02d}"


def weeks_of_year(year_end: date) -> pd.PeriodIndex:
    """Return the weeks, from Monday to Sunday, whose Sunday lies in the year that closes on a day.

    Parameters
    ----------
    year_end : date
        Last day of the year.
    """
    day = pd.Timestamp(year_end)
    # The Sunday before the year and the last one in it each end a week.
    before, last = (pd.Period(end - pd.Timedelta(days=6), freq="W-SUN") for end in (day - pd.DateOffset(years=1), day))
    return pd.period_range(before + 1, last)


def last_day(period: pd.Period, cutoff_day: int | None) -> date:
    """Return the last day that counts towards a period.

    Parameters
    ----------
    period : pd.Period
        A month or a quarter.
    cutoff_day : int or None
        Day of the period's last month on which it closes; None for the calendar's own end.
    """
    month = period.asfreq("M", how="end")
    if cutoff_day is None:
        return date(month.year, month.month, month.days_in_month)
    return date(month.year, month.month, cutoff_day)


def first_day(period: pd.Period, cutoff_day: int | None) -> date:
    """Return the first day that counts towards a period: the day after the period before it closed.

    Parameters
    ----------
    period : pd.Period
        A month or a quarter.
    cutoff_day : int or None
        As for `last_day`.
    """
    return last_day(period - 1, cutoff_day) + timedelta(days=1)


def reporting_month(day: date, cutoff_day: int | None) -> pd.Period:
    """Return the reporting month a day counts towards.

    Parameters
    ----------
    day : date
        The day.
    cutoff_day : int or None
        As for `last_day`.
    """
    month = pd.Period(year=day.year, month=day.month, freq="M")
    return month if cutoff_day is None or day.day <= cutoff_day else month + 1


def origin_of(quarter: pd.Period, frequency: str) -> pd.Period:
    """Return the last period of a quarter in the data's own frequency.

    Parameters
    ----------
    quarter : pd.Period
        The quarter.
    frequency : {"M", "Q"}
        Whether the data comes by month or by quarter.
    """
    return quarter if frequency == "Q" else quarter.asfreq("M", how="end")


def labels_of(quarter: pd.Period, frequency: str) -> list[str]:
    """Return the labels of a quarter's periods as data columns write them: three months, or the quarter itself.

    Parameters
    ----------
    quarter : pd.Period
        The quarter.
    frequency : {"M", "Q"}
        Whether the data comes by month or by quarter.
    """
    if frequency == "Q":
        return [write(quarter)]
    last = origin_of(quarter, frequency)
    return [write(last - 2), write(last - 1), write(last)]


def quarters_of(labels: pd.Series) -> pd.Series:
    """Return the calendar quarter each label of a data column lies in, as periods."""
    return labels.map({label: parse(label).asfreq("Q") for label in labels.unique()})


def labels_of_year(origin: pd.Period) -> list[str]:
    """Return the labels of the periods from the start of the origin's year up to the origin."""
    first = pd.Period(f"{origin.year}Q1") if origin.freqstr.startswith("Q") else pd.Period(f"{origin.year}-01", "M")
    return [write(period) for period in pd.period_range(first, origin)]


def runs(labels: Iterable[str]) -> list[list[str]]:
    """Return the labels of periods in order, those that follow one another in one list.

    Parameters
    ----------
    labels : iterable of str
        Labels of months, or of quarters, in any order.
    """
    found: list[list[pd.Period]] = []
    for period in sorted(map(parse, labels)):
        if found and found[-1][-1] + 1 == period:
            found[-1].append(period)
        else:
            found.append([period])
    return [[write(period) for period in run] for run in found]


def write_runs(labels: Iterable[str]) -> str:
    """Return periods as a sentence names them: ``2021-01, 2021-03 to 2021-05``.

    Parameters
    ----------
    labels : iterable of str
        As for `runs`.
    """
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs(labels))


def weeks_left(quarter: pd.Period, cutoff_day: int | None) -> float:
    """Return the weeks from the close of a quarter to the close of its year.

    Parameters
    ----------
    quarter : pd.Period
        The quarter.
    cutoff_day : int or None
        As for `last_day`.
    """
    last_quarter = pd.Period(year=quarter.year, quarter=4, freq="Q")
    return (last_day(last_quarter, cutoff_day) - last_day(quarter, cutoff_day)).days / 7


def tet_share(periods: pd.PeriodIndex, cutoff_day: int | None) -> pd.Series:
    """Return, per reporting month, the share (0–1) of the Tết window that falls into it.

    The window runs from 7 days before the first day of the lunar year to 6 days after it, 14 days in all, the
    span over which offices empty and refill; the regressor follows the moving-holiday construction of Bell and
    Hillmer used in X-13. A year the lunar calendar does not know raises, because silence would read as "no Tết".

    Parameters
    ----------
    periods : pd.PeriodIndex
        Consecutive reporting months.
    cutoff_day : int or None
        As for `last_day`.

    Raises
    ------
    ValueError
        The periods are quarters, or `lunar_year` does not know a year of theirs.
    """
    share = pd.Series(0.0, index=periods, name="tet_share")
    if periods.freqstr.startswith("Q"):
        raise ValueError("the Tết window is spread over months, not quarters")
    for year in range(periods[0].year, periods[-1].year + 1):
        first = lunar_year.first_day(year)
        for offset in range(-7, 7):
            month = reporting_month(first + timedelta(days=offset), cutoff_day)
            if month in share.index:
                share[month] += 1 / 14
    return share
