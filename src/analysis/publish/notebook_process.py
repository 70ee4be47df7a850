"""Execute one notebook in this process, with a kernel of its own, and determine its outcome."""

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
from analysis.publish.defer_signals import REQUESTS_TO_END
from analysis.publish.kernels import provisioner
from analysis.publish.kernels.memory import MemoryWatch
from analysis.publish.kernels.provisioner import ForkedProvisioner
from analysis.publish.limits import Limits
from analysis.publish.notebook_outcome import NotebookOutcome, Status

_ANSI_CODE = re.compile(r"\x1b\[[0-9;]*m")

_SILENCE = 0.02
"""Seconds a new kernel must be silent before its client starts.

Jupyter's own clients wait for 0.2 s. Nothing is lost by waiting for less: whoever executes a notebook uses only the
answers to its own requests.
"""


def execute(notebook: Path, parameters: dict[str, Any], path: Path, limits: Limits) -> NotebookOutcome:
    """Execute a notebook, write it to a path and return its outcome.

    Whatever the process and its kernel print goes to ``<stem>.log`` beside it, which is removed after a success
    or when empty.

    Parameters
    ----------
    notebook : Path
        The notebook.
    parameters : dict
        The values its ``parameters`` cell is set to; JSON values only.
    path : Path
        Where the executed notebook is written; its stem names the outcome.
    limits : Limits
        How much of the machine the notebook may use.
    """
    log = path.with_suffix(".log")
    timeout, memory_mb = limits.execution_timeout, limits.kernel_mb()
    _redirect_output(log)
    _shut_down_on_request()
    papermill_engines.register("keeping", _NotebookEngine)
    # The kernel is then a child of this process, which sees how it ended and how much memory it holds.
    provisioner.fork_from_here()
    started_cells: list[NotebookNode] = []
    memory, kernel_started = MemoryWatch(memory_mb), threading.Event()

    def watch(notebook: NotebookNode) -> None:
        # Not earlier: a process with a second thread should not fork, and now the kernel has been forked.
        provisioner.when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
        memory.start()
        kernel_started.set()

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
            # Output may arrive as late as the cell may end; by default a minute of printing is a time-out.
            iopub_timeout=timeout,
            cwd=notebook.parent,
            on_notebook_start=watch,
            on_cell_start=lambda cell, cell_index: started_cells.append(cell),
        )
    except PapermillExecutionError as error:
        status, reason = "cell-error", _one_line(f"{error.ename}: {error.evalue}")
    except CellTimeoutError:
        status, reason = "timeout", f"the cell took longer than {timeout} s"
    except DeadKernelError:
        status, reason = "kernel-died", _describe_exit(ForkedProvisioner.exit_code)
        if memory.exceeded_mb:
            printed = f" {memory.printed_mb:,} MB of it printed," if memory.printed_mb > memory_mb // 4 else ""
            stopped = f"the kernel was stopped at {memory.exceeded_mb:,} MB of memory"
            reason = f"{stopped};{printed} {memory_mb:,} MB is its budget"
    except (OSError, NoSuchKernel):
        # Not the fault of this notebook: the others would end in the same way.
        raise
    except Exception as error:
        if not kernel_started.is_set() and isinstance(error, RuntimeError):
            status, reason = "kernel-died", _describe_start(error)
        elif isinstance(error, AssertionError) and not str(error):
            # nbclient ends in this way when the kernel does not answer its last request.
            status, reason = "timeout", f"the kernel did not answer any more within {timeout} s"
        else:
            status, reason = "cell-error", _one_line(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        status, reason = "interrupted", "interrupted"
    memory.stop()
    seconds = time.monotonic() - start
    executed = _NotebookEngine.notebook
    if executed is None:
        return NotebookOutcome(path.stem, path, status, seconds, None, None, reason)
    if status == "ok" and started_cells and started_cells[-1] is not executed.cells[-1]:
        # Papermill takes sys.exit(0) for a success, although the rest of the notebook was not executed.
        status, reason = "cell-error", "the cell ended the notebook before its last cell"
    failed_cell = started_cells[-1] if status != "ok" and started_cells else None
    if failed_cell is not None and memory.printed_mb:
        # Writing that much output would take several times the memory that was too small for it.
        failed_cell.outputs = []
    _correct_metadata(executed, failed_cell, path.name)
    _hide_folders(executed, parameters)
    nbformat.write(executed, path)
    if status == "ok" or not log.stat().st_size:
        log.unlink()
    return NotebookOutcome(
        path.stem, path, status, seconds, _peak_memory_mb(), _cell_number(executed, failed_cell), reason
    )


def _shut_down_on_request() -> None:
    """Have every request to end shut the kernel down before this process ends."""
    for signum in REQUESTS_TO_END:
        # One that the run ignores, as after nohup, is ignored here, too; SIGTERM is how the run itself asks.
        if signum == signal.SIGTERM or signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _interrupt_once)
    # The server this process was forked from has them blocked.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, REQUESTS_TO_END)


