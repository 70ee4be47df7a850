"""Append lines to a file that outlives every run: whole and on the disk, or not at all."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path


def append(file: Path, lines: str) -> None:
    """Append lines to a file, synchronised; whoever calls holds its lock.

    What a full disk leaves half written is taken back, and with it a file that holds nothing else.

    Parameters
    ----------
    file : Path
        The file; it need not be there.
    lines : str
        Whole lines, the last one's end included.

    Raises
    ------
    OSError
        Not all of it could be written, and nothing was.
    """
    with file.open("a+b", buffering=0) as kept:
        before = kept.seek(0, os.SEEK_END)
        try:
            text = _end_of_a_cut_line(kept, before) + lines.encode()
            if kept.write(text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
            os.fsync(kept.fileno())
        except BaseException:
            if before:
                kept.truncate(before)
            else:
                file.unlink()
            raise


def _end_of_a_cut_line(kept: FileIO, size: int) -> bytes:
    # A power cut may leave a line without its end, and the next one must not become a part of it.
    if not size:
        return b""
    kept.seek(size - 1)
    return b"" if kept.read(1) == b"\n" else b"\n"
