"""Bodies that merged or were abolished: what a plan reads, what it refuses, and which bodies a quarter has."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from analysis.faults import BadParameters
from analysis.plan.answers_on import answers_on
from analysis.plan.crosswalk import today
from analysis.plan.library import library_files
from analysis.plan.plan import Plan, read_plan
from analysis.strict_yaml import read

PLAN = """
title: {vi: a, en: a}
year: 2025
calendar: {frequency: M}
source: s
scope: {vi: a, en: a}
unit: {vi: a, en: a}
names: {agency: {a: {vi: A, en: A}}}
crosswalk: {agency: []}
targets:
  t: {kind: share, title: {vi: a, en: a}, reported: r, indicator: on_time, rule: at_least, threshold: 0.95}
"""
Q2, Q3 = pd.Period("2025Q2"), pd.Period("2025Q3")


@pytest.fixture
def plan(tmp_path):
    def write(crosswalk: str = "{agency: []}", more: str = "", **files: str):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        path = tmp_path / "plan.yml"
        path.write_text(PLAN.replace("{agency: []}", crosswalk) + more, encoding="utf-8")
        return path

    return write


def test_a_list_in_the_plan_and_one_beside_it_say_the_same(plan):
    inside = read_plan(
        plan('{agency: [{old: ubnd-xa-van-tho, new: b, from: "2025-07-01"}, {old: c, from: "2025-07-01"}]}')
    )
    spelled = "old,new,from\nUBND xã Vạn Thọ,B,2025-07-01\n\nc,,2025-07-01\n"
    path = plan("{agency: {file: merged.csv}}", merged=spelled)
    beside = read_plan(path)
    assert beside.crosswalk == inside.crosswalk
    assert beside.bodies("agency") == {"ubnd-xa-van-tho": "b", "c": None}
    assert beside.abolished("agency") == {"c"}
    # As a spreadsheet set to Vietnam saves it.
    saved = "\ufeffold;new;from\nUBND xã Vạn Thọ;B;1/7/2025\nc;;01/07/2025\n"
    assert read_plan(plan("{agency: {file: saved.csv}}", saved=saved)).crosswalk == inside.crosswalk
    path = plan("{agency: {file: merged.csv}}", merged=spelled)
    # What the file says is part of what the results are named by.
    assert library_files(read(path, what="plan"))[-1] == path.parent / "merged.csv"


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ('{old: a, new: a, from: "2025-07-01"}', "line 9: crosswalk.agency.0: a is its own new code"),
        (
            '{old: a, new: b, from: "2025-07-01"}, {old: a, new: c, from: "2025-08-01"}',
            "line 9: crosswalk.agency.1: a stands twice: it became b on 2025-07-01, and it became c on 2025-08-01",
        ),
        (
            '{old: a, new: b, from: "2025-07-01"}, {old: b, new: c, from: "2025-07-01"}, '
            '{old: c, new: a, from: "2026-01-01"}',
            "crosswalk.agency.0: a → b → c → a: a code gets back to one that it came from",
        ),
        (
            '{old: a, new: b, from: "2025-07-01"}, {old: b, from: "2020-01-01"}',
            "crosswalk.agency.0: a became b on 2025-07-01, when b was no more: it was abolished on 2020-01-01",
        ),
        ("{old: a, new: b, from: 1.7.2025}", "line 9: crosswalk.agency.0.from: a day such as 2025-07-01 was expected"),
        ("{old: a, new: b, from: 20250701}", "a day such as 2025-07-01 was expected, found '20250701'"),
        ("{old: a, new: b}", "line 9: the key 'crosswalk.agency.0.from' is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(plan, entries, told):
    with pytest.raises(BadParameters) as fault:
        read_plan(plan(f"{{agency: [{entries}]}}"))
    assert told in str(fault.value)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("a,a,2025-07-01\n", "merged.csv line 2: a is its own new code; a code that stays is left out"),
        ("a,b,2025-07-01\nA,c,2025-07-01\n", "merged.csv line 3: a stands twice"),
        ("a,b,2025-07-01\nb,a,2025-07-01\n", "merged.csv line 2: a → b → a: a code gets back"),
        ("x,,2025-07-01\na,b,2025-07-01\nb,c,2024-01-01\n", "merged.csv line 3: a became b on 2025-07-01, when b was"),
        ("a,b,30.6.2025\n", "merged.csv line 2: from: a day such as 2025-07-01 was expected, found '30.6.2025'"),
        ("a,b,31/6/2025\n", "merged.csv line 2: from: a day such as 2025-07-01 was expected, found '31/6/2025'"),
        ("a,b,2025-06-31\n", "merged.csv line 2: from: a day such as 2025-07-01 was expected, found '2025-06-31'"),
        ("a,b,\n", "merged.csv line 2: from: a day was expected, found nothing"),
        (",b,2025-07-01\n", "merged.csv line 2: old: a code or a name was expected, found nothing"),
        ("a,b\n", "merged.csv line 2: 3 columns were expected, found 2"),
        ("a,total,2025-07-01\n", "merged.csv line 2: 'total' is the whole and no body"),
        (f"{'a' * 140_000},b,2025-07-01\n", "merged.csv: not a list of bodies in CSV (field larger than"),
    ],
)
def test_what_cannot_be_is_refused_in_a_file_with_its_line(plan, rows, told):
    with pytest.raises(BadParameters) as fault:
        read_plan(plan("{agency: {file: merged.csv}}", merged=f"old,new,from\n{rows}"))
    assert told in str(fault.value)


def test_a_file_that_is_not_there_or_stands_beside_something_is_refused(plan):
    with pytest.raises(BadParameters, match=r"line 9: crosswalk\.agency: there is no file merged\.csv"):
        read_plan(plan("{agency: {file: merged.csv}}"))
    with pytest.raises(BadParameters, match=r"merged\.csv: the columns old, new, from were expected"):
        read_plan(plan("{agency: {file: merged.csv}}", merged="old,new\na,b\n"))
    with pytest.raises(BadParameters, match="a list, or file and nothing else, was expected"):
        read_plan(plan("{agency: {file: merged.csv, block: communes}}"))
    with pytest.raises(BadParameters, match="'total' is the whole and no dimension"):
        read_plan(plan("{total: []}"))
    with pytest.raises(BadParameters, match="line 9: crosswalk: nobody declares 'agencies'; did you mean 'agency'"):
        read_plan(plan("{agencies: []}"))


def _made(crosswalk: list[tuple[str, str | None, str]], **more: Any) -> Plan:
    words = {"vi": "v", "en": "e"}
    said = {
        "kind": "share",
        "title": words,
        "reported": "…",
        "indicator": "on_time",
        "rule": "at_least",
        "threshold": 0.9,
    }
    return Plan.model_validate(
        {
            "title": words, "year": 2025, "calendar": {"frequency": "M"}, "source": "s", "scope": words, "unit": words,
            "crosswalk": {"agency": [{"old": old, "new": new, "from": day} for old, new, day in crosswalk]},
            "indicators": {"on_time": {"form": "share", "title": words, "numerator": {"late": False}}},
            "targets": {"t": {**said, **more.pop("target", {})}},
            **more,
        }
    )  # fmt: skip


def test_a_chain_is_followed_as_far_as_it_is_in_force():
    plan = _made([("a", "b", "2020-01-01"), ("b", "c", "2025-07-01"), ("d", None, "2025-07-01")])
    assert plan.in_quarter(Q2).bodies("agency") == {"a": "b"}
    assert plan.in_quarter(Q3).bodies("agency") == {"a": "c", "b": "c", "d": None}
    # Asked again it is the same, and so is a plan that has none.
    assert plan.in_quarter(Q3).in_quarter(Q3) == plan.in_quarter(Q3)
    assert (without := _made([]).model_copy(update={"crosswalk": {}})).in_quarter(Q3) is without


@pytest.mark.parametrize(("cutoff", "known"), [("calendar", {"a": "b"}), (28, {})])
def test_a_merger_is_in_force_by_the_last_day_of_the_quarter(cutoff, known):
    # Months that end on the 28th have closed June by then.
    plan = _made([("a", "b", "2025-06-30")], calendar={"frequency": "M", "deadlines": {"cutoff": cutoff}})
    assert plan.in_quarter(Q2).bodies("agency") == known


def test_members_of_groups_become_those_of_today_once_each():
    words = {"vi": "v", "en": "e"}
    by_hand = {"title": words, "members": ["a", "c", "b", "x"], "former": ["d", "e"]}
    listed = {"title": words, "file": "bodies.csv"}
    plan = _made(
        [("a", "n", "2025-07-01"), ("b", "n", "2025-07-01"), ("x", None, "2025-07-01"),
         ("d", "n", "2025-07-01"), ("e", None, "2025-07-01"), ("f", "ward", "2025-07-01")],
        groups={"agency": {
            "hand": by_hand,
            "communes": {**listed, "block": "communes", "members": ["f", "a"]},
            "wards": {**listed, "block": "wards", "members": ["ward"]},
        }},
    )  # fmt: skip
    now = plan.in_quarter(Q3).groups["agency"]
    # The abolished stay: their cases are the group's, and in no list; what became of d is judged where it is now.
    assert (now["hand"].members, now["hand"].former) == (("n", "c", "x"), ("e",))
    # The list has the ward in its own block, so that the commune that became it has left the communes.
    assert (now["communes"].members, now["wards"].members) == (("n",), ("ward",))
    assert plan.in_quarter(Q2).groups == plan.groups


@pytest.mark.parametrize(
    ("series", "told"),
    [
        ("a", "plan: targets.t: agency a became b on 2024-01-01; write c"),
        ("b", "plan: targets.t: agency b became c on 2025-07-01; write c"),
        ("d", "plan: targets.t: agency d was abolished on 2025-07-01"),
    ],
)
def test_a_promise_on_a_body_that_is_no_more_is_refused(series, told):
    mergers = [("a", "b", "2024-01-01"), ("b", "c", "2025-07-01"), ("d", None, "2025-07-01")]
    plan = _made(mergers, target={"dimension": "agency", "series": series})
    with pytest.raises(BadParameters) as fault:
        plan.in_quarter(Q3)
    assert str(fault.value) == told
    if series != "a":
        assert plan.in_quarter(Q2).bodies("agency") == {"a": "b"}


def test_a_condition_asks_of_all_the_codes_of_a_body_or_of_none():
    mergers = [("a", "b", "2025-07-01"), ("d", None, "2025-07-01")]
    named = r"agency: {} is one body with {}; name all of its codes: \[a, b\]"
    with pytest.raises(ValueError, match="where: " + named.format("b", "a")):
        _made(mergers, where={"agency": {"not": ["b", "x"]}})
    with pytest.raises(ValueError, match="where: " + named.format("a", "b")):
        _made(mergers, where={"any_of": [{"agency": "a"}, {"channel": "post"}]})
    assert _made(mergers, where={"agency": ["a", "b", "d"], "field": "a"}).where["field"] == "a"


QUESTION = """
questions:
  history:
    asks: {vi: a, en: a}
    default: summed
    answers:
      summed: {reading: {vi: a, en: summed}}
      apart: {reading: {vi: a, en: apart}, patch: {crosswalk: {agency: %s}}}
