"""A frame as CSV that a spreadsheet opens without running what is in its cells."""

from __future__ import annotations

import pandas as pd

RUNS = ("=", "+", "-", "@")
"""What a cell begins with that a spreadsheet takes for a formula."""


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV, decimal points in figures, an apostrophe before any text that would run as a formula.

    References
    ----------
    OWASP, "CSV Injection".
    """
    safe = frame.rename(columns=_inert)
    for at, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_datetime64_any_dtype(kind):
            safe.isetitem(at, safe.iloc[:, at].map(_inert, na_action="ignore"))
    return safe.to_csv(index=False, lineterminator="\n")


def _inert(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    one_line = cell.replace("\r", " ")  # a spreadsheet begins a new row at it, wherever it stands
    return f"'{one_line}" if one_line.lstrip().startswith(RUNS) else one_line
