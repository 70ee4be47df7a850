"""Fork each kernel from a process that has imported the whole stack: a fresh kernel without the wait for imports."""

from __future__ import annotations

import asyncio
import errno
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
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

from analysis.faults import BadParameters
from analysis.project import find_project, project_folder
from analysis.publish.kernels import server
from analysis.temporary import claim

NAME = "dunghen-forked"
"""Name of the provisioner's entry point, which JUPYTER_DEFAULT_PROVISIONER_NAME may be set to."""

STACK = (
    "analysis.publish.kernels.forked",
    *("ipykernel.debugger", "tornado.platform.asyncio", "IPython.core.debugger", "IPython.core.completerlib"),
    "IPython.extensions.storemagic",
    "matplotlib.backends.backend_agg",
    "analysis.quarter.quarter",
    # What the notebooks themselves import.
    *("statsmodels.tsa.statespace.structural", "statsmodels.tsa.exponential_smoothing.ets"),
    *(f"analysis.report.pages.{page}" for page in ("data_quality", "forecast", "online_uptake", "summary")),
    *(f"analysis.report.pages.{page}" for page in ("body", "surveys", "targets", "timeliness", "track_record")),
    # What those import only once something is drawn.
    *("great_tables", "analysis.report.ticks"),
)
"""Modules the server imports once; the first one records the state before the others are imported."""

_LAUNCHERS = (["-m", "ipykernel_launcher"], ["-m", "ipykernel"])
_ORDINARY_ARGUMENTS = {"cwd", "env", "extra_arguments", "kernel_id", "transport_encryption"}
_READ_AT_START = ("PYTHON", "LD_", "OMP_", "OPENBLAS_", "MKL_", "MATPLOTLIBRC", "MPLCONFIGDIR")
"""Prefixes of environment variables that Python and the stack read once, when they are loaded."""

_LONGEST_FOLDER = 80
"""The path of a Unix socket has at most 107 bytes on Linux and 103 on macOS."""

_AFTER_CHILDREN = -1
"""Exit priority below zero: multiprocessing ends its children first, which would otherwise recreate the files."""

_ENVIRONMENT = dict(os.environ)


def _package_files() -> frozenset[tuple[Path, int, int]]:
    """Return the modules of this package, each with the time of its last edit and its size."""
    found = set()
    for path in Path(__file__).parents[2].rglob("*.py"):
        # A dangling link, such as an editor's lock, is passed over.
        with suppress(OSError):
            stat = path.stat()
            found.add((path, stat.st_mtime_ns, stat.st_size))
    return frozenset(found)


_PACKAGE_FILES = _package_files()


