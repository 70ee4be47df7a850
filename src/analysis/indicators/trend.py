"""The line drawn through a monthly share: its trend, and how far a single month's count can be trusted."""

from __future__ import annotations

from statistics import NormalDist

import pandas as pd
from statsmodels.stats.proportion import proportion_confint
from statsmodels.tsa.seasonal import STL

LEVEL = 0.8
"""Level of the intervals drawn around single shares."""


def share_interval(shares: pd.DataFrame) -> pd.DataFrame:
    """Return shares with `lower, upper`, Wilson's interval at `LEVEL` of each given its count.

    Parameters
    ----------
    shares : pd.DataFrame
        With `numerator, denominator`; where nothing was counted, the interval is missing.
    """
    counted = shares["denominator"] > 0
    above, all_of_them = (shares[name].astype(float).where(counted) for name in ("numerator", "denominator"))
    lower, upper = proportion_confint(above, all_of_them, alpha=1 - LEVEL, method="wilson")
    return shares.assign(lower=lower, upper=upper)


def with_trend(shares: pd.DataFrame, *, season_length: int) -> pd.DataFrame:
    """Return one series' shares with their trend and the sampling interval of each.

    Parameters
    ----------
    shares : pd.DataFrame
        Rows of one indicator and series: `period, numerator, denominator, value, standard_error`, in time order,
        without gaps; of a mean, there is no numerator.
    season_length : int
        Periods a year: 12 or 4.

    Returns
    -------
    pd.DataFrame
        The rows with `trend` (share 0–1, STL; missing with fewer than two full years or with a gap) and
        `lower, upper` (interval at `LEVEL`: Wilson's of a share given its count, the normal one of a mean).

    Notes
    -----
    STL: Cleveland et al. (1990), as statsmodels implements it. Wilson: `proportion_confint`.
    """
    framed = shares.reset_index(drop=True)
    if framed["numerator"].notna().any():
        framed = share_interval(framed)
    else:
        half = NormalDist().inv_cdf((1 + LEVEL) / 2) * framed["standard_error"]
        framed = framed.assign(lower=framed["value"] - half, upper=framed["value"] + half)
    framed.insert(framed.columns.get_loc("lower"), "trend", float("nan"))
    if len(framed) >= 2 * season_length and framed["value"].notna().all():
        framed["trend"] = STL(framed["value"].to_numpy(), period=season_length).fit().trend
    return framed
