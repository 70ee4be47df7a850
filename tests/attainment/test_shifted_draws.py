"""A move of online filing on two draws small enough to count by hand."""

from typing import Any

import pandas as pd
import pytest

from analysis.attainment.shifted_draws import Shift, shifted, what_if
from analysis.forecast.rest_of_year import Forecast
from analysis.interpretation import Interpretation
from analysis.plan import Calendar, Plan
from analysis.promises import Part, ShareTarget, Text

T = Text(vi="v", en="e")
QUARTER = pd.Period("2020Q3")
LABELS = [f"{year}Q{number}" for year in (2018, 2019, 2020) for number in (1, 2, 3, 4)][:-1]
EACH_QUARTER = {"town": (10, 50), "hills": (10, 150), "total": (20, 200)}
"""Filed online, and all. The town brings a quarter of all cases and has a fifth of its own online."""


def _part(indicator: str = "online_of_all", threshold: float = 0.15, **more: Any) -> Part:
    return Part(id=more.pop("id", indicator), indicator=indicator, rule="at_least", threshold=threshold, **more)


def _plan(*parts: Part, combine: Any = None, **more: Any) -> Plan:
    target = ShareTarget(id="uptake", title=T, reported="…", kind="share", combine=combine, parts=parts or (_part(),))
    return Plan(
        title=T, year=2020, calendar=Calendar(frequency="Q"), source="s", scope=T, unit=T, targets=(target,), **more
    )


def _indicators(published: dict[str, int] | None = None) -> pd.DataFrame:
    rows = [
        ("online_of_all", series, label, online, cases)
        for series, (online, cases) in EACH_QUARTER.items()
        for label in LABELS
    ]
    for series, cases in (published or {}).items():
        rows += [("online_of_published", series, label, EACH_QUARTER[series][0], cases) for label in LABELS]
    frame = pd.DataFrame(rows, columns=["indicator", "series", "period", "numerator", "denominator"])
    return frame.assign(value=frame["numerator"] / frame["denominator"])


def _draws(*more: tuple[Any, ...]) -> pd.DataFrame:
    """The year ends at 80 of 800 in one draw and at 180 of 1,000 in the other."""
    rows = [("online_of_all", "total", "2020Q4", 0, 20, 200), ("online_of_all", "total", "2020Q4", 1, 120, 400), *more]
    return pd.DataFrame(rows, columns=["indicator", "series", "period", "draw", "numerator", "denominator"])


def _forecast(draws: pd.DataFrame) -> Forecast:
    return Forecast(draws, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), ())


def _judged(shift: Shift, *, plan: Plan | None = None, indicators: pd.DataFrame | None = None,
            draws: pd.DataFrame | None = None) -> pd.DataFrame:  # fmt: skip
    return what_if(
        plan or _plan(),
        QUARTER,
        _indicators() if indicators is None else indicators,
        _forecast(_draws() if draws is None else draws),
        Interpretation(),
        shift,
        ["uptake"],
    )


def _numerators(shift: Shift, **more: Any) -> list[float]:
    plan, indicators, draws = (more.get(name) for name in ("plan", "indicators", "draws"))
    after = shifted(
        plan or _plan(),
        _indicators() if indicators is None else indicators,
        _draws() if draws is None else draws,
        shift,
        origin=QUARTER,
    )
    return [float(cases) for cases in after["numerator"]]


@pytest.mark.parametrize("shift", [Shift(), Shift(("town",), 0.0), Shift((), 0.3), Shift(("nowhere",), 0.3)])
def test_no_move_changes_nothing_at_all(shift: Shift) -> None:
    draws = _draws()
    assert shifted(_plan(), _indicators(), draws, shift, origin=QUARTER) is draws
    row = _judged(shift).iloc[0]
    assert row["probability"] == 0.5
    assert row["expected"] == pytest.approx((0.10 + 0.18) / 2)


