"""A run's input, whatever it is, as the tables the indicators read, with the books kept on every row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from analysis.data.contracts import Catalogue, Counts, Progress, Ratings, Survey, Workload, check, empty
from analysis.data.counting import DuePrecision, Frequency, count_cases, count_ratings, count_workload, not_yet_known
from analysis.data.ingest.archive import read_folder, read_parquet
from analysis.data.ingest.intake_report import ACCEPTED, KEPT, Book, notable
from analysis.data.ingest.table import ingest
from analysis.data.ingest.wide import ingest_wide
from analysis.data.sources.about import FILE, described
from analysis.data.sources.mapping import About, Mapping, read_mapping
from analysis.faults import BadData

INTAKE = {"file": "str", "table": "str", "period": "str", "code": "str", "rows": "int64"}
Basis = Literal["exact", "reconstructed"]


@dataclass(frozen=True)
class Calendar:
    """How periods run.

    Attributes
    ----------
    frequency : {"M", "Q"}
        Reporting months or quarters.
    cutoff_day : int or None
        See `analysis.periods`.
    """

    frequency: Frequency
    cutoff_day: int | None


@dataclass(frozen=True)
class Received:
    """Everything a run knows about its input.

    Attributes
    ----------
    about : About
        Where the data comes from and whether it is simulated.
    basis : {"exact", "reconstructed"}
        Whether the data was taken on the day the run looks back to, or later and rebuilt from dates.
    counts, workload, ratings, survey, catalogue, progress : pd.DataFrame
        See `analysis.data.contracts`; empty where the input has none.
    intake : pd.DataFrame
        `file, table, period, code, rows`: what came in by what became of it: ``accepted``, ``not_yet_known`` (filed
        after the day the run looks back to) or the code of a reject. `period` is missing where rows have none.
    rejected : pd.DataFrame
        `file, line` (1-based, physical), `code, reason, raw`, one row per row that was not taken.
    flagged : pd.DataFrame
        `code, rows`: rows that were taken and are worth a look, or are counted apart.
    cases : Path or None
        Parquet file of `analysis.data.contracts.Cases`, when the input is cases.
    due_precision : {"day", "instant"}
        What the due dates of its cases mean.
    """

    about: About
    basis: Basis
    counts: pd.DataFrame
    workload: pd.DataFrame
    ratings: pd.DataFrame
    survey: pd.DataFrame
    catalogue: pd.DataFrame
    progress: pd.DataFrame
    intake: pd.DataFrame
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    cases: Path | None
    due_precision: DuePrecision

    def __post_init__(self) -> None:
        kept_apart = ~self.intake["code"].isin(KEPT)
        if self.intake.loc[kept_apart, "rows"].sum() != len(self.rejected):
            raise AssertionError("the rows counted as rejected are not the rows kept as rejected")


def receive(
    input_path: Path,
    source_file: Path | None,
    *,
    as_of: date,
    calendar: Calendar,
    reject_limit: float,
    kept: Path,
    tell: Callable[[str], None] = lambda line: None,
) -> Received:
    """Return the tables in an input.

    Parameters
    ----------
    input_path : Path
        With a mapping, the received file; without, a folder of our own tables as Parquet with an ``about.yml``: what
        ``dunghen ingest`` and ``dunghen demo`` write.
    source_file : Path or None
        The mapping.
    as_of : date
        Day up to which things were known.
    calendar : Calendar
        How the plan's periods run.
    reject_limit : float
        Share of a file's rows (0–1) that may be rejected.
    kept : Path
        Folder that receives the cases as Parquet.
    tell : callable
        Gets one line per step.

    Raises
    ------
    BadData
        The input cannot be what it is said to be: file, line, column, value and what was expected.
    BadParameters
        The mapping or ``about.yml`` is wrong.
    """
    if source_file is None:
        return _receive_tables(input_path, as_of, calendar, reject_limit, kept, tell)
    mapping = described(read_mapping(source_file), str(input_path))
    if mapping.counts is not None:
        return _receive_wide(input_path, mapping, as_of, reject_limit)
    return _receive_mapped(input_path, mapping, as_of, calendar, reject_limit, kept, tell)


def content_hash(input_path: Path) -> str:
    """Return the SHA-256 of an input: of the file and what its folder says of it, or of a folder's files, in order.

    Each counts with its name. Files whose name starts with a dot, such as a lock, are no data.
    """
    digest = hashlib.sha256()
    files = sorted(input_path.iterdir()) if input_path.is_dir() else [input_path, input_path.with_name(FILE)]
    for path in files:
        if path.is_file() and (path == input_path or not path.name.startswith(".")):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while chunk := file.read(1 << 22):
                    digest.update(chunk)
    return digest.hexdigest()


def _receive_wide(path: Path, mapping: Mapping, as_of: date, reject_limit: float) -> Received:
    taken = ingest_wide(path, mapping, reject_limit=reject_limit)
    return Received(
        about=mapping.about,
        basis=_basis(mapping.extracted_on or as_of, as_of),
        counts=taken.counts,
        workload=empty(Workload),
        ratings=empty(Ratings),
        survey=empty(Survey),
        catalogue=empty(Catalogue),
        progress=empty(Progress),
        intake=taken.tally.assign(file=taken.file, table="counts")[list(INTAKE)].astype(INTAKE),
        rejected=taken.rejected,
        flagged=notable([]),
        cases=None,
        due_precision=mapping.due_precision,
    )


def _receive_mapped(
    path: Path,
    mapping: Mapping,
    as_of: date,
    calendar: Calendar,
    reject_limit: float,
    kept: Path,
    tell: Callable[[str], None],
) -> Received:
    if mapping.table not in ("cases", "counts"):
        raise BadData(
            f"{path}: the mapping makes {mapping.table} of it, and a run needs cases or counts; bring several files "
            "together in one folder with dunghen ingest"
        )
    extracted_on = mapping.extracted_on or as_of
    into = kept / f"{mapping.table}.parquet"
    intake = ingest(str(path), mapping, into, extracted_on=extracted_on, reject_limit=reject_limit, tell=tell)
    book = Book.of(intake)
    given = _Given(mapping.about, extracted_on, mapping.due_precision, [book], intake.rejected, {book.stem: into})
    if mapping.table == "counts":
        counts = check(read_parquet(into), Counts, where=str(path))
        return _received(given, as_of, counts=counts)
    return _received_cases(given, into, None, as_of, calendar)


def _receive_tables(
    folder: Path, as_of: date, calendar: Calendar, reject_limit: float, kept: Path, tell: Callable[[str], None]
) -> Received:
    held = read_folder(folder, as_of=as_of, reject_limit=reject_limit, kept=kept, tell=tell)
    given = _Given(
        about=held.description.about,
        extracted_on=held.description.extracted_on or as_of,
        due_precision=held.description.due_precision,
        books=held.books,
        rejected=held.rejected,
        parts=held.parts,
    )
    if held.cases is None:
        return _received(given, as_of, **held.small)
    return _received_cases(given, held.cases, held.case_ratings, as_of, calendar, **held.small)


@dataclass(frozen=True)
class _Given:
    """What is known of an input before its rows are counted."""

    about: About
    extracted_on: date
    due_precision: DuePrecision
    books: list[Book]
    rejected: pd.DataFrame
    parts: dict[str, Path] = field(default_factory=dict)
    """Per book of cases, by its stem: the Parquet file of those accepted."""


def _received_cases(
    given: _Given, cases: Path, rated: Path | None, as_of: date, calendar: Calendar, **others: pd.DataFrame
) -> Received:
    if given.extracted_on < as_of:
        raise BadData(
            f"{given.books[0].file}: taken from its system on {given.extracted_on.isoformat()}, "
            f"before as_of {as_of.isoformat()}; data of that day or later was expected"
        )
    how: dict[str, Any] = {"as_of": as_of, "cutoff_day": calendar.cutoff_day, "frequency": calendar.frequency}
    counts = count_cases(cases, **how, due_precision=given.due_precision)
    others["workload"] = count_workload(cases, **how, due_precision=given.due_precision)
    if rated is not None:
        others["ratings"] = count_ratings(rated, cases, **how)
    return _received(given, as_of, counts=counts, cases=cases, **others)


def _received(
    given: _Given, as_of: date, *, counts: pd.DataFrame, cases: Path | None = None, **others: pd.DataFrame
) -> Received:
    later = {stem: not_yet_known(path, as_of=as_of) for stem, path in given.parts.items()} if cases else {}
    tallies = [book.tally(not_yet_known=later.get(book.stem, 0)) for book in given.books]
    if cases is None and "counts" not in {book.table for book in given.books}:
        by_period = counts.groupby("period", as_index=False).size().rename(columns={"size": "rows"})
        tallies.append(by_period.assign(file="counts.parquet", table="counts", code=ACCEPTED))
    return Received(
        about=given.about,
        basis=_basis(given.extracted_on, as_of),
        counts=counts,
        workload=others.get("workload", empty(Workload)),
        ratings=others.get("ratings", empty(Ratings)),
        survey=others.get("survey", empty(Survey)),
        catalogue=others.get("catalogue", empty(Catalogue)),
        progress=others.get("progress", empty(Progress)),
        intake=pd.concat(tallies, ignore_index=True).reindex(columns=list(INTAKE)).astype(INTAKE),
        rejected=given.rejected,
        flagged=notable(given.books),
        cases=cases,
        due_precision=given.due_precision,
    )


def _basis(extracted_on: date, as_of: date) -> Basis:
    return "reconstructed" if extracted_on > as_of else "exact"
