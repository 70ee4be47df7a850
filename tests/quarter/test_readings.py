"""A plan read one way and another, on the committed demo and on cases made for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data.ingest.received import Calendar, receive
from analysis.data.measure import Counting
from analysis.data.measures import count_measures
from analysis.forecast.rest_of_year import PathMemory
from analysis.indicators.measured import dimensions_of, indicator_series, living
from analysis.parameters import ROOT
from analysis.plan.plan import Plan, read_plan
from analysis.plan.promises import Measured
from analysis.quarter import readings, stages
from analysis.quarter.readings import Counted, DrawSettings, measures_needed, readings_of

Q3 = pd.Period("2021Q3")
DRAWN = DrawSettings(draw_count=200, seed=1)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")


@pytest.fixture(scope="module")
def received(tmp_path_factory):
    kept = tmp_path_factory.mktemp("kept")
    return receive(
        ROOT / "data" / "demo",
        None,
        as_of=date(2021, 9, 20),
        calendar=Calendar("M", 14),
        reject_limit=0.05,
        tables_folder=Path(kept),
    )


def _counted(plan: Plan, received, own: int | None = 14) -> Counted:
    """Return what a plan counts under its own answers and every other single one."""
    wanted = readings_of(plan, {})
    cells = {
        day: count_measures(measures, received, Counting(date(2021, 9, 20), "M", day, own, dimensions_of(wanted)))
        for day, measures in measures_needed(wanted).items()
    }
    return Counted(cells, False, tuple(sorted(received.counts["period"].unique())))


@pytest.fixture(scope="module")
def counted(plan: Plan, received) -> Counted:
    return _counted(plan, received)


def _year(counted: Counted, plan: Plan, indicator: str, series: str = "total", **answers: str) -> tuple[int, int]:
    read = plan.answered(answers)
    groups = {"field": ["named_fields"]}
    shares = indicator_series(read, counted.of(read), through="2021-09", gaps_are_zero=False, groups=groups)
    mine = shares[(shares["indicator"] == indicator) & (shares["series"] == series)]
    year = mine[mine["period"].str.startswith("2021")]
    return int(year["numerator"].sum()), int(year["denominator"].sum())


def _sum(table: pd.DataFrame, column: str, where: pd.Series | None = None) -> int:
    year = table["period"].between("2021-01", "2021-09")
    return int(table.loc[year if where is None else year & where, column].sum())


@pytest.mark.slow
def test_every_answer_counts_what_it_says(counted: Counted, plan: Plan, received) -> None:
    counts, desk = received.counts, received.workload
    online, post = counts["channel"] == "online", counts["channel"] == "post"
    vertical = counts["agency"].isin(["cucthue", "bhxhtinh", "ca", "nhnn"])
    whole = _sum(counts, "resolved")
    assert _year(counted, plan, "online_of_all") == (_sum(counts, "resolved", online), whole)
    assert _year(counted, plan, "online_of_all", uptake_base="received") == (
        _sum(counts, "received", online), _sum(counts, "received"),
    )  # fmt: skip
    assert _year(counted, plan, "online_of_all", postal_cases="left_out") == (
        _sum(counts, "resolved", online), _sum(counts, "resolved", ~post),
    )  # fmt: skip
    assert _year(counted, plan, "online_of_all", vertical_bodies="left_out") == (
        _sum(counts, "resolved", online & ~vertical), _sum(counts, "resolved", ~vertical),
    )  # fmt: skip
    late, early = counts["timeliness"] == "late", counts["timeliness"] == "early"
    assert _year(counted, plan, "overdue") == (_sum(counts, "resolved", late), whole)
    assert _year(counted, plan, "overdue", overdue_interpretation="early_literal") == (
        _sum(counts, "resolved", early), whole,
    )  # fmt: skip
    assert _year(counted, plan, "overdue", overdue_denominator="due") == (_sum(desk, "due_late"), _sum(desk, "due"))
    assert _year(counted, plan, "overdue", overdue_denominator="workload") == (
        _sum(desk, "resolved_late") + _sum(desk, "overdue_at_end"), _sum(desk, "carried_in") + _sum(desk, "received"),
    )  # fmt: skip
    assert _year(counted, plan, "overdue", postal_cases="left_out") == (_sum(counts, "resolved", late), whole)


def _written_out(plan: Plan, counted: Counted, **answers: str) -> Plan:
    read = plan.answered(answers)
    return read.over(living(read, counted.of(read), through="2021-09"))


def test_fields_are_judged_each_or_together(counted: Counted, plan: Plan, received) -> None:
    members = plan.groups["field"]["named_fields"].members

    def overdue(**answers: str) -> Measured:
        written = _written_out(plan, counted, **answers).targets["overdue"]
        assert isinstance(written, Measured)
        return written

    assert [part.series for part in overdue().parts.values()] == list(members)
    pooled = overdue(overdue_scope="pooled")
    assert (pooled.combine, [part.series for part in pooled.parts.values()]) == (None, ["named_fields"])
    counts = received.counts
    named, late = counts["field"].isin(members), counts["timeliness"] == "late"
    assert _year(counted, plan, "overdue", "named_fields", overdue_scope="pooled") == (
        _sum(counts, "resolved", named & late), _sum(counts, "resolved", named),
    )  # fmt: skip


def test_without_the_bodies_left_out_a_promise_is_on_the_fields_that_are_left(counted: Counted, plan: Plan) -> None:
    written = _written_out(plan, counted, vertical_bodies="left_out")
    left = {part.series for target in written.measured for part in target.parts.values()} - {"total"}
    # Tax and social insurance are handled by their own bodies only.
    assert set(plan.groups["field"]["named_fields"].members) - left == {"thue", "bhxh"}


def _until(counted: Counted, last: str, day: int | None = None) -> Counted:
    """Return what is counted up to a period, the months given as those of another last day."""
    cells = {
        measure: one if isinstance(one, str) else one[one["period"] <= last]
        for measure, one in counted.cells[14].items()
    }
    return Counted({day: cells}, counted.of_cases, counted.labels)


@pytest.mark.slow
def test_a_month_that_was_not_over_is_forecast_with_those_after_it(plan: Plan, received, counted: Counted) -> None:
    facts = stages.evidence_of(plan, received, as_of=date(2021, 9, 20))
    by_calendar = plan.answered({"month_end": "calendar"})
    only = by_calendar.model_copy(update={"targets": {"online_uptake": by_calendar.targets["online_uptake"]}})
    # What was over by the end of August, as months of the calendar.
    august = _until(counted, "2021-08")
    then = readings.evaluate_plan(only, Q3, august, facts, DRAWN, diagnose=False)
    row = then.attainment.promises.query("target == 'online_uptake' and part == 'of_all'").iloc[0]
    counts = received.counts[received.counts["period"] <= "2021-08"]
    assert (row["numerator"], row["denominator"]) == (
        _sum(counts, "resolved", counts["channel"] == "online"), _sum(counts, "resolved"),
    )  # fmt: skip
    assert sorted(then.forecast.draws["period"].unique()) == ["2021-09", "2021-10", "2021-11", "2021-12"]
    # A year whose last month was not over is not decided.
    last = readings.evaluate_plan(only, pd.Period("2021Q4"), _until(counted, "2021-11"), facts, DRAWN, diagnose=False)
    row = last.attainment.promises.query("target == 'online_uptake' and part == 'of_all'").iloc[0]
    assert 0 < row["probability"] < 1


@pytest.mark.slow
def test_the_table_says_what_each_other_answer_changes(plan: Plan, received, counted: Counted) -> None:
    facts = stages.evidence_of(plan, received, as_of=date(2021, 9, 20))
    asked: list[str] = []
    questions = {name: plan.questions[name] for name in ("uptake_base", "overdue_scope", "month_end")}
    questions["uptake_base"] = questions["uptake_base"].model_copy(update={"ruled_by": "UBND tỉnh"})
    narrowed = plan.model_copy(update={"questions": questions})
    memory = PathMemory()
    now = readings.evaluate_plan(narrowed, Q3, counted, facts, DRAWN, memory=memory)
    table = readings.sensitivity(
        narrowed, {}, Q3, now.attainment.promises, counted, facts, DRAWN, memory=memory, report_progress=asked.append
    )
    # What was ruled on is not asked; each other question is, of the promises it touches.
    assert asked == ["overdue_scope = pooled", "month_end = calendar"]
    assert list(zip(table["question"], table["target"], strict=True)) == [
        ("overdue_scope", "overdue"), ("month_end", "satisfaction"), ("month_end", "online_uptake"),
        ("month_end", "overdue"),
    ]  # fmt: skip
    pooled = table.iloc[0]
    assert pooled["verdict"] == "very_likely"
    assert pooled["chosen_verdict"] == "very_unlikely"
    assert pooled["changes"]
    assert table["note"].tolist() == ["", "counts_only", "counts_only", "counts_only"]
    # The other way about: a run that gives the answer itself says what the table says.
    read = narrowed.answered({"overdue_scope": "pooled"})
    read_so = readings.evaluate_plan(read, Q3, counted, facts, DRAWN, memory=memory, diagnose=False)
    promises = read_so.attainment.promises
    assert promises.loc[promises["target"] == "overdue", "probability"].tolist() == [pooled["probability"]]


@pytest.mark.slow
def test_a_survey_an_index_and_an_indicator_each_have_their_verdict(plan: Plan, received, counted: Counted) -> None:
    ratings = {"of": "indicator", "title": {"vi": "v", "en": "Ratings"}, "indicator": "rated_satisfied"}
    document = plan.model_dump(mode="json", by_alias=True)
    document["instruments"]["ratings"] = ratings
    question = document["questions"]["instrument"]
    question["answers"]["ratings"] = {
        "reading": ratings["title"], "patch": {"targets": {"satisfaction": {"instrument": "ratings"}}},
    }  # fmt: skip
    document |= {
        "questions": {"instrument": question},
        "targets": {"satisfaction": document["targets"]["satisfaction"]},
    }
    asks = Plan.model_validate(document)
    facts = stages.evidence_of(asks, received, as_of=date(2021, 9, 20))
    now = readings.evaluate_plan(asks, Q3, counted, facts, DRAWN, diagnose=False)
    table = readings.sensitivity(asks, {}, Q3, now.attainment.promises, counted, facts, DRAWN)
    assert table["answer"].tolist() == ["sipas", "ratings"]
    assert set(table["chosen_verdict"]) == {"not_estimated"}  # the survey was called off
    by = table.set_index("answer")
    assert by.loc["sipas", "note"] == "not_enough_rounds"
    above, below = _year(counted, plan, "rated_satisfied")
    assert by.loc["ratings", "observed_to_date"] == above / below
    assert by.loc["ratings", "verdict"] not in ("not_estimated", "met", "missed")
    assert by.loc["ratings", "changes"]
    # A run that gives the answer says what the table says, with all that a share has.
    read = readings.evaluate_plan(asks.answered({"instrument": "ratings"}), Q3, counted, facts, DRAWN, diagnose=False)
    (row,) = read.attainment.promises.to_dict("records")
    assert (row["indicator"], row["numerator"], row["denominator"]) == ("rated_satisfied", above, below)
    assert row["probability"] == by.loc["ratings", "probability"]
    assert len(read.attainment.baselines)
    assert len(read.gap)


@pytest.mark.slow
def test_the_gap_is_of_the_whole_only_and_its_counts_add_up(plan: Plan, received, counted: Counted) -> None:
    facts = stages.evidence_of(plan, received, as_of=date(2021, 9, 20))
    only = plan.model_copy(update={"targets": {"online_uptake": plan.targets["online_uptake"]}})
    now = readings.evaluate_plan(only, Q3, counted, replace(facts), DRAWN, diagnose=False)
    assert set(now.gap["part"]) == {"of_all", "of_published"}
    promises = now.attainment.promises.set_index("part")
    for dimension in ("agency", "field"):
        mine = now.gap[(now.gap["part"] == "of_all") & (now.gap["dimension"] == dimension)]
        assert int(mine["denominator"].sum()) == promises.loc["of_all", "denominator"]
        assert np.isclose(mine["probability"].unique(), promises.loc["of_all", "probability"]).all()
        assert (mine["probability_if"] >= mine["probability"]).all()


def test_cut_along_the_channel_the_pieces_make_up_the_whole(plan: Plan, counted: Counted) -> None:
    series = indicator_series(plan, counted.of(plan), through="2018-12", gaps_are_zero=False, groups={})
    sums = ["numerator", "denominator"]
    assert set(series.loc[series["dimension"] == "channel", "series"]) == {"counter", "online", "post"}
    for indicator in ("overdue", "rated_satisfied"):
        mine = series[series["indicator"] == indicator]
        cut = mine[mine["dimension"] == "channel"]
        pieces, total = (one.groupby("period")[sums].sum() for one in (cut, mine[mine["dimension"] == "total"]))
        pd.testing.assert_frame_equal(pieces, total)


@pytest.mark.slow
def test_nothing_is_cut_along_a_dimension_the_source_lacks(plan: Plan, received) -> None:
    without = replace(received, **{
        name: getattr(received, name).assign(district=None) for name in ("counts", "workload", "ratings")
    })  # fmt: skip
    counted = _counted(plan, without)
    series = indicator_series(plan, counted.of(plan), through="2021-09", gaps_are_zero=False, groups={})
    assert "district" not in set(series["dimension"])
    assert {"total", "agency", "field", "channel"} <= set(series["dimension"])
