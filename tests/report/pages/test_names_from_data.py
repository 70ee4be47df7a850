"""A body or field that the plan does not name is called on the pages as the file received spells it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from click.testing import CliRunner

import permits
from analysis.cli import main
from analysis.parameters import RunParameters
from analysis.plan.promises import ItemsPromise
from analysis.quarter.inputs import named
from analysis.quarter.quarter import Quarter
from analysis.quarter.results import Results
from analysis.report.pages.targets import TargetPage
from analysis.report.promise_tables import open_items
from analysis.report.wording import Wording
from changed_results import changed

FIELDS = {"land": "Đất đai", "civil": "Hộ tịch & <chứng thực>", "forest": "LÂM NGHIỆP", None: ""}
MAPPING = """
about: {title: t, source: s}
format: csv
extracted_on: "2021-10-01"
table: counts
columns:
  period: Kỳ
  agency: Cơ quan
  field: {column: Lĩnh vực, codes: {Đất đai: land, "Hộ tịch & <chứng thực>": civil, LÂM NGHIỆP: forest}}
  timeliness: Hạn
  resolved: Số
"""
NAMED = "names: {field: {land: {vi: Đất, en: The land}}}\ngroups:"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunParameters:
    folder = tmp_path_factory.mktemp("permits")
    (folder / "permits.yml").write_text(permits.PLAN.replace("groups:", NAMED), encoding="utf-8")
    (folder / "counts.yml").write_text(MAPPING, encoding="utf-8")
    rows = [f"{period},Sở Tư pháp,{FIELDS[field]},{when},{n}" for period, field, when, n in permits.ROWS]
    (folder / "counts.csv").write_text("\n".join(["Kỳ,Cơ quan,Lĩnh vực,Hạn,Số", *rows]) + "\n", encoding="utf-8")
    return RunParameters(
        plan_file=str(folder / "permits.yml"), quarter="2021-Q3", as_of="2021-10-01",
        input_path=str(folder / "counts.csv"), source_file=str(folder / "counts.yml"), draw_count=200,
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(run: RunParameters, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return permits.results(run, tmp_path_factory.mktemp("kept"))


def test_results_say_what_the_data_calls_its_codes(results: Results) -> None:
    assert results.data.names.to_numpy().tolist() == [
        ["agency", "so-tu-phap", "Sở Tư pháp"],
        ["field", "civil", "Hộ tịch & <chứng thực>"],
        ["field", "forest", "LÂM NGHIỆP"],
        ["field", "land", "Đất đai"],
    ]


@pytest.mark.parametrize(("language", "land"), [("vi", "Đất"), ("en", "The land")])
def test_pages_of_both_languages_show_them_and_the_plan_s_names_win(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch, language: str, land: str
) -> None:
    run = run.model_copy(update={"language": language})
    page, shown = TargetPage(run, results), []
    monkeypatch.setattr(page, "_html", shown.append)
    monkeypatch.setattr(page, "_picture", lambda picture: None)
    page.targets()
    assert "<chứng thực>" not in "".join(shown)
    headers = [unescape(one) for one in re.findall(r'<th[^>]*scope="row"[^>]*>(.*?)</th>', "".join(shown))]
    assert {land, "Hộ tịch & <chứng thực>", "LÂM NGHIỆP"} <= set(headers)
    quarter = Quarter(run)
    vars(quarter)["results"] = results
    assert quarter.names("field")[["civil", "land"]].tolist() == ["Hộ tịch & <chứng thực>", land]


def test_an_item_of_a_list_is_called_so_too(demo_quarter: Results) -> None:
    missing = demo_quarter.attainment.items_missing
    target, code = missing[["target", "item"]].iloc[0]
    plan = named(demo_quarter.plan, {"item": {code: "Trung tâm Phục vụ hành chính công"}})
    promise = plan.promise(target)
    assert isinstance(promise, ItemsPromise)
    before = open_items(demo_quarter, Wording("en"), promise)["Item"].tolist()
    after = open_items(changed(demo_quarter, plan=plan), Wording("en"), promise)["Item"].tolist()
    assert (before[0], after[0]) == (code, "Trung tâm Phục vụ hành chính công")
    assert before[1:] == after[1:]


def test_so_does_whoever_tries_a_plan(run: RunParameters) -> None:
    asked = ["plan", "check", run.plan_file, "--input", run.input_path, "--as-of", "2021-10-01"]
    said = CliRunner().invoke(main, [*asked, "--source", str(run.source_file)]).output
    assert "not its part LÂM NGHIỆP (forest): " in said
    assert "not its part The land (land): " in said
