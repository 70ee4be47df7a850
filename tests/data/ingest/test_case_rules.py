"""One case, several rows: which are one case, and which of them wins."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from analysis.data.ingest import table
from analysis.data.ingest.case_rules import DuplicateCandidate, SharedHashes, find_duplicates, shared_hashes

HEADER = "id,accepted,finished,status,other\n"
COLUMNS = {
    "case_id": "id",
    "field": None,
    "channel": None,
    "due_at": None,
    "accepted_at": "accepted",
    "finished_at": "finished",
    "outcome": {"column": "status", "codes": {"o": "open", "r": "resolved", "w": "withdrawn"}},
}
OPEN, CLOSED, LATER = "01/09/2021,,o", "01/09/2021,08/09/2021,r", "01/09/2021,09/09/2021,r"
WITHDRAWN = "01/09/2021,,w"


@pytest.fixture
def bring(bring_in):
    def bring(*rows, case_id_form="any"):
        text = HEADER + "".join(f"{row},\n" if row.count(",") == 3 else f"{row}\n" for row in rows)
        return bring_in(text, columns=COLUMNS, other_id="other", case_id_form=case_id_form)

    return bring


def _lines_kept(brought, rows):
    return sorted(set(range(2, 2 + rows)) - {line for line, _ in brought.rejected})


def test_closed_wins_over_open_then_the_later_finish_then_the_first(bring):
    # The copies of a case, and which of them is kept, counted from 0.
    scenes = [
        ([OPEN, CLOSED], 1),
        ([CLOSED, OPEN], 0),
        ([CLOSED, LATER], 1),
        ([LATER, CLOSED], 0),
        ([CLOSED, CLOSED], 0),
        ([OPEN, OPEN], 0),
        ([WITHDRAWN, OPEN], 0),
        ([OPEN, WITHDRAWN], 1),
        ([WITHDRAWN, CLOSED], 1),
        ([OPEN, CLOSED, LATER], 2),
        ([LATER, OPEN, LATER], 0),
        (["01/09/2021,08/09/2021 10:00:00,r", "01/09/2021,08/09/2021 10:00:01,r"], 1),
    ]
    rows, lost = [], []
    for at, (copies, kept) in enumerate(scenes):
        for copy, cells in enumerate(copies):
            rows.append(f"H{at},{cells}")
            if copy != kept:
                lost.append((len(rows) + 1, "duplicate_case_id"))
    brought = bring(*rows)
    assert brought.rejected == lost
    assert brought.intake.rejected["reason"][0] == "another row of the case is kept: 'H0'"


def test_the_row_that_wins_is_the_row_that_is_written(bring):
    brought = bring(f"H1,{OPEN}", f"H2,{OPEN}", f"H1,{LATER}")
    finished = brought.table.set_index("case_id")["finished_at"]
    assert (f"{finished['H1']:%d/%m/%Y}", finished.isna()["H2"]) == ("09/09/2021", True)


NEW, OLD = "H32.06-210901-0001", "000.00.06.H32-210901-0001"


@pytest.mark.parametrize(("first", "second"), [(NEW, OLD), (OLD, NEW)])
def test_the_two_national_forms_are_one_case(bring, first, second):
    brought = bring(f"{first},{OPEN}", f"{second},{CLOSED}", case_id_form="national")
    assert brought.rejected == [(2, "duplicate_across_systems")]
    assert brought.intake.rejected["reason"].tolist() == [f"the case is kept under another identifier: {second!r}"]
    assert bring(f"{first},{OPEN}", f"{second},{CLOSED}").rejected == []


def test_another_body_day_or_number_is_another_case(bring):
    others = [OLD, "H32.07-210901-0001", "H32.06-210902-0001", "H32.06-210901-0002", "H33.06-210901-0001"]
    assert bring(*[f"{one},{OPEN}" for one in others], case_id_form="national").rejected == []


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([f"A,{CLOSED},B", f"B,{OPEN}"], 2),  # the one names the other
        ([f"A,{OPEN}", f"B,{CLOSED},A"], 3),  # the other way round
        ([f"A,{OPEN},B", f"B,{CLOSED},A"], 3),  # each names the other
        ([f"A,{OPEN},B", f"B,{OPEN},C", f"C,{CLOSED}"], 4),  # a chain
        ([f"C,{OPEN}", f"B,{OPEN},C", f"A,{CLOSED},B"], 4),
        ([f"B,{OPEN},C", f"A,{LATER},B", f"C,{CLOSED}"], 3),
        ([f"A,{OPEN},X", f"B,{CLOSED},X", f"X,{OPEN}"], 3),  # two that name a third
    ],
)
def test_a_case_known_in_two_systems_is_one_case(bring, rows, kept):
    brought = bring(*rows)
    assert _lines_kept(brought, len(rows)) == [kept]
    assert {code for _, code in brought.rejected} == {"duplicate_across_systems"}


def test_the_other_identifier_has_two_forms_too(bring):
    brought = bring(f"A,{OPEN},{OLD}", f"{NEW},{CLOSED}", case_id_form="national")
    assert brought.rejected == [(2, "duplicate_across_systems")]


@pytest.mark.parametrize("nothing", ["0", "-", "không", "X"])
def test_an_identifier_that_no_row_has_joins_nothing(bring, nothing):
    assert bring(f"A,{OPEN},{nothing}", f"B,{OPEN},{nothing}", f"C,{CLOSED},{nothing}").rejected == []
    # Nor does it when the rows are looked at for another reason: A stands twice.
    brought = bring(f"A,{OPEN},{nothing}", f"A,{CLOSED},{nothing}", f"B,{OPEN},{nothing}", f"B,{CLOSED},{nothing}")
    assert brought.rejected == [(2, "duplicate_case_id"), (4, "duplicate_case_id")]


def test_a_case_that_names_itself_is_no_duplicate(bring):
    assert bring(f"A,{OPEN},A", f"B,{OPEN},B").rejected == []


def test_copies_in_one_system_and_across_two_are_told_apart(bring):
    brought = bring(f"A,{OPEN}", f"A,{LATER}", f"B,{CLOSED},A")
    assert brought.rejected == [(2, "duplicate_case_id"), (4, "duplicate_across_systems")]


ROW = st.tuples(
    st.sampled_from("ABCDEF"), st.none() | st.sampled_from("ABCDEFG"), st.booleans(), st.none() | st.integers(1, 3)
)


def _cases_by_scipy(rows):
    """Return the rows of each case, as SciPy finds the connected components of rows that name one another."""
    links = [[one[0] == other[0] or one[1] == other[0] for other in rows] for one in rows]
    case = connected_components(np.array(links), directed=False)[1] if rows else np.empty(0)
    return [np.flatnonzero(case == number).tolist() for number in np.unique(case)]


@settings(max_examples=60)
@given(rows=st.lists(ROW, max_size=9))
def test_exactly_one_row_of_every_case_is_kept_and_none_is_better(rows):
    contenders = [
        DuplicateCandidate(at, case_id, other, case_id, closed, None if day is None else datetime(2021, 9, day))
        for at, (case_id, other, closed, day) in enumerate(rows)
    ]
    lost = {one.place: one.reason for one in find_duplicates(contenders)}
    for group in _cases_by_scipy(rows):
        best = max(group, key=lambda at: (rows[at][2], rows[at][3] or 0, -at))
        for at in group:
            assert lost.get(at) == (None if at == best else 0 if rows[at][0] == rows[best][0] else 1)


def test_only_what_stands_twice_or_is_named_is_suspect():
    own = np.array([5, 1, 9, 5, 7], np.uint64)
    found = shared_hashes(own, np.array([7, 3], np.uint64))
    assert found.own.tolist() == [5, 7]
    # The third row names 7 and the last one nothing that is there.
    other = np.array([0, 0, 7, 0, 3], np.uint64)
    assert found.selects(own, other).tolist() == [True, False, True, True, True]
    assert not shared_hashes(np.array([1, 2], np.uint64), np.array([3], np.uint64))
    assert not shared_hashes()


def test_rows_whose_hashes_meet_by_chance_stay(bring, monkeypatch):
    # A hash of four values meets all the time; only equal identifiers make a case.
    monkeypatch.setattr(table, "shared_hashes", lambda own, other: shared_hashes(own % 4, other % 4))
    selects = SharedHashes.selects
    monkeypatch.setattr(SharedHashes, "selects", lambda self, own, other: selects(self, own % 4, other % 4))
    rows = [f"C{at},{OPEN}" for at in range(49)] + [f"C1,{OPEN}"]
    brought = bring(*rows)
    assert brought.rejected == [(51, "duplicate_case_id")]
