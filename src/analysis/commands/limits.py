"""The options that say how much of the machine a run's notebooks may take."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from analysis.publish.limits import CELL_TIMEOUT, KERNEL_MEMORY, Limits

_AT_LEAST_ONE = click.IntRange(min=1)


def limited(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command with these options, which gets what they say as ``limits``."""

    @click.option("--workers", type=_AT_LEAST_ONE, help="Notebooks executed at once; as many as cores by default.")
    @click.option(
        "--execution-timeout",
        type=_AT_LEAST_ONE,
        default=CELL_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="Stop a cell that takes longer.",
    )
    @click.option(
        "--memory-limit",
        type=_AT_LEAST_ONE,
        metavar="MIB",
        help=f"Stop a kernel that holds more; {KERNEL_MEMORY} by default, or its share of a machine that has less.",
    )
    @wraps(command)
    def with_limits(
        *arguments: Any, workers: int | None, execution_timeout: int, memory_limit: int | None, **options: Any
    ) -> Any:
        return command(*arguments, limits=Limits(workers, execution_timeout, memory_limit), **options)

    return with_limits


def as_options(limits: Limits) -> list[str]:
    """Return what to write on a command line to have these limits; nothing for those that are so by default."""
    said = {"--workers": limits.workers, "--memory-limit": limits.memory_mb}
    if limits.execution_timeout != CELL_TIMEOUT:
        said["--execution-timeout"] = limits.execution_timeout
    return [word for option, value in said.items() if value for word in (option, str(value))]
