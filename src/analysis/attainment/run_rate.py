"""What the rest of the year must deliver for a promise on a share to be kept."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.attainment.year_end import YearEnd

COLUMNS = ["target", "part", "weeks_left", "required_share", "cases_per_week", "rest_cases", "current_share"]


def run_rate(
    target: str, part: str, share: YearEnd, *, threshold: float, weeks_left: float, current_share: float
) -> pd.DataFrame:
    """Return one row: the share, and the cases a week, that the remaining periods must deliver.

    Parameters
    ----------
    target, part : str
        The promise.
    share : YearEnd
        Counts so far and draws of the rest.
    threshold : float
        Share 0–1 promised for the year.
    weeks_left : float
        Weeks from the close of the quarter to the close of the year.
    current_share : float
        Share (0–1) of the last quarter, for comparison.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`, no row when nothing is left of the year or nothing was forecast. `required_share` is
        [threshold (N + rest) - K] / rest at the median rest over the draws: above 1 the promise is out of reach,
        below 0 it is kept already. `cases_per_week` is that many cases of the numerator a week (for an `at_most`
        promise: at most that many).
    """
    if share.decided or not len(share.rest_denominator) or weeks_left <= 0:
        return pd.DataFrame(columns=COLUMNS)
    rest = float(np.median(share.rest_denominator))
    if rest <= 0:
        return pd.DataFrame(columns=COLUMNS)
    needed = threshold * (share.denominator + rest) - share.numerator
    row = (target, part, weeks_left, needed / rest, needed / weeks_left, rest, current_share)
    return pd.DataFrame([row], columns=COLUMNS)
