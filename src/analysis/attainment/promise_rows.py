"""The table of promises: its columns, and a row in which nothing is known yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import periods

LEVEL = 0.8
"""Nominal level of the prediction intervals."""

COLUMNS = [
    "target", "part", "indicator", "quarter", "rule", "threshold", "numerator", "denominator", "observed_to_date",
    "expected", "lower", "upper", "level", "probability", "baseline_probability", "verdict", "note",
]  # fmt: skip


def blank_row(target: str, part: str, quarter: pd.Period) -> dict[str, Any]:
    """Return a row of `COLUMNS` for a target or one of its parts, with nothing estimated."""
    blank: dict[str, Any] = dict.fromkeys(COLUMNS, float("nan"))
    text = {"target": target, "part": part, "indicator": "", "rule": "", "note": "", "verdict": "not_estimated"}
    return blank | text | {"quarter": periods.write_quarter(quarter), "level": LEVEL}


def spread(values: np.ndarray) -> dict[str, float]:
    """Return `expected` (the median), `lower, upper` of the year-end value over the draws; missing without any."""
    if not len(values):
        return dict.fromkeys(("expected", "lower", "upper"), float("nan"))
    lower, upper = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"expected": float(np.median(values)), "lower": float(lower), "upper": float(upper)}


def as_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as the table of promises."""
    return pd.DataFrame(rows, columns=COLUMNS).astype({"numerator": "Int64", "denominator": "Int64"})
