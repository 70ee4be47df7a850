"""A file of cases, or of what hangs on cases, and the one streaming pass in which all measures of it are counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.data.codes import PUBLISHED_LEVELS
from analysis.data.condition_sql import sql_of
from analysis.data.counting import (
    DuePrecision,
    as_known,
    desk,
    desk_events,
    is_late_sql,
    label_sql,
    levels_in_force,
    month_sql,
    run_query,
    up_to,
)
from analysis.data.declared import DeclaredTable
from analysis.data.ingest.received import RunInput
from analysis.data.measure import LATE, Cells, Counting, Measure, columns_named
from analysis.data.sql import file_literal
from analysis.plan.conditions import tests_of
from analysis.plan.inventories import CasesOfService

DERIVED = ("timeliness", "late", "published_online", "published_today", "closed", "rating")
"""Columns of cases that a condition may name besides those of the contract; `rating` is the case's last one."""


@dataclass(frozen=True)
class CaseTable:
    """A file of cases, or of what hangs on cases, as it stood at the end of a day, and what conditions may name of it.

    `cases` is the file of the cases themselves, where `file` is another; `ratings` that of their ratings.
    """

    file: Path
    how: Counting
    due_precision: DuePrecision
    catalogue: pd.DataFrame
    cases: Path | None = None
    ratings: Path | None = None

    @property
    def files(self) -> list[Path]:
        """The files that its queries read."""
        return [path for path in (self.file, self.cases, self.ratings) if path is not None]

    @cached_property
    def stored(self) -> list[str]:
        """The columns of the file."""
        return columns_of_file(self.file)

    @property
    def stored_columns(self) -> dict[str, str]:
        """The SQL of the columns of the file itself."""
        return {name: f'"{name}"' for name in self.stored}

    @property
    def by_day(self) -> bool:
        """Whether its times are compared by their days."""
        return self.due_precision == "day"

    def _last_ratings(self) -> str:
        """Return SQL for the last rating of each case up to the day; of those of one moment, the last in the file."""
        assert self.ratings is not None
        return f"""(
            SELECT case_id AS rated_case, arg_max(rating, (rated_at, file_row_number)) AS rating,
                max(rated_at) AS rated_at
            FROM read_parquet({file_literal(self.ratings)}, file_row_number = true)
            WHERE rated_at {up_to(self.how.as_of)} GROUP BY case_id)"""

    def rated_rows(self) -> str:
        """Return SQL for the last ratings, each with the columns of its case: missing where the case is not known."""
        known = as_known(self.file, as_of=self.how.as_of)
        return (
            f"(SELECT known.*, last.* FROM {self._last_ratings()} AS last "
            f"LEFT JOIN {known} AS known ON known.case_id = last.rated_case)"
        )

    def with_last_rating(self, rows: str, columns: Collection[str]) -> str:
        """Return SQL for cases with their last rating, where that is asked of them.

        Parameters
        ----------
        rows : str
            SQL for the cases.
        columns : collection of str
            The columns that conditions name.
        """
        if "rating" not in columns:
            return rows
        return (
            f"(SELECT known.*, last.rating FROM {rows} AS known "
            f"LEFT JOIN {self._last_ratings()} AS last ON known.case_id = last.rated_case)"
        )

    def declared_rows(self, declared: DeclaredTable) -> str:
        """Return SQL for the rows of a declared table known on the day, later times blanked."""
        known = up_to(self.how.as_of)
        blanked = ", ".join(f'CASE WHEN "{time}" {known} THEN "{time}" END AS "{time}"' for time in declared.times)
        kept = f'SELECT * FROM read_parquet({file_literal(self.file)}) WHERE "{declared.known_from}" {known}'
        rows = f"(SELECT * REPLACE ({blanked}) FROM ({kept}))" if blanked else f"({kept})"
        inherited = [name for name in self.how.dimensions if name not in self.stored]
        if "case_id" not in self.stored or self.cases is None or not inherited:
            return rows
        wanted = ", ".join(f'cases."{name}"' for name in inherited if name in columns_of_file(self.cases))
        return f"(SELECT own.*{', ' + wanted if wanted else ''} FROM {rows} AS own LEFT JOIN " + (
            f"read_parquet({file_literal(self.cases)}) AS cases USING (case_id))"
        )

    @property
    def _dimensions(self) -> str:
        there = set(self.stored)
        if self.cases is not None and "case_id" in there:
            there |= set(columns_of_file(self.cases))
        return ", ".join(
            f'"{name}"' if name in there else f'CAST(NULL AS VARCHAR) AS "{name}"' for name in self.how.dimensions
        )

    @property
    def columns(self) -> dict[str, str]:
        """The SQL of every column that a condition on cases or their ratings may name."""
        levels = ", ".join(f"'{level}'" for level in PUBLISHED_LEVELS)
        late = is_late_sql("finished_at", self.due_precision)
        return self.stored_columns | {
            "rating": "rating",
            "rated_at": "rated_at",
            "timeliness": f"""CASE WHEN finished_at IS NULL THEN NULL WHEN due_at IS NULL THEN 'no_due_date'
                WHEN {late} THEN 'late' WHEN CAST(finished_at AS DATE) < CAST(due_at AS DATE) THEN 'early'
                ELSE 'on_time' END""",
            "late": self._late_by_now(),
            "published_online": f"level IN ({levels})",
            "published_today": f"coalesce(level_today, level) IN ({levels})",
            "closed": "outcome <> 'open'",
        }

    def _late_by_now(self) -> str:
        """Return SQL that is true where a case was finished late, or is open and past its due date on the day."""
        turns_late = "due_at" if self.due_precision == "instant" else "date_trunc('day', due_at) + INTERVAL 1 DAY"
        late = is_late_sql("finished_at", self.due_precision)
        end = f"CAST('{self.how.as_of.isoformat()}' AS DATE) + INTERVAL 1 DAY"
        return (
            f"CASE WHEN due_at IS NULL THEN false WHEN finished_at IS NOT NULL THEN {late} "
            f"ELSE outcome = 'open' AND {turns_late} < {end} END"
        )

    def _with_level_today(self, rows: str, measures: Iterable[Measure]) -> str:
        if not any("published_today" in one.columns for one in measures):
            return rows
        return (
            "(SELECT known.*, in_force.level AS level_today "
            f"FROM {rows} AS known LEFT JOIN in_force USING (procedure_code))"
        )

    def flows(
        self, names: Mapping[Measure, str], *, rows: str | None = None, columns: Mapping[str, str] | None = None
    ) -> dict[Measure, Cells | str]:
        """Return the cells of measures whose rows are in one period each: one scan per event.

        Parameters
        ----------
        names : mapping
            Measure → the name of its aggregate columns.
        rows, columns : str, mapping, optional
            SQL of the rows and of the columns a condition may name; by default those of cases.
        """
        columns = columns or self.columns
        pieces = []
        for event in dict.fromkeys(one.counted for one in names):
            time, condition = _EVENTS.get(event, (f'"{event}"', f'"{event}" {up_to(self.how.as_of)}'))
            mine = {one: name for one, name in names.items() if one.counted == event}
            aggregates = ", ".join(
                line for one, name in mine.items() for line in _aggregates(one, name, columns, self.by_day)
            )
            pieces.append(
                f"SELECT {month_sql(time, self.how.cutoff_day)} AS month, {self._dimensions}, {aggregates} "
                f"FROM known WHERE {condition} GROUP BY ALL"
            )
        if rows is None:
            named = {column for one in names for column in one.columns}
            rows = self.with_last_rating(as_known(self.file, as_of=self.how.as_of), named)
        rows = self._with_level_today(rows, names)
        found = self._run(rows, pieces, names)
        return {one: _cells_of(one, name, found, self.how) for one, name in names.items()}

    def _run(self, rows: str, pieces: Sequence[str], names: Iterable[Measure]) -> pd.DataFrame:
        dimensions = ", ".join(f'"{name}"' for name in self.how.dimensions)
        query = f"""
        WITH known AS {rows}
        SELECT {label_sql("month", self.how.frequency)} AS period, {dimensions},
            sum(COLUMNS(* EXCLUDE (month, {dimensions})))
        FROM ({" UNION ALL BY NAME ".join(pieces)}) GROUP BY ALL ORDER BY ALL"""
        today = any("published_today" in one.columns for one in names)
        frames = {"in_force": levels_in_force(self.catalogue, self.how.as_of)} if today else {}
        return run_query(query, reads=self.files, **frames)

    def stocks(self, names: Mapping[Measure, str]) -> dict[Measure, Cells | str]:
        """Return the cells of measures of the desk; see `counting.count_workload` for what is on it."""
        columns = self.columns
        late = is_late_sql("closed_at", self.due_precision)
        end = f"CAST('{self.how.as_of.isoformat()}' AS DATE) + INTERVAL 1 DAY"
        pieces = []
        for flow, (time, condition) in desk_events(late, end).items():
            aggregates = []
            for one, name in names.items():
                if flow in _FLOWS_OF[_kind(one)]:
                    below = sql_of(one.denominator, columns, by_day=self.by_day)
                    above = sql_of((*one.denominator, *one.without_late()), columns, by_day=self.by_day)
                    aggregates.append(f'count(*) FILTER (WHERE {below}) AS "{name}_{flow}_d"')
                    aggregates.append(f'count(*) FILTER (WHERE {above}) AS "{name}_{flow}_n"')
            if aggregates:
                pieces.append(
                    f"SELECT {month_sql(time, self.how.cutoff_day)} AS month, {self._dimensions}, "
                    f"{', '.join(aggregates)} FROM known WHERE {condition} GROUP BY ALL"
                )
        rows = desk(self.file, as_of=self.how.as_of, due_precision=self.due_precision)
        rows = self.with_last_rating(rows, {column for one in names for column in one.columns})
        rows = self._with_level_today(f"(SELECT *, due_at < {end} AS falls_due FROM {rows})", names)
        flows = self._run(rows, pieces, names)
        return {one: _stock_cells(one, name, flows, self.how) for one, name in names.items()}


