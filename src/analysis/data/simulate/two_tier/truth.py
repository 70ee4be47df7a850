"""The exact answers of a folder of the two-tier province, counted from its rows and from nothing that made them.

Everything here is plain pandas on the files, so that what the suite counts can be compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

CALENDARS = {"month_end": None, "day_14": 14}
"""Day on which a month closes, by the name of the calendar in ``truth.json``; None for the calendar's own end."""

DEFINITIONS = {
    "on_time": "resolved by the end of the due day, of the resolved that have a due date",
    "not_late": "resolved and not late, of all resolved: without a due date counts as not late",
    "online": "filed online, of the received",
    "online_without_post": "filed online, of the received that did not come by post",
    "full_process": "recorded at level full, of the received",
    "online_full_process": "recorded at level full and filed online, of the received",
    "received_elsewhere": "received by another body than the competent one, of the received",
    "paid_online": "paid online, of the resolved with a fee due",
    "procedures_paid_online": "procedures with at least one resolved case paid online, of those with a resolved case"
    " with a fee due",
    "digitised": "digitised at receipt, of the received",
    "electronic_result": "with an electronic result, of the resolved",
    "data_reused": "with data used again, of the received",
    "apology": "with an apology letter, of the resolved late",
    "days_to_finish": "days from acceptance to finish with their fractions, a resolved case",
    "days_to_finish_by_date": "days between the dates of acceptance and finish, a resolved case",
    "busy_full_process": "procedures listed as full on the last day with 1,000 cases x scale or more received since the"
    " year began, of all that are listed as full on that day",
    "feedback_on_time": "answered by the end of the due day, of the feedback falling due by the last known day",
    "online_satisfied": "satisfied or very satisfied, of the ratings of cases filed online",
    "offline_satisfied": "the same of the other ratings",
}
"""What each quantity is: its numerator and its denominator. Received cases count in the period of `accepted_at`,
resolved ones in that of `finished_at`, feedback in that of `due_at`, ratings in that of `rated_at`."""

BUSY_CASES = 1000


def answers(folder: Path, *, until: date, cutoff_day: int | None, scale: float) -> pd.DataFrame:
    """Return the answers by year and quarter, for the province and for its blocks of bodies.

    Parameters
    ----------
    folder : Path
        A folder with the Parquet files and ``bodies.csv``.
    until : date
        Last day that is known.
    cutoff_day : int or None
        Day on which a month closes; None for the calendar's own end.
    scale : float
        Size of the province, for what depends on it.

    Returns
    -------
    pd.DataFrame
        `quantity, series, period, numerator, denominator`; periods are ``2026`` and ``2026Q3``, series are ``total``,
        ``departments`` and ``communes``. Quarters of `busy_full_process` count from the start of the year.
    """
    ratings = pd.read_parquet(folder / "case_ratings.parquet")
    monthly, paid, received = [_of_feedback(folder, until, cutoff_day)], [], []
    for cases in _chunks_of_cases(folder, cutoff_day):
        monthly += [*_of_cases(cases), _of_ratings(ratings, cases, cutoff_day)]
        paid.append(_paid_procedures(cases))
        received.append(cases.groupby(["received_in", "procedure_code"], observed=True).size())
    parts = [_by_period(pd.concat(monthly).groupby(level=["quantity", "month", "block"]).sum())]
    parts.append(_ever_paid(pd.concat(paid).groupby(level=["month", "block", "procedure_code"]).max()))
    parts.append(_busy(folder, pd.concat(received).groupby(level=[0, 1]).sum(), until, cutoff_day, scale))
    table = pd.concat(parts, ignore_index=True)
    return table[["quantity", "series", "period", "numerator", "denominator"]]


def truth(folder: Path, *, first: date, until: date, scale: float) -> dict[str, Any]:
    """Return the answers under both calendars, and the shares of the survey, as ``truth.json`` holds them.

    Parameters
    ----------
    folder : Path
        A folder with the Parquet files and ``bodies.csv``.
    first, until : date
        First and last day that are known: periods that reach beyond them are not complete.
    scale : float
        Size of the province.
    """
    calendars = {}
    for name, cutoff_day in CALENDARS.items():
        nested: dict[str, Any] = {}
        for quantity, series, period, numerator, denominator in answers(
            folder, until=until, cutoff_day=cutoff_day, scale=scale
        ).itertuples(index=False):
            entry = {
                "numerator": round(float(numerator), 6),
                "denominator": int(denominator),
                "value": round(float(numerator) / denominator, 8) if denominator else None,
            }
            nested.setdefault(period, {}).setdefault(quantity, {})[series] = entry
        calendars[name] = {
            period: {"complete": _is_complete(period, cutoff_day, first, until), **nested[period]}
            for period in sorted(nested)
        }
    return {"definitions": DEFINITIONS, "calendars": calendars, "survey": _of_survey(folder)}


