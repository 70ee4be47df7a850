"""Limits on how much of a machine the notebooks of a run may use."""

from __future__ import annotations

import os
from dataclasses import dataclass

CELL_TIMEOUT = 900
"""Seconds a cell may take; the slowest of ours takes a few tens of seconds."""

KERNEL_MEMORY = 4096
"""MiB a kernel may hold, where the machine has that much; ours hold a few hundred."""


@dataclass(frozen=True)
class Limits:
    """Limits on notebooks; one that exceeds a limit is stopped, and its outcome names the limit.

    Attributes
    ----------
    workers : int or None
        Notebooks executed at the same time; by default as many as there are cores.
    execution_timeout : int
        Seconds a cell may take, under Papermill's name for it.
    memory_mb : int or None
        MiB a kernel may hold, its child processes included; by default `KERNEL_MEMORY`, or an equal share of a
        machine that has less.
    """

    workers: int | None = None
    execution_timeout: int = CELL_TIMEOUT
    memory_mb: int | None = None

    def notebooks_at_once(self) -> int:
        """Return how many notebooks are executed at the same time on this machine."""
        return self.workers or cores()

    def kernel_mb(self) -> int:
        """Return the MiB a kernel may hold on this machine."""
        if self.memory_mb:
            return self.memory_mb
        if not hasattr(os, "sysconf"):
            return KERNEL_MEMORY
        machine_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        # One share is left for everything else on the machine.
        return min(KERNEL_MEMORY, machine_mb // (self.notebooks_at_once() + 1))


DEFAULT_LIMITS = Limits()
"""The limits that apply where none are given."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
