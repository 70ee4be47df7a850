"""What changed between two publications."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.publish.report_build import ReportBuild
from analysis.publish.store import manifest
from analysis.publish.store.compare import compare
from analysis.quarter.results import Results
from analysis.report.wording import Wording
from changed_results import changed


def put(folder: Path, run: RunParameters, results: Results) -> Path:
    folder.mkdir()
    build = ReportBuild(run, results, [], Wording("vi"), datetime(2021, 10, 1, tzinfo=UTC))
    build.write_tables(folder)
    manifest.write(build.manifest([], folder), folder)
    return folder


def test_the_same_publication_twice_differs_in_nothing(tmp_path: Path, run: RunParameters, results: Results) -> None:
    lines, moved = compare(put(tmp_path / "a", run, results), put(tmp_path / "b", run, results))
    assert lines == []
    assert moved.empty


def test_what_went_in_and_what_came_out_is_told(tmp_path: Path, run: RunParameters, results: Results) -> None:
    uptake = (results.attainment.promises["target"] == "online_uptake") & (results.attainment.promises["part"] == "")
    said = results.attainment.promises.assign(probability=results.attainment.promises["probability"].mask(uptake, 0.9))
    data = dataclasses.replace(results.fingerprint, data="other")
    later = changed(results, promises=said, fingerprint=data)
    signed = run.model_copy(update={"status": "final", "signed_by": "Sở Nội vụ"})
    lines, moved = compare(put(tmp_path / "a", run, results), put(tmp_path / "b", signed, later))
    assert lines == ["signed_by: None → Sở Nội vụ", "status: draft → final", "data: another one"]
    assert moved[["target", "part", "after"]].to_numpy().tolist() == [["online_uptake", "", 0.9]]


def test_what_makes_the_pages_is_told_of_too(tmp_path: Path, run: RunParameters, results: Results) -> None:
    before, after = put(tmp_path / "a", run, results), put(tmp_path / "b", run, results)
    for folder, notebooks, said in [
        (before, {"00": "1", "01": "1", "02": "1"}, "x"),
        (after, {"00": "2", "03": "1"}, "y"),
    ]:
        made = manifest.read(folder)
        assert made
        recipe = made.recipe.model_copy(update={"notebooks": notebooks, "pages": said, "besides": said})
        manifest.write(made.model_copy(update={"recipe": recipe}), folder)
    lines, moved = compare(before, after)
    assert lines == [
        *("00: another notebook", "01: no such notebook any more", "02: no such notebook any more"),
        *("03: a new notebook", "code of the pages: another one", "earlier publications and track record: another one"),
    ]
    assert moved.empty


def test_a_folder_without_a_publication_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match="no publication"):
        compare(tmp_path, tmp_path)
