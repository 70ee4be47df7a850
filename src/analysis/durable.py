"""Writes that survive a power failure: a file is on the disk whole, or as it was before."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def flush(path: Path) -> None:
    """Wait until a file or a folder's list of names has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rewrite(file: Path, content: str) -> None:
    """Replace a small file: afterwards it is whole and on the disk, or as it was before.

    Parameters
    ----------
    file : Path
        The file; it need not exist.
    content : str
        Its new text, written as UTF-8.

    Raises
    ------
    OSError
        It could not be written; the error names the file.
    """
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.write_text(content, encoding="utf-8", newline="")
        if file.exists():
            shutil.copymode(file, fresh)
        flush(fresh)
        fresh.replace(file)
        flush(file.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        fresh.unlink(missing_ok=True)
