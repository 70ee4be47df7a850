"""Temporary folders that show whether a process works in them, so that those of killed ones can be swept away."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = ".dunghen"
"""Name of the file in a folder of ours that is locked as long as a process works there; the system lets go of it."""


def claim(folder: Path) -> int:
    """Mark a temporary folder as ours and return the file descriptor that holds it, to be closed with the folder.

    Whatever this process forks holds it, too, as long as it lives.
    """
    fresh = folder / f"{MARK}.new"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    # Locked before it has its name: a sweeper never finds it free.
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fresh.rename(folder / MARK)
    return descriptor


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder that is removed at the end; if this process is killed, by the next `sweep`."""
    with tempfile.TemporaryDirectory(prefix="dunghen-") as name:
        descriptor = claim(Path(name))
        try:
            yield Path(name)
        finally:
            os.close(descriptor)


def sweep(parent: Path | None = None) -> None:
    """Remove the folders that killed processes of this user have claimed; what cannot be removed is left.

    Parameters
    ----------
    parent : Path or None
        Folder they are in; the system's for temporary files by default.
    """
    for folder in _entries(parent or Path(tempfile.gettempdir())):
        mark = folder / MARK
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(mark, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _entries(parent: Path) -> list[Path]:
    try:
        return list(parent.iterdir())
    except OSError:
        return []
