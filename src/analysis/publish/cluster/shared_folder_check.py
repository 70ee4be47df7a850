"""Mark a folder for a request, so that a worker can check that it sees the same folder as the client."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

_PREFIX = ".asked-"


def marker_path(folder: Path, request: str) -> Path:
    """Return the path of the marker, itself a folder, that marks a folder for a request.

    Parameters
    ----------
    folder : Path
        The folder marked.
    request : str
        Id of the request.
    """
    return folder / f"{_PREFIX}{request}"


@contextmanager
def mark_folder(folder: Path, request: str) -> Iterator[None]:
    """Mark a folder as long as a request lasts, and remove the markers that killed requests have left there.

    A lock beside each marker shows that its request lasts; the system releases it when the client's process ends.

    Parameters
    ----------
    folder : Path
        The folder; it is created if it does not exist.
    request : str
        Id of the request.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for lock_file in folder.glob(f"{_PREFIX}*.lock"):
        # An OSError: its request still lasts, or the file is not ours to remove.
        with suppress(OSError), FileLock(lock_file).acquire(blocking=False):
            _remove(lock_file)
    with FileLock(marker_path(folder, request).with_suffix(".lock")) as acquired:
        try:
            marker_path(folder, request).mkdir()
            yield
        finally:
            _remove(Path(acquired.lock_file))


def _remove(lock_file: Path) -> None:
    """Remove a marker, then its lock, which the caller holds."""
    shutil.rmtree(lock_file.with_suffix(""), ignore_errors=True)
    with suppress(OSError):
        lock_file.unlink()
