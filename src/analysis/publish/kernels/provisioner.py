"""Kernels forked from a process that has imported the whole stack: a fresh one each time, without the wait."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.metadata import EntryPoint
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "dunghen-forked"
"""The provisioner's entry point: what JUPYTER_DEFAULT_PROVISIONER_NAME is set to."""

STACK = (
    "analysis.publish.kernels.forked",
    *("ipykernel.debugger", "tornado.platform.asyncio", "IPython.core.debugger", "IPython.core.completerlib"),
    "IPython.extensions.storemagic",
    "matplotlib.backends.backend_agg",
    "analysis.quarter",
    *(f"analysis.report.pages.{page}" for page in ("data_quality", "forecast", "online_uptake", "summary")),
    *(f"analysis.report.pages.{page}" for page in ("surveys", "targets", "timeliness", "track_record")),
)
"""What the server imports once; the first module notes how things stood before the rest."""

_LAUNCHERS = (["-m", "ipykernel_launcher"], ["-m", "ipykernel"])
_ORDINARY = {"cwd", "env", "extra_arguments", "kernel_id", "transport_encryption"}
_READ_AT_START = ("PYTHON", "LD_", "OMP_", "OPENBLAS_", "MKL_", "MATPLOTLIBRC", "MPLCONFIGDIR")
"""Beginnings of variables that Python and the stack read once, when they are loaded."""

_LONGEST_FOLDER = 80
"""The path of a Unix socket has at most 107 bytes on Linux and 103 on macOS."""

_AFTER_THE_KERNELS = -1
"""Below zero: multiprocessing ends its children first, which would otherwise make anew what is removed."""

_ENVIRONMENT = dict(os.environ)


def _edition() -> frozenset[tuple[Path, int, int]]:
    """Return the modules of this package, each with when it was edited and its size."""
    found = set()
    for path in Path(__file__).parents[2].rglob("*.py"):
        # such as the lock of an editor, which leads nowhere
        with suppress(OSError):
            about = path.stat()
            found.add((path, about.st_mtime_ns, about.st_size))
    return frozenset(found)


_EDITION = _edition()


class ForkedProvisioner(LocalProvisioner):
    """Forks the kernels of the running Python; whatever it cannot fork, it launches as usual.

    With ``JUPYTER_DEFAULT_PROVISIONER_NAME=dunghen-forked`` it serves stock Papermill, too. It talks to its kernels
    over Unix sockets, so that nobody else can and no two kernels are given the same one. One that is forked listens on
    no port at all; in one that is launched, ipykernel opens one on the loopback for what its own forks print.

    Attributes
    ----------
    from_here : bool
        Whether kernels are forked from this very process, which must have the stack and nothing to hide from a
        notebook; otherwise from a server that is started with the first kernel.
    exit_code : int or None
        What the last kernel ended with that this process had; negative for a signal, None while it runs.
    """

    from_here: ClassVar[bool] = False
    exit_code: ClassVar[int | None] = None
    _is_forked = False
    _sockets: str | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Return what `launch_kernel` is given, with the kernel's sockets named."""
        ordinary = set(kwargs) <= _ORDINARY and self._is_of_this_python()
        self._is_forked = ordinary and can_fork() and not _differs_at_start(kwargs.get("env", os.environ))
        # The server has imported this package once; whoever edits it meanwhile wants to see the edit.
        self._is_forked = self._is_forked and (self.from_here or _edition() == _EDITION)
        manager: Any = self.parent
        if ordinary and os.name == "posix" and manager and manager.transport == "tcp":
            short = len(tempfile.gettempdir()) <= _LONGEST_FOLDER
            self._sockets = tempfile.mkdtemp(prefix="kernel-", dir=None if short else "/tmp")
            # However this process ends, short of being killed; then the kernel sees to it, which watches its parent.
            Finalize(None, shutil.rmtree, [self._sockets, True], exitpriority=_AFTER_THE_KERNELS)
            manager.cache_ports = False
            manager.transport, manager.ip = "ipc", f"{self._sockets}/k"
            manager.connection_file = manager.connection_file or f"{self._sockets}/kernel.json"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel and return how to reach it."""
        if self._is_forked:
            cwd = str(kwargs.get("cwd") or Path.cwd())
            try:
                process = self._fork(cmd, cwd, kwargs["env"])
            except OSError as error:
                # The notebook can do without.
                self.log.warning("The kernel is started anew, because none could be forked: %r", error)
            else:
                self.process = _Popen(process)
                # The kernel makes itself the leader of a group by this number as its first act.
                self.pid = self.pgid = process.pid
                self.cwd = cwd
                await self._until_bound()
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)

    async def _until_bound(self) -> None:
        """Wait for the kernel to make its sockets: who connects too early is made to wait a tenth of a second."""
        last = Path(f"{self.parent.ip}-{self.parent.iopub_port}") if self._sockets else None
        for _ in range(2000):
            if not last or last.exists() or await self.poll() is not None:
                break
            await asyncio.sleep(0.005)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Give the kernel a moment to go, watching closely: the manager looks only ten times a second."""
        for _ in range(100):
            if await self.poll() is not None:
                break
            await asyncio.sleep(0.005)

    async def cleanup(self, restart: bool = False) -> None:
        """End what a kernel that is gone has left running, and remove the sockets, unless it will be back."""
        ForkedProvisioner.exit_code = await self.poll()
        await self._end_its_processes()
        await super().cleanup(restart=restart)
        if self._sockets and not restart:
            shutil.rmtree(self._sockets, ignore_errors=True)

    async def _end_its_processes(self) -> None:
        """End the kernel's group; what tidies up after it, as Python's tracker of shared memory does, first may."""
        group = self.pgid
        # nothing that has not become the leader of a group of its own
        if not group or group == os.getpgrp() or await self.poll() is None:
            return
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)
            for _ in range(50):
                os.killpg(group, 0)  # also while one that has ended waits to be noticed by its new parent
                await asyncio.sleep(0.005)
            os.killpg(group, signal.SIGKILL)

    def _is_of_this_python(self) -> bool:
        python, *arguments = self.kernel_spec.argv
        version = sys.version_info
        # The names the manager replaces by the running Python.
        known = {"python", f"python{version[0]}", f"python{version[0]}.{version[1]}", sys.executable}
        return python in known and any(arguments[: len(one)] == one for one in _LAUNCHERS)

    def _fork(self, cmd: list[str], cwd: str, env: dict[str, str]) -> BaseProcess:
        context: Any = multiprocessing.get_context("fork" if self.from_here else "forkserver")
        if not self.from_here:
            context.set_forkserver_preload(list(STACK))
        process: BaseProcess = context.Process(
            target=_become_kernel,
            args=(cmd, cwd, env, self._sockets, _Stream(1), _Stream(2)),
            name="kernel",
            daemon=True,
        )
        start(process)
        return process


