"""A manifest is read back as written, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.parameters import RunParameters
from analysis.publish.edition import Edition
from analysis.publish.executed import Executed
from analysis.publish.kept import manifest
from analysis.report.wording import Wording
from analysis.results import Results


def test_a_manifest_is_read_back_as_written(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording
) -> None:
    (tmp_path / "indicators.csv").write_text("x\n")
    executed = [Executed("00_summary", tmp_path / "00_summary.ipynb", "ok", 1.2345, 88.1)]
    made = Edition(run, results, [], words, datetime(2021, 10, 1, tzinfo=UTC)).manifest(executed, tmp_path)
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
    edition = Edition(run, results, [], words, datetime(2021, 10, 1, tzinfo=UTC))
    first = edition.manifest([Executed("00_summary", tmp_path / "00_summary.ipynb", "ok", 1.0)], tmp_path)
    manifest.write(first, tmp_path)
    with no_file_beyond(20), pytest.raises(OSError, match="File too large"):
        manifest.write(edition.manifest([], tmp_path), tmp_path)
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
