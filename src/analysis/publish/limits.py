"""How much of a machine the notebooks of a run may take."""

from __future__ import annotations

import os
from dataclasses import dataclass

CELL_TIMEOUT = 900
"""Seconds one cell may take; the slowest of ours takes a few tens."""

KERNEL_MEMORY = 4096
"""MiB one kernel may hold where the machine has them; ours hold a few hundred."""


@dataclass(frozen=True)
class Limits:
    """What notebooks may take; one that takes more is stopped and says so.

    Attributes
    ----------
    workers : int or None
        Notebooks executed at the same time; as many as there are cores by default.
    execution_timeout : int
        Seconds one cell may take, by the name Papermill gives it.
    memory_mb : int or None
        MiB one kernel may hold, its own processes included; by default `KERNEL_MEMORY`, or its share of a machine
        that has less.
    """

    workers: int | None = None
    execution_timeout: int = CELL_TIMEOUT
    memory_mb: int | None = None

    def at_once(self) -> int:
        """Return how many notebooks are executed at the same time on this machine."""
        return self.workers or cores()

    def kernel_mb(self) -> int:
        """Return the MiB one kernel may hold on this machine."""
        if self.memory_mb:
            return self.memory_mb
        if not hasattr(os, "sysconf"):
            return KERNEL_MEMORY
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        # One share is for everything else.
        return min(KERNEL_MEMORY, machine // (self.at_once() + 1))


DEFAULT_LIMITS = Limits()
"""What notebooks may take where nothing else is said."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
