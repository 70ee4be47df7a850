"""The indicators of a plan as series: what each counts, added up for the whole, each dimension and each group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis import periods
from analysis.data.measure import CASES, Cells, Measure
from analysis.plan.conditions import AnyOf, tests_of
from analysis.plan.indicators import DaysBetween, Mean, Share
from analysis.plan.plan import Plan
from analysis.plan.record import TOTAL

COLUMNS = [
    "indicator", "dimension", "series", "period", "numerator", "denominator", "value", "standard_error", "total",
    "total_squares",
]  # fmt: skip

STOCK = "_resolved"
"""Ends the name of the share of late cases that were resolved, of those and the late ones still on the desk."""


def measures_of(plan: Plan) -> dict[str, Measure]:
    """Return what each indicator of a plan counts, by its code; of scores nothing is counted.

    Parameters
    ----------
    plan : Plan
        The plan as it is read.
    """
    found = {}
    for code, indicator in plan.indicators.items():
        if isinstance(indicator, Share) and indicator.nested_in and indicator.rest:
            found[code] = _nested(plan, indicator)
        elif isinstance(indicator, Share | Mean):
            found[code] = _measure(plan, indicator)
            if isinstance(indicator, Share) and indicator.late_stock:
                found[f"{code}{STOCK}"] = Measure(indicator.of, indicator.counted, _where(plan, indicator), stock=True)
    return found


def activity(plan: Plan) -> tuple[Measure, Measure]:
    """Return the measures that say who has cases: those received and those resolved."""
    where = tests_of(plan.where)
    return Measure(CASES, "received", where), Measure(CASES, "resolved", where)


def _where(plan: Plan, indicator: Share | Mean) -> tuple:
    own = tests_of(plan.where) if indicator.follows_plan_where else ()
    return (*own, *tests_of(indicator.where))


def _measure(plan: Plan, indicator: Share | Mean) -> Measure:
    where = _where(plan, indicator)
    if isinstance(indicator, Share):
        below = (*where, *tests_of(indicator.denominator))
        return Measure(indicator.of, indicator.counted, below, tests_of(indicator.numerator))
    value = indicator.value.days_between if isinstance(indicator.value, DaysBetween) else (indicator.value.column,)
    return Measure(indicator.of, indicator.counted, where, value=tuple(value))


def _nested(plan: Plan, indicator: Share) -> Measure:
    """Return the measure of a nested share: of the parent's rows, those in its numerator or in that of the rest."""
    parent, rest = plan.indicators[indicator.nested_in or ""], plan.indicators[indicator.rest or ""]
    assert isinstance(parent, Share)
    assert isinstance(rest, Share)
    above = tests_of(parent.numerator)
    besides = (*tests_of(rest.where), *tests_of(rest.denominator), *tests_of(rest.numerator))
    below = (*_where(plan, parent), *tests_of(parent.denominator), AnyOf((above, besides)))
    return Measure(parent.of, parent.counted, below, above)


def dimensions_of(plans: Iterable[Plan]) -> tuple[str, ...]:
    """Return every dimension that an indicator of some plans has series for."""
    named = ["agency", "field"]
    for plan in plans:
        for indicator in plan.indicators.values():
            named += list(getattr(indicator, "by", ()))
    return tuple(dict.fromkeys(named))


def living(
    plan: Plan, cells: Mapping[Measure, Cells | str], *, through: str
) -> dict[tuple[str, str | None], list[str]]:
    """Return the codes that have cases in the year so far and were not abolished, by dimension and group.

    Parameters
    ----------
    plan : Plan
        The plan as it is read.
    cells : mapping
        See `data.measures.count_measures`; `activity` is among them.
    through : str
        Last period known; its year is looked at.
    """
    origin = periods.parse(through)
    year = [label for label in periods.labels_of_year(origin) if label <= through]
    active = [frame for frame in (cells.get(one) for one in activity(plan)) if isinstance(frame, pd.DataFrame)]
    found: dict[tuple[str, str | None], list[str]] = {}
    for dimension in dimensions_of([plan]):
        codes: set[str] = set()
        for frame in active:
            if dimension in frame:
                here = frame[frame["period"].isin(year) & (frame["denominator"] > 0)]
                codes |= set(here[dimension].dropna().unique()) - plan.abolished(dimension)
        found[dimension, None] = sorted(codes)
        for name, group in plan.groups.get(dimension, {}).items():
            found[dimension, name] = [code for code in group.members if code in codes]
    return found