def _is_complete(period: str, cutoff_day: int | None, first: date, until: date) -> bool:
    """Return whether all days of a year ``2026`` or a quarter ``2026Q3`` are known."""
    one = pd.Period(period, freq="Q" if "Q" in period else "Y")
    before = _last_day(str(one - 1), cutoff_day)
    return before + timedelta(days=1) >= first and _last_day(period, cutoff_day) <= until


def _last_day(period: str, cutoff_day: int | None) -> date:
    """Return the last day of a year ``2026`` or a quarter ``2026Q3``."""
    last_month = pd.Period(period, freq="Q" if "Q" in period else "Y").asfreq("M", how="end")
    return date(last_month.year, last_month.month, cutoff_day or last_month.day)


def _month(moments: pd.Series, cutoff_day: int | None) -> pd.Series:
    """Return the first of the month that each moment counts towards, missing where the moment is."""
    days = moments.dt.normalize()
    if cutoff_day is not None:
        # The days after the closing day belong to the next month, which is as many days away as the month has left.
        days = days.where(days.dt.day <= cutoff_day, days + pd.Timedelta(days=31 - cutoff_day))
    return days.dt.to_period("M").dt.to_timestamp()


def _blocks(folder: Path) -> pd.Series:
    bodies = pd.read_csv(folder / "bodies.csv")
    return bodies.set_index("code")["block"]


ROWS_AT_ONCE = 200_000


def _chunks_of_cases(folder: Path, cutoff_day: int | None) -> Iterator[pd.DataFrame]:
    """Yield what the answers need of the cases, some at a time, with their block and the month of each event."""
    columns = [
        "case_id", "procedure_code", "agency", "received_at_agency", "level", "channel", "accepted_at", "due_at",
        "finished_at", "outcome", "fee_due", "paid_online", "digitised", "electronic_result", "data_reused", "apology",
    ]  # fmt: skip
    blocks = _blocks(folder)
    for batch in pq.ParquetFile(folder / "cases.parquet").iter_batches(ROWS_AT_ONCE, columns=columns):
        cases = batch.to_pandas()
        yield cases.assign(
            block=cases["agency"].map(blocks),
            received_in=_month(cases["accepted_at"], cutoff_day),
            resolved_in=_month(cases["finished_at"].where(cases["outcome"] == "resolved"), cutoff_day),
        )


Quantities = dict[str, tuple[pd.Series, pd.Series]]
"""Numerator and denominator of each row, by quantity."""


def _sums(month: pd.Series, block: pd.Series, quantities: Quantities) -> pd.DataFrame:
    """Return the sums `numerator, denominator` by quantity, month and block; a row without a month is in none."""
    columns: dict[tuple[str, str], pd.Series] = {}
    for quantity, (numerator, denominator) in quantities.items():
        columns[quantity, "numerator"] = numerator.where(denominator, 0).astype(float)
        columns[quantity, "denominator"] = denominator.astype(int)
    sums = pd.DataFrame(columns).groupby([month.rename("month"), block.rename("block")]).sum()
    return pd.concat({quantity: sums[quantity] for quantity in quantities}, names=["quantity"])


