"""The server of processes holds up nobody who reads what its starter prints, and says why it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

STARTS = """
import os, sys, time
from multiprocessing.forkserver import _forkserver
from analysis.publish.kernels import server
server.ensure_running(["slow"])
while not os.path.exists("importing"):
    time.sleep(0.01)
open("pid", "w").write(str(_forkserver._forkserver_pid))
print("said")
print("complained", file=sys.stderr)
"""


def _run(folder: Path, program: str, prepare: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program that finds modules in a folder, as its server does, and read what it prints to the end."""
    path = os.pathsep.join([str(folder), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        preexec_fn=prepare,
    )


def _write_slow(folder: Path) -> None:
    (folder / "slow.py").write_text("import time\nopen('importing', 'w').close()\ntime.sleep(60)\n")


def test_whoever_reads_what_a_command_prints_does_not_wait_for_its_server(tmp_path: Path) -> None:
    _write_slow(tmp_path)
    began = time.monotonic()
    done = _run(tmp_path, STARTS)
    assert time.monotonic() - began < 30
    assert (done.stdout, done.stderr, done.returncode) == ("said\n", "complained\n", 0)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # it still imports


def test_a_command_may_have_nothing_to_print_to(tmp_path: Path) -> None:
    _write_slow(tmp_path)
    assert _run(tmp_path, STARTS, lambda: os.closerange(1, 3)).returncode == 0
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


ASKS = """
from multiprocessing import get_context
from analysis.publish.kernels import provisioner, server
server.ensure_running(["broken"])
try:
    provisioner.start(get_context("forkserver").Process(target=print))
except OSError as error:
    print(error)
"""


def test_a_server_that_does_not_survive_its_imports_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise ValueError('this stack is broken')\n")
    done = _run(tmp_path, ASKS)
    assert done.stdout == "the server that processes are forked from has ended: ValueError: this stack is broken\n"
    assert done.stderr == ""
