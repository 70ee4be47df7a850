"""The plans in the project, and what a plan refuses."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from analysis import periods
from analysis.faults import BadParameters
from analysis.parameters import ROOT
from analysis.plan import read_plan
from analysis.promises import ShareTarget

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
    each = targets["overdue"].each
    assert (each.of, each.rule, each.threshold) == ("named_fields", "at_most", 0.02)
    assert len(read_plan(PLANS / "khanh-hoa-2021.yml").groups["named_fields"]) == 8


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


def test_two_parts_of_one_name_are_refused():
    part = _target()["parts"][0]
    with pytest.raises(ValidationError, match="two parts have the same id"):
        ShareTarget.model_validate(_target(parts=[part, part], combine="all_of"))


def _plan(tmp_path, **changes):
    """Return the plan read from a file in which every key of the top has a line of its own."""
    text = {"vi": "a", "en": "a"}
    plan = {"title": text, "year": 2021, "calendar": {"frequency": "M"}, "source": "s", "scope": text, "unit": text}
    lines = [f"{key}: {json.dumps(value)}" for key, value in (plan | {"targets": [_target()]} | changes).items()]
    path = tmp_path / "plan.yml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_plan(path)


def _break(**changes):
    text = {"vi": "a", "en": "a"}
    return {"indicator": "overdue", "period": "2020-09", "reason": text, "source": "s"} | changes


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"brakes": []}, "plan.yml line 8: unknown key 'brakes'; did you mean 'breaks'?"),
        ({"calendar": {"frequency": "M", "cutof_day": 14}}, "line 3: unknown key 'calendar.cutof_day'"),
        ({"calendar": {"frequency": "M", "cutoff_day": 29}}, "line 3: calendar.cutoff_day"),
        ({"calendar": {"frequency": "W"}}, "line 3: calendar.frequency"),
        ({"targets": []}, "line 7: targets"),
        ({"targets": [_target(kind="shares")]}, "line 7: targets.0"),
        ({"targets": [_target(), _target()]}, "two targets have the id 't'"),
        ({"breaks": [_break(period="2020-13")]}, "line 8: breaks.0.period: a period is written like 2021-09"),
        ({"breaks": [_break(indicator="Overdue")]}, "line 8: breaks.0.indicator"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_with_its_line(tmp_path, changes, sentence):
    _plan(tmp_path)
    with pytest.raises(BadParameters) as refused:
        _plan(tmp_path, **changes)
    assert sentence in str(refused.value)


def test_a_break_belongs_to_its_indicator(tmp_path):
    plan = _plan(tmp_path, breaks=[_break(), _break(indicator="online_of_all", period="2021Q1")])
    assert [known.period for known in plan.breaks_of("overdue")] == ["2020-09"]
    assert plan.breaks_of("rated_satisfied") == ()


@pytest.mark.parametrize(("frequency", "origin", "last"), [("M", "2021-09", "2021-12"), ("Q", "2021Q3", "2021Q4")])
def test_a_quarter_ends_in_the_datas_own_frequency(tmp_path, frequency, origin, last):
    plan = _plan(tmp_path, calendar={"frequency": frequency})
    assert periods.write(plan.origin(periods.parse_quarter("2021-Q3"))) == origin
    assert periods.write(plan.last_period) == last
