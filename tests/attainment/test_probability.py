"""Every promise judged jointly on the same draws: a plan and draws small enough to count by hand."""

from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.attainment.evidence import Evidence
from analysis.attainment.probability import Attainment, attainment
from analysis.data.contracts import Catalogue, Progress, Survey, empty
from analysis.data.published import Break, PublishedFigures
from analysis.forecast.rest_of_year import Forecast
from analysis.indicators.satisfaction import surveyed_satisfied
from analysis.plan.plan import Plan

T = {"vi": "v", "en": "e"}
NO_FACTS = Evidence(
    as_of=date(2020, 10, 5),
    surveys=surveyed_satisfied(empty(Survey)),
    last_round=2020,
    catalogue=empty(Catalogue),
    progress=empty(Progress),
    published=empty(PublishedFigures),
    breaks=empty(Break),
)
SAID: dict[str, Any] = {"title": T, "reported": "…"}
NORTH = (30, 30, 0, 0)
SOUTH = (30, 0, 0, 0)
"""Online cases of the last quarter in each of four draws, out of 50."""


Target = dict[str, Any]
"""Of one promise: its id, and what a plan says of it."""

ONLINE = {"form": "share", "title": T, "numerator": {"channel": "online"}}
QUARTERLY = {"frequency": "Q"}
MONTHLY = {"frequency": "M", "deadlines": {"cutoff": 14}}


def _part(name: str, *, rule: Any = "at_least", threshold: float = 0.30, **more: Any) -> dict[str, Any]:
    part = {"indicator": "online_of_all", "dimension": "agency", "series": name, "rule": rule, "threshold": threshold}
    return part | more


def _plan(*targets: Target, calendar: dict[str, Any] | None = None, **more: Any) -> Plan:
    said: dict[str, Any] = {"title": T, "year": 2020, "calendar": calendar or QUARTERLY, "source": "s", "scope": T}
    said |= {"unit": T, "indicators": {"online_of_all": ONLINE}}
    promises = {one["id"]: {key: value for key, value in one.items() if key != "id"} for one in targets}
    return Plan.model_validate(said | {"targets": promises} | more).over({})


def _single(**changes: Any) -> Target:
    return {"id": "single", "kind": "share", "parts": {"north": _part("north", **changes)}, **SAID}


def _composite(how: Any) -> Target:
    parts = {"north": _part("north"), "south": _part("south")}
    return {"id": "both", "kind": "share", "combine": how, "parts": parts, **SAID}


def _indicators() -> pd.DataFrame:
    """Ten of fifty online in each quarter: by 2020Q3 a year has 30 of 150, and needs 30 of the last 50 for 30 %."""
    labels = [f"{year}Q{q}" for year in (2018, 2019, 2020) for q in (1, 2, 3, 4)][:-1]
    rows = [
        ("online_of_all", "agency", series, label, 10, 50, 0.2) for series in ("north", "south") for label in labels
    ]
    return pd.DataFrame(
        rows, columns=["indicator", "dimension", "series", "period", "numerator", "denominator", "value"]
    )


def _forecast(north: tuple[int, ...] = NORTH, south: tuple[int, ...] = SOUTH) -> Forecast:
    rows = [
        ("online_of_all", "agency", series, "2020Q4", draw, online, 50)
        for series, values in (("north", north), ("south", south))
        for draw, online in enumerate(values)
    ]
    draws = pd.DataFrame(
        rows, columns=["indicator", "dimension", "series", "period", "draw", "numerator", "denominator"]
    )
    return Forecast(draws, *[pd.DataFrame()] * 4, ())


def _judged(
    *targets: Any,
    quarter: str = "2020Q3",
    forecast: Forecast | None = None,
    indicators: pd.DataFrame | None = None,
    uncounted: dict[str, str] | None = None,
    **plan: Any,
) -> Attainment:
    rows = _indicators() if indicators is None else indicators
    read = (forecast or _forecast(), NO_FACTS)
    drawing = {"draw_count": 400, "seed": 1}
    return attainment(_plan(*targets, **plan), pd.Period(quarter), rows, *read, **drawing, uncounted=uncounted)


