"""Open questions: what a patch may say, which answers go together, and the plan as it reads under them."""

from __future__ import annotations

import copy

import pytest
import yaml
from pydantic import ValidationError

from analysis.faults import BadParameters
from analysis.parameters import ROOT
from analysis.plan.plan import read_plan
from analysis.plan.questions import Question, alternatives, in_order_of_application, merged, paths_of

TEXT = {"vi": "a", "en": "a"}
DOCUMENT = {
    "title": "t",
    "indicators": {
        "online": {
            "counted": "resolved",
            "numerator": {"channel": "online"},
            "where": {"level": "3"},
            "by": ["agency"],
        },
        "late": {"counted": "resolved", "numerator": {"late": True}},
    },
    "calendar": {"counting": {"cutoff": 14}},
}


@pytest.mark.parametrize(
    ("patch", "path", "value"),
    [
        ({}, ("title",), "t"),
        ({"title": "u"}, ("title",), "u"),
        ({"indicators": {"online": {"counted": "received"}}}, ("indicators", "online", "counted"), "received"),
        # a list is replaced whole, and so is a value by a mapping or a mapping by a value
        ({"indicators": {"online": {"by": ["field"]}}}, ("indicators", "online", "by"), ["field"]),
        ({"calendar": {"counting": "calendar"}}, ("calendar", "counting"), "calendar"),
        ({"title": {"vi": "u"}}, ("title",), {"vi": "u"}),
        # a condition is never merged into
        (
            {"indicators": {"late": {"numerator": {"timeliness": "early"}}}},
            ("indicators", "late", "numerator"),
            {"timeliness": "early"},
        ),
        ({"indicators": {"online": {"where": {}}}}, ("indicators", "online", "where"), {}),
    ],
)
def test_a_patch_is_merged_by_key_and_conditions_are_replaced_whole(patch, path, value):
    before = copy.deepcopy(DOCUMENT)
    found = merged(DOCUMENT, patch)
    for key in path:
        found = found[key]
    assert found == value
    assert before == DOCUMENT
    other = merged(DOCUMENT, patch)
    assert other["indicators"]["late"]["counted"] == "resolved"


@pytest.mark.parametrize(
    ("patch", "sentence"),
    [
        ({"titel": "u"}, "titel: a patch may only address what exists"),
        ({"indicators": {"online": {"count": "x"}}}, "indicators.online.count: a patch may only address what exists"),
        ({"indicators": {"online": None}}, "indicators.online: a patch cannot take away; null was found"),
        ({"unheard_of": None}, "unheard_of: a patch cannot take away; null was found"),
    ],
)
def test_a_patch_neither_adds_nor_takes_away(patch, sentence):
    with pytest.raises(ValueError, match=r".") as refused:
        merged(DOCUMENT, patch)
    assert str(refused.value) == sentence


def test_a_patch_touches_its_leaves_and_what_it_replaces_whole():
    patch = {"indicators": {"late": {"numerator": {"a": "b"}, "counted": "due"}}, "where": {}, "calendar": {}}
    assert paths_of(patch) == {
        ("indicators", "late", "numerator"), ("indicators", "late", "counted"), ("where",), ("calendar",),
    }  # fmt: skip


def _question(**patches):
    """Return a question of which ours changes nothing."""
    answers = {"ours": {"reading": TEXT}} | {
        name: {"reading": TEXT} | (said if "patch" in said else {"patch": said}) for name, said in patches.items()
    }
    return Question.model_validate({"asks": TEXT, "default": "ours", "answers": answers})


def test_answers_that_touch_one_key_are_refused_together():
    questions = {
        "one": _question(a={"where": {"channel": "online"}}, b={"title": "x"}),
        "two": _question(a={"where": {"level": "3"}}),
    }
    assert in_order_of_application(questions, {"one": "ours", "two": "ours"}) == []
    assert [name for name, *_ in in_order_of_application(questions, {"one": "b", "two": "a"})] == ["one", "two"]
    with pytest.raises(ValueError, match="one=a and two=a both change where; one of them may say with:"):
        in_order_of_application(questions, {"one": "a", "two": "a"})


def test_a_key_and_what_is_inside_it_are_one():
    questions = {
        "one": _question(a={"calendar": {"counting": {"cutoff": "calendar"}}}),
        "two": _question(a={"calendar": {"counting": "calendar"}}),
    }
    with pytest.raises(ValueError, match=r"both change calendar\.counting\.cutoff"):
        in_order_of_application(questions, {"one": "a", "two": "a"})


@pytest.mark.parametrize("says_so", ["one", "two"])
def test_of_two_answers_that_go_together_the_one_that_says_so_is_applied_last(says_so):
    other = {"one": "two", "two": "one"}[says_so]
    questions = {
        name: _question(a={"patch": {"title": name}} | ({"with": {other: "a"}} if name == says_so else {}))
        for name in ("one", "two")
    }
    order = in_order_of_application(questions, {"one": "a", "two": "a"})
    assert [name for name, *_ in order] == [other, says_so]
    for _, _, patch in order:
        document = merged(DOCUMENT, patch)
    assert document["title"] == says_so


def test_the_plans_own_answer_is_one_of_them_and_there_are_others():
    with pytest.raises(ValidationError, match="default: 'theirs' is none of the answers ours, other"):
        Question.model_validate({"asks": TEXT, "default": "theirs", "answers": _answers("ours", "other")})
    with pytest.raises(ValidationError, match="at least 2"):
        Question.model_validate({"asks": TEXT, "default": "ours", "answers": _answers("ours")})


