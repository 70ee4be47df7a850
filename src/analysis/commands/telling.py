"""How a command ends: faults by their sentence and code, interruptions by 130, progress on the error stream."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

_TWICE = 2.0
"""Seconds within which a second Ctrl-C is the first one."""

_OWN: dict[signal.Signals, Callable[[int, FrameType | None], Any] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
"""What Python does of its own."""


class Interruptible(click.Group):
    """Commands that end with 130 on Ctrl-C and on SIGTERM from their first option on, where click ends with 1."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **kwargs: Any) -> Any:
        """Do what the command line says, and end deaf to signals where that ends the process."""
        try:
            return super().main(args, *rest, **kwargs)
        finally:
            if args is None:
                # One more could only add a traceback, from the middle of Python's own end.
                for number in _OWN:
                    signal.signal(number, signal.SIG_IGN)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Return what the command line says; from here on it can be interrupted."""
        with _interruptible():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        """Return what the command does; an interruption ends it with its own code, whoever raised what."""
        with _interruptible():
            return super().invoke(ctx)


@contextmanager
def _interruptible() -> Iterator[None]:
    interrupted = float("-inf")

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        before, interrupted = interrupted, time.monotonic()
        # Who presses twice means it once: the second must not break off what tidies up after the first.
        if interrupted - before > _TWICE:
            raise KeyboardInterrupt

    # and not ignored, as after nohup
    heard = [number for number, handler in _OWN.items() if signal.getsignal(number) is handler]
    for number in heard:
        signal.signal(number, interrupt)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        # A library that is being imported may turn the interruption into an error of its own, as pydantic does.
        if interrupted < 0 and not isinstance(error, KeyboardInterrupt):
            raise
        click.echo("interrupted", err=True)
        raise SystemExit(130) from None
    finally:
        if interrupted < 0:
            for number in heard:
                signal.signal(number, _OWN[number])


@contextmanager
def faults_told(out: Path) -> Iterator[None]:
    """End the command with a fault's sentence and exit code; a full disk names the file, or the folder written into."""
    from analysis.faults import EnvironmentFault, Fault

    try:
        yield
    except Fault as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(fault.exit_code) from fault
    except OSError as error:
        click.echo(f"{error.filename or out}: {error.strerror or error}", err=True)
        raise SystemExit(EnvironmentFault.exit_code) from error


def say(line: str, *, err: bool = False) -> None:
    """Say how far something is; where nobody can hear it, as on a full disk or a closed pipe, it goes on unheard.

    The log in the reports folder has every line about a run.
    """
    try:
        click.echo(line, err=err)
    except OSError:
        # What could not be written would be tried again, and fail, when Python ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2 if err else 1)
        os.close(nowhere)


def complain(sentence: str) -> None:
    """Say what went wrong."""
    say(sentence, err=True)


def tell_progress(line: str) -> None:
    """Say what long work is at."""
    click.echo(f"{line} …", err=True)
