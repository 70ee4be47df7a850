"""Turn a forked process into an IPython kernel like any other."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import gc
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing import resource_tracker
from typing import Any

import zmq
from ipykernel import kernelapp
from ipykernel.iostream import IOPubThread
from ipykernel.kernelbase import Kernel
from zmq.eventloop.zmqstream import ZMQStream

from analysis.publish.kernels.lean import ADDRESS_PARSERS, leave_out_address_parsers

# Otherwise the debugger, imported next, warns on the server's terminal that it may miss breakpoints.
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
leave_out_address_parsers()

_SYS_PATH = list(sys.path)
"""Import paths of a fresh interpreter; a forked process starts with those of the process that asked for it."""


def serve(cmd: list[str], cwd: str, env: dict[str, str], sockets: str | None) -> None:
    """Serve as the kernel that a command would have started, until it is shut down.

    Parameters
    ----------
    cmd : list of str
        ``python -m <launcher> …``
    cwd : str
        Working directory.
    env : dict
        The complete environment.
    sockets : str or None
        Folder for a further Unix socket, which takes what the kernel's own forks print.
    """
    # All objects of now stay to the end: the collector need not traverse them, which would copy their shared pages.
    gc.freeze()
    atexit._clear()
    _detach_from_parent()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.path[:] = _SYS_PATH
    sys.argv = [cmd[2], *cmd[3:]]
    for hidden in ("__mp_main__", ADDRESS_PARSERS):
        sys.modules.pop(hidden, None)
    _reset_libraries(env)
    if sockets:
        _use_unix_socket(f"ipc://{sockets}/forked")
    # In a context of its own: the process may have been forked from within a coroutine.
    contextvars.Context().run(_run_kernel, cmd[3:])
    atexit._run_exitfuncs()


def _run_kernel(arguments: list[str]) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    # 1 means that the kernel need not watch its parent, which is watched already; 0 would make it use the terminal.
    kernelapp.IPKernelApp.launch_instance(argv=arguments, parent_handle=1)
    # At its own exit ipykernel may stop the thread that prints before one that still needs it: both then wait for ever.
    control = kernelapp.IPKernelApp.instance().control_thread
    if control.is_alive():
        control.stop()
        control.join(1)


def _detach_from_parent() -> None:
    empty_input = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty_input, 0)
    os.close(empty_input)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # In the server they are blocked; in the kernel SIGINT interrupts a cell.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGHUP})
    # A notebook may start processes, which a daemonic process must not, and by this Python's usual start method.
    multiprocessing.current_process().daemon = False
    multiprocessing.set_start_method(None, force=True)
    _use_own_resource_tracker()


def _use_own_resource_tracker() -> None:
    """Make shared memory of a killed kernel go with the kernel, not only with the process it was forked from."""
    tracker: Any = resource_tracker._resource_tracker
    tracker._fd = tracker._pid = None
    kernel: Any = Kernel
    children = kernel._process_children
    # The tracker ends by itself after the kernel. It ignores an earlier request to end, and ipykernel would wait for
    # it until the kernel is killed, and the exit functions that the notebook registered would not run.
    kernel._process_children = lambda self: [child for child in children(self) if child.pid != tracker._pid]


def _reset_libraries(env: dict[str, str]) -> None:
    """Reset what libraries set once and for all when the server imported them."""
    numpy, matplotlib = sys.modules.get("numpy"), sys.modules.get("matplotlib")
    if numpy:
        # Python reseeds its own generator in a forked process; numpy's would be the same in every kernel.
        numpy.random.seed()
    if matplotlib:
        matplotlib.rcParams["backend"] = env.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"


def _use_unix_socket(address: str) -> None:
    """Receive what processes forked by the notebook print over a Unix socket; ipykernel itself opens a port for it."""

    class UnixSocketIOPubThread(IOPubThread):
        def _setup_pipe_in(self) -> None:
            self._pipe_uuid = os.urandom(16)
            socket = self.socket.context.socket(zmq.PULL)
            socket.linger = 0
            socket.bind(address)
            self._pipe_in = ZMQStream(socket, self.io_loop)
            self._pipe_in.on_recv(self._handle_pipe_msg)

        def _setup_pipe_out(self) -> tuple[Any, Any]:
            context: Any = zmq.Context()
            socket = context.socket(zmq.PUSH)
            socket.linger = 3000
            socket.connect(address)
            return context, socket

    kernelapp.IOPubThread = UnixSocketIOPubThread
