"""The desk by period, against a plain loop over the cases."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import periods
from analysis.data.contracts import Cases, check
from analysis.data.workload import count_workload

AS_OF = date(2021, 5, 20)
MEASURES = ["carried_in", "received", "resolved", "resolved_late", "overdue_at_end", "due", "due_late"]


def _case(accepted=None, due=None, finished=None, outcome=None, returned=None, agency="stp"):
    blank = dict.fromkeys(Cases.to_schema().columns)
    return blank | {
        "accepted_at": accepted,
        "due_at": due,
        "first_due_at": due,
        "finished_at": finished,
        "returned_at": returned,
        "agency": agency,
        "outcome": outcome or ("resolved" if finished else "open"),
    }


def _kept(cases, tmp_path):
    frame = pd.DataFrame(cases).assign(case_id=[f"H{at}" for at in range(len(cases))])
    path = tmp_path / "cases.parquet"
    check(frame, Cases, where="cases").to_parquet(path)
    return path


def _counted(cases, tmp_path, *, cutoff_day=None, due_precision="day", frequency="M"):
    return count_workload(
        _kept(cases, tmp_path), as_of=AS_OF, cutoff_day=cutoff_day, frequency=frequency, due_precision=due_precision
    )


def _at(day, hour=9):
    return datetime(2021, 1, 1, hour) + timedelta(days=day)


def test_one_case_open_over_three_months_and_done_late(tmp_path):
    # Accepted on 20 January, due on 10 February, done on 5 March.
    table = _counted([_case(_at(19), _at(40), _at(63))], tmp_path).set_index("period")[MEASURES]
    assert table.loc["2021-01"].tolist() == [0, 1, 0, 0, 0, 0, 0]
    assert table.loc["2021-02"].tolist() == [1, 0, 0, 0, 1, 1, 1]
    assert table.loc["2021-03"].tolist() == [1, 0, 1, 1, 0, 0, 0]
    assert list(table.index) == ["2021-01", "2021-02", "2021-03"]


def test_done_on_its_day_it_is_late_by_the_moment_only(tmp_path):
    case = _case(_at(0), _at(9, 10), _at(9, 15))
    assert _counted([case], tmp_path)["due_late"].sum() == 0
    assert _counted([case], tmp_path, due_precision="instant")["due_late"].sum() == 1


def test_without_a_due_date_it_is_neither_due_nor_late(tmp_path):
    table = _counted([_case(_at(0), None, _at(100)), _case(_at(0))], tmp_path)
    assert table[["resolved_late", "overdue_at_end", "due", "due_late"]].to_numpy().sum() == 0


def test_closed_without_a_day_it_is_nowhere_and_handed_back_it_leaves_the_desk(tmp_path):
    nowhere = _counted([_case(_at(0), outcome="withdrawn")], tmp_path)
    assert nowhere.empty
    table = _counted([_case(_at(0), outcome="withdrawn", returned=_at(40))], tmp_path).set_index("period")
    assert table["carried_in"].to_dict() == {"2021-01": 0, "2021-02": 1}
    assert table["resolved"].sum() == 0


DAY = st.integers(0, 160).map(_at)
MAYBE = st.one_of(st.none(), DAY)


@st.composite
def _cases(draw):
    made = []
    for _ in range(draw(st.integers(1, 8))):
        accepted, finished = draw(DAY), draw(MAYBE)
        if finished is not None and finished < accepted:
            finished = accepted
        made.append(_case(accepted, draw(MAYBE), finished, agency=draw(st.sampled_from(["stp", "sxd", None]))))
    return made


def _by_walking(cases, *, cutoff_day, due_precision):
    """Count every period by looking at every case, as one would by hand."""
    end = datetime.combine(AS_OF, datetime.min.time()) + timedelta(days=1)
    known = []
    for case in cases:
        if case["accepted_at"] >= end:
            continue
        done = case["finished_at"] if case["finished_at"] is not None and case["finished_at"] < end else None
        known.append((case["accepted_at"], case["due_at"], done, case["agency"]))

    def label(moment):
        return str(periods.reporting_month(moment.date(), cutoff_day))

    def past(moment, due):
        return due is not None and (moment > due if due_precision == "instant" else moment.date() > due.date())

    found = Counter()
    for accepted, due, done, agency in known:
        found[label(accepted), agency, "received"] += 1
        if done is not None:
            found[label(done), agency, "resolved"] += 1
            found[label(done), agency, "resolved_late"] += past(done, due)
        if due is not None and due < end:
            found[label(due), agency, "due"] += 1
            # Not done by then: done later, or not done although the day is over.
            found[label(due), agency, "due_late"] += past(done, due) if done is not None else True
        month = periods.reporting_month(accepted.date(), cutoff_day)
        while month <= periods.reporting_month(AS_OF, cutoff_day):
            closes = min(periods.last_day(month, cutoff_day), AS_OF)
            last = datetime.combine(closes, datetime.min.time()) + timedelta(days=1) - timedelta(seconds=1)
            if (done is None or done > last) and accepted <= last:
                if closes < AS_OF:
                    found[str(month + 1), agency, "carried_in"] += 1
                found[str(month), agency, "overdue_at_end"] += past(last, due)
            month += 1
    return {key: number for key, number in found.items() if number}


@pytest.mark.parametrize("cutoff_day", [None, 14])
@pytest.mark.parametrize("due_precision", ["day", "instant"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=_cases())
def test_it_agrees_with_a_walk_over_the_cases(tmp_path, cases, cutoff_day, due_precision):
    table = _counted(cases, tmp_path, cutoff_day=cutoff_day, due_precision=due_precision)
    expected = _by_walking(cases, cutoff_day=cutoff_day, due_precision=due_precision)
    found = {
        (row["period"], None if pd.isna(row["agency"]) else row["agency"], measure): int(row[measure])
        for row in table.to_dict("records")
        for measure in MEASURES
        if row[measure]
    }
    assert found == expected
