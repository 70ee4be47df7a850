"""A folder of our own tables as a run's input: what passed no door yet passes it, and several files become one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from analysis.data.contracts import TABLES, check, columns_of
from analysis.data.ingest.across_files import Part, parts_of, row_count, together, write_one
from analysis.data.ingest.archive import refuse_unfinished
from analysis.data.ingest.books import Book, read_books
from analysis.data.ingest.listing import FLAGGED, REJECTED, as_list
from analysis.data.ingest.origins import write_origins
from analysis.data.ingest.table import ingest
from analysis.data.ingest.workshop import workshop
from analysis.data.sources.description import Description, read_description
from analysis.data.sources.mapping import Mapping, Source
from analysis.faults import BadData

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
