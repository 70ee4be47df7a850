"""Received files brought together in a folder of our own tables, with the books on every row beside them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from analysis.data.codes import CODE
from analysis.data.contracts import TABLES, check, columns_of
from analysis.data.ingest.across_files import SEVERAL, Part, parts_of, row_count, together, write_one, write_origins
from analysis.data.ingest.intake_report import Book, read_books, stem_of, write_books
from analysis.data.ingest.row_validation import FLAGGED, REJECTED, as_list
from analysis.data.ingest.table import Intake, TooManyRejects, ingest
from analysis.data.ingest.wide import ingest_wide, intake_of
from analysis.data.sources.about import FILE as DESCRIPTION
from analysis.data.sources.about import Description, read_description, write_description
from analysis.data.sources.mapping import About, Mapping, Source
from analysis.data.sql import workshop
from analysis.faults import BadData, BadParameters, EnvironmentFault

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
    name: str | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Intake:
    """Return what became of a file's rows, written into a folder that a run can take as its input.

    The folder gets ``<table>.parquet``, ``rejected.parquet``, ``flagged.parquet``, the books (``intake.json``) and
    ``about.yml``. Files of several tables can be brought into one folder; a table brought in again replaces the one
    before it. Several files of cases, or of their ratings, stand side by side when each has a name. A file refused for
    too many rejects leaves the folder as it was, and its rejects in ``refused/rejected.parquet``.

    Parameters
    ----------
    source, mapping, extracted_on, reject_limit, tell
        See `analysis.data.ingest.table.ingest`.
    out : Path
        The folder; made if it is not there.
    name : str or None
        Which of several files of the table it is, a lower-case code: it becomes ``<table>-<name>.parquet``.

    Raises
    ------
    BadData
        The file is not what the mapping says, or too many of its rows are rejected; the folder holds cases where counts
        come in, another file of this name, files of the table without a name, of another day or precision, or another
        table that came in by half.
    BadParameters
        The mapping, the name or the address of a database cannot be meant.
    EnvironmentFault
        The folder cannot be written, a file not be read, or a database does not answer.
    """
    try:
        with _draft_of(out, tell) as draft:
            _refuse_second_whole(mapping.table, out)
            stem = _stem(mapping.table, name)
            refuse_unfinished(out, besides=stem)
            _refuse_company(mapping, stem, out, extracted_on)
            part = draft / f"{stem}.parquet"
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
            if name is not None and mapping.table == "cases":
                tell("reading once more where its cases stand")
                write_origins(source, mapping, intake, part)
            _write_beside(Book.of(intake, name), intake, mapping, draft, out, extracted_on=extracted_on)
            _swap_in(draft, out, stem)
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
        What is being brought in (see `Book.stem`), which mends the folder if it is what was not finished.

    Raises
    ------
    BadData
        The machine stopped while the files of a table were swapped in.
    """
    mark = folder / _UNFINISHED
    stem = mark.read_text(encoding="utf-8") if mark.is_file() else besides
    if stem != besides:
        raise BadData(f"{folder}: the machine stopped while {stem} came in; bring that file in again")


def _swap_in(draft: Path, out: Path, stem: str) -> None:
    """Put new files in the place of the old ones; each is swapped in one step, and a mark stands while some are not."""
    mark = out / _UNFINISHED
    mark.write_text(stem, encoding="utf-8")
    for file in sorted(draft.iterdir()):
        file.replace(out / file.name)
    mark.unlink()


def _refuse_second_whole(table: str, out: Path) -> None:
    """Refuse cases beside counts: what a run counts would be there twice."""
    other = {"cases": "counts", "counts": "cases"}.get(table)
    for there in parts_of(out, other) if other else []:
        raise BadData(f"{out}: a folder holds cases or counts, and {there.name} is there; take another folder")


def _stem(table: str, name: str | None) -> str:
    if name is None:
        return table
    if not re.fullmatch(CODE, name):
        raise BadParameters(
            f"the name {name!r} of the file: lower-case letters and digits, joined by - or _, were expected"
        )
    if table not in SEVERAL:
        raise BadParameters(
            f"{table} were expected without a name: only {' and '.join(SEVERAL)} may come in several files, "
            "what two of any other table hold would be counted twice"
        )
    return stem_of(table, name)


