"""A move of online filing on two draws small enough to count by hand."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from analysis.attainment import shifted_draws
from analysis.attainment.needed import Needed
from analysis.attainment.shifted_draws import JudgedPromises, MovableDraws, Shift, moving_of, needed_shift
from analysis.attainment.situation import CountedSituation
from analysis.faults import BadParameters
from analysis.forecast.rest_of_year import Forecast
from analysis.plan.plan import Plan

T = {"vi": "v", "en": "e"}
QUARTER = pd.Period("2020Q3")
LABELS = [f"{year}Q{number}" for year in (2018, 2019, 2020) for number in (1, 2, 3, 4)][:-1]
EACH_QUARTER = {"town": (10, 50), "hills": (10, 150), "total": (20, 200)}
"""Filed online, and all. The town brings a quarter of all cases and has a fifth of its own online."""


INDICATORS = {
    "online_of_all": {"form": "share", "title": T, "numerator": {"channel": "online"}},
    "published_of_offline": {
        "form": "share", "title": T, "where": {"channel": {"not": "online"}}, "numerator": {"published_online": True},
    },
    "online_of_published": {
        "form": "share", "title": T, "nested_in": "online_of_all", "rest": "published_of_offline",
    },
}  # fmt: skip


def _part(indicator: str = "online_of_all", threshold: float = 0.15) -> dict[str, Any]:
    return {"indicator": indicator, "rule": "at_least", "threshold": threshold}


def _plan(*parts: dict[str, Any], combine: Any = None, **more: Any) -> Plan:
    target = {"title": T, "reported": "…", "kind": "share", "combine": combine}
    target["parts"] = {part["indicator"]: part for part in parts or (_part(),)}
    said = {"title": T, "year": 2020, "calendar": {"frequency": "Q"}, "source": "s", "scope": T, "unit": T}
    said |= {"indicators": INDICATORS, "targets": {"uptake": target}}
    return Plan.model_validate(said | more)


def _shift(members: tuple[str, ...] = (), points: float = 0.0) -> shifted_draws.Shift:
    return shifted_draws.Shift("online_of_all", "agency", members, points)


def _dimension(series: str) -> str:
    return "total" if series == "total" else "agency"


def _indicators(published: dict[str, int] | None = None) -> pd.DataFrame:
    rows = [
        ("online_of_all", _dimension(series), series, label, online, cases)
        for series, (online, cases) in EACH_QUARTER.items()
        for label in LABELS
    ]
    for series, cases in (published or {}).items():
        rows += [
            ("online_of_published", _dimension(series), series, label, EACH_QUARTER[series][0], cases)
            for label in LABELS
        ]
    frame = pd.DataFrame(rows, columns=["indicator", "dimension", "series", "period", "numerator", "denominator"])
    return frame.assign(value=frame["numerator"] / frame["denominator"])


def _draws(*more: tuple[Any, ...]) -> pd.DataFrame:
    """The year ends at 80 of 800 in one draw and at 180 of 1,000 in the other."""
    whole = ("total", "total", "2020Q4")
    rows = [("online_of_all", *whole, 0, 20, 200), ("online_of_all", *whole, 1, 120, 400), *more]
    return pd.DataFrame(
        rows, columns=["indicator", "dimension", "series", "period", "draw", "numerator", "denominator"]
    )


def _forecast(draws: pd.DataFrame) -> Forecast:
    return Forecast(draws, *[pd.DataFrame()] * 4, ())


def _judged(shift: shifted_draws.Shift, *, plan: Plan | None = None, indicators: pd.DataFrame | None = None,
            draws: pd.DataFrame | None = None) -> pd.DataFrame:  # fmt: skip
    at = CountedSituation(
        plan or _plan(),
        QUARTER,
        _indicators() if indicators is None else indicators,
        _forecast(_draws() if draws is None else draws),
        draw_count=2,
        seed=1,
    )
    return JudgedPromises.of(at, ["uptake"]).moved(shift).table()


def _numerators(shift: shifted_draws.Shift, **more: Any) -> list[float]:
    plan, indicators, draws = (more.get(name) for name in ("plan", "indicators", "draws"))
    movable = MovableDraws(
        plan or _plan(),
        _indicators() if indicators is None else indicators,
        _draws() if draws is None else draws,
        shift,
        origin=QUARTER,
    )
    after = movable.moved(shift)
    return [float(cases) for cases in after["numerator"]]


@pytest.mark.parametrize("shift", [_shift(), _shift(("town",), 0.0), _shift((), 0.3), _shift(("nowhere",), 0.3)])
def test_no_move_changes_nothing_at_all(shift: shifted_draws.Shift) -> None:
    draws = _draws()
    assert MovableDraws(_plan(), _indicators(), draws, shift, origin=QUARTER).moved(shift) is draws
    row = _judged(shift).iloc[0]
    assert row["probability"] == 0.5
    assert row["expected"] == pytest.approx((0.10 + 0.18) / 2)


def test_the_cases_moved_are_the_members_part_of_each_draw() -> None:
    # a quarter of the cases, 40 points: a tenth of 200 and of 400 cases
    assert _numerators(_shift(("town",), 0.4)) == pytest.approx([40, 160])
    # three quarters of the cases, minus 4 points: 3 % fewer
    assert _numerators(_shift(("hills",), -0.04)) == pytest.approx([14, 108])
    assert _numerators(_shift(("town", "hills"), 0.04)) == pytest.approx([28, 136])


def test_a_member_files_neither_more_than_all_nor_less_than_nothing_online() -> None:
    # from a fifth to all is 80 points, however many are asked for: a fifth of the draw's cases
    assert _numerators(_shift(("town",), 0.8)) == _numerators(_shift(("town",), 1.0)) == pytest.approx([60, 200])
    # the town's 20 % of its quarter can be lost, 5 % of the draw's cases
    assert _numerators(_shift(("town",), -1.0)) == pytest.approx([10, 100])


def test_a_member_files_no_more_online_than_its_published_procedures_have() -> None:
    indicators = _indicators({"town": 30, "hills": 100, "total": 130})
    assert _numerators(_shift(("town",), 1.0), indicators=indicators) == pytest.approx([40, 160])


def test_no_draw_has_more_online_than_cases() -> None:
    full = _draws().assign(numerator=[200, 390])
    assert _numerators(_shift(("town",), 0.4), draws=full) == [200, 400]


def test_the_probability_is_that_of_the_moved_draws() -> None:
    # 120 of 800 is 15 %, the promise; 260 of 1,000 was kept before
    row = _judged(_shift(("town",), 0.8)).iloc[0]
    assert row["probability"] == 0.995
    assert row["expected"] == pytest.approx((0.15 + 0.26) / 2)
    assert (row["numerator"], row["denominator"]) == (60, 600)
    assert _judged(_shift(("hills",), -0.3)).iloc[0]["probability"] == 0.5  # 1/15 of its cases, all it has: 5 % less


def test_what_the_rest_must_deliver_stays_and_what_it_is_expected_to_moves() -> None:
    before, after = (_judged(shift).iloc[0] for shift in (_shift(), _shift(("town",), 0.4)))
    # 15 % of 600 and a median of 300 are 135, of which 60 are there
    assert before["required_share"] == after["required_share"] == pytest.approx(75 / 300)
    assert before["rest_share"] == pytest.approx((0.10 + 0.30) / 2)
    assert after["rest_share"] == pytest.approx((0.20 + 0.40) / 2)
    assert before["rest_per_week"] * before["weeks_left"] == pytest.approx(70)
    assert after["rest_per_week"] * after["weeks_left"] == pytest.approx(100)


def test_the_same_cases_move_in_both_online_shares() -> None:
    draws = _draws(
        ("online_of_published", "total", "total", "2020Q4", 0, 20, 100),
        ("online_of_published", "total", "total", "2020Q4", 1, 120, 130),
    )
    # 20 and 40 cases; of published procedures the second draw has but 10 left to move
    assert _numerators(_shift(("town",), 0.4), draws=draws) == pytest.approx([40, 160, 40, 130])
    plan = _plan(_part(), _part("online_of_published", 0.5), combine="any_of")
    rows = _judged(_shift(("town",), 0.4), plan=plan, draws=draws)
    assert list(rows["part"]) == ["", "online_of_all", "online_of_published"]
    assert pd.isna(rows.iloc[0]["required_share"])


def test_a_series_moves_by_those_of_its_own_members() -> None:
    draws = pd.concat(
        [_draws().assign(dimension="agency", series=series) for series in ("town", "hills", "both")], ignore_index=True
    )
    both = _indicators()
    both = pd.concat(
        [both, both[both["series"] == "total"].assign(dimension="agency", series="both")], ignore_index=True
    )
    plan = _plan(groups={"agency": {"both": {"title": T, "members": ["town", "hills"]}}})
    moved = _numerators(_shift(("town",), 0.4), plan=plan, indicators=both, draws=draws)
    assert moved == pytest.approx([100, 280, 20, 120, 40, 160])


def test_only_promises_asked_for_are_judged() -> None:
    at = CountedSituation(_plan(), QUARTER, _indicators(), _forecast(_draws()), draw_count=2, seed=1)
    rows = JudgedPromises.of(at, []).moved(_shift()).table()
    assert rows.empty


def _cases(members: tuple[str, ...], cases: float) -> Shift:
    return Shift("online_of_all", "agency", members, cases=cases)


def test_a_move_by_cases_brings_them_in_every_draw() -> None:
    assert _numerators(_cases(("town",), 10)) == pytest.approx([30, 130])
    assert _numerators(_cases(("town", "hills"), -8)) == pytest.approx([12, 112])
    # the town has a fifth of its quarter to lose: 10 and 20 cases
    assert _numerators(_cases(("town",), -50)) == pytest.approx([10, 100])


def test_cases_are_spread_over_the_periods_as_all_cases_are() -> None:
    draws = _draws().assign(draw=0, period=["2020Q3", "2020Q4"], numerator=[5, 15], denominator=[50, 150])
    assert _numerators(_cases(("town",), 8), draws=draws) == pytest.approx([7, 21])


def test_each_series_has_its_members_part_of_the_cases() -> None:
    draws = pd.concat(
        [_draws().assign(dimension="agency", series=series) for series in ("town", "hills", "both")], ignore_index=True
    )
    both = _indicators()
    both = pd.concat(
        [both, both[both["series"] == "total"].assign(dimension="agency", series="both")], ignore_index=True
    )
    plan = _plan(groups={"agency": {"both": {"title": T, "members": ["town", "hills"]}}})
    moved = _numerators(_cases(("town", "hills"), 40), plan=plan, indicators=both, draws=draws)
    # the town has a quarter of the cases of both
    assert moved == pytest.approx([30, 130, 50, 150, 60, 160])


def test_a_move_is_by_points_or_by_cases() -> None:
    with pytest.raises(BadParameters, match="not by both"):
        Shift("online_of_all", "agency", ("town",), points=0.1, cases=3)


DAYS = {"days": {"form": "mean", "title": T, "value": {"days_between": ["received_at", "resolved_at"]}}}


def _days() -> tuple[Plan, pd.DataFrame, pd.DataFrame]:
    """10 days in the town, 4 in the hills; 1,000 days for 200 cases in one draw, 3,000 for 400 in the other."""
    target = {"title": T, "reported": "…", "kind": "mean", "parts": {"days": _part("days", 5.4)}}
    target["parts"]["days"]["rule"] = "at_most"
    plan = _plan(indicators=DAYS, targets={"uptake": target})
    totals = {"town": 500, "hills": 600, "total": 1100}
    known = _indicators().assign(indicator="days", numerator=float("nan"))
    known["total"] = known["series"].map(totals).astype(float)
    known["total_squares"] = known["total"] ** 2
    return plan, known, _draws().assign(indicator="days", numerator=[1000, 3000])


def test_a_mean_moves_in_its_own_unit_and_not_below_nothing() -> None:
    plan, known, draws = _days()
    for by, moved in ((-2.0, [900, 2800]), (-20.0, [500, 2000]), (4.0, [1200, 3400])):
        shift = Shift("days", "agency", ("town",), by)
        assert _numerators(shift, plan=plan, indicators=known, draws=draws) == pytest.approx(moved)
    with pytest.raises(BadParameters, match="days is a mean"):
        _numerators(Shift("days", "agency", ("town",), cases=5), plan=plan, indicators=known, draws=draws)
    assert [moving_of(plan, promise) for promise in plan.measured] == [("days",)]


def _needed(*members: str, probability: float = 0.8, plan: Plan | None = None, indicators: Any = None,
            draws: Any = None, name: str = "online_of_all") -> Needed:  # fmt: skip
    known = _indicators() if indicators is None else indicators
    at = CountedSituation(plan or _plan(), QUARTER, known, _forecast(_draws() if draws is None else draws), 2, 1)
    return needed_shift(at, name, "agency", members, "uptake", probability)


def test_the_smallest_move_is_found_to_a_tenth_of_a_point() -> None:
    # 14.61 % of 800 are 116.88, 36.88 more than the 80 of the first draw: 18.44 points of its 200 cases
    found = _needed("town", "hills", plan=_plan(_part(threshold=0.1461)))
    assert found.amount == pytest.approx(0.185)
    # 37 of 200 cases and 74 of 400
    assert found.cases == pytest.approx((37 + 74) / 2)
    assert (found.probability, found.reason) == (0.995, "")


def test_a_promise_that_is_likely_enough_needs_nothing() -> None:
    assert _needed("town", probability=0.5) == Needed(0.0, 0.0, 0.5)


def test_even_all_may_not_be_enough() -> None:
    # 40 points more, all that can be filed online, are 20 cases: 100 of 800
    indicators = _indicators({"town": 30, "hills": 100, "total": 130})
    found = _needed("town", indicators=indicators)
    assert (found.amount, found.probability, found.reason) == (None, 0.5, "unreachable")


def test_a_promise_of_less_needs_less() -> None:
    # 180 of 1,000 must fall to 150.05. The hills' 1/15 of three quarters of 400 cases are 20; the other 9.95 of the
    # town's 100 are 9.95 points.
    plan = _plan(_part(threshold=0.15005) | {"rule": "at_most"})
    found = _needed("town", "hills", plan=plan)
    assert found.amount == pytest.approx(-0.1)
    assert found.cases == pytest.approx(-(15 + 30) / 2)
    assert _needed("town", plan=plan).reason == "unreachable"


def test_a_mean_needs_an_amount_in_its_unit_and_no_cases() -> None:
    plan, known, draws = _days()
    # so far 3,300 days for 600 cases; 5.4 days for 1,000 are 5,400, 900 less than in the second draw: 9 of the town's
    found = _needed("town", plan=plan, indicators=known, draws=draws, name="days")
    assert found.amount == pytest.approx(-9.0)
    assert pd.isna(found.cases)


def test_what_cannot_be_moved_has_a_reason() -> None:
    assert _needed("nowhere").reason == "not_moved"
    assert _needed("town", draws=_draws().iloc[:0]).reason == "not_enough_history"
    over = [f"2020Q{number}" for number in (1, 2, 3, 4)]
    known = pd.concat([_indicators(), _indicators().tail(1).assign(period="2020Q4")])
    assert set(over) <= set(known["period"])
    at = CountedSituation(_plan(), pd.Period("2020Q4"), known, _forecast(_draws()), 2, 1)
    assert needed_shift(at, "online_of_all", "agency", ("town",), "uptake").reason == "decided"
    mixed = _plan(_part(), _part("online_of_published", 0.5) | {"rule": "at_most"}, combine="all_of")
    published = _draws(
        ("online_of_published", "total", "total", "2020Q4", 0, 20, 100),
        ("online_of_published", "total", "total", "2020Q4", 1, 120, 130),
    )
    indicators = _indicators({"town": 30, "hills": 100, "total": 130})
    assert _needed("town", plan=mixed, draws=published, indicators=indicators).reason == "both_ways"


def test_judged_again_a_promise_is_as_the_table_of_the_moved_draws_says() -> None:
    at = CountedSituation(_plan(), QUARTER, _indicators(), _forecast(_draws()), draw_count=2, seed=1)
    judged = JudgedPromises.of(at, ["uptake"])
    shift = _shift(("town",), 0.8)
    moved = judged.moved(shift)
    draws = MovableDraws.of(at, shift).moved(shift)
    from_scratch = JudgedPromises.of(replace(at, forecast=replace(at.forecast, draws=draws)), ["uptake"]).table()
    # The simple forecasts know nothing of a move: judged from scratch on the same counts, they are the same.
    pd.testing.assert_frame_equal(moved.table(), from_scratch)
    assert moved.year_end("uptake", "").tolist() == pytest.approx([0.15, 0.26])
    assert judged.moved(_shift()) is judged
