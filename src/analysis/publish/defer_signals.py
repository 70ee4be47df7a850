"""Defer requests to end, of whatever kind, while a step is at work that must not be left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

REQUESTS_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a run to end: Ctrl-C, a scheduler, and a terminal that is closed."""


@contextmanager
def defer_signals() -> Iterator[None]:
    """Defer `REQUESTS_TO_END` until the block has ended; the first one received is then acted on.

    Python handles signals in its main thread only, so in any other thread there is nothing to defer. The signals are
    not blocked: the system would deliver them to another thread, of some library, and the main thread would handle
    them all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = {signum: signal.getsignal(signum) for signum in REQUESTS_TO_END}
    # A signal that is ignored, as after nohup, stays ignored.
    deferred = {signum: handler for signum, handler in handlers.items() if callable(handler)}
    for signum in deferred:
        signal.signal(signum, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for signum, handler in deferred.items():
            signal.signal(signum, handler)
        if received:
            signal.raise_signal(received[0])
