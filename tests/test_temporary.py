"""Temporary folders of killed processes are swept away; those of living ones and of others are not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.temporary import MARK, claim, sweep, temporary_folder

WORKS = """
import os, sys, time
from analysis.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "rows").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_a_folder_stays_as_long_as_its_maker_lives(tmp_path: Path) -> None:
    maker = subprocess.Popen(
        [sys.executable, "-c", WORKS], env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    )
    assert maker.stdout is not None
    folder = Path(maker.stdout.readline().strip())
    assert folder.parent == tmp_path
    sweep(tmp_path)
    assert (folder / "rows").exists()
    maker.send_signal(signal.SIGKILL)
    maker.communicate()
    assert (folder / "rows").exists()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_and_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("swept", "elsewhere")]
    for place in places:
        place.mkdir()
    swept, elsewhere = places
    (swept / "pymp-of-somebody").mkdir()
    (swept / "file").write_text("kept")
    os.close(claim(elsewhere))
    (swept / "link").symlink_to(elsewhere)
    # a mark that is itself a link says nothing
    (swept / "marked-by-a-link").mkdir()
    (swept / "marked-by-a-link" / MARK).symlink_to(swept / "file")
    sweep(swept)
    assert {path.name for path in swept.iterdir()} == {"pymp-of-somebody", "file", "link", "marked-by-a-link"}
    assert (elsewhere / MARK).exists()
    sweep(tmp_path / "missing")


def test_one_that_its_maker_has_left_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with temporary_folder() as folder:
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []
