"""What an earlier run executed well is taken over, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.parameters import RunParameters
from analysis.publish.edition import Edition
from analysis.publish.executed import Executed, Status
from analysis.publish.kept import manifest
from analysis.publish.kept.reuse import reuse
from analysis.report.wording import Wording
from analysis.results import Results


@pytest.fixture
def edition(tmp_path: Path, run: RunParameters, results: Results) -> Edition:
    sources = [tmp_path / "00_summary.ipynb", tmp_path / "02_x.ipynb"]
    for source in sources:
        source.write_text(source.stem, encoding="utf-8")
    return Edition(run, results, sources, Wording("vi"), datetime(2021, 10, 1, tzinfo=UTC))


@pytest.fixture
def earlier(tmp_path: Path, edition: Edition) -> Path:
    """An earlier run: the first notebook went well, the second did not."""
    folder = tmp_path / "earlier"
    folder.mkdir()
    ended: dict[str, Status] = {"00_summary": "ok", "02_x": "cell-error"}
    executed = [Executed(stem, folder / f"{stem}.ipynb", status, 1.0) for stem, status in ended.items()]
    for one in executed:
        one.path.write_text(f"executed {one.stem}", encoding="utf-8")
    manifest.write(edition.manifest(executed, folder), folder)
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "new"
    folder.mkdir()
    return folder


def test_what_ended_well_is_taken_over(edition: Edition, earlier: Path, into: Path) -> None:
    (taken,) = reuse(edition.recipe, earlier, into)
    assert (taken.stem, taken.status, taken.path) == ("00_summary", "ok", into / "00_summary.ipynb")
    assert taken.path.read_text(encoding="utf-8") == "executed 00_summary"


@pytest.mark.parametrize("change", [{"results_key": "other"}, {"language": "en"}, {"status": "final"}, {"pages": "x"}])
def test_nothing_is_when_anything_that_decides_is_another(
    edition: Edition, earlier: Path, into: Path, change: dict[str, str]
) -> None:
    assert reuse(edition.recipe.model_copy(update=change), earlier, into) == []
    assert list(into.iterdir()) == []


def test_a_notebook_that_was_edited_runs_again(edition: Edition, earlier: Path, into: Path) -> None:
    edition.sources[0].write_text("edited", encoding="utf-8")
    assert reuse(replace(edition).recipe, earlier, into) == []


def test_a_file_that_is_not_the_one_executed_runs_again(edition: Edition, earlier: Path, into: Path) -> None:
    (earlier / "00_summary.ipynb").write_text("half", encoding="utf-8")
    assert reuse(edition.recipe, earlier, into) == []


def test_a_folder_without_a_manifest_gives_nothing(edition: Edition, tmp_path: Path, into: Path) -> None:
    assert reuse(edition.recipe, tmp_path, into) == []
