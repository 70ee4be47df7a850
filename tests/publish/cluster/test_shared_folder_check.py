"""How long a mark lies in a folder: as long as its request lasts, and no longer than the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from analysis.publish.cluster.shared_folder_check import mark_folder, marker_path

HOLD = """
import sys, time
from pathlib import Path
from analysis.publish.cluster.shared_folder_check import mark_folder
with mark_folder(Path(sys.argv[1]), "other"):
    print("marked", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_marked_as_long_as_its_request_lasts(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    with mark_folder(folder, "abc"):
        assert marker_path(folder, "abc").is_dir()
        (marker_path(folder, "abc") / "3").touch()  # as a worker does that has begun
    assert list(folder.iterdir()) == []


def test_what_a_killed_request_left_is_swept_by_the_next_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "marked\n"
            with mark_folder(tmp_path, "abc"):
                assert marker_path(tmp_path, "other").is_dir()
        finally:
            other.kill()
    assert marker_path(tmp_path, "other").is_dir()
    with mark_folder(tmp_path, "def"):
        assert not marker_path(tmp_path, "other").exists()
    assert list(tmp_path.iterdir()) == []
