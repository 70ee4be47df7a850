"""A mark in a folder, by which both sides of a request see that it is the same folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

_NAME = ".asked-"


def mark(folder: Path, request: str) -> Path:
    """Return the folder that marks another one for a request."""
    return folder / f"{_NAME}{request}"


@contextmanager
def marked(folder: Path, request: str) -> Iterator[None]:
    """Mark a folder as long as a request lasts, and sweep away what requests that were killed have left there.

    A lock beside each mark, which goes with the process that holds it, says that its request lasts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left_behind in folder.glob(f"{_NAME}*.lock"):
        # held by a request that lasts, or not ours to remove
        with suppress(OSError), FileLock(left_behind).acquire(blocking=False):
            _remove(left_behind)
    with FileLock(mark(folder, request).with_suffix(".lock")) as held:
        try:
            mark(folder, request).mkdir()
            yield
        finally:
            _remove(Path(held.lock_file))


def _remove(lock: Path) -> None:
    """Remove a mark, then its lock, which whoever calls holds."""
    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
    with suppress(OSError):
        lock.unlink()