def _refuse_company(mapping: Mapping, stem: str, out: Path, extracted_on: date) -> None:
    """Refuse a file that cannot stand beside those of its table: unnamed, of another day, or with other due dates."""
    beside = [book for book in read_books(out) if book.table == mapping.table and book.stem != stem]
    if not beside:
        return
    if mapping.table in (stem, beside[0].stem):
        raise BadData(
            f"{out}: {beside[0].stem}.parquet is there; several files of {mapping.table} stand side by side when each "
            "has a name: begin in an empty folder and bring each in with --as NAME"
        )
    there = read_description(out)
    if mapping.table == "cases" and there.extracted_on != extracted_on:
        raise BadData(
            f"{out}: its cases were taken on {there.extracted_on}, these on {extracted_on}; "
            "cases of one day were expected, or another folder"
        )
    if mapping.table == "cases" and there.due_precision != mapping.due_precision:
        raise BadData(
            f"{out}: due dates of its cases mean the {there.due_precision}, those of these the "
            f"{mapping.due_precision}; the same was expected, or another folder"
        )


def _list_refused(rejected: pd.DataFrame, draft: Path, out: Path) -> None:
    (out / REFUSED).mkdir(exist_ok=True)
    rejected.to_parquet(draft / "refused.parquet", index=False)
    (draft / "refused.parquet").replace(out / REFUSED / "rejected.parquet")


def _write_beside(book: Book, intake: Intake, mapping: Mapping, draft: Path, out: Path, *, extracted_on: date) -> None:
    """Write what stands beside a table: the lists and books of all files, and what the folder says of itself."""
    books = read_books(out)
    others = [one for one in books if one.stem != book.stem]
    if any(one.file == book.file for one in others):
        raise BadData(f"{out}: another table came from a file called {book.file} too; rename one of them")
    # The table of this file replaces the one before it, and so do the lists and the book of what stood there.
    gone = {book.file, *(one.file for one in books if one.stem == book.stem)}
    for name, frame, types in (("rejected", intake.rejected, REJECTED), ("flagged", intake.flagged, FLAGGED)):
        kept = _of_others(out / f"{name}.parquet", gone, types)
        pd.concat([kept, frame], ignore_index=True).to_parquet(draft / f"{name}.parquet", index=False)
    write_books([*others, book], draft)
    if book.table in ("cases", "counts") or not (out / DESCRIPTION).is_file():
        has_company = any(one.table == book.table == "cases" for one in others)
        write_description(draft, _of_all(mapping, out) if has_company else mapping, extracted_on=extracted_on)


def _of_all(mapping: Mapping, out: Path) -> Mapping:
    """Return the mapping with what the pages say of all files of cases: the first title, and every source."""
    there, here = read_description(out), mapping.about
    sources = [there.source] if here.source in there.source.split("; ") else [there.source, here.source]
    about = About(title=there.title, source="; ".join(sources), simulated=there.simulated or here.simulated)
    return mapping.model_copy(update={"about": about})


def _of_others(path: Path, gone: set[str], types: dict[str, str]) -> pd.DataFrame:
    """Return what a folder's list holds of files that stay."""
    if not path.is_file():
        return as_list([], types)
    listed = pd.read_parquet(path)
    return listed[~listed["file"].isin(gone)].astype(types)


AS_THEY_ARE = ("workload", "ratings", "survey", "catalogue", "progress")
"""Small tables of ours, checked by their contract and taken whole."""


@dataclass
class Held:
    """What a folder holds.

    Attributes
    ----------
    description : Description
        What it says of itself.
    books : list of Book
        What became of the rows of every file; a table that passes no door has none.
    rejected, flagged : pd.DataFrame
        `file, line, code, reason, raw` and `file, line, code, case_id` of all of them.
    cases, case_ratings : Path or None
        Parquet files of `analysis.data.contracts.Cases` and `CaseRatings`.
    parts : dict
        Per book of cases, by its stem, the Parquet file of those accepted.
    small : dict
        Name of a small table → the table: `AS_THEY_ARE`, and `counts` where there are no cases.
    """

    description: Description
    books: list[Book]
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    cases: Path | None = None
    case_ratings: Path | None = None
    parts: dict[str, Path] = field(default_factory=dict)
    small: dict[str, pd.DataFrame] = field(default_factory=dict)