class ForkedProvisioner(LocalProvisioner):
    """Provisioner that forks kernels of the running Python and launches as usual the kernels it cannot fork.

    With ``JUPYTER_DEFAULT_PROVISIONER_NAME=dunghen-forked`` it serves stock Papermill, too. It talks to its kernels
    over Unix sockets, so that nobody else can and no two kernels get the same address. A forked kernel listens on no
    port at all; in a launched kernel, ipykernel opens a port on the loopback for what the kernel's own forks print.

    Attributes
    ----------
    from_here : bool
        Whether kernels are forked from this very process, which must have imported the stack and hold nothing that a
        notebook must not see; otherwise they are forked from a server that is started with the first kernel.
    exit_code : int or None
        Exit code of the last kernel this process had; negative for a signal, None while it runs.
    has_listened : bool
        Whether the last kernel this process had was seen with its Unix sockets open.
    """

    from_here: ClassVar[bool] = False
    exit_code: ClassVar[int | None] = None
    has_listened: ClassVar[bool] = False
    _is_forked = False
    _project_of_server: ClassVar[Path | None] = None
    _sockets: str | None = None
    _claimed: int | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Return the arguments of `launch_kernel`, and give the kernel its sockets."""
        ForkedProvisioner.has_listened = False
        ordinary = set(kwargs) <= _ORDINARY_ARGUMENTS and self._is_of_this_python()
        environment = kwargs.get("env", os.environ)
        self._is_forked = ordinary and can_fork() and not _differs_at_start(environment)
        self._is_forked = self._is_forked and self._is_of_this_project(kwargs.get("cwd"), environment)
        # The server has imported this package once; after an edit of the package a kernel must have the edit.
        self._is_forked = self._is_forked and (self.from_here or _package_files() == _PACKAGE_FILES)
        manager: Any = self.parent
        if ordinary and os.name == "posix" and manager and manager.transport == "tcp":
            short = len(tempfile.gettempdir()) <= _LONGEST_FOLDER
            self._sockets = tempfile.mkdtemp(prefix="kernel-", dir=None if short else "/tmp")
            self._claimed = claim(Path(self._sockets))
            # Removed however this process ends; if it is killed, by the kernel, which watches its parent; if that is
            # killed, too, by the next command.
            Finalize(None, shutil.rmtree, [self._sockets, True], exitpriority=_AFTER_CHILDREN)
            manager.cache_ports = False
            manager.transport, manager.ip = "ipc", f"{self._sockets}/k"
            manager.connection_file = manager.connection_file or f"{self._sockets}/kernel.json"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel, or launch it, and return its connection."""
        if self._is_forked:
            cwd = str(kwargs.get("cwd") or Path.cwd())
            try:
                process = self._fork(cmd, cwd, kwargs["env"])
            except OSError as error:
                # The notebook does not depend on being forked.
                self.log.warning("The kernel is started anew, because none could be forked: %r", error)
            else:
                self.process = _PopenAdapter(process)
                # The first thing the kernel does is to become the leader of a process group of this number.
                self.pid = self.pgid = process.pid
                self.cwd = cwd
                await self._until_bound()
                return self.connection_info
        try:
            return await super().launch_kernel(cmd, **kwargs)
        except OSError as error:
            # Nobody else removes what `pre_launch` has written for a kernel that there never was.
            self.parent.cleanup_connection_file()
            refused = f"the process of a kernel could not be started: {error.strerror or error}"
            raise OSError(error.errno or errno.EAGAIN, refused, str(error.filename or cmd[0])) from error

    async def poll(self) -> int | None:
        """Return the kernel's exit code, None while it runs; its sockets are looked for, too."""
        ForkedProvisioner.has_listened = ForkedProvisioner.has_listened or self._listens()
        return await super().poll()

    def _listens(self) -> bool:
        return bool(self._sockets) and Path(f"{self.parent.ip}-{self.parent.iopub_port}").exists()

    async def _until_bound(self) -> None:
        """Wait until the kernel has made its sockets: a client that connects too early waits a tenth of a second."""
        for _ in range(2000):
            if not self._sockets or self._listens() or await self.poll() is not None:
                break
            await asyncio.sleep(0.005)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Wait a moment for the kernel to end, polling often: the manager polls only ten times a second."""
        for _ in range(100):
            if await self.poll() is not None:
                break
            await asyncio.sleep(0.005)

    async def cleanup(self, restart: bool = False) -> None:
        """End the processes an ended kernel has left running, and remove its sockets unless it is restarted."""
        ForkedProvisioner.exit_code = await self.poll()
        await self._end_process_group()
        await super().cleanup(restart=restart)
        if self._sockets and not restart:
            shutil.rmtree(self._sockets, ignore_errors=True)
            if self._claimed is not None:
                os.close(self._claimed)
                self._claimed = None

    async def _end_process_group(self) -> None:
        """End the kernel's process group; SIGTERM first lets processes clean up, such as Python's resource tracker."""
        group = self.pgid
        # Only if the kernel has ended and had become the leader of a group of its own.
        if not group or group == os.getpgrp() or await self.poll() is None:
            return
        with suppress(OSError):
            os.killpg(group, signal.SIGTERM)
            for _ in range(50):
                os.killpg(group, 0)  # succeeds also while an ended process waits to be reaped by its new parent
                await asyncio.sleep(0.005)
            os.killpg(group, signal.SIGKILL)

    def _is_of_this_project(self, cwd: str | None, environment: Mapping[str, str]) -> bool:
        """Return whether a kernel finds the project that the stack it is forked from was loaded for."""
        here = Path.cwd()
        try:
            wanted = find_project(Path(cwd) if cwd else here, environment)
            if self.from_here:
                from analysis.parameters import ROOT

                return wanted == ROOT
            # The server is started with the first kernel, where this process is then.
            if ForkedProvisioner._project_of_server is None:
                ForkedProvisioner._project_of_server = project_folder()
        except BadParameters:
            return False
        return wanted == ForkedProvisioner._project_of_server

    def _is_of_this_python(self) -> bool:
        python, *arguments = self.kernel_spec.argv
        version = sys.version_info
        # The manager replaces these names by the running Python.
        known = {"python", f"python{version[0]}", f"python{version[0]}.{version[1]}", sys.executable}
        return python in known and any(arguments[: len(launcher)] == launcher for launcher in _LAUNCHERS)

    def _fork(self, cmd: list[str], cwd: str, env: dict[str, str]) -> BaseProcess:
        context: Any = multiprocessing.get_context("fork" if self.from_here else "forkserver")
        if not self.from_here:
            server.ensure_running(STACK)
        process: BaseProcess = context.Process(
            target=_become_kernel,
            args=(cmd, cwd, env, self._sockets, _SentDescriptor(1), _SentDescriptor(2)),
            name="kernel",
            daemon=True,
        )
        start(process)
        return process


def fork_from_here() -> None:
    """Make this process fork its kernels from itself: it must have the stack, execute one notebook and end."""
    factory = KernelProvisionerFactory.instance()
    # Registered here, too: a checkout that is newer than its installation has no entry point yet.
    factory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:{ForkedProvisioner.__name__}", factory.GROUP_NAME)
    factory.default_provisioner_name = NAME
    ForkedProvisioner.from_here = True


def can_fork() -> bool:
    """Return whether kernels can be forked here: on Linux, by a process that may have children.

    macOS has both start methods, but its own libraries do not survive a fork.
    """
    return sys.platform == "linux" and not multiprocessing.current_process().daemon


def start(process: BaseProcess) -> None:
    """Start a process that does not import this one's main module, which may be any script.

    Processes of multiprocessing otherwise import it.

    Raises
    ------
    OSError
        The server that the process is forked from did not start, or did not survive its imports.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    except EOFError as error:
        why = server.last_complaint()
        ended = "the server that processes are forked from has ended"
        raise ChildProcessError(f"{ended}: {why}" if why else ended) from error
    finally:
        sys.modules["__main__"] = main


