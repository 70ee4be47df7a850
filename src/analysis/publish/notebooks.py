"""Notebooks, run in parallel: one process per notebook, one truthful answer for each."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from analysis.faults import EnvironmentFault
from analysis.parameters import RunParameters
from analysis.publish.kernels import provisioner
from analysis.publish.limits import DEFAULT_LIMITS, Limits
from analysis.publish.notebook_outcome import Executed

_GRACE = 15
"""Seconds a worker told to stop has to shut its kernel down, which itself may wait 5 for a busy one."""


def warm_up() -> None:
    """Start the server that notebooks' processes are forked from; it loads the stack beside what the caller does."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [*(provisioner.STACK if provisioner.can_fork() else ()), "analysis.publish.notebook_process"]
    )
    # It is started on the way, and lets through what is held back here.
    resource_tracker.ensure_running()
    # Ctrl-C is for those who can end tidily; here it would end in a traceback from the middle of an import.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def execute(notebook: Path, run: RunParameters, into: Path, limits: Limits = DEFAULT_LIMITS) -> Executed:
    """Return what became of one notebook, executed in a process of its own."""
    (executed,) = execute_all([notebook], run, into, limits)
    return executed


def execute_all(
    notebooks: Sequence[Path], run: RunParameters, into: Path, limits: Limits = DEFAULT_LIMITS
) -> Generator[Executed]:
    """Yield what became of each notebook as it finishes; one that fails does not stop the others.

    Closing the generator early, as an interruption does, ends what still runs, kernels included.

    Every notebook has a process of its own, because Papermill changes the directory of the process it runs in.
    The processes are forked from a server that has imported Papermill and the whole stack once, and fork their
    kernels in turn.

    Parameters
    ----------
    notebooks : sequence of Path
        The notebooks to execute.
    run : RunParameters
        What their ``parameters`` cell is set to.
    into : Path
        Folder that receives the executed notebooks under their own names.
    limits : Limits
        What they may take of the machine.

    Raises
    ------
    EnvironmentFault
        A notebook could not even be started or saved: no kernel, no disk.
    """
    warm_up()
    workers = limits.at_once()
    parameters = run.model_dump(mode="json")
    waiting = deque(notebooks)
    running: dict[Any, tuple[Path, BaseProcess]] = {}

    def fill() -> None:
        while waiting and len(running) < workers:
            notebook = waiting.popleft()
            receiver, process = _start(notebook, parameters, into, limits)
            running[receiver] = (notebook, process)

    try:
        fill()
        while running:
            for ready in wait(list(running)):
                notebook, finished = running.pop(ready)
                answer = _receive(ready, into / notebook.name)
                finished.join(_GRACE)
                if isinstance(answer, str):
                    raise EnvironmentFault(f"{notebook.stem}: {answer}")
                # First of all, because whoever is told may take a while over it.
                fill()
                yield answer
    finally:
        for _, left in running.values():
            left.terminate()
        for _, left in running.values():
            left.join(_GRACE)
            left.kill()


def _start(notebook: Path, parameters: dict[str, Any], into: Path, limits: Limits) -> tuple[Connection, BaseProcess]:
    """Return where a notebook's answer will arrive, and the process executing it."""
    context = multiprocessing.get_context("forkserver")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, notebook, parameters, into, limits))
    provisioner.start(process)
    sender.close()
    return receiver, process


def _work(sender: Connection, notebook: Path, parameters: dict[str, Any], into: Path, limits: Limits) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # Imported here, in the forked process, so that the one that only waits never pays for Papermill.
    from analysis.publish import notebook_process

    answer: Executed | str
    try:
        answer = notebook_process.execute(notebook, parameters, into, limits)
    except OSError as error:
        answer = f"{error.filename or into}: {error.strerror or error}"
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    # A run that was interrupted does not wait for it any more.
    with suppress(BrokenPipeError):
        sender.send(answer)


def _receive(receiver: Any, path: Path) -> Executed | str:
    try:
        return receiver.recv()
    except EOFError:
        return Executed(path.stem, path, "interrupted", 0.0, reason="the process executing it was ended from outside")