"""


def test_an_answer_may_say_otherwise_what_merged(plan):
    merged = '{agency: [{old: a, new: b, from: "2025-07-01"}]}'
    read_so = read_plan(plan(merged, QUESTION % "[]"))
    apart = read_so.answered({"history": "apart"})
    assert (read_so.bodies("agency"), apart.bodies("agency")) == ({"a": "b"}, {})
    definitions = [one.definition_of(one.promise("t")) for one in (read_so, apart)]
    assert definitions[0] != definitions[1]
    assert [one.reading.en for one in answers_on(apart, "on_time", {"history": "apart"})] == ["apart"]
    # Another day is another definition, too: which quarters have the new body depends on it.
    later = read_so.model_copy(update={"crosswalk": {"agency": (read_so.crosswalk["agency"][0].model_copy(
        update={"since": date(2026, 1, 1)}),)}})  # fmt: skip
    assert later.definition_of(later.promise("t")) != definitions[0]


def test_an_answer_may_name_a_file_and_is_refused_like_the_plan(plan):
    path = plan(more=QUESTION % "{file: merged.csv}", merged="old,new,from\na,b,2025-07-01\n")
    assert read_plan(path).answered({"history": "apart"}).bodies("agency") == {"a": "b"}
    assert path.parent / "merged.csv" in library_files(read(path, what="plan"))
    with pytest.raises(BadParameters, match=r"line 19: .*agency\.0: a is its own new code"):
        read_plan(plan(more=QUESTION % '[{old: a, new: a, from: "2025-07-01"}]'))


def test_without_a_crosswalk_a_definition_says_nothing_of_it():
    assert "crosswalk" not in _made([]).definition_of(_made([]).promise("t"))
    assert today([]) == {}