def columns_of_file(path: Path) -> list[str]:
    """Return the names of the columns of a Parquet file."""
    return list(run_query(f"SELECT * FROM read_parquet({file_literal(path)}) LIMIT 0", reads=[path]))


_EVENTS = {
    "received": ("accepted_at", "accepted_at IS NOT NULL"),
    "resolved": ("finished_at", "outcome = 'resolved'"),
}
"""Event → the time that decides the period, and which cases belong to it."""

_FLOWS_OF = {
    "stock": ("resolved_late", "became_overdue", "overdue_closed"),
    "due": ("due", "due_late"),
    "on_desk": ("received", "closed", "resolved_late", "became_overdue", "overdue_closed"),
}


def _kind(measure: Measure) -> str:
    return "stock" if measure.stock else measure.counted


def _aggregates(measure: Measure, name: str, columns: Mapping[str, str], by_day: bool) -> list[str]:
    below = sql_of(measure.denominator, columns, by_day=by_day)
    needed = " AND ".join(f"count({columns[one]}) > 0" for one in sorted(measure.needed)) or "true"
    has = f'CAST({needed} AS INTEGER) AS "{name}_h"'
    if measure.value:
        value = columns[measure.value[0]]
        if len(measure.value) == 2:
            first, last = (columns[one] for one in measure.value)
            value = f"(epoch({last}) - epoch({first})) / 86400.0"
        counted = f"{below} AND ({value}) IS NOT NULL"
        return [
            has,
            f'count(*) FILTER (WHERE {counted}) AS "{name}_d"',
            f'sum({value}) FILTER (WHERE {counted}) AS "{name}_t"',
            f'sum(({value}) * ({value})) FILTER (WHERE {counted}) AS "{name}_s"',
        ]
    above = sql_of((*measure.denominator, *measure.numerator), columns, by_day=by_day)
    return [
        has,
        f'count(*) FILTER (WHERE {below}) AS "{name}_d"',
        f'count(*) FILTER (WHERE {above}) AS "{name}_n"',
    ]


