"""Watch a kernel's memory: a kernel that exceeds its budget is stopped before it takes the machine with it.

What a kernel prints is held by the process that started it, until the notebook is written; it counts, too. A limit on
the address space would not do: DuckDB and Arrow reserve addresses by the gigabyte without using them. Nor would psutil
(7.2): its resident and proportional sizes count mapped files, which the system takes back when it needs the memory.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

_LOOK = 0.2
"""Seconds between two measurements."""


class MemoryWatch:
    """A watch on the memory of this process's children, which kills a child that exceeds its budget.

    It does nothing where there is no ``/proc``.

    Parameters
    ----------
    budget_mb : int
        MiB a child may hold, its own descendants' included.

    Attributes
    ----------
    exceeded_mb : int or None
        MiB the stopped child held, its printed output included; None if none was stopped.
    printed_mb : int
        MiB of that which were printed output.
    """

    def __init__(self, budget_mb: int) -> None:
        self.budget_mb = budget_mb
        self.exceeded_mb: int | None = None
        self.printed_mb = 0
        self._ended = threading.Event()

    def start(self) -> None:
        """Start to watch, in a thread of its own; call this when this process forks nothing more."""
        threading.Thread(target=self._watch, name="memory watch", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()

    def _watch(self) -> None:
        before = _own_mb()
        while not self._ended.wait(_LOOK):
            printed = max(_own_mb() - before, 0)
            for child in _children(os.getpid()):
                if at_most_mb(child) + printed <= self.budget_mb:
                    continue
                held = held_mb(child) + printed
                if held > self.budget_mb:
                    self.exceeded_mb, self.printed_mb = held, printed
                    with suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                    return


def at_most_mb(process: int) -> int:
    """Return an upper bound of `held_mb`, MiB, which is quick to read: shared memory counts for each that shares it."""
    return _resident_mb(process) + sum(at_most_mb(child) for child in _children(process))


def held_mb(process: int) -> int:
    """Return the MiB a process and its descendants hold in memory; 0 once it is gone.

    Memory that several of them share, as after a fork, counts once. Shared memory counts, mapped files do not.
    """
    # of what is shared, the share: proc(5), Pss; an older kernel of Linux tells only what is shared, too
    own = _mb(Path(f"/proc/{process}/smaps_rollup"), ("Pss_Anon:", "Pss_Shmem:")) or _resident_mb(process)
    return own + sum(held_mb(child) for child in _children(process))


def _resident_mb(process: int) -> int:
    return _mb(Path(f"/proc/{process}/status"), ("RssAnon:", "RssShmem:"))


def _own_mb() -> int:
    """Return the MiB this process holds, shared pages counted whole, so that its kernel's share makes no difference."""
    return _mb(Path("/proc/self/status"), ("RssAnon:",))


def _mb(told: Path, what: tuple[str, ...]) -> int:
    with suppress(OSError):
        lines = told.read_text(encoding="ascii", errors="replace").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(what)) // 1024
    return 0


def _children(process: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    return found
