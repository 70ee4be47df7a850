"""Shares of cases by period: online uptake and lateness, counted under the interpretation in force."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import pandas as pd

from analysis.indicators import satisfaction
from analysis.indicators.series import NO_GROUPS, share_series
from analysis.interpretation import Interpretation

Base = Literal["resolved", "received"]
OF_ALL = "online_of_all"
OF_PUBLISHED = "online_of_published"


def online_of_all(
    counts: pd.DataFrame, *, base: Base = "resolved", groups: Mapping[str, Sequence[str]] = NO_GROUPS
) -> pd.DataFrame:
    """Return resolved online / resolved, over the cases whose channel is known.

    Cases of a procedure that reports its total without the split by channel are in neither count: they could be
    either. `reporting.coverage` shows how many they are.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.
    base : {"resolved", "received"}
        Whether the cases resolved in a period are counted, or those received in it.
    groups : mapping
        See `series.share_series`.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`.
    """
    known = counts[counts["channel"].notna() & counts[base].notna()]
    online = known[base].where(known["channel"] == "online", 0)
    return share_series(known.assign(numerator=online, denominator=known[base]), indicator=OF_ALL, groups=groups)


def online_of_published(
    counts: pd.DataFrame, *, base: Base = "resolved", groups: Mapping[str, Sequence[str]] = NO_GROUPS
) -> pd.DataFrame:
    """Return resolved online / resolved, over the cases of procedures published online.

    A case filed online counts as a case of a published procedure even where the catalogue disagrees: it could not
    have been filed online otherwise. Empty when the source does not say which procedures were published.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.
    base : {"resolved", "received"}
        Whether the cases resolved in a period are counted, or those received in it.
    groups : mapping
        See `series.share_series`.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`.
    """
    online = counts["channel"] == "online"
    if counts["published_online"].isna().all():
        return share_series(counts.iloc[:0].assign(numerator=0, denominator=0), indicator=OF_PUBLISHED, groups=groups)
    published = counts["published_online"].fillna(False).astype(bool) | online
    known = counts[published & counts["channel"].notna() & counts[base].notna()]
    filed = known[base].where(known["channel"] == "online", 0)
    return share_series(known.assign(numerator=filed, denominator=known[base]), indicator=OF_PUBLISHED, groups=groups)


OVERDUE, NO_DUE_DATE = "overdue", "no_due_date"
OVERDUE_RESOLVED = "overdue_resolved"
OverdueReading = Literal["overdue", "early_literal"]
Denominator = Literal["resolved", "workload", "due"]
_COUNTED = {"overdue": "late", "early_literal": "early"}


def overdue(
    counts: pd.DataFrame,
    workload: pd.DataFrame,
    *,
    interpretation: OverdueReading = "overdue",
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


def interpreted_shares(
    counts: pd.DataFrame,
    workload: pd.DataFrame,
    ratings: pd.DataFrame,
    chosen: Interpretation,
    *,
    groups: Mapping[str, Sequence[str]],
    vertical_bodies: Collection[str],
) -> pd.DataFrame:
    """Return online uptake, overdue cases and ratings, for the whole, each agency, each field and each group.

    Where late cases are counted among those resolved, also what became of the late cases on the desk.

    Parameters
    ----------
    counts, workload, ratings : pd.DataFrame
        See `data.contracts`.
    chosen : Interpretation
        How the plan is read.
    groups : mapping
        Name → agencies or fields counted together.
    vertical_bodies : collection of str
        Agencies under a ministry.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`.
    """
    if chosen.vertical_bodies == "left_out":
        counts = counts[~counts["agency"].isin(vertical_bodies)]
        workload = workload[~workload["agency"].isin(vertical_bodies)]
    counts_resolved_late = (chosen.overdue_interpretation, chosen.overdue_denominator) == ("overdue", "resolved")
    filed = counts[counts["channel"] != "post"] if chosen.postal_cases == "left_out" else counts
    return pd.concat(
        [
            online_of_all(filed, base=chosen.uptake_base, groups=groups),
            online_of_published(filed, base=chosen.uptake_base, groups=groups),
            overdue(
                counts,
                workload,
                interpretation=chosen.overdue_interpretation,
                denominator=chosen.overdue_denominator,
                groups=groups,
            ),
            *([overdue_resolved(workload, groups=groups)] if counts_resolved_late else []),
            no_due_date(counts),
            satisfaction.rated_satisfied(ratings),
        ],
        ignore_index=True,
    )
