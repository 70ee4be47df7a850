"""A kernel's memory, watched: one that outgrows its budget is stopped before it takes the machine with it.

Not by a limit of addresses, which DuckDB and Arrow reserve by the gigabyte without using them.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

_LOOK = 0.2
"""Seconds between two looks."""


class MemoryWatch:
    """Watches what the children of this process and theirs hold in memory, and kills a child that holds too much.

    Does nothing where there is no ``/proc``.

    Parameters
    ----------
    budget_mb : int
        MiB that a child may hold, its own children's included.

    Attributes
    ----------
    exceeded_mb : int or None
        What the child held that was stopped.
    """

    def __init__(self, budget_mb: int) -> None:
        self.budget_mb = budget_mb
        self.exceeded_mb: int | None = None
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to watch, in a thread of its own; to be called once there is no more to fork."""
        threading.Thread(target=self._watch, name="memory watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            for child in _children(os.getpid()):
                held = held_mb(child)
                if held > self.budget_mb:
                    self.exceeded_mb = held
                    with suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                    return


def held_mb(process: int) -> int:
    """Return the MiB a process and its descendants hold in memory and share with nobody; 0 once it is gone."""
    own = 0
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("RssAnon:"):
                own = int(line.split()[1]) // 1024
    return own + sum(held_mb(child) for child in _children(process))


def _children(process: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    return found
