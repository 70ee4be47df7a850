"""Every sentence a reader sees has its Vietnamese, and no Vietnamese is left without its sentence."""

import ast
import re
import string
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from pydantic import TypeAdapter

import analysis
from analysis import strict_yaml
from analysis.attainment.verdict import verdict
from analysis.data.contracts import CaseRatings, Cases, columns_of
from analysis.plan.indicators import Indicator
from analysis.plan.library import LIBRARY
from analysis.plan.plan import Plan, read_plan
from analysis.plan.promises import Part
from analysis.plan.record import Text
from analysis.report.wording import EVENTS, LOCALE, REASONS, SHORT_REASONS, VERDICTS, Wording

PACKAGE = Path(analysis.__file__).parent
ALSO = {"roman": "number"}
"""Vietnamese writes a quarter's number in Roman figures: the same value under another name."""


def _is_wording(call: ast.Call) -> bool:
    named = isinstance(call.func, ast.Name) and call.func.id == "_"
    asked = isinstance(call.func, ast.Attribute) and call.func.attr == "text"
    return bool(call.args) and (named or asked)


def _spoken(tree: ast.AST) -> Iterator[tuple[int, str | None]]:
    """Yield the line and sentence of each call, None where the sentence is put together on the spot.

    Calls inside f-strings are found too. A name or a look-up stands for a sentence marked with `_` elsewhere.
    """
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not _is_wording(call):
            continue
        choices = [call.args[0]]
        while choices:
            said = choices.pop()
            if isinstance(said, ast.IfExp):
                choices += [said.body, said.orelse]
            elif isinstance(said, ast.Constant) and isinstance(said.value, str):
                yield call.lineno, said.value
            elif isinstance(said, ast.JoinedStr | ast.BinOp | ast.Call):
                yield call.lineno, None


