"""The task a Dask worker gets: one remote run, or help with one, in a process of its own that the worker watches.

The run needs a process of its own, because a worker may hold code that is weeks old, cannot be interrupted in the
middle of a task, must keep answering its scheduler while a forecast is fitted, and under Dask's nanny may not start
notebooks itself. Nothing that computes is imported here.
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

from analysis.faults import BadParameters, EnvironmentFault
from analysis.project import project_folder

if TYPE_CHECKING:
    from distributed import Worker

GRACE = 60
"""Seconds a cancelled run has to end; it shuts its kernels down."""

_POLL_INTERVAL = 0.5
"""Seconds between two checks of whether a run is still wanted."""


def work(payload: str) -> str:
    """Carry out one remote run on a worker, or help with one, and return the answer of its process, as JSON.

    Parameters
    ----------
    payload : str
        An `analysis.publish.cluster.remote_run.RemoteRun` and the hashes of the client's project, as JSON; with the
        ``queue`` to help with, for help.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    request, number = json.loads(payload)["request"], json.loads(payload)["number"]

    def log_event(kind: str, text: str) -> None:
        worker.log_event(request, [number, kind, text])

    def refusal(sentence: str) -> str:
        answer = json.dumps({"fault": EnvironmentFault.__name__, "told": sentence})
        log_event("ended", answer)
        return answer

    if worker.state.nthreads != 1:
        return refusal(f"worker {worker.address} has {worker.state.nthreads} threads: start it with --nthreads 1")
    try:
        project_folder()
    except BadParameters as fault:
        return refusal(f"worker {worker.address}: {fault}")
    log_event("begun", worker.address)
    answer = ""
    try:
        answer = _run_process(payload, worker.address, lambda: _is_wanted(worker, key), log_event)
    finally:
        # The answer is sent as an event, too: Dask drops the result of a task that was cancelled.
        log_event("ended", answer)
    return answer


def _is_wanted(worker: Worker, key: Any) -> bool:
    task = worker.state.tasks.get(key)
    return task is not None and task.state == "executing" and worker.status.name in {"running", "paused"}


def _run_process(
    payload: str, address: str, is_wanted: Callable[[], bool], log_event: Callable[[str, str], None]
) -> str:
    """Start a process that carries out a remote run, and return its answer.

    What it says on the way is logged: a ``line`` for people, or the ``queue`` that others may help with.

    Raises
    ------
    RuntimeError
        The process ended without an answer, as when memory runs out; Dask then tries again.
    """
    command = [sys.executable, "-m", "analysis.publish.cluster.remote_run", address]
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    ) as child:
        assert child.stdin
        assert child.stdout
        with suppress(BrokenPipeError):
            child.stdin.write(f"{payload}\n")
            child.stdin.flush()
        threading.Thread(target=_end_if_unwanted, args=(child, is_wanted), daemon=True).start()
        answer = ""
        for line in child.stdout:
            message = json.loads(line)
            if kind := next((kind for kind in ("line", "queue") if kind in message), None):
                log_event(kind, message[kind])
            else:
                answer = line
        child.wait()
    if not answer:
        problem = f"its process on worker {address} was ended from outside (code {child.returncode})"
        if is_wanted():
            log_event("line", problem)
        raise RuntimeError(f"{problem}; the worker's log may say why")
    return answer


def _end_if_unwanted(child: subprocess.Popen[str], is_wanted: Callable[[], bool]) -> None:
    """Close a child's input once nobody waits for its answer, which interrupts the run; kill it after `GRACE`."""
    while child.poll() is None:
        if not is_wanted():
            with suppress(OSError):
                child.stdin.close()  # type: ignore[union-attr]
            with suppress(subprocess.TimeoutExpired):
                child.wait(GRACE)
            child.kill()
            return
        time.sleep(_POLL_INTERVAL)
