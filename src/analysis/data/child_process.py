"""Read received files in a child process, so that a damaged or hostile file ends the child and nothing else.

A reader in C++ or Rust that runs out of memory or into a fault ends its process on the spot. The child's death becomes
a sentence, as any other fault of a file.
"""

from __future__ import annotations

import copy
import faulthandler
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from analysis.faults import BadData, EnvironmentFault
from analysis.memory import at_most_mb, held_mb, own_mb

T = TypeVar("T")

MEMORY_MB = 1_900
"""MiB the child may hold; with what it fills between two looks it stays below 2 GiB."""

_LOOK = 0.02
"""Seconds between two looks at its memory."""

_PATIENCE = 10
"""Seconds an interrupted child has to remove what it wrote to scratch."""

FORKS = hasattr(os, "fork")
"""Whether there is a child; where the system has no fork, readers run in this process."""

_is_child = False


def in_child(
    read: Callable[[Callable[[str], None]], T], what: str, report_progress: Callable[[str], None] = lambda line: None
) -> T:
    """Return what a function returns that reads received files; it runs in a child process.

    Parameters
    ----------
    read : callable
        The function; takes the function that a line of progress is given to. What it returns or raises comes through
        a pipe.
    what : str
        The file or folder that is read, as the sentences name it.
    report_progress : callable
        Called in this process with each line of progress.

    Raises
    ------
    BadData
        The child ended by a fault in a reader, or was stopped because it needed more than `MEMORY_MB`.
    EnvironmentFault
        The child was killed from outside, as when the machine runs out of memory.
    Exception
        Whatever the function raised.
    """
    if _is_child or not FORKS:
        return read(report_progress)
    receiver, sender = Pipe(duplex=False)
    # Neither process may print later what stands in a buffer now.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    parent, child = os.getpid(), os.fork()
    if child == 0:
        receiver.close()
        _serve(read, sender, parent)
    sender.close()
    step = "starting"
    try:
        while True:
            while not receiver.poll(_LOOK):
                if at_most_mb(child) > MEMORY_MB and held_mb(child) > MEMORY_MB:
                    os.kill(child, signal.SIGKILL)
                    raise _too_large(what, step)
            try:
                kind, content = receiver.recv()
            except EOFError:
                raise _fault_of(os.waitpid(child, 0)[1], what, step) from None
            if kind == "progress":
                step = content
                report_progress(content)
                continue
            os.waitpid(child, 0)
            if kind == "returned":
                return content
            if isinstance(content, MemoryError):
                raise _too_large(what, step)
            raise content
    finally:
        receiver.close()
        _end(child)


def _too_large(what: str, step: str) -> BadData:
    return BadData(
        f"{what}: stopped while {step}, because that needed more than {MEMORY_MB:,} MB; does a cell far outside the "
        "table hold something, or is it no table?"
    )


_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _serve(read: Callable[[Callable[[str], None]], Any], sender: Connection, parent: int) -> NoReturn:
    """Run the function in the child, send what it returns or raises, and end the process."""
    global _is_child
    _is_child = True
    try:
        for number in _INTERRUPTIONS:
            # One that is ignored, as after nohup, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _interrupt_once)
        _end_with(parent)
        # A fault in a reader leaves no dump of memory, which would hold the file, and prints nothing of its own.
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        # Nor does it keep open what the command prints to, should it outlive a command that was killed.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            answer: tuple[str, Any] = ("returned", read(lambda line: sender.send(("progress", line))))
        except BaseException as error:
            answer = ("raised", _sendable(error))
        _ignore_signals()
        try:
            sender.send(answer)
        except Exception as error:
            sender.send(("raised", _sendable(error)))
    finally:
        os._exit(0)


def _interrupt_once(_number: int, _frame: object) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in _INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)


def _end_with(parent: int) -> None:
    """Let the system interrupt this process when its parent ends, killed or not."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1  # prctl(2), PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
    if os.getppid() != parent:
        # It ended before it could be asked for.
        raise KeyboardInterrupt


def _sendable(error: BaseException) -> BaseException:
    """Return an error that can be sent, with the child's traceback as a note."""
    error.add_note("".join(traceback.format_exception(error)))
    # Some libraries teach pickle to take along what caused an error, which need not be picklable.
    error.__cause__ = error.__context__ = None
    error = error.with_traceback(None)
    try:
        # What cannot be copied could not be put together again on the other side.
        return copy.copy(error)
    except Exception:
        return RuntimeError("\n".join(error.__notes__))


def _fault_of(status: int, what: str, step: str) -> BadData | EnvironmentFault:
    number = -os.waitstatus_to_exitcode(status)
    if number == signal.SIGKILL:
        return EnvironmentFault(f"{what}: its reader was killed while {step}, as when the machine runs out of memory")
    if number == signal.SIGABRT:
        return _too_large(what, step)
    name = signal.strsignal(number) if number > 0 else f"exit code {-number}"
    return BadData(f"{what}: its reader failed while {step} ({name}), as on a damaged file; ask for the file again")


def _end(child: int) -> None:
    """Interrupt a child that has not ended, and wait until it has; kill it when that takes too long."""
    with suppress(ChildProcessError):
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        os.kill(child, signal.SIGTERM)
        for _ in range(int(_PATIENCE / _LOOK)):
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(_LOOK)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@contextmanager
def limited_addresses() -> Iterator[None]:
    """Limit what the child can reserve while a workbook is parsed, to what `MEMORY_MB` leaves.

    calamine reserves a whole sheet at once, up to its outermost cell. Above the limit its reservation fails before any
    of it is filled. DuckDB and Arrow reserve far more than they fill: they do not run inside. In the parent nothing is
    limited.
    """
    if not _is_child or sys.platform != "linux":
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    reserved = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limit = reserved + (MEMORY_MB - own_mb()) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
