"""How a command talks and ends: lines of progress, faults with their exit code, interruptions with 130."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import click

from analysis.commands.hooks import Hooks
from analysis.faults import EnvironmentFault, Fault, is_interruption

_DOUBLE_PRESS = 2.0
"""Seconds within which a second Ctrl-C counts as part of the first one."""

_DEFAULT_HANDLERS: dict[signal.Signals, Callable[[int, FrameType | None], Any] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""The handlers that Python installs by itself."""


class InterruptibleGroup(click.Group):
    """Commands that end with 130 when asked to, from their first option on: Ctrl-C, SIGTERM, a closed terminal."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **kwargs: Any) -> Any:
        """Run the command line; where that ends the process, ignore signals at the end.

        Parameters
        ----------
        args : sequence of str, optional
            The command line; that of the process by default.
        *rest, **kwargs
            Passed on to click.
        """
        try:
            return super().main(args, *rest, **kwargs)
        finally:
            if args is None:
                # A further signal could only add a traceback while Python is shutting down.
                for number in _DEFAULT_HANDLERS:
                    _ignore(number)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Return the parsed command line; from here on the command can be interrupted.

        Parameters
        ----------
        *args, **kwargs
            Passed on to click.
        """
        with _interruptible():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        """Return what the command returns.

        An interruption ends it with 130, whatever exception it was turned into; a fault that no command has taken, as
        when there is no project folder, with its sentence and exit code.
        """
        with _interruptible():
            try:
                return super().invoke(ctx)
            except Fault as fault:
                write_error(str(fault))
                raise SystemExit(fault.exit_code) from fault


def _ignore(number: signal.Signals) -> None:
    """Ignore a signal from here on, also one that arrives while it is being told to."""
    while signal.getsignal(number) is not signal.SIG_IGN:
        with suppress(KeyboardInterrupt):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def _interruptible() -> Iterator[None]:
    interrupted_at = float("-inf")

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted_at
        before, interrupted_at = interrupted_at, time.monotonic()
        # Whoever presses twice means it once: the second signal must not break off the tidying up after the first.
        if interrupted_at - before > _DOUBLE_PRESS:
            raise KeyboardInterrupt

    # Signals that are ignored, as after nohup, stay ignored.
    handled = [number for number, handler in _DEFAULT_HANDLERS.items() if signal.getsignal(number) is handler]
    for number in handled:
        signal.signal(number, interrupt)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        # A library that is being imported may turn the interruption into an error of its own, as pydantic does.
        if interrupted_at < 0 and not isinstance(error, KeyboardInterrupt):
            raise
        write_error("interrupted")
        raise SystemExit(130) from None
    finally:
        if interrupted_at < 0:
            for number in handled:
                signal.signal(number, _DEFAULT_HANDLERS[number])


@contextmanager
def exit_on_fault(out: Path) -> Iterator[None]:
    """End the command with a fault's sentence and exit code; an error of the disk names the file, or `out` if unknown.

    Parameters
    ----------
    out : Path
        The folder or file that the command works on.

    Raises
    ------
    SystemExit
        A `Fault` or an `OSError` was raised inside.
    """
    try:
        yield
    except Fault as fault:
        write_error(str(fault))
        raise SystemExit(fault.exit_code) from fault
    except OSError as error:
        write_error(f"{error.filename or out}: {error.strerror or error}")
        raise SystemExit(EnvironmentFault.exit_code) from error


def write_line(line: str, *, err: bool = False) -> None:
    """Print a line; where it cannot be written, as on a full disk or a closed pipe, the command goes on without it.

    Nothing is lost by that: the log in the reports folder has every line about a run.

    Parameters
    ----------
    line : str
        The line, without its end.
    err : bool
        Whether it goes to the error stream instead of standard output.
    """
    try:
        click.echo(line, err=err)
    except OSError:
        # Python would try to write the rest of the buffer again when it ends, and fail.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2 if err else 1)
        os.close(nowhere)


def write_error(sentence: str) -> None:
    """Print on the error stream what went wrong."""
    write_line(sentence, err=True)


def report_progress(line: str) -> None:
    """Print on the error stream what a long computation is doing."""
    write_error(f"{line} …")


_STEPS = 11
"""Lines of progress of one run: the results, its eight notebooks, the swap, the end."""

_LABEL_WIDTH = 60
"""Characters of a line of progress that stand beside the bar."""

_ENDINGS = ("published", "nothing to do, already published", "another run holds this quarter; nothing was done")
"""Lines that are printed once the bar is gone."""


class ProgressLines(NamedTuple):
    """The two functions that a command gives its lines to.

    Attributes
    ----------
    progress : callable
        Takes a line about how far a run is: ``"<plan> <quarter>: <state>"``.
    error : callable
        Takes a sentence about what went wrong.
    """

    progress: Callable[[str], None]
    error: Callable[[str], None]


@contextmanager
def progress(runs: int) -> Iterator[ProgressLines]:
    """Yield where lines go: on a terminal they move a bar and the last ones are printed below it; else all are printed.

    Parameters
    ----------
    runs : int
        Number of runs that the bar stands for.
    """
    # There is no standard output where the caller has closed it.
    if not (sys.stdout and sys.stdout.isatty()):
        yield ProgressLines(write_line, write_error)
        return
    print_later: list[Callable[[], None]] = []
    try:
        with click.progressbar(length=runs * _STEPS, width=24, show_eta=False) as bar:

            def move_bar(line: str) -> None:
                bar.label = line[:_LABEL_WIDTH].ljust(_LABEL_WIDTH)
                # The terminal may be gone.
                with suppress(OSError):
                    bar.update(1)
                if line.split(": ")[1] in _ENDINGS:
                    print_later.append(partial(write_line, line))

            yield ProgressLines(move_bar, lambda line: print_later.append(partial(write_error, line)))
    finally:
        # Also after an interruption: what was published by then is published.
        for write in print_later:
            write()


class Failures:
    """Reports each quarter that failed, and remembers the highest exit code.

    Parameters
    ----------
    hooks : Hooks
        What is called for each of them, too.

    Attributes
    ----------
    exit_code : int
        The exit code to end with: the highest of all faults reported so far, 0 while there is none.
    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self.exit_code = 0

    def add(self, plan: str, quarter: str, fault: Fault, report_error: Callable[[str], None] = write_error) -> None:
        """Report why a quarter of a plan was not published.

        Parameters
        ----------
        plan, quarter : str
            The plan's name and the quarter, ``2021-Q3``.
        fault : Fault
            Why.
        report_error : callable
            Takes the sentence.
        """
        report_error(f"{plan} {quarter}: {fault}")
        self.exit_code = max(self.exit_code, fault.exit_code)
        self._hooks.failed(plan, quarter, fault)

    @contextmanager
    def reading(self, plan: str, quarter: str) -> Iterator[None]:
        """Report what goes wrong where a quarter is read, and go on; a mistake of the suite with where it was made.

        Parameters
        ----------
        plan, quarter : str
            The plan's name and the quarter, or what its file is called.
        """
        try:
            yield
        except Fault as fault:
            self.add(plan, quarter, fault)
        except Exception as error:
            if is_interruption(error):
                raise
            write_error("".join(traceback.format_exception(error)).rstrip())
            self.add(plan, quarter, Fault(f"{type(error).__name__}: {' '.join(str(error).split())}"))
