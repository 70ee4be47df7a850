"""Which cells of a table must go so that none of its small ones can be worked out from the others and their sums.

See ``docs/decisions/0020-what-a-published-folder-hides.md``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu


@dataclass(frozen=True, eq=False)
class CountTable:
    """Rows of a table, the numbers they show, and the equations that anybody knows between these numbers.

    Attributes
    ----------
    shows : np.ndarray of int, shape (rows, k)
        Numbers that a row shows, by their place in `size`, the one it is judged by first; a number may stand in several
        rows, and twice in one.
    size : np.ndarray of int, shape (numbers,)
        The numbers themselves.
    equations : sequence of sequence of int
        Of each, the first number is the sum of the others.
    """

    shows: np.ndarray
    size: np.ndarray
    equations: Sequence[Sequence[int]]


def hidden_rows(table: CountTable, small: np.ndarray, never: np.ndarray) -> np.ndarray:
    """Return which rows are hidden: the small ones, and others until no hidden number follows from what is left.

    A number is hidden where every row that shows it is. Afterwards none is in the row space of the equations and the
    visible numbers, but for those that rows shown in any case give away.

    Rows are added one after the other. Where one equation gives a number away, a number beside it goes, too: of those
    that would stand alone in the fewest other equations the smallest, by the mean of the first numbers of all rows that
    go with it; zeros go last, because they are guessed easily. Where only several equations together give a number
    away, those go that count least in all and can change with it while nothing visible does.

    Parameters
    ----------
    table : CountTable
        The table.
    small : np.ndarray of bool, shape (rows,)
        Rows that are hidden for their own sake.
    never : np.ndarray of bool, shape (rows,)
        Rows that are shown in any case.

    Notes
    -----
    Hiding cells that are not small themselves is complementary or secondary suppression. To find the fewest is
    NP-hard: a greedy rule is followed, its outcome audited by linear algebra, and what is left mended by a linear
    programme. That a number is not negative, or lies between two others, is not looked at.

    References
    ----------
    Cox, L. H. (1980), "Suppression methodology and statistical disclosure control", Journal of the American
    Statistical Association 75, 377–385. Kelly, J. P., Golden, B. L. and Assad, A. A. (1992), "Cell suppression:
    disclosure protection for sensitive tabular data", Networks 22, 397–417. Willenborg, L. and de Waal, T. (2001),
    Elements of Statistical Disclosure Control, Springer.
    """
    search = _Search(table, never)
    for row in np.flatnonzero(small & ~never):
        search.hide(int(row))
    while search.hide_beside_lone() or search.mend():
        pass
    return search.is_hidden


class _Search:
    """The rows hidden so far, and how many numbers of each equation are unknown."""

    def __init__(self, table: CountTable, never: np.ndarray) -> None:
        weights = [_weights(numbers) for numbers in table.equations]
        self.size = table.size.tolist()
        self.matrix = _matrix(weights, len(self.size))
        self.shows: list[list[int]] = [list(dict.fromkeys(numbers)) for numbers in table.shows.tolist()]
        self.equations = [list(one) for one in weights]
        self.is_hidden = np.zeros(len(self.shows), dtype=bool)
        self.rows_of = _places(self.shows, len(self.size))
        self.equations_of = _places(self.equations, len(self.size))
        self.fixed = np.zeros(len(self.size), dtype=bool)
        self.fixed[table.shows[never]] = True
        self.unknown = np.zeros(len(self.size), dtype=bool)
        self.unknowns_in = np.zeros(len(self.equations), dtype=int)
        self._lone: deque[int] = deque()
        self._given_away_by: dict[tuple[bytes, bytes], list[int]] = {}
        self._given_up: set[int] = set()

    def hide(self, row: int) -> None:
        """Hide a row, and with it the numbers that no other row shows."""
        self.is_hidden[row] = True
        for number in self.shows[row]:
            if not self.unknown[number] and all(self.is_hidden[other] for other in self.rows_of[number]):
                self.unknown[number] = True
                for at in self.equations_of[number]:
                    self.unknowns_in[at] += 1
                    if self.unknowns_in[at] == 1:
                        self._lone.append(at)

    def hide_beside_lone(self) -> bool:
        """Hide something beside each number that one equation gives away; return whether there was any to hide."""
        found = False
        while self._lone:
            at = self._lone.popleft()
            offered = [number for number in self.equations[at] if self._may_go(number)]
            if self.unknowns_in[at] == 1 and offered:
                self._hide_number(min(offered, key=self._cost))
                found = True
        return found

    def mend(self) -> bool:
        """Hide what is needed for one number that several equations give away; return whether there was any."""
        for number in self._given_away():
            if number not in self._given_up:
                together = self._changed_with(number)
                if together:
                    for one in together:
                        self._hide_number(one)
                    return True
                # The first that cannot be helped is rarely the only one, and each would cost two programmes.
                self._given_up |= {number, *self._beyond_help}
        return False

    def _may_go(self, number: int) -> bool:
        return not (self.unknown[number] or self.fixed[number])

    def _hide_number(self, number: int) -> None:
        for row in self._to_hide(number):
            self.hide(row)

    def _to_hide(self, number: int) -> list[int]:
        return [row for row in self.rows_of[number] if not self.is_hidden[row]]

    def _cases(self, number: int) -> int:
        return sum(self.size[self.shows[row][0]] for row in self._to_hide(number))

    def _cost(self, number: int) -> tuple[bool, int, float]:
        rows, cases = self._to_hide(number), self._cases(number)
        goes = {number, *(self.shows[row][0] for row in rows)}
        alone = sum(int(self.unknowns_in[at] == 0) for one in goes for at in self.equations_of[one])
        return cases == 0, alone, cases / len(rows)

    def _given_away(self) -> list[int]:
        """Return the unknown numbers that follow from the visible ones, block by block of connected equations."""
        at = np.flatnonzero(self.unknowns_in)
        if not len(at):
            return []
        found: list[int] = []
        for block in self._blocks(at, self.unknown):
            key = (block.tobytes(), self.unknowns_in[block].tobytes())
            if key not in self._given_away_by:
                self._given_away_by[key] = self._determined(block, self.unknown)
            found += self._given_away_by[key]
        return found

    @cached_property
    def _beyond_help(self) -> set[int]:
        """The numbers that follow from those shown in any case, whatever else is hidden."""
        free = ~self.fixed
        at = np.flatnonzero(abs(self.matrix) @ free)
        return {number for block in self._blocks(at, free) for number in self._determined(block, free)}

    def _blocks(self, at: np.ndarray, unknown: np.ndarray) -> list[np.ndarray]:
        """Return some equations in blocks that have no unknown number in common."""
        of_unknown = self.matrix[at][:, np.flatnonzero(unknown)]
        _count, block_of = connected_components(of_unknown @ of_unknown.T, directed=False)
        order = at[np.argsort(block_of, kind="stable")]
        return np.split(order, np.cumsum(np.bincount(block_of))[:-1])

    def _determined(self, block: np.ndarray, unknown: np.ndarray) -> list[int]:
        """Return the unknown numbers of a block of equations that have one solution only."""
        equations = self.matrix[block]
        columns = np.unique(equations.indices)
        numbers = columns[unknown[columns]]
        determined: list[int] = numbers[in_row_space(equations[:, numbers])].tolist()
        return determined

    def _changed_with(self, number: int) -> list[int]:
        """Return what is hidden at least cost so that a number may change while no visible one does; empty if nothing.

        The numbers that may change are first looked for near it, then further off.
        """
        for steps in (4, 6):
            near = self._near(number, steps)
            equations = self.matrix[:, near]
            equations = equations[np.diff(equations.indptr) > 0]
            cost = np.array([0.0 if self.unknown[one] else 1.0 + self._cases(one) for one in near])
            here = near.index(number)
            bounds = np.tile([0.0, np.inf], (2 * len(near), 1))
            bounds[here], bounds[here + len(near)] = 1.0, 0.0
            solved = linprog(
                np.concatenate([cost, cost]),
                A_eq=sparse.hstack([equations, -equations]),
                b_eq=np.zeros(equations.shape[0]),
                bounds=bounds,
            )
            if solved.x is not None:
                change = solved.x[: len(near)] - solved.x[len(near) :]
                return [one for one, moved in zip(near, change, strict=True) if abs(moved) > NOTHING
                        and not self.unknown[one]]  # fmt: skip
        return []

    def _near(self, number: int, steps: int) -> list[int]:
        """Return numbers that equations connect with one, of each equation those that cost least."""
        found, newest, seen = {number: None}, [number], set[int]()
        for _step in range(steps):
            new = []
            for at in dict.fromkeys(at for one in newest for at in self.equations_of[one] if at not in seen):
                seen.add(at)
                offered = [one for one in self.equations[at] if one not in found]
                offered = [one for one in offered if self.unknown[one] or self._may_go(one)]
                if len(offered) > OFFERED:
                    offered = sorted(offered, key=lambda one: 0 if self.unknown[one] else self._cases(one))[:OFFERED]
                found.update(dict.fromkeys(offered))
                new += offered
            newest = new
        return list(found)


OFFERED = 8
"""Numbers of an equation that may change with one that is given away, those that cost least."""

RIDGE = 1e-6
"""Added to the normal equations, which are singular where one equation follows from others."""

NOTHING = 1e-6
"""Below it, what would be 0 without rounding."""


def in_row_space(equations: sparse.csr_matrix) -> np.ndarray:
    """Return which columns of some equations have one solution only: those whose unit vector is in the row space.

    Parameters
    ----------
    equations : sparse matrix, shape (equations, unknowns)
        Coefficients, small whole numbers.

    Notes
    -----
    An unknown has one solution where it is 0 in every vector that the equations map to 0: in a random one of them,
    almost surely.
    """
    square = (equations @ equations.T + RIDGE * sparse.identity(equations.shape[0])).tocsc()
    solve = splu(square, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}).solve
    free = np.random.default_rng(0).standard_normal((equations.shape[1], 2))
    for _step in range(3):
        # One projection is off by the ridge, three by its cube.
        free -= equations.T @ solve(equations @ free)
    return np.abs(free).max(axis=1) < NOTHING


def _places(lists: Sequence[Sequence[int]], count: int) -> list[list[int]]:
    """Return, for each number below a count, in which lists it stands."""
    found: list[list[int]] = [[] for _ in range(count)]
    for at, numbers in enumerate(lists):
        for number in numbers:
            found[number].append(at)
    return found


def _weights(numbers: Sequence[int]) -> dict[int, float]:
    """Return an equation as number → weight: 1 for the sum, −1 for each of its parts, a number's own added up."""
    found: dict[int, float] = {numbers[0]: 1.0}
    for part in numbers[1:]:
        found[part] = found.get(part, 0.0) - 1.0
    return {number: weight for number, weight in found.items() if weight}


def _matrix(equations: Sequence[Mapping[int, float]], count: int) -> sparse.csr_matrix:
    rows = np.repeat(np.arange(len(equations)), [len(weights) for weights in equations])
    columns = np.array([number for weights in equations for number in weights], dtype=int)
    values = np.array([weight for weights in equations for weight in weights.values()])
    return sparse.csr_matrix((values, (rows, columns)), (len(equations), count))
