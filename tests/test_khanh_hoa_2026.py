"""The exercise of 2026 on the simulated province: every indicator equals what plain pandas found on the same rows."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.simulate.two_tier.folder import write_two_tier
from analysis.faults import BadParameters
from analysis.indicators.measured import indicator_series, living
from analysis.indicators.other_indicators import promised_items
from analysis.parameters import ROOT, RunParameters
from analysis.plan.plan import read_plan
from analysis.quarter import stages

PLAN = ROOT / "parameters" / "plans" / "khanh-hoa-2026.yml"
TRUE_NAMES = {
    "on_time": "on_time",
    "filed_online": "online",
    "full_process": "online_full_process",
    "paid_online": "paid_online",
    "digitised": "digitised",
    "electronic_result": "electronic_result",
    "data_reused": "data_reused",
    "apologised": "apology",
    "days_to_resolve": "days_to_finish",
    "answered_on_time": "feedback_on_time",
    "rated_satisfied_online": "online_satisfied",
}
"""Indicator of the plan → what ``truth.json`` calls it."""


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """The plan, what it counts of a small province known on 5 October 2026, and the truth beside it."""
    folder: Path = tmp_path_factory.mktemp("province")
    write_two_tier(folder, seed=5, scale=0.01, until=date(2026, 10, 5))
    plan = read_plan(PLAN)
    run = RunParameters(
        plan_file="parameters/plans/khanh-hoa-2026.yml", quarter="2026-Q3", as_of=date(2026, 10, 5),
        input_path=str(folder),
    )  # fmt: skip
    received = stages.received_input(run, plan, tmp_path_factory.mktemp("tables"))
    counted = stages.counted_input(plan, run, received)
    cells = counted.of(plan)
    written_out = plan.over(living(plan, cells, through="2026-09"))
    groups = {"agency": ["departments", "communes"]}
    found = indicator_series(written_out, cells, through="2026-09", gaps_are_zero=True, groups=groups)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["calendars"]["month_end"]
    return plan, run, received, counted, found, truth


@pytest.mark.parametrize("indicator", TRUE_NAMES)
def test_an_indicator_counts_what_pandas_counts(tried, indicator):
    *_, found, truth = tried
    found = found[found["indicator"] == indicator]
    above = "total" if indicator == "days_to_resolve" else "numerator"
    for label, months in {"2024": "2024-", "2026Q3": "2026-0[789]", "2025Q3": "2025-0[789]"}.items():
        if (indicator, label) == ("full_process", "2024"):
            continue  # the level was not always recorded then; the indicator looks at the cases that have one
        of_period = found[found["period"].str.match(months)]
        for series in ("total", "departments", "communes"):
            mine, true = of_period[of_period["series"] == series], truth[label][TRUE_NAMES[indicator]][series]
            assert mine["denominator"].sum() == true["denominator"], (label, series)
            assert mine[above].astype(float).sum() == pytest.approx(true["numerator"], abs=1e-3), (label, series)


def test_online_cases_without_a_recorded_dissatisfaction_are_those_pandas_finds(tried):
    _, _, received, _, found, _ = tried
    cases, ratings = pd.read_parquet(received.cases), pd.read_parquet(received.case_ratings)
    last = ratings.sort_values("rated_at", kind="stable").drop_duplicates("case_id", keep="last")
    mine = cases.query("channel == 'online' and outcome == 'resolved'").merge(last, on="case_id", how="left")
    quarter_ = mine[mine["finished_at"].between("2026-07-01", "2026-10-01", inclusive="left")]
    rows = found[(found["indicator"] == "online_not_dissatisfied") & (found["series"] == "total")]
    rows = rows[rows["period"].between("2026-07", "2026-09")]
    assert int(rows["denominator"].sum()) == len(quarter_) > 100
    assert int(rows["numerator"].sum()) == int((quarter_["rating"] != "dissatisfied").sum()) < len(quarter_)


def test_procedures_with_an_online_payment_are_those_pandas_finds(tried):
    plan, run, received, _, _, truth = tried
    evidence = stages.evidence_of(plan, received, as_of=run.as_of)
    items = promised_items(
        plan, plan.targets["paid_by_procedures"], evidence.catalogue, evidence.progress, evidence.service_days,
        as_of=run.as_of,
    ).table  # fmt: skip
    # The truth of the year counts to the last day known, the five days of October included.
    true = truth["2026"]["procedures_paid_online"]["total"]
    assert (len(items), int(items["done_on"].notna().sum())) == (true["denominator"], true["numerator"])


def test_a_promise_on_a_body_nobody_has_is_refused_with_the_nearest(tried):
    plan, _, _, counted, *_ = tried
    part = plan.targets["on_time_blocks"].parts["departments"].model_copy(update={"series": "xa-0l"})
    blocks = plan.targets["on_time_blocks"].model_copy(update={"parts": {"departments": part}, "combine": None})
    wrong = plan.model_copy(update={"targets": {"on_time_blocks": blocks}})
    with pytest.raises(BadParameters, match="agency has no 'xa-0l'; did you mean 'xa-"):
        stages.refuse_unknown_series(wrong, counted)
