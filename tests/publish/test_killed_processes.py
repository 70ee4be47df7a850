"""A run, the process of a notebook or its kernel killed at random: the last good report stays, and --resume ends it."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import suppress

import pytest
from project import Project

pytestmark = pytest.mark.slow

KILLED = ["run", "worker", "kernel"]
LINGERS = "import time; time.sleep(0.5)"


def test_killed_at_random_moments(project: Project) -> None:
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")  # shown where the test fails
    moments = random.Random(seed)
    said = ["trước"]
    for number, kind in enumerate(moments.sample(KILLED, len(KILLED))):
        if project.says(said[-1]):
            # the kill before came too late, or there was none
            said.append(f"sau {number}")
            project.edit(said[-1], LINGERS)
        process = project.start("--resume")
        found: list[int] = []
        while not found and process.poll() is None:
            found = [pid for pid, what in project.processes().items() if what == kind]
        time.sleep(moments.uniform(0, 4.0 if kind == "run" else 0.6))
        for pid in found[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _, complaint = process.communicate()
        assert process.returncode in {0, 4, -signal.SIGKILL}
        assert "Traceback" not in complaint
        assert project.says(*said)
        assert project.is_alone()
        # a kernel whose process is killed removes its own sockets; what multiprocessing listens on is a run's
        assert list(project.temporary.glob("kernel-*")) == []
    code, _, complaint = project.run("--resume")
    assert (code, complaint) == (0, "")
    assert project.says(said[-1])
    assert project.half_made() == []
