"""Columns and tables that a source declares beyond the contracts: their kinds, their names and how they are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import pandas as pd
import pandera.pandas as pa
from pydantic import BaseModel, ConfigDict, model_validator

from analysis.data.codes import CODE
from analysis.data.contracts import TABLES
from analysis.data.sources.persons import is_personal

ExtraKind = Literal["code", "flag", "number", "time"]
Extra = dict[str, dict[str, ExtraKind]]
"""Table → column beyond its contract → kind."""

MAPPED = ("cases", "case_ratings", "counts", "margins", "ratings", "survey", "catalogue", "progress")
"""Tables of the contracts that a mapping can make; the workload is counted from cases."""

MAY_HAVE_EXTRA = ("cases", "counts", "case_ratings")
"""Tables of the contracts that may have more columns; so may every declared table."""

DERIVED = (
    "timeliness", "late", "published_online", "published_today", "closed", "period", "closed_at", "turns_late_at",
    "falls_due", "level_today", "rated_case",
)  # fmt: skip
"""Names of the columns that conditions and counting derive from the others."""

CONDITION_WORDS = ("known", "missing", "total", "any_of")
"""Words with a meaning of their own in conditions and series."""

NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
NAMES_OF_ENGINE = ("filename", "file_row_number")
"""Columns that DuckDB itself adds to a file."""

_OTHER_FILES = ("rejected", "flagged", "published")
"""Names that a folder, or a plan, already gives to something else than a table of ours."""


class TableDeclaration(BaseModel):
    """A table beyond the contracts: which of its columns are identifier, times and dimensions.

    Attributes
    ----------
    id : str
        Column that identifies a row; unique.
    known_from : str
        That of the times from which a row is known; no row lacks it.
    times : tuple of str
        Columns of times.
    dimensions : tuple of str
        Columns of lower-case codes by which rows are counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    known_from: str
    times: tuple[str, ...]
    dimensions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_are_names(self) -> Self:
        if self.known_from not in self.times:
            raise ValueError(f"known_from: {self.known_from!r} is none of the times {', '.join(self.times)}")
        names = (self.id, *self.times, *self.dimensions)
        for key, listed in (("id", (self.id,)), ("times", self.times), ("dimensions", self.dimensions)):
            for name in listed:
                fault = fault_in_name(name)
                if not fault and names.count(name) > 1:
                    fault = f"{name!r} stands twice among id, times and dimensions; once was expected"
                if not fault and name == "case_id" and key != "id":
                    fault = "'case_id' is the case that a row belongs to; give it under columns, not here"
                if fault:
                    raise ValueError(f"{key}: {fault}")
        return self

    def columns(self) -> dict[str, pa.Column]:
        """Return the columns and their contracts; `case_id`, the case a row belongs to, may be missing."""
        text = {self.id: pa.Column(str)} | ({} if self.id == "case_id" else {"case_id": pa.Column(str, nullable=True)})
        times = {name: pa.Column(pa.DateTime, nullable=name != self.known_from) for name in self.times}
        return text | times | {name: extra_column("code") for name in self.dimensions}


@dataclass(frozen=True)
class DeclaredTable:
    """A declared table of a run's input.

    Attributes
    ----------
    path : Path
        Parquet file with the columns `id`, `case_id` (missing where a row belongs to no case), times, dimensions and
        extra ones.
    id, known_from, times, dimensions
        As in `TableDeclaration`.
    extra : dict
        Column beyond these → kind.
    """

    path: Path
    id: str
    known_from: str
    times: tuple[str, ...]
    dimensions: tuple[str, ...]
    extra: dict[str, ExtraKind]


def declared_table(path: Path, declaration: TableDeclaration, extra: dict[str, ExtraKind]) -> DeclaredTable:
    """Return a declared table of a run's input.

    Parameters
    ----------
    path : Path
        Parquet file of its rows.
    declaration : TableDeclaration
        How it is declared.
    extra : dict
        Column beyond the declaration → kind.
    """
    return DeclaredTable(
        path, declaration.id, declaration.known_from, declaration.times, declaration.dimensions, dict(extra)
    )


def extra_column(kind: ExtraKind) -> pa.Column:
    """Return the contract of a column beyond the contracts; its values may be missing."""
    if kind == "code":
        return pa.Column(str, pa.Check.str_matches(CODE), nullable=True)
    types = {"flag": pd.BooleanDtype(), "number": float, "time": pa.DateTime}
    return pa.Column(types[kind], nullable=True)


def columns_of_table(
    table: str, extra: Mapping[str, ExtraKind], declared: Mapping[str, TableDeclaration]
) -> dict[str, pa.Column]:
    """Return all columns of a table and their contracts, in the order in which they are stored.

    Parameters
    ----------
    table : str
        Name of the table, of a contract or declared.
    extra : mapping of str to str
        Its columns beyond the contract or the declaration, and their kinds.
    declared : mapping of str to TableDeclaration
        The declared tables.
    """
    own = declared[table].columns() if table in declared else dict(TABLES[table].to_schema().columns)
    return own | {name: extra_column(kind) for name, kind in extra.items()}


def fault_in_name(name: str) -> str | None:
    """Return what is wrong with the name of a column that a source declares, or None when nothing is."""
    if not re.fullmatch(NAME, name):
        return f"{name!r} is no name; lower-case letters, digits and _ were expected, as in paid_online"
    if name in DERIVED:
        return f"{name!r} is a column that conditions derive ({', '.join(DERIVED)}); another name was expected"
    if name in CONDITION_WORDS:
        return f"{name!r} is a word of conditions ({', '.join(CONDITION_WORDS)}); another name was expected"
    if is_personal(name):
        return f"{name!r} names something about a person, of which nothing enters; another name was expected"
    if name in NAMES_OF_ENGINE:
        return f"{name!r} is what the database calls a file or its rows; another name was expected"
    return None


def fault_in_extra(
    table: str, extra: Mapping[str, ExtraKind], declared: Mapping[str, TableDeclaration]
) -> tuple[str, str] | None:
    """Return the first of the columns beyond a contract that is wrong, and what is; None when nothing is.

    Parameters
    ----------
    table : str
        Name of the table they belong to.
    extra : mapping of str to str
        Column → kind.
    declared : mapping of str to TableDeclaration
        The declared tables.
    """
    may_have = (*MAY_HAVE_EXTRA, *declared)
    own = columns_of_table(table, {}, declared) if table in may_have else {}
    for name, kind in extra.items():
        if table not in may_have:
            return name, f"{table} has no columns beyond its contract; only {', '.join(may_have)} may"
        if name in own:
            return name, f"{table} has this column without extra; give it under columns"
        fault = fault_in_name(name)
        if fault:
            return name, fault
        if (table, name) == ("cases", "rating"):
            return name, "'rating' of cases is the last one in case_ratings; another name was expected"
        if table == "counts" and kind not in ("code", "flag"):
            return name, f"counts are added up by their columns: a code or flag was expected, not a {kind}"
    return None


def fault_in_tables(declared: Mapping[str, TableDeclaration]) -> tuple[str, str] | None:
    """Return the first declared table whose name is wrong, and what is; None when nothing is."""
    for name in declared:
        if not re.fullmatch(NAME, name):
            return name, f"{name!r} is no name; lower-case letters, digits and _ were expected, as in feedback"
        if name in TABLES:
            return name, f"{name} is a table of the contracts, whose columns are known; another name was expected"
        if name in _OTHER_FILES or name in CONDITION_WORDS:
            return name, f"{name!r} has another meaning already; another name was expected"
    return None
