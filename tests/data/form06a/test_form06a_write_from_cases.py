"""Our own counts: each rule by hand, then all of them against a plain loop over random cases."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.contracts import Cases, check, columns_of
from analysis.data.form06a.layout import COUNTS, IDENTITIES
from analysis.data.form06a.write import form_from_cases
from analysis.faults import BadData

FIRST, LAST = date(2021, 6, 15), date(2021, 9, 14)
PERIOD = {"first_day": FIRST, "last_day": LAST}


def _write(path, cases):
    frame = pd.DataFrame([{"case_id": str(at), **case} for at, case in enumerate(cases)], columns=columns_of(Cases))
    check(frame, Cases, where="cases").to_parquet(path)
    return path


def _day(text, hour=9):
    return None if text is None else datetime.strptime(f"2021-{text}", "%Y-%m-%d") + timedelta(hours=hour)


def _case(accepted, due=None, finished=None, outcome=None, channel="counter", agency="syt", returned=None, **more):
    return {
        "accepted_at": _day(accepted), "due_at": _day(due, 17), "finished_at": _day(finished), "channel": channel,
        "returned_at": _day(returned), "outcome": outcome or ("resolved" if finished else "open"), "agency": agency,
        **more,
    }  # fmt: skip


def _one(tmp_path, *cases, **options):
    """The form of a few cases, as the columns that are not 0."""
    form = form_from_cases(_write(tmp_path / "cases.parquet", cases), **PERIOD, by="agency", **options)
    assert len(form) <= 1
    return {key: value for key, value in form.iloc[0, 1:].items() if value} if len(form) else {}


def _row(way_in, way_out):
    total = {"resolved": "resolved_total", "pending_": "pending_total"}[way_out[:8]]
    return {"received_total": 1, way_in: 1, total: 1, way_out: 1}


@pytest.mark.parametrize(
    ("case", "way_in", "way_out"),
    [
        (_case("06-15", "07-01", "06-30"), "received_counter_post", "resolved_early"),
        (_case("06-15", "07-01", "07-01"), "received_counter_post", "resolved_on_time"),
        (_case("06-15", "07-01", "07-02"), "received_counter_post", "resolved_late"),
        (_case("06-15", None, "09-14"), "received_counter_post", "resolved_on_time"),
        (_case("09-14", channel="online"), "received_online", "pending_in_time"),
        (_case("07-01", channel="post"), "received_counter_post", "pending_in_time"),
        (_case("07-01", channel="other"), "received_counter_post", "pending_in_time"),
        (_case("07-01", channel=None), "received_counter_post", "pending_in_time"),
        (_case("06-14", channel="online"), "carried_over", "pending_in_time"),
        (_case("07-01", "09-13"), "received_counter_post", "pending_late"),
        (_case("07-01", "09-14"), "received_counter_post", "pending_in_time"),
        # Known from a later extract: at the end of the last day it was still pending.
        (_case("07-01", "09-13", "09-15"), "received_counter_post", "pending_late"),
        (_case("06-01", "09-20", "09-15"), "carried_over", "pending_in_time"),
        (_case("06-01", "06-10", "06-15"), "carried_over", "resolved_late"),
        # Reopened: a finish of an earlier round does not close it.
        (_case("06-01", "06-10", "06-12", outcome="open"), "carried_over", "pending_late"),
    ],
)
def test_each_case_has_one_way_in_and_one_way_out(case, way_in, way_out, tmp_path):
    assert _one(tmp_path, case) == _row(way_in, way_out)


@pytest.mark.parametrize(
    "case",
    [
        _case("06-01", "06-10", "06-14"),
        _case("09-15"),
        _case(None),
        _case(None, outcome="refused"),
        _case("06-01", outcome="withdrawn"),
        _case("05-01", outcome="refused", returned="06-14"),
    ],
    ids=[
        "closed before",
        "accepted after",
        "never accepted",
        "refused at the door",
        "withdrawn before",
        "sent back before",
    ],
)
def test_a_case_outside_the_period_is_in_no_column(case, tmp_path):
    assert _one(tmp_path, case) == {}


@pytest.mark.parametrize(
    ("case", "way_in", "way_out"),
    [
        (_case("07-01", "07-05", "07-20", outcome="refused"), "received_counter_post", "resolved_on_time"),
        (_case("06-01", "06-05", "07-20", outcome="withdrawn"), "carried_over", "resolved_on_time"),
        # Without a finish: on the day it was handed back, else on the day it was accepted.
        (_case("06-01", outcome="refused", returned="07-20"), "carried_over", "resolved_on_time"),
        (_case("07-01", outcome="withdrawn"), "received_counter_post", "resolved_on_time"),
        (_case("06-15", outcome="refused", returned="06-01"), "received_counter_post", "resolved_on_time"),
    ],
)
def test_cases_closed_without_result_are_on_time_or_left_out(case, way_in, way_out, tmp_path):
    assert _one(tmp_path, case) == _row(way_in, way_out)
    assert _one(tmp_path, case, closed_without_result="leave_out") == {}


def test_a_case_withdrawn_after_the_last_day_was_pending_then(tmp_path):
    case = _case("07-01", "09-13", "09-15", outcome="withdrawn")
    for choice in ("on_time", "leave_out"):
        assert _one(tmp_path, case, closed_without_result=choice) == _row("received_counter_post", "pending_late")


def test_a_due_time_counts_where_the_system_records_it(tmp_path):
    finished = _case("07-01", None, "07-05") | {"due_at": datetime(2021, 7, 5, 8)}  # finished at 9, due at 8
    pending = _case("07-01") | {"due_at": datetime(2021, 9, 14, 17)}
    assert _one(tmp_path, finished) == _row("received_counter_post", "resolved_on_time")
    assert _one(tmp_path, finished, due_precision="instant") == _row("received_counter_post", "resolved_late")
    assert _one(tmp_path, pending) == _row("received_counter_post", "pending_in_time")
    assert _one(tmp_path, pending, due_precision="instant") == _row("received_counter_post", "pending_late")
    early = _case("07-01", "07-06", "07-05")
    assert _one(tmp_path, early, due_precision="instant") == _row("received_counter_post", "resolved_early")


def test_rows_are_agencies_or_fields_and_cases_without_one_come_last(tmp_path):
    path = _write(
        tmp_path / "cases [2021]*.parquet",
        [
            _case("07-01", agency="syt", field="duoc"),
            _case("07-01", agency=None, field="duoc"),
            _case("07-01", agency="snv", field="ho-tich"),
            _case("07-01", agency="syt", field=None),
            _case("05-01", "05-10", "05-05", agency="sdl", field="du-lich"),
        ],
    )
    by_agency, by_field = (form_from_cases(path, **PERIOD, by=by) for by in ("agency", "field"))
    assert by_agency["code"].fillna("?").tolist() == ["snv", "syt", "?"]
    assert by_agency["received_total"].tolist() == [1, 2, 1]
    assert by_field["code"].fillna("?").tolist() == ["duoc", "ho-tich", "?"]
    assert by_field["received_total"].tolist() == [2, 1, 1]
    assert list(by_field) == ["code", *COUNTS]


def test_cases_no_column_can_take_are_refused(tmp_path):
    with pytest.raises(BadData, match=r"finished_at is missing for 1 resolved cases"):
        _one(tmp_path, _case("07-01", outcome="resolved"))
    with pytest.raises(BadData, match=r"finished_at is before the day of accepted_at for 1 closed cases"):
        _one(tmp_path, _case("07-01", "07-10", "06-30"))


def test_what_is_no_table_of_cases_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"none\.parquet: there is no such table"):
        form_from_cases(tmp_path / "none.parquet", **PERIOD, by="agency")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(BadData, match=r"cut\.parquet: not a readable table of cases"):
        form_from_cases(tmp_path / "cut.parquet", **PERIOD, by="agency")
    pd.DataFrame({"agency": ["syt"]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(BadData, match=r"other\.parquet: not a readable table of cases"):
        form_from_cases(tmp_path / "other.parquet", **PERIOD, by="agency")


def test_what_cannot_be_asked_is_refused(tmp_path):
    path = _write(tmp_path / "cases.parquet", [_case("07-01")])
    with pytest.raises(ValueError, match="ends before it starts"):
        form_from_cases(path, first_day=LAST, last_day=FIRST, by="agency")
    with pytest.raises(ValueError, match="not 'district'"):
        form_from_cases(path, **PERIOD, by="district")


def _by_hand(cases, first, last, by, *, instant, leave_out):
    """The same rules as sentences of Python, case by case, each column decided on its own."""
    table = {}
    for case in cases:
        if case["accepted_at"] is None:
            continue
        accepted = case["accepted_at"].date()
        dropped = case["outcome"] in ("refused", "withdrawn")
        end = None
        if case["outcome"] == "resolved":
            end = case["finished_at"].date()
        elif dropped:
            moments = [moment for moment in (case["finished_at"], case["returned_at"]) if moment is not None]
            end = max(moments[0].date(), accepted) if moments else accepted
        closed_by_last = end is not None and end <= last
        if dropped and closed_by_last and leave_out:
            continue
        due = case["due_at"]
        new = first <= accepted <= last
        old = accepted < first and not (end is not None and end < first)
        done = (new or old) and closed_by_last and end >= first
        open_still = accepted <= last and not closed_by_last
        late = done and not dropped and due is not None and (case["finished_at"] > due if instant else end > due.date())
        early = done and not dropped and due is not None and not late and end < due.date()
        closing = datetime.combine(last, datetime.min.time()) + timedelta(days=1)
        overdue = open_still and due is not None and (due < closing if instant else due.date() < last)
        row = {
            "received_total": new or old,
            "received_online": new and case["channel"] == "online",
            "received_counter_post": new and case["channel"] != "online",
            "carried_over": old,
            "resolved_total": done,
            "resolved_early": early,
            "resolved_on_time": done and not early and not late,
            "resolved_late": late,
            "pending_total": open_still,
            "pending_in_time": open_still and not overdue,
            "pending_late": overdue,
        }
        if any(row.values()):
            counts = table.setdefault(case[by], dict.fromkeys(COUNTS, 0))
            for key, value in row.items():
                counts[key] += int(bool(value))
    return table


def _moments(low=0, high=24):
    start = datetime(2021, 6, 10)
    return st.builds(
        lambda day, hour: start + timedelta(days=day, hours=hour), st.integers(low, high), st.integers(0, 23)
    )


@st.composite
def _random_case(draw):
    accepted = draw(st.none() | _moments())
    outcome = draw(st.sampled_from(["resolved", "open", "refused", "withdrawn"])) if accepted else "open"
    finished = None
    if accepted and (outcome == "resolved" or draw(st.booleans())):
        finished = datetime.combine(accepted.date(), datetime.min.time()) + timedelta(hours=draw(st.integers(0, 300)))
    return {
        "accepted_at": accepted,
        "finished_at": finished,
        "due_at": draw(st.none() | _moments(-3, 28)),
        "returned_at": draw(st.none() | _moments(-3, 28)),
        "outcome": outcome,
        "channel": draw(st.sampled_from(["online", "counter", "post", "other", None])),
        "agency": draw(st.sampled_from(["syt", "snv", None])),
        "field": draw(st.sampled_from(["duoc", "ho-tich", None])),
    }


# Each writes a file and counts it twice, however many cases are in it: few examples, most of them full.
@pytest.mark.slow
@settings(max_examples=12)
@given(
    cases=st.lists(_random_case(), max_size=3) | st.lists(_random_case(), min_size=20, max_size=40),
    start=st.integers(0, 8),
    length=st.integers(0, 12),
    by=st.sampled_from(["agency", "field"]),
    precision=st.sampled_from(["day", "instant"]),
    choice=st.sampled_from(["on_time", "leave_out"]),
)
def test_random_cases_add_up_and_agree_with_a_plain_loop(tmp_path_factory, cases, start, length, by, precision, choice):
    first = date(2021, 6, 12) + timedelta(days=start)
    last = first + timedelta(days=length)
    path = _write(tmp_path_factory.mktemp("cases") / "cases.parquet", cases)
    period = {"by": by, "due_precision": precision, "closed_without_result": choice}
    form = form_from_cases(path, first_day=first, last_day=last, **period)
    for identity in IDENTITIES:
        assert (form[identity.left] == form[list(identity.right)].sum(axis=1)).all()
    found = {None if pd.isna(row["code"]) else row["code"]: row for row in form.to_dict("records")}
    expected = _by_hand(cases, first, last, by, instant=precision == "instant", leave_out=choice == "leave_out")
    assert {code: {key: row[key] for key in COUNTS} for code, row in found.items()} == expected
    if choice == "on_time":
        following = form_from_cases(
            path, first_day=last + timedelta(days=1), last_day=last + timedelta(days=9), **period
        )
        pending, carried = (
            one.assign(code=one["code"].fillna("?")).set_index("code")[key]
            for one, key in ((form, "pending_total"), (following, "carried_over"))
        )
        assert pending[pending > 0].to_dict() == carried[carried > 0].to_dict()


def test_a_later_extract_gives_the_same_form(tmp_path):
    def known(cases, day):
        """What a system would have shown at the end of a day."""
        for case in cases:
            if case["accepted_at"] is None or case["accepted_at"].date() > day:
                continue
            finished = case["finished_at"] is not None and case["finished_at"].date() <= day
            yield case if finished else case | {"finished_at": None, "outcome": "open"}

    later = [
        _case("06-01", "06-20", "07-20"), _case("07-01", "09-01", "09-20"), _case("07-02", "09-30", "09-14"),
        _case("07-03", "09-13", "10-01", outcome="withdrawn"), _case("07-04", None, "09-01", outcome="refused"),
        _case("09-20", "09-30", "09-25"), _case("08-01", "09-14"),
    ]  # fmt: skip
    forms = []
    for name, cases in (("later", later), ("then", list(known(later, LAST)))):
        forms.append(form_from_cases(_write(tmp_path / f"{name}.parquet", cases), **PERIOD, by="agency"))
    pd.testing.assert_frame_equal(*forms)
    assert forms[0].iloc[0, 1:].tolist() == [6, 0, 5, 1, 3, 1, 1, 1, 3, 1, 2]
