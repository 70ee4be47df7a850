"""What a published folder hides: cells of few cases or respondents, and what would give them away.

See ``docs/decisions/0020-what-a-published-folder-hides.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from analysis import periods
from analysis.indicators.measured import measures_of
from analysis.indicators.satisfaction import SURVEYED
from analysis.indicators.suppression import CountTable, hidden_rows
from analysis.plan.plan import Plan
from analysis.plan.record import TOTAL

SHOWN_FROM = 5
"""Cases or respondents from which a cell is shown; one of fewer, but for none, could say something of a person."""

QUARTERS_SHOWN = 12
"""Whole quarters that figures add up, the last ones: a single month of a small field says little."""

RESOLVED = "resolved_by_agency"
"""Stands for the indicator where cases resolved are shown by body and period, of no indicator."""

KEYS = ["indicator", "dimension", "series", "period"]
"""What names a cell; of sums, `period` is a quarter (``2021Q3``) or the year so far (``2021``)."""

NUMBERS = ["numerator", "denominator", "value", "standard_error", "total", "total_squares", "respondents"]
"""Columns of a cell that are missing where it is hidden."""

SAME_FROM = 24
"""Cells with cases from which two indicators that never differ are taken to count the same."""

SmallNumerators = Literal["shown", "hidden"]


def is_small(counts: pd.Series) -> pd.Series:
    """Return for each count of cases or respondents whether it is of few: of at least one, and below `SHOWN_FROM`."""
    return counts.ge(1).fillna(False) & counts.lt(SHOWN_FROM).fillna(False)


def hidden_cells(
    plan: Plan,
    series: pd.DataFrame,
    delivered: pd.DataFrame,
    *,
    origin: pd.Period,
    small_numerators: SmallNumerators = "shown",
) -> pd.DataFrame:
    """Return the cells that a publication of a quarter hides.

    Small are denominators of 1 to 4 cases or respondents and, where wanted, numerators of 1 to 4. Others go with them
    so that none can be worked out from what is shown and what anybody knows of it: the whole is the sum of its bodies,
    of its fields and so on, and a group that of its members, wherever this is so; quarters and the year so far, which
    figures show, are those of their periods; some indicators count the same or what two others count together. Cells
    of promised series are shown in any case, and so are counts of items, procedures and posts.

    Parameters
    ----------
    plan : Plan
        The plan as it is read.
    series : pd.DataFrame
        See `analysis.quarter.results.IndicatorTables.series`.
    delivered : pd.DataFrame
        See `analysis.indicators.reporting.by_agency`: the cases resolved by body and period, which a figure shows.
    origin : pd.Period
        The last period known.
    small_numerators : {"shown", "hidden"}
        Whether small numerators are hidden, too.

    Returns
    -------
    pd.DataFrame
        Columns `KEYS`, a row per cell. Periods are those of `series`, and of the sums that figures show.

    Notes
    -----
    See `analysis.indicators.suppression.hidden_rows` for how cells are chosen. An equation that is no row of `series`
    is one where the numbers say so in every cell: that is how a reader would find it.
    """
    cells = _with_sums(_cells_of(plan, series, delivered), origin)
    if cells.empty:
        return cells[KEYS]
    table = _table_of(cells, plan)
    small = is_small(cells["denominator"])
    if small_numerators == "hidden":
        small |= is_small(cells["numerator"])
    promised = pd.MultiIndex.from_tuples([*_promised(plan), ("", "", "")])
    never = pd.MultiIndex.from_frame(cells[KEYS[:3]]).isin(promised)
    return cells.loc[hidden_rows(table, small.to_numpy(), never), KEYS].reset_index(drop=True)


def are_hidden(rows: pd.DataFrame, hidden: pd.DataFrame) -> np.ndarray:
    """Return which rows are hidden.

    Parameters
    ----------
    rows : pd.DataFrame
        Columns `KEYS`.
    hidden : pd.DataFrame
        See `hidden_cells`.
    """
    return pd.MultiIndex.from_frame(rows[KEYS].astype(str)).isin(pd.MultiIndex.from_frame(hidden[KEYS].astype(str)))


def without_hidden(series: pd.DataFrame, hidden: pd.DataFrame) -> pd.DataFrame:
    """Return series as they are published: with a column `hidden`, and its numbers missing where it is true.

    Parameters
    ----------
    series : pd.DataFrame
        Columns `KEYS` and `NUMBERS`.
    hidden : pd.DataFrame
        See `hidden_cells`.
    """
    marked = series.assign(hidden=are_hidden(series, hidden))
    numbers = [name for name in NUMBERS if name in marked]
    # A whole number cannot be missing; a nullable one can.
    whole = {name: "Int64" for name in numbers if pd.api.types.is_integer_dtype(marked[name])}
    marked = marked.astype(whole)
    marked.loc[marked["hidden"], numbers] = pd.NA
    return marked


def hidden_where_crossed(crossed: pd.DataFrame, sides: pd.DataFrame, hidden: pd.DataFrame) -> np.ndarray:
    """Return which cells of two dimensions at once are hidden, beside the cells of each that a publication shows.

    Parameters
    ----------
    crossed : pd.DataFrame
        `series, second, period, numerator, denominator` of one indicator: codes of the first and second dimension.
    sides : pd.DataFrame
        Columns `KEYS` and counts: rows of that indicator by the first dimension, and by the second; `side` names which.
    hidden : pd.DataFrame
        See `hidden_cells`.
    """
    known = sides.dropna(subset=["numerator", "denominator"])
    cells = pd.concat([crossed, known], ignore_index=True)
    size = cells[["denominator", "numerator"]].astype("int64").to_numpy().ravel()
    numbers = np.arange(len(size)).reshape(-1, 2)
    wholes = {row: at for at, row in enumerate(known[["side", "series", "period"]].itertuples(index=False, name=None))}
    equations = []
    for side in ("series", "second"):
        for (code, period), parts in crossed.groupby([side, "period"]).indices.items():
            whole = wholes.get((side, code, period))
            for of_kind in numbers.T:
                if whole is not None and size[of_kind[len(crossed) + whole]] == size[of_kind[parts]].sum():
                    equations.append([int(of_kind[len(crossed) + whole]), *of_kind[parts].tolist()])
    already = are_hidden(known, hidden)
    small = np.concatenate([is_small(crossed["denominator"]).to_numpy(), already])
    never = np.concatenate([np.zeros(len(crossed), dtype=bool), ~already])
    return hidden_rows(CountTable(numbers, size, equations), small, never)[: len(crossed)]


def hidden_parts(counts: pd.Series) -> pd.Series:
    """Return which parts of a whole that is shown are hidden: the small ones, and with a single one the next smallest.

    Parameters
    ----------
    counts : pd.Series
        Cases of each part.
    """
    small = is_small(counts)
    others = counts[~small & (counts > 0)]
    if small.sum() == 1 and len(others):
        small = small | (counts.index == others.idxmin())
    return small


def _promised(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for promise in plan.measured:
        for part in promise.parts.values():
            yield part.indicator, part.dimension, part.series


def _cells_of(plan: Plan, series: pd.DataFrame, delivered: pd.DataFrame) -> pd.DataFrame:
    """Return `KEYS, numerator, denominator, is_one` of what counts cases or respondents; `is_one`: rows are both."""
    counted = series[series["indicator"].isin(list(measures_of(plan)))]
    asked = series[series["indicator"].str.startswith(SURVEYED)]
    asked = asked.assign(denominator=asked.get("respondents", pd.NA))
    whole = delivered.groupby("period", as_index=False)["resolved"].sum().assign(dimension=TOTAL, series=TOTAL)
    by_body = delivered.dropna(subset=["agency"]).rename(columns={"agency": "series"}).assign(dimension="agency")
    resolved = pd.concat([whole, by_body]).rename(columns={"resolved": "denominator"}).assign(indicator=RESOLVED)
    pieces = [counted, asked, resolved]
    cells = pd.concat([piece.reindex(columns=[*KEYS, "numerator", "denominator"]) for piece in pieces])
    cells = cells[cells["denominator"].notna()].reset_index(drop=True)
    is_one = cells["numerator"].isna()
    return cells.assign(
        is_one=is_one,
        numerator=cells["numerator"].where(~is_one, cells["denominator"]).astype("int64"),
        denominator=cells["denominator"].astype("int64"),
        **{name: cells[name].astype(str) for name in KEYS},
    )


def _with_sums(cells: pd.DataFrame, origin: pd.Period) -> pd.DataFrame:
    """Return cells with those of the last quarters and of the year so far; a survey is asked once and has none.

    Columns `quarter` and `year` name the sum that a cell is part of; empty where it is of none.
    """
    is_summed = ~cells["indicator"].str.startswith(SURVEYED) & (cells["indicator"] != RESOLVED)
    in_year = is_summed & cells["period"].isin(periods.labels_of_year(origin))
    cells = cells.assign(quarter="", year=np.where(in_year, str(origin.year), ""))
    if origin.freqstr.startswith("M"):
        quarter = periods.quarters_of(cells.loc[is_summed, "period"]).map(periods.write)
        cells["quarter"] = quarter.where(quarter.isin(sorted(quarter.unique())[-QUARTERS_SHOWN:]), "")
        cells = cells.fillna({"quarter": ""})
    pieces = [cells]
    for name in ("quarter", "year"):
        parts = cells[cells[name] != ""].assign(period=cells[name])
        pieces.append(parts.groupby([*KEYS, "is_one"], as_index=False)[["numerator", "denominator"]].sum())
    return pd.concat(pieces, ignore_index=True).fillna({"quarter": "", "year": ""})


def _table_of(cells: pd.DataFrame, plan: Plan) -> CountTable:
    """Return the cells as numbers, two of each, with all equations that hold between them."""
    numbers = np.arange(2 * len(cells)).reshape(-1, 2)
    # Of a mean, a survey or bare cases there is one.
    is_one = cells["is_one"].to_numpy(dtype=bool)
    numbers[is_one, 1] = numbers[is_one, 0]
    size = cells[["denominator", "numerator"]].to_numpy().ravel()
    same, adding = _between_indicators(cells, numbers, size)
    numbers = same[numbers]
    found: dict[tuple[int, ...], None] = {}
    for whole, parts in (*_over_members(cells, plan), *_over_periods(cells)):
        for of_kind in numbers.T:
            # Where cases are in no member, or periods are lacking, the numbers do not add up, and nobody can use them.
            if size[of_kind[whole]] == size[of_kind[parts]].sum():
                found[(int(of_kind[whole]), *of_kind[parts].tolist())] = None
    found |= dict.fromkeys((whole, *sorted(parts)) for whole, *parts in same[adding].tolist())
    return CountTable(numbers, size, list(found))


def _over_members(cells: pd.DataFrame, plan: Plan) -> Iterator[tuple[int, np.ndarray]]:
    """Return the wholes with their bodies, fields and so on, and the groups with their members, as places of cells."""
    places, codes = cells.groupby(["indicator", "period", "dimension"]).indices, cells["series"].to_numpy()
    for (indicator, period, dimension), at in places.items():
        if dimension == TOTAL:
            continue
        groups = plan.groups.get(dimension, {})
        is_group = np.isin(codes[at], list(groups))
        members = at[~is_group]
        for whole in places.get((indicator, period, TOTAL), ()):
            yield whole, members
        for group in at[is_group]:
            yield group, members[np.isin(codes[members], list(plan.members(dimension, codes[group])))]


def _over_periods(cells: pd.DataFrame) -> Iterator[tuple[int, np.ndarray]]:
    """Return the quarters and the year so far with their periods, as places of cells."""
    place = {names: at for at, names in enumerate(cells[KEYS].itertuples(index=False, name=None))}
    for name in ("quarter", "year"):
        parts = cells[cells[name] != ""]
        for names, at in parts.groupby([*KEYS[:3], name]).indices.items():
            yield place[names], parts.index.to_numpy()[at]


def _between_indicators(cells: pd.DataFrame, numbers: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what indicators have in common in every cell, so that whoever looks at two or three of them sees it.

    Returns
    -------
    np.ndarray of int, shape (numbers,)
        The first number that is the same as each, by what both count.
    np.ndarray of int, shape (equations, 3)
        Numbers of which the first is the sum of the others.
    """
    place = cells.assign(place=cells.index).pivot_table(index=KEYS[1:], columns="indicator", values="place")
    at = place.fillna(-1).to_numpy(dtype=int)
    shown = np.where(at[..., None] >= 0, numbers[at], -1).reshape(len(at), -1)
    # A cell that an indicator lacks is one in which it counts nothing, unless it has none of that dimension at all.
    counted = np.where(shown >= 0, size[shown], 0)
    has = place.notna().groupby(level="dimension").transform("any").to_numpy().repeat(2, axis=1)
    whole = counted[place.index.get_level_values("dimension") == TOTAL].sum(axis=0)
    kinds = np.flatnonzero((counted > 0).sum(axis=0) >= SAME_FROM).tolist()

    def adds_up(one: int, *others: int) -> bool:
        # The whole is looked at first, which is quick and settles almost all.
        both = has[:, [one, *others]].all(axis=1)
        return whole[one] == whole[[*others]].sum() and np.array_equal(
            counted[both, one], counted[both][:, others].sum(axis=1)
        )

    same = np.arange(len(size))
    for one, other in combinations(kinds, 2):
        if adds_up(other, one):
            both = (shown[:, [one, other]] >= 0).all(axis=1)
            same[shown[both, other]] = np.minimum(same[shown[both, other]], same[shown[both, one]])
    found = [np.empty((0, 3), dtype=int)]
    for one, other in combinations(kinds, 2):
        for sum_of_both in kinds:
            if adds_up(sum_of_both, one, other):
                three = shown[:, [sum_of_both, one, other]]
                found.append(three[(three >= 0).all(axis=1)])
    return same, np.concatenate(found)