def _of_cases(cases: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the sums over cases."""
    due, finished, accepted = (cases[name].dt.normalize() for name in ("due_at", "finished_at", "accepted_at"))
    everything = pd.Series(True, cases.index)
    late = (finished > due) & due.notna()
    online, full = cases["channel"] == "online", cases["level"] == "full"
    elsewhere = cases["agency"] != cases["received_at_agency"]
    received = {
        "online": (online, everything),
        "online_without_post": (online, cases["channel"] != "post"),
        "full_process": (full, everything),
        "online_full_process": (full & online, everything),
        "received_elsewhere": (elsewhere, everything),
        "digitised": (_is_true(cases["digitised"]), everything),
        "data_reused": (_is_true(cases["data_reused"]), everything),
    }
    resolved = {
        "on_time": (~late, due.notna()),
        "not_late": (~late, everything),
        "paid_online": (_is_true(cases["paid_online"]), cases["fee_due"]),
        "electronic_result": (_is_true(cases["electronic_result"]), everything),
        "apology": (_is_true(cases["apology"]), late),
        "days_to_finish": ((cases["finished_at"] - cases["accepted_at"]).dt.total_seconds() / 86_400, everything),
        "days_to_finish_by_date": ((finished - accepted).dt.days, everything),
    }
    return [
        _sums(cases["received_in"], cases["block"], received),
        _sums(cases["resolved_in"], cases["block"], resolved),
    ]


def _is_true(flag: pd.Series) -> pd.Series:
    """Return whether a flag is true; where it is missing, it is not."""
    return flag.astype("boolean").fillna(False).astype(bool)


def _of_ratings(ratings: pd.DataFrame, cases: pd.DataFrame, cutoff_day: int | None) -> pd.DataFrame:
    """Return the sums over the ratings of some cases."""
    rated = ratings.merge(cases[["case_id", "channel", "block"]], on="case_id", validate="1:1")
    satisfied, online = rated["rating"] != "dissatisfied", rated["channel"] == "online"
    quantities = {"online_satisfied": (satisfied, online), "offline_satisfied": (satisfied, ~online)}
    return _sums(_month(rated["rated_at"], cutoff_day), rated["block"], quantities)


def _of_feedback(folder: Path, until: date, cutoff_day: int | None) -> pd.DataFrame:
    """Return the sums over the feedback falling due by a day."""
    feedback = pd.read_parquet(folder / "feedback.parquet")
    due, answered = feedback["due_at"].dt.normalize(), feedback["answered_at"].dt.normalize()
    quantities = {"feedback_on_time": (answered <= due, due <= pd.Timestamp(until))}
    return _sums(_month(feedback["due_at"], cutoff_day), feedback["agency"].map(_blocks(folder)), quantities)


def _periods(month: pd.DatetimeIndex) -> list[pd.Index]:
    """Return the labels of the years and of the quarters of months."""
    return [month.strftime("%Y").rename("period"), month.to_period("Q").astype("str").rename("period")]


def _series(block: pd.Index) -> list[pd.Index]:
    """Return the series that rows of blocks count towards: their own, and the total."""
    return [block.astype("str").rename("series"), pd.Index(np.repeat("total", len(block)), name="series")]


def _by_period(monthly: pd.DataFrame) -> pd.DataFrame:
    """Return sums by quantity, month and block as sums by year and quarter, in all and by block."""
    quantity, month, block = (monthly.index.get_level_values(name) for name in ("quantity", "month", "block"))
    sums = [
        monthly.groupby([quantity, period, series]).sum() for period in _periods(month) for series in _series(block)
    ]
    table = pd.concat(sums).reset_index()
    return table[table["denominator"] > 0]


def _paid_procedures(cases: pd.DataFrame) -> pd.Series:
    """Return whether a case was paid online, by month, block and procedure, for resolved cases with a fee due."""
    with_fee = cases[cases["fee_due"]]
    keys = [with_fee["resolved_in"].rename("month"), with_fee["block"], with_fee["procedure_code"]]
    return _is_true(with_fee["paid_online"]).astype(int).groupby(keys).max()


def _ever_paid(paid: pd.Series) -> pd.DataFrame:
    """Return the number of procedures with an online payment and of all, by period: each counts once in a period."""
    month, block, procedure = (paid.index.get_level_values(name) for name in ("month", "block", "procedure_code"))
    parts = []
    for period in _periods(month):
        for series in _series(block):
            ever = paid.groupby([period, series, procedure]).max()
            parts.append(ever.groupby(level=["period", "series"]).agg(["sum", "count"]).reset_index())
    table = pd.concat(parts, ignore_index=True).rename(columns={"sum": "numerator", "count": "denominator"})
    return table.assign(quantity="procedures_paid_online")


def _busy(folder: Path, received: pd.Series, until: date, cutoff_day: int | None, scale: float) -> pd.DataFrame:
    """Return the number of full-process procedures with many cases, and of all, from the cases by month."""
    catalogue = pd.read_parquet(folder / "catalogue.parquet")
    month = received.index.get_level_values("received_in")
    rows = []
    for year, quarter in sorted({(one.year, one.quarter) for one in month.unique()}):
        so_far = received[(month.year == year) & (month.quarter <= quarter)].groupby(level="procedure_code").sum()
        busy = so_far[so_far >= BUSY_CASES * scale].index
        label = f"{year}Q{quarter}"
        day = pd.Timestamp(min(_last_day(label, cutoff_day), until))
        in_force = (catalogue["valid_from"] <= day) & ~(catalogue["valid_to"] < day)
        full = catalogue.loc[in_force & (catalogue["level"] == "full"), "procedure_code"]
        rows.append((label, int(full.isin(busy).sum()), len(full)))
    quarters = pd.DataFrame(rows, columns=["period", "numerator", "denominator"])
    # The year is as far as its last quarter.
    years = quarters.assign(period=quarters["period"].str[:4]).drop_duplicates("period", keep="last")
    return pd.concat([quarters, years]).assign(quantity="busy_full_process", series="total")


def _of_survey(folder: Path) -> dict[str, Any]:
    """Return the weighted share satisfied by round, of all answers and of those about a field, with their number."""
    survey = pd.read_parquet(folder / "survey.parquet")
    shares: dict[str, Any] = {}
    for (name, field), rows in [
        *(((name, "total"), rows) for name, rows in survey.groupby("round")),
        *survey.groupby(["round", "field"]),
    ]:
        satisfied = np.average(rows["rating"] >= 4, weights=rows["weight"])
        shares.setdefault(name, {})[field] = {"value": round(float(satisfied), 8), "respondents": len(rows)}
    return shares