def _cells_of(measure: Measure, name: str, found: pd.DataFrame, how: Counting) -> Cells | str:
    keys = ["period", *how.dimensions]
    if measure.needed and not found[f"{name}_h"].fillna(0).any():
        return "no_column"
    mine = found[found[f"{name}_d"].fillna(0) > 0]
    if measure.value:
        parts = {"denominator": f"{name}_d", "total": f"{name}_t", "total_squares": f"{name}_s"}
    else:
        parts = {"numerator": f"{name}_n", "denominator": f"{name}_d"}
    cells = mine[keys].assign(**{part: mine[column].fillna(0) for part, column in parts.items()})
    return cells.astype({part: "int64" for part in parts if part in ("numerator", "denominator")}).reset_index(
        drop=True
    )


def _stock_cells(measure: Measure, name: str, flows: pd.DataFrame, how: Counting) -> Cells:
    """Return cells of the desk from its flows: the stock at the end of a period is what has come and not gone."""
    keys = ["period", *how.dimensions]
    columns = [one for one in flows if one.startswith(f"{name}_")]
    mine = flows[keys + columns].fillna(dict.fromkeys(columns, 0))
    mine = mine[(mine[columns] != 0).any(axis=1)]
    if mine.empty:
        return mine[keys].assign(numerator=0, denominator=0)

    def flow(kind: str, side: str) -> pd.Series:
        return wide[f"{name}_{kind}_{side}"]

    wide, places = _every_period(mine, columns, how)
    if measure.counted == "due" and not measure.stock:
        above, below = flow("due_late" if LATE in measure.numerator else "due", "n"), flow("due", "d")
    else:
        so_far = wide.groupby(level="place").cumsum()
        overdue = {s: so_far[f"{name}_became_overdue_{s}"] - so_far[f"{name}_overdue_closed_{s}"] for s in "dn"}
        if measure.stock:
            above = flow("resolved_late", "d")
            below = above + overdue["d"]
        else:
            closed = {s: so_far[f"{name}_received_{s}"] - so_far[f"{name}_closed_{s}"] for s in "dn"}
            desks = {s: closed[s] + flow("closed", s) for s in "dn"}
            below = desks["d"]
            above = flow("resolved_late", "n") + overdue["n"] if LATE in measure.numerator else desks["n"]
    cells = pd.DataFrame({"numerator": above, "denominator": below}).astype("int64")
    cells = cells[(cells != 0).any(axis=1)].reset_index()
    return pd.concat([places.iloc[cells["place"].to_numpy()].reset_index(drop=True), cells], axis=1)[
        [*keys, "numerator", "denominator"]
    ]


