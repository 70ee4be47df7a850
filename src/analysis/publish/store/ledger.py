"""The ledger: every probability ever released, one line each, added and never changed.

A release and its lines belong together: the manifest of a release holds them, so that what a kill or a failing disk
left out of the ledger is entered later, without computing anything.
"""

from __future__ import annotations

import csv
import hashlib
import heapq
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import pandas as pd
from filelock import FileLock

from analysis.durable import rewrite
from analysis.faults import BadParameters, EnvironmentFault
from analysis.parameters import RunParameters
from analysis.publish.store import manifest
from analysis.publish.store.releases import LOCK_TIMEOUT, ReleaseStore
from analysis.report.published_probabilities import COLUMNS, read_ledger

Lines: TypeAlias = list[list[str]]
"""Lines of the ledger: cells in the order of `COLUMNS`."""


def lines_of(run: RunParameters, key: str, promises: pd.DataFrame, moment: datetime) -> Lines:
    """Return the lines of a release.

    Parameters
    ----------
    run : RunParameters
        The run released.
    key : str
        Fingerprint of its results.
    promises : pd.DataFrame
        Its table of promises, see `attainment.verdict.COLUMNS`.
    moment : datetime
        When the run was begun, UTC: a release is dated by it.
    """
    release = [moment.isoformat(timespec="seconds"), key, run.quarter, run.as_of.isoformat(), run.status]
    rows = promises[COLUMNS[5:]].itertuples(index=False)
    return [[*release, *("" if pd.isna(value) else str(value) for value in row)] for row in rows]


def lines_of_release(folder: Path) -> Lines:
    """Return the lines of a release as its manifest holds them, or, where that is older, as its tables have them.

    Parameters
    ----------
    folder : Path
        The folder of the run.

    Returns
    -------
    list of list of str
        Nothing where the folder is no release.
    """
    made = manifest.read(folder)
    if made is None or made.ledger:
        return [list(line) for line in made.ledger] if made else []
    try:
        # A table that was saved in another way, or is older than a column, has no lines.
        table = pd.read_csv(folder / "attainment.csv", dtype=str, keep_default_na=False, usecols=COLUMNS[5:])
    except (OSError, ValueError):
        return []
    release = [made.made_at.isoformat(timespec="seconds"), made.recipe.results_key]
    release += [str(made.parameters[name]) for name in ("quarter", "as_of", "status")]
    return [[*release, *row] for row in table[COLUMNS[5:]].to_numpy().tolist()]


def enter_probabilities(ledger: Path, plan: str, lines: Lines) -> bool:
    """Add the lines of a release that has just been made to the ledger of its plan, unless it has them already.

    Either all lines are added or none, whatever fails on the way.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    plan : str
        Name of the plan.
    lines : list of list of str
        See `lines_of`.

    Returns
    -------
    bool
        Whether they were added.

    Raises
    ------
    BadData
        The plan's file is not, or no longer, a ledger.
    OSError
        The file could not be written; it is as it was.
    """
    return bool(_put(ledger, plan, [lines]))


def complete(ledger: Path, store: ReleaseStore) -> int:
    """Add what the ledger lacks of the releases of a quarter that are kept, and return how many lines these were.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    store : ReleaseStore
        The quarter; the caller holds its lock.

    Raises
    ------
    BadData, OSError
        As for `enter_probabilities`.
    """
    return _put(ledger, store.plan, [lines_of_release(folder) for folder in store.releases()])


def lacks(ledger: Path, store: ReleaseStore) -> bool:
    """Return whether the ledger lacks lines of the released run of a quarter.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    store : ReleaseStore
        The quarter.

    Raises
    ------
    BadData
        The plan's file is not, or no longer, a ledger.
    EnvironmentFault
        It cannot be read.
    """
    with _naming_the_place(ledger):
        folders = store.releases()
        rows = read_ledger(ledger_file(ledger, store.plan)) if folders else None
        return rows is not None and not is_entered(rows, lines_of_release(folders[-1]))


def complete_if_free(ledger: Path, store: ReleaseStore) -> int:
    """Add what the ledger lacks of a quarter, as `complete` does, unless another run holds the quarter.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    store : ReleaseStore
        The quarter.

    Raises
    ------
    BadData
        The plan's file is not, or no longer, a ledger.
    EnvironmentFault
        The file could not be written; it is as it was.
    """
    with _naming_the_place(ledger), store.try_lock() as acquired:
        return complete(ledger, store) if acquired else 0


