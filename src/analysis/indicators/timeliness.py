"""Timeliness: cases resolved after their due date, of the cases resolved."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from analysis.indicators.series import share_series

OVERDUE = "overdue"
Interpretation = Literal["overdue", "early_literal"]
_COUNTED = {"overdue": "late", "early_literal": "early"}


def overdue(counts: pd.DataFrame, *, interpretation: Interpretation = "overdue") -> pd.DataFrame:
    """Return resolved late / resolved; cases without a due date are in the denominator, never silently on time.

    Parameters
    ----------
    counts : pd.DataFrame
        See `data.contracts.Counts`.
    interpretation : {"overdue", "early_literal"}
        The plan's sentence names cases resolved *early*, which read literally would be a promise to work slower;
        the default reads it as cases resolved late, the other reads it as written.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`; empty when the source does not class cases by timeliness.
    """
    known = counts[counts["timeliness"].notna() & counts["resolved"].notna()]
    counted = known["resolved"].where(known["timeliness"] == _COUNTED[interpretation], 0)
    return share_series(known.assign(numerator=counted, denominator=known["resolved"]), indicator=OVERDUE)
