"""Counts added up into series: the whole, each agency, each field."""

from __future__ import annotations

import pandas as pd

from analysis.faults import BadData

COLUMNS = ["indicator", "series", "period", "numerator", "denominator", "value"]
TOTAL = "total"
DIMENSIONS = ("agency", "field")


def share_series(frame: pd.DataFrame, *, indicator: str) -> pd.DataFrame:
    """Return one share per period for the whole, for each agency and for each field.

    Parameters
    ----------
    frame : pd.DataFrame
        Rows with `period, agency, field` and the cases `numerator` and `denominator` they contribute.
    indicator : str
        Name of the share.

    Returns
    -------
    pd.DataFrame
        `indicator, series, period, numerator, denominator, value`: `series` is ``total`` or a code, counts are
        cases, `value` is the ratio of the sums (0–1), missing where the denominator is 0.

    Raises
    ------
    BadData
        A code names an agency and a field, so that a series would be two things.
    """
    clash = set(frame["agency"].dropna()) & set(frame["field"].dropna())
    if clash or TOTAL in {*frame["agency"], *frame["field"]}:
        raise BadData(f"the code {min(clash, default=TOTAL)!r} names an agency, a field or the whole at once")
    pieces = [_added_up(frame.assign(series=TOTAL))]
    pieces += [_added_up(frame.assign(series=frame[name]).dropna(subset=["series"])) for name in DIMENSIONS]
    shares = pd.concat(pieces, ignore_index=True)
    shares.insert(0, "indicator", indicator)
    shares["value"] = (shares["numerator"] / shares["denominator"]).where(shares["denominator"] > 0)
    return shares[COLUMNS]


def _added_up(frame: pd.DataFrame) -> pd.DataFrame:
    sums = frame.groupby(["series", "period"], as_index=False)[["numerator", "denominator"]].sum()
    return sums.astype({"numerator": "int64", "denominator": "int64"})
