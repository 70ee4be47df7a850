"""The release store: where the runs are in the reports folder, and how one of them is released.

``<plan>/<quarter>`` is a relative link to ``.runs/<run id>``. The folder of an unfinished run is called
``<run id>.part`` and that of a failed run ``<run id>.failed``, so that only a released run ever has a plain run id.
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

LOCK_TIMEOUT = 60
"""Seconds to wait for a lock that is held for a moment only: its holder may be suspended, or its machine lost."""


@dataclass(frozen=True)
class ReleaseStore:
    """The runs of one quarter of one plan in a reports folder, and the link to the released one.

    Attributes
    ----------
    reports : Path
        The reports folder.
    plan : str
        Name of the plan, such as ``"khanh-hoa-2021"``.
    quarter : str
        Name of the quarter, such as ``"2021-Q3"``.
    """

    reports: Path
    plan: str
    quarter: str

    @property
    def link(self) -> Path:
        """The path that readers open: a link to the released run."""
        return self.reports / self.plan / self.quarter

    @property
    def runs(self) -> Path:
        """The folder of all runs of all quarters."""
        return self.reports / ".runs"

    @contextmanager
    def try_lock(self) -> Iterator[bool]:
        """Hold the lock of the quarter for one run; yield False at once when another run holds it."""
        quarter_lock = lock(self.reports, f"{self.plan}_{self.quarter}")
        try:
            quarter_lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            quarter_lock.release()

    def released_folder(self) -> Path | None:
        """Return the folder of the released run, None when there is none.

        Raises
        ------
        EnvironmentFault
            Something that is not our link is in the link's place.
        """
        if not self.link.is_symlink():
            if self.link.exists():
                raise EnvironmentFault(f"{self.link}: not a link of ours; move it away and run again")
            return None
        folder = self.link.resolve()
        return folder if folder.is_dir() else None

    def released_id(self) -> str | None:
        """Return the run id that the link leads to, None when there is none."""
        return self.link.readlink().name if self.link.is_symlink() else None

    def releases(self) -> list[Path]:
        """Return the folders of this quarter's releases that are kept, earliest first; the last is the released one.

        Without one that is released, nothing is returned. A later one was never released: its run was killed between
        the renaming of its folder and the swap of the link.
        """
        released = self.released_folder()
        if released is None:
            return []
        kept = [folder for folder in self._folders() if not folder.name.endswith((_PART, _FAILED))]
        return [*(folder for folder in kept if folder.name < released.name), released]

    def create_run_folder(self, moment: datetime) -> Path:
        """Create and return an empty folder for a new run, named after the time it was begun, UTC."""
        run_folder = self.runs / f"{self.plan}_{self.quarter}_{moment:%Y%m%dT%H%M%S%fZ}{_PART}"
        run_folder.mkdir(parents=True)
        return run_folder

    def release(self, run_folder: Path) -> Path:
        """Release a finished run in one step, of which a reader never sees half; return its folder.

        Everything reaches the disk before the link does. The run released before is not removed, in case somebody is
        reading it; every older run of this quarter is.
        """
        previous = self.released_folder()
        for path in run_folder.rglob("*"):
            flush(path)
        flush(run_folder)
        folder = run_folder.rename(self.runs / run_folder.name.removesuffix(_PART))
        try:
            flush(self.runs)
            self.link.parent.mkdir(exist_ok=True)
            new_link = self.link.with_name(f".{self.link.name}.new")
            new_link.unlink(missing_ok=True)
            # The plan's folder may be a link to another disk, and so may the reports folder.
            new_link.symlink_to(os.path.relpath(folder.resolve(), self.link.parent.resolve()))
            new_link.replace(self.link)
        except BaseException:
            # An interruption may come just after the swap; the folder is then the one readers open.
            if self.released_folder() != folder.resolve():
                folder.rename(run_folder)
            raise
        flush(self.link.parent)
        self._remove_all_but({folder, previous})
        return folder

    def mark_failed(self, run_folder: Path) -> None:
        """Rename the folder of a run as failed; it replaces all earlier failed or unfinished runs of the quarter."""
        if not run_folder.exists():
            return
        for older in self._folders():
            if older != run_folder and older.name.endswith((_PART, _FAILED)):
                shutil.rmtree(older, ignore_errors=True)
        with suppress(OSError):
            run_folder.rename(failed_path(run_folder))

    def unreleased_folders(self) -> list[Path]:
        """Return the folders of this quarter's failed and unfinished runs, earliest first."""
        return [folder for folder in self._folders() if folder.name.endswith((_PART, _FAILED))]

    def remove_unfinished(self, *, keep: Collection[Path] = ()) -> None:
        """Remove the folders of this quarter's unfinished runs, which were killed: the caller holds the lock.

        A notebook that outlived its run may still be writing there; it finds its folder gone.

        Parameters
        ----------
        keep : collection of Path
            Folders of runs to be resumed, which are not removed.
        """
        for folder in self._folders():
            if folder.name.endswith(_PART) and folder not in keep:
                shutil.rmtree(folder, ignore_errors=True)

    def _folders(self) -> list[Path]:
        """Return the folders of this quarter's runs, released or not, earliest first.

        Another plan's name may begin with this plan's name and quarter; only in folders of this quarter does the
        time come next, and after it nothing but the state.
        """
        states = "|".join(map(re.escape, (_PART, _FAILED)))
        ours = re.compile(f"{re.escape(self.plan)}_{re.escape(self.quarter)}_{_MOMENT}({states})?")
        return sorted(folder for folder in self.runs.glob("*") if ours.fullmatch(folder.name))

    def _remove_all_but(self, keep: set[Path | None]) -> None:
        resolved = {path.resolve() for path in keep if path}
        for folder in self._folders():
            if folder.resolve() not in resolved:
                # Under its own name, what a kill leaves of it would be taken for a release.
                if not folder.name.endswith((_PART, _FAILED)):
                    with suppress(OSError):
                        folder = folder.rename(folder.with_name(folder.name + _PART))
                shutil.rmtree(folder, ignore_errors=True)


def failed_path(run_folder: Path) -> Path:
    """Return the path a run's folder has once the run has failed."""
    return run_folder.with_name(run_folder.name.removesuffix(_PART) + _FAILED)


def run_id(run_folder: Path) -> str:
    """Return the run id of a run's folder, unfinished or released."""
    return run_folder.name.removesuffix(_PART)


def lock(reports: Path, name: str) -> FileLock:
    """Return a lock in a reports folder, not yet acquired; the system releases it when its process ends.

    A process that waits for it raises an OSError after `LOCK_TIMEOUT`.

    Parameters
    ----------
    reports : Path
        The reports folder.
    name : str
        Name of the lock.
    """
    folder = reports / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock", timeout=LOCK_TIMEOUT)
