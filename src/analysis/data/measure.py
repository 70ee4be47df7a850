"""What an indicator counts, as a definition: equal definitions are counted once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import pandas as pd

from analysis.data.counting import Frequency
from analysis.plan.conditions import AnyOf, Test

CASES, RATINGS = "cases", "ratings"
STOCKS = ("due", "on_desk")
"""Events of a case on a desk: a case is on it in several periods, or falls due while it is."""


Tests = tuple[Test | AnyOf, ...]


@dataclass(frozen=True)
class Measure:
    """What is counted, so that two indicators that count alike are counted once.

    Attributes
    ----------
    of : str
        The table.
    counted : str
        What puts a row into a period: an event of a case, or a column of times.
    denominator : tuple
        Tests of the rows counted.
    numerator : tuple
        Tests that a row of the numerator passes besides.
    value : tuple of str or None
        For a mean: the column averaged, or the two times the days are between.
    stock : bool
        Count late cases instead: those resolved late, of them and those still late on the desk at the end of the
        period. `numerator` then says nothing.
    """

    of: str
    counted: str
    denominator: Tests
    numerator: Tests = ()
    value: tuple[str, ...] | None = None
    stock: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """The columns its conditions and its value name."""
        return frozenset(columns_named((*self.denominator, *self.numerator))) | frozenset(self.value or ())

    @property
    def needed(self) -> frozenset[str]:
        """Those of them without any value of which nothing can be counted."""
        tests = (*self.denominator, *self.numerator)
        return frozenset(columns_named(tests, needed=True)) | frozenset(self.value or ())

    @property
    def is_flow(self) -> bool:
        """Whether each row is in one period at most."""
        return not self.stock and self.counted not in STOCKS

    def without_late(self) -> Tests:
        """Return the tests of the numerator other than that a case is late."""
        return tuple(test for test in self.numerator if test != LATE)


LATE = Test("late", "is_in", (True,))


def columns_named(tests: Iterable[Test | AnyOf], *, needed: bool = False) -> Iterable[str]:
    """Yield the columns that tests name.

    Parameters
    ----------
    tests : iterable
        See `plan.conditions.tests_of`.
    needed : bool
        Whether only those that must have a value anywhere are asked for.
    """
    for test in tests:
        if isinstance(test, AnyOf):
            for alternative in test.alternatives:
                yield from columns_named(alternative, needed=needed)
        elif not (needed and test.negated):
            yield test.column
            if test.operator == "before":
                yield test.operand


@dataclass(frozen=True)
class Counting:
    """How rows are put into periods.

    Attributes
    ----------
    as_of : date
        Day up to which data was known.
    frequency : {"M", "Q"}
        Reporting months or quarters.
    cutoff_day : int or None
        Last day of a reporting month; None for calendar months.
    own_cutoff_day : int or None
        That by which the input's own counts were made, and to which its months belong.
    dimensions : tuple of str
        Columns the counts are split by.
    """

    as_of: date
    frequency: Frequency
    cutoff_day: int | None
    own_cutoff_day: int | None
    dimensions: tuple[str, ...]


Cells: TypeAlias = pd.DataFrame
"""`period`, the dimensions, `numerator`, `denominator` (counts); of a mean `total, total_squares` and `denominator`."""