def merge(ledger: Path, other: Path) -> int:
    """Add the lines of another machine's ledger of the same plan, each where its time belongs; return how many.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    other : Path
        The other ledger's file, named after the plan.

    Raises
    ------
    BadParameters
        There is no other file.
    BadData
        Either file is no ledger.
    OSError
        The file could not be written; it is as it was.
    """
    if not other.is_file():
        raise BadParameters(f"{other}: there is no such file, the ledger of another machine was expected")
    theirs = dict.fromkeys(map(tuple, read_ledger(other).to_numpy().tolist()))
    file = ledger_file(ledger, other.stem)
    with _locked(ledger, other.stem):
        ours = read_ledger(file).to_numpy().tolist()
        known = {tuple(line) for line in ours}
        # The last column of a line that was cut is empty.
        new = [list(line) for line in theirs if line[-1] and line not in known]
        if new:
            # The order of either stays, by which the last line of a quarter counts: a clock may have been set back.
            _write(file, list(heapq.merge(ours, new, key=lambda line: line[0])))
    return len(new)


def is_entered(rows: pd.DataFrame, lines: Lines, *, counts: bool = True) -> bool:
    """Return whether a ledger has the lines of a release, or those of an earlier one that said the same.

    What is released again unchanged is entered once. Of the release that counts these must be the quarter's last lines.

    Parameters
    ----------
    rows : pd.DataFrame
        See `report.published_probabilities.read_ledger`.
    lines : list of list of str
        The lines.
    counts : bool
        Whether it is the release that counts, the quarter's last.
    """
    if not lines:
        return True
    there = rows[rows["quarter"] == lines[0][2]].to_numpy().tolist()
    if all(line in there for line in lines):
        return True
    same, said = _without_time(lines), _without_time(there)
    return said[-len(same) :] == same if counts else all(line in said for line in same)


def ledger_file(ledger: Path, plan: str) -> Path:
    """Return the file of a plan's ledger: the file itself, where its name is a link to another disk.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    plan : str
        Name of the plan.
    """
    # Unlike Path.resolve, this takes a link that leads to itself for a file that is not there.
    return Path(os.path.realpath(ledger / f"{plan}.csv"))


def sha256_of(lines: Iterable[Sequence[str]]) -> str:
    """Return the sha256 of some lines."""
    return hashlib.sha256(_csv(lines).encode()).hexdigest()


def _put(ledger: Path, plan: str, releases: list[Lines]) -> int:
    """Add the lines of releases of one quarter, earliest first, that the ledger lacks; return how many were added.

    The last release is the one that counts, so its lines come last of the quarter, and earlier ones before them.
    """
    *earlier, last = [lines for lines in releases if lines] or [[]]
    if not last:
        return 0
    with _locked(ledger, plan):
        file = ledger_file(ledger, plan)
        rows = read_ledger(file)
        lacking = [line for lines in earlier if not is_entered(rows, lines, counts=False) for line in lines]
        # Where both are lacking, a release that says the same as the one before is entered with it.
        again = _without_time(lacking)[-len(last) :] == _without_time(last)
        stands = is_entered(rows, last)
        closing = [] if stands or again else last
        if not (lacking or closing):
            return 0
        lines = rows.to_numpy().tolist()
        of_last = [at for at, line in enumerate(lines) if line[1:] == last[0][1:]]
        place = of_last[-1] if of_last and stands else len(lines)
        _write(file, [*lines[:place], *lacking, *lines[place:], *closing])
    return len(lacking) + len(closing)


@contextmanager
def _naming_the_place(ledger: Path) -> Iterator[None]:
    """Raise an EnvironmentFault that names file and reason in place of an error of the system."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or ledger}: {error.strerror or error}") from error


def _locked(ledger: Path, plan: str) -> FileLock:
    ledger.mkdir(parents=True, exist_ok=True)
    return FileLock(ledger / f".{plan}.lock", timeout=LOCK_TIMEOUT)


def _write(file: Path, lines: Lines) -> None:
    # What a power failure had cut short stays a line of its own, with the rest of its cells empty.
    rewrite(file, _csv([COLUMNS, *lines]))


def _without_time(lines: Lines) -> Lines:
    return [line[1:] for line in lines]


def _csv(lines: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
