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
from analysis.data.counting import cases_for_lateness_nowcast, count_workload

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


def test_handed_back_before_it_was_accepted_it_leaves_the_desk_at_once(tmp_path):
    # The door takes it: only a finish before the acceptance is impossible there.
    table = _counted([_case(_at(40), outcome="withdrawn", returned=_at(3))], tmp_path)
    assert table[["period", *MEASURES]].to_numpy().tolist() == [["2021-02", 0, 1, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize("outcome", ["refused", "withdrawn"])
def test_handed_back_only_after_the_day_it_is_open_on_it(tmp_path, outcome):
    # Accepted on 11 April and due on 21 April; handed back on 31 May, after 20 May.
    table = _counted([_case(_at(100), _at(110), outcome=outcome, returned=_at(150))], tmp_path).set_index("period")
    assert table.loc["2021-04", MEASURES].tolist() == [0, 1, 0, 0, 1, 1, 1]
    assert table.loc["2021-05", MEASURES].tolist() == [1, 0, 0, 0, 1, 0, 0]


def test_what_is_carried_in_is_what_was_there_and_came_and_did_not_go(tmp_path):
    # 60 cases, two a day, each done after 0 to 58 days or (every seventh) never: closed is resolved, and in the table.
    days = [(at // 2 * 2, at // 2 * 2 + at % 59 if at % 7 else None) for at in range(60)]
    made = [_case(_at(one), None, _at(done) if done is not None else None) for one, done in days]
    table = _counted(made, tmp_path, cutoff_day=14).set_index("period")
    goes_on = table["carried_in"] + table["received"] - table["resolved"]
    assert table["carried_in"].tolist() == [0, *goes_on.tolist()[:-1]]
    assert table["received"].sum() == 60
    # Those never done, the multiples of 7 below 60, lie there in the end.
    assert goes_on.iloc[-1] == 9


def test_a_desk_where_nothing_happens_still_has_its_cases(tmp_path):
    table = _counted([_case(_at(0), _at(9))], tmp_path).set_index("period")
    assert table["carried_in"].tolist() == [0, 1, 1, 1, 1]
    assert table["overdue_at_end"].tolist() == [1, 1, 1, 1, 1]
    by_quarter = _counted([_case(_at(0), _at(9))], tmp_path, frequency="Q").set_index("period")
    assert by_quarter["carried_in"].to_dict() == {"2021Q1": 0, "2021Q2": 1}


DAY = st.integers(0, 160).map(_at)
MAYBE = st.one_of(st.none(), DAY)
CLOSED = ("resolved", "refused", "withdrawn")


@st.composite
def _cases(draw):
    made = []
    for _ in range(draw(st.integers(1, 20))):
        accepted, finished = draw(DAY), draw(MAYBE)
        if finished is not None and finished < accepted:
            finished = accepted
        outcome = draw(st.sampled_from(("open", *(CLOSED if finished is not None else CLOSED[1:]))))
        agency = draw(st.sampled_from(["stp", "sxd", "snv", "syt", None]))
        made.append(_case(accepted, draw(MAYBE), finished, outcome, draw(MAYBE), agency))
    return made


def _closing(case):
    """Return when a case left the desk, None while it is on it, or "nowhere" where nobody knows."""
    if case["outcome"] == "open":
        return None
    if case["finished_at"] is not None:
        return case["finished_at"]
    return max(case["accepted_at"], case["returned_at"]) if case["returned_at"] is not None else "nowhere"


def _by_walking(cases, *, cutoff_day, due_precision, frequency):
    """Count every period by looking at every case, as one would by hand."""
    end = datetime.combine(AS_OF, datetime.min.time()) + timedelta(days=1)

    def period(moment):
        month = periods.reporting_month(moment, cutoff_day)
        return month.asfreq("Q") if frequency == "Q" else month

    def label(moment):
        return periods.write(period(moment.date()))

    def past(moment, due):
        return due is not None and (moment > due if due_precision == "instant" else moment.date() > due.date())

    found = Counter()
    for case in cases:
        accepted, due, agency, done = case["accepted_at"], case["due_at"], case["agency"], _closing(case)
        if accepted >= end or done == "nowhere":
            continue
        if done is not None and done >= end:
            done = None
        found[label(accepted), agency, "received"] += 1
        if done is not None and case["outcome"] == "resolved":
            found[label(done), agency, "resolved"] += 1
            found[label(done), agency, "resolved_late"] += past(done, due)
        if due is not None and due < end:
            found[label(due), agency, "due"] += 1
            # Not done by then: done later, or not done although the day is over.
            found[label(due), agency, "due_late"] += past(done, due) if done is not None else True
        at = period(accepted.date())
        while at <= period(AS_OF):
            closes = min(periods.last_day(at, cutoff_day), AS_OF)
            last = datetime.combine(closes, datetime.min.time()) + timedelta(days=1) - timedelta(seconds=1)
            if done is None or done > last:
                if closes < AS_OF:
                    found[periods.write(at + 1), agency, "carried_in"] += 1
                found[periods.write(at), agency, "overdue_at_end"] += past(last, due)
            at += 1
    return {key: number for key, number in found.items() if number}


@pytest.mark.parametrize("cutoff_day", [None, 14])
@pytest.mark.parametrize("due_precision", ["day", "instant"])
@pytest.mark.parametrize("frequency", ["M", "Q"])
# A table costs as much to count as many cases in it: few examples with many cases each, apart by their agency.
@pytest.mark.slow
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=_cases())
def test_it_agrees_with_a_walk_over_the_cases(tmp_path, cases, cutoff_day, due_precision, frequency):
    how = {"cutoff_day": cutoff_day, "due_precision": due_precision, "frequency": frequency}
    table = _counted(cases, tmp_path, **how)
    found = {
        (row["period"], None if pd.isna(row["agency"]) else row["agency"], measure): int(row[measure])
        for row in table.to_dict("records")
        for measure in MEASURES
        if row[measure]
    }
    assert found == _by_walking(cases, **how)


def test_the_cases_received_in_a_quarter_come_with_their_peers_of_two_years(tmp_path):
    of = {"procedure_code": "1.000001", "field": "datdai"}
    cases = [
        _case(_at(19), _at(40, 10), _at(63)) | of,
        _case(_at(19), _at(40)) | of,
        _case(_at(-60), _at(-40), _at(-45)) | of,
        _case(_at(-900), _at(-880), _at(-890)) | of,  # more than two years before
        _case(_at(100), _at(120)) | of,  # after the last day
        _case(_at(19)) | of,  # no due date
        _case(_at(19), _at(40)),  # no field
    ]
    said = {"as_of": AS_OF, "first": date(2021, 1, 1), "last": date(2021, 3, 31), "due_precision": "day"}
    found = cases_for_lateness_nowcast(_kept(cases, tmp_path), **said).sort_values(
        ["cohort", "closed"], ignore_index=True
    )
    assert found["cohort"].tolist() == [False, True, True]
    assert found["closed"].tolist()[:2] == [_at(-45), _at(63)]
    assert pd.isna(found["closed"][2])
    assert found["due"][1] == datetime(2021, 2, 11)  # the day after 10 February
    assert set(found["group"]) == {"1.000001"}
    assert set(found["series"]) == {"datdai"}
