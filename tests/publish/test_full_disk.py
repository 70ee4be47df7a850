"""A disk that is full or cannot be written: one sentence, nothing half published, and with room the next run does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from project import PLAN, Project

from analysis.publish.store.history import history

pytestmark = pytest.mark.slow

Disk = Callable[[Path], AbstractContextManager[Path]]


def _mount(*arguments: str | Path) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount, on Linux")
    mounted = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Put a disk of two MiB, with what the folder held on it, in the folder's place."""
    held = folder.with_name(f"{folder.name}.held")
    folder.mkdir(exist_ok=True)
    shutil.copytree(folder, held, symlinks=True)
    _mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", folder)
    try:
        shutil.copytree(held, folder, symlinks=True, dirs_exist_ok=True)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """Make a folder one that nobody can write, root included."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undone:
        for options in (["--bind", folder, folder], ["-o", "remount,ro,bind", folder]):
            _mount(*options)
            undone.callback(subprocess.run, ["umount", "--lazy", folder], check=False)
        yield folder


def fill(disk: Path, *, but: int) -> Path:
    """Fill a disk up but for some bytes; return the file to remove for room."""
    ballast = disk / ".ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(disk).free - but))
    return ballast


def refused(project: Project, names: str) -> None:
    """Hold that a run ends with 6 and one sentence that names a place, and leaves the last good report."""
    code, _, complaint = project.run()
    assert code == 6
    (sentence,) = complaint.splitlines()
    assert names in sentence
    assert project.says("trước")
    assert [name for name in project.half_made() if not name.endswith(".failed")] == []
    assert list(project.temporary.iterdir()) == []


# A run of these two notebooks takes about a hundred KiB: the notebooks twenty of them, the pages the rest.
@pytest.mark.parametrize("kib", [0, 48])
def test_a_disk_that_fills_up_on_the_way_leaves_the_last_good_report(project: Project, kib: int) -> None:
    with small_disk(project.reports) as disk:
        project.edit("sau")
        ballast = fill(disk, but=kib * 1024)
        refused(project, "No space left on device")
        ballast.unlink()
        assert project.run()[::2] == (0, "")
        assert project.says("sau")
        assert project.half_made() == []
        assert history(project.reports)["ended"].iloc[-1] == "published"


@pytest.mark.parametrize("part", ["", PLAN, ".locks"], ids=["all", "plan", "locks"])
def test_reports_that_cannot_be_written_are_told_by_their_place(project: Project, part: str) -> None:
    project.edit("sau")
    with read_only(project.reports / part) as folder:
        refused(project, f"{folder}/")
