"""Kernels whose clients begin at once: Jupyter's own listen to a new one until it has said nothing for 0.2 s."""

from __future__ import annotations

import os
import re
import resource
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

import nbformat
import papermill
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.client import KernelClient
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.translators import PythonTranslator
from traitlets import Type

from analysis.parameters import without_folders
from analysis.publish.kernels import provisioner
from analysis.publish.kernels.memory import MemoryWatch
from analysis.publish.kernels.provisioner import ForkedProvisioner
from analysis.publish.limits import Limits
from analysis.publish.notebook_outcome import Executed, Status

_SILENCE = 0.02
"""Seconds. Nothing is lost by less: who executes a notebook takes only answers to what was asked."""


class _PromptChannel(AsyncZMQSocketChannel):
    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        # Only the wait for silence has a limit; outputs are waited for as long as they take.
        return await super().get_msg(None if timeout is None else min(timeout, _SILENCE))


class _PromptClient(AsyncKernelClient):
    iopub_channel_class = Type(_PromptChannel)


class PromptKernelManager(AsyncKernelManager):
    """Starts and ends kernels as Jupyter's own does."""

    client_factory = Type(_PromptClient, klass=KernelClient)


_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class _KeepingEngine(NBClientEngine):
    """Papermill's engine, except that the notebook is still at hand after a time-out or a dead kernel."""

    notebook: ClassVar[NotebookNode | None] = None

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> Any:
        cls.notebook = nb_man.nb
        return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


