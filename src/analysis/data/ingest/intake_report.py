"""The intake report of a folder: for every file brought in, how many rows came in and what became of them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from analysis.data.ingest.names import Names
from analysis.data.ingest.table import Intake
from analysis.faults import BadData

FILE = "intake.json"
ACCEPTED = "accepted"
NOT_YET_KNOWN = "not_yet_known"
ACCEPTED_CODES = (ACCEPTED, NOT_YET_KNOWN)
"""Codes of the rows in a table; any other code is that of a reject."""


class IntakeReport(BaseModel):
    """The counts of one file: rows in = accepted + rejected, and how many were flagged or counted apart.

    Attributes
    ----------
    file, table : str
        Name of the file, and the table of ours it became.
    rows, accepted : int
        Rows that came in, and those of them that are in the table.
    rejected : dict
        Code of the reject → rows; together the others.
    flagged : dict
        Code of the flag → accepted rows.
    classes : dict
        Code of the class → accepted cases that are counted apart.
    dropped : tuple of str
        Headers of columns about persons that were dropped.
    name : str or None
        Name given to this file where the table comes in several, such as ``ministry``.
    notes : dict or None
        Code of the note → rows, columns or sheets of the file that it is about; None where there is none.
    names : dict or None
        Dimension → code → how the accepted rows spell it; None where they spell every code as we do.
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
    notes: dict[str, int] | None = None
    names: Names | None = None

    @classmethod
    def of(cls, intake: Intake, name: str | None = None) -> IntakeReport:
        """Return the report of a file just brought in.

        Parameters
        ----------
        intake : Intake
            What became of its rows.
        name : str or None
            Name given to this file where the table comes in several.
        """
        return cls(
            file=intake.file,
            table=intake.table,
            rows=intake.rows,
            accepted=intake.accepted,
            rejected=_rows_by_code(intake.rejected),
            flagged=_rows_by_code(intake.flagged),
            classes={code: cases for code, cases in intake.classes.items() if cases},
            dropped=intake.dropped,
            name=name,
            notes=intake.notes or None,
            names=intake.names or None,
        )

    @property
    def stem(self) -> str:
        """Name, without its ending, of the Parquet file of the accepted rows."""
        return stem_of(self.table, self.name)

    def tally(self, *, not_yet_known: int) -> pd.DataFrame:
        """Return the rows by what became of them, as a frame of `code, rows, file, table`.

        Parameters
        ----------
        not_yet_known : int
            Accepted rows that were filed after the day a run looks back to.
        """
        rows = {ACCEPTED: self.accepted - not_yet_known, NOT_YET_KNOWN: not_yet_known, **self.rejected}
        counted = [(code, number) for code, number in rows.items() if number or code == ACCEPTED]
        return pd.DataFrame(counted, columns=["code", "rows"]).assign(file=self.file, table=self.table)


def stem_of(table: str, name: str | None) -> str:
    """Return the name of the Parquet file of a table, without its ending: ``cases``, or ``cases-ministry``.

    Parameters
    ----------
    table : str
        Name of the table.
    name : str or None
        Name given to this file where the table comes in several.
    """
    return table if name is None else f"{table}-{name}"


def flag_and_class_counts(reports: list[IntakeReport]) -> pd.DataFrame:
    """Return how many rows were flagged, counted apart or noted over all files: `code, rows`, most first."""
    counts = [
        (code, rows)
        for report in reports
        for code, rows in (report.flagged | report.classes | (report.notes or {})).items()
    ]
    frame = pd.DataFrame(counts, columns=["code", "rows"]).astype({"code": "str", "rows": "int64"})
    sums = frame.groupby("code", as_index=False)["rows"].sum()
    return sums.sort_values(["rows", "code"], ascending=[False, True], ignore_index=True)


def read_intake_reports(folder: Path) -> list[IntakeReport]:
    """Return the intake report of a folder, one entry per file; empty when no file was brought in by us.

    Raises
    ------
    BadData
        It is not what `write_intake_reports` writes.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        return TypeAdapter(list[IntakeReport]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadData(f"{path}: not the books that dunghen ingest writes; bring the files in again") from error


def write_intake_reports(reports: list[IntakeReport], folder: Path) -> None:
    """Write the intake report of a folder.

    Parameters
    ----------
    reports : list of IntakeReport
        One per file; written in the order of their tables.
    folder : Path
        The folder.
    """
    ordered = sorted(reports, key=lambda report: report.stem)
    content = [report.model_dump(mode="json", exclude_none=True) for report in ordered]
    (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _rows_by_code(listed: pd.DataFrame) -> dict[str, int]:
    return {str(code): int(rows) for code, rows in listed["code"].value_counts(sort=False).sort_index().items()}
