"""Start the server that processes are forked from: it keeps no terminal and no pipe of whoever starts it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path
from typing import IO

from analysis.publish.defer_signals import defer_signals
from analysis.temporary import MARK, claim

_complaints: IO[bytes] | None = None
"""What the server prints: the traceback with which it ends, if it does not survive its imports."""

_claimed: int | None = None
"""What holds the folder with the server's socket, which multiprocessing removes unless this process is killed."""


def ensure_running(preload: Sequence[str]) -> None:
    """Start the server, unless it runs; it imports while the caller goes on.

    It outlives a caller that ends early until its imports are done. So it does not have what the caller prints to:
    whoever reads that, as ``| tee`` does, would wait for the server. And what reaches every process of a terminal
    is not for it, which would end amid an import, with a traceback.

    Parameters
    ----------
    preload : sequence of str
        The modules it imports.

    Raises
    ------
    OSError
        The machine refused the process or a temporary file.
    """
    global _complaints, _claimed
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    if _complaints is None:
        _complaints = tempfile.TemporaryFile()  # noqa: SIM115, it is read as long as this process lives
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        with defer_signals(), _printing_to(_complaints.fileno()):
            # Otherwise the server's start would start the tracker, which unblocks the signal that is blocked below.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            forkserver.ensure_running()
            # A kernel that starts a server of its own has the folder of the process it descends from.
            folder = Path(util.get_temp_dir())
            if not (folder / MARK).exists():
                _claimed = claim(folder)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def last_complaint() -> str:
    """Return the last line the server, or a process forked from it, has printed; empty where there is none."""
    if _complaints is None:
        return ""
    size = os.fstat(_complaints.fileno()).st_size
    lines = os.pread(_complaints.fileno(), 4096, max(size - 4096, 0)).decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


@contextmanager
def _printing_to(file: int) -> Iterator[None]:
    """Have a process that is started in the block print to a file: this one's own descriptors lead there meanwhile."""
    kept: dict[int, int | None] = {}
    try:
        for descriptor in (1, 2):
            kept[descriptor] = None
            # It may have been closed by who started this process.
            with suppress(OSError):
                kept[descriptor] = os.dup(descriptor)
            os.dup2(file, descriptor)
        yield
    finally:
        for descriptor, own in kept.items():
            if own is None:
                os.close(descriptor)
            else:
                os.dup2(own, descriptor)
                os.close(own)
