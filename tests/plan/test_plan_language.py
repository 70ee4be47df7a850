"""The plans in the project, what a plan may say, and what it refuses."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from jsonschema import ValidationError as SchemaError
from jsonschema import validate
from pydantic import ValidationError

from analysis import periods, strict_yaml
from analysis.faults import BadParameters
from analysis.parameters import ROOT
from analysis.plan.plan import Plan, read_plan
from analysis.plan.promises import IndexPromise, SharePromise, SurveyPromise
from analysis.plan.schema import plan_schema

PLANS = ROOT / "parameters" / "plans"
TEXT = {"vi": "a", "en": "a"}


# The plans of the project.


def test_khanh_hoa_makes_its_ten_promises_in_order():
    assert list(read_plan(PLANS / "khanh-hoa-2021.yml").targets) == [
        "satisfaction", "online_uptake", "overdue", "portal_integration", "online_publication", "pci_group",
        "one_stop", "online_centre", "apparatus", "autonomy",
    ]  # fmt: skip


def test_the_thresholds_are_those_published():
    plan = read_plan(PLANS / "khanh-hoa-2021.yml")
    targets = plan.targets
    assert (targets["satisfaction"].rule, targets["satisfaction"].threshold) == ("more_than", 0.81)
    assert [(p.rule, p.threshold) for p in targets["online_uptake"].parts.values()] == [
        ("at_least", 0.3), ("at_least", 0.5),
    ]  # fmt: skip
    overdue = targets["overdue"]
    assert (overdue.each.of, overdue.each.within) == ("field", "named_fields")
    assert (overdue.rule, overdue.threshold) == ("at_most", 0.02)
    assert len(plan.groups["field"]["named_fields"].members) == 8


def test_the_exercise_says_it_is_one():
    plan = read_plan(PLANS / "govuk-2016.yml")
    assert plan.notice is not None
    assert "exercise" in plan.notice.en.lower()
    assert list(plan.promises[1].parts) == ["defra", "dft", "hmrc"]


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
    content = strict_yaml.read(PLANS / "govuk-2016.yml", what="plan").content
    schema = json.loads(plan_schema())
    with pytest.raises(SchemaError, match="unknown"):
        validate(content | {"unknown": 1}, schema)
    misspelt = {"indicators": content["indicators"] | {"overdue": {"numerater": {}}}}
    with pytest.raises(SchemaError, match="numerater"):
        validate(content | misspelt, schema)


# What a plan says, on one made by hand.

OVERDUE = {"indicator": "overdue", "rule": "at_most", "threshold": 0.02}


def _target(**changes):
    return {"kind": "share", "title": TEXT, "reported": "r"} | changes


def _plan(tmp_path, **changes):
    """Return the plan read from a file in which every key of the top has a line of its own."""
    plan = {"title": TEXT, "year": 2021, "calendar": {"frequency": "M"}, "source": "s", "scope": TEXT, "unit": TEXT}
    plan |= {"targets": {"t": _target(**OVERDUE)}, "indicators": {"overdue": {}}} | changes
    path = tmp_path / "plan.yml"
    path.write_text("\n".join(f"{key}: {json.dumps(value)}" for key, value in plan.items()), encoding="utf-8")
    return read_plan(path)


def _refused(tmp_path, **changes):
    with pytest.raises(BadParameters) as refused:
        _plan(tmp_path, **changes)
    return str(refused.value)


def _group(*members):
    return {"title": TEXT, "members": list(members)}


def _break(**changes):
    return {"indicators": ["overdue"], "period": "2020-09", "reason": TEXT, "source": "s"} | changes


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"brakes": {}}, "plan.yml line 9: unknown key 'brakes'; did you mean 'breaks'?"),
        ({"calendar": {"frequency": "M", "deadlinse": {}}}, "line 3: unknown key 'calendar.deadlinse'"),
        ({"calendar": {"frequency": "M", "deadlines": {"cutoff": 29}}}, "line 3: calendar.deadlines.cutoff"),
        ({"calendar": {"frequency": "M", "deadlines": {"cutoff": "month"}}}, "line 3: calendar.deadlines.cutoff"),
        ({"calendar": {"frequency": "W"}}, "line 3: calendar.frequency"),
        ({"targets": {}}, "line 7: targets"),
        ({"targets": {"t": _target(kind="shares")}}, "line 7: targets.t"),
        ({"targets": {"T": _target(**OVERDUE)}}, "line 7: targets.T"),
        ({"breaks": {"b": _break(period="2020-13")}}, "line 9: breaks.b.period: a period is written like 2021-09"),
        ({"breaks": {"b": _break(indicators=["Overdue"])}}, "line 9: breaks.b.indicators.0"),
        ({"groups": {"field": {"one": _group()}}}, "line 9: groups.field.one.members"),
        ({"groups": {"total": {"one": _group("a")}}}, "groups.total: 'total' is the whole and no group"),
        ({"groups": {"field": {"total": _group("a")}}}, "groups.field: 'total' is the whole and no group"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_with_its_line(tmp_path, changes, sentence):
    _plan(tmp_path)
    assert sentence in _refused(tmp_path, **changes)


NAME = "UBND xã Phước Hậu"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"targets": {"t": _target(**OVERDUE, dimension="agency", series=NAME)}}, "line 7: targets.t.series"),
        ({"targets": {"t": _target(**OVERDUE, threshold_by={NAME: 0.1})}}, f"line 7: targets.t.threshold_by.{NAME}"),
        ({"targets": {"t": _target(**OVERDUE, each={"of": "agency", "in": NAME})}}, "line 7: targets.t.each.in"),
        ({"groups": {"agency": {"one": _group("a", NAME)}}}, "line 9: groups.agency.one.members.1"),
        ({"groups": {"agency": {"one": _group("a") | {"former": [NAME]}}}}, "line 9: groups.agency.one.former.0"),
        ({"groups": {"agency": {NAME: _group("a")}}}, f"line 9: groups.agency.{NAME}"),
        ({"names": {"agency": {NAME: TEXT}}}, f"line 9: names.agency.{NAME}"),
        ({"where": {"agency": NAME}}, "line 9: where.agency"),
        ({"where": {"agency": {"not": ["a", NAME]}}}, "line 9: where.agency"),
        ({"where": {"any_of": [{"channel": "online"}, {"agency": NAME}]}}, "line 9: where: agency"),
    ],
)
def test_a_name_in_place_of_a_code_is_answered_with_the_code_to_write(tmp_path, changes, where):
    told = f"{where}: a code was expected, found {NAME!r}; write 'ubnd-xa-phuoc-hau'"
    assert told in _refused(tmp_path, **changes)


def test_a_condition_may_ask_for_an_identifier_that_is_no_code(tmp_path):
    where = {"procedure_code": ["1.002345.000.00.00.H32"], "level": ["3", "full"]}
    assert _plan(tmp_path, where=where).where == where


SURVEY = _target(kind="survey", rule="more_than", threshold=0.81)
INSTRUMENTS = {"provincial": {"of": "survey", "title": TEXT, "instrument": "provincial"}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"targets": {"t": _target(**OVERDUE | {"indicator": "overdeu"})}},
            "targets.t: indicator: nobody declares 'overdeu'; did you mean 'overdue'?",
        ),
        (
            {"targets": {"t": _target(**OVERDUE | {"indicator": "postage"})}},
            "targets.t: indicator: nobody declares 'postage'",
        ),
        ({"indicators": {"overdeu": {}, "overdue": {}}}, "line 8: indicators.overdeu: form is missing, and the"),
        ({"indicators": {"overdeu": {}, "overdue": {}}}, "library has no 'overdeu'; did you mean 'overdue'?"),
        ({"indicators": {"late": {"from": "overdeu"}, "overdue": {}}}, "no 'overdeu'; did you mean 'overdue'?"),
        (
            {
                "targets": {"t": _target(**OVERDUE, each={"of": "field", "in": "nmaed"})},
                "groups": {"field": {"named": _group("a")}},
            },
            "targets.t: there is no group 'nmaed' of field; did you mean 'named'?",
        ),
        (
            {
                "targets": {"t": _target(**OVERDUE, each={"of": "field"}, threshold_by={"nmaed": 0.1})},
                "groups": {"field": {"named": _group("a")}},
            },
            "targets.t: there is no group 'nmaed' of field; did you mean 'named'?",
        ),
        (
            {"targets": {"t": SURVEY | {"instrument": "provincal"}}, "instruments": INSTRUMENTS},
            "targets.t: instrument: nobody declares 'provincal'; did you mean 'provincial'?",
        ),
        ({"breaks": {"b": _break(indicators=["overdeu"])}}, "breaks.b: nobody declares 'overdeu'; did you mean"),
        ({"targets": {"t": _target(**OVERDUE, each={"of": "ward"})}}, "overdue has no series by 'ward'; its by is"),
        (
            {"targets": {"t": _target(**OVERDUE, dimension="ward", series="a")}},
            "targets.t: overdue has no series by 'ward'; its by is agency, field",
        ),
    ],
)
def test_what_nobody_declares_is_refused_with_what_was_meant(tmp_path, changes, sentence):
    assert sentence in _refused(tmp_path, **changes)


def test_an_indicator_of_the_library_needs_no_declaration_and_may_be_changed(tmp_path):
    plan = _plan(tmp_path, indicators={"late": {"from": "overdue", "by": ["agency"]}, "online_of_published": {}})
    assert plan.indicators["late"].by == ("agency",)
    assert plan.indicators["late"].numerator == {"late": True}
    # What a promise is on, and what a nested share is nested in, come along.
    assert set(plan.indicators) == {
        "late", "overdue", "online_of_published", "online_of_all", "published_of_offline",
    }  # fmt: skip


NESTED = {"form": "share", "title": TEXT, "nested_in": "online_of_all", "rest": "published_of_offline"}


@pytest.mark.parametrize(
    ("indicators", "sentence"),
    [
        ({"mine": {"form": "share", "title": TEXT}}, "numerator is missing"),
        ({"mine": NESTED | {"numerator": {"channel": "online"}}}, "of a nested share are those of nested_in and rest"),
        ({"mine": {"form": "share", "title": TEXT, "nested_in": "overdue"}}, "nested_in and rest go together"),
        ({"mine": NESTED | {"rest": "online_of_published"}}, "name shares that are not nested themselves"),
        ({"mine": NESTED, "published_of_offline": {"counted": "received"}}, "count other rows"),
        ({"overdue": {"counted": "due"}}, "late_stock goes with cases that are counted when resolved"),
        ({"mine": {"form": "mean", "title": TEXT, "value": {"days_between": ["accepted_at"]}}}, "days_between"),
        ({"mine": {"form": "share", "title": TEXT, "numerator": {"level": 3}}}, 'level: "3"'),
        ({"mine": {"form": "median", "title": TEXT}}, "indicators.mine"),
    ],
)
def test_an_indicator_that_cannot_be_counted_is_refused(tmp_path, indicators, sentence):
    declared = {"overdue": {}, "online_of_published": {}}
    assert sentence in _refused(tmp_path, indicators=declared | indicators)


@pytest.mark.parametrize(
    ("changes", "line", "sentence"),
    [
        ({"settings": {"uptake_base": {}}}, 9, "questions, each with its answers and what they change"),
        ({"vertical_bodies": ["cucthue"]}, 9, "where: {agency: {not: [...]}} in the answer that leaves them out"),
        ({"districts": ["ubnd-nt"]}, 9, "a group of agency with side_by_side: true"),
        ({"targets": [_target(id="t")]}, 7, "write a mapping of a name to a promise"),
    ],
)
def test_a_plan_of_the_first_edition_is_refused_with_what_to_write_instead(tmp_path, changes, line, sentence):
    told = _refused(tmp_path, **changes)
    assert f"plan.yml line {line}: " in told
    assert "of the first edition" in told or "as in the first edition" in told
    assert sentence in told
    assert "docs/write-a-plan.md" in told


def test_a_break_belongs_to_its_indicator(tmp_path):
    plan = _plan(
        tmp_path,
        indicators={"overdue": {}, "online_of_all": {}},
        breaks={"one": _break(), "other": _break(indicators=["online_of_all"], period="2021Q1")},
    )
    assert [known.period for known in plan.breaks_of("overdue")] == ["2020-09"]
    assert plan.breaks_of("rated_satisfied") == ()


@pytest.mark.parametrize(("frequency", "origin", "last"), [("M", "2021-09", "2021-12"), ("Q", "2021Q3", "2021Q4")])
def test_a_quarter_ends_in_the_datas_own_frequency(tmp_path, frequency, origin, last):
    plan = _plan(tmp_path, calendar={"frequency": frequency})
    assert periods.write(plan.origin(periods.parse_quarter("2021-Q3"))) == origin
    assert periods.write(plan.last_period) == last


def test_months_are_counted_as_deadlines_fall_unless_the_plan_says_otherwise(tmp_path):
    said = {"frequency": "M", "deadlines": {"cutoff": 14}}
    assert _plan(tmp_path, calendar=said).calendar.counting.day == 14
    apart = _plan(tmp_path, calendar=said | {"counting": {"cutoff": "calendar"}}).calendar
    assert (apart.cutoff_day, apart.counting.day) == (14, None)


# Promises.


def _parts(*names):
    return {name: dict(OVERDUE) for name in names}


def test_several_parts_say_how_they_combine():
    with pytest.raises(ValidationError, match="any_of or all_of"):
        SharePromise.model_validate(_target(parts=_parts("p", "q")))
    assert SharePromise.model_validate(_target(parts=_parts("p", "q"), combine="any_of")).combine == "any_of"


def test_a_single_part_combines_with_nothing():
    with pytest.raises(ValidationError, match="any_of or all_of"):
        SharePromise.model_validate(_target(parts=_parts("p"), combine="all_of"))


def test_two_parts_of_one_name_are_refused(tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text("targets:\n  t:\n    parts:\n      p: {rule: at_most}\n      p: {rule: at_least}\n", "utf-8")
    with pytest.raises(BadParameters, match="line 5: the key 'p' stands twice"):
        read_plan(path)


def test_parts_take_from_the_promise_what_they_do_not_say():
    parts = {"p": {}, "q": {"threshold": 0.5, "dimension": "agency", "series": "stp"}}
    promise = SharePromise.model_validate(_target(**OVERDUE, window="last_quarter", parts=parts, combine="all_of"))
    first, second = promise.parts.values()
    assert (first.indicator, first.rule, first.threshold, first.series) == ("overdue", "at_most", 0.02, "total")
    assert (second.threshold, second.dimension, second.series) == (0.5, "agency", "stp")
    assert {first.window, second.window} == {"last_quarter"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"parts": _parts("p"), "each": {"of": "field"}}, "parts and each do not go together"),
        (OVERDUE | {"each": {"of": "field"}, "steps": {"2021-06-30": 0.1}}, "each and steps do not go together"),
        ({"indicator": "overdue", "threshold": 0.1}, "rule is missing"),
        ({"rule": "at_most", "threshold": 0.1}, "indicator is missing"),
        ({"indicator": "overdue", "rule": "at_most"}, "threshold is missing"),
        (OVERDUE | {"threshold_by": {"named": 0.1}}, "threshold_by goes with each"),
        (OVERDUE | {"threshold": 95.0}, "a share from 0 to 1 was expected, found 95; 95 % is 0.95"),
        (OVERDUE | {"steps": {"2021-06-30": 50.0}}, "a share from 0 to 1 was expected"),
        (OVERDUE | {"series": "stp"}, "dimension and series go together"),
        (OVERDUE | {"watch": {"of": "agency"}}, "one of below and above was expected"),
    ],
)
def test_a_promise_that_does_not_say_what_it_is_on_is_refused(changes, sentence):
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        SharePromise.model_validate(_target(**changes))


EACH = {"of": "field", "in": "named"}
NAMED = {"field": {"named": {"title": TEXT, "members": ["a", "b"]}, "few": {"title": TEXT, "members": ["b"]}}}


def _written_out(tmp_path, members, **changes):
    plan = _plan(tmp_path, targets={"t": _target(**OVERDUE | changes)}, groups=NAMED)
    return plan.over(members).targets["t"]


def test_each_is_on_a_group_that_there_is(tmp_path):
    assert "there is no group 'named' of field" in _refused(tmp_path, targets={"t": _target(**OVERDUE, each=EACH)})


def test_each_is_written_out_over_its_members_or_pooled(tmp_path):
    members = {("field", "named"): ["a", "b"]}
    apart = _written_out(tmp_path, members, each=EACH)
    assert [(part.id, part.dimension, part.series, part.threshold) for part in apart.parts.values()] == [
        ("a", "field", "a", 0.02), ("b", "field", "b", 0.02),
    ]  # fmt: skip
    assert apart.combine == "all_of"
    pooled = _written_out(tmp_path, members, each=EACH | {"together": True})
    assert [(part.id, part.dimension, part.series) for part in pooled.parts.values()] == [("named", "field", "named")]
    assert pooled.combine is None


def test_each_of_all_fields_is_on_those_that_have_cases(tmp_path):
    members = {("field", None): ["x", "y", "z"]}
    written = _written_out(tmp_path, members, each={"of": "field"})
    assert [part.series for part in written.parts.values()] == ["x", "y", "z"]
    together = _written_out(tmp_path, members, each={"of": "field", "together": True})
    assert [part.series for part in together.parts.values()] == ["total"]
    with pytest.raises(BadParameters, match="plan: t: field has no members"):
        _written_out(tmp_path, {("field", None): []}, each={"of": "field"})


def test_a_group_may_have_a_threshold_of_its_own(tmp_path):
    members = {("field", None): ["a", "b", "c"], ("field", "few"): ["b"], ("field", "named"): ["a", "b"]}
    own = _written_out(tmp_path, members, each={"of": "field"}, threshold_by={"few": 0.1, "named": 0.3})
    assert {part.series: part.threshold for part in own.parts.values()} == {"a": 0.3, "b": 0.1, "c": 0.02}
    only = _written_out(tmp_path, members, each={"of": "field"}, threshold=None, threshold_by={"named": 0.3})
    assert {part.series: part.threshold for part in only.parts.values()} == {"a": 0.3, "b": 0.3}


def test_a_member_with_few_cases_may_have_some_late(tmp_path):
    written = _written_out(tmp_path, {("field", "named"): ["a", "b"]}, each=EACH | {"at_most_late": 3})
    assert {part.at_most for part in written.parts.values()} == {3}


def test_steps_are_parts_in_the_order_of_their_days_and_the_last_judges(tmp_path):
    steps = {"2021-12-14": 0.02, "2021-06-30": 0.05, "2021-09-30": 0.03}
    written = _written_out(tmp_path, {}, steps=steps)
    assert [(part.id, part.threshold, str(part.until)) for part in written.parts.values()] == [
        ("by-2021-06-30", 0.05, "2021-06-30"),
        ("by-2021-09-30", 0.03, "2021-09-30"),
        ("by-2021-12-14", 0.02, "None"),
    ]
    assert written.combine == "last"


def test_a_step_is_due_by_the_last_whole_period_that_ends_by_its_day(tmp_path):
    plan = _plan(tmp_path, calendar={"frequency": "M", "deadlines": {"cutoff": 14}})
    assert [periods.write(plan.last_whole_period(date(2021, 6, n))) for n in (13, 14, 30)] == [
        "2021-05", "2021-06", "2021-06",
    ]  # fmt: skip


def test_a_plan_without_a_group_that_lives_says_so(tmp_path):
    with pytest.raises(BadParameters, match="t: named has no members with cases this year"):
        _written_out(tmp_path, {("field", "named"): []}, each=EACH)


def test_a_survey_tells_fields_apart_and_no_bodies():
    survey = SurveyPromise.model_validate(SURVEY | {"instrument": "own", "each": {"of": "field"}})
    assert survey.over({("field", None): ["a", "b"]}).fields == ("a", "b")
    with pytest.raises(ValidationError, match="of: field was expected"):
        SurveyPromise.model_validate(SURVEY | {"instrument": "own", "each": {"of": "agency"}})


def test_an_indicator_that_is_only_copied_is_none_of_the_plan(tmp_path):
    copied = {"late_in_land": {"from": "overdue", "where": {"field": "datdai"}}}
    plan = _plan(tmp_path, indicators=copied, targets={"t": _target(**OVERDUE | {"indicator": "late_in_land"})})
    assert list(plan.indicators) == ["late_in_land"]
    # What a copy is nested in belongs to it.
    copied = {"of_those": {"from": "online_of_published"}}
    plan = _plan(tmp_path, indicators=copied, targets={"t": _target(**OVERDUE | {"indicator": "of_those"})})
    assert set(plan.indicators) == {"of_those", "online_of_all", "published_of_offline"}


def _satisfied(tmp_path, indicator="rated_satisfied", by=("field",), **changes):
    instruments = {
        "own": {"of": "survey", "title": TEXT, "instrument": "own"},
        "ratings": {"of": "indicator", "title": TEXT, "indicator": indicator},
    }
    survey = SURVEY | {"instrument": "ratings", "proxy": "rated_satisfied"} | changes
    indicators = {"rated_satisfied": {"by": list(by)}}
    return _plan(tmp_path, indicators=indicators, instruments=instruments, targets={"t": survey})


def test_an_indicator_in_a_surveys_place_makes_a_promise_on_shares(tmp_path):
    plan = _satisfied(tmp_path)
    (promise,) = plan.measured
    assert (promise.kind, promise.title, promise.indicators) == ("share", plan.targets["t"].title, ("rated_satisfied",))
    ((part, name),) = promise.judged
    assert (name, part.id, part.title, part.rule, part.threshold, part.series) == (
        "", "t", plan.instruments["ratings"].title, "more_than", 0.81, "total",
    )  # fmt: skip
    # The survey's own promise stays what it was.
    assert _satisfied(tmp_path, instrument="own").measured == ()


def test_an_indicator_judges_each_field_that_lives(tmp_path):
    plan = _satisfied(tmp_path, each={"of": "field"})
    written = plan.over({("field", None): ["a", "b"]})
    # Kept as JSON and read again, as with the results of a run.
    for read in (written, Plan.model_validate(written.model_dump(mode="json", by_alias=True))):
        (promise,) = read.measured
        assert promise.combine == "all_of"
        assert [(part.dimension, part.series, name) for part, name in promise.judged] == [
            ("field", "a", "a"), ("field", "b", "b"),
        ]  # fmt: skip
    with pytest.raises(BadParameters, match="t: field has no members with cases this year"):
        plan.over({("field", None): []})


def test_an_indicator_in_a_surveys_place_is_a_share_somebody_declares(tmp_path):
    with pytest.raises(BadParameters, match=r"instruments\.ratings: indicator: nobody declares 'rated_satisfed'"):
        _satisfied(tmp_path, indicator="rated_satisfed")
    with pytest.raises(BadParameters, match=r"instruments\.ratings: days_to_resolve is no share"):
        _satisfied(tmp_path, indicator="days_to_resolve")
    with pytest.raises(BadParameters, match=r"targets\.t: rated_satisfied has no series by 'field'"):
        _satisfied(tmp_path, each={"of": "field"}, by=["agency"])


@pytest.mark.parametrize("changes", [{"tier": "best"}, {"tiers": ["good", "good"]}, {"last_ranks": {2019: {"x": 1}}}])
def test_an_index_names_its_tiers_once_and_no_others(changes):
    index = {"kind": "index", "title": TEXT, "reported": "r", "index": "pci",
             "tiers": ["good", "fair"], "tier": "good"}  # fmt: skip
    assert IndexPromise.model_validate(index).tier == "good"
    with pytest.raises(ValidationError):
        IndexPromise.model_validate(index | changes)
