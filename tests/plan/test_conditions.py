"""The conditions of a plan: their SQL against a slow loop, and what each refusal says."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.condition_sql import holds, sql_of
from analysis.plan import conditions

# A loop written apart from the compiler: one row, one test at a time, missing is None.


def _passes(value, wanted, row):
    if isinstance(wanted, dict):
        ((word, operand),) = wanted.items()
        if word == "not":
            return not _passes(value, operand, row)
        if value is None:
            return False
        if word == "at_least":
            return value >= operand
        if word == "at_most":
            return value <= operand
        return row[operand] is not None and value < row[operand]
    if wanted == "known":
        return value is not None
    if wanted == "missing":
        return value is None
    if value is None:
        return False
    return value in (wanted if isinstance(wanted, list) else [wanted])


def _holds(condition, row):
    for column, wanted in condition.items():
        if column == "any_of":
            if not any(_holds(one, row) for one in wanted):
                return False
        elif not _passes(row[column], wanted, row):
            return False
    return True


CODES = ["online", "counter", "it's"]
NUMBERS = st.sampled_from([-2.5, 0, 1, 7])
DAY = st.integers(0, 4).map(lambda day: datetime(2021, 1, 1) + timedelta(days=day))


def _maybe(values):
    return st.one_of(st.none(), values)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "channel": _maybe(st.sampled_from(CODES)),
            "paid": _maybe(st.booleans()),
            "cost": _maybe(NUMBERS.map(float)),
            "due_at": _maybe(DAY),
            "finished_at": _maybe(DAY),
        }
    ),
    min_size=1,
    max_size=12,
)


def _or_not(tests):
    """Return tests, their contrary, and the contrary of that; known and missing of any column."""
    every = st.one_of(tests, st.sampled_from(["known", "missing"]))
    return st.one_of(every, every.map(lambda one: {"not": one}), every.map(lambda one: {"not": {"not": one}}))


BOUNDS = st.builds(lambda word, bound: {word: bound}, st.sampled_from(["at_least", "at_most"]), NUMBERS)
TESTS = {
    "channel": _or_not(
        st.one_of(st.sampled_from(CODES), st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True))
    ),
    "paid": _or_not(st.booleans()),
    "cost": _or_not(BOUNDS),
    "finished_at": _or_not(st.just({"before": "due_at"})),
    "due_at": _or_not(st.just({"before": "finished_at"})),
}
SIMPLE = st.fixed_dictionaries({}, optional=TESTS)
SOME = SIMPLE.filter(bool)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.builds(
        lambda tests, alternatives: tests | {"any_of": alternatives},
        SIMPLE,
        st.lists(st.one_of(SOME, inner.filter(bool)), max_size=3),
    ),
    max_leaves=4,
)


def _frame(rows):
    return pd.DataFrame(rows).astype(
        {
            "channel": "str",
            "paid": "boolean",
            "cost": float,
            "due_at": "datetime64[us]",
            "finished_at": "datetime64[us]",
        }
    )


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


@settings(max_examples=50)
@given(ROWS, CONDITIONS)
def test_the_sql_of_a_condition_says_what_a_loop_over_the_rows_says(connection, rows, condition):
    connection.register("rows_asked", _frame(rows))
    sql = sql_of(conditions.tests_of(condition), {name: f'"{name}"' for name in rows[0]})
    found = connection.execute(f"SELECT {sql} FROM rows_asked").fetchall()
    assert [one for (one,) in found] == [_holds(condition, row) for row in rows]


def test_rows_without_a_value_pass_no_test_and_every_contrary_of_one():
    rows = _frame([{"channel": None, "paid": None, "cost": None, "due_at": None, "finished_at": datetime(2021, 1, 1)}])
    for condition in (
        {"channel": "online"}, {"channel": ["online", "counter"]}, {"paid": True}, {"paid": False},
        {"cost": {"at_least": 0}}, {"cost": {"at_most": 0}}, {"finished_at": {"before": "due_at"}},
    ):  # fmt: skip
        ((column, wanted),) = condition.items()
        assert not holds(rows, condition).item()
        assert holds(rows, {column: {"not": wanted}}).item()


def test_the_empty_condition_holds_and_no_alternative_does_not():
    rows = _frame([{"channel": "online", "paid": True, "cost": 1.0, "due_at": None, "finished_at": None}])
    assert holds(rows, {}).tolist() == [True]
    assert holds(rows, {"any_of": []}).tolist() == [False]
    assert sql_of(conditions.tests_of({}), {}) == "true"


def test_the_index_of_the_frame_is_kept():
    rows = _frame([{"channel": c, "paid": None, "cost": 0.0, "due_at": None, "finished_at": None} for c in CODES])
    found = holds(rows.set_axis([7, 3, 5]), {"channel": "counter"})
    assert found.to_dict() == {7: False, 3: True, 5: False}


def test_a_quote_in_a_code_is_no_sql():
    assert sql_of(conditions.tests_of({"channel": "a'OR'b"}), {"channel": '"channel"'}).count("''") == 2


def test_columns_are_those_asked_of_and_needed_those_not_merely_left_out():
    condition = {
        "channel": {"not": "post"},
        "finished_at": {"before": "due_at"},
        "any_of": [{"paid": True}, {"level": "missing"}],
    }
    assert conditions.columns_of(condition) == {"channel", "finished_at", "due_at", "paid", "level"}
    assert conditions.columns_needed(condition) == {"finished_at", "due_at", "paid"}


def test_a_column_that_is_not_there_is_a_fault_of_the_caller():
    with pytest.raises(KeyError, match="level"):
        sql_of(conditions.tests_of({"level": "3"}), {"channel": '"channel"'})


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ({"level": 3}, 'level: 3 is a number; a code is written in quotes: level: "3"'),
        ({"level": ["3", 4]}, 'level: 4 is a number; a code is written in quotes: level: "4"'),
        ({"level": []}, "level: a list of codes is empty"),
        ({"level": None}, "level: a code, a list of codes, known or missing was expected, found None"),
        ({"level": [["3"]]}, "level: a code, a list of codes, known or missing was expected, found ['3']"),
        ({"level": ["3", "known"]}, "level: 'known' is a word of the language and cannot stand in a list of codes"),
        ({"level": ["missing"]}, "level: 'missing' is a word of the language and cannot stand in a list of codes"),
        ({"level": "total"}, "level: 'total' is a word of the language and cannot stand in a list of codes"),
        ({"paid": [True, "yes"]}, "paid: codes and true or false stand in one list"),
        ({"cost": {}}, "cost: one of not, at_least, at_most and before was expected"),
        ({"cost": {"at_least": 1, "at_most": 2}}, "cost: one of not, at_least, at_most and before was expected"),
        ({"cost": {"over": 1}}, "cost: over: not, at_least, at_most or before was expected"),
        ({"cost": {"at_least": "1"}}, "cost: at_least: a number was expected, found '1'"),
        ({"cost": {"at_most": True}}, "cost: at_most: a number was expected, found True"),
        ({"due_at": {"before": 3}}, "due_at: before: the name of a column was expected, found 3"),
        ({"any_of": {"level": "3"}}, "any_of: a list of conditions was expected"),
        ({"any_of": ["level"]}, "any_of: a list of conditions was expected"),
        ({"any_of": [{}]}, "any_of: a list of conditions was expected"),
        ({"any_of": [{"level": 3}]}, 'level: 3 is a number; a code is written in quotes: level: "3"'),
        ({"level": {"not": 3}}, 'level: 3 is a number; a code is written in quotes: level: "3"'),
    ],
)
def test_what_is_not_of_the_language_is_refused_with_what_was_expected(condition, sentence):
    with pytest.raises(ValueError, match=r".") as refused:
        conditions.tests_of(condition)
    assert str(refused.value) == sentence
