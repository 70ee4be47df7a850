"""Which bodies that a promise is judged over have no history of their own: they began with a reform, from nobody."""

from __future__ import annotations

import pandas as pd

from analysis import periods
from analysis.plan.plan import Plan
from analysis.plan.promises import Measured
from analysis.plan.record import TOTAL

COLUMNS = ["indicator", "dimension", "series", "since", "note"]


def without_history(plan: Plan, target: str, series: pd.DataFrame, promises: pd.DataFrame) -> pd.DataFrame:
    """Return the bodies a promise is judged over that have no history of their own.

    Parameters
    ----------
    plan : Plan
        The plan as it reads in the quarter, every promise written out as parts.
    target : str
        The promise.
    series : pd.DataFrame
        See `indicators.measured.indicator_series`.
    promises : pd.DataFrame
        The table of promises, see `verdict.COLUMNS`.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`: a row per part on one body. `since` is the period of its first case, `note` the code of why
        it cannot be estimated, empty where it is.

    Notes
    -----
    Looked at are dimensions of which the plan says what merged. A body has no history of its own if it began later than
    the data did, and lacks some of the year before the plan's. One that others merged into began with the first of
    them.
    """
    promise = plan.promise(target)
    notes = promises[promises["target"] == target].set_index("part")["note"]
    counted = series[series["denominator"] > 0]
    firsts = counted.groupby(["indicator", "dimension", "series"])["period"].min()
    year_before = periods.labels_of_year(plan.last_period - (4 if plan.calendar.frequency == "Q" else 12))[0]
    rows = []
    for part, name in promise.judged if isinstance(promise, Measured) else ():
        key = (part.indicator, part.dimension, part.series)
        is_body = bool(plan.bodies(part.dimension)) and part.series not in plan.groups.get(part.dimension, {})
        if is_body and key in firsts.index:
            since, of_all = firsts[key], firsts[part.indicator, TOTAL, TOTAL]
            if since > max(of_all, year_before):
                rows.append((*key, since, notes[name]))
    return pd.DataFrame(rows, columns=COLUMNS)
