"""Every share that joint draws can judge, counted the way a plan is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from analysis.indicators import satisfaction, timeliness, uptake
from analysis.interpretation import Interpretation


def shares_as_read(
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
            uptake.online_of_all(filed, base=chosen.uptake_base, groups=groups),
            uptake.online_of_published(filed, base=chosen.uptake_base, groups=groups),
            timeliness.overdue(
                counts,
                workload,
                interpretation=chosen.overdue_interpretation,
                denominator=chosen.overdue_denominator,
                groups=groups,
            ),
            *([timeliness.overdue_resolved(workload, groups=groups)] if counts_resolved_late else []),
            timeliness.no_due_date(counts),
            satisfaction.rated_satisfied(ratings),
        ],
        ignore_index=True,
    )
