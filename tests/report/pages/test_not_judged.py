"""What a promise on each field does not judge is said under its figures, and on the page of the data."""

from __future__ import annotations

import re
from html import unescape

import pytest
from click.testing import CliRunner

import permits
from analysis.cli import main
from analysis.parameters import RunParameters
from analysis.quarter.promise_standing import PromiseStanding
from analysis.quarter.results import Results
from analysis.report.pages.data_quality import DataPage
from analysis.report.pages.page import Page
from analysis.report.pages.targets import TargetPage
from analysis.report.promise_tables import not_judged
from analysis.report.wording import Wording
from said_once import said_twice

EACH = "15 of the 40 cases counted have no field: they are in no member that this promise judges."
FORMER = "8 of the 40 cases counted are of members that this promise does not judge (Fields)."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunParameters:
    return permits.register(tmp_path_factory.mktemp("permits")).model_copy(update={"language": "en"})


@pytest.fixture(scope="module")
def results(run: RunParameters, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return permits.results(run, tmp_path_factory.mktemp("kept"))


def _text(page: Page, monkeypatch: pytest.MonkeyPatch, show: str) -> str:
    """Return the text of what a method of a page shows: `§` before a heading, cells between bars."""
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    monkeypatch.setattr(page, "_picture", lambda picture: None)
    getattr(page, show)()
    html = re.sub(r"</t[hd]>", "|", "\n".join(shown).replace("<h2>", "§"))
    return unescape(re.sub(r"<[^>]+>", "", html))


def test_each_promise_says_under_its_figures_how_many_cases_it_does_not_judge(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _text(TargetPage(run, results), monkeypatch, "targets")
    by_promise = dict(zip(results.plan.targets, told.split("§")[1:], strict=True))
    assert [one for one in by_promise if EACH in by_promise[one]] == ["each_field", "group"]
    assert [one for one in by_promise if FORMER in by_promise[one]] == ["group"]
    assert 0 < by_promise["group"].index("85.7% (6 of 7 cases)") < by_promise["group"].index(EACH)
    assert told.count("no member") == 2


def test_no_long_sentence_is_said_twice(run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    for language in ("en", "vi"):
        page, shown = TargetPage(run.model_copy(update={"language": language}), results), []
        monkeypatch.setattr(page, "_html", shown.append)
        monkeypatch.setattr(page, "_picture", lambda picture: None)
        page.targets()
        assert said_twice("".join(shown), language) == []


def test_in_vietnamese(results: Results) -> None:
    words = Wording("vi")
    assert {one: not_judged(results, words, one) for one in results.plan.targets} == {
        "each_field": [
            "15 trong 40 hồ sơ được tính không có lĩnh vực, nên không thuộc nơi nào được xét ở mục tiêu này.",
        ],
        "group": [
            "15 trong 40 hồ sơ được tính không có lĩnh vực, nên không thuộc nơi nào được xét ở mục tiêu này.",
            "8 trong 40 hồ sơ được tính thuộc nơi mà mục tiêu này không xét (Lĩnh vực).",
        ],
        "whole": [],
        "land": [],
    }


def test_a_dimension_of_a_plan_s_own_is_called_by_its_code() -> None:
    assert Wording("en").lacking("paid_by") == "no value of paid_by"
    assert Wording("vi").lacking("agency") == "không ghi cơ quan, đơn vị"


def test_the_page_of_the_data_has_a_row_for_what_promises_use_and_cases_lack(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _text(DataPage(run, results), monkeypatch, "without_value")
    assert "Fields|Share on time or before, of the cases resolved|37.5% (15 of 40 cases)|" in told
    assert told.count(" of 40 cases") == 1


def test_nothing_is_said_where_every_case_has_a_field(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = permits.register(tmp_path_factory.mktemp("whole"), all_have_a_field=True)
    results = permits.results(run, tmp_path_factory.mktemp("kept"))
    assert _text(DataPage(run, results), monkeypatch, "without_value") == ""
    assert not_judged(results, Wording("en"), "each_field") == []
    assert results.attainment.in_no_member.set_index("target")["in_no_member"].to_dict() == {
        "each_field": 0,
        "group": 8,
    }


def test_an_analyst_sees_it_with_the_promise(results: Results) -> None:
    standing = PromiseStanding(results.plan.promise("group"), results)
    assert standing.in_no_member.to_dict("records") == [
        {"indicator": "on_time", "dimension": "field", "denominator": 40, "in_no_member": 23, "without_value": 15}
    ]
    assert "23 of 40 (on_time) are in no member judged, 15 of them without a value of field." in standing._repr_html_()
    alone = PromiseStanding(results.plan.promise("land"), results)
    assert alone.in_no_member.empty
    assert "in no member" not in alone._repr_html_()


def test_so_does_whoever_tries_a_plan(run: RunParameters) -> None:
    asked = ["plan", "check", run.plan_file, "--input", run.input_path, "--as-of", "2021-10-01"]
    lines = CliRunner().invoke(main, asked).output.splitlines()
    said = {lines[at - 1].split()[1]: line.strip() for at, line in enumerate(lines) if "not judged:" in line}
    assert said["group"] == "not judged: 23 of the 40 counted (on_time) are in no member, 15 of them without field"
    assert sum("in no member" in line for line in lines) == 2
