"""Counts added up into series: the whole, each agency, each field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from analysis.faults import BadData
from analysis.promises import TOTAL

COLUMNS = ["indicator", "series", "period", "numerator", "denominator", "value", "standard_error"]
DIMENSIONS = ("agency", "field")
NO_GROUPS: Mapping[str, Sequence[str]] = MappingProxyType({})


def share_series(
    frame: pd.DataFrame, *, indicator: str, groups: Mapping[str, Sequence[str]] = NO_GROUPS
) -> pd.DataFrame:
    """Return one share per period for the whole, for each agency, for each field and for each group of them.

    Parameters
    ----------
    frame : pd.DataFrame
        Rows with `period, agency, field` and the cases `numerator` and `denominator` they contribute.
    indicator : str
        Name of the share.
    groups : mapping
        Name → agencies, or fields, counted together; one without any case has no series.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`: `series` is ``total``, a code or a group, counts are cases, `value` is the ratio of the sums
        (0–1), missing where the denominator is 0. `standard_error` is the binomial one (share units): how far a
        period's share is a matter of chance, since a full count has no sampling error.

    Raises
    ------
    BadData
        A code names two of an agency, a field, a group and the whole, so that a series would be two things.
    """
    agencies, fields = (set(frame[name].dropna().unique()) for name in DIMENSIONS)
    twofold = (agencies & fields) | ({TOTAL, *groups} & (agencies | fields)) | ({TOTAL} & set(groups))
    if twofold:
        raise BadData(f"the code {min(twofold)!r} names an agency, a field, a group or the whole at once")
    pieces = [_added_up(frame.assign(series=TOTAL))]
    pieces += [_added_up(frame.assign(series=frame[name]).dropna(subset=["series"])) for name in DIMENSIONS]
    for name, members in groups.items():
        inside = frame["agency"].isin(members) | frame["field"].isin(members)
        pieces.append(_added_up(frame[inside].assign(series=name)))
    shares = pd.concat(pieces, ignore_index=True)
    shares.insert(0, "indicator", indicator)
    cases = shares["denominator"].where(shares["denominator"] > 0)
    shares["value"] = shares["numerator"] / cases
    shares["standard_error"] = np.sqrt((shares["value"] * (1 - shares["value"])).clip(lower=0) / cases)
    return shares[COLUMNS]


def _added_up(frame: pd.DataFrame) -> pd.DataFrame:
    sums = frame.groupby(["series", "period"], as_index=False)[["numerator", "denominator"]].sum()
    return sums.astype({"numerator": "int64", "denominator": "int64"})