def indicator_series(
    plan: Plan,
    cells: Mapping[Measure, Cells | str],
    *,
    through: str,
    gaps_are_zero: bool,
    groups: Mapping[str, Iterable[str]] | None = None,
) -> pd.DataFrame:
    """Return every counted indicator of a plan as series.

    Parameters
    ----------
    plan : Plan
        The plan as it is read.
    cells : mapping
        See `data.measures.count_measures`.
    through : str
        Last period known; later cells are left out.
    gaps_are_zero : bool
        Whether a period without a case of a series that lives is one without cases, as among single cases, rather
        than one that was not reported, as among counts.
    groups : mapping, optional
        Dimension → the groups that have a series; without it, those that a promise names.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`: `dimension` and `series` are ``total`` or a dimension and its code or group. Of a share,
        `numerator` and `denominator` are counts, `value` is the ratio of the sums (0–1), missing where the denominator
        is 0, and `standard_error` the binomial one: how far a period's share is a matter of chance, since a full count
        has no sampling error. Of a mean, `denominator` is the rows, `total` and `total_squares` are sums of the value
        and of its squares, `value` is the mean and `standard_error` its own. Without rows where the input cannot give
        an indicator.
    """
    wanted = groups if groups is not None else groups_named(plan)
    alive = living(plan, cells, through=through)
    pieces = []
    for code, measure in measures_of(plan).items():
        frame = cells.get(measure, "no_table")
        if isinstance(frame, str):
            continue
        frame = frame[frame["period"] <= through]
        indicator = plan.indicators[code.removesuffix(STOCK) if code not in plan.indicators else code]
        if isinstance(indicator, Share) and indicator.nested_in:
            indicator = plan.indicators[indicator.nested_in]
        own = {name: list(wanted.get(name, ())) for name in (*indicator.by,)}  # type: ignore[union-attr]
        series = series_of(frame, own, plan)
        if gaps_are_zero:
            series = _with_zeros(series, alive, through)
        pieces.append(series.assign(indicator=code))
    if not pieces:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(pieces, ignore_index=True).reindex(columns=COLUMNS)


def joint_cells(plan: Plan, cells: Mapping[Measure, Cells | str], *, through: str) -> pd.DataFrame:
    """Return what every indicator counts by all dimensions at once, as it was counted.

    Parameters
    ----------
    plan : Plan
        The plan as it is read.
    cells : mapping
        See `data.measures.count_measures`.
    through : str
        Last period known; later cells are left out.

    Returns
    -------
    pd.DataFrame
        `indicator, period`, a column per dimension, and `numerator, denominator` or, of a mean, `denominator, total,
        total_squares`: a row per combination that has any. Rows may be added up; `cut` does.
    """
    pieces = []
    for code, measure in measures_of(plan).items():
        frame = cells.get(measure)
        if isinstance(frame, pd.DataFrame) and len(frame):
            pieces.append(frame[frame["period"] <= through].assign(indicator=code))
    found = pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=["indicator", "period"])
    return found[["indicator", *(name for name in found if name != "indicator")]]


