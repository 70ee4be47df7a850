"""The task a Dask worker is given: one run, in a process of its own that the worker watches.

A process of its own, because a worker may have been up for weeks with the code of weeks ago, cannot be interrupted in
the middle of a task, must go on answering its scheduler while a forecast is fitted, and under Dask's nanny may not
start notebooks by itself. Nothing that computes is imported here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from analysis.faults import EnvironmentFault

if TYPE_CHECKING:
    from distributed import Worker

GRACE = 60
"""Seconds a run called off has to end; it shuts kernels down."""

_LOOK = 0.5
"""Seconds between two looks at whether a run is still wanted."""


def work(asked: str) -> str:
    """Return how one run ended, as JSON: the task a worker is given.

    Parameters
    ----------
    asked : str
        An `analysis.publish.cluster.remote_run.Errand` with the project it was asked for in, as JSON.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    request, number = json.loads(asked)["request"], json.loads(asked)["number"]

    def tell(kind: str, text: str) -> None:
        worker.log_event(request, [number, kind, text])

    if worker.state.nthreads != 1:
        told = f"worker {worker.address} has {worker.state.nthreads} threads: start it with --nthreads 1"
        return json.dumps({"fault": EnvironmentFault.__name__, "told": told})
    tell("begun", worker.address)
    answer = ""
    try:
        answer = _ask(asked, worker.address, lambda: _is_wanted(worker, key), lambda line: tell("line", line))
    finally:
        # with the answer: Dask drops that of a run that was called off
        tell("ended", answer)
    return answer


def _is_wanted(worker: Worker, key: Any) -> bool:
    task = worker.state.tasks.get(key)
    return task is not None and task.state == "executing" and worker.status.name in {"running", "paused"}


def _ask(asked: str, address: str, is_wanted: Callable[[], bool], tell: Callable[[str], None]) -> str:
    """Return the answer of a process that carries an errand out.

    Raises
    ------
    RuntimeError
        It ended without an answer, as when memory runs out; whoever called tries again.
    """
    command = [sys.executable, "-m", "analysis.publish.cluster.remote_run", address]
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    ) as child:
        assert child.stdin
        assert child.stdout
        with suppress(BrokenPipeError):
            child.stdin.write(f"{asked}\n")
            child.stdin.flush()
        threading.Thread(target=_call_off, args=(child, is_wanted), daemon=True).start()
        answer = ""
        for line in child.stdout:
            said = json.loads(line)
            if "line" in said:
                tell(said["line"])
            else:
                answer = line
        child.wait()
    if not answer:
        told = f"its process on worker {address} was ended from outside (code {child.returncode})"
        if is_wanted():
            tell(told)
        raise RuntimeError(f"{told}; the worker's log may say why")
    return answer


def _call_off(child: subprocess.Popen[str], is_wanted: Callable[[], bool]) -> None:
    """Tell a child that nobody waits for it any more, as soon as that is so; give it time, then end it."""
    while child.poll() is None:
        if not is_wanted():
            with suppress(OSError):
                child.stdin.close()  # type: ignore[union-attr]
            with suppress(subprocess.TimeoutExpired):
                child.wait(GRACE)
            child.kill()
            return
        time.sleep(_LOOK)
