"""What if some bodies or fields did better for the rest of the year? The draws, shifted and judged again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.shares import JudgedPart, judged_part, rate, target_row
from analysis.attainment.situation import CountedSituation
from analysis.attainment.verdict import as_table
from analysis.attainment.year_end import RUN_RATE_COLUMNS as RATE_COLUMNS
from analysis.plan.indicators import Share
from analysis.plan.plan import Plan
from analysis.plan.record import TOTAL

_KEYS = ["dimension", "series", "period", "draw"]


@dataclass(frozen=True)
class Shift:
    """A move of a share in the rest of the year.

    Attributes
    ----------
    indicator : str
        The share that moves; those nested in it move with it.
    dimension : str
        Dimension of the members: agencies and fields are two ways of cutting the same cases.
    members : tuple of str
        Their codes.
    points : float
        What is added to each member's share (share units, −1 to 1).
    """

    indicator: str
    dimension: str = "agency"
    members: tuple[str, ...] = ()
    points: float = 0.0


def can_be_shifted(plan: Plan) -> tuple[str, ...]:
    """Return the shares that promises are on and that can be moved: a nested one moves with the one it is nested in."""
    found: dict[str, None] = {}
    for promise in plan.measured:
        for name in promise.indicators:
            one = plan.indicators[name]
            if isinstance(one, Share):
                found[one.nested_in or name] = None
    return tuple(found)


def what_if(at: CountedSituation, shift: Shift, targets: Collection[str]) -> pd.DataFrame:
    """Return promises on shares and means as they stand when a share is moved, judged as in every report.

    Parameters
    ----------
    at : CountedSituation
        What counts and draws say.
    shift : Shift
        The move; none leaves every probability exactly as it was.
    targets : collection of str
        The promises asked for; those on anything but shares and means are left out.

    Returns
    -------
    pd.DataFrame
        Columns `verdict.COLUMNS`, those of `year_end.RUN_RATE_COLUMNS` and `rest_share, rest_per_week`: a row per
        target, `part` empty, and one per part. `required_share` (0–1) and `cases_per_week` are what the rest of the
        year must deliver, `rest_share` and `rest_per_week` what it is expected to: medians over the draws. They are
        missing for a promise of several parts, and when nothing is left of the year.
    """
    draws = shifted(at.plan, at.indicators, at.forecast.draws, shift, origin=at.plan.origin(at.quarter))
    moved = replace(at, forecast=replace(at.forecast, draws=draws))
    rows, rates = [], []
    for target in at.plan.measured:
        if target.id not in targets:
            continue
        judged = [judged_part(part, name, target.id, moved) for part, name in target.judged]
        rows.append(target_row(target, judged, at.quarter))
        for one in judged:
            if one.name:
                rows.append(one.row(target.id, one.name, at.quarter))
            rates.append(_with_rest(rate(at.plan, target.id, one, at.quarter, at.indicators), one))
    found = [frame for frame in rates if len(frame)]
    columns = [*RATE_COLUMNS, "rest_share", "rest_per_week"]
    needed = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    return as_table(rows).merge(needed, on=["target", "part"], how="left", validate="1:1")


def shifted(
    plan: Plan, indicators: pd.DataFrame, draws: pd.DataFrame, shift: Shift, *, origin: pd.Period
) -> pd.DataFrame:
    """Return the draws with the cases that the members would have in the numerator beyond what is forecast.

    A member brings the part of a series' cases that it brought over the last year known, N(m)/N(s). Its share moves by
    `points`, but not below 0 nor above its ceiling: where another share is nested in the one that moves, the part of
    its cases that the nested share counts; else 1. The cases moved, Σ N(m)/N(s) · points(m) · denominator, are added to
    the numerators of the share and of those nested in it in the same draw; the denominators do not change.

    Parameters
    ----------
    plan : Plan
        Says which series a group is made of, and which shares are nested.
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`.
    draws : pd.DataFrame
        See `forecast.rest_of_year.Forecast`; never changed.
    shift : Shift
        The move.
    origin : pd.Period
        Last period known.

    Returns
    -------
    pd.DataFrame
        Like `draws`; numerators of moved shares are cases with fractions, between 0 and the denominator.
    """
    nested = [
        code for code, one in plan.indicators.items() if isinstance(one, Share) and one.nested_in == shift.indicator
    ]
    moving = [shift.indicator, *nested]
    drawn = [code for code in moving if (draws["indicator"] == code).any()]
    if not drawn:
        return draws
    base = drawn[0]
    is_base, is_moving = draws["indicator"] == base, draws["indicator"].isin(moving)
    series = list(draws.loc[is_base, ["dimension", "series"]].drop_duplicates().itertuples(index=False, name=None))
    of_each = _moved_of_each_case(plan, indicators, base, nested, series, shift, origin)
    if not any(of_each.values()):
        return draws
    whole = draws[is_base]
    keys = pd.MultiIndex.from_frame(whole[["dimension", "series"]])
    moved = pd.Series(
        pd.Series(of_each).reindex(keys).to_numpy(dtype=float) * whole["denominator"].to_numpy(),
        index=pd.MultiIndex.from_frame(whole[_KEYS]),
    )
    online = draws[is_moving]
    added = moved.reindex(pd.MultiIndex.from_frame(online[_KEYS])).fillna(0.0).to_numpy()
    after = draws.astype({"numerator": float})
    after.loc[is_moving, "numerator"] = np.clip(online["numerator"] + added, 0, online["denominator"])
    return after


def _moved_of_each_case(
    plan: Plan,
    indicators: pd.DataFrame,
    base: str,
    nested: Collection[str],
    series: list[tuple[str, str]],
    shift: Shift,
    origin: pd.Period,
) -> dict[tuple[str, str], float]:
    """Return, for each series, the cases moved (0–1) of each case of its denominator."""
    known = _last_year(indicators, [shift.indicator, *nested], origin)
    inner = next((known[code] for code in nested if code in known), None)
    cases = known.get(shift.indicator, inner)
    if cases is None or base not in known:
        return dict.fromkeys(series, 0.0)
    moved = {}
    for member in shift.members:
        key = (shift.dimension, member)
        N = cases["denominator"].get(key, 0)
        if not N:
            continue
        share = cases["numerator"][key] / N
        ceiling = inner["denominator"].get(key, 0) / N if inner is not None else 1.0
        moved[member] = N * (min(max(share + shift.points, 0.0), max(ceiling, share)) - share)
    size = known[base]["denominator"]

    def inside(dimension: str, code: str) -> Collection[str]:
        if dimension == TOTAL:
            return moved
        return plan.members(dimension, code) if dimension == shift.dimension else ()

    return {
        one: sum(n for member, n in moved.items() if member in inside(*one)) / size[one] if size.get(one) else 0.0
        for one in series
    }


def _last_year(indicators: pd.DataFrame, names: Collection[str], origin: pd.Period) -> dict[str, pd.DataFrame]:
    """Return, by share, the `numerator, denominator` of each series over the last year up to the origin."""
    length = 4 if origin.freqstr.startswith("Q") else 12
    within = indicators["period"].between(periods.write(origin - (length - 1)), periods.write(origin))
    mine = indicators[within & indicators["indicator"].isin(names)]
    return {
        str(name): rows.groupby(["dimension", "series"])[["numerator", "denominator"]].sum().astype(float)
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
