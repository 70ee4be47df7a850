"""Received files brought together in a folder of our own tables, with the books on every row beside them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from analysis.data.ingest.books import Book, read_books, write_books
from analysis.data.ingest.listing import FLAGGED, REJECTED, as_list
from analysis.data.ingest.table import Intake, TooManyRejects, ingest
from analysis.data.ingest.wide import ingest_wide, intake_of
from analysis.data.sources.description import FILE as DESCRIPTION
from analysis.data.sources.description import write_description
from analysis.data.sources.mapping import Mapping
from analysis.faults import BadData, EnvironmentFault

REFUSED = "refused"
"""Folder for what is wrong with a file that was refused as a whole."""

_DRAFT = ".ingest-"
_UNFINISHED = ".unfinished"


def archive(
    source: str,
    mapping: Mapping,
    out: Path,
    *,
    extracted_on: date,
    reject_limit: float,
    tell: Callable[[str], None] = lambda line: None,
) -> Intake:
    """Return what became of a file's rows, written into a folder that a run can take as its input.

    The folder gets ``<table>.parquet``, ``rejected.parquet``, ``flagged.parquet``, the books (``intake.json``) and
    ``about.yml``. Files of several tables can be brought into one folder; a table brought in again replaces the one
    before it. A file refused for too many rejects leaves the folder as it was, and its rejects in
    ``refused/rejected.parquet``.

    Parameters
    ----------
    source, mapping, extracted_on, reject_limit, tell
        See `analysis.data.ingest.table.ingest`.
    out : Path
        The folder; made if it is not there.

    Raises
    ------
    BadData
        The file is not what the mapping says, or too many of its rows are rejected; the folder holds cases where counts
        come in, another file of this name, or another table that came in by half.
    BadParameters
        The mapping or the address of a database cannot be meant.
    EnvironmentFault
        The folder cannot be written, a file not be read, or a database does not answer.
    """
    try:
        with _draft_of(out, tell) as draft:
            _refuse_second_whole(mapping.table, out)
            refuse_unfinished(out, besides=mapping.table)
            part = draft / f"{mapping.table}.parquet"
            try:
                if mapping.counts is not None:
                    intake = intake_of(ingest_wide(Path(source), mapping, reject_limit=reject_limit), part)
                else:
                    intake = ingest(
                        source, mapping, part, extracted_on=extracted_on, reject_limit=reject_limit, tell=tell
                    )
            except TooManyRejects as refused:
                _list_refused(refused.rejected, draft, out)
                raise BadData(f"{refused}; see {out / REFUSED / 'rejected.parquet'}") from refused
            _write_beside(intake, mapping, draft, out, extracted_on=extracted_on)
            _swap_in(draft, out, mapping.table)
            shutil.rmtree(out / REFUSED, ignore_errors=True)
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or out}: {error.strerror or error}") from error
    return intake


@contextmanager
def _draft_of(out: Path, tell: Callable[[str], None]) -> Iterator[Path]:
    """Give a folder in which new files are made whole before they replace the old ones; one at a time has it."""
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        tell("waiting for another file that is being brought into the folder")
        lock.acquire()
    try:
        # Whoever left a draft behind was killed: while we hold the lock nobody is at work in one.
        for left_behind in out.glob(f"{_DRAFT}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=out) as folder:
            yield Path(folder)
    finally:
        lock.release()


def refuse_unfinished(folder: Path, *, besides: str | None = None) -> None:
    """Refuse a folder in which new files and old ones are mixed.

    Parameters
    ----------
    folder : Path
        The folder.
    besides : str or None
        The table that is being brought in, which mends the folder if it is the one that was not finished.

    Raises
    ------
    BadData
        The machine stopped while the files of a table were swapped in.
    """
    mark = folder / _UNFINISHED
    table = mark.read_text(encoding="utf-8") if mark.is_file() else besides
    if table != besides:
        raise BadData(f"{folder}: the machine stopped while {table} came in; bring that file in again")


def _swap_in(draft: Path, out: Path, table: str) -> None:
    """Put new files in the place of the old ones; each is swapped in one step, and a mark stands while some are not."""
    mark = out / _UNFINISHED
    mark.write_text(table, encoding="utf-8")
    for file in sorted(draft.iterdir()):
        file.replace(out / file.name)
    mark.unlink()


def _refuse_second_whole(table: str, out: Path) -> None:
    """Refuse cases beside counts: what a run counts would be there twice."""
    other = {"cases": "counts", "counts": "cases"}.get(table)
    if other and (out / f"{other}.parquet").is_file():
        raise BadData(f"{out}: a folder holds cases or counts, and {other}.parquet is there; take another folder")


def _list_refused(rejected: pd.DataFrame, draft: Path, out: Path) -> None:
    (out / REFUSED).mkdir(exist_ok=True)
    rejected.to_parquet(draft / "refused.parquet", index=False)
    (draft / "refused.parquet").replace(out / REFUSED / "rejected.parquet")


def _write_beside(intake: Intake, mapping: Mapping, draft: Path, out: Path, *, extracted_on: date) -> None:
    """Write what stands beside a table: the lists and books of all files, and what the folder says of itself."""
    books = read_books(out)
    others = [book for book in books if book.table != intake.table]
    if any(book.file == intake.file for book in others):
        raise BadData(f"{out}: another table came from a file called {intake.file} too; rename one of them")
    # The table of this file replaces the one before it, and so do the lists and the book of what stood there.
    gone = {intake.file, *(book.file for book in books if book.table == intake.table)}
    for name, frame, types in (("rejected", intake.rejected, REJECTED), ("flagged", intake.flagged, FLAGGED)):
        kept = _of_others(out / f"{name}.parquet", gone, types)
        pd.concat([kept, frame], ignore_index=True).to_parquet(draft / f"{name}.parquet", index=False)
    write_books([*others, Book.of(intake)], draft)
    if intake.table in ("cases", "counts") or not (out / DESCRIPTION).is_file():
        write_description(draft, mapping, extracted_on=extracted_on)


def _of_others(path: Path, gone: set[str], types: dict[str, str]) -> pd.DataFrame:
    """Return what a folder's list holds of files that stay."""
    if not path.is_file():
        return as_list([], types)
    listed = pd.read_parquet(path)
    return listed[~listed["file"].isin(gone)].astype(types)
