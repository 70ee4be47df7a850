"""Watch a kernel's memory: a kernel that exceeds its budget is stopped before it takes the machine with it.

What a kernel prints is held by the process that started it, until the notebook is written; it counts, too.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

from analysis.memory import at_most_mb, children, held_mb, own_mb

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
        before = own_mb()
        while not self._ended.wait(_LOOK):
            printed = max(own_mb() - before, 0)
            for child in children(os.getpid()):
                if at_most_mb(child) + printed <= self.budget_mb:
                    continue
                held = held_mb(child) + printed
                if held > self.budget_mb:
                    self.exceeded_mb, self.printed_mb = held, printed
                    with suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                    return
