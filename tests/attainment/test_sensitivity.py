"""Another answer beside ours: which promises it touches, and whether it changes the verdict."""

import pandas as pd
import pytest

from analysis.attainment.sensitivity import compared, not_computable
from analysis.attainment.verdict import as_table, blank_row
from analysis.parameters import ROOT
from analysis.plan.plan import read_plan
from analysis.plan.questions import alternatives

PLAN = read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")
TOUCHED = {
    "uptake_base": ["online_uptake"],
    "year_window": ["online_uptake", "overdue"],
    "postal_cases": ["online_uptake"],
    "vertical_bodies": ["online_uptake", "overdue"],
    "published_level": ["online_uptake"],
    "overdue_interpretation": ["overdue"],
    "overdue_denominator": ["overdue"],
    "overdue_scope": ["overdue"],
    "instrument": ["satisfaction"],
    # The proxy of the survey is counted by month, too.
    "month_end": ["satisfaction", "online_uptake", "overdue"],
}


@pytest.mark.parametrize("question", list(PLAN.questions))
def test_a_question_touches_the_promises_its_answer_counts(question):
    for other in alternatives(PLAN.questions, PLAN.defaults, [question]):
        then = PLAN.answered(other.answers)
        touched = [
            one.id for one in PLAN.promises if PLAN.definition_of(one) != then.definition_of(then.targets[one.id])
        ]
        assert touched == TOUCHED[question]


def _promises(probability, verdict, note=""):
    told = {"probability": probability, "verdict": verdict, "note": note, "expected": 0.31, "observed_to_date": 0.29}
    return as_table([blank_row("online_uptake", "", pd.Period("2021Q3")) | told])


def _received():
    return next(alternatives(PLAN.questions, PLAN.defaults, ["uptake_base"]))


@pytest.mark.parametrize(
    ("probability", "verdict", "changes"), [(0.97, "very_likely", True), (0.60, "uncertain", False)]
)
def test_it_changes_the_verdict_or_only_the_probability(probability, verdict, changes):
    ours, other = _promises(0.55, "uncertain"), _promises(probability, verdict)
    (row,) = compared(ours, other, _received(), ["online_uptake"]).to_dict("records")
    assert (row["question"], row["answer"], row["target"]) == ("uptake_base", "received", "online_uptake")
    assert (row["chosen_probability"], row["probability"]) == (0.55, probability)
    assert row["changes"] is changes


def test_what_the_input_cannot_be_counted_by_says_why_and_changes_nothing():
    (row,) = not_computable(_promises(0.55, "uncertain"), _received(), ["online_uptake"], "counts_only").to_dict(
        "records"
    )
    assert (row["verdict"], row["note"], row["changes"]) == ("not_estimated", "counts_only", False)
    assert row["chosen_verdict"] == "uncertain"
