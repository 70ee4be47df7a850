"""A queue of notebooks in a folder on the shared disk, which the workers of a cluster execute together.

The process that carries out a run makes the queue and takes from it like any other; what others execute, it moves into
the folder of the run. Nobody else writes there, so that a process that is slow or cut off can spoil no report.

In the folder is one file per notebook, ``<position>-<stem>.asked``. Whoever executes the notebook holds the lock on
that file, which the system releases when the process ends: the notebook of a lost worker is free again. Then
``<stem>.ended`` says how it ended, as JSON. The lock on the file ``open`` is held as long as somebody waits.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from analysis.faults import EnvironmentFault
from analysis.parameters import RunParameters
from analysis.publish.limits import Limits
from analysis.publish.notebook_outcome import NotebookOutcome
from analysis.publish.notebooks import execute_all
from analysis.publish.report_notebook import ReportNotebook
from analysis.publish.store.releases import run_id

_POLL_INTERVAL = 0.1
"""Seconds between two looks at what others have executed, when nothing is left to take."""


@dataclass(frozen=True)
class NotebookQueue:
    """Notebooks to be executed for one run, in a folder that several processes see.

    Attributes
    ----------
    folder : Path
        Folder of the queue.
    sources : Path
        Folder of the report notebooks, on this machine.
    """

    folder: Path
    sources: Path

    def add(self, notebooks: Sequence[ReportNotebook]) -> None:
        """Ask for notebooks, to be taken in this order."""
        for position, notebook in enumerate(notebooks):
            asked = {"source": notebook.source.name, "body": notebook.body}
            (self.folder / f"{position:04}-{notebook.stem}.asked").write_text(json.dumps(asked), encoding="utf-8")

    @contextmanager
    def hold_open(self) -> Iterator[None]:
        """Show, as long as it lasts, that somebody waits for the notebooks."""
        file = self.folder / "open"
        file.touch()
        with _try_lock(file):
            yield

    def is_open(self) -> bool:
        """Return whether somebody still waits for the notebooks."""
        try:
            with _try_lock(self.folder / "open") as is_free:
                return not is_free
        except FileNotFoundError:
            return False

    def unfinished(self) -> list[str]:
        """Return the names of the files that ask for a notebook without an outcome, in the order to take them."""
        asked = sorted(path.name for path in self.folder.glob("*.asked"))
        return [name for name in asked if not self._outcome_path(name).exists()]

    def execute_next(self, run: RunParameters, limits: Limits, *, keep_interrupted: bool) -> bool:
        """Execute the next notebook that nobody else is executing, and return whether there was one.

        Parameters
        ----------
        run, limits
            See `analysis.publish.notebooks.execute_all`.
        keep_interrupted : bool
            Whether a notebook whose process was ended from outside has ended so; otherwise it is left to others.
        """
        for name in self.unfinished():
            with _try_lock(self.folder / name) as is_ours:
                # Whoever held the lock until now may have ended it.
                if not is_ours or self._outcome_path(name).exists():
                    continue
                asked = json.loads((self.folder / name).read_text(encoding="utf-8"))
                # A folder of its own: a process that was taken for lost may still be writing the same notebook.
                into = self.folder / uuid.uuid4().hex
                into.mkdir()
                notebook = ReportNotebook(self.sources / asked["source"], asked["body"])
                (outcome,) = execute_all([notebook], run, into, limits)
                if outcome.status == "interrupted" and not keep_interrupted:
                    return False
                self._write(name, outcome)
                return True
        return False

    def _write(self, name: str, outcome: NotebookOutcome) -> None:
        path = self._outcome_path(name)
        text = json.dumps({**asdict(outcome), "path": str(outcome.path.relative_to(self.folder))})
        part = outcome.path.parent / path.name
        part.write_text(text, encoding="utf-8")
        part.replace(path)

    def _outcome_path(self, name: str) -> Path:
        return self.folder / f"{name.removesuffix('.asked').partition('-')[2]}.ended"

    def fetch(self, stem: str, into: Path) -> NotebookOutcome | None:
        """Move a notebook into a folder and return its outcome; None as long as it has none.

        Parameters
        ----------
        stem : str
            Its name, without suffix.
        into : Path
            Folder of the run.
        """
        ended = self.folder / f"{stem}.ended"
        if not ended.exists():
            return None
        said = json.loads(ended.read_text(encoding="utf-8"))
        outcome = NotebookOutcome(**{**said, "path": self.folder / said["path"]})
        for file in (outcome.path, outcome.path.with_suffix(".log")):
            # One whose kernel did not start was not written; only one that failed has a log.
            with suppress(FileNotFoundError):
                shutil.move(file, into / file.name)
        return replace(outcome, path=into / outcome.path.name)


def execute_shared(
    notebooks: Sequence[ReportNotebook],
    run: RunParameters,
    into: Path,
    limits: Limits,
    *,
    beside: Path,
    offer: Callable[[Path], None],
) -> Generator[NotebookOutcome]:
    """Yield the outcome of each notebook as it finishes, as `execute_all` does; others may help with editions.

    A run without editions is executed by this process alone: its few notebooks are done before a helper has started.

    Parameters
    ----------
    notebooks, run, into, limits
        See `analysis.publish.notebooks.execute_all`.
    beside : Path
        Folder on the shared disk that the queue is made in.
    offer : callable
        Called with the folder of the queue once others may help with it.

    Raises
    ------
    EnvironmentFault
        From `execute_all`.
    """
    if all(notebook.body is None for notebook in notebooks):
        yield from execute_all(notebooks, run, into, limits)
        return
    queue = NotebookQueue(beside / run_id(into), notebooks[0].source.parent)
    queue.folder.mkdir()
    try:
        queue.add(notebooks)
        with queue.hold_open():
            offer(queue.folder)
            remaining = [notebook.stem for notebook in notebooks]
            while remaining:
                if not queue.execute_next(run, limits, keep_interrupted=True):
                    time.sleep(_POLL_INTERVAL)
                for stem in list(remaining):
                    # Once only: a process that was taken for lost may still end the same notebook.
                    if outcome := queue.fetch(stem, into):
                        remaining.remove(stem)
                        yield outcome
    finally:
        shutil.rmtree(queue.folder, ignore_errors=True)


def help_with(queue: NotebookQueue, run: RunParameters, limits: Limits) -> None:
    """Execute notebooks of another process's run until none is left to take, or nobody waits for them any more.

    Parameters
    ----------
    queue : NotebookQueue
        The queue of the run.
    run, limits
        See `analysis.publish.notebooks.execute_all`.

    Raises
    ------
    EnvironmentFault
        A notebook could not even be started or saved on this machine.
    """
    try:
        while queue.is_open() and queue.execute_next(run, limits, keep_interrupted=False):
            pass
    except (OSError, EnvironmentFault, KeyboardInterrupt):
        # A queue that was closed meanwhile is no fault: the run has ended, was called off, or was lost with its worker.
        if queue.is_open():
            raise


@contextmanager
def _try_lock(file: Path) -> Iterator[bool]:
    """Hold the lock on a file; yield False when another process holds it. A file that is gone is not made again."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