def _answers(*names):
    return {name: {"reading": TEXT} for name in names}


# In a plan.

QUESTIONS = """\
questions:
  base:
    asks: {vi: a, en: a}
    default: resolved
    answers:
      resolved: {reading: {vi: a, en: a}}
      received:
        reading: {vi: a, en: a}
        patch: {indicators: {online_of_all: {counted: received}}}
  post:
    asks: {vi: a, en: a}
    default: counted
    ruled_by: UBND
    answers:
      counted: {reading: {vi: a, en: a}}
      left_out:
        reading: {vi: a, en: a}
        patch: {where: {channel: {not: post}}}
"""
PLAN = """\
title: {vi: a, en: a}
year: 2021
calendar: {frequency: M}
source: s
scope: {vi: a, en: a}
unit: {vi: a, en: a}
indicators: {online_of_all: {}}
targets:
  online:
    kind: share
    title: {vi: a, en: a}
    reported: r
    indicator: online_of_all
    rule: at_least
    threshold: 0.3
"""


def _plan(tmp_path, questions=QUESTIONS):
    path = tmp_path / "plan.yml"
    path.write_text(PLAN + questions, encoding="utf-8")
    return read_plan(path)


def test_a_plan_reads_by_its_defaults_and_otherwise_by_the_answers_of_a_run(tmp_path):
    plan = _plan(tmp_path)
    assert plan.answered({}) is plan
    assert plan.answered({"base": "resolved"}) is plan
    read = plan.answered({"base": "received", "post": "left_out"})
    assert read.indicators["online_of_all"].counted == "received"
    assert read.where == {"channel": {"not": "post"}}
    assert plan.indicators["online_of_all"].counted == "resolved"
    assert plan.open_questions == ("base",)
    assert plan.answers({"base": "received"}) == {"base": "received", "post": "counted"}


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"bsae": "received"}, "answers: the plan has no question 'bsae'; did you mean 'base'?"),
        ({"colour": "red"}, "answers: the plan has no question 'colour'; it asks base, post"),
        ({"base": "recieved"}, "answers.base: 'recieved' is none of resolved, received"),
    ],
)
def test_a_question_or_an_answer_the_plan_does_not_have_is_refused(tmp_path, answers, sentence):
    with pytest.raises(BadParameters) as refused:
        _plan(tmp_path).answered(answers)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("before", "after", "line", "sentence"),
    [
        ("counted: received", "counted: {a: b}", 24, "answers base=received: indicators.online_of_all"),
        ("{online_of_all: {counted", "{online_of_al: {counted", 24, "indicators.online_of_al: a patch may only"),
        ("{not: post}", "3", 33, 'where: channel: 3 is a number; a code is written in quotes: channel: "3"'),
        ("patch: {where: {channel: {not: post}}}", "patch: {targets: {online: {threshold: 30.0}}}", 33, "30"),
        ("patch: {where: {channel: {not: post}}}", "patch: {targets: {online: {indicator: onlin}}}", 33, "nobody decl"),
        ("patch: {where: {channel: {not: post}}}", "patch: {unit: null}", 33, "unit: a patch cannot take away"),
    ],
)
def test_an_answer_that_makes_no_valid_plan_is_refused_with_the_line_of_its_patch(
    tmp_path, before, after, line, sentence
):
    assert QUESTIONS.count(before) == 1
    with pytest.raises(BadParameters) as refused:
        _plan(tmp_path, QUESTIONS.replace(before, after))
    assert f"plan.yml line {line}: answers " in str(refused.value)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert ": :" not in str(refused.value)


def test_every_other_answer_is_tried_one_question_at_a_time():
    plan = read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")
    chosen = plan.answers({"overdue_denominator": "workload"})
    tried = list(alternatives(plan.questions, chosen, ["overdue_denominator", "instrument"]))
    assert [(one.question, one.answer) for one in tried] == [
        ("overdue_denominator", "resolved"), ("overdue_denominator", "due"), ("instrument", "sipas"),
    ]  # fmt: skip
    assert tried[2].answers["overdue_denominator"] == "workload"


@pytest.mark.parametrize("path", sorted((ROOT / "parameters" / "plans").glob("*.yml")), ids=lambda path: path.stem)
def test_two_answers_of_a_shipped_plan_make_a_plan_or_touch_one_key(path):
    plan = read_plan(path)
    others = list(alternatives(plan.questions, plan.defaults, list(plan.questions)))
    pairs = [(one, other) for one in others for other in others if one.question < other.question]
    refusals = [_refusal(plan, {one.question: one.answer, other.question: other.answer}) for one, other in pairs]
    assert [told for told in refusals if told and "both change" not in told] == []


def _refusal(plan, answers):
    try:
        plan.answered(answers)
    except BadParameters as refused:
        return str(refused)
    return ""


def test_the_words_of_a_question_change_no_number(tmp_path):
    plan = _plan(tmp_path)
    content = yaml.safe_load(PLAN)
    content["targets"]["online"]["title"] = {"vi": "b", "en": "b"}
    (tmp_path / "other").mkdir()
    path = tmp_path / "other" / "plan.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False) + QUESTIONS, encoding="utf-8")
    other = read_plan(path)
    assert plan.definition_of(plan.promises[0]) == other.definition_of(other.promises[0])
