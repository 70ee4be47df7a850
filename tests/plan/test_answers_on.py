"""Which answers in force change what an indicator counts."""

from __future__ import annotations

import pytest

from analysis.parameters import ROOT
from analysis.plan.answers_on import answers_on
from analysis.plan.plan import Plan, read_plan

POST, VERTICAL = {"postal_cases": "left_out"}, {"vertical_bodies": "left_out"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")


@pytest.mark.parametrize(
    ("answers", "changed"),
    [
        ({}, set()),
        (POST, {"online_of_all", "online_of_published", "published_of_offline"}),
        # a condition on every case: of all but the ratings
        (VERTICAL, {"online_of_all", "online_of_published", "published_of_offline", "overdue", "no_due_date"}),
        ({"published_level": "today"}, {"published_of_offline", "online_of_published"}),
        # other promises on the same counts
        ({"year_window": "last_quarter", "instrument": "sipas", "overdue_scope": "pooled"}, set()),
    ],
)
def test_an_indicator_is_changed_by_what_is_said_otherwise_of_its_rows(plan: Plan, answers, changed) -> None:
    read = plan.answered(answers)
    assert {code for code in plan.indicators if answers_on(read, code, answers)} == changed


def test_other_months_change_every_indicator_that_is_counted(plan: Plan) -> None:
    answers = {"month_end": "calendar"}
    assert all(answers_on(plan.answered(answers), code, answers) for code in plan.indicators)


def test_answers_stand_in_the_order_of_the_questions(plan: Plan) -> None:
    answers = VERTICAL | POST
    read = plan.answered(answers)
    assert [one.reading.en for one in answers_on(read, "online_of_all", answers)] == [
        "Cases filed by post are left out.", "Bodies under a ministry do not count as the province's.",
    ]  # fmt: skip
