"""Headcount against the path a plan allows it: persons, every one counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from analysis import periods
from analysis.indicators.progress import SERIES
from analysis.indicators.series import TOTAL

COLUMNS = ["day", "planned", "actual", "gap"]
KIND = "headcount"


def headcount(progress: pd.DataFrame, target: str, *, as_of: date) -> pd.DataFrame:
    """Return the path of a target and what was counted along it.

    Parameters
    ----------
    progress : pd.DataFrame
        See `data.contracts.Progress`.
    target : str
        The plan's target.
    as_of : date
        Day up to which data is known: a count done later is missing.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`, by day: persons allowed, persons counted, and counted less allowed (above 0: too many).
        Several rows of one day, as of several bodies, are added up; the day's count is known once all are.
    """
    mine = progress[(progress["target"] == target) & (progress["kind"] == KIND) & progress["planned"].notna()]
    known = mine["done_on"] <= pd.Timestamp(as_of)
    points = mine.assign(actual=mine["actual"].where(known)).groupby("planned_on")
    path = pd.DataFrame(
        {"planned": points["planned"].sum(), "actual": points["actual"].sum(), "whole": points["actual"].count()}
    )
    path["actual"] = path["actual"].where(path["whole"] == points.size())
    path["gap"] = path["actual"] - path["planned"]
    return path.rename_axis("day").reset_index()[COLUMNS].astype(dict.fromkeys(COLUMNS[1:], "Int64"))


def headcount_series(
    path: pd.DataFrame, *, indicator: str, labels: Sequence[str], cutoff_day: int | None
) -> pd.DataFrame:
    """Return the persons counted of the persons allowed, for each period in which there was a count.

    Parameters
    ----------
    path : pd.DataFrame
        See `headcount`.
    indicator : str
        Name of the ratio.
    labels : sequence of str
        Reporting months or quarters.
    cutoff_day : int or None
        See `analysis.periods`.

    Returns
    -------
    pd.DataFrame
        Columns `progress.SERIES`: persons counted and allowed on the period's last day with a count. `value` is their
        ratio, above 1 when there are too many; `standard_error` is 0: everyone is counted.
    """
    counted = path.dropna(subset=["actual", "planned"])
    rows = []
    for label in labels:
        period = periods.parse(label)
        first, last = periods.first_day(period, cutoff_day), periods.last_day(period, cutoff_day)
        within = counted[counted["day"].between(pd.Timestamp(first), pd.Timestamp(last))]
        if len(within):
            point = within.iloc[-1]
            rows.append((indicator, TOTAL, label, int(point["actual"]), int(point["planned"])))
    frame = pd.DataFrame(rows, columns=SERIES[:5])
    frame["value"] = (frame["numerator"] / frame["denominator"]).where(frame["denominator"] > 0)
    frame["standard_error"] = frame["value"] * 0.0
    return frame
