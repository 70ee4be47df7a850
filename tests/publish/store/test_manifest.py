"""A manifest is read back as written, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.parameters import RunParameters
from analysis.publish.notebook_outcome import NotebookOutcome, Status
from analysis.publish.report_build import ReportBuild
from analysis.publish.report_notebook import ReportNotebook
from analysis.publish.store import manifest
from analysis.publish.store.manifest import reuse_notebooks
from analysis.quarter.results import Results
from analysis.report.wording import Wording


def test_a_manifest_is_read_back_as_written(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording
) -> None:
    (tmp_path / "indicators.csv").write_text("x\n")
    executed = [NotebookOutcome("00_summary", tmp_path / "00_summary.ipynb", "ok", 1.2345, 88.1)]
    made = ReportBuild(run, results, [], words, datetime(2021, 10, 1, tzinfo=UTC)).manifest(executed, tmp_path)
    manifest.write(made, tmp_path)
    assert manifest.read(tmp_path) == made
    assert made.notebooks["00_summary"].seconds == 1.23
    # sha256 of "x\n", by sha256sum
    assert made.files == {"indicators.csv": "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"}
    assert manifest.is_complete(tmp_path, made.files)
    (tmp_path / "indicators.csv").unlink()
    assert not manifest.is_complete(tmp_path, made.files)


def test_a_full_disk_leaves_the_manifest_before_and_nothing_beside_it(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording, no_file_beyond
) -> None:
    build = ReportBuild(run, results, [], words, datetime(2021, 10, 1, tzinfo=UTC))
    first = build.manifest([NotebookOutcome("00_summary", tmp_path / "00_summary.ipynb", "ok", 1.0)], tmp_path)
    manifest.write(first, tmp_path)
    with no_file_beyond(20), pytest.raises(OSError, match="File too large"):
        manifest.write(build.manifest([], tmp_path), tmp_path)
    assert manifest.read(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [manifest.NAME]


def test_a_missing_or_broken_manifest_means_unpublished(tmp_path: Path) -> None:
    assert manifest.read(tmp_path) is None
    for broken in ("", "{}", '{"schema_version": 2}'):
        (tmp_path / manifest.NAME).write_text(broken)
        assert manifest.read(tmp_path) is None


def test_the_hash_of_code_follows_contents_and_names_but_not_caches(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = manifest.sha256_of_code(tmp_path)
    (tmp_path / "a.pyc").write_text("x")
    assert manifest.sha256_of_code(tmp_path) == first
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert manifest.sha256_of_code(tmp_path) != first


@pytest.fixture
def build(tmp_path: Path, run: RunParameters, results: Results) -> ReportBuild:
    sources = [tmp_path / "00_summary.ipynb", tmp_path / "02_x.ipynb"]
    for source in sources:
        source.write_text(source.stem, encoding="utf-8")
    return ReportBuild(
        run, results, [ReportNotebook(one) for one in sources], Wording("vi"), datetime(2021, 10, 1, tzinfo=UTC)
    )


@pytest.fixture
def earlier(tmp_path: Path, build: ReportBuild) -> Path:
    """An earlier run: the first notebook went well, the second did not."""
    folder = tmp_path / "earlier"
    folder.mkdir()
    ended: dict[str, Status] = {"00_summary": "ok", "02_x": "cell-error"}
    executed = [NotebookOutcome(stem, folder / f"{stem}.ipynb", status, 1.0) for stem, status in ended.items()]
    for one in executed:
        one.path.write_text(f"executed {one.stem}", encoding="utf-8")
    manifest.write(build.manifest(executed, folder), folder)
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "new"
    folder.mkdir()
    return folder


def test_what_ended_well_is_taken_over(build: ReportBuild, earlier: Path, into: Path) -> None:
    (taken,) = reuse_notebooks(build.recipe, earlier, into)
    assert (taken.stem, taken.status, taken.path) == ("00_summary", "ok", into / "00_summary.ipynb")
    assert taken.path.read_text(encoding="utf-8") == "executed 00_summary"


@pytest.mark.parametrize("change", [{"results_key": "other"}, {"language": "en"}, {"status": "final"}, {"pages": "x"}])
def test_nothing_is_when_anything_that_decides_is_another(
    build: ReportBuild, earlier: Path, into: Path, change: dict[str, str]
) -> None:
    assert reuse_notebooks(build.recipe.model_copy(update=change), earlier, into) == []
    assert list(into.iterdir()) == []


def test_a_notebook_that_was_edited_runs_again(build: ReportBuild, earlier: Path, into: Path) -> None:
    build.sources[0].source.write_text("edited", encoding="utf-8")
    assert reuse_notebooks(replace(build).recipe, earlier, into) == []


def test_a_file_that_is_not_the_one_executed_runs_again(build: ReportBuild, earlier: Path, into: Path) -> None:
    (earlier / "00_summary.ipynb").write_text("half", encoding="utf-8")
    assert reuse_notebooks(build.recipe, earlier, into) == []


def test_a_folder_without_a_manifest_gives_nothing(build: ReportBuild, tmp_path: Path, into: Path) -> None:
    assert reuse_notebooks(build.recipe, tmp_path, into) == []
