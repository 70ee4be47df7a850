"""How a command ends: faults by their sentence and code, interruptions by 130, progress on the error stream."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click


class Interruptible(click.Group):
    """Commands that end with 130 on Ctrl-C from their first import on, where click ends with 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Return what the command does; an interruption ends it with its own code, whoever raised what."""
        interrupted = False

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            nonlocal interrupted
            interrupted = True
            raise KeyboardInterrupt

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as after nohup
            signal.signal(signal.SIGINT, interrupt)
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            # A library that is being imported may turn the interruption into an error of its own, as pydantic does.
            if not interrupted and not isinstance(error, KeyboardInterrupt):
                raise
            click.echo("interrupted", err=True)
            raise SystemExit(130) from None


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


def tell_progress(line: str) -> None:
    """Say what long work is at."""
    click.echo(f"{line} …", err=True)