def _interrupt_once(_number: int, _frame: FrameType | None) -> None:
    # A second signal must not break off the clean-up after the first.
    for signum in REQUESTS_TO_END:
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


def _describe_start(error: RuntimeError) -> str:
    """Return how far a kernel came that did not start, and how it ended."""
    code = ForkedProvisioner.exit_code
    # A kernel that was still alive when its time was up has since been ended by its client.
    if code is None or not str(error).startswith("Kernel died"):
        return _one_line(f"the kernel did not start: {error}")
    how = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
    when = "with its sockets open, before it answered" if ForkedProvisioner.has_listened else "before it listened"
    return f"the kernel died while it started, {when} ({how})"


def _describe_exit(code: int | None) -> str:
    if code == 0:
        return "the notebook ended its kernel, as exit() does"
    if code is None or code == -signal.SIGKILL:
        return "the kernel died, as it does when memory runs out"
    return f"the kernel was ended: {signal.strsignal(-code)}" if code < 0 else f"the kernel ended with code {code}"


def _redirect_output(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _one_line(text: str) -> str:
    return " ".join(_ANSI_CODE.sub("", text).split())[:300]


def _correct_metadata(notebook: NotebookNode, failed_cell: NotebookNode | None, name: str) -> None:
    """Set the cells' states in the metadata to what the exception says, and its paths to the bare file name."""
    about = notebook.metadata.papermill
    about["input_path"] = about["output_path"] = name
    about["exception"] = True if failed_cell is not None else None
    if failed_cell is None:
        return
    is_after = False
    for cell in notebook.cells:
        state = cell.metadata.get("papermill", {})
        if cell is failed_cell:
            state.update(status="failed", exception=True)
            is_after = True
        elif is_after and "status" in state:
            state.update(status="pending", exception=None)


def _hide_folders(notebook: NotebookNode, parameters: dict[str, Any]) -> None:
    """Remove this machine's folders from the parameters, in the metadata and in the cell that sets them."""
    shown = without_folders(parameters)
    notebook.metadata.papermill.parameters.update(shown)
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            for key, value in shown.items():
                if value != parameters[key]:
                    cell.source = cell.source.replace(*map(PythonTranslator.translate, (parameters[key], value)))


def _cell_number(notebook: NotebookNode, failed_cell: NotebookNode | None) -> int | None:
    """Return the number of the failing cell as JupyterLab shows it: only code cells that are not empty count."""
    number = 0
    for cell in notebook.cells:
        number += cell.cell_type == "code" and bool(cell.source.strip())
        if cell is failed_cell:
            return number
    return None


def _peak_memory_mb() -> float:
    # The kernel is the only child this process has waited for; Linux counts in KiB.
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)


class _NotebookEngine(NBClientEngine):
    """Papermill's engine, which here leaves the notebook accessible after a time-out or a dead kernel."""

    notebook: ClassVar[NotebookNode | None] = None

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> Any:
        cls.notebook = nb_man.nb
        return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


class _PromptChannel(AsyncZMQSocketChannel):
    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        # Only the wait for silence has a timeout; outputs are waited for as long as they take.
        return await super().get_msg(None if timeout is None else min(timeout, _SILENCE))


class _PromptClient(AsyncKernelClient):
    iopub_channel_class = Type(_PromptChannel)


class PromptKernelManager(AsyncKernelManager):
    """Kernel manager as Jupyter's own, except that its clients start at once: see `_SILENCE`."""

    client_factory = Type(_PromptClient, klass=KernelClient)
