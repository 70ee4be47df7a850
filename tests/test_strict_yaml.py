"""YAML as its writer meant it, faults told with their line."""

from __future__ import annotations

import pytest

from analysis import strict_yaml
from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.plan.plan import Plan


def _read(tmp_path, text):
    path = tmp_path / "file.yml"
    path.write_text(text, encoding="utf-8")
    return strict_yaml.read(path, what="run file")


def test_dates_and_words_stay_as_typed(tmp_path):
    content = _read(tmp_path, "a: 2021-09-20\nb: NO\nc: 1:30\nd: 012\ne: true\nf: 5\ng: 0.5\nh: null\n").content
    assert content == {"a": "2021-09-20", "b": "NO", "c": "1:30", "d": "012", "e": True, "f": 5, "g": 0.5, "h": None}


def test_a_key_that_looks_like_a_boolean_or_a_date_stays_text(tmp_path):
    assert _read(tmp_path, "NO: 1\non: 2\n2021-09-20: 3\n").content == {"NO": 1, "on": 2, "2021-09-20": 3}


def test_every_key_knows_its_line(tmp_path):
    assert _read(tmp_path, "# first\na: 1\nb:\n  - c: 2\n  - 3\n").lines == {
        ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 0, "c"): 4, ("b", 1): 5,
    }  # fmt: skip


def test_a_key_given_twice_is_refused_with_its_line(tmp_path):
    with pytest.raises(BadParameters, match=r"file\.yml line 3: the key 'a' stands twice"):
        _read(tmp_path, "a: 1\nb: 2\na: 3\n")


def test_a_key_given_twice_deep_inside_is_refused_with_its_line(tmp_path):
    with pytest.raises(BadParameters, match=r"line 4: the key 'b' stands twice"):
        _read(tmp_path, "a:\n  - b: 1\n    c: 2\n    b: 3\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\nb: ]\nc: 2\n", r"line 2: not valid YAML: "),
        ("a: 1\nb: c: d\n", r"line 2: not valid YAML: mapping values are not allowed in this context$"),
        ("a: 1\nb: *c\n", r"line 2: not valid YAML: found undefined alias$"),
        ("a: 1\nb: \x07\n", r"file\.yml: not valid YAML: control characters are not allowed$"),
    ],
)
def test_broken_yaml_is_refused_in_one_line(tmp_path, text, why):
    with pytest.raises(BadParameters, match=why):
        _read(tmp_path, text)


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "just words"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(BadParameters, match="mapping"):
        _read(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadParameters, match="no such run file"):
        strict_yaml.read(tmp_path / "none.yml", what="run file")


def test_what_is_not_utf_8_is_refused_with_its_byte(tmp_path):
    path = tmp_path / "file.yml"
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(BadParameters, match=r"not UTF-8 text \(byte 3\)"):
        strict_yaml.read(path, what="run file")


def test_a_misspelt_key_is_told_before_what_is_then_missing(tmp_path):
    document = _read(tmp_path, 'plan_file: p\nquater: "2021-Q3"\nas_of: "2021-09-20"\ninput_path: x\n')
    with pytest.raises(BadParameters, match=r"line 2: unknown key 'quater'; did you mean 'quarter'\? \(and 1 more\)"):
        strict_yaml.validate(document, RunParameters, what="run file")


def test_a_key_like_no_other_is_told_as_unknown(tmp_path):
    document = _read(tmp_path, "plan_file: p\nquarter: 2021-Q3\nas_of: 2021-09-20\ninput_path: x\nzzz: 1\n")
    with pytest.raises(BadParameters, match=r"line 5: unknown key 'zzz'; a run file has no such key$"):
        strict_yaml.validate(document, RunParameters, what="run file")


def test_a_missing_key_is_told(tmp_path):
    document = _read(tmp_path, "plan_file: p\nquarter: 2021-Q3\nas_of: 2021-09-20\n")
    with pytest.raises(BadParameters, match=r"file\.yml: the key 'input_path' is missing$"):
        strict_yaml.validate(document, RunParameters, what="run file")


def test_a_wrong_value_deep_in_a_plan_is_told_with_its_line(tmp_path):
    text = (
        "title: {vi: a, en: a}\nyear: 2021\ncalendar: {frequency: M}\nsource: s\nscope: {vi: a, en: a}\n"
        "unit: {vi: a, en: a}\ntargets:\n  one:\n    kind: share\n    title: {vi: a, en: a}\n    reported: r\n"
        "    parts:\n      p:\n        indicator: overdue\n        rule: at_least\n        threshold: x\n"
    )
    with pytest.raises(BadParameters, match=r"line 16: targets\.one\.parts\.p\.threshold.*: .* found 'x'"):
        strict_yaml.validate(_read(tmp_path, text), Plan, what="plan")
