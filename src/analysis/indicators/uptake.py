"""Online-filing uptake: cases resolved online, of all cases and of cases of procedures published online."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd

from analysis.indicators.series import NO_GROUPS, share_series

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
