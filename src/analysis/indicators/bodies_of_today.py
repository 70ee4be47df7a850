"""Tables by bodies over today's boundaries: the cases of a body that merged are those of the one that carries it on.

Counts are added up before any ratio is formed, in every period: those before the change, and those that somebody still
records under the old code after it. A body that nobody carries on keeps its code, and its cases; see
`plan.Plan.abolished` for where it no longer stands.
"""

from __future__ import annotations

import pandas as pd

from analysis.data.measure import Cells
from analysis.plan.plan import Plan

COUNTS = ("numerator", "denominator", "total", "total_squares")


def recoded(table: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return a table with the codes of today; rows stay rows, and without a merger the table is the same.

    Parameters
    ----------
    table : pd.DataFrame
        With any of the plan's dimensions as columns.
    plan : Plan
        The plan as it reads in the quarter reported, see `Plan.in_quarter`.
    """
    changed = {}
    for dimension in plan.crosswalk:
        new = {old: code for old, code in plan.bodies(dimension).items() if code}
        if new and dimension in table and table[dimension].isin(new).any():
            changed[dimension] = table[dimension].map(new).fillna(table[dimension])
    return table.assign(**changed) if changed else table


def merged(cells: Cells, plan: Plan) -> Cells:
    """Return cells with those of bodies that merged added up; without a merger they are the same.

    Parameters
    ----------
    cells : pd.DataFrame
        See `data.measure.Cells`.
    plan : Plan
        As for `recoded`.
    """
    today = recoded(cells, plan)
    if today is cells:
        return cells
    counts = [name for name in COUNTS if name in cells]
    keys = [name for name in cells if name not in counts]
    return today.groupby(keys, as_index=False, dropna=False)[counts].sum()[list(cells)]
