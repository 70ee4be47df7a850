"""What indicators count, measured from the tables of a run: all of them in one streaming pass over the cases.

An indicator, and each answer's variant of it, is a `Measure`: two or three aggregate columns over period and
dimensions. The columns a condition names are never grouping keys: eight flags would make millions of groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.data.case_table import DERIVED, CaseTable, columns_of_file
from analysis.data.codes import CASE_RATINGS
from analysis.data.condition_sql import sql_of
from analysis.data.contracts import Cases, Counts, columns_of
from analysis.data.counting import run_query
from analysis.data.declared import ExtraKind
from analysis.data.ingest.received import RunInput
from analysis.data.margin_counts import count_margins
from analysis.data.measure import CASES, LATE, RATINGS, Cells, Counting, Measure, columns_named
from analysis.data.sources.column_source import sql_type
from analysis.plan.conditions import Test


def count_measures(measures: Iterable[Measure], received: RunInput, how: Counting) -> dict[Measure, Cells | str]:
    """Return the cells of each measure, or the code of why the input cannot give them.

    Parameters
    ----------
    measures : iterable of Measure
        What is counted.
    received : RunInput
        The input.
    how : Counting
        Periods and dimensions.

    Returns
    -------
    dict
        Measure → cells: no row without a case. From counts, rows that stand in them with 0 stay: a period that was
        reported without a case is no gap. Reasons: ``counts_only``, ``no_catalogue``, ``no_workload``,
        ``no_case_ratings``, ``no_column``, ``no_table``, ``margins_apart``, ``margins_unclear``.
    """
    found: dict[Measure, Cells | str] = {}
    wanted = list(dict.fromkeys(measures))
    of_cases = [one for one in wanted if one.of == CASES]
    if received.cases is None:
        found |= {one: _from_counts(one, received, how) for one in of_cases}
    else:
        found |= _from_cases(of_cases, received, how)
    for table in dict.fromkeys(one.of for one in wanted if one.of != CASES):
        mine = [one for one in wanted if one.of == table]
        found |= (_from_ratings if table == RATINGS else _from_declared)(mine, received, how)
    if how.cutoff_day != how.own_cutoff_day:
        found = {one: cells if isinstance(cells, str) else _over_by(how, cells) for one, cells in found.items()}
    return found


def _over_by(how: Counting, cells: Cells) -> Cells:
    """Return the cells of the periods that were over: what is known of an unfinished month is not its volume."""
    over = [
        label
        for label in cells["period"].unique()
        if periods.last_day(periods.parse(label), how.cutoff_day) <= how.as_of
    ]
    return cells[cells["period"].isin(over)].reset_index(drop=True)


def _from_counts(measure: Measure, received: RunInput, how: Counting) -> Cells | str:
    if how.cutoff_day != how.own_cutoff_day or measure.value:
        return "counts_only"
    if not measure.is_flow:
        return _from_workload(measure, received.workload, how)
    cells = _from_table_of_counts(measure, received.counts, how)
    if isinstance(cells, str) and received.margins:
        return count_margins(measure, received.margins, how)
    return cells


def _from_table_of_counts(measure: Measure, counts: pd.DataFrame, how: Counting) -> Cells | str:
    columns = {name: f'"{name}"' for name in counts if name not in ("period", "received", "resolved")}
    columns["late"] = "timeliness = 'late'"
    if measure.counted not in ("received", "resolved"):
        return "counts_only"
    if not measure.columns <= set(columns):
        return "counts_only"
    stored = {"late": "timeliness"}
    if any(counts[stored.get(name, name)].isna().all() for name in measure.needed):
        return "no_column"
    cases = f'"{measure.counted}"'
    return _summed(measure, counts, columns, how, weight=cases, weight_above=cases)


def _from_workload(measure: Measure, workload: pd.DataFrame, how: Counting) -> Cells | str:
    if workload.empty:
        return "no_workload"
    columns = {name: f'"{name}"' for name in (*how.dimensions, "channel") if name in workload}
    tests = (*measure.denominator, *measure.without_late())
    if not set(columns_named(tests)) <= set(columns):
        return "counts_only"
    late = LATE in measure.numerator
    if measure.stock:
        above, below = "resolved_late", "resolved_late + overdue_at_end"
    elif measure.counted == "due":
        above, below = "due_late" if late else "due", "due"
    else:
        above = "resolved_late + overdue_at_end" if late else "carried_in + received"
        below = "carried_in + received"
    return _summed(measure, workload, columns, how, weight=below, weight_above=above)


def _summed(
    measure: Measure,
    table: pd.DataFrame,
    columns: Mapping[str, str],
    how: Counting,
    *,
    weight: str,
    weight_above: str,
) -> Cells:
    below, above = sql_of(measure.denominator, columns), sql_of(measure.without_late(), columns)
    if LATE in measure.numerator and "late" in columns:
        above = sql_of(measure.numerator, columns)
    present = [name for name in how.dimensions if name in table]
    dimensions = ", ".join(f'"{name}"' for name in present)
    query = f"""
    SELECT period, {dimensions}, CAST(sum(CASE WHEN {above} THEN {weight_above} ELSE 0 END) AS BIGINT) AS numerator,
        CAST(sum({weight}) AS BIGINT) AS denominator
    FROM counted WHERE {below} AND ({weight}) IS NOT NULL GROUP BY ALL ORDER BY ALL"""
    return _with_dimensions(run_query(query, counted=table), how)


def _with_dimensions(cells: Cells, how: Counting) -> Cells:
    """Return cells with every dimension, missing where the table does not have it."""
    for name in how.dimensions:
        if name not in cells:
            cells[name] = None
    return cells


def _from_ratings(measures: Sequence[Measure], received: RunInput, how: Counting) -> dict[Measure, Cells | str]:
    if received.case_ratings is not None and received.cases is not None:
        table = _cases_of(received, received.cases, how)
        return _flows(table, measures, rows=table.rated_rows())
    return {one: _from_counted_ratings(one, received.ratings, how) for one in measures}


def _from_counted_ratings(measure: Measure, ratings: pd.DataFrame, how: Counting) -> Cells | str:
    if how.cutoff_day != how.own_cutoff_day:
        return "counts_only"
    if ratings.empty:
        return "no_table"
    satisfied = ratings.assign(rating="satisfied", n=ratings["satisfied"])
    other = ratings.assign(rating="dissatisfied", n=ratings["respondents"] - ratings["satisfied"])
    long = pd.concat([satisfied, other], ignore_index=True).drop(columns=["satisfied", "respondents"])
    columns = {name: f'"{name}"' for name in long if name not in ("period", "n")}
    if not measure.columns <= set(columns) or measure.value or _splits_satisfied(measure):
        return "counts_only"
    if any(long[name].isna().all() for name in measure.needed):
        return "no_column"
    return _summed(measure, long, columns, how, weight="n", weight_above="n")


def _from_declared(measures: Sequence[Measure], received: RunInput, how: Counting) -> dict[Measure, Cells | str]:
    """Return the cells of a table that a mapping declares; a row with a case has that case's dimensions."""
    declared = received.tables.get(measures[0].of)
    if declared is None:
        return dict.fromkeys(measures, "no_table")
    table = CaseTable(declared.path, how, received.due_precision, received.catalogue, cases=received.cases)
    return _flows(table, measures, rows=table.declared_rows(declared), columns=table.stored_columns)


