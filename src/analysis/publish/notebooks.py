"""Execute notebooks in parallel, each in a process of its own, and yield the outcome of each."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from analysis.faults import EnvironmentFault
from analysis.parameters import RunParameters
from analysis.publish.kernels import provisioner, server
from analysis.publish.limits import DEFAULT_LIMITS, Limits
from analysis.publish.notebook_outcome import NotebookOutcome
from analysis.publish.report_notebook import ReportNotebook

_GRACE = 15
"""Seconds a process has to shut its kernel down after SIGTERM; for a busy kernel the shutdown itself may wait 5 s."""


def execute_all(
    notebooks: Sequence[ReportNotebook], run: RunParameters, into: Path, limits: Limits = DEFAULT_LIMITS
) -> Generator[NotebookOutcome]:
    """Yield the outcome of each notebook as it finishes; one that fails does not stop the others.

    Closing the generator early, as an interruption does, ends the notebooks still running, kernels included.

    Every notebook has a process of its own, because Papermill changes the directory of the process it runs in. The
    processes are forked from a server that has imported Papermill and the whole stack once, and they fork their
    kernels in turn.

    Parameters
    ----------
    notebooks : sequence of ReportNotebook
        The notebooks to execute.
    run : RunParameters
        The values their ``parameters`` cell is set to; of an edition, `body` is the one it is for.
    into : Path
        Folder the executed notebooks are written to, under their own names.
    limits : Limits
        How much of the machine they may use.

    Raises
    ------
    EnvironmentFault
        A notebook could not even be started or saved: no kernel, no disk.
    """
    if notebooks:
        warm_up()
    workers = limits.notebooks_at_once()
    parameters = run.model_dump(mode="json")
    waiting = deque(notebooks)
    running: dict[Any, tuple[ReportNotebook, BaseProcess]] = {}

    def start_waiting() -> None:
        while waiting and len(running) < workers:
            notebook = waiting.popleft()
            receiver, process = _start(notebook, parameters | {"body": notebook.body}, into, limits)
            running[receiver] = (notebook, process)

    try:
        start_waiting()
        while running:
            for receiver in wait(list(running)):
                notebook, process = running.pop(receiver)
                outcome = _receive(receiver, into / notebook.name)
                process.join(_GRACE)
                if isinstance(outcome, str):
                    raise EnvironmentFault(f"{notebook.stem}: {outcome}")
                # Before the yield, because the caller may take a while over the outcome.
                start_waiting()
                yield outcome
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join(_GRACE)
            process.kill()


def execute(notebook: Path, run: RunParameters, into: Path, limits: Limits = DEFAULT_LIMITS) -> NotebookOutcome:
    """Execute one notebook in a process of its own and return its outcome.

    Parameters
    ----------
    notebook : Path
        The notebook.
    run, into, limits
        See `execute_all`.
    """
    (outcome,) = execute_all([ReportNotebook(notebook)], run, into, limits)
    return outcome


def warm_up() -> None:
    """Start the server that the notebooks' processes are forked from; it imports the stack while the caller goes on."""
    server.ensure_running([*(provisioner.STACK if provisioner.can_fork() else ()), "analysis.publish.notebook_process"])


def _start(
    notebook: ReportNotebook, parameters: dict[str, Any], into: Path, limits: Limits
) -> tuple[Connection, BaseProcess]:
    """Start the process of a notebook and return the connection its outcome will arrive on, and the process."""
    context = multiprocessing.get_context("forkserver")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_execute_and_send, args=(sender, notebook, parameters, into, limits))
    provisioner.start(process)
    sender.close()
    return receiver, process


def _execute_and_send(
    sender: Connection, notebook: ReportNotebook, parameters: dict[str, Any], into: Path, limits: Limits
) -> None:
    """Send the outcome of a notebook, or a sentence on why it could not be started or saved."""
    # Imported here, in the forked process, so that the process that only waits never pays for Papermill.
    from analysis.publish import notebook_process

    outcome: NotebookOutcome | str
    try:
        outcome = notebook_process.execute(notebook.source, parameters, into / notebook.name, limits)
    except OSError as error:
        outcome = f"{error.filename or into}: {error.strerror or error}"
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    # A run that was interrupted no longer waits for it.
    with suppress(BrokenPipeError):
        sender.send(outcome)


def _receive(receiver: Any, path: Path) -> NotebookOutcome | str:
    try:
        return receiver.recv()
    except EOFError:
        return NotebookOutcome(
            path.stem, path, "interrupted", 0.0, reason="the process executing it was ended from outside"
        )
