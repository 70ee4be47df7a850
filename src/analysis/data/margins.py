"""Margins: whole counts of a period and body beside counts of parts of them, each part given apart from the others.

A sheet kept by hand says *120 resolved, of which 60 online, of which 5 late*, and not how many of the late ones were
online. Such counts are never added to the table of `counts`, whose rows are disjoint: they say how many cases have one
value of a column, or of the columns they are given for together, and so do what follows from them by subtraction.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, TypeAlias

import pandas as pd
import pandera.pandas as pa
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from analysis.data.codes import CHANNELS, LEVELS, TIMELINESS
from analysis.data.contracts import Counts, Margins, columns_of
from analysis.data.declared import NAME, NAMES_OF_ENGINE, fault_in_name
from analysis.plan.conditions import Condition, Test, tests_of

Block: TypeAlias = tuple[str | bool, ...]
"""Values of a column that a part takes together; none of them stands for the values that no part has."""

REST: Block = ()
OTHER = "*"
"""Stands for the values that no part has, where a column may have any: it is no code."""

VALUES: dict[str, Block] = {
    "channel": CHANNELS,
    "timeliness": TIMELINESS,
    "level": LEVELS,
    "published_online": (True, False),
}
"""Column that a part may be of → its values, where these are closed; any other is a flag or a code."""


class Part(BaseModel):
    """A column of a sheet that counts some of the cases received or resolved.

    Attributes
    ----------
    of : {"received", "resolved"}
        What it is a part of.
    where : dict
        Column → its value, or the list of its values, in the cases counted; where there are two columns, both hold.
    others : tuple of str
        The values that the cases in no part of the column have, where not every other value occurs: where each case
        has a due date, those that are not late are early or on time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Literal["received", "resolved"]
    where: Condition
    others: tuple[str, ...] = ()

    @field_validator("where")
    @classmethod
    def _names_values(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not value:
            raise ValueError("the column and value that the part has were expected, such as {channel: online}")
        for test in tests_of(value):
            if not isinstance(test, Test) or test.operator != "is_in" or test.negated:
                raise ValueError("a part has one value of a column, or a list of its values")
            if test.column in _OF_THE_ROW:
                raise ValueError(f"{test.column} is given for the whole row, under columns")
            closed = VALUES.get(test.column)
            if test.column == "late":
                raise ValueError("late is a value of a column: write {timeliness: late}")
            fault = fault_in_name(test.column) if closed is None else None
            if fault:
                raise ValueError(fault)
            foreign = [one for one in test.operand if closed is not None and one not in closed]
            if foreign:
                expected = ", ".join(str(one).lower() if isinstance(one, bool) else one for one in closed or ())
                raise ValueError(f"{test.column}: {foreign[0]!r} is none of {expected}")
        return value

    @model_validator(mode="after")
    def _says_what_the_others_are(self) -> Part:
        if not self.others:
            return self
        if len(self.where) > 1:
            raise ValueError("others goes with a part of one column")
        ((column, block),) = self.blocks.items()
        tests_of({column: list(self.others)})
        foreign = [one for one in self.others if one in block or one not in VALUES.get(column, self.others)]
        if foreign:
            raise ValueError(f"others: {foreign[0]!r} is none of the other values of {column}")
        return self

    @property
    def blocks(self) -> dict[str, Block]:
        """Column → the values that the cases counted have, each once and in order, however they are written."""
        return {
            test.column: tuple(sorted(set(test.operand))) for test in tests_of(self.where) if isinstance(test, Test)
        }


_OF_THE_ROW = tuple(columns_of(Margins))

Parts = Mapping[str, Part]
"""Name of a column of counts → what it is a part of."""


def fault_in_parts(table: str, parts: Parts, columns: Iterable[str]) -> tuple[str, str] | None:
    """Return the first part that does not go with the others, and what is wrong; None when nothing is.

    Parameters
    ----------
    table : str
        Name of the table they belong to.
    parts : mapping
        The parts.
    columns : iterable of str
        The columns of the table's contract that the source has.
    """
    seen: dict[tuple[str, str], dict[Block, str]] = {}
    named: dict[tuple[str, frozenset], str] = {}
    for name, part in parts.items():
        if table != "margins":
            return name, f"{table} has no parts; table: margins has"
        if not re.fullmatch(NAME, name) or name in NAMES_OF_ENGINE:
            return name, f"{name!r} is no name; lower-case letters, digits and _ were expected, as in filed_online"
        if name in _OF_THE_ROW:
            return name, f"margins has the column {name} without parts; give it under columns, or take another name"
        if part.of not in columns:
            return name, f"a part of {part.of}, and columns does not say where {part.of} stands"
        twin = named.setdefault((part.of, frozenset(part.blocks.items())), name)
        if twin != name:
            return name, f"{twin} is the same part"
        for column, block in part.blocks.items():
            blocks = seen.setdefault((part.of, column), {})
            for other, holder in blocks.items():
                if isinstance(other[0], bool) != isinstance(block[0], bool):
                    return name, f"{column}: codes here, and true or false in {holder}; one kind was expected"
                common = sorted(map(str, set(other) & set(block)))
                if other != block and common:
                    return name, f"{column}: {common[0]} is in {holder} too, which has other values beside it"
            blocks[block] = name
    return None


@dataclass(frozen=True)
class Cell:
    """Cases with one block of values in each of some columns.

    Attributes
    ----------
    values : dict
        Column → the values they may have.
    terms : tuple of (int, str) or None
        Signs and columns of counts whose sum is their number; None where the parts do not tell it.
    """

    values: dict[str, Block]
    terms: tuple[tuple[int, str], ...] | None


def cells_of(
    parts: Parts, of: str, columns: Sequence[str], *, asked: Mapping[str, Collection[str | bool]] | None = None
) -> Iterator[Cell]:
    """Yield the cells into which some columns cut the cases received or resolved.

    Parameters
    ----------
    parts : mapping
        What is known of them.
    of : {"received", "resolved"}
        Which cases.
    columns : sequence of str
        The columns, each of which some part has.
    asked : mapping, optional
        Column → values that are asked of: a case in no part may have any of them, where the column may have any value.
    """
    mine = {name: part for name, part in parts.items() if part.of == of}
    known = {frozenset(part.blocks.items()): name for name, part in mine.items()} | {frozenset(): of}
    blocks = {
        column: list(dict.fromkeys(part.blocks[column] for part in mine.values() if column in part.blocks))
        for column in columns
    }
    for chosen in product(*([*blocks[column], REST] for column in columns)):
        values = {
            column: block or _rest(column, blocks[column], mine, (asked or {}).get(column, ()))
            for column, block in zip(columns, chosen, strict=True)
        }
        yield Cell(values, _terms(dict(zip(columns, chosen, strict=True)), blocks, known))


def _rest(column: str, blocks: Iterable[Block], parts: Parts, asked: Iterable[str | bool]) -> Block:
    """Return the values that no part of a column has."""
    others = [one for part in parts.values() if set(part.blocks) == {column} for one in part.others]
    named = {value for block in blocks for value in block}
    if others:
        return tuple(dict.fromkeys(one for one in others if one not in named))
    every = VALUES.get(column, (True, False) if named <= {True, False} else (OTHER, *asked))
    return tuple(value for value in every if value not in named)


def _terms(
    chosen: dict[str, Block], blocks: Mapping[str, Sequence[Block]], known: Mapping[frozenset, str]
) -> tuple[tuple[int, str], ...] | None:
    """Return the counts whose sum is a cell: the rest of a column is the whole less each of its parts."""
    for column, block in chosen.items():
        if block != REST:
            continue
        others = {name: one for name, one in chosen.items() if name != column}
        found = _terms(others, blocks, known)
        for part in blocks[column]:
            less = _terms({**others, column: part}, blocks, known)
            if found is None or less is None:
                return None
            found += tuple((-sign, name) for sign, name in less)
        return found
    name = known.get(frozenset(chosen.items()))
    return ((1, name),) if name else None


def impossible(parts: Parts, of: str) -> Iterator[tuple[tuple[str, ...], tuple[tuple[int, str], ...]]]:
    """Yield sums that no row of a sheet can have below zero: what the parts of some columns leave of the whole.

    Parameters
    ----------
    parts : mapping
        The parts.
    of : {"received", "resolved"}
        The whole.

    Yields
    ------
    tuple of str
        The columns of counts concerned.
    tuple of (int, str)
        Signs and columns of the sum.
    """
    given = dict.fromkeys(frozenset(part.where) for part in parts.values() if part.of == of)
    for columns in given:
        for cell in cells_of(parts, of, sorted(columns)):
            if cell.terms and len(cell.terms) > 1:
                yield tuple(dict.fromkeys(name for _, name in cell.terms)), cell.terms


def part_column() -> pa.Column:
    """Return the contract of a column of counts of a part: whole cases, 0 or more, missing where not given."""
    return pa.Column(pd.Int64Dtype(), pa.Check.ge(0), nullable=True)


@dataclass(frozen=True, eq=False)
class MarginTable:
    """The margins of a run's input.

    Attributes
    ----------
    table : pd.DataFrame
        See `analysis.data.contracts.Margins`, with a column of counts for each part.
    parts : mapping
        The parts.
    """

    table: pd.DataFrame
    parts: Parts

    def counts(self) -> pd.DataFrame:
        """Return the whole counts as the table of `counts`, in which nothing is known of their parts."""
        lacking = {name: pd.NA for name in columns_of(Counts) if name not in self.table}
        return self.table.assign(**lacking)[columns_of(Counts)]
