"""The books on the rows of every file brought into a folder: what came in, and what became of it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from analysis.data.ingest.table import Intake
from analysis.faults import BadData

FILE = "intake.json"
ACCEPTED = "accepted"
NOT_YET_KNOWN = "not_yet_known"
KEPT = (ACCEPTED, NOT_YET_KNOWN)
"""What becomes of rows that are in a table; any other code is that of a reject."""


class Book(BaseModel):
    """What became of the rows of one file, in numbers.

    Attributes
    ----------
    file, table : str
        What came in, and the table of ours it became.
    rows, accepted : int
        Rows that came in; of them, those in the table.
    rejected : dict
        Code of the reject → rows: the others.
    flagged : dict
        Code of the flag → rows that were taken and are worth a look.
    classes : dict
        Code of the class → cases counted apart.
    dropped : tuple of str
        Headers of columns about persons that were dropped at the door.
    name : str or None
        Which of several files of the table it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    table: str
    rows: int
    accepted: int
    rejected: dict[str, int]
    flagged: dict[str, int]
    classes: dict[str, int]
    dropped: tuple[str, ...]
    name: str | None = None

    @classmethod
    def of(cls, intake: Intake, name: str | None = None) -> Book:
        """Return the book of a file just brought in."""
        return cls(
            file=intake.file,
            table=intake.table,
            rows=intake.rows,
            accepted=intake.accepted,
            rejected=_counted(intake.rejected),
            flagged=_counted(intake.flagged),
            classes={code: cases for code, cases in intake.classes.items() if cases},
            dropped=intake.dropped,
            name=name,
        )

    @property
    def stem(self) -> str:
        """Name, without its ending, of the Parquet file that holds the rows accepted."""
        return stem_of(self.table, self.name)

    def tally(self, *, not_yet_known: int) -> pd.DataFrame:
        """Return `code, rows, file, table`: the rows by what became of them.

        Parameters
        ----------
        not_yet_known : int
            Of the accepted rows, those filed after the day a run looks back to.
        """
        rows = {ACCEPTED: self.accepted - not_yet_known, NOT_YET_KNOWN: not_yet_known, **self.rejected}
        told = [(code, number) for code, number in rows.items() if number or code == ACCEPTED]
        return pd.DataFrame(told, columns=["code", "rows"]).assign(file=self.file, table=self.table)


def stem_of(table: str, name: str | None) -> str:
    """Return what the Parquet file of a table is called, without its ending: ``cases``, or ``cases-ministry``."""
    return table if name is None else f"{table}-{name}"


def notable(books: list[Book]) -> pd.DataFrame:
    """Return `code, rows` over all books: rows worth a look and cases counted apart, most first."""
    told = [(code, rows) for book in books for code, rows in (book.flagged | book.classes).items()]
    frame = pd.DataFrame(told, columns=["code", "rows"]).astype({"code": "str", "rows": "int64"})
    sums = frame.groupby("code", as_index=False)["rows"].sum()
    return sums.sort_values(["rows", "code"], ascending=[False, True], ignore_index=True)


def read_books(folder: Path) -> list[Book]:
    """Return the books of a folder; it has none when its tables passed no door.

    Raises
    ------
    BadData
        They are not what `write_books` writes.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        return TypeAdapter(list[Book]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadData(f"{path}: not the books that dunghen ingest writes; bring the files in again") from error


def write_books(books: list[Book], folder: Path) -> None:
    """Write the books of a folder, by table."""
    told = [book.model_dump(mode="json", exclude_none=True) for book in sorted(books, key=lambda book: book.stem)]
    (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _counted(frame: pd.DataFrame) -> dict[str, int]:
    return {str(code): int(rows) for code, rows in frame["code"].value_counts(sort=False).sort_index().items()}
