"""Small tables in which one can see by hand what must go, and random ones that an attacker looks at."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.indicators.suppression import CountTable, hidden_rows, in_row_space


def table_of(cells: np.ndarray) -> CountTable:
    """Return a two-way table with its margins and grand total, a row of one number per cell, margins last."""
    rows, columns = cells.shape
    whole = np.zeros((rows + 1, columns + 1), dtype=int)
    whole[:rows, :columns] = cells
    whole[:rows, columns] = cells.sum(axis=1)
    whole[rows] = whole[:rows].sum(axis=0)
    at = np.arange(whole.size).reshape(whole.shape)
    sums = [[at[row, columns], *at[row, :columns]] for row in range(rows + 1)]
    sums += [[at[rows, column], *at[:rows, column]] for column in range(columns + 1)]
    return CountTable(np.arange(whole.size).reshape(-1, 1), whole.ravel(), sums)


def hidden_in(cells: list[list[int]], never: tuple[int, ...] = ()) -> list[list[int]]:
    """Return a table with its margins, 1 where a cell is hidden."""
    array = np.array(cells)
    table = table_of(array)
    fixed = np.isin(np.arange(len(table.size)), never)
    found = hidden_rows(table, (table.size >= 1) & (table.size < 5), fixed)
    return found.reshape(array.shape[0] + 1, array.shape[1] + 1).astype(int).tolist()


def known_to_an_attacker(table: CountTable, hidden: np.ndarray) -> list[int]:
    """Return the hidden numbers that have one value only, by the rank of all equations written out."""
    dense = np.zeros((len(table.equations), len(table.size)))
    for row, numbers in enumerate(table.equations):
        dense[row, numbers[0]] += 1
        np.add.at(dense[row], numbers[1:], -1)
    left = dense[:, hidden]
    rank = np.linalg.matrix_rank(left)
    units = np.eye(left.shape[1])
    return [number for number, unit in zip(np.flatnonzero(hidden), units, strict=True)
            if np.linalg.matrix_rank(np.vstack([left, unit])) == rank]  # fmt: skip


def test_nothing_small_nothing_hidden() -> None:
    assert not np.any(hidden_in([[10, 20], [30, 0]]))


def test_one_small_cell_takes_the_cheapest_rectangle_with_it() -> None:
    # 3 goes with a cell of its row, one of its column and the one across: with 6 and 7 that is 8; no sum is touched.
    assert hidden_in([[3, 6, 90], [7, 8, 80], [90, 80, 90]]) == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_two_small_cells_of_one_row_protect_each_other_there() -> None:
    # Their columns give each away, so that one row more is needed: of 20 + 30 and 40 + 15, the first.
    assert hidden_in([[3, 4, 90], [20, 30, 80], [40, 60, 90]]) == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_small_cells_that_make_a_rectangle_take_nothing_with_them() -> None:
    assert hidden_in([[3, 4, 90], [2, 1, 80]]) == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]


def test_a_zero_is_taken_only_where_nothing_else_is_left() -> None:
    assert hidden_in([[3, 0, 50], [9, 0, 60], [8, 7, 70]])[0] == [1, 0, 1, 0]
    assert hidden_in([[3, 0, 50], [0, 0, 60], [8, 7, 70]], never=(2, 3))[0] == [1, 1, 0, 0]


def test_a_row_shown_in_any_case_is_shown_and_others_go_instead() -> None:
    # Without the promise it would be 6 (number 1 of the table).
    assert hidden_in([[3, 6, 9], [20, 20, 20], [30, 30, 30]], never=(1,))[0] == [1, 0, 1, 0]


def test_what_promised_rows_give_away_stays_small_and_nothing_is_hidden_in_vain() -> None:
    hidden = hidden_in([[3, 60], [70, 80]], never=tuple(range(1, 9)))
    assert np.sum(hidden) == 1


def test_several_equations_that_give_a_number_away_together_are_found() -> None:
    # a + b = 9, b + c = 12 and a + c = 11: none alone, all three together.
    equations = sparse.csr_matrix(np.array([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]]))
    assert in_row_space(equations).all()
    assert in_row_space(sparse.csr_matrix(np.array([[1.0, 1, 0, 0], [0, 0, 1, 0]]))).tolist() == [
        False,
        False,
        True,
        False,
    ]


def test_a_number_in_two_rows_is_hidden_where_both_are() -> None:
    # Rows of two indicators with one denominator: number 0 and 3 are small, 1 and 2 large; 4 = 0 + 1 + 2.
    table = CountTable(np.array([[0, 3], [0, 3], [1, 1], [2, 2], [4, 4]]), np.array([3, 40, 9, 1, 52]), [[4, 0, 1, 2]])
    hidden = hidden_rows(table, np.array([1, 1, 0, 0, 0], dtype=bool), np.zeros(5, dtype=bool))
    assert hidden.tolist() == [True, True, False, True, False]
    only_one = hidden_rows(table, np.array([1, 0, 0, 0, 0], dtype=bool), np.zeros(5, dtype=bool))
    assert only_one.tolist() == [True, False, False, False, False]


CELLS = st.integers(2, 5).flatmap(
    lambda rows: st.integers(2, 5).flatmap(
        lambda columns: st.lists(
            st.lists(st.one_of(st.integers(0, 9), st.integers(0, 200)), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


@given(CELLS)
@settings(max_examples=60, deadline=None)
def test_an_attacker_with_all_sums_finds_no_hidden_cell(cells: list[list[int]]) -> None:
    table = table_of(np.array(cells))
    small = (table.size >= 1) & (table.size < 5)
    hidden = hidden_rows(table, small, np.zeros(len(small), dtype=bool))
    assert not (small & ~hidden).any()
    assert known_to_an_attacker(table, hidden) == []
    assert hidden.any() == small.any()


@given(CELLS, st.sets(st.integers(0, 8), max_size=3))
@settings(max_examples=30, deadline=None)
def test_what_is_shown_in_any_case_is_never_hidden(cells: list[list[int]], promised: set[int]) -> None:
    table = table_of(np.array(cells))
    never = np.isin(np.arange(len(table.size)), list(promised))
    small = (table.size >= 1) & (table.size < 5)
    hidden = hidden_rows(table, small, never)
    assert not (hidden & never).any()
    assert not (small & ~hidden & ~never).any()
    # Known is only what would be known if all the rest were hidden, and no small number is given up beside it.
    assert set(known_to_an_attacker(table, hidden)) <= set(known_to_an_attacker(table, ~never))


@pytest.mark.parametrize("size", [2, 3])
def test_for_one_small_cell_no_more_goes_than_must(size: int) -> None:
    """Wherever it stands: a rectangle of four is the least there is."""
    for at in itertools.product(range(size), repeat=2):
        cells = 10 + np.arange(size * size).reshape(size, size)
        cells[at] = 2
        assert np.sum(hidden_in(cells.tolist())) == 4
