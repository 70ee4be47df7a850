"""What is appended is there whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.publish.kept.append import append


def test_lines_are_appended_behind_those_there(tmp_path: Path) -> None:
    append(tmp_path / "kept", "một\n")
    append(tmp_path / "kept", "hai\nba\n")
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "một\nhai\nba\n"


def test_a_full_disk_leaves_a_file_as_it_was(tmp_path: Path, no_file_beyond) -> None:
    append(tmp_path / "kept", "first\n")
    with no_file_beyond(9), pytest.raises(OSError, match="No space left") as refused:
        append(tmp_path / "kept", "second\n")
    assert refused.value.filename == str(tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "first\n"


def test_a_full_disk_leaves_no_file_where_there_was_none(tmp_path: Path, no_file_beyond) -> None:
    with no_file_beyond(3), pytest.raises(OSError, match="No space left"):
        append(tmp_path / "kept", "first\n")
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_was_cut_is_ended_first(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("first\nsec")
    append(tmp_path / "kept", "third\n")
    assert (tmp_path / "kept").read_text() == "first\nsec\nthird\n"
