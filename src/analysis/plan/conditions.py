"""Conditions on the rows of a table: a small closed language, written as YAML, never as SQL or Python.

A condition is a mapping whose keys must all hold. A key is a column; its value is

* a code or a list of codes (in quotes), or ``true`` or ``false`` for a flag;
* ``known`` or ``missing``;
* ``{not: …}`` of any of these, which keeps rows whose value is missing (unless it says ``not: missing``);
* ``{at_least: n}`` or ``{at_most: n}`` for a number, ``{before: column}`` for a time.

The key ``any_of`` is a list of conditions of which one must hold. The empty condition holds for every row. A test on a
missing value does not hold, so that no test is ever neither true nor false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from analysis.code_of_name import write_code

ANY_OF = "any_of"
RESERVED = ("known", "missing", "total", ANY_OF)
"""Words that are no code of a column: a case whose field is called ``known`` could not be asked for."""

Operator = Literal["is_in", "known", "at_least", "at_most", "before"]


@dataclass(frozen=True)
class Test:
    """One test of one column.

    Attributes
    ----------
    column : str
        The column.
    operator : {"is_in", "known", "at_least", "at_most", "before"}
        What is asked of its value; a missing value passes none of them.
    operand : tuple of str, tuple of bool, float, str or None
        The values, the bound, or the column it must be before.
    negated : bool
        Whether the test must not hold.
    """

    column: str
    operator: Operator
    operand: Any = None
    negated: bool = False

    @property
    def asks(self) -> dict[str, Literal["code", "flag", "number", "time"]]:
        """What each column that it names must hold; nothing where any value will do."""
        if self.operator == "before":
            return {self.column: "time", self.operand: "time"}
        if self.operator == "is_in":
            return {self.column: "flag" if isinstance(self.operand[0], bool) else "code"}
        return {} if self.operator == "known" else {self.column: "number"}


@dataclass(frozen=True)
class AnyOf:
    """Alternatives of which one must hold, each of tests that must all hold."""

    alternatives: tuple[tuple[Test | AnyOf, ...], ...]


def _checked(condition: dict[str, Any]) -> dict[str, Any]:
    tests_of(condition)
    return condition


Condition = Annotated[dict[str, Any], AfterValidator(_checked)]
"""A condition as a plan writes it; see the module."""


def tests_of(condition: Mapping[str, Any]) -> tuple[Test | AnyOf, ...]:
    """Return the tests of a condition, all of which must hold.

    Parameters
    ----------
    condition : mapping
        As a plan writes it.

    Raises
    ------
    ValueError
        It is not of the language; the sentence says where.
    """
    tests: list[Test | AnyOf] = []
    for column, wanted in condition.items():
        if column == ANY_OF:
            if not isinstance(wanted, list | tuple) or not all(isinstance(one, Mapping) and one for one in wanted):
                raise ValueError(f"{ANY_OF}: a list of conditions was expected")
            tests.append(AnyOf(tuple(tests_of(one) for one in wanted)))
        else:
            tests.append(_test(column, wanted))
    return tuple(tests)


def columns_of(condition: Mapping[str, Any]) -> frozenset[str]:
    """Return the columns that a condition asks of, those of ``before`` included."""
    return frozenset(name for test in flat(tests_of(condition)) for name in _named(test))


def columns_needed(condition: Mapping[str, Any]) -> frozenset[str]:
    """Return the columns without any value of which a condition says nothing: all that are not merely left out."""
    needed = (test for test in flat(tests_of(condition)) if not test.negated)
    return frozenset(name for test in needed for name in _named(test))


def _named(test: Test) -> tuple[str, ...]:
    return (test.column, test.operand) if test.operator == "before" else (test.column,)


def flat(tests: Sequence[Test | AnyOf]) -> Iterator[Test]:
    """Yield the tests of a condition, those of its alternatives among them.

    Parameters
    ----------
    tests : sequence
        See `tests_of`.
    """
    for test in tests:
        if isinstance(test, AnyOf):
            for alternative in test.alternatives:
                yield from flat(alternative)
        else:
            yield test


def _test(column: str, wanted: Any) -> Test:
    if isinstance(wanted, Mapping):
        if len(wanted) != 1:
            raise ValueError(f"{column}: one of not, at_least, at_most and before was expected")
        ((word, operand),) = wanted.items()
        if word == "not":
            inner = _test(column, operand)
            return Test(column, inner.operator, inner.operand, negated=not inner.negated)
        if word in ("at_least", "at_most"):
            if isinstance(operand, bool) or not isinstance(operand, int | float):
                raise ValueError(f"{column}: {word}: a number was expected, found {operand!r}")
            return Test(column, word, float(operand))
        if word == "before":
            if not isinstance(operand, str):
                raise ValueError(f"{column}: before: the name of a column was expected, found {operand!r}")
            return Test(column, "before", operand)
        raise ValueError(f"{column}: {word}: not, at_least, at_most or before was expected")
    if wanted == "known" or wanted == "missing":
        return Test(column, "known", negated=wanted == "missing")
    values = wanted if isinstance(wanted, list | tuple) else [wanted]
    if not values:
        raise ValueError(f"{column}: a list of codes is empty")
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise ValueError(f'{column}: {value!r} is a number; a code is written in quotes: {column}: "{value}"')
        if not isinstance(value, str | bool):
            raise ValueError(f"{column}: a code, a list of codes, known or missing was expected, found {value!r}")
        # Identifiers have capitals and dots, which is no fault; of a name nothing would ever be found.
        if isinstance(value, str) and (any(map(str.isspace, value)) or not value.isascii()):
            raise ValueError(f"{column}: {write_code(value)}")
        if value in RESERVED:
            raise ValueError(f"{column}: {value!r} is a word of the language and cannot stand in a list of codes")
    if len({type(value) for value in values}) > 1:
        raise ValueError(f"{column}: codes and true or false stand in one list")
    return Test(column, "is_in", tuple(values))
