"""What decides the files of an edition: nothing that does is left out of its recipe."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from analysis.attainment.in_no_member import COLUMNS
from analysis.parameters import RunParameters
from analysis.publish import report_build as module
from analysis.publish.report_build import ReportBuild
from analysis.publish.report_notebook import ReportNotebook
from analysis.publish.store import manifest
from analysis.publish.store.ledger import enter_probabilities, lines_of
from analysis.quarter.results import Results
from analysis.report.wording import Wording
from changed_results import changed

MOMENT = datetime(2021, 10, 1, tzinfo=UTC)


@pytest.fixture
def build(tmp_path: Path, run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch) -> ReportBuild:
    monkeypatch.setattr(module, "LEDGER", tmp_path / "ledger")
    monkeypatch.setattr(module, "PUBLIC_GRADES", tmp_path / "public")
    source = tmp_path / "00_summary.ipynb"
    source.write_text("{}", encoding="utf-8")
    return ReportBuild(run, results, [ReportNotebook(source)], Wording("vi"), MOMENT)


def test_a_recipe_is_that_of_the_beginning(build: ReportBuild) -> None:
    first = build.recipe
    build.sources[0].source.write_text("edited", encoding="utf-8")
    assert build.recipe == first
    assert replace(build).recipe.notebooks != first.notebooks


@pytest.mark.parametrize(
    ("quarter", "as_of", "is_read"),
    [
        ("2021-Q2", date(2021, 6, 20), True),
        ("2021-Q2", date(2021, 9, 21), False),  # not known yet on the day of the run
        ("2021-Q3", date(2021, 9, 20), False),  # its own, which would make every publication stale at once
        ("2021-Q4", date(2021, 12, 20), False),
    ],
)
def test_what_was_published_before_decides_what_pages_say(
    build: ReportBuild, results: Results, tmp_path: Path, quarter: str, as_of: date, is_read: bool
) -> None:
    first = build.recipe
    other = build.run.model_copy(update={"quarter": quarter, "as_of": as_of})
    lines = lines_of(other, results.fingerprint.key, results.attainment.promises, MOMENT)
    enter_probabilities(tmp_path / "ledger", other.plan_name, lines)
    assert (replace(build).recipe != first) == is_read


def test_so_does_the_track_record_on_public_panels(build: ReportBuild, tmp_path: Path) -> None:
    first = build.recipe
    (tmp_path / "public" / "panel").mkdir(parents=True)
    (tmp_path / "public" / "panel" / "years.csv").write_text("year\n2015\n", encoding="utf-8")
    assert replace(build).recipe != first


def test_so_do_the_libraries_that_draw_and_write_them(build: ReportBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.recipe
    monkeypatch.setattr(manifest, "versions", lambda: {"matplotlib": "99"})
    assert replace(build).recipe != first


def test_a_publication_that_is_older_than_a_field_is_still_read(build: ReportBuild, tmp_path: Path) -> None:
    made = build.manifest([], tmp_path).model_dump(mode="json")
    for field in ("besides", "made_with"):
        del made["recipe"][field]
    old = manifest.Manifest.model_validate(made)
    assert old.recipe != build.recipe


def test_a_manifest_says_of_an_input_outside_the_project_only_its_name(build: ReportBuild, tmp_path: Path) -> None:
    elsewhere = build.run.model_copy(update={"input_path": "/home/lan/2021-09-20"})
    parameters = replace(build, run=elsewhere).manifest([], tmp_path).parameters
    assert parameters["input_path"] == "…/2021-09-20"
    assert parameters["plan_file"] == "parameters/plans/khanh-hoa-2021.yml"


@pytest.mark.parametrize(("outside", "files"), [(15, ["in_no_member.csv"]), (0, [])])
def test_what_promises_on_members_do_not_judge_has_a_file_where_there_is_any(
    build: ReportBuild, results: Results, tmp_path: Path, outside: int, files: list[str]
) -> None:
    rows = pd.DataFrame([("overdue", "overdue", "field", 40, outside, outside)], columns=COLUMNS)
    names = replace(build, results=changed(results, in_no_member=rows)).write_tables(tmp_path)
    assert names == ["indicators.csv", "attainment.csv", *files]
    assert {path.name for path in tmp_path.glob("*.csv")} == set(names)
    if files:
        assert (tmp_path / files[0]).read_text(encoding="utf-8").splitlines() == [
            "target,indicator,dimension,denominator,in_no_member,without_value",
            "overdue,overdue,field,40,15,15",
        ]
