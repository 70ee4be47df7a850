"""The reports folder: where runs lie, and how one of them becomes the published one.

``<plan>/<quarter>`` is a relative link to ``.runs/<run id>``. A run being made is called ``<run id>.part`` and one
that came to nothing ``<run id>.failed``, so that only what was published ever bears a plain run id.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.durable import flush
from analysis.faults import EnvironmentFault

_PART, _FAILED = ".part", ".failed"
_MOMENT = "[0-9]{8}T[0-9]{12}Z"

PATIENCE = 60
"""Seconds to wait for what others hold for a moment only: they may have been suspended, or lost with their machine."""


@dataclass(frozen=True)
class Shelf:
    """The place of one quarter of one plan in a reports folder."""

    reports: Path
    plan: str
    quarter: str

    @property
    def link(self) -> Path:
        """The address readers have: a link to the published run."""
        return self.reports / self.plan / self.quarter

    @property
    def runs(self) -> Path:
        """The folder of all runs of all quarters."""
        return self.reports / ".runs"

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the quarter for one run; yields False at once when another run holds it."""
        held = lock(self.reports, f"{self.plan}_{self.quarter}")
        try:
            held.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            held.release()

    def published(self) -> Path | None:
        """Return the folder of the published run, None when there is none.

        Raises
        ------
        EnvironmentFault
            Something that is not our link stands at the address.
        """
        if not self.link.is_symlink():
            if self.link.exists():
                raise EnvironmentFault(f"{self.link}: not a link of ours; move it away and run again")
            return None
        folder = self.link.resolve()
        return folder if folder.is_dir() else None

    def published_id(self) -> str | None:
        """Return the run id readers are led to, None when there is none."""
        return self.link.readlink().name if self.link.is_symlink() else None

    def left_over(self) -> list[Path]:
        """Return the folders of this quarter's runs that came to nothing, failed or killed half-way, earliest first."""
        return [folder for folder in self._folders() if folder.name.endswith((_PART, _FAILED))]

    def _folders(self) -> list[Path]:
        """Return the folders of this quarter's runs, whatever became of them, earliest first.

        Another plan's name may go on as this quarter's folders do: they are those where the moment comes next, and
        nothing else.
        """
        states = "|".join(map(re.escape, (_PART, _FAILED)))
        ours = re.compile(f"{re.escape(self.plan)}_{re.escape(self.quarter)}_{_MOMENT}({states})?")
        return sorted(folder for folder in self.runs.glob("*") if ours.fullmatch(folder.name))

    def begin(self, moment: datetime) -> Path:
        """Return a new, empty folder for a run to be made in."""
        draft = self.runs / f"{self.plan}_{self.quarter}_{moment:%Y%m%dT%H%M%S%fZ}{_PART}"
        draft.mkdir(parents=True)
        return draft

    def clear_away(self, *, keep: Collection[Path] = ()) -> None:
        """Remove what killed runs of this quarter left half made; whoever calls holds its lock, so nobody is at it.

        A notebook that outlived its run may still be writing there; it finds its folder gone.

        Parameters
        ----------
        keep : collection of Path
            What is to be resumed.
        """
        for left_behind in self._folders():
            if left_behind.name.endswith(_PART) and left_behind not in keep:
                shutil.rmtree(left_behind, ignore_errors=True)

    def publish(self, draft: Path) -> Path:
        """Make a finished run the published one, in one step that a reader never sees half of.

        Everything reaches the disk before the link does. Afterwards the run that was published before is kept, in
        case somebody is reading it, and every older one of this quarter is removed.
        """
        previous = self.published()
        for path in draft.rglob("*"):
            flush(path)
        flush(draft)
        folder = draft.rename(self.runs / draft.name.removesuffix(_PART))
        try:
            flush(self.runs)
            self.link.parent.mkdir(exist_ok=True)
            fresh = self.link.with_name(f".{self.link.name}.new")
            fresh.unlink(missing_ok=True)
            # The plan's folder may be a link to another disk, and so may the reports folder.
            fresh.symlink_to(os.path.relpath(folder.resolve(), self.link.parent.resolve()))
            fresh.replace(self.link)
        except BaseException:
            # An interruption may come a moment after the swap, and then the folder is what readers have.
            if self.published() != folder.resolve():
                folder.rename(draft)
            raise
        flush(self.link.parent)
        self._sweep(keep={folder, previous})
        return folder

    def give_up(self, draft: Path) -> None:
        """Keep a run that came to nothing under a name that says so; the last one replaces those before it."""
        if not draft.exists():
            return
        for older in self._folders():
            if older != draft and older.name.endswith((_PART, _FAILED)):
                shutil.rmtree(older, ignore_errors=True)
        with suppress(OSError):
            draft.rename(failed_name(draft))

    def _sweep(self, keep: set[Path | None]) -> None:
        kept = {path.resolve() for path in keep if path}
        for folder in self._folders():
            if folder.resolve() not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def failed_name(draft: Path) -> Path:
    """Return what the folder of a run is called once it has failed."""
    return draft.with_name(draft.name.removesuffix(_PART) + _FAILED)


def run_id(draft: Path) -> str:
    """Return the run id a folder being made stands for."""
    return draft.name.removesuffix(_PART)


def lock(reports: Path, name: str) -> FileLock:
    """Return a lock in a reports folder, not yet held; it goes with the process that holds it.

    Whoever waits for it gives up after `PATIENCE` with an OSError.
    """
    folder = reports / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock", timeout=PATIENCE)
