"""What a forked process does to become a kernel like any other."""

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

from analysis.publish.kernels.lean import LEFT_OUT, leave_out_address_parsers

# Or the debugger, imported next, warns on the server's terminal that it may miss breakpoints.
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
leave_out_address_parsers()

_PATHS = list(sys.path)
"""As a fresh interpreter has them; a forked process has those of the one that asked for it."""


def serve(cmd: list[str], cwd: str, env: dict[str, str], sockets: str | None) -> None:
    """Serve as the kernel a command would have started, until told to stop.

    Parameters
    ----------
    cmd : list of str
        ``python -m <launcher> …``
    cwd : str
        Folder to work in.
    env : dict
        The environment, whole.
    sockets : str or None
        Folder for a further Unix socket.
    """
    # What is here now stays to the end: the collector need not look through it, nor copy it by looking.
    gc.freeze()
    atexit._clear()
    _be_alone()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.path[:] = _PATHS
    sys.argv = [cmd[2], *cmd[3:]]
    for hidden in ("__mp_main__", LEFT_OUT):
        sys.modules.pop(hidden, None)
    _settle_anew(env)
    if sockets:
        _listen_on_no_port(f"ipc://{sockets}/forked")
    # In a context of its own: the process may have been forked in the middle of a coroutine.
    contextvars.Context().run(_run, cmd[3:])
    atexit._run_exitfuncs()


def _run(arguments: list[str]) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    # 1 stands for a parent not to be watched, which is done already; 0 would make the kernel talk to the terminal.
    kernelapp.IPKernelApp.launch_instance(argv=arguments, parent_handle=1)
    # Left to its own exit, ipykernel may stop what prints before what still has to: each then waits for the other.
    control = kernelapp.IPKernelApp.instance().control_thread
    if control.is_alive():
        control.stop()
        control.join(1)


def _be_alone() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # The server may have been started by a run, which holds Ctrl-C back from it; a cell is to be interrupted by it.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # A notebook may start processes, which a daemonic one must not, and in the way this Python usually does.
    multiprocessing.current_process().daemon = False
    multiprocessing.set_start_method(None, force=True)
    _have_a_tracker_of_its_own()


def _have_a_tracker_of_its_own() -> None:
    """Have shared memory of this kernel, killed, go with it, and not only with whoever it was forked from."""
    tracker: Any = resource_tracker._resource_tracker
    tracker._fd = tracker._pid = None
    kernel: Any = Kernel
    children = kernel._process_children
    # It ends by itself once the kernel has. Told to end before, it does not, and ipykernel waits for it until the
    # kernel is killed, with what the notebook registered for its end left undone.
    kernel._process_children = lambda self: [child for child in children(self) if child.pid != tracker._pid]


def _settle_anew(env: dict[str, str]) -> None:
    """Undo what libraries settled for good when the server imported them."""
    numpy, matplotlib = sys.modules.get("numpy"), sys.modules.get("matplotlib")
    if numpy:
        # Python seeds its own generator anew in a forked process; numpy's would go on alike in each.
        numpy.random.seed()
    if matplotlib:
        matplotlib.rcParams["backend"] = env.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"


def _listen_on_no_port(address: str) -> None:
    """Hear what processes forked by the notebook print over a Unix socket: ipykernel opens a port for it."""

    class Quiet(IOPubThread):
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

    kernelapp.IOPubThread = Quiet
