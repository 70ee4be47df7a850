"""What indicators count, from single cases and from counts: by hand, and against a slow loop over the cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import periods
from analysis.data.case_table import service_days
from analysis.data.contracts import CaseRatings, Catalogue, Counts, Ratings, check, columns_of
from analysis.data.counting import count_cases, count_workload
from analysis.data.declared import DeclaredTable
from analysis.data.margins import MarginTable, Part
from analysis.data.measure import Counting, Measure
from analysis.data.measures import columns_known, count_measures, kinds_known
from analysis.plan import conditions
from analysis.plan.inventories import CasesOfService
from analysis.report.labels import NOT_COMPUTABLE
from run_inputs import case, cases_file, run_input

AS_OF = date(2021, 5, 20)
DIMENSIONS = ("agency", "field")


def _measure(counted="resolved", numerator=None, denominator=None, *, of="cases", value=None, stock=False):
    above, below = (conditions.tests_of(one or {}) for one in (numerator, denominator))
    return Measure(of, counted, below, above, value, stock=stock)


def _how(*, as_of=AS_OF, frequency="M", cutoff_day=None, own=None, dimensions=DIMENSIONS):
    return Counting(as_of, frequency, cutoff_day, own, dimensions)


def _cells(measure, received, **how):
    (found,) = count_measures([measure], received, _how(**how)).values()
    return found


def _by_period(measure, received, **how):
    """Return numerator and denominator of the whole by period."""
    sums = _cells(measure, received, **how).groupby("period")[["numerator", "denominator"]].sum()
    return {period: tuple(int(n) for n in row) for period, row in zip(sums.index, sums.to_numpy(), strict=True)}


def _at(day, hour=9):
    return datetime(2021, 1, 1, hour) + timedelta(days=day)


# Six cases: accepted, due, finished as days from 1 January (31 = 1 February, 59 = 1 March, 90 = 1 April).
CASES = [
    case(_at(0), _at(9), _at(5), channel="online", level="4", procedure_code="a"),  # early, in January
    case(_at(1), _at(9), _at(9, 17), channel="counter", level="3", procedure_code="b"),  # on its day, later than due
    case(_at(2), _at(9), _at(40), channel="online", level="2", procedure_code="c"),  # late, in February
    case(_at(3), None, _at(41), channel="counter", level="2", procedure_code="a"),  # without a due date
    case(_at(20), _at(60), None, agency="sxd", field="xaydung", level=None, procedure_code="d"),  # open and late
    case(_at(21), _at(61), _at(70), outcome="refused", channel="post", agency=None),  # refused late, in March
]


@pytest.fixture(scope="module")
def received(tmp_path_factory):
    path = tmp_path_factory.mktemp("cases") / "cases.parquet"
    extra = {
        "fee_due": pd.array([True, True, False, None, True, True], dtype="boolean"),
        "paid_online": pd.array([True, False, None, None, True, True], dtype="boolean"),
        "cost": [100.0, 50.0, None, 30.0, 1.0, 1.0],
        "silent": pd.array([None] * 6, dtype="boolean"),
    }
    return run_input(cases=cases_file(CASES, path, **extra))


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        # received: all six in January; two of the five whose channel is known are online
        (_measure("received", {"channel": "online"}, {"channel": "known"}), {"2021-01": (2, 5)}),
        # resolved: two in January, two in February; a refused case is not resolved
        (_measure("resolved", {"late": True}, {"timeliness": "known"}), {"2021-01": (0, 2), "2021-02": (1, 2)}),
        (_measure("resolved", {"timeliness": "early"}), {"2021-01": (1, 2), "2021-02": (0, 2)}),
        (_measure("resolved", {"timeliness": "on_time"}), {"2021-01": (1, 2), "2021-02": (0, 2)}),
        (_measure("resolved", {"timeliness": "no_due_date"}), {"2021-01": (0, 2), "2021-02": (1, 2)}),
        (_measure("resolved", {"published_online": True}), {"2021-01": (2, 2), "2021-02": (0, 2)}),
        # a case whose level is missing is neither published nor not
        (_measure("received", {"published_online": True}, {"published_online": "known"}), {"2021-01": (2, 4)}),
        (_measure("received", {"closed": True}), {"2021-01": (5, 6)}),
        # late as it stands on the day: finished late, or open past its due date
        (_measure("received", {"late": True}), {"2021-01": (3, 6)}),
        # extra flags: paid of those that had a fee
        (_measure("resolved", {"paid_online": True}, {"fee_due": True}), {"2021-01": (1, 2)}),
        (_measure("received", {"paid_online": "missing"}), {"2021-01": (2, 6)}),
        (_measure("received", {"cost": {"at_least": 50}}, {"cost": "known"}), {"2021-01": (2, 5)}),
        # by a column of times: the due date
        (_measure("due_at", {"channel": "online"}), {"2021-01": (2, 3), "2021-03": (0, 2)}),
        # due: three on 10 January, of which one is late; two in March, both late there
        (_measure("due", {"late": True}), {"2021-01": (1, 3), "2021-03": (2, 2)}),
        (_measure("due", {"late": True}, {"agency": "stp"}), {"2021-01": (1, 3)}),
        # on the desk: six in January; in February those carried over, of which two are resolved there
        (
            _measure("on_desk", {"late": True}),
            {"2021-01": (1, 6), "2021-02": (1, 4), "2021-03": (1, 2), "2021-04": (1, 1), "2021-05": (1, 1)},
        ),
        (
            _measure("on_desk", {"channel": "online"}, {"channel": "known"}),
            {"2021-01": (2, 5), "2021-02": (1, 3), "2021-03": (0, 1)},
        ),
        # of the late cases those resolved: the third in February, after it was late on the desk in January
        (
            _measure("resolved", stock=True),
            {"2021-01": (0, 1), "2021-02": (1, 1), "2021-03": (0, 1), "2021-04": (0, 1), "2021-05": (0, 1)},
        ),
    ],
)  # fmt: skip
def test_what_is_counted_by_hand(received, measure, expected):
    assert _by_period(measure, received) == expected


def test_cells_have_the_dimensions_and_add_up_to_the_whole(received):
    cells = _cells(_measure("received", {"channel": "online"}), received, dimensions=("agency", "channel", "nowhere"))
    assert list(cells.columns) == ["period", "agency", "channel", "nowhere", "numerator", "denominator"]
    assert cells["nowhere"].isna().all()
    online = cells[(cells["agency"] == "stp") & (cells["channel"] == "online")]
    assert online[["numerator", "denominator"]].to_numpy().tolist() == [[2, 2]]
    assert int(cells.loc[cells["agency"].isna(), "denominator"].sum()) == 1
    assert not cells.duplicated(["period", "agency", "channel"]).any()


def test_a_quarter_and_a_month_that_ends_on_the_14th(received):
    received_ = _measure("received", {"channel": "online"})
    assert _by_period(received_, received, frequency="Q") == {"2021Q1": (2, 6)}
    assert _by_period(received_, received, cutoff_day=14, own=14) == {"2021-01": (2, 4), "2021-02": (0, 2)}


def test_by_months_other_than_its_own_only_what_was_over_is_counted(received):
    # On 20 May the month that ends on 31 May is not over.
    on_desk = _measure("on_desk", {"late": True})
    assert "2021-05" not in _by_period(on_desk, received, cutoff_day=None, own=14)
    assert "2021-05" in _by_period(on_desk, received, cutoff_day=14, own=28)


def test_nothing_later_than_the_day_is_known(received):
    early = {"as_of": date(2021, 1, 20)}
    assert _by_period(_measure("received", {"late": True}), received, **early) == {"2021-01": (1, 4)}
    assert _by_period(_measure("resolved", {"channel": "online"}), received, **early) == {"2021-01": (1, 2)}
    assert _by_period(_measure("due_at"), received, **early) == {"2021-01": (3, 3)}


def test_late_by_the_moment_is_late_on_the_due_day_itself(received):
    by_moment = run_input(cases=received.cases, due_precision="instant")
    assert _by_period(_measure("resolved", {"late": True}), by_moment)["2021-01"] == (1, 2)
    assert _by_period(_measure("due", {"late": True}), by_moment)["2021-01"] == (2, 3)


def test_a_mean_has_its_total_and_the_total_of_the_squares(received):
    days = _cells(_measure(value=("accepted_at", "finished_at")), received, dimensions=("district",))
    # 5 days, and 8 days and 8 hours; then 38 and 38 days.
    assert days["period"].tolist() == ["2021-01", "2021-02"]
    assert days["denominator"].tolist() == [2, 2]
    assert days["total"].tolist() == pytest.approx([5 + 25 / 3, 76])
    assert days["total_squares"].tolist() == pytest.approx([25 + (25 / 3) ** 2, 2 * 38**2])
    cost = _cells(_measure("received", value=("cost",)), received, dimensions=("district",))
    assert cost[["denominator", "total", "total_squares"]].to_numpy().tolist() == [[5, 182, 10_000 + 2500 + 902]]
    online = _cells(
        _measure("received", denominator={"channel": "online"}, value=("cost",)), received, dimensions=("district",)
    )
    assert online[["denominator", "total"]].to_numpy().tolist() == [[1, 100]]


def test_published_today_is_by_the_catalogue_in_force_on_the_day(received):
    today = _measure("received", {"published_today": True}, {"published_today": "known"})
    assert _cells(today, received) == "no_catalogue"
    state = {"field": "x", "eligible": True, "valid_to": None}
    rows = [
        state | {"procedure_code": "a", "level": "1", "valid_from": "2020-01-01"},
        state | {"procedure_code": "c", "level": "4", "valid_from": "2021-05-20"},
        state | {"procedure_code": "d", "level": "4", "valid_from": "2021-05-21"},
    ]
    frame = pd.DataFrame(rows).reindex(columns=columns_of(Catalogue))
    catalogue = check(frame, Catalogue, where="hand-made catalogue")
    # a twice at level 1 now, b as on the case at 3, c at 4 now, d not yet in force and without a level of its own
    assert _by_period(today, run_input(cases=received.cases, catalogue=catalogue)) == {"2021-01": (2, 4)}


def test_what_the_input_cannot_give_says_why(received):
    assert _cells(_measure("resolved", {"silent": True}), received) == "no_column"
    # merely left out, nothing is asked of it
    assert isinstance(_cells(_measure("resolved", {"silent": {"not": True}}), received), pd.DataFrame)
    assert _cells(_measure(of="feedback"), received) == "no_table"
    assert _cells(_measure("rated_at", {"rating": "satisfied"}, of="ratings"), received) == "no_table"


def test_each_measure_is_counted_once_and_alone_as_together(received):
    measures = [
        _measure("received", {"channel": "online"}), _measure("resolved", {"late": True}),
        _measure("due", {"late": True}), _measure("on_desk", {"late": True}), _measure(stock=True),
        _measure(value=("accepted_at", "finished_at")),
    ]  # fmt: skip
    together = count_measures([*measures, *measures], received, _how())
    assert list(together) == [one for one in together if one in measures]
    assert len(together) == len(measures)
    for one in measures:
        pd.testing.assert_frame_equal(together[one], _cells(one, received))


# From counts.

ROWS = [
    ("2021-01", "stp", "online", True, "early", 30, 40),
    ("2021-01", "stp", "counter", True, "late", 20, 25),
    ("2021-01", "sxd", "post", False, "no_due_date", 5, 0),
    ("2021-01", "sxd", None, None, None, 1000, 900),
    ("2021-02", "stp", "online", True, "early", 0, 0),
]


@pytest.fixture(scope="module")
def counted():
    columns = ["period", "agency", "channel", "published_online", "timeliness", "resolved", "received"]
    frame = pd.DataFrame(ROWS, columns=columns).reindex(columns=columns_of(Counts))
    return run_input(counts=check(frame, Counts, where="hand-made counts"))


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (_measure("resolved", {"channel": "online"}, {"channel": "known"}), {"2021-01": (30, 55), "2021-02": (0, 0)}),
        (_measure("received", {"channel": "online"}, {"channel": "known"}), {"2021-01": (40, 65), "2021-02": (0, 0)}),
        (_measure("resolved", {"late": True}, {"timeliness": "known"}), {"2021-01": (20, 55), "2021-02": (0, 0)}),
        (
            _measure("resolved", {"published_online": True}, {"channel": {"not": "online"}}),
            {"2021-01": (20, 1025)},
        ),
        (_measure("due", {"late": True}), "no_workload"),
        (_measure("on_desk", {"late": True}), "no_workload"),
        (_measure(stock=True), "no_workload"),
        (_measure("resolved", {"level": "4"}), "counts_only"),
        (_measure("due_at", {"channel": "online"}), "counts_only"),
        (_measure(value=("accepted_at", "finished_at")), "counts_only"),
        (_measure("resolved", {"procedure": "p"}), "no_column"),
    ],
)
def test_from_counts_by_hand(counted, measure, expected):
    if isinstance(expected, str):
        assert _cells(measure, counted) == expected
    else:
        assert _by_period(measure, counted) == expected


def test_counts_have_the_months_they_were_counted_by(counted):
    assert _cells(_measure("resolved", {"channel": "online"}), counted, cutoff_day=None, own=14) == "counts_only"


def test_ratings_by_hand():
    rows = [("2021-01", "stp", None, "hotich", "online", 8, 10), ("2021-01", "sxd", None, "x", "counter", 1, 5)]
    ratings = check(pd.DataFrame(rows, columns=columns_of(Ratings)), Ratings, where="hand-made ratings")
    received = run_input(ratings=ratings)
    satisfied = {"rating": ["satisfied", "very_satisfied"]}
    assert _by_period(_measure("rated_at", satisfied, of="ratings"), received) == {"2021-01": (9, 15)}
    online = _measure("rated_at", satisfied, {"channel": "online"}, of="ratings")
    assert _by_period(online, received) == {"2021-01": (8, 10)}
    # counts of ratings do not tell the two apart
    assert _cells(_measure("rated_at", {"rating": "very_satisfied"}, of="ratings"), received) == "counts_only"


def _ratings_file(path, *rows):
    frame = pd.DataFrame(rows, columns=columns_of(CaseRatings))
    check(frame.assign(rated_at=pd.to_datetime(frame["rated_at"])), CaseRatings, where="ratings").to_parquet(path)
    return path


@pytest.fixture
def rated(tmp_path, received):
    """The six cases with ratings of four of them and of a case that is not among them."""
    ratings = _ratings_file(
        tmp_path / "ratings.parquet",
        ("H0", "very_satisfied", _at(12)), ("H0", "dissatisfied", _at(8)),  # the later one counts, wherever it stands
        ("H1", "satisfied", _at(10)), ("H1", "dissatisfied", _at(45)),
        ("H2", "satisfied", _at(42)), ("H2", "dissatisfied", _at(42)),  # at one moment: the last in the file
        ("H4", "dissatisfied", _at(30)),
        ("H9", "satisfied", _at(5)),
    )  # fmt: skip
    return replace(received, case_ratings=ratings)


SATISFIED = _measure("rated_at", {"rating": ["satisfied", "very_satisfied"]}, of="ratings")


def _by_agency(received, **how):
    cells = _cells(SATISFIED, received, **how)
    return {
        (row.period, "" if pd.isna(row.agency) else row.agency): (row.numerator, row.denominator)
        for row in cells.itertuples()
    }


def test_of_several_ratings_of_a_case_the_last_known_counts(rated):
    # H0 on 13 January, H4 on the 31st; H1 and H2 in February; H9 is not among the cases: in the whole only.
    assert _by_agency(rated) == {
        ("2021-01", "stp"): (1, 1), ("2021-01", "sxd"): (0, 1), ("2021-01", ""): (1, 1), ("2021-02", "stp"): (0, 2),
    }  # fmt: skip
    # On 11 January H0 was dissatisfied, and H1 satisfied on that very day.
    assert _by_agency(rated, as_of=date(2021, 1, 11)) == {("2021-01", "stp"): (1, 2), ("2021-01", ""): (1, 1)}
    before = _cells(SATISFIED, rated, as_of=date(2021, 1, 5))
    assert isinstance(before, str) or before.empty


def test_a_rating_is_in_the_period_it_was_given_in(tmp_path):
    cases = cases_file([case(_at(0), agency="snv"), case(_at(0), agency="stp")], tmp_path / "cases.parquet")
    ratings = _ratings_file(
        tmp_path / "ratings.parquet",
        ("H0", "very_satisfied", "2021-02-14 23:59:59"), ("H1", "dissatisfied", "2021-02-15 00:00:00"),
    )  # fmt: skip
    received = run_input(cases=cases, case_ratings=ratings)
    by_the_14th = {"cutoff_day": 14, "own": 14}
    assert _by_agency(received, **by_the_14th) == {("2021-02", "snv"): (1, 1), ("2021-03", "stp"): (0, 1)}
    assert _by_agency(received, as_of=date(2021, 2, 14), **by_the_14th) == {("2021-02", "snv"): (1, 1)}


LAST_NOT_DISSATISFIED = _measure("resolved", {"rating": {"not": "dissatisfied"}})


def test_cases_without_a_recorded_dissatisfaction_by_hand(rated):
    # January: H0 became satisfied, H1 dissatisfied. February: H2 is dissatisfied, H3 says nothing.
    assert _by_period(LAST_NOT_DISSATISFIED, rated) == {"2021-01": (1, 2), "2021-02": (1, 2)}
    # Known on 14 February: H1 was satisfied still, and of ratings of the day itself the last counts.
    assert _by_period(LAST_NOT_DISSATISFIED, rated, as_of=date(2021, 2, 14)) == {"2021-01": (2, 2), "2021-02": (1, 2)}
    assert _by_period(LAST_NOT_DISSATISFIED, rated, as_of=date(2021, 2, 11)) == {"2021-01": (2, 2), "2021-02": (2, 2)}
    said = _measure("resolved", {"rating": ["satisfied", "very_satisfied"]}, {"rating": "known"})
    assert _by_period(said, rated) == {"2021-01": (1, 2), "2021-02": (0, 1)}
    assert _by_period(_measure("received", {"rating": "missing"}), rated) == {"2021-01": (2, 6)}


def test_a_case_on_the_desk_has_its_last_rating_too(rated):
    due = _measure("due", {"rating": {"not": "dissatisfied"}})
    assert _by_period(due, rated) == {"2021-01": (1, 3), "2021-03": (1, 2)}
    late = _measure("due", {"late": True}, {"rating": "dissatisfied"})
    assert _by_period(late, rated) == {"2021-01": (1, 2), "2021-03": (1, 1)}


def test_services_count_cases_by_their_last_rating(rated):
    wanted = {"done": CasesOfService(at_least=1, counted="resolved", where={"rating": "dissatisfied"})}
    days = service_days(rated, _how(), wanted, first=date(2021, 1, 1))
    assert days.to_numpy().tolist() == [["b", pd.Timestamp(2021, 1, 10), 1], ["c", pd.Timestamp(2021, 2, 10), 1]]
    assert service_days(replace(rated, case_ratings=None), _how(), wanted, first=date(2021, 1, 1)).empty


def test_where_ratings_are_not_of_single_cases_it_is_said(received, counted):
    assert _cells(LAST_NOT_DISSATISFIED, received) == "no_case_ratings"
    assert _cells(LAST_NOT_DISSATISFIED, counted) == "counts_only"
    assert "ratings of single cases" in NOT_COMPUTABLE["no_case_ratings"]


def test_columns_that_a_condition_may_name_are_those_of_the_tables_and_those_derived(received):
    known = columns_known(received)
    assert {"channel", "due_at", "timeliness", "published_today", "closed", "rating"} <= set(known["cases"])
    assert "rated_at" not in known["cases"]
    assert {"rating", "rated_at", "channel"} <= set(known["ratings"])


def test_a_column_that_the_cases_lack_is_said_and_the_others_are_counted(received):
    wanted = [_measure(event, {"paid": True}) for event in ("received", "on_desk")]
    found = count_measures([*wanted, _measure("received", {"channel": "online"})], received, _how())
    assert [found[one] for one in wanted] == ["no_column", "no_column"]
    assert len(found) == 3
    assert sum(isinstance(cells, pd.DataFrame) for cells in found.values()) == 1


def test_what_a_column_holds_is_known_of_the_tables_of_the_parts_and_of_what_is_declared():
    paid = Part(of="resolved", where={"paid": True})
    margins = MarginTable(pd.DataFrame(), {"paid": paid, "desk": Part(of="resolved", where={"desk": "hall"})})
    feedback = DeclaredTable(Path("f"), "id", "at", ("at",), ("agency",), {"useful": "flag"})
    known = kinds_known(run_input(margins=margins, extra={"cases": {"fee": "number"}}, tables={"feedback": feedback}))
    assert known["feedback"] == {"id": "code", "agency": "code", "at": "time", "useful": "flag"}
    of_cases = {name: known["cases"][name] for name in ("paid", "desk", "fee", "due_at", "channel", "late", "resolved")}
    assert list(of_cases.values()) == ["flag", "code", "number", "time", "code", "flag", "number"]


# Against a loop, and against the tables that are counted once for all indicators.

DAY = st.integers(0, 160).map(_at)
MAYBE = st.one_of(st.none(), DAY)
MEASURES = {
    "online": _measure("received", {"channel": "online"}, {"channel": "known"}),
    "late": _measure("resolved", {"late": True}, {"timeliness": "known"}),
    "early": _measure("resolved", {"timeliness": "early"}),
    "published": _measure("resolved", {"published_online": True}, {"channel": {"not": "online"}}),
    "due": _measure("due", {"late": True}),
    "on_desk": _measure("on_desk", {"late": True}),
    "stock": _measure(stock=True),
}


@st.composite
def _some_cases(draw):
    made = []
    for _ in range(draw(st.integers(1, 40))):
        accepted, finished = draw(DAY), draw(MAYBE)
        if finished is not None and finished < accepted:
            finished = accepted
        closed = ("resolved", "refused", "withdrawn")
        made.append(
            case(
                accepted,
                draw(MAYBE),
                finished,
                outcome=draw(st.sampled_from(("open", *(closed if finished is not None else closed[1:])))),
                returned_at=draw(MAYBE),
                agency=draw(st.sampled_from(["stp", "sxd", None])),
                channel=draw(st.sampled_from(["online", "counter", None])),
                level=draw(st.sampled_from(["2", "4", None])),
            )
        )
    return made


def _period(day, cutoff_day):
    return periods.write(periods.reporting_month(day.date(), cutoff_day))


def _by_walking(cases, cutoff_day, *, instant):
    """Return numerator and denominator by period of the measures that put a case into one period, case by case."""
    found = {name: {} for name in ("online", "late", "early", "published")}

    def add(name, day, *, above):
        cell = found[name].setdefault(_period(day, cutoff_day), [0, 0])
        cell[0] += above
        cell[1] += 1

    end = datetime(2021, 5, 21)
    for one in cases:
        accepted, due, finished = one["accepted_at"], one["due_at"], one["finished_at"]
        if accepted >= end:
            continue
        if one["channel"] is not None:
            add("online", accepted, above=one["channel"] == "online")
        if one["outcome"] != "resolved" or finished >= end:
            continue
        is_late = due is not None and (finished > due if instant else finished.date() > due.date())
        add("late", finished, above=is_late)
        add("early", finished, above=due is not None and not is_late and finished.date() < due.date())
        if one["channel"] != "online":
            add("published", finished, above=one["level"] == "4")
    return {name: {period: tuple(cell) for period, cell in cells.items()} for name, cells in found.items()}


@pytest.mark.slow
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_some_cases(), st.sampled_from([None, 14]), st.sampled_from(["day", "instant"]))
def test_counted_one_by_one_it_is_the_same(tmp_path, cases, cutoff_day, due_precision):
    received = run_input(cases=cases_file(cases, tmp_path / "cases.parquet"), due_precision=due_precision)
    found = count_measures(MEASURES.values(), received, _how(cutoff_day=cutoff_day, own=cutoff_day))
    expected = _by_walking(cases, cutoff_day, instant=due_precision == "instant")
    for name, cells in expected.items():
        mine = found[MEASURES[name]]
        if isinstance(mine, str):  # nowhere in the file does it say what is asked
            assert mine == "no_column"
            continue
        sums = mine.groupby("period")[["numerator", "denominator"]].sum().astype(int)
        assert {period: tuple(row) for period, row in zip(sums.index, sums.to_numpy().tolist(), strict=True)} == cells
    desk = count_workload(
        received.cases, as_of=AS_OF, cutoff_day=cutoff_day, frequency="M", due_precision=due_precision
    )
    for name, above, below in (
        ("due", ["due_late"], ["due"]),
        ("on_desk", ["resolved_late", "overdue_at_end"], ["carried_in", "received"]),
        ("stock", ["resolved_late"], ["resolved_late", "overdue_at_end"]),
    ):
        columns = {"numerator": desk[above].sum(axis=1), "denominator": desk[below].sum(axis=1)}
        keys = ["period", *DIMENSIONS]
        tables = [
            frame.groupby(keys, dropna=False)[["numerator", "denominator"]]
            .sum()
            .astype("int64")
            .query("denominator > 0")
            for frame in (desk.assign(**columns), found[MEASURES[name]])
        ]
        pd.testing.assert_frame_equal(*tables, check_index_type=False)


@pytest.mark.slow
def test_cases_and_their_counts_give_the_same_cells(received):
    how = {"as_of": AS_OF, "cutoff_day": None, "frequency": "M", "due_precision": "day"}
    counts = count_cases(received.cases, **how)
    workload = count_workload(received.cases, **how)
    of_counts = run_input(counts=counts, workload=workload)
    for measure in MEASURES.values():
        cells = [
            frame[frame["denominator"] > 0].groupby(["period", *DIMENSIONS], dropna=False).sum(numeric_only=True)
            for frame in (_cells(measure, received), _cells(measure, of_counts))
        ]
        pd.testing.assert_frame_equal(*cells, check_index_type=False, check_dtype=False)