def when_parent_ends(act: Callable[[], None]) -> None:
    """Call a function, in a thread, as soon as the parent process has ended, killed or not."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        act()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


class _PopenAdapter:
    """A forked process with the interface of `subprocess.Popen`, which the local provisioner expects."""

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


class _SentDescriptor:
    """A file descriptor this process prints to, sent to a forked process: the server's own lead elsewhere."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        from multiprocessing.reduction import DupFd  # there is none on Windows

        return _receive_descriptor, (DupFd(self._descriptor),)

    def move_to(self, descriptor: int) -> None:
        os.dup2(self._descriptor, descriptor)
        if self._descriptor > 2:
            os.close(self._descriptor)


def _receive_descriptor(duplicate: Any) -> _SentDescriptor:
    return _SentDescriptor(duplicate.detach())


def _differs_at_start(env: Any) -> bool:
    return {k: v for k, v in env.items() if k.startswith(_READ_AT_START)} != {
        k: v for k, v in _ENVIRONMENT.items() if k.startswith(_READ_AT_START)
    }


def _become_kernel(
    cmd: list[str],
    cwd: str,
    env: dict[str, str],
    sockets: str | None,
    stdout: _SentDescriptor,
    stderr: _SentDescriptor,
) -> None:
    # Imported here: the process that asks for a kernel needs no part of a kernel.
    from analysis.publish.kernels import forked

    os.setsid()
    # A notebook may run notebooks; their kernels must not be forked from a kernel.
    ForkedProvisioner.from_here = False
    KernelProvisionerFactory.clear_instance()
    stdout.move_to(1)
    stderr.move_to(2)
    when_parent_ends(partial(_end_kernel, sockets))
    forked.serve(cmd, cwd, env, sockets)


def _end_kernel(sockets: str | None) -> None:
    """End this kernel and the processes it started, and remove its sockets, because its parent no longer can."""
    if sockets:
        shutil.rmtree(sockets, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