def cut(cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the cells of one indicator added up by some columns, with their values.

    Parameters
    ----------
    cells : pd.DataFrame
        Rows of `joint_cells`.
    by : sequence of str
        Dimensions, and `period` where periods are kept apart.

    Returns
    -------
    pd.DataFrame
        The columns of `by`, the counts, `value` (share 0–1, or mean) and `standard_error`; a row without a code of a
        dimension belongs to no member.
    """
    counts = [
        name for name in ("numerator", "denominator", "total", "total_squares") if cells.get(name, _NONE).notna().any()
    ]
    sums = (
        cells.groupby(list(by), as_index=False, dropna=False)[counts].sum() if by else cells[counts].sum().to_frame().T
    )
    return _with_values(sums)


_NONE = pd.Series(dtype=float)


def groups_named(plan: Plan) -> dict[str, list[str]]:
    """Return the groups that promises are on, by dimension: others would count their cases twice for nothing."""
    named: dict[str, list[str]] = {}
    for promise in plan.measured:
        for part in promise.parts.values():
            if part.series in plan.groups.get(part.dimension, {}):
                named.setdefault(part.dimension, []).append(part.series)
    return {dimension: list(dict.fromkeys(groups)) for dimension, groups in named.items()}


def series_of(cells: Cells, groups: Mapping[str, Sequence[str]], plan: Plan) -> pd.DataFrame:
    """Return the cells added up: for the whole, each code of each dimension that was not abolished, and each group.

    Parameters
    ----------
    cells : pd.DataFrame
        See `data.measure.Cells`.
    groups : mapping
        Dimension → groups of it that are counted as a series.
    plan : Plan
        Says who is in a group, and who was abolished.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS` but for the indicator.
    """
    dimensions = [name for name in groups if name in cells]
    pieces = [_added_up(cells.assign(series=TOTAL), TOTAL)]
    for name in dimensions:
        own = cells[~cells[name].isin(plan.abolished(name))]
        pieces.append(_added_up(own.assign(series=own[name]).dropna(subset=["series"]), name))
    for name in dimensions:
        for group in groups[name]:
            inside = cells[cells[name].isin(plan.members(name, group))]
            pieces.append(_added_up(inside.assign(series=group), name))
    series = pd.concat([piece for piece in pieces if len(piece)] or pieces[:1], ignore_index=True)
    return _with_values(series)


def _added_up(cells: pd.DataFrame, dimension: str) -> pd.DataFrame:
    counts = [name for name in ("numerator", "denominator", "total", "total_squares") if name in cells]
    sums = cells.groupby(["series", "period"], as_index=False)[counts].sum()
    whole = dict.fromkeys(("numerator", "denominator"), "int64")
    sums = sums.astype({name: kind for name, kind in whole.items() if name in counts})
    return sums.assign(dimension=dimension)


def _with_values(series: pd.DataFrame) -> pd.DataFrame:
    cases = series["denominator"].where(series["denominator"] > 0)
    if "total" not in series:
        value = series["numerator"] / cases
        return series.assign(value=value, standard_error=np.sqrt((value * (1 - value)).clip(lower=0) / cases))
    value = series["total"] / cases
    spread = (series["total_squares"] - cases * value**2).clip(lower=0) / (cases - 1).where(cases > 1)
    return series.assign(value=value, standard_error=np.sqrt(spread / cases))


def _with_zeros(
    series: pd.DataFrame, alive: Mapping[tuple[str, str | None], Sequence[str]], through: str
) -> pd.DataFrame:
    """Return series with a row for every period from the first with a case on, where who has them still lives."""
    if series.empty:
        return series
    keys = ["dimension", "series", "period"]
    firsts = series.groupby(["dimension", "series"], sort=False)["period"].min()
    rows = []
    for (dimension, code), first in firsts.items():
        codes = set(alive.get((dimension, None), ())) | {g for d, g in alive if d == dimension and alive[d, g]}
        if dimension != TOTAL and code not in codes:
            continue
        start, end = periods.parse(first), periods.parse(through)
        rows += [(dimension, code, periods.write(start + step)) for step in range((end - start).n + 1)]
    every = pd.DataFrame(rows, columns=keys)
    merged = every.merge(series, on=keys, how="outer", sort=False)
    counts = [name for name in ("numerator", "denominator", "total", "total_squares") if name in merged]
    filled = merged.fillna(dict.fromkeys(counts, 0)).astype(
        {name: "int64" for name in counts if name in ("numerator", "denominator")}
    )
    return filled.sort_values(keys, ignore_index=True)
