"""What indicators count, from margins: one part, or several that are given together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

import pandas as pd

from analysis.data.condition_sql import sql_of
from analysis.data.contracts import Margins, columns_of
from analysis.data.counting import run_query
from analysis.data.margins import Cell, MarginTable, cells_of
from analysis.data.measure import Cells, Counting, Measure
from analysis.plan.conditions import AnyOf, Test

DERIVED = {"late": ("timeliness", "CAST(timeliness AS VARCHAR) = 'late'")}
"""Column that conditions derive → the column it is derived from, and the SQL of it."""


def count_margins(measure: Measure, margins: MarginTable, how: Counting) -> Cells | str:
    """Return the cells of a measure of cases received or resolved, or the code of why margins cannot give them.

    The columns that its conditions name cut the cases into cells, each a sum or difference of counts; those that its
    conditions hold for are added up. A row that lacks one of these counts is left out: nobody knows its part.

    Parameters
    ----------
    measure : Measure
        What is counted.
    margins : MarginTable
        The margins.
    how : Counting
        Periods and dimensions.

    Returns
    -------
    Cells or str
        See `analysis.data.measure.Cells`; or ``counts_only`` (another event, or a value of single cases),
        ``no_column`` (no part is of a column named), ``margins_apart`` (two columns are needed together, and given
        apart), ``margins_unclear`` (cases in no part may be of either kind).
    """
    own = columns_of(Margins)
    if measure.counted not in ("received", "resolved") or measure.value:
        return "counts_only"
    named = {DERIVED.get(name, (name,))[0] for name in measure.columns} - set(own)
    known = {column for part in margins.parts.values() if part.of == measure.counted for column in part.blocks}
    if not named <= known or margins.table[measure.counted].isna().all():
        return "no_column"
    columns = {name: f'"{name}"' for name in own} | {name: sql for name, (_, sql) in DERIVED.items()}
    flags = {name for part in margins.parts.values() for name, block in part.blocks.items() if True in block}
    flags |= {name for part in margins.parts.values() for name, block in part.blocks.items() if False in block}
    columns |= {name: f'CAST("{name}" AS {"BOOLEAN" if name in flags else "VARCHAR"})' for name in named}
    below = sql_of(measure.denominator, columns)
    above = f"({below}) AND ({sql_of(measure.numerator, columns)})"
    asked = _asked((*measure.denominator, *measure.numerator))
    cells = list(cells_of(margins.parts, measure.counted, sorted(named), asked=asked))
    judged = run_query(_judged(below, above), expanded=_expanded(cells, margins.table))
    pieces = []
    for number, counted in judged[judged["below_any"]].groupby("_cell"):
        terms = cells[int(str(number))].terms
        if terms is None:
            return "margins_apart"
        cases = sum((sign * margins.table[name] for sign, name in terms), pd.Series(0, margins.table.index))
        counted = counted.assign(cases=cases.loc[counted["_row"]].to_numpy())
        mixed = (counted["below_any"] != counted["below_all"]) | (counted["above_any"] != counted["above_all"])
        if (counted.loc[mixed, "cases"].fillna(0) != 0).any():
            return "margins_unclear"
        pieces.append(counted)
    return _added_up(pd.concat(pieces) if pieces else None, margins.table, how)


def _asked(tests: Iterable[Test | AnyOf]) -> dict[str, list[str | bool]]:
    """Return the values that tests name, by column."""
    found: dict[str, list[str | bool]] = {}
    for test in tests:
        if isinstance(test, AnyOf):
            for alternative in test.alternatives:
                for column, values in _asked(alternative).items():
                    found.setdefault(column, []).extend(values)
        elif test.operator == "is_in":
            found.setdefault(test.column, []).extend(test.operand)
    return found


def _expanded(cells: Sequence[Cell], table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of margins with every combination of values that the cases of each cell may have."""
    rows = table[columns_of(Margins)].assign(_row=table.index)
    pieces = [
        rows.assign(_cell=number, **values)
        for number, cell in enumerate(cells)
        for values in _combinations(cell.values)
    ]
    return pd.concat(pieces, ignore_index=True)


def _combinations(values: Mapping[str, tuple]) -> Iterator[dict[str, object]]:
    # Where every value has a part, what they leave of the whole has none of them.
    for chosen in product(*(block or (None,) for block in values.values())):
        yield dict(zip(values, chosen, strict=True))


def _judged(below: str, above: str) -> str:
    """Return SQL that tells, by row and cell, whether conditions hold for any and all values that it may have."""
    asked = ", ".join(
        f"bool_{word}({sql}) AS {name}_{suffix}"
        for name, sql in (("below", below), ("above", above))
        for word, suffix in (("or", "any"), ("and", "all"))
    )
    return f"SELECT _cell, _row, {asked} FROM expanded GROUP BY _cell, _row ORDER BY _cell, _row"


def _added_up(counted: pd.DataFrame | None, table: pd.DataFrame, how: Counting) -> Cells:
    keys = ["period", *how.dimensions]
    if counted is None:
        return pd.DataFrame({name: [] for name in (*keys, "numerator", "denominator")})
    counted = counted.assign(numerator=counted["cases"].where(counted["above_any"], 0))
    unknown = counted.loc[counted["cases"].isna(), "_row"].unique()
    by_row = counted[~counted["_row"].isin(unknown)].groupby("_row")[["numerator", "cases"]].sum()
    rows = table.loc[by_row.index].reindex(columns=keys)
    rows = rows.assign(numerator=by_row["numerator"], denominator=by_row["cases"])
    cells = rows.groupby(keys, as_index=False, dropna=False)[["numerator", "denominator"]].sum()
    return cells.astype({"numerator": "int64", "denominator": "int64"})
