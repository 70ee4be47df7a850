"""Progress of several runs: one bar on a terminal, one line per change of state everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import NamedTuple

import click

from analysis.commands.telling import complain, say

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