def test_the_cases_moved_are_the_members_part_of_each_draw() -> None:
    # a quarter of the cases, 40 points: a tenth of 200 and of 400 cases
    assert _numerators(Shift(("town",), 0.4)) == pytest.approx([40, 160])
    # three quarters of the cases, minus 4 points: 3 % fewer
    assert _numerators(Shift(("hills",), -0.04)) == pytest.approx([14, 108])
    assert _numerators(Shift(("town", "hills"), 0.04)) == pytest.approx([28, 136])


def test_a_member_files_neither_more_than_all_nor_less_than_nothing_online() -> None:
    # from a fifth to all is 80 points, however many are asked for: a fifth of the draw's cases
    assert _numerators(Shift(("town",), 0.8)) == _numerators(Shift(("town",), 1.0)) == pytest.approx([60, 200])
    # the town's 20 % of its quarter can be lost, 5 % of the draw's cases
    assert _numerators(Shift(("town",), -1.0)) == pytest.approx([10, 100])


def test_a_member_files_no_more_online_than_its_published_procedures_have() -> None:
    indicators = _indicators({"town": 30, "hills": 100, "total": 130})
    assert _numerators(Shift(("town",), 1.0), indicators=indicators) == pytest.approx([40, 160])


def test_no_draw_has_more_online_than_cases() -> None:
    full = _draws().assign(numerator=[200, 390])
    assert _numerators(Shift(("town",), 0.4), draws=full) == [200, 400]


def test_the_probability_is_that_of_the_moved_draws() -> None:
    # 120 of 800 is 15 %, the promise; 260 of 1,000 was kept before
    row = _judged(Shift(("town",), 0.8)).iloc[0]
    assert row["probability"] == 0.995
    assert row["expected"] == pytest.approx((0.15 + 0.26) / 2)
    assert (row["numerator"], row["denominator"]) == (60, 600)
    assert _judged(Shift(("hills",), -0.3)).iloc[0]["probability"] == 0.5  # 1/15 of its cases, all it has: 5 % less


def test_what_the_rest_must_deliver_stays_and_what_it_is_expected_to_moves() -> None:
    before, after = (_judged(shift).iloc[0] for shift in (Shift(), Shift(("town",), 0.4)))
    # 15 % of 600 and a median of 300 are 135, of which 60 are there
    assert before["required_share"] == after["required_share"] == pytest.approx(75 / 300)
    assert before["rest_share"] == pytest.approx((0.10 + 0.30) / 2)
    assert after["rest_share"] == pytest.approx((0.20 + 0.40) / 2)
    assert before["rest_per_week"] * before["weeks_left"] == pytest.approx(70)
    assert after["rest_per_week"] * after["weeks_left"] == pytest.approx(100)


def test_the_same_cases_move_in_both_online_shares() -> None:
    draws = _draws(
        ("online_of_published", "total", "2020Q4", 0, 20, 100), ("online_of_published", "total", "2020Q4", 1, 120, 130)
    )
    # 20 and 40 cases; of published procedures the second draw has but 10 left to move
    assert _numerators(Shift(("town",), 0.4), draws=draws) == pytest.approx([40, 160, 40, 130])
    plan = _plan(_part(), _part("online_of_published", 0.5), combine="any_of")
    rows = _judged(Shift(("town",), 0.4), plan=plan, draws=draws)
    assert list(rows["part"]) == ["", "online_of_all", "online_of_published"]
    assert pd.isna(rows.iloc[0]["required_share"])


def test_a_series_moves_by_those_of_its_own_members() -> None:
    draws = pd.concat([_draws().assign(series=series) for series in ("town", "hills", "both")], ignore_index=True)
    both = _indicators()
    both = pd.concat([both, both[both["series"] == "total"].assign(series="both")], ignore_index=True)
    plan = _plan(groups={"both": ("town", "hills")})
    moved = _numerators(Shift(("town",), 0.4), plan=plan, indicators=both, draws=draws)
    assert moved == pytest.approx([100, 280, 20, 120, 40, 160])


def test_only_promises_asked_for_are_judged() -> None:
    rows = what_if(_plan(), QUARTER, _indicators(), _forecast(_draws()), Interpretation(), Shift(), [])
    assert rows.empty