def _every_period(flows: pd.DataFrame, columns: list[str], how: Counting) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return flows by place and period without gaps, and the places: cases are on a desk where nothing happens, too."""
    month = periods.reporting_month(how.as_of, how.cutoff_day)
    last = month.asfreq("Q") if how.frequency == "Q" else month
    first = periods.parse(flows["period"].min())
    labels = [periods.write(first + step) for step in range((last - first).n + 1)]
    dimensions = list(how.dimensions)
    place, places = pd.factorize(pd.MultiIndex.from_frame(flows[dimensions].astype(object)), use_na_sentinel=False)
    wide = flows.assign(place=place).groupby(["place", "period"])[columns].sum()
    grid = pd.MultiIndex.from_product([range(len(places)), labels], names=["place", "period"])
    return wide.reindex(grid, fill_value=0), pd.DataFrame(list(places), columns=dimensions)


def service_days(
    received: RunInput, how: Counting, wanted: Mapping[str, CasesOfService], *, first: date
) -> pd.DataFrame:
    """Return the cases of each procedure day by day.

    Parameters
    ----------
    received : RunInput
        The input.
    how : Counting
        Its `as_of` is the last day counted.
    wanted : mapping
        Name → which cases of a service are counted, by which event.
    first : date
        First day counted.

    Returns
    -------
    pd.DataFrame
        `procedure_code, day` and a column of cases for each name, in the order of days; days without any case have no
        row. Without rows where no single cases are had, or not the ratings of them that a condition names.
    """
    named = set(columns_named(test for cases in wanted.values() for test in tests_of(cases.where)))
    if received.cases is None or ("rating" in named and received.case_ratings is None):
        return pd.DataFrame(columns=["procedure_code", "day", *wanted])
    table = CaseTable(received.cases, how, received.due_precision, received.catalogue, ratings=received.case_ratings)
    columns, since = table.columns, f">= CAST('{first.isoformat()}' AS DATE)"
    pieces = []
    for name, cases in wanted.items():
        time, condition = _EVENTS[cases.counted]
        where = sql_of(tests_of(cases.where), columns, by_day=table.by_day)
        pieces.append(
            f'SELECT procedure_code, CAST({time} AS DATE) AS day, count(*) AS "{name}" FROM known '
            f"WHERE {time} {since} AND {condition} AND {where} AND procedure_code IS NOT NULL GROUP BY ALL"
        )
    query = f"""
    WITH known AS {table.with_last_rating(as_known(received.cases, as_of=how.as_of), named)}
    SELECT procedure_code, day, coalesce(sum(COLUMNS(* EXCLUDE (procedure_code, day))), 0)::BIGINT
    FROM ({" UNION ALL BY NAME ".join(pieces)}) GROUP BY ALL ORDER BY procedure_code, day"""
    found = run_query(query, reads=table.files)
    found.columns = ["procedure_code", "day", *wanted]
    return found
