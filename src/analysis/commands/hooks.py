"""The commands that an office has called when something happens to a quarter: its hooks."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.faults import Fault

if TYPE_CHECKING:
    from analysis.parameters import RunParameters

_TIMEOUT = 60
"""Seconds a hook may take; a mail server that does not answer must not hold up the other quarters."""

_LONGEST_VARIABLE = 20_000
"""Letters; of a longer reason the rest stands on standard input only, because no system starts a program with it."""


@dataclass(frozen=True)
class Hooks:
    """What is called when; None where nothing is.

    Attributes
    ----------
    on_failure : str or None
        The command for each quarter that fails.
    on_published : str or None
        The command for each quarter that is published.
    on_changed_verdict : str or None
        The command for each promise whose verdict is another than was published last.
    """

    on_failure: str | None = None
    on_published: str | None = None
    on_changed_verdict: str | None = None

    def options(self) -> list[str]:
        """Return the options of a command line that give these hooks."""
        return [
            word for name, command in vars(self).items() if command for word in (f"--{name.replace('_', '-')}", command)
        ]

    def failed(self, plan: str, quarter: str, fault: Fault) -> None:
        """Call what is to be called for a quarter that failed.

        Parameters
        ----------
        plan, quarter : str
            The plan's name and the quarter, ``2021-Q3``.
        fault : Fault
            Why it failed: ``DUNGHEN_REASON``, whole on standard input, and ``DUNGHEN_CODE``.
        """
        if self.on_failure:
            variables = {"PLAN": plan, "QUARTER": quarter, "CODE": str(fault.exit_code), "REASON": str(fault)}
            call_hook("--on-failure", self.on_failure, variables, str(fault))

    def published(self, run: RunParameters, page: Path, *, ledger: Path, reports: Path) -> None:
        """Call what is to be called for a quarter that was published, and for each verdict that this changed.

        Parameters
        ----------
        run : RunParameters
            The run.
        page : Path
            Its first page: ``DUNGHEN_PATH``.
        ledger, reports : Path
            Folder of the ledger, which has what was published before; the reports folder.
        """
        about = {"PLAN": run.plan_name, "QUARTER": run.quarter, "PATH": str(page)}
        if self.on_published:
            call_hook("--on-published", self.on_published, about, f"{run.plan_name} {run.quarter}: published: {page}")
        if self.on_changed_verdict:
            try:
                self._changed(self.on_changed_verdict, run, about, ledger, reports)
            except (Fault, OSError) as error:
                sys.stderr.write(f"what --on-changed-verdict is called for could not be read: {error}\n")

    def _changed(self, command: str, run: RunParameters, about: Mapping[str, str], ledger: Path, reports: Path) -> None:
        from analysis.parameters import resolve
        from analysis.plan.plan import read_plan
        from analysis.publish.store.changed_verdicts import changed_verdicts
        from analysis.report.wording import Wording

        plan, words = read_plan(resolve(run.plan_file)).answered(run.answers), Wording(run.language)
        titles = {target.id: words.of(target.title) for target in plan.promises}
        for promise, before, after in changed_verdicts(ledger, reports, run, plan):
            variables = {**about, "PROMISE": promise, "BEFORE": before, "AFTER": after}
            change = f"{words.verdict(before)} → {words.verdict(after)}"
            call_hook("--on-changed-verdict", command, variables, f"{titles[promise]}: {change}\n{about['PATH']}")


def with_hook_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command with the options that name hooks; it gets them as ``hooks``."""

    @click.option(
        "--on-failure",
        metavar="COMMAND",
        help="Run this, not through a shell, for each quarter that fails, in `due` also one that cannot begin; it gets "
        "the reason as DUNGHEN_REASON and on its standard input, DUNGHEN_PLAN, DUNGHEN_QUARTER and DUNGHEN_CODE, and a "
        "minute.",
    )
    @click.option(
        "--on-published",
        metavar="COMMAND",
        help="In the same way, for each quarter that is published: DUNGHEN_PLAN, DUNGHEN_QUARTER, and the path of its "
        "page as DUNGHEN_PATH.",
    )
    @click.option(
        "--on-changed-verdict",
        metavar="COMMAND",
        help="In the same way, for each promise whose verdict is another than was published last: besides these "
        "DUNGHEN_PROMISE, DUNGHEN_BEFORE and DUNGHEN_AFTER.",
    )
    @wraps(command)
    def with_hooks(
        *arguments: Any,
        on_failure: str | None,
        on_published: str | None,
        on_changed_verdict: str | None,
        **options: Any,
    ) -> Any:
        return command(*arguments, hooks=Hooks(on_failure, on_published, on_changed_verdict), **options)

    return with_hooks


def call_hook(option: str, command: str, variables: Mapping[str, str], text: str) -> None:
    """Run a command for something that happened; if the command itself fails, that is reported and the run goes on.

    Parameters
    ----------
    option : str
        The option that named the command.
    command : str
        Written as in a shell, but none is started: nothing in a variable can be taken for a command.
    variables : mapping
        What it gets in its environment: name, without ``DUNGHEN_``, → value.
    text : str
        What it gets on its standard input.
    """
    given = {f"DUNGHEN_{name}": value.replace("\0", "")[:_LONGEST_VARIABLE] for name, value in variables.items()}
    try:
        subprocess.run(
            shlex.split(command), input=f"{text}\n", text=True, env=os.environ | given, timeout=_TIMEOUT, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"the command of {option} failed: {error}\n")
