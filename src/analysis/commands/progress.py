"""Progress of several runs: one bar on a terminal, one line per change of state everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_STEPS = 11
"""Changes of state of a run: the results, its eight notebooks, the swap, the end."""

_WIDTH = 60
_ENDINGS = ("published", "nothing to do, already published", "another run holds this quarter; nothing was done")
"""What stays on the screen once the bar is gone."""


@contextmanager
def progress(runs: int) -> Iterator[Callable[[str], None]]:
    """Yield a teller of lines: on a terminal each moves a bar and stands beside it, else each is printed.

    Parameters
    ----------
    runs : int
        How many there are.
    """
    if not sys.stdout.isatty():
        yield click.echo
        return
    ended: list[str] = []
    with click.progressbar(length=runs * _STEPS, width=24, show_eta=False) as bar:

        def tell(line: str) -> None:
            bar.label = line[:_WIDTH].ljust(_WIDTH)
            bar.update(1)
            if line.split(": ")[1] in _ENDINGS:
                ended.append(line)

        yield tell
    for line in ended:
        click.echo(line)
