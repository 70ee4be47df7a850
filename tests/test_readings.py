"""A plan read one way and another, on the committed demo and on cases made for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import quarter, readings
from analysis.data.ingest.received import Calendar, receive
from analysis.interpretation import Interpretation
from analysis.parameters import ROOT
from analysis.plan import Plan, read_plan
from analysis.promises import ShareTarget
from analysis.readings import CaseCounts, DrawSettings

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


@pytest.fixture(scope="module")
def counted(received) -> CaseCounts:
    return CaseCounts(received.counts, received.workload, received.ratings).known(pd.Period("2021-09"))


def _year(counted: CaseCounts, plan: Plan, indicator: str, series: str = "total", **answers: str) -> tuple[int, int]:
    shares = readings.measured_shares(plan, counted, Interpretation(**answers))
    mine = shares[(shares["indicator"] == indicator) & (shares["series"] == series)]
    year = mine[mine["period"].str.startswith("2021")]
    return int(year["numerator"].sum()), int(year["denominator"].sum())


def _sum(table: pd.DataFrame, column: str, where: pd.Series | None = None) -> int:
    year = table["period"].str.startswith("2021")
    return int(table.loc[year if where is None else year & where, column].sum())


def test_every_answer_counts_what_it_says(counted: CaseCounts, plan: Plan) -> None:
    counts, desk = counted.counts, counted.workload
    online, post = counts["channel"] == "online", counts["channel"] == "post"
    vertical = counts["agency"].isin(plan.vertical_bodies)
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


def test_fields_are_judged_each_or_together(counted: CaseCounts, plan: Plan) -> None:
    def overdue(**answers: str) -> ShareTarget:
        written = readings._over(plan, counted.counts, Interpretation(**answers))
        return next(one for one in written.share_targets if one.id == "overdue")

    assert [part.series for part in overdue().parts] == list(plan.groups["named_fields"])
    pooled = overdue(overdue_scope="pooled")
    assert (pooled.combine, [part.series for part in pooled.parts]) == (None, ["named_fields"])
    written = readings._over(plan, counted.counts, Interpretation(overdue_scope="pooled"))
    named = counted.counts["field"].isin(plan.groups["named_fields"])
    late = counted.counts["timeliness"] == "late"
    assert _year(counted, written, "overdue", "named_fields", overdue_scope="pooled") == (
        _sum(counted.counts, "resolved", named & late), _sum(counted.counts, "resolved", named),
    )  # fmt: skip


def test_without_the_bodies_left_out_a_promise_is_on_the_fields_that_are_left(counted: CaseCounts, plan: Plan) -> None:
    written = readings._over(plan, counted.counts, Interpretation(vertical_bodies="left_out"))
    left = {part.series for target in written.share_targets for part in target.parts} - {"total"}
    # Tax and social insurance are handled by their own bodies only.
    assert set(plan.groups["named_fields"]) - left == {"thue", "bhxh"}


@pytest.mark.slow
def test_a_month_that_was_not_over_is_forecast_with_those_after_it(plan: Plan, received, counted: CaseCounts) -> None:
    facts = quarter._evidence(plan, received, as_of=date(2021, 9, 20))
    august = counted.known(pd.Period("2021-08"))
    whole = CaseCounts(august.counts, august.workload, counted.ratings)
    then = readings.evaluate_plan(plan, Q3, whole, facts, Interpretation(month_end="calendar"), DRAWN)
    row = then.attainment.promises.query("target == 'online_uptake' and part == 'of_all'").iloc[0]
    assert (row["numerator"], row["denominator"]) == _year(august, plan, "online_of_all")
    assert sorted(then.forecast.draws["period"].unique()) == ["2021-09", "2021-10", "2021-11", "2021-12"]
    # A year whose last month was not over is not decided.
    november = CaseCounts(*(table[table["period"] <= "2021-11"] for table in (
        received.counts, received.workload, received.ratings)))  # fmt: skip
    last = readings.evaluate_plan(
        plan, pd.Period("2021Q4"), november, facts, Interpretation(month_end="calendar"), DRAWN
    )
    row = last.attainment.promises.query("target == 'online_uptake' and part == 'of_all'").iloc[0]
    assert 0 < row["probability"] < 1


def test_periods_of_the_calendar_are_over_on_their_last_day() -> None:
    counts = pd.DataFrame({"period": ["2021-08", "2021-09"], "resolved": [5, 2]})
    assert quarter._over_by(date(2021, 9, 29), counts)["period"].tolist() == ["2021-08"]
    assert quarter._over_by(date(2021, 9, 30), counts)["period"].tolist() == ["2021-08", "2021-09"]


@pytest.mark.slow
def test_the_table_says_what_each_other_answer_changes(plan: Plan, received, counted: CaseCounts) -> None:
    facts = quarter._evidence(plan, received, as_of=date(2021, 9, 20))
    now = readings.evaluate_plan(plan, Q3, counted, facts, Interpretation(), DRAWN)
    asked: list[str] = []
    settings = {name: plan.settings[name] for name in ("uptake_base", "overdue_scope", "month_end")}
    settings["uptake_base"] = settings["uptake_base"].model_copy(update={"ruled_by": "UBND tỉnh"})
    narrowed = plan.model_copy(update={"settings": settings})

    def counted_as(chosen: Interpretation) -> CaseCounts | str:
        return "counts_only" if chosen.month_end == "calendar" else counted

    table = readings.sensitivity(
        narrowed, Q3, now.attainment.promises, counted_as, facts, Interpretation(), DRAWN, report_progress=asked.append
    )
    # What was ruled on is not asked; each other question is, of the promises it touches.
    assert asked == ["overdue_scope = pooled", "month_end = calendar"]
    assert list(zip(table["setting"], table["target"], strict=True)) == [
        ("overdue_scope", "overdue"), ("month_end", "online_uptake"), ("month_end", "overdue"),
    ]  # fmt: skip
    pooled = table.iloc[0]
    assert pooled["verdict"] == "very_likely"
    assert pooled["chosen_verdict"] == "very_unlikely"
    assert pooled["changes"]
    assert table["note"].tolist() == ["", "counts_only", "counts_only"]
    # The other way about: a run that gives the answer itself says what the table says.
    read_so = readings.evaluate_plan(plan, Q3, counted, facts, Interpretation(overdue_scope="pooled"), DRAWN)
    promises = read_so.attainment.promises
    assert promises.loc[promises["target"] == "overdue", "probability"].tolist() == [pooled["probability"]]


@pytest.mark.slow
def test_the_gap_is_of_the_whole_only_and_its_counts_add_up(plan: Plan, received, counted: CaseCounts) -> None:
    facts = quarter._evidence(plan, received, as_of=date(2021, 9, 20))
    only = plan.model_copy(update={"targets": tuple(one for one in plan.targets if one.id == "online_uptake")})
    now = readings.evaluate_plan(only, Q3, counted, replace(facts), Interpretation(), DRAWN)
    assert set(now.gap["part"]) == {"of_all", "of_published"}
    promises = now.attainment.promises.set_index("part")
    for dimension in ("agencies", "fields"):
        mine = now.gap[(now.gap["part"] == "of_all") & (now.gap["dimension"] == dimension)]
        assert int(mine["denominator"].sum()) == promises.loc["of_all", "denominator"]
        assert np.isclose(mine["probability"].unique(), promises.loc["of_all", "probability"]).all()
        assert (mine["probability_if"] >= mine["probability"]).all()


@pytest.mark.slow
def test_a_plan_of_another_year_and_other_rules_needs_no_code(received, counted: CaseCounts) -> None:
    later = read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2024.yml")

    def moved(table: pd.DataFrame) -> pd.DataFrame:
        years = table["period"].str[:4].astype(int) + 3
        return table.assign(period=years.astype(str) + table["period"].str[4:])

    there = CaseCounts(*(moved(table) for table in (counted.counts, counted.workload, counted.ratings)))
    facts = quarter._evidence(later, received, as_of=date(2024, 10, 5))
    chosen = later.interpretation({})
    now = readings.evaluate_plan(later, pd.Period("2024Q3"), there, facts, chosen, DRAWN)
    promises = now.attainment.promises
    whole = promises[promises["part"] == ""].set_index("target")
    assert list(whole.index) == ["online", "on_time", "satisfaction", "published", "integrated", "pci"]
    # Received and without the post, as that plan is read.
    counts = there.counts[there.counts["channel"] != "post"]
    year = counts[counts["period"].str.startswith("2024")]
    assert whole.loc["online", "denominator"] == year["received"].sum()
    assert (whole.loc["online", "rule"], whole.loc["online", "threshold"]) == ("more_than", 0.432)
    bodies = promises[(promises["target"] == "on_time") & (promises["part"] != "")]
    assert set(bodies["part"]) == set(there.counts["agency"].dropna())
    due = there.workload[there.workload["period"].str.startswith("2024")].groupby("agency")["due"].sum()
    assert bodies.set_index("part")["denominator"].astype(int).to_dict() == due.astype(int).to_dict()
    assert whole.loc[["published", "integrated"], "note"].tolist() == ["", ""]
    assert whole.loc["pci", "indicator"] == "pci"
    assert whole.loc["satisfaction", ["indicator", "note"]].tolist() == ["sipas", "not_enough_rounds"]


def test_cut_along_the_channel_the_pieces_make_up_the_whole(plan, received):
    counted = CaseCounts(received.counts, received.workload, received.ratings).known(pd.Period("2018-12", "M"))
    chosen = Interpretation()
    cut = readings.measured_by_dimension(plan, counted, chosen, "channel")
    assert set(cut["series"]) == {"counter", "online", "post"}
    whole = readings.measured_shares(plan, counted, chosen).query("series == 'total'")
    sums = ["numerator", "denominator"]
    pieces, total = (frame.groupby(["indicator", "period"])[sums].sum() for frame in (cut, whole))
    pd.testing.assert_frame_equal(pieces, total)
    # all that is filed online is online
    online = cut[(cut["indicator"] == "online_of_all") & (cut["series"] == "online")]
    assert (online["numerator"] == online["denominator"]).all()


def test_nothing_is_cut_along_a_dimension_the_source_lacks(plan, received):
    counted = CaseCounts(
        *(table.assign(district=None) for table in (received.counts, received.workload, received.ratings))
    )
    assert readings.measured_by_dimension(plan, counted, Interpretation(), "district").empty