def _sentences() -> tuple[dict[str, str], list[str]]:
    found: dict[str, str] = {}
    opaque = []
    # What a reader sees is said by these rooms only; elsewhere a method called `text` is another thing.
    for file in sorted(file for room in ("report", "explore", "publish") for file in (PACKAGE / room).rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        for line, sentence in _spoken(ast.parse(file.read_text(encoding="utf-8"))):
            if sentence is None:
                opaque.append(f"{name}:{line}")
            else:
                found.setdefault(sentence, f"{name}:{line}")
    for file in sorted(PACKAGE.rglob("*.j2")):
        for match in re.finditer(r"\btext\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')", file.read_text("utf-8")):
            found.setdefault(ast.literal_eval(match[1]), file.relative_to(PACKAGE).as_posix())
    return found, opaque


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (LOCALE / "vi" / "LC_MESSAGES" / "report.po").open("rb") as file:
        return read_po(file, locale="vi")


@pytest.fixture(scope="module")
def sentences() -> dict[str, str]:
    return _sentences()[0]


def _placeholders(sentence: str) -> set[str]:
    return {ALSO.get(name, name) for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_the_collector_finds_what_it_should() -> None:
    code = "words.text('a')\n_('b' 'c')\nf'{w.text(\"d\")}'\nw.text('e' if x else 'f')\nw.text(T[k])\nw.text(f'{g}')"
    assert set(_spoken(ast.parse(code))) == {(1, "a"), (2, "bc"), (3, "d"), (4, "e"), (4, "f"), (6, None)}


def test_sentences_are_found(sentences: dict[str, str]) -> None:
    assert len(sentences) > 60
    assert "Almost certain to be met" in sentences


def test_no_sentence_is_put_together_where_it_is_looked_up() -> None:
    assert _sentences()[1] == []


def test_every_sentence_has_its_vietnamese(catalogue: Catalog, sentences: dict[str, str]) -> None:
    missing = {}
    for sentence, place in sentences.items():
        entry = catalogue.get(sentence)
        if entry is None or not entry.string or entry.fuzzy:
            missing[place] = sentence
    assert missing == {}


def test_no_entry_is_obsolete(catalogue: Catalog, sentences: dict[str, str]) -> None:
    assert [entry.id for entry in catalogue if entry.id and entry.id not in sentences] == []
    assert list(catalogue.obsolete) == []


def test_placeholders_agree_between_the_languages(catalogue: Catalog) -> None:
    differing = {
        entry.id: entry.string
        for entry in catalogue
        if entry.id and _placeholders(str(entry.id)) != _placeholders(str(entry.string))
    }
    assert differing == {}


@pytest.mark.parametrize(
    ("rule", "threshold", "vi", "en"),
    [("at_least", 0.30, "30%", "at least 30%"), ("more_than", 0.815, "81,5%", "more than 81.5%"),
     ("at_most", 0.02, "2%", "2% at most")],
)  # fmt: skip
def test_a_rule_carries_its_threshold(rule: str, threshold: float, vi: str, en: str) -> None:
    assert Wording("en").rule(rule, threshold) == en
    assert vi in Wording("vi").rule(rule, threshold)
    assert Wording("vi").rule(rule, threshold) != en


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_two_verdicts_look_or_read_alike(language: str) -> None:
    words = Wording(language)
    said = [words.verdict(code) for code in VERDICTS]
    assert len({one.split(" ", 1)[0] for one in said}) == len(said)
    assert len({one.split(" ", 1)[1] for one in said}) == len(said)


def test_every_code_of_the_attainment_has_its_words() -> None:
    from analysis.attainment import verdict

    assert set(VERDICTS) == set(verdict.VERDICTS)
    # Every code of a reason stands in the source of the room that gives it.
    counting = [PACKAGE / "data" / f"{name}.py" for name in ("measures", "margin_counts", "case_table")]
    files = [*(PACKAGE / "attainment").glob("*.py"), *counting]
    sources = "".join(file.read_text(encoding="utf-8") for file in files)
    given = set(
        re.findall(
            r'(?:not_estimated\(|unknown\(|"note": |note=|return |else |or |\[one\] = )"([a-z]+(?:_[a-z]+)+)"', sources
        )
    )
    assert given - set(VERDICTS) == set(REASONS) == set(SHORT_REASONS)


@pytest.fixture(scope="module")
def library() -> Plan:
    """A plan with every indicator of the library."""
    declare = TypeAdapter(Indicator).validate_python
    files = sorted(LIBRARY.glob("*.yml"))
    every = {file.stem: declare(strict_yaml.read(file, what="indicator").content) for file in files}
    plan = read_plan(PACKAGE.parents[1] / "parameters" / "plans" / "khanh-hoa-2021.yml")
    return plan.model_copy(update={"indicators": every})


def _texts_filled(plan: Plan, words: Wording) -> Iterator[tuple[str, str]]:
    for code, one in plan.indicators.items():
        yield code, words.indicator(plan, code)
        for told in (one.about.what, one.about.why, one.about.caveats) if one.about else ():
            if told:
                yield code, words.filled(plan, code, told)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("event", [None, *EVENTS])
def test_every_text_of_the_library_reads_as_a_sentence_under_every_event(
    library: Plan, language: str, event: str | None
) -> None:
    counted = {
        code: one.model_copy(update={"counted": event}) if event and hasattr(one, "counted") else one
        for code, one in library.indicators.items()
    }
    plan, words = library.model_copy(update={"indicators": counted}), Wording(language)
    for code, text in _texts_filled(plan, words):
        assert text[0].isupper(), (code, text)
        assert not set(text) & set("{}_"), (code, text)
        if language == "vi":
            assert not re.search(r"\b(the|of|received|resolved|due|rated)\b", text), (code, text)


def test_every_title_of_the_library_has_two_languages(library: Plan) -> None:
    vi, en = Wording("vi"), Wording("en")
    same = [code for code in library.indicators if vi.indicator(library, code) == en.indicator(library, code)]
    assert same == []


def test_a_title_says_by_which_event_its_cases_are_counted(library: Plan) -> None:
    received = library.indicators["overdue"].model_copy(update={"counted": "on_desk"})
    workload = library.model_copy(update={"indicators": library.indicators | {"overdue": received}})
    assert Wording("vi").indicator(library, "overdue") == "Tỷ lệ trễ hạn trên số hồ sơ đã giải quyết"
    assert Wording("en").indicator(workload, "overdue") == "Share overdue, of the cases received or carried over"
    told = Wording("vi").indicator(workload, "overdue")
    assert told == "Tỷ lệ trễ hạn trên số hồ sơ đã tiếp nhận hoặc chuyển từ kỳ trước"


def test_a_time_by_which_rows_are_counted_has_words_and_not_its_code(library: Plan) -> None:
    timed = library.indicators["online_of_all"].model_copy(update={"counted": "answered_at"})
    plan = library.model_copy(update={"indicators": library.indicators | {"online_of_all": timed}})
    assert Wording("en").indicator(plan, "online_of_all") == "Share filed online, of all cases dated in the period"
    named = {"counted": {"answered_at": Text(vi="được trả lời", en="answered")}}
    plan = plan.model_copy(update={"names": plan.names | named})
    assert Wording("en").indicator(plan, "online_of_all") == "Share filed online, of all cases answered"
    assert Wording("vi").indicator(plan, "online_of_all") == "Tỷ lệ nộp trực tuyến trên tổng số hồ sơ đã được trả lời"


def test_every_time_of_the_contract_has_words() -> None:
    times = [name for name in (*columns_of(Cases), *columns_of(CaseRatings)) if name.endswith("_at")]
    assert set(times) <= set(EVENTS)


def test_a_step_begins_with_a_capital_as_other_parts_do(library: Plan) -> None:
    step = Part(indicator="on_time", rule="at_least", threshold=0.8, until=date(2026, 6, 30))
    assert Wording("en").part(library, step) == "By 30 June 2026"
    assert Wording("vi").part(library, step) == "Đến ngày 30/06/2026"


def test_a_nested_share_is_counted_as_the_one_it_is_nested_in(library: Plan) -> None:
    online = library.indicators["online_of_all"].model_copy(update={"counted": "received"})
    received = library.model_copy(update={"indicators": library.indicators | {"online_of_all": online}})
    told = Wording("en").indicator(received, "online_of_published")
    assert told == "Share filed online, of the cases received under procedures published online"


def test_the_paper_on_uncertainty_says_the_verdicts_and_their_limits() -> None:
    paper = (PACKAGE.parents[1] / "docs" / "wording-uncertainty.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in paper.splitlines() if line.startswith("|")
    ]
    told = {row[1]: (row[0], row[2], row[3]) for row in rows if len(row) == 4}
    vi, en = Wording("vi"), Wording("en")
    for code, (shape, word) in VERDICTS.items():
        limits, vietnamese, drawn = told[en.text(word)]
        assert (vietnamese, drawn) == (vi.text(word), shape)
        at, above = (float(limit) / 100 for limit in (re.findall(r"\d+", limits) * 2)[:2] or ("0", "0"))
        if code == "very_likely":
            assert verdict(at, decided=False) == code
        elif code == "likely":
            assert (verdict(at, decided=False), verdict(above, decided=False)) == (code, "very_likely")
        elif code == "uncertain":
            assert (verdict(at, decided=False), verdict(above, decided=False)) == ("unlikely", "likely")
            assert verdict((at + above) / 2, decided=False) == code
        elif code == "unlikely":
            assert (verdict(at, decided=False), verdict(above, decided=False)) == ("very_unlikely", code)
        elif code == "very_unlikely":
            assert verdict(at, decided=False) == code


def test_a_page_of_the_offices_own_is_titled_by_its_name():
    assert Wording("vi").page_title("08_our_districts") == "Our districts"


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("khảo sát", "điều tra"),
        ("cam kết", "mục tiêu"),
        ("hạng mục", "what it is, or đầu việc"),
        ("dữ liệu", "số liệu"),
        ("kiểm chứng", "kiểm nghiệm"),
        ("ước tính được", "ước lượng được"),
        ("dựng lại", "lập lại"),
    ],
)
def test_one_thing_has_one_word(catalogue: Catalog, said: str, instead: str) -> None:
    assert [entry.string for entry in catalogue if entry.id and said in str(entry.string).lower()] == [], instead