def execute(notebook: Path, parameters: dict[str, Any], into: Path, limits: Limits) -> Executed:
    """Return what became of a notebook, leaving it executed in a folder.

    Whatever the process and its kernel print goes to ``<stem>.log`` beside it, which is removed after a success
    or when empty.

    Parameters
    ----------
    notebook : Path
        The notebook.
    parameters : dict
        What its ``parameters`` cell is set to; JSON values only.
    into : Path
        Folder of the executed notebook.
    limits : Limits
        What the notebook may take of the machine.
    """
    path, log = into / notebook.name, into / f"{notebook.stem}.log"
    timeout, memory_mb = limits.execution_timeout, limits.kernel_mb()
    _print_to(log)
    # Told to stop, this process shuts its kernel down before it goes, as it does on Ctrl-C.
    for request in (signal.SIGTERM, signal.SIGINT):
        signal.signal(request, _interrupt_once)
    papermill_engines.register("keeping", _KeepingEngine)
    # The kernel is then this process's child, whose death and memory it hears of.
    provisioner.fork_from_here()
    started: list[NotebookNode] = []
    memory, up = MemoryWatch(memory_mb), threading.Event()

    def watch(notebook: NotebookNode) -> None:
        # Only now: a process with a second thread should not fork, and by now the kernel is there.
        provisioner.when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
        memory.start()
        up.set()

    status: Status = "ok"
    reason: str | None = None
    start = time.monotonic()
    try:
        papermill.execute_notebook(
            notebook,
            None,
            parameters,
            engine_name="keeping",
            kernel_name="python3",
            kernel_manager_class=PromptKernelManager,
            progress_bar=False,
            request_save_on_cell_execute=False,
            execution_timeout=timeout,
            # what was printed may arrive as late as the cell may end; by default a minute's printing is a time-out
            iopub_timeout=timeout,
            cwd=notebook.parent,
            on_notebook_start=watch,
            on_cell_start=lambda cell, cell_index: started.append(cell),
        )
    except PapermillExecutionError as error:
        status, reason = "cell-error", _one_line(f"{error.ename}: {error.evalue}")
    except CellTimeoutError:
        status, reason = "timeout", f"the cell took longer than {timeout} s"
    except DeadKernelError:
        status, reason = "kernel-died", _how_it_died(ForkedProvisioner.exit_code)
        if memory.exceeded_mb:
            printed = f" {memory.printed_mb:,} MB of it printed," if memory.printed_mb > memory_mb // 4 else ""
            held = f"the kernel was stopped at {memory.exceeded_mb:,} MB of memory"
            reason = f"{held};{printed} {memory_mb:,} MB is its budget"
    except (OSError, NoSuchKernel):
        # Nothing of this notebook's: the others would end in the same way.
        raise
    except Exception as error:
        if not up.is_set() and isinstance(error, RuntimeError):
            status, reason = "kernel-died", _one_line(f"the kernel did not start: {error}")
        elif isinstance(error, AssertionError) and not str(error):
            # how nbclient ends when the kernel does not answer its last question
            status, reason = "timeout", f"the kernel did not answer any more within {timeout} s"
        else:
            status, reason = "cell-error", _one_line(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        status, reason = "interrupted", "interrupted"
    memory.stop()
    seconds = time.monotonic() - start
    executed = _KeepingEngine.notebook
    if executed is None:
        return Executed(notebook.stem, path, status, seconds, None, None, reason)
    if status == "ok" and started and started[-1] is not executed.cells[-1]:
        # Papermill takes sys.exit(0) for success, with the rest of the notebook unrun.
        status, reason = "cell-error", "the cell ended the notebook before its last cell"
    failed = started[-1] if status != "ok" and started else None
    if failed is not None and memory.printed_mb:
        # To write as much down would take a multiple of what the memory was too small for.
        failed.outputs = []
    _tell_the_truth(executed, failed, path.name)
    _leave_folders_out(executed, parameters)
    nbformat.write(executed, path)
    if status == "ok" or not log.stat().st_size:
        log.unlink()
    return Executed(notebook.stem, path, status, seconds, _peak_memory_mb(), _number(executed, failed), reason)


def _interrupt_once(_number: int, _frame: FrameType | None) -> None:
    # One more must not break off what tidies up after the first.
    for request in (signal.SIGTERM, signal.SIGINT):
        signal.signal(request, signal.SIG_IGN)
    raise KeyboardInterrupt


def _how_it_died(code: int | None) -> str:
    if code == 0:
        return "the notebook ended its kernel, as exit() does"
    if code is None or code == -signal.SIGKILL:
        return "the kernel died, as it does when memory runs out"
    return f"the kernel was ended: {signal.strsignal(-code)}" if code < 0 else f"the kernel ended with code {code}"


def _print_to(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _one_line(text: str) -> str:
    return " ".join(_ANSI.sub("", text).split())[:300]


def _tell_the_truth(notebook: NotebookNode, failed: NotebookNode | None, name: str) -> None:
    """Make the states in the metadata those of the exception, and its paths say nothing of this machine."""
    about = notebook.metadata.papermill
    about["input_path"] = about["output_path"] = name
    about["exception"] = True if failed is not None else None
    if failed is None:
        return
    after = False
    for cell in notebook.cells:
        state = cell.metadata.get("papermill", {})
        if cell is failed:
            state.update(status="failed", exception=True)
            after = True
        elif after and "status" in state:
            state.update(status="pending", exception=None)


def _leave_folders_out(notebook: NotebookNode, parameters: dict[str, Any]) -> None:
    """Make the parameters say nothing of this machine either: in the metadata, and in the cell that set them."""
    shown = without_folders(parameters)
    notebook.metadata.papermill.parameters.update(shown)
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            for key, value in shown.items():
                if value != parameters[key]:
                    cell.source = cell.source.replace(*map(PythonTranslator.translate, (parameters[key], value)))


def _number(notebook: NotebookNode, failed: NotebookNode | None) -> int | None:
    """Return the number of the failing cell as JupyterLab shows it: only code cells that are not empty count."""
    number = 0
    for cell in notebook.cells:
        number += cell.cell_type == "code" and bool(cell.source.strip())
        if cell is failed:
            return number
    return None


def _peak_memory_mb() -> float:
    # The kernel is the only child this process has waited for; Linux counts in KiB.
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)
