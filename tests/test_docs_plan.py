"""The paper on plans teaches what the code reads: every block of it is a plan, or part of one."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from analysis import strict_yaml
from analysis.attainment.probability import JUDGES
from analysis.data.sources.mapping import read_mapping
from analysis.faults import BadParameters
from analysis.parameters import ROOT, read_run_file
from analysis.plan import indicators, inventories, promises, questions
from analysis.plan.conditions import tests_of as parsed
from analysis.plan.crosswalk import Merger
from analysis.plan.groups import Group
from analysis.plan.instruments import Cancelled, IndicatorInstrument, PublishedInstrument, SurveyInstrument
from analysis.plan.plan import Break, Calendar, Plan, read_plan
from analysis.plan.questions import WHOLE

PAPER = (ROOT / "docs" / "write-a-plan.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml(?: (\w+))?\n(.*?)^```$", PAPER, re.MULTILINE | re.DOTALL)
MAPPING_PAPER = (ROOT / "docs" / "write-a-mapping.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return [text for marked, text in BLOCKS if marked == kind]


def added(document: dict, fragment: dict) -> dict:
    """Return a plan with a fragment of the paper written into it, as its reader would."""
    result = dict(document)
    for key, value in fragment.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = added(result[key], value) if both and key not in WHOLE else value
    return result


@pytest.fixture
def load(tmp_path):
    """Return a reader of a block of the paper, by the YAML of our readers."""

    def loader(text: str) -> dict:
        file = tmp_path / "block.yml"
        file.write_text(text, encoding="utf-8")
        return strict_yaml.read(file, what="block").content

    return loader


@pytest.fixture
def taught(tmp_path, load):
    """Return the plan of the paper with its first so many fragments added; all of them by default."""

    def read(fragments: int | None = None) -> Plan:
        document = load(blocks("plan")[0])
        for fragment in blocks("")[:fragments]:
            document = added(document, load(fragment))
        file = tmp_path / "plan.yml"
        file.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        return read_plan(file)

    return read


def test_the_whole_plan_of_the_paper_is_one_as_it_is_printed(tmp_path):
    (whole,) = blocks("plan")
    (tmp_path / "plan.yml").write_text(whole, encoding="utf-8")
    plan = read_plan(tmp_path / "plan.yml")
    assert list(plan.targets) == list(plan.indicators) == ["on_time"]


@pytest.mark.parametrize("number", range(1, len(blocks("")) + 1))
def test_every_fragment_can_be_added_to_the_plan_in_the_order_of_the_paper(taught, number):
    taught(number)


def test_the_paper_shows_every_kind_of_promise_and_every_form_of_indicator(taught):
    plan = taught()
    assert {one.kind for one in plan.promises} == set(JUDGES)
    assert {one.form for one in plan.indicators.values()} == {"share", "mean", "score"}


def test_no_block_of_yaml_goes_untried():
    assert {kind for kind, _ in BLOCKS} == {"plan", "", "mapping", "run"}
    assert len(BLOCKS) == PAPER.count("```yaml")


def test_the_run_file_of_the_paper_answers_questions_of_its_plan(tmp_path, taught):
    (text,) = blocks("run")
    (tmp_path / "run.yml").write_text(text, encoding="utf-8")
    run = read_run_file(tmp_path / "run.yml", look=False)
    on_time = taught().answered(run.answers).indicators["on_time"]
    assert on_time.counted == "received"
    assert "no_due_date" in on_time.numerator["timeliness"]


def test_without_the_word_with_the_two_answers_would_be_refused(taught):
    plan = taught()
    questions_ = dict(plan.questions)
    answer = questions_["no_term"].answers["not_late"].model_copy(update={"together_with": {}})
    answers = {**questions_["no_term"].answers, "not_late": answer}
    questions_["no_term"] = questions_["no_term"].model_copy(update={"answers": answers})
    other = plan.model_copy(update={"questions": questions_})
    with pytest.raises(BadParameters, match=r"both change indicators\.on_time\.title"):
        other.answered({"base": "received", "no_term": "not_late"})


def test_the_extra_column_of_the_paper_can_be_added_to_the_mapping_of_the_other_paper(tmp_path):
    (extra,) = blocks("mapping")
    whole = re.search(r"```yaml\n(.+?)```", MAPPING_PAPER, re.DOTALL)[1]
    (tmp_path / "permits.yml").write_text(whole + extra, encoding="utf-8")
    assert "Hình thức thanh toán" in read_mapping(tmp_path / "permits.yml").used_headers()


def test_every_form_of_a_condition_in_the_table_is_one(load):
    table = PAPER.split("### Conditions")[1].split("### Events")[0]
    shown = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    assert len(shown) == 9
    operators = {test.operator for one in shown for test in parsed(load(one)) if hasattr(test, "operator")}
    assert operators == {"is_in", "known", "at_least", "before"}


def test_every_key_a_plan_may_have_is_in_the_paper():
    models = [
        *(Plan, Calendar, Break, Group, Merger, Cancelled, SurveyInstrument, PublishedInstrument, IndicatorInstrument),
        *(indicators.Share, indicators.Mean, indicators.Score, indicators.About),
        *(questions.Question, questions.Answer),
        *(promises.Part, promises.Each, promises.Watch, promises.Relative, promises.StatedValue),
        *get_args(get_args(promises.AnyPromise)[0]),
        *(inventories.Inventory, inventories.CasesOfService, promises.IndexPart),
    ]
    keys = {field.alias or name for model in models for name, field in model.model_fields.items()} - {"id", "why"}
    code = " ".join([*re.findall(r"`([^`\n]+)`", PAPER), *(text for _, text in BLOCKS)])
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", code)) == []


def test_what_a_patch_replaces_whole_is_said():
    said = PAPER.split("Lists are replaced whole, and so are")[1].split(": write all")[0]
    assert set(re.findall(r"`(\w+)`", said)) == WHOLE


def test_every_event_is_in_the_table():
    table = PAPER.split("### Events")[1].split("### A share inside another")[0]
    assert set(indicators.COUNTED) <= set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
