"""Beside a probability stands a simple forecast that is named for what it is, whatever the promise is on."""

from __future__ import annotations

import pytest

from analysis.parameters import ROOT
from analysis.plan.plan import Plan, read_plan
from analysis.report import simple_forecasts
from analysis.report.wording import Wording

EN = Wording("en")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")


@pytest.mark.parametrize(
    ("promise", "sentence"),
    [
        ("online_uptake", "The simple forecast that erred least in earlier years: 60%."),
        ("portal_integration", "If every item comes on its planned day: 60%."),
        (
            "apparatus",
            "If every item comes on its planned day and the headcount stays as far from its path as now: 60%.",
        ),
        ("satisfaction", "If the last round of the survey came again: 60%."),
        ("pci_group", "If the last published figure stayed: 60%."),
    ],
)
def test_each_kind_of_promise_has_its_own_sentence(plan: Plan, promise: str, sentence: str) -> None:
    assert simple_forecasts.sentence(plan.promise(promise), "60%", EN) == sentence


def test_the_parts_of_a_list_with_a_headcount_path_are_named_apart(plan: Plan) -> None:
    apparatus = plan.promise("apparatus")
    told = [simple_forecasts.cell(apparatus, "60%", EN, part) for part in ("", "items", "headcount")]
    assert told == ["on their day, headcount as now: 60%", "all on their day: 60%", "headcount as now: 60%"]


def test_only_what_is_shown_is_explained(plan: Plan) -> None:
    assert simple_forecasts.notes([plan.promise("one_stop"), plan.promise("autonomy")], EN) == [
        '"All on their day": the roadmap at its word, every item comes on its planned day.'
    ]
    simple, several = simple_forecasts.notes([plan.promise("overdue")], EN)
    assert simple.startswith('"Simple": ')
    assert several.startswith("Of several parts: ")
