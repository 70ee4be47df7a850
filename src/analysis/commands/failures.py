"""The quarters that were not published: why is told, to a hook too, and decides what the command ends with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analysis.commands.telling import complain

if TYPE_CHECKING:
    from analysis.faults import Fault


class Failures:
    """Tells of each quarter that failed, and keeps the worst exit code.

    Parameters
    ----------
    hook : str, optional
        Command that is told, too; see `analysis.publish.hook`.

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
        from analysis.publish.hook import call_hook

        tell(f"{plan} {quarter}: {fault}")
        self.worst = max(self.worst, fault.exit_code)
        if self._hook:
            call_hook(self._hook, plan, quarter, fault)
