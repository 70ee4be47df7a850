"""Who reports: bodies month by month, and procedures that start, stop, or give a total without its split by channel."""

from __future__ import annotations

import pandas as pd


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
