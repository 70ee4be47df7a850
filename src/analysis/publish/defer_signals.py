"""What must not be left half-way by Ctrl-C, or by a scheduler that stops the job."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let requests to end wait until what is within is done; the first of them is then carried out.

    Only the main thread hears them, so anywhere else there is nothing to wait. Not by blocking the signals: some
    other thread of a library would be given them, and the main thread told all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    handlers = {request: signal.getsignal(request) for request in (signal.SIGINT, signal.SIGTERM)}
    # One that is ignored, as after nohup, stays so.
    heeded = {request: handler for request, handler in handlers.items() if callable(handler)}
    for request in heeded:
        signal.signal(request, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        for request, handler in heeded.items():
            signal.signal(request, handler)
        if heard:
            signal.raise_signal(heard[0])
