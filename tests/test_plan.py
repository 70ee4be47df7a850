"""The plans in the project, and what a plan refuses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from analysis.parameters import ROOT
from analysis.plan import Plan, ShareTarget, read_plan

PLANS = ROOT / "parameters" / "plans"


def test_khanh_hoa_makes_its_ten_promises_in_order():
    assert [target.id for target in read_plan(PLANS / "khanh-hoa-2021.yml").targets] == [
        "satisfaction", "online_uptake", "overdue", "portal_integration", "online_publication", "pci_group",
        "one_stop", "online_centre", "apparatus", "autonomy",
    ]  # fmt: skip


def test_the_thresholds_are_those_published():
    targets = {target.id: target for target in read_plan(PLANS / "khanh-hoa-2021.yml").targets}
    assert (targets["satisfaction"].rule, targets["satisfaction"].threshold) == ("more_than", 0.81)
    assert [(p.rule, p.threshold) for p in targets["online_uptake"].parts] == [("at_least", 0.3), ("at_least", 0.5)]
    assert {(p.rule, p.threshold) for p in targets["overdue"].parts} == {("at_most", 0.02)}
    assert len(targets["overdue"].parts) == 8


def test_the_exercise_says_it_is_one():
    plan = read_plan(PLANS / "govuk-2016.yml")
    assert plan.notice is not None
    assert "exercise" in plan.notice.en.lower()
    assert [part.id for part in plan.targets[1].parts] == ["defra", "dft", "hmrc"]


def _target(**changes):
    text = {"vi": "a", "en": "a"}
    part = {"id": "p", "indicator": "overdue", "rule": "at_most", "threshold": 0.1}
    return {"id": "t", "kind": "share", "title": text, "reported": "r", "parts": [part]} | changes


def test_several_parts_say_how_they_combine():
    parts = [_target()["parts"][0], _target()["parts"][0] | {"id": "q"}]
    with pytest.raises(ValidationError, match="any_of or all_of"):
        ShareTarget.model_validate(_target(parts=parts))
    assert ShareTarget.model_validate(_target(parts=parts, combine="any_of")).combine == "any_of"


def test_a_single_part_combines_with_nothing():
    with pytest.raises(ValidationError, match="any_of or all_of"):
        ShareTarget.model_validate(_target(combine="all_of"))


def test_two_targets_of_one_name_are_refused():
    text = {"vi": "a", "en": "a"}
    plan = {"title": text, "year": 2021, "calendar": {"frequency": "M"}, "source": "s", "scope": text, "unit": text}
    with pytest.raises(ValidationError, match="two targets have the id 't'"):
        Plan.model_validate(plan | {"targets": [_target(), _target()]})
