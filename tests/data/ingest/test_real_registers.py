"""Boston's register of 2015: what our rules make of real cases agrees with what the city says of them."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.counting import count_cases
from analysis.data.ingest.table import ingest
from analysis.data.sources.mapping import read_mapping
from analysis.parameters import ROOT

pytestmark = pytest.mark.slow
MAPPING = read_mapping(ROOT / "parameters" / "sources" / "boston311.yml")


@pytest.fixture(scope="module")
def register():
    """The rows as published, by Python alone."""
    if not os.environ.get("DUNGHEN_REAL_DATA"):
        pytest.skip("DUNGHEN_REAL_DATA does not say where the register of Boston is")
    path = Path(os.environ["DUNGHEN_REAL_DATA"]) / "boston311" / "cases.csv.gz"
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return path, list(csv.DictReader(file))


@pytest.fixture(scope="module")
def brought(register, tmp_path_factory):
    into = tmp_path_factory.mktemp("boston") / "cases.parquet"
    intake = ingest(str(register[0]), MAPPING, into, extracted_on=MAPPING.extracted_on, reject_limit=0.05)
    return intake, into


def test_every_row_is_accepted_or_rejected(register, brought):
    _, rows = register
    intake, into = brought
    assert intake.rows == len(rows) == 121_145
    assert len(pd.read_parquet(into)) + len(intake.rejected) == len(rows)
    # Of a row rejected only because another of its case is kept, the raw text is the identifier that both have.
    for line, code, raw in intake.rejected[["line", "code", "raw"]].to_numpy():
        assert code != "duplicate_case_id" or f"={rows[line - 2]['case_enquiry_id']}; " in f"; {raw}; "


def test_lateness_is_what_the_city_says_of_every_case_it_says_anything_of(register, brought):
    _, rows = register
    cases = pd.read_parquet(brought[1]).set_index("case_id")[["outcome", "finished_at", "due_at"]].to_dict("index")
    assert MAPPING.due_precision == "instant"
    # Open cases are judged at the end of the day of the extraction.
    closing = datetime.combine(MAPPING.extracted_on, datetime.min.time()) + timedelta(days=1)
    disagreed, judged = Counter(), Counter()
    for row in rows:
        case = cases.get(row["CASE_ENQUIRY_ID"])
        if case is None or not row["TARGET_DT"]:
            continue
        finished = closing if case["outcome"] == "open" else case["finished_at"]
        ours = "OVERDUE" if finished > case["due_at"] else "ONTIME"
        judged[case["outcome"]] += 1
        if ours != row["OnTime_Status"]:
            disagreed[case["outcome"], row["OnTime_Status"]] += 1
    assert judged["resolved"] > 70_000
    assert judged["open"] > 10_000
    # Wherever the two differ, the city has left its judgement blank.
    assert disagreed == {("resolved", ""): 82, ("open", ""): 71}


def test_counts_by_month_are_those_of_plain_loops(register, brought):
    _, rows = register
    kept = set(pd.read_parquet(brought[1], columns=["case_id"])["case_id"])
    received, resolved, late = Counter(), Counter(), Counter()
    for row in rows:
        if row["CASE_ENQUIRY_ID"] in kept:
            received[row["OPEN_DT"][:7]] += 1
            if row["CASE_STATUS"] == "Closed":
                resolved[row["CLOSED_DT"][:7]] += 1
                late[row["CLOSED_DT"][:7]] += bool(row["TARGET_DT"]) and row["CLOSED_DT"] > row["TARGET_DT"]
    counts = count_cases(
        brought[1], as_of=MAPPING.extracted_on, cutoff_day=None, frequency="M", due_precision="instant"
    )
    sums = counts.groupby("period")[["received", "resolved"]].sum()
    assert {period: cases for period, cases in sums["received"].items() if cases} == received
    assert {period: cases for period, cases in sums["resolved"].items() if cases} == resolved
    overdue = counts[counts["timeliness"] == "late"].groupby("period")["resolved"].sum().to_dict()
    assert overdue == {period: cases for period, cases in late.items() if cases}


def test_the_past_is_rebuilt_as_it_was(register, brought):
    _, rows = register
    kept = set(pd.read_parquet(brought[1], columns=["case_id"])["case_id"])
    counts = count_cases(brought[1], as_of=date(2015, 6, 30), cutoff_day=None, frequency="Q", due_precision="instant")
    known = [row for row in rows if row["CASE_ENQUIRY_ID"] in kept and row["OPEN_DT"] < "2015-07-01"]
    closed = [row for row in known if row["CASE_STATUS"] == "Closed" and row["CLOSED_DT"] < "2015-07-01"]
    assert (counts["received"].sum(), counts["resolved"].sum()) == (len(known), len(closed))
    assert set(counts["period"]) == {"2015Q1", "2015Q2"}