def fork_from_here() -> None:
    """Let this process fork its kernels from itself: one that has the stack, serves one notebook and ends."""
    factory = KernelProvisionerFactory.instance()
    # Named here, too: a checkout that is newer than its installation has no entry point yet.
    factory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:{ForkedProvisioner.__name__}", factory.GROUP_NAME)
    factory.default_provisioner_name = NAME
    ForkedProvisioner.from_here = True


def can_fork() -> bool:
    """Return whether kernels can be forked here: on Linux, and not by a process that may have no children.

    macOS has both ways to fork, but its own libraries do not survive them.
    """
    return sys.platform == "linux" and not multiprocessing.current_process().daemon


def start(process: BaseProcess) -> None:
    """Start a process that does not import this one's main module, as spawned ones do: it may be any script.

    Raises
    ------
    OSError
        The server it is forked from did not start, or did not survive its imports.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    except EOFError as error:
        raise ChildProcessError("the server that processes are forked from has ended") from error
    finally:
        sys.modules["__main__"] = main


def when_parent_ends(act: Callable[[], None]) -> None:
    """Do something as soon as the process that asked for this one is no more, killed or not."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        act()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


class _Popen:
    """A forked process that answers as `subprocess.Popen` does, which is how the local provisioner asks."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        if self.pid and self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class _Stream:
    """Where this process prints to, handed to a forked one: the server's own streams lead elsewhere."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        from multiprocessing.reduction import DupFd  # there is none on Windows

        return _received, (DupFd(self._descriptor),)

    def become(self, descriptor: int) -> None:
        os.dup2(self._descriptor, descriptor)
        if self._descriptor > 2:
            os.close(self._descriptor)


def _received(duplicate: Any) -> _Stream:
    return _Stream(duplicate.detach())


def _differs_at_start(env: Any) -> bool:
    return {k: v for k, v in env.items() if k.startswith(_READ_AT_START)} != {
        k: v for k, v in _ENVIRONMENT.items() if k.startswith(_READ_AT_START)
    }


def _become_kernel(
    cmd: list[str], cwd: str, env: dict[str, str], sockets: str | None, stdout: _Stream, stderr: _Stream
) -> None:
    # Imported here: the process that asks for a kernel needs no part of one.
    from analysis.publish.kernels import forked

    os.setsid()
    # A notebook may run notebooks; their kernels must not be forked from a kernel.
    ForkedProvisioner.from_here = False
    KernelProvisionerFactory.clear_instance()
    stdout.become(1)
    stderr.become(2)
    when_parent_ends(partial(_end, sockets))
    forked.serve(cmd, cwd, env, sockets)


def _end(sockets: str | None) -> None:
    """End this kernel and what it started, with nobody left to tidy up after it."""
    if sockets:
        shutil.rmtree(sockets, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
