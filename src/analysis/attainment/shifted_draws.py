"""What if some bodies or fields filed more online for the rest of the year? The draws, shifted and judged again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.shares import JudgedPart, judged_part, rate, target_row
from analysis.attainment.verdict import as_table
from analysis.attainment.year_end import RUN_RATE_COLUMNS as RATE_COLUMNS
from analysis.forecast.rest_of_year import Forecast
from analysis.indicators.case_shares import OF_ALL, OF_PUBLISHED
from analysis.interpretation import Interpretation
from analysis.plan import Plan
from analysis.promises import TOTAL

_KEYS = ["series", "period", "draw"]


@dataclass(frozen=True)
class Shift:
    """A move of online filing in the rest of the year.

    Attributes
    ----------
    members : tuple of str
        Codes of agencies, or of fields; not of both, which are two ways of cutting the same cases.
    points : float
        What is added to each member's share of all its cases filed online (share units, −1 to 1).
    """

    members: tuple[str, ...] = ()
    points: float = 0.0


def what_if(
    plan: Plan,
    quarter: pd.Period,
    indicators: pd.DataFrame,
    forecast: Forecast,
    chosen: Interpretation,
    shift: Shift,
    targets: Collection[str],
) -> pd.DataFrame:
    """Return promises on shares as they stand when online filing is moved, judged by the functions of every report.

    Parameters
    ----------
    plan : Plan
        The promises, those on each member of a list written out.
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`.
    forecast : Forecast
        Draws of the rest of the year, as forecast.
    chosen : Interpretation
        How the plan is read.
    shift : Shift
        The move; none leaves every probability exactly as it was.
    targets : collection of str
        The promises asked for; those on anything but shares are left out.

    Returns
    -------
    pd.DataFrame
        Columns `promise_rows.COLUMNS`, those of `run_rate.COLUMNS` and `rest_share, rest_per_week`: a row per target,
        `part` empty, and one per part. `required_share` (0–1) and `cases_per_week` are what the rest of the year must
        deliver, `rest_share` and `rest_per_week` what it is expected to: medians over the draws. They are missing for
        a promise of several parts, and when nothing is left of the year.
    """
    origin = plan.origin(quarter)
    moved = replace(forecast, draws=shifted(plan, indicators, forecast.draws, shift, origin=origin))
    rows, rates = [], []
    for target in plan.share_targets:
        if target.id not in targets:
            continue
        judged = [judged_part(plan, part, quarter, indicators, moved, chosen) for part in target.parts]
        rows.append(target_row(target, judged, quarter))
        for one in judged:
            name = one.part.id if target.combine else ""
            if name:
                rows.append(one.row(target.id, name, quarter))
            rates.append(_with_rest(rate(plan, target.id, name, one, quarter, indicators), one))
    found = [frame for frame in rates if len(frame)]
    columns = [*RATE_COLUMNS, "rest_share", "rest_per_week"]
    needed = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    return as_table(rows).merge(needed, on=["target", "part"], how="left", validate="1:1")


def shifted(
    plan: Plan, indicators: pd.DataFrame, draws: pd.DataFrame, shift: Shift, *, origin: pd.Period
) -> pd.DataFrame:
    """Return the draws with the cases that the members would file online beyond what is forecast.

    A member brings the part of a series' cases that it brought over the last year known, N(m)/N(s). Its share online
    moves by `points`, but not below 0 nor above what could be filed online: the cases of its procedures published
    online. The cases moved, Σ N(m)/N(s) · points(m) · denominator, are added to the numerators of both online shares
    in the same draw; they are of procedures published online, so that neither denominator changes.

    Parameters
    ----------
    plan : Plan
        Says which series a group is made of.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`.
    draws : pd.DataFrame
        See `forecast.rest_of_year.Forecast`; never changed.
    shift : Shift
        The move.
    origin : pd.Period
        Last period known.

    Returns
    -------
    pd.DataFrame
        Like `draws`; numerators of online shares are cases with fractions, between 0 and the denominator.
    """
    base = OF_ALL if (draws["indicator"] == OF_ALL).any() else OF_PUBLISHED
    is_base, is_online = draws["indicator"] == base, draws["indicator"].isin([OF_ALL, OF_PUBLISHED])
    of_each = _moved_of_each_case(plan, indicators, base, list(draws.loc[is_base, "series"].unique()), shift, origin)
    if not any(of_each.values()):
        return draws
    whole = draws[is_base]
    moved = pd.Series(
        whole["series"].map(of_each).to_numpy(dtype=float) * whole["denominator"].to_numpy(),
        index=pd.MultiIndex.from_frame(whole[_KEYS]),
    )
    online = draws[is_online]
    added = moved.reindex(pd.MultiIndex.from_frame(online[_KEYS])).fillna(0.0).to_numpy()
    after = draws.astype({"numerator": float})
    after.loc[is_online, "numerator"] = np.clip(online["numerator"] + added, 0, online["denominator"])
    return after


def _moved_of_each_case(
    plan: Plan, indicators: pd.DataFrame, base: str, series: list[str], shift: Shift, origin: pd.Period
) -> dict[str, float]:
    """Return, for each series, the cases moved (0–1) of each case of its denominator."""
    known = _last_year(indicators, origin)
    of_all, published = known.get(OF_ALL), known.get(OF_PUBLISHED)
    cases = of_all if of_all is not None else published
    if cases is None or base not in known:
        return dict.fromkeys(series, 0.0)
    moved = {}
    for member in shift.members:
        N = cases["denominator"].get(member, 0)
        if not N:
            continue
        share = cases["numerator"][member] / N
        ceiling = published["denominator"].get(member, 0) / N if published is not None else 1.0
        moved[member] = N * (min(max(share + shift.points, 0.0), max(ceiling, share)) - share)
    size = known[base]["denominator"]
    inside = {name: moved if name == TOTAL else set(plan.groups.get(name, (name,))) for name in series}
    return {
        name: sum(n for member, n in moved.items() if member in inside[name]) / size[name] if size.get(name) else 0.0
        for name in series
    }


def _last_year(indicators: pd.DataFrame, origin: pd.Period) -> dict[str, pd.DataFrame]:
    """Return, by online share, the `numerator, denominator` of each series over the last year up to the origin."""
    length = 4 if origin.freqstr.startswith("Q") else 12
    within = indicators["period"].between(periods.write(origin - (length - 1)), periods.write(origin))
    mine = indicators[within & indicators["indicator"].isin([OF_ALL, OF_PUBLISHED])]
    return {
        str(name): rows.groupby("series")[["numerator", "denominator"]].sum().astype(float)
        for name, rows in mine.groupby("indicator")
    }


def _with_rest(needed: pd.DataFrame, judged: JudgedPart) -> pd.DataFrame:
    """Return what the rest of the year must deliver with what it is expected to: the medians over the draws."""
    share = judged.share
    if needed.empty:
        return needed
    delivered = share.values * (share.denominator + share.rest_denominator) - share.numerator
    rest = np.divide(
        delivered,
        share.rest_denominator,
        out=np.full(len(delivered), np.nan),
        where=share.rest_denominator > 0,
    )
    per_week = float(np.median(delivered)) / needed["weeks_left"]
    return needed.assign(rest_share=float(np.nanmedian(rest)), rest_per_week=per_week)