def _row(judged: Attainment, target: str, part: str = "") -> pd.Series:
    found = judged.promises[(judged.promises["target"] == target) & (judged.promises["part"] == part)]
    assert len(found) == 1
    return found.iloc[0]


def test_columns_and_their_order() -> None:
    contract = (
        "target, part, indicator, quarter, rule, threshold, numerator, denominator, observed_to_date, expected, lower, "
        "upper, level, probability, baseline_probability, verdict, note"
    )
    assert ", ".join(_judged(_single()).promises.columns) == contract


def test_a_row_per_target_then_a_row_per_part() -> None:
    inventory = {"id": "items", "kind": "inventory", **SAID}
    promises = _judged(_composite("any_of"), _single(), inventory).promises
    assert list(zip(promises["target"], promises["part"], strict=True)) == [
        ("both", ""), ("single", ""), ("items", ""), ("both", "north"), ("both", "south"),
    ]  # fmt: skip
    assert set(promises["quarter"]) == {"2020-Q3"}


@pytest.mark.parametrize(("how", "joint"), [("any_of", 0.50), ("all_of", 0.25)])
def test_parts_are_judged_on_the_same_draws(how: str, joint: float) -> None:
    # north in draws 0 and 1, south in draw 0 only; were they independent, any_of were 0.625 and all_of 0.125
    judged = _judged(_composite(how))
    assert _row(judged, "both", "north")["probability"] == 0.50
    assert _row(judged, "both", "south")["probability"] == 0.25
    assert _row(judged, "both")["probability"] == joint


@pytest.mark.parametrize(("how", "joint"), [("any_of", 0.75), ("all_of", 0.005)])
def test_parts_that_exclude_each_other(how: str, joint: float) -> None:
    forecast = _forecast(north=(30, 30, 0, 0), south=(0, 0, 30, 0))
    assert _row(_judged(_composite(how), forecast=forecast), "both")["probability"] == joint


def test_a_composite_has_no_counts_of_its_own_but_a_single_share_has() -> None:
    judged = _judged(_composite("all_of"), _single())
    own = ["threshold", "numerator", "denominator", "observed_to_date", "expected", "lower", "upper"]
    assert _row(judged, "both")[own].isna().all()
    assert _row(judged, "both")["rule"] == "all_of"
    single = _row(judged, "single")
    assert single[["threshold", "numerator", "denominator", "observed_to_date"]].tolist() == [0.30, 30, 150, 0.2]
    # draws end at 60/200, 60/200, 30/200, 30/200
    assert single["expected"] == pytest.approx(0.225)
    assert (single["lower"], single["upper"]) == (pytest.approx(0.15), pytest.approx(0.30))
    assert single["level"] == 0.8
    assert single["verdict"] == "uncertain"
    assert single["note"] == ""


def test_counts_are_whole_numbers_even_beside_missing_ones() -> None:
    assert _judged(_composite("all_of"), _single()).promises["numerator"].dtype == "Int64"


def test_a_part_without_a_future_leaves_the_whole_not_estimated() -> None:
    whole = _judged(_composite("any_of"), forecast=_forecast(south=()))
    assert _row(whole, "both")[["verdict", "note"]].tolist() == ["not_estimated", "not_enough_history"]
    assert pd.isna(_row(whole, "both")["probability"])
    assert _row(whole, "both", "south")["verdict"] == "not_estimated"
    assert _row(whole, "both", "north")["probability"] == 0.50


def test_a_series_nobody_counts_says_so() -> None:
    target_west = {"id": "single", "kind": "share", "parts": {"west": _part("west")}, **SAID}
    assert _row(_judged(target_west), "single")[["verdict", "note"]].tolist() == ["not_estimated", "no_counts"]
    late = _indicators()
    ended = late[~((late["series"] == "north") & (late["period"] == "2020Q3"))]
    target = {"id": "single", "kind": "share", "parts": {"north": _part("north")}, **SAID}
    early = _judged(target, indicators=ended, forecast=_forecast(north=()))
    assert _row(early, "single")[["verdict", "note"]].tolist() == ["not_estimated", "last_period_missing"]
    why = _judged(target_west, uncounted={target_west["parts"]["west"]["indicator"]: "margins_apart"})
    assert _row(why, "single")[["verdict", "note"]].tolist() == ["not_estimated", "margins_apart"]