def read_folder(
    folder: Path, *, as_of: date, reject_limit: float, kept: Path, tell: Callable[[str], None] = lambda line: None
) -> Held:
    """Return what a folder of our own tables holds.

    Parameters
    ----------
    folder : Path
        The folder.
    as_of, reject_limit, kept, tell
        See `analysis.data.ingest.received.receive`.

    Raises
    ------
    BadData
        It is no such folder, or a table is not what its contract or its book says.
    BadParameters
        Its ``about.yml`` is wrong.
    """
    if not folder.is_dir():
        raise BadData(f"{folder}: without a source_file the input is a folder holding our tables and about.yml")
    refuse_unfinished(folder)
    files = {name: parts_of(folder, name) for name in TABLES}
    if bool(files["cases"]) == bool(files["counts"]):
        found = "both are there" if files["cases"] else "neither is there"
        raise BadData(f"{folder}: cases.parquet or counts.parquet was expected, one of them; {found}")
    held = Held(
        description=read_description(folder),
        books=read_books(folder),
        rejected=_listed(folder / "rejected.parquet", REJECTED),
        flagged=_listed(folder / "flagged.parquet", FLAGGED),
    )
    held.small = {name: _table(folder, name) for name in (*AS_THEY_ARE, "counts") if files[name]}
    if files["counts"]:
        return held
    held.small.pop("ratings", None)  # they are counted from the ratings of the cases
    door = _Door(held, as_of, reject_limit, kept, tell)
    cases = [door.passed(path, "cases", has_company=len(files["cases"]) > 1) for path in files["cases"]]
    rated = [door.passed(path, "case_ratings").table for path in files["case_ratings"]]
    _refuse_other_rows(held.books, folder, cases)
    if len(cases) > 1:
        tell("looking for cases that stand in more than one file")
        cases = _told_apart(held, cases, kept / "together")
    else:
        held.cases = cases[0].table
    held.parts = {part.book.stem: part.table for part in cases}
    if len(rated) > 1:
        with workshop(kept) as (_, connection):
            write_one(rated, "case_ratings", kept / "all-ratings.parquet", connection)
        rated = [kept / "all-ratings.parquet"]
    held.case_ratings = rated[0] if rated else None
    return held


def same_table(table: str, description: Description) -> Mapping:
    """Return the mapping of a Parquet file that already is one of our tables: it passes the same door as all others."""
    return Mapping(
        about=description.about,
        format="parquet",
        table=table,  # type: ignore[arg-type]
        dates=("yyyy-mm-dd HH:MM:SS",),
        due_precision=description.due_precision,
        columns={name: Source(column=name) for name in columns_of(TABLES[table])},
    )


@dataclass(frozen=True)
class _Door:
    """Where a table passes that has no book: nobody has looked at its rows yet."""

    held: Held
    as_of: date
    reject_limit: float
    kept: Path
    tell: Callable[[str], None]

    def passed(self, path: Path, table: str, *, has_company: bool = False) -> Part:
        """Return a table with its book; one from elsewhere is looked at first, and written beside the others kept."""
        held = self.held
        for book in held.books:
            if book.stem == path.stem:
                return Part(path, book)
        mapping, into = same_table(table, held.description), self.kept / path.name
        intake = ingest(
            str(path),
            mapping,
            into,
            extracted_on=held.description.extracted_on or self.as_of,
            reject_limit=self.reject_limit,
            tell=self.tell,
        )
        if has_company:
            write_origins(str(path), mapping, intake, into)
        book = Book.of(intake, path.stem.removeprefix(table).removeprefix("-") or None)
        held.books.append(book)
        held.rejected = pd.concat([held.rejected, intake.rejected], ignore_index=True)
        held.flagged = pd.concat([held.flagged, intake.flagged], ignore_index=True)
        return Part(into, book)


def _told_apart(held: Held, cases: list[Part], into: Path) -> list[Part]:
    """Return what is left of each of several files once every case counts once; the books say what is gone."""
    found = together(cases, held.flagged, into)
    left = {part.book.stem: part.book for part in found.parts}
    held.books = [left.get(book.stem, book) for book in held.books]
    held.rejected = pd.concat([held.rejected, found.rejected], ignore_index=True)
    held.cases = found.cases
    return list(found.parts)


def _refuse_other_rows(books: list[Book], folder: Path, cases: list[Part]) -> None:
    """Refuse a table that is not the one its book speaks of."""
    at = {part.book.stem: part.table for part in cases}
    for book in books:
        path = at.get(book.stem, folder / f"{book.stem}.parquet")
        rows = row_count(path)
        if rows != book.accepted:
            raise BadData(f"{path}: {rows} rows, {book.accepted} were expected as accepted; bring {book.file} in again")


def _listed(path: Path, types: dict[str, str]) -> pd.DataFrame:
    return read_parquet(path).astype(types) if path.is_file() else as_list([], types)


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    return check(read_parquet(path), TABLES[name], where=str(path))


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a small Parquet file.

    Raises
    ------
    BadData
        It is none.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadData(f"{path}: not a readable Parquet file ({error})") from error
