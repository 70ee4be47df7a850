"""How a command ends: faults by their sentence and code, interruptions by 130, progress on the error stream."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from analysis.faults import Fault

if TYPE_CHECKING:
    from analysis.faults import Fault

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


_STEPS = 11
"""Changes of state of a run: the results, its eight notebooks, the swap, the end."""

_WIDTH = 60
_ENDINGS = ("published", "nothing to do, already published", "another run holds this quarter; nothing was done")
"""What stays on the screen once the bar is gone."""


class Told(NamedTuple):
    """Where lines go.

    Attributes
    ----------
    tell, complain : callable
        Of a line about how far a run is; of a sentence about what went wrong.
    """

    tell: Callable[[str], None]
    complain: Callable[[str], None]


@contextmanager
def progress(runs: int) -> Iterator[Told]:
    """Yield where lines go: on a terminal they move a bar, and what stays is printed behind it; else each is printed.

    Parameters
    ----------
    runs : int
        How many there are.
    """
    # none at all where the caller has closed it
    if not (sys.stdout and sys.stdout.isatty()):
        yield Told(say, complain)
        return
    later: list[Callable[[], None]] = []
    try:
        with click.progressbar(length=runs * _STEPS, width=24, show_eta=False) as bar:

            def tell(line: str) -> None:
                bar.label = line[:_WIDTH].ljust(_WIDTH)
                # the terminal may be gone
                with suppress(OSError):
                    bar.update(1)
                if line.split(": ")[1] in _ENDINGS:
                    later.append(partial(say, line))

            yield Told(tell, lambda line: later.append(partial(complain, line)))
    finally:
        # also of a run that was interrupted: what was published by then is published
        for say_it in later:
            say_it()


_PATIENCE = 60
"""Seconds a hook may take; a mail server that does not answer must not hold up the other quarters."""


def call_hook(command: str, plan: str, quarter: str, fault: Fault) -> None:
    """Run a command for a quarter that failed; whatever becomes of it, the run goes on.

    Parameters
    ----------
    command : str
        As in a shell, but none is started: nothing in a reason can be taken for a command. It gets ``DUNGHEN_PLAN``,
        ``DUNGHEN_QUARTER``, ``DUNGHEN_CODE`` and ``DUNGHEN_REASON``, and the reason on its standard input.
    plan, quarter : str
        Which one failed.
    fault : Fault
        Why.
    """
    told = {
        "DUNGHEN_PLAN": plan,
        "DUNGHEN_QUARTER": quarter,
        "DUNGHEN_CODE": str(fault.exit_code),
        "DUNGHEN_REASON": str(fault).replace("\0", ""),
    }
    try:
        subprocess.run(
            shlex.split(command), input=f"{fault}\n", text=True, env=os.environ | told, timeout=_PATIENCE, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"the failure hook failed: {error}\n")


class Failures:
    """Tells of each quarter that failed, and keeps the worst exit code.

    Parameters
    ----------
    hook : str, optional
        Command that is told, too; see `analysis.commands.console`.

    Attributes
    ----------
    worst : int
        The exit code to end with: the highest of all told so far, 0 while there is none.
    """

    def __init__(self, hook: str | None) -> None:
        self._hook = hook
        self.worst = 0

    def add(self, plan: str, quarter: str, fault: Fault, tell: Callable[[str], None] = complain) -> None:
        """Tell why a quarter of a plan was not published."""
        pass

        tell(f"{plan} {quarter}: {fault}")
        self.worst = max(self.worst, fault.exit_code)
        if self._hook:
            call_hook(self._hook, plan, quarter, fault)
