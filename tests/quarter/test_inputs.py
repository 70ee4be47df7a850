"""What an input lacks of the year so far is said: its end, its beginning, or periods in between."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import small_quarter
from analysis.data.contracts import Counts, Margins, check, with_missing_columns
from analysis.data.ingest.received import RunInput
from analysis.data.margins import MarginTable, Part, part_column
from analysis.faults import BadData, BadParameters
from analysis.indicators.measured import measures_of
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.plan.plan import Plan, read_plan
from analysis.quarter.inputs import (
    counted_input,
    counts_of_the_quarter,
    received_input,
    refuse_unknown_series,
    refuse_wrong_kinds,
)
from analysis.quarter.readings import Counted
from run_inputs import run_input

MONTHS = [f"2021-{month:02d}" for month in range(1, 10)]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml")


@pytest.fixture(scope="module")
def received(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> RunInput:
    given = small_quarter.small_inputs(tmp_path_factory.mktemp("small"))
    run = read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", **given)
    return received_input(run, plan, Path(tmp_path_factory.mktemp("tables")))


def _counts(plan: Plan, received: RunInput, labels: list[str]) -> pd.DataFrame:
    counts = received.counts[received.counts["period"].isin(labels)]
    return counts_of_the_quarter(plan, replace(received, counts=counts), pd.Period("2021Q3"))


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([], "the data has no row of any period; 2021-01 to 2021-09 was expected"),
        (["2020-11", "2020-12"], "the data does not reach the quarter: it ends with 2020-12, and 2021-09 was expected"),
        (MONTHS[:7], "the data does not reach the quarter: it ends with 2021-07, and 2021-09 was expected"),
        (MONTHS[2:], "the data begins with 2021-03, and 2021-01 was expected"),
        (
            [*MONTHS[:2], *MONTHS[3:]],
            "the data has rows for 2021-02 and 2021-04 but none, of any body, for 2021-03 between them",
        ),
        (
            ["2020-12", *MONTHS[1:4], *MONTHS[6:]],
            "the data has rows for 2020-12 and 2021-02 but none, of any body, for 2021-01 between them; "
            "the data has rows for 2021-04 and 2021-07 but none, of any body, for 2021-05 to 2021-06 between them",
        ),
        (
            [*MONTHS[:3], *MONTHS[4:8]],
            "the data does not reach the quarter: it ends with 2021-08, and 2021-09 was expected; "
            "the data has rows for 2021-03 and 2021-05 but none, of any body, for 2021-04 between them",
        ),
    ],
)
def test_what_the_whole_data_lacks_is_refused_by_where_it_lies(
    plan: Plan, received: RunInput, labels: list[str], told: str
) -> None:
    with pytest.raises(BadData, match=f"^{re.escape(told)}$"):
        _counts(plan, received, labels)


def test_a_month_of_the_quarter_that_is_missing_before_a_later_one_is_a_gap_and_no_end(
    plan: Plan, received: RunInput
) -> None:
    with pytest.raises(
        BadData, match=r"^the data has rows for 2021-08 and 2021-10 but none, of any body, for 2021-09 "
    ):
        _counts(plan, received, [*MONTHS[:8], "2021-10"])


def test_a_month_that_one_body_lacks_is_no_refusal(plan: Plan, received: RunInput) -> None:
    counts = received.counts
    lacking = counts[(counts["agency"] != "stp") | (counts["period"] != "2021-03")]
    assert len(lacking) < len(counts)
    found = counts_of_the_quarter(plan, replace(received, counts=lacking), pd.Period("2021Q3"))
    assert set(MONTHS) <= set(found["period"])
    assert found["period"].max() == "2021-09"


def _plan(numerator: dict[str, Any]) -> Plan:
    words = {"vi": "v", "en": "e"}
    promise = {"kind": "share", "title": words, "reported": "…", "indicator": "late", "rule": "at_most"}
    return Plan.model_validate(
        {
            "title": words, "year": 2021, "calendar": {"frequency": "M"}, "source": "s", "scope": words, "unit": words,
            "indicators": {"late": {"form": "share", "title": words, "numerator": numerator, "by": ["agency"]}},
            "groups": {"agency": {"stp": {"title": words, "members": ["stp", "syt"]}}},
            "targets": {"t": promise | {"threshold": 0.1, "dimension": "agency", "series": "stp"}},
        }
    )  # fmt: skip


def test_a_group_is_not_called_as_a_body_of_the_data() -> None:
    plan = _plan({"late": True})
    (measure,) = measures_of(plan).values()
    cells = pd.DataFrame({"period": ["2021-01"], "agency": ["syt"], "numerator": [1], "denominator": [9]})
    refuse_unknown_series(plan, Counted({None: {measure: cells}}, False, ("2021-01",)))
    both = pd.concat([cells, cells.assign(agency="stp")])
    with pytest.raises(BadParameters, match=r"^plan: groups\.agency\.stp: the data has this code of agency; another"):
        refuse_unknown_series(plan, Counted({None: {measure: both}}, False, ("2021-01",)))


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"paid": "by-card"}, "paid holds a flag, and is asked for a code"),
        (
            {"any_of": [{"channel": "online"}, {"paid": {"at_least": 1}}]},
            "paid holds a flag, and is asked for a number",
        ),
        ({"channel": {"not": True}}, "channel holds a code, and is asked for a flag"),
        ({"accepted_at": {"before": "channel"}}, "channel holds a code, and is asked for a time"),
    ],
)
def test_a_column_is_not_asked_for_what_it_does_not_hold(condition: dict, told: str) -> None:
    margins = MarginTable(pd.DataFrame(), {"paid": Part(of="resolved", where={"paid": True})})
    refuse_wrong_kinds(_plan({"paid": True, "channel": ["online"], "due_at": "known"}), run_input(margins=margins))
    with pytest.raises(BadParameters, match=f"^plan: indicators.late: {told}$"):
        refuse_wrong_kinds(_plan(condition), run_input(margins=margins))


def test_what_stands_beside_the_counts_has_the_plans_periods_where_it_is_counted() -> None:
    counts = pd.DataFrame({"period": MONTHS, "agency": "stp", "timeliness": "late", "resolved": 5})
    margins = pd.DataFrame({"period": ["2021Q1"], "agency": ["stp"], "resolved": [5], "online": [3]})
    received = run_input(
        counts=check(with_missing_columns(counts, Counts), Counts, where="counts"),
        margins=MarginTable(
            check(with_missing_columns(margins, Margins), Margins, where="margins", extra={"online": part_column()}),
            {"online": Part(of="resolved", where={"channel": "online"})},
        ),
    )
    run = RunParameters(plan_file="p", quarter="2021-Q3", as_of=date(2021, 9, 30), input_path="i")
    assert isinstance(counted_input(_plan({"late": True}), run, received), Counted)
    with pytest.raises(BadData, match=r"^the table of margins has the period 2021Q1; months were expected, as the"):
        counted_input(_plan({"channel": "online"}), run, received)
