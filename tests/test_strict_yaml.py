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
        ("a: đ\nb: \x07\n", r"line 2: not valid YAML: control characters are not allowed$"),
        ("a: đ\nb: c\0\n", r"line 2: not valid YAML: control characters are not allowed$"),
        ("a:\n\tb: 1\n", r"line 2: not valid YAML: a tab stands where the line is indented; spaces were expected$"),
    ],
)
def test_broken_yaml_is_refused_in_one_line(tmp_path, text, why):
    with pytest.raises(BadParameters, match=why):
        _read(tmp_path, text)


def _bomb() -> str:
    """Return the text of ten lists of ten, each of the one before: ten billion words."""
    lists = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(["l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]", *lists])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\nb: !x c\n", "line 2: tags (!name) are not read"),
        ("a: 1\nb: !!float abc\n", "line 2: tags"),
        ("a: !!timestamp 2021-13-45\n", "line 1: tags"),
        ("a: !!set {b}\n", "line 1: tags"),
        ("a: !!omap [b: 1]\n", "line 1: tags"),
        ("a: !!binary '%'\n", "line 1: tags"),
        ("a: !!python/object/apply:os.getcwd []\n", "line 1: tags"),
        ("!!str a: 1\n", "line 1: tags"),
        ("!x\na: 1\n", "line 1: tags"),
        ("a: 1\nb: *c\n", "line 2: aliases (&name, *name) are not read"),
        ("a: &b [*b]\n", "line 1: aliases"),
        ("a: 1\n*b : 2\n", "line 2: aliases"),
        (_bomb(), "line 1: aliases"),
        ("a: 1\n<<: [b]\n", "line 2: a merge key (<<) is not read"),
        ("a: 1\n? [b]\n: c\n", "line 2: a key is a mapping or a list; text was expected"),
        ("a: 1\n{b: c}: d\n", "line 2: a key is a mapping or a list; text was expected"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document begins (---); one was expected"),
        (f"a:\n  {'[' * 10_000}\n", "line 2: more than 32 mappings and lists stand inside one another"),
        ("? " * 10_000, "line 1: a key is a mapping or a list"),
        (f"a: 1\nb: {'9' * 5_000}\n", "line 2: a number of 5,000 characters; at most 40 were expected"),
        ("a: 1.0e+999\n", "line 1: 1.0e+999 is beyond all numbers"),
        ('a: "b\\0c"\n', "line 1: a text holds the character of number 0"),
        (f"? {'k' * 1_025}\n: 1\n", "line 1: a key of 1,025 letters; at most 1,024 were expected"),
    ],
)
def test_what_is_beyond_a_limit_is_refused_with_its_line(tmp_path, text, why):
    with pytest.raises(BadParameters) as refused:
        _read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'file.yml'} {why}")


def test_what_is_at_a_limit_is_read(tmp_path):
    deep = f"{'[' * 31}1{']' * 31}"
    content = _read(tmp_path, f"a: {deep}\nb: -{'9' * 39}\n{'k' * 1_000}: '<<'\n'<<': \"&a *b !c\"\n").content
    assert (content["b"], content["k" * 1_000], content["<<"]) == (1 - 10**39, "<<", "&a *b !c")
    inside = content["a"]
    for _ in range(31):
        (inside,) = inside
    assert inside == 1


@pytest.mark.parametrize(
    "text", ["1_000.5", "1:30.5", ".inf", ".nan", "0x10", "1e5", "Yes", "=", "2021-09-20T08:00:00Z"]
)
def test_a_number_is_what_is_written_as_one(tmp_path, text):
    assert _read(tmp_path, f"a: {text}\n").content == {"a": text}


def test_numbers_and_nothing_are_read_as_such(tmp_path):
    content = _read(tmp_path, "a: [-3, +4, 0.30, .5, 2.5e-1, ~, Null]\nb:\nc: 'null'\nd: '5'\n").content
    assert content == {"a": [-3, 4, 0.3, 0.5, 0.25, None, None], "b": None, "c": "null", "d": "5"}


def test_a_file_of_200_megabytes_is_refused_by_its_first_one(tmp_path):
    with (tmp_path / "file.yml").open("wb") as stream:
        stream.write(b"a: 1\n")
        stream.truncate(200_000_000)
    with pytest.raises(
        BadParameters, match=r"file\.yml: larger than 1,048,576 bytes, which is more than a run file can"
    ):
        strict_yaml.read(tmp_path / "file.yml", what="run file")


def test_a_sentence_about_a_long_value_is_cut(tmp_path):
    document = _read(tmp_path, f"plan_file: p\nquarter: {'x' * 100_000}\nas_of: 2021-09-20\ninput_path: x\nseed: -1\n")
    with pytest.raises(BadParameters, match=r"line 2: quarter: a quarter is written .*x … \(and 1 more\)$") as refused:
        strict_yaml.validate(document, RunParameters, what="run file")
    assert len(str(refused.value)) == strict_yaml.MAX_SENTENCE + len(" … (and 1 more)")


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
    with pytest.raises(BadParameters, match=r"file\.yml line 1: not UTF-8 text \(byte 3\)"):
        strict_yaml.read(path, what="run file")


def test_a_misspelt_key_is_told_before_what_is_then_missing(tmp_path):
    document = _read(tmp_path, 'plan_file: p\nquater: "2021-Q3"\nas_of: "2021-09-20"\ninput_path: x\n')
    with pytest.raises(BadParameters, match=r"line 2: unknown key 'quater'; did you mean 'quarter'\? \(and 1 more\)"):
        strict_yaml.validate(document, RunParameters, what="run file")


def test_a_key_like_no_other_is_told_as_unknown(tmp_path):
    document = _read(tmp_path, "plan_file: p\nquarter: 2021-Q3\nas_of: 2021-09-20\ninput_path: x\nzzz: 1\n")
    with pytest.raises(BadParameters, match=r"line 5: unknown key 'zzz'; a run file has no such key$"):
        strict_yaml.validate(document, RunParameters, what="run file")


@pytest.mark.parametrize("key", ["quarter", "as_of", "language", None])
def test_an_address_in_the_wrong_place_is_not_repeated(tmp_path, key):
    address = "postgresql://user:CANARY@host/db"
    values = {"plan_file": "p", "quarter": "2021-Q3", "as_of": "2021-09-20", "input_path": "x", "language": "vi"}
    values |= {key or address: address}
    document = _read(tmp_path, "".join(f"{name!r}: {value!r}\n" for name, value in values.items()))
    with pytest.raises(BadParameters, match=r"line [2356]: an address stands where none was expected$"):
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
