"""A small register of permits, with a plan of its own: 15 of the 40 cases of the year so far have no field."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from analysis.parameters import RunParameters
from analysis.plan.plan import read_plan
from analysis.quarter import inputs, stages
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.results import Results

COMMON = 'kind: share, reported: "…", indicator: on_time, rule: at_least, threshold: 0.9'
PLAN = f"""
title: {{vi: Giấy phép, en: Permits}}
year: 2021
calendar: {{frequency: Q}}
source: made up
scope: {{vi: toàn tỉnh, en: the whole province}}
unit: {{vi: hồ sơ, en: cases}}
groups:
  field:
    old_and_new: {{title: {{vi: Hai lĩnh vực, en: Two fields}}, members: [land, water], former: [forest]}}
targets:
  each_field: {{{COMMON}, title: {{vi: Từng lĩnh vực, en: Each field}}, each: {{of: field}}}}
  group: {{{COMMON}, title: {{vi: Nhóm, en: The group}}, dimension: field, series: old_and_new}}
  whole: {{{COMMON}, title: {{vi: Toàn bộ, en: All}}}}
  land: {{{COMMON}, title: {{vi: Đất đai, en: Land}}, dimension: field, series: land}}
"""
ROWS = [
    ("2020Q4", None, "on_time", 100),
    ("2021Q1", "land", "on_time", 6),
    ("2021Q1", "land", "late", 1),
    ("2021Q1", None, "late", 3),
    ("2021Q2", "civil", "on_time", 10),
    ("2021Q3", "forest", "on_time", 8),
    ("2021Q3", None, "on_time", 12),
]


def register(folder: Path, *, all_have_a_field: bool = False) -> RunParameters:
    """Write the plan and the counts into a folder, and return the run of the third quarter on them."""
    received = folder / "received"
    received.mkdir()
    counts = pd.DataFrame(ROWS, columns=["period", "field", "timeliness", "resolved"]).assign(agency="stp")
    if all_have_a_field:
        counts["field"] = counts["field"].fillna("civil")
    counts.to_parquet(received / "counts.parquet")
    (received / "about.yml").write_text("title: t\nsource: s\nextracted_on: 2021-10-01\n", encoding="utf-8")
    plan = folder / "permits.yml"
    plan.write_text(PLAN, encoding="utf-8")
    return RunParameters(
        plan_file=str(plan), quarter="2021-Q3", as_of=date(2021, 10, 1), input_path=str(received), draw_count=200
    )


def results(run: RunParameters, kept: Path) -> Results:
    """Return the results of the run, computed without being stored."""
    plan = read_plan(Path(run.plan_file))
    made_of = Fingerprint("parameters", "plan", "data", stages.CODE)
    return stages.compute(run, plan, inputs.received_input(run, plan, kept), made_of)
