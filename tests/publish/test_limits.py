"""What notebooks may take of the machine they run on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis.publish.limits import Limits


def test_as_many_notebooks_run_as_there_are_cores_for_this_process() -> None:
    given = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(given)})
        assert Limits().notebooks_at_once() == 1
    finally:
        os.sched_setaffinity(0, given)
    assert Limits().notebooks_at_once() == len(given)
    assert Limits(workers=7).notebooks_at_once() == 7


@pytest.mark.parametrize("workers", [1, 3, 64])
def test_kernels_together_leave_the_machine_some_memory(workers: int) -> None:
    machine = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    assert Limits(workers).kernel_mb() == min(4096, machine // (workers + 1))
    assert workers * Limits(workers).kernel_mb() < machine


def test_a_limit_that_is_given_holds_whatever_the_machine_has() -> None:
    assert Limits(workers=64, memory_mb=100_000).kernel_mb() == 100_000
