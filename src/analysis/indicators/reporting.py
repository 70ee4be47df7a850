"""Who reports: bodies month by month, procedures that start, stop, or give only a total, and cases without a value."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from analysis.indicators.satisfaction import SURVEYED, respondents_by_field
from analysis.plan.instruments import SurveyInstrument
from analysis.plan.plan import Plan
from analysis.plan.promises import Measured, SurveyPromise
from analysis.plan.record import TOTAL


def coverage(counts: pd.DataFrame) -> pd.DataFrame:
    """Return, per period, how many procedures stand behind the online share and how that set changed.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.

    Returns
    -------
    pd.DataFrame
        One row per period: `period`; `reporting`, procedures with the split by channel; `started`, of them not in
        the period before; `stopped`, in the period before and not in this one; `unsplit`, procedures that give
        only their total; `unsplit_cases`, resolved cases of those; `started_cases`, resolved cases of the started.
        Empty when the source does not name procedures.
    """
    named = counts[counts["procedure"].notna() & counts["resolved"].notna()]
    split = named[named["channel"].notna()]
    members = split.groupby("period")["procedure"].agg(set)
    unsplit = named[named["channel"].isna()].groupby("period")
    rows = []
    before: set[str] | None = None
    for period, now in members.sort_index().items():
        started = now - before if before is not None else set()
        cases = split.loc[(split["period"] == period) & split["procedure"].isin(started), "resolved"].sum()
        rows.append((period, len(now), len(started), len(before - now) if before else 0, int(cases)))
        before = now
    frame = pd.DataFrame(rows, columns=["period", "reporting", "started", "stopped", "started_cases"])
    lacking = unsplit.agg(unsplit=("procedure", "nunique"), unsplit_cases=("resolved", "sum")).astype("int64")
    merged = frame.merge(lacking.reset_index(), on="period", how="left", validate="1:1")
    return merged.fillna({"unsplit": 0, "unsplit_cases": 0}).astype({"unsplit": "int64", "unsplit_cases": "int64"})


def by_agency(counts: pd.DataFrame) -> pd.DataFrame:
    """Return who delivered what when: a body without a row in a period delivered nothing for it.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.

    Returns
    -------
    pd.DataFrame
        `period, agency` (missing for cases that record none), `received, resolved` in cases.
    """
    sums = counts.groupby(["period", "agency"], as_index=False, dropna=False)[["received", "resolved"]].sum()
    return sums.astype({"received": "int64", "resolved": "int64"})


RECENT_PERIODS = 12
"""How far back it is looked who reported: a year of months is enough to see who stopped, and few enough to read."""


def recent_periods(agency_periods: pd.DataFrame) -> list[str]:
    """Return the last periods that the data has, in order; see `by_agency` for the frame."""
    return sorted(agency_periods["period"].unique())[-RECENT_PERIODS:]


def unreported(agency_periods: pd.DataFrame) -> pd.DataFrame:
    """Return the recent periods for which a body has no row and others have: from its own first row on.

    A body without any row in these periods, as one that was dissolved before them, is left out.

    Parameters
    ----------
    agency_periods : pd.DataFrame
        See `by_agency`: of counts received by period. Of cases, no row says that there was no case.

    Returns
    -------
    pd.DataFrame
        `agency, period`, in order.
    """
    recent = recent_periods(agency_periods)
    reported = agency_periods.dropna(subset="agency").groupby("agency")["period"].agg(set)
    rows = [
        (agency, label)
        for agency, labels in reported.items()
        if labels & set(recent)
        for label in recent
        if label not in labels and label > min(labels)
    ]
    return pd.DataFrame(rows, columns=["agency", "period"])


def changes(counts: pd.DataFrame, period: str, previous: str) -> pd.DataFrame:
    """Return the procedures that started or stopped reporting the split between two periods.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.
    period, previous : str
        The period looked at and the one compared with.

    Returns
    -------
    pd.DataFrame
        `procedure, agency, change` (``started`` or ``stopped``), `cases` (resolved, in the period in which the
        procedure reports), largest first.
    """
    named = counts[counts["procedure"].notna() & counts["channel"].notna() & counts["resolved"].notna()]
    cases = named.groupby(["period", "agency", "procedure"], as_index=False, dropna=False)["resolved"].sum()
    now, before = cases[cases["period"] == period], cases[cases["period"] == previous]
    started = now[~now["procedure"].isin(before["procedure"])].assign(change="started")
    stopped = before[~before["procedure"].isin(now["procedure"])].assign(change="stopped")
    both = pd.concat([started, stopped], ignore_index=True).rename(columns={"resolved": "cases"})
    order = both.sort_values(["cases", "procedure"], ascending=[False, True], ignore_index=True)
    return order[["procedure", "agency", "change", "cases"]].astype({"cases": "int64"})


def by_timeliness(counts: pd.DataFrame) -> pd.DataFrame:
    """Return how cases were resolved, period by period.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.

    Returns
    -------
    pd.DataFrame
        `period, timeliness` (missing for cases whose source does not class them), `resolved` in cases; no row without
        a case.
    """
    sums = counts.groupby(["period", "timeliness"], as_index=False, dropna=False)["resolved"].sum()
    return sums[sums["resolved"] > 0].reset_index(drop=True).astype({"resolved": "int64"})


def without_value(plan: Plan, cells: pd.DataFrame, surveys: pd.DataFrame, labels: Collection[str]) -> pd.DataFrame:
    """Return how many cases have no value in the dimensions that promises use.

    Parameters
    ----------
    plan : Plan
        The plan as it reads, promises on each member written out.
    cells : pd.DataFrame
        See `measured.joint_cells`.
    surveys : pd.DataFrame
        Rounds of surveys, see `satisfaction.surveyed_satisfied`; the round of the plan's year is looked at.
    labels : collection of str
        Periods that are looked at.

    Returns
    -------
    pd.DataFrame
        `dimension, indicator, denominator, without_value`: a row per dimension that a promise uses and indicator it is
        on, in the plan's order; counts of what the indicator has below the line.
    """
    year = cells[cells["period"].isin(labels)]
    rows = {}
    for promise in plan.promises:
        for indicator, dimension in _uses(plan, promise):
            if indicator.startswith(SURVEYED):
                counted = respondents_by_field(surveys, indicator, str(plan.year))
            else:
                counted = year[year["indicator"] == indicator]
            if len(counted):
                lacking = int(counted.loc[counted[dimension].isna(), "denominator"].sum())
                rows[dimension, indicator] = (int(counted["denominator"].sum()), lacking)
    found = [(*key, *counts) for key, counts in rows.items()]
    return pd.DataFrame(found, columns=["dimension", "indicator", "denominator", "without_value"])


def _uses(plan: Plan, promise: object) -> list[tuple[str, str]]:
    """Return the indicators a promise is on by members of a dimension, each with that dimension."""
    if isinstance(promise, SurveyPromise) and promise.fields:
        instrument = plan.instruments[promise.instrument]
        return [(f"{SURVEYED}{instrument.instrument}", "field")] if isinstance(instrument, SurveyInstrument) else []
    if not isinstance(promise, Measured):
        return []
    pairs = [(part.indicator, part.dimension) for part in promise.parts.values() if part.dimension != TOTAL]
    return [*pairs, (promise.indicators[0], promise.watch.of)] if promise.watch else pairs
