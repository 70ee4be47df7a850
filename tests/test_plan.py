"""The plans in the project, and what a plan refuses."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest
from jsonschema import ValidationError as SchemaError
from jsonschema import validate
from pydantic import ValidationError

from analysis import periods, strict_yaml
from analysis.faults import BadParameters
from analysis.interpretation import AFFECTS, Interpretation, SettingName, alternatives, options
from analysis.parameters import ROOT
from analysis.plan import plan_schema, read_plan
from analysis.promises import IndexTarget, ShareTarget

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


PLAN_FILES = sorted(PLANS.glob("*.yml"))


def test_the_schema_for_editors_is_that_of_the_plan_and_every_plan_keeps_it():
    committed = (ROOT / "parameters" / "schemas" / "plan.schema.json").read_text(encoding="utf-8")
    assert committed == plan_schema()
    for path in PLAN_FILES:
        assert path.read_text(encoding="utf-8").startswith(
            "# yaml-language-server: $schema=../schemas/plan.schema.json"
        )
        validate(strict_yaml.read(path, what="plan").content, json.loads(committed))


def test_the_schema_refuses_what_the_plan_refuses():
    content = strict_yaml.read(PLANS / "khanh-hoa-2024.yml", what="plan").content
    with pytest.raises(SchemaError, match="unknown"):
        validate(content | {"unknown": 1}, json.loads(plan_schema()))


def test_the_page_that_teaches_writing_a_plan_shows_one_that_can_be_read(tmp_path):
    page = (ROOT / "docs" / "write-a-plan.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "shown.yml"
    path.write_text(shown, encoding="utf-8")
    plan = read_plan(path)
    assert [target.id for target in plan.targets] == ["online", "overdue", "centre"]
    assert plan.open_settings == ()
    for name in get_args(SettingName):
        answers = ", ".join(f"`{answer}`" for answer in options(name))
        assert f"| `{name}` | {answers} |" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"settings": {"uptake_base": {"default": "recieved", "reading": {"vi": "a", "en": "a"}}}}, "none of resolved"),
        ({"settings": {"colour": {"default": "red", "reading": {"vi": "a", "en": "a"}}}}, "colour"),
        ({"groups": {"one": ["datdai"]}}, "groups.one"),
    ],
)
def test_a_plan_refuses_what_it_does_not_know(tmp_path, changes, sentence):
    with pytest.raises(BadParameters, match=sentence):
        _plan(tmp_path, **changes)


def _each(**changes):
    each = {"of": "named", "indicator": "overdue", "rule": "at_most", "threshold": 0.02} | changes
    return _target(parts=[], each=each, combine="all_of")


def test_each_is_on_a_group_that_there_is(tmp_path):
    with pytest.raises(BadParameters, match="no group 'named'"):
        _plan(tmp_path, targets=[_each()])
    with pytest.raises(ValidationError, match="either parts or each"):
        ShareTarget.model_validate(_each() | {"parts": _target()["parts"]})


def test_each_is_written_out_over_its_members_or_pooled(tmp_path):
    plan = _plan(tmp_path, targets=[_each()], groups={"named": ["a", "b"]})
    apart = plan.over({}, Interpretation()).share_targets[0]
    assert [(part.id, part.series, part.threshold) for part in apart.parts] == [("a", "a", 0.02), ("b", "b", 0.02)]
    assert apart.combine == "all_of"
    pooled = plan.over({}, Interpretation(overdue_scope="pooled")).share_targets[0]
    assert [(part.id, part.series) for part in pooled.parts] == [("named", "named")]
    assert pooled.combine is None


def test_each_of_all_fields_is_on_those_that_have_cases(tmp_path):
    plan = _plan(tmp_path, targets=[_each(of="fields")])
    written = plan.over({"fields": ["x", "y", "z"]}, Interpretation())
    assert [part.series for part in written.share_targets[0].parts] == ["x", "y", "z"]
    together = plan.over({"fields": ["x", "y"]}, Interpretation(overdue_scope="pooled")).share_targets[0]
    assert [part.series for part in together.parts] == ["total"]
    with pytest.raises(BadParameters, match="no members"):
        plan.over({"fields": []}, Interpretation())


def test_a_run_answers_over_the_plan_and_the_plan_over_the_defaults(tmp_path):
    reading = {"vi": "a", "en": "a"}
    settings = {
        "uptake_base": {"default": "received", "reading": reading},
        "overdue_scope": {"default": "pooled", "reading": reading, "ruled_by": "UBND"},
    }
    plan = _plan(tmp_path, settings=settings)
    read = plan.interpretation({"uptake_base": None, "overdue_scope": "per_field", "month_end": "calendar"})
    assert (read.uptake_base, read.overdue_scope, read.month_end) == ("received", "per_field", "calendar")
    assert read.postal_cases == "counted"
    assert plan.open_settings == ("uptake_base",)


def test_every_other_answer_is_tried_one_question_at_a_time():
    chosen = Interpretation(overdue_denominator="workload")
    tried = list(alternatives(chosen, ["overdue_denominator", "instrument"]))
    assert [(one.setting, one.value) for one in tried] == [
        ("overdue_denominator", "resolved"), ("overdue_denominator", "due"), ("instrument", "sipas"),
    ]  # fmt: skip
    assert tried[2].interpretation.overdue_denominator == "workload"
    assert set(AFFECTS) == set(get_args(SettingName)) == set(Interpretation.model_fields)


@pytest.mark.parametrize("changes", [{"tier": "best"}, {"tiers": ["good", "good"]}, {"last_ranks": {2019: {"x": 1}}}])
def test_an_index_names_its_tiers_once_and_no_others(changes):
    index = {"id": "i", "kind": "index", "title": {"vi": "a", "en": "a"}, "reported": "r", "index": "pci",
             "tiers": ["good", "fair"], "tier": "good"}  # fmt: skip
    assert IndexTarget.model_validate(index).tier == "good"
    with pytest.raises(ValidationError):
        IndexTarget.model_validate(index | changes)
