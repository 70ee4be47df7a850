"""Timeliness: cases past their due date, under the three denominators in public use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd

from analysis.indicators.series import NO_GROUPS, share_series

OVERDUE, NO_DUE_DATE = "overdue", "no_due_date"
OVERDUE_RESOLVED = "overdue_resolved"
Interpretation = Literal["overdue", "early_literal"]
Denominator = Literal["resolved", "workload", "due"]
_COUNTED = {"overdue": "late", "early_literal": "early"}


def overdue(
    counts: pd.DataFrame,
    workload: pd.DataFrame,
    *,
    interpretation: Interpretation = "overdue",
    denominator: Denominator = "resolved",
    groups: Mapping[str, Sequence[str]] = NO_GROUPS,
) -> pd.DataFrame:
    """Return the share of cases past their due date.

    Cases without a due date are never late: they are in the denominators ``resolved`` and ``workload``, and not in
    ``due``.

    Parameters
    ----------
    counts, workload : pd.DataFrame
        See `data.contracts.Counts` and `data.contracts.Workload`.
    interpretation : {"overdue", "early_literal"}
        The plan's sentence names cases resolved *early*, which read literally would be a promise to work slower;
        the default reads it as cases resolved late, the other reads it as written: that has a meaning for cases
        resolved only, whatever the denominator asked for.
    denominator : {"resolved", "workload", "due"}
        Resolved late / resolved; or, as one province publishes, resolved late and late still open at the end of the
        period / received in it and carried over; or, as another, falling due and not done by their day / falling due.
    groups : mapping
        See `series.share_series`.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`; empty when the source does not say.
    """
    if denominator == "resolved" or interpretation == "early_literal":
        known = counts[counts["timeliness"].notna() & counts["resolved"].notna()]
        late = known["resolved"].where(known["timeliness"] == _COUNTED[interpretation], 0)
        cases, of = known, known["resolved"]
    elif denominator == "workload":
        cases, of = workload, workload["carried_in"] + workload["received"]
        late = workload["resolved_late"] + workload["overdue_at_end"]
    else:
        cases, late, of = workload, workload["due_late"], workload["due"]
    return share_series(cases.assign(numerator=late, denominator=of), indicator=OVERDUE, groups=groups)


def overdue_resolved(workload: pd.DataFrame, *, groups: Mapping[str, Sequence[str]] = NO_GROUPS) -> pd.DataFrame:
    """Return resolved late / resolved late and late still on the desk at the end of the period.

    What is late on the desk is known, and will be resolved late: a forecast of cases resolved late must not have fewer.

    Parameters
    ----------
    workload : pd.DataFrame
        See `data.contracts.Workload`.
    groups : mapping
        See `series.share_series`.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`; empty without a workload.
    """
    late = workload["resolved_late"]
    counted = workload.assign(numerator=late, denominator=late + workload["overdue_at_end"])
    return share_series(counted, indicator=OVERDUE_RESOLVED, groups=groups)


def no_due_date(counts: pd.DataFrame) -> pd.DataFrame:
    """Return resolved without a due date / resolved: what no share of late cases may hide.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`; empty when the source does not class cases by timeliness.
    """
    known = counts[counts["timeliness"].notna() & counts["resolved"].notna()]
    without = known["resolved"].where(known["timeliness"] == "no_due_date", 0)
    return share_series(known.assign(numerator=without, denominator=known["resolved"]), indicator=NO_DUE_DATE)