def _flows(
    table: CaseTable, measures: Iterable[Measure], *, rows: str | None = None, columns: Mapping[str, str] | None = None
) -> dict[Measure, Cells | str]:
    """Return the cells of measures, see `CaseTable.flows`; another answer may ask of a column that the table lacks."""
    known = set(columns or table.columns)
    found = {one: "no_column" if one.columns - known else "" for one in measures}
    counted = [one for one, lacking in found.items() if not lacking]
    return found | (table.flows(_named(counted), rows=rows, columns=columns) if counted else {})


def _cases_of(received: RunInput, cases: Path, how: Counting) -> CaseTable:
    return CaseTable(cases, how, received.due_precision, received.catalogue, ratings=received.case_ratings)


def _named(measures: Iterable[Measure]) -> dict[Measure, str]:
    """Return a short name for the aggregate columns of each measure."""
    return {one: f"m{number}" for number, one in enumerate(measures)}


def _splits_satisfied(measure: Measure) -> bool:
    """Return whether a condition tells "satisfied" from "very satisfied", which counts of ratings do not."""
    together = set(CASE_RATINGS[1:])
    return any(
        test.column == "rating" and test.operator == "is_in" and len(together & set(test.operand)) == 1
        for test in (*measure.denominator, *measure.numerator)
        if isinstance(test, Test)
    )


