"""Cases counted by reporting period, as they were known on a day: every number worked out by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import periods
from analysis.data.contracts import Cases, Catalogue, check, columns_of
from analysis.data.counting import count_cases, not_yet_known

TIMES = ("submitted_at", "accepted_at", "first_due_at", "due_at", "finished_at", "returned_at")
LATEST = date(2100, 1, 1)


def _case(case_id, accepted, finished=None, *, due=None, outcome=None, **columns):
    outcome = outcome or ("resolved" if finished else "open")
    times = {"accepted_at": accepted, "finished_at": finished, "due_at": due, "first_due_at": due}
    return {"case_id": case_id, "outcome": outcome} | times | columns


@pytest.fixture
def cases(tmp_path):
    def write(*rows):
        frame = pd.DataFrame(rows).reindex(columns=columns_of(Cases))
        for name in TIMES:
            frame[name] = pd.to_datetime(frame[name], format="ISO8601")
        path = tmp_path / "it's [cases].parquet"
        check(frame, Cases, where="test").to_parquet(path)
        return path

    return write


def _count(path, *, as_of=LATEST, cutoff_day=14, frequency="M", due_precision="day"):
    how = {"as_of": as_of, "cutoff_day": cutoff_day, "frequency": frequency, "due_precision": due_precision}
    return count_cases(path, **how)


def _sums(path, column, **how):
    counts = _count(path, **how)
    return {period: int(sum_) for period, sum_ in counts.groupby("period")[column].sum().items() if sum_}


def _timeliness(path, **how):
    counts = _count(path, **how)
    return counts[counts["resolved"] > 0].groupby("timeliness")["resolved"].sum().to_dict()


PERIODS = {
    14: {
        "2021-01-31": ("2021-02", "2021Q1"),
        "2021-08-15": ("2021-09", "2021Q3"),
        "2021-09-14 23:59:59": ("2021-09", "2021Q3"),
        "2021-09-15 00:00:00": ("2021-10", "2021Q4"),
        "2021-12-14 23:59:59": ("2021-12", "2021Q4"),
        "2021-12-15": ("2022-01", "2022Q1"),
        "2021-12-31": ("2022-01", "2022Q1"),
    },
    None: {
        "2021-09-30 23:59:59.999": ("2021-09", "2021Q3"),
        "2021-10-01": ("2021-10", "2021Q4"),
        "2021-12-31 23:59:59": ("2021-12", "2021Q4"),
    },
    20: {"2021-09-20": ("2021-09", "2021Q3"), "2021-09-21": ("2021-10", "2021Q4")},
}


@pytest.mark.parametrize("cutoff_day", PERIODS)
def test_a_case_counts_in_the_period_its_moment_falls_into(cases, cutoff_day):
    # The field tells the cases apart.
    moments = PERIODS[cutoff_day]
    path = cases(*[_case(f"H{at}", one, one, field=f"f{at}") for at, one in enumerate(moments)])
    for frequency, which in (("M", 0), ("Q", 1)):
        counts = _count(path, cutoff_day=cutoff_day, frequency=frequency)
        for column in ("received", "resolved"):
            counted = counts[counts[column] == 1].set_index("field")["period"].to_dict()
            assert counted == {f"f{at}": labels[which] for at, labels in enumerate(moments.values())}


@pytest.mark.slow
@settings(max_examples=10)
@given(
    moments=st.lists(st.datetimes(datetime(2018, 1, 1), datetime(2024, 12, 31)), min_size=1, max_size=60),
    cutoff_day=st.none() | st.integers(1, 28),
)
def test_periods_are_those_of_the_calendar_everything_else_uses(tmp_path_factory, moments, cutoff_day):
    path = tmp_path_factory.mktemp("cases") / "cases.parquet"
    rows = [_case(f"H{at}", moment) for at, moment in enumerate(moments)]
    check(pd.DataFrame(rows).reindex(columns=columns_of(Cases)), Cases, where="test").to_parquet(path)
    months = [periods.reporting_month(moment.date(), cutoff_day) for moment in moments]
    quarters = [pd.Period(year=month.year, quarter=month.quarter, freq="Q") for month in months]
    for frequency, expected in (("M", months), ("Q", quarters)):
        counted = _sums(path, "received", cutoff_day=cutoff_day, frequency=frequency)
        assert counted == Counter(map(periods.write, expected))


def test_received_counts_what_was_accepted_and_resolved_what_was_finished(cases):
    path = cases(
        _case("H1", "2021-08-20", "2021-09-20"),
        _case("H2", "2021-08-20", "2021-09-01"),
        _case("H3", "2021-09-20"),
        _case("H4", "2021-08-20", outcome="refused"),
        _case("H5", "2021-08-20", "2021-08-25", outcome="withdrawn"),
        _case("H6", None, submitted_at="2021-08-20"),
        _case("H7", None, submitted_at="2021-08-20", outcome="refused"),
        _case("H8", "2021-08-20", "2021-08-30", outcome="open"),  # reopened
    )
    assert _sums(path, "received") == {"2021-09": 5, "2021-10": 1}
    assert _sums(path, "resolved") == {"2021-09": 1, "2021-10": 1}


def test_a_case_is_late_from_the_day_after_its_due_date_or_from_the_moment(cases):
    # finished, due, by day, by instant
    scenes = [
        ("2021-09-09 23:59:59", "2021-09-10", "early", "early"),
        ("2021-09-10 00:00:00", "2021-09-10 00:00:00", "on_time", "on_time"),
        ("2021-09-10 12:00:00", "2021-09-10 17:00:00", "on_time", "on_time"),
        ("2021-09-10 17:00:00", "2021-09-10 17:00:00", "on_time", "on_time"),
        ("2021-09-10 17:00:01", "2021-09-10 17:00:00", "on_time", "late"),
        ("2021-09-10 12:00:00", "2021-09-10", "on_time", "late"),
        ("2021-09-11 00:00:00", "2021-09-10 17:00:00", "late", "late"),
        ("2021-09-10 12:00:00", None, "no_due_date", "no_due_date"),
    ]
    rows = [_case(f"H{at}", "2021-09-01", one[0], due=one[1], field=f"f{at}") for at, one in enumerate(scenes)]
    path = cases(*rows)
    for precision, which in (("day", 2), ("instant", 3)):
        counts = _count(path, due_precision=precision)
        found = counts[counts["resolved"] == 1].set_index("field")["timeliness"].to_dict()
        assert found == {f"f{at}": scene[which] for at, scene in enumerate(scenes)}


def test_the_due_date_that_holds_now_decides(cases):
    path = cases(_case("H1", "2021-09-01", "2021-09-20", due="2021-09-30", first_due_at="2021-09-10"))
    assert _timeliness(path) == {"early": 1}


def test_every_dimension_is_kept_and_the_counts_add_up(cases):
    path = cases(
        _case("H1", "2021-09-01", field="dat-dai", agency="stnmt", district="nt", channel="online", level="4"),
        _case("H2", "2021-09-01", field="dat-dai", agency="stnmt", district="nt", channel="online", level="3"),
        _case("H3", "2021-09-01", field="dat-dai", agency="stnmt", district="nt", channel="online", level="2"),
        _case("H4", "2021-09-01", field="dat-dai", agency="stnmt", district="nt", channel="counter", level="full"),
        _case("H5", "2021-09-01", channel="post", level="information"),
        _case("H6", "2021-09-01"),
    )
    counts = _count(path).fillna({"agency": "", "channel": ""})
    assert counts["procedure"].isna().all()
    found = {
        (row.agency, row.channel, None if pd.isna(row.published_online) else bool(row.published_online)): row.received
        for row in counts.itertuples()
    }
    assert found == {
        ("stnmt", "online", True): 2,
        ("stnmt", "online", False): 1,
        ("stnmt", "counter", True): 1,
        ("", "post", False): 1,
        ("", "", None): 1,
    }


def test_on_an_extract_of_that_day_nothing_changes(cases):
    path = cases(
        _case("H1", "2021-09-01", "2021-09-20", due="2021-09-10"),
        _case("H2", "2021-09-20 23:59:59"),
        _case("H3", None, submitted_at="2021-09-20 23:59:59"),
    )
    then = date(2021, 9, 20)
    pd.testing.assert_frame_equal(_count(path, as_of=then), _count(path))
    assert not_yet_known(path, as_of=then) == 0


def test_from_a_later_extract_what_came_later_is_undone(cases):
    path = cases(
        _case("finished later", "2021-09-01", "2021-09-11 00:00:00", due="2021-09-05", returned_at="2021-09-12"),
        _case("finished that day", "2021-09-01", "2021-09-10 23:59:59", due="2021-09-05", returned_at="2021-09-12"),
        _case("withdrawn later", "2021-09-01", "2021-09-11", outcome="withdrawn"),
        _case("refused without a date", "2021-09-01", outcome="refused"),
        _case("accepted later", "2021-09-11", "2021-09-11", submitted_at="2021-09-10 23:59:59"),
        _case("filed later", "2021-09-12", submitted_at="2021-09-11 00:00:00"),
        _case("filed later, and accepted by nobody", None, submitted_at="2021-09-11"),
        _case("only accepted, later", "2021-09-11"),
        # A filing keyed in afterwards: the office knew of the case when it accepted it.
        _case("accepted before it was filed", "2021-09-10", submitted_at="2021-09-11"),
    )
    then = date(2021, 9, 10)
    assert _sums(path, "received", as_of=then) == {"2021-09": 5}
    assert _timeliness(path, as_of=then) == {"late": 1}
    assert not_yet_known(path, as_of=then) == 3
    assert (_sums(path, "received")["2021-09"], not_yet_known(path, as_of=date(2021, 9, 12))) == (8, 0)


def test_by_a_catalogue_the_level_in_force_that_day_decides(cases):
    catalogue = pd.DataFrame(
        [
            # procedure_code, level, valid_from, valid_to
            ("1.raised", "2", "2019-01-01", "2021-08-31"),
            ("1.raised", "4", "2021-09-01", None),
            ("1.lowered", "3", "2019-01-01", "2021-09-09"),
            ("1.lowered", "2", "2021-09-10", None),
            ("1.last-day", "4", "2019-01-01", "2021-09-10"),
            ("1.first-day", "4", "2021-09-10", None),
            ("1.tomorrow", "4", "2021-09-11", None),
            ("1.ended", "4", "2019-01-01", "2021-09-09"),
        ],
        columns=["procedure_code", "level", "valid_from", "valid_to"],
    ).assign(field=None, eligible=True, mobile=None, integrated=None, roadmap_on=None)
    catalogue = check(catalogue, Catalogue, where="test")
    # procedure, level on the case, published by it, published by the catalogue of 10 September
    scenes = [
        ("1.raised", "2", False, True),
        ("1.lowered", "3", True, False),
        ("1.last-day", "2", False, True),
        ("1.first-day", "2", False, True),
        ("1.tomorrow", "2", False, False),
        ("1.ended", "2", False, False),
        ("1.ended", "3", True, True),
        ("1.unknown", "full", True, True),
        (None, "1", False, False),
        ("1.unknown", None, None, None),
        ("1.raised", None, None, True),
    ]
    path = cases(
        *[
            _case(f"H{at}", "2021-09-01", "2021-09-02", procedure_code=scene[0], level=scene[1], field=f"f{at}")
            for at, scene in enumerate(scenes)
        ]
    )
    how = {"as_of": date(2021, 9, 10), "cutoff_day": 14, "frequency": "M", "due_precision": "day"}
    for published_by, which in ((None, 2), (catalogue, 3)):
        counts = count_cases(path, **how, level_catalogue=published_by)
        assert counts[["received", "resolved"]].sum().tolist() == [len(scenes), len(scenes)]
        for row in counts.itertuples():
            found = None if pd.isna(row.published_online) else bool(row.published_online)
            assert found == scenes[int(row.field[1:])][which], scenes[int(row.field[1:])]


def test_no_cases_give_no_counts(cases):
    path = cases(_case("H1", "2021-09-01"))
    assert _count(path, as_of=date(2021, 8, 31)).empty
    assert list(_count(path, as_of=date(2021, 8, 31))) == list(_count(path))