@pytest.mark.parametrize(("threshold", "verdict", "sure"), [(0.20, "met", 1.0), (0.21, "missed", 0.0)])
def test_at_the_years_end_arithmetic_decides(threshold: float, verdict: str, sure: float) -> None:
    end = pd.DataFrame([("online_of_all", "agency", "north", "2020Q4", 10, 50, 0.2)], columns=_indicators().columns)
    rows = pd.concat([_indicators(), end], ignore_index=True)
    judged = _judged(_single(threshold=threshold), quarter="2020Q4", indicators=rows)
    row = _row(judged, "single")
    assert row[["verdict", "probability", "baseline_probability", "observed_to_date"]].tolist() == [
        verdict, sure, sure, 0.2,
    ]  # fmt: skip
    assert judged.run_rate.empty


def test_the_rest_of_the_year_in_weeks() -> None:
    rate = _judged(_single()).run_rate.iloc[0]
    assert rate["weeks_left"] == pytest.approx(92 / 7)  # 30 September to 31 December
    assert rate["required_share"] == pytest.approx(30 / 50)
    assert rate["current_share"] == pytest.approx(10 / 50)


@pytest.mark.parametrize(
    ("calendar", "quarter", "on", "note"),
    [
        (QUARTERLY, "2020Q2", date(2020, 9, 9), "no_survey_round"),
        (QUARTERLY, "2020Q3", date(2020, 9, 9), "survey_cancelled"),
        (MONTHLY, "2020Q3", date(2020, 9, 14), "survey_cancelled"),
        (MONTHLY, "2020Q3", date(2020, 9, 15), "no_survey_round"),
    ],
)
def test_a_cancelled_survey_is_known_from_its_day_on(
    calendar: dict[str, Any], quarter: str, on: date, note: str
) -> None:
    survey = {"id": "survey", "kind": "survey", "rule": "more_than", "threshold": 0.81, "instrument": "own", **SAID}
    cancelled = {"on": on.isoformat(), "reason": T, "source": "s"}
    instruments = {"own": {"of": "survey", "title": T, "instrument": "provincial", "cancelled": cancelled}}
    row = _row(_judged(survey, calendar=calendar, quarter=quarter, instruments=instruments), "survey")
    assert row[["rule", "threshold", "verdict", "note"]].tolist() == ["more_than", 0.81, "not_estimated", note]


@pytest.mark.parametrize(
    ("target", "note"),
    [
        ({"id": "one", "kind": "inventory", **SAID}, "no_progress_items"),
        ({"id": "one", "kind": "milestones", **SAID}, "no_progress_items"),
        (
            {"id": "one", "kind": "index", "index": "pci", "tiers": ["good", "fair"], "tier": "good", **SAID},
            "no_published_index",
        ),
    ],
)
def test_what_draws_cannot_judge_says_why(target: Any, note: str) -> None:
    row = _row(_judged(target), "one")
    assert row[["verdict", "note"]].tolist() == ["not_estimated", note]
    assert row[["probability", "baseline_probability", "expected", "numerator"]].isna().all()


def test_the_last_quarter_alone_can_be_judged() -> None:
    # Nothing of it is known yet: 30 of 50 in two draws of four, and 0 of 50 in the others.
    row = _row(_judged(_single(threshold=0.5, window="last_quarter")), "single")
    assert (row["numerator"], row["denominator"]) == (0, 0)
    assert row["probability"] == 0.5
    assert row["expected"] == pytest.approx(0.3)
    # The year's 30 of 150 and at most 30 of 50 more never make 50 %.
    assert _row(_judged(_single(threshold=0.5)), "single")["probability"] == 0.005


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=8),
    st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted),
)
def test_a_higher_threshold_is_never_likelier(online: list[int], hundredths: list[int]) -> None:
    forecast = _forecast(north=tuple(online))
    low, high = (
        _row(_judged(_single(threshold=h / 100), forecast=forecast), "single")["probability"] for h in hundredths
    )
    assert high <= low
