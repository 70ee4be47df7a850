"""What can go wrong and the exit code each kind ends a command with."""

from __future__ import annotations


class Fault(Exception):
    """A failure its reader can act on: one sentence saying what, where and what was expected.

    Attributes
    ----------
    exit_code : int
        What the command line ends with when this fault reaches it.
    """

    exit_code = 1


class BadParameters(Fault):
    """A run file, plan or mapping says something that cannot be meant."""

    exit_code = 2


class BadData(Fault):
    """The data received cannot be what the mapping says, or does not reach the quarter."""

    exit_code = 3


class NotebookFailed(Fault):
    """A notebook raised, timed out or lost its kernel."""

    exit_code = 4


class GateRefused(Fault):
    """A finished page is not fit to publish."""

    exit_code = 5


class EnvironmentFault(Fault):
    """The machine cannot do it: no disk, no permission, a missing component."""

    exit_code = 6


def is_interruption(error: BaseException | None) -> bool:
    """Return whether an error is an interruption, or one that a library has made of an interruption."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