def _from_cases(measures: Sequence[Measure], received: RunInput, how: Counting) -> dict[Measure, Cells | str]:
    assert received.cases is not None
    found: dict[Measure, Cells | str] = {}
    countable = []
    for one in measures:
        if "published_today" in one.columns and received.catalogue.empty:
            found[one] = "no_catalogue"
        elif "rating" in one.columns and received.case_ratings is None:
            found[one] = "no_case_ratings"
        else:
            countable.append(one)
    source = _cases_of(received, received.cases, how)
    found |= _flows(source, (one for one in countable if one.is_flow))
    stocks = [one for one in countable if not one.is_flow]
    lacking = [one for one in stocks if one.columns - set(source.columns)]
    names = _named(one for one in stocks if one not in lacking)
    return found | dict.fromkeys(lacking, "no_column") | (source.stocks(names) if names else {})


def columns_known(received: RunInput) -> dict[str, tuple[str, ...]]:
    """Return, by table, the columns that a condition may name: of the contract, derived, and those a mapping adds."""
    extra = received.extra
    parts = received.margins.parts.values() if received.margins else ()
    of_parts = [name for part in parts for name in part.where]
    cases = (
        *columns_of(Cases), *DERIVED, *columns_of(Counts), *extra.get("cases", ()), *extra.get("counts", ()), *of_parts,
    )  # fmt: skip
    ratings = ("case_id", "rating", "rated_at", *cases, *extra.get("case_ratings", ()))
    known = {CASES: tuple(dict.fromkeys(cases)), RATINGS: tuple(dict.fromkeys(ratings))}
    return known | {name: tuple(columns_of_file(table.path)) for name, table in received.tables.items()}


def kinds_known(received: RunInput) -> dict[str, dict[str, ExtraKind]]:
    """Return, by table and column, what a condition may ask for: codes, a flag, a number or a time.

    Parameters
    ----------
    received : RunInput
        The tables of the input.
    """
    parts = received.margins.parts.values() if received.margins else ()
    blocks = [one for part in parts for one in part.blocks.items()]
    of_parts: dict[str, ExtraKind] = {name: "flag" if isinstance(block[0], bool) else "code" for name, block in blocks}
    extra = received.extra
    cases = _kinds_of(Counts) | _kinds_of(Cases) | _DERIVED_KINDS | extra.get("counts", {}) | extra.get("cases", {})
    known = {CASES: of_parts | cases, RATINGS: of_parts | cases | extra.get("case_ratings", {})}
    for name, table in received.tables.items():
        times: dict[str, ExtraKind] = dict.fromkeys(table.times, "time")
        codes: dict[str, ExtraKind] = dict.fromkeys((table.id, *table.dimensions), "code")
        known[name] = codes | times | table.extra
    return known


_DERIVED_KINDS: dict[str, ExtraKind] = dict.fromkeys(("late", "published_online", "published_today", "closed"), "flag")


def _kinds_of(contract: type[Cases | Counts]) -> dict[str, ExtraKind]:
    kinds: dict[str, ExtraKind] = {"TIMESTAMP": "time", "BIGINT": "number", "DOUBLE": "number", "BOOLEAN": "flag"}
    return {name: kinds.get(sql_type(rule), "code") for name, rule in contract.to_schema().columns.items()}
