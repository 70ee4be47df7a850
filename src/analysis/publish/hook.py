"""The failure hook: any command, told why a quarter was not published."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from analysis.faults import Fault

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
