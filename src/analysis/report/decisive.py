"""Which part of a promise decides, and what the rest of the year must deliver for it."""

from __future__ import annotations

import pandas as pd

from analysis import periods
from analysis.promises import TOTAL, Part, ShareTarget, SurveyTarget
from analysis.results import Results

SAFE = ("met", "very_likely")
"""Verdicts for which nothing more need be done."""


def parts_of(target: ShareTarget) -> list[tuple[Part, str]]:
    """Return the parts of a promise, each with what it is called in the table of promises."""
    return [(part, part.id if target.combine else "") for part in target.parts]


def decisive_part(results: Results, target: ShareTarget) -> tuple[Part, pd.Series] | None:
    """Return the part that decides and its row: the likeliest when any will do, the least likely when all must hold.

    None where no part is estimated.
    """
    rows = [(part, results.promise(target.id, name)) for part, name in parts_of(target)]
    estimated = [(part, row) for part, row in rows if row["note"] == ""]
    if not estimated:
        return None
    pick = max if target.combine == "any_of" else min
    return pick(estimated, key=lambda pair: float(pair[1]["probability"]))  # of equals the one the plan has first


def rate_of(results: Results, target: str, part: str) -> pd.Series | None:
    """Return what the rest of the year must deliver for a part, or None when nothing is left of it."""
    rates = results.run_rate
    mine = rates[(rates["target"] == target) & (rates["part"] == part)]
    return None if mine.empty else mine.iloc[0]


def proxy_standing(results: Results, target: SurveyTarget) -> pd.Series | None:
    """Return the year so far of the ratings shown where no survey judges: `numerator, denominator, observed_to_date`.

    None without a proxy or without ratings.
    """
    if not target.proxy:
        return None
    quarter = periods.parse_quarter(results.promise(target.id)["quarter"])
    shares = results.series(target.proxy, TOTAL)
    year = shares[shares["period"].isin(periods.labels_of_year(results.plan.origin(quarter)))]
    if year.empty:
        return None
    row = year[["numerator", "denominator"]].sum().astype(float)
    row["observed_to_date"] = row["numerator"] / row["denominator"]
    return row


def before(results: Results, target: str, part: str = "") -> pd.Series:
    """Return the row of a promise as it stood one quarter earlier."""
    mine = (results.previous["target"] == target) & (results.previous["part"] == part)
    return results.previous[mine].iloc[0]
