"""Results in which four bodies have cases, in few enough numbers to work their standing out by hand."""

from __future__ import annotations

import pandas as pd

from analysis.quarter.results import Results
from changed_results import changed

COUNTS = {"ubnd-nt": (240, 1_000), "ubnd-ks": (10, 75), "stc": (400, 1_000), "ubnd-ts": (1, 3)}
"""Online, of all, in each of the two months that have any; `ubnd-ts` has so few that a publication hides it."""

MONTHS = ["2021-06", "2021-09"]


def few_bodies(results: Results) -> Results:
    """Return the demo's results with the online share of four bodies and of a block of three of them alone."""
    rows = [
        (dimension, code, month, *counts)
        for month in MONTHS
        for dimension, code, counts in [
            *(("agency", code, counts) for code, counts in COUNTS.items()),
            ("agency", "districts", (251, 1_078)),
            ("total", "total", (651, 2_078)),
        ]
    ]
    series = pd.DataFrame(rows, columns=["dimension", "series", "period", "numerator", "denominator"])
    series = series.assign(indicator="online_of_all", total=float("nan"), total_squares=float("nan"))
    series["value"], series["standard_error"] = series["numerator"] / series["denominator"], 0.0
    hidden = pd.DataFrame({"period": [*MONTHS, "2021Q3", "2021"]})
    hidden = hidden.assign(indicator="online_of_all", dimension="agency", series="ubnd-ts")
    return changed(results, series=series, hidden=hidden)
