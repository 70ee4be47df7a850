"""Folders of our own tables: bring received files into one (`archive`), read one as a run's input (`read_folder`).

Beside the tables a folder holds the lists of rejected and flagged rows, the intake report, and its ``about.yml``.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from analysis.data.codes import CODE
from analysis.data.contracts import TABLES, check, with_missing_columns
from analysis.data.ingest.across_files import (
    SEVERAL_FILES_ALLOWED,
    CaseFile,
    concatenate_files,
    files_of_table,
    lacking_columns,
    merge_cases,
    parquet_schema,
    row_count,
    write_provenance,
)
from analysis.data.ingest.intake_report import IntakeReport, read_intake_reports, stem_of, write_intake_reports
from analysis.data.ingest.row_validation import FLAGGED_COLUMNS, REJECTED_COLUMNS, typed_frame
from analysis.data.ingest.table import Intake, TooManyRejects, ingest
from analysis.data.ingest.wide import ingest_wide, write_wide_counts
from analysis.data.sources.about import FILE as DESCRIPTION
from analysis.data.sources.about import Description, read_description, write_description
from analysis.data.sources.mapping import About, Mapping, Source
from analysis.data.sql import scratch_connection
from analysis.faults import BadData, BadParameters, EnvironmentFault

REFUSED = "refused"
"""Name of the folder for the list of rejected rows of a refused file."""

_DRAFT = ".ingest-"
_UNFINISHED = ".unfinished"

SMALL_TABLES = ("workload", "ratings", "survey", "catalogue", "progress")
"""Small tables of ours, which are checked against their contract as a whole, not row by row."""


def archive(
    source: str,
    mapping: Mapping,
    out: Path,
    *,
    extracted_on: date,
    reject_limit: float,
    name: str | None = None,
    report_progress: Callable[[str], None] = lambda line: None,
) -> Intake:
    """Bring a received file into a folder that a run can use as its input, and return what became of its rows.

    The folder gets ``<table>.parquet``, ``rejected.parquet``, ``flagged.parquet``, the intake report (``intake.json``)
    and ``about.yml``. Files of several tables can be brought into one folder; a table brought in again replaces the one
    before it. Several files of cases, or of their ratings, stand side by side when each has a name. A file refused for
    too many rejects leaves the folder as it was, and its rejects in ``refused/rejected.parquet``.

    Parameters
    ----------
    source : str
        Path of the file, or address of a PostgreSQL database.
    mapping : Mapping
        How it becomes a table.
    out : Path
        The folder; made if it is not there.
    extracted_on : date
        Day the data was taken from its system: nothing in it can be later.
    reject_limit : float
        Share of the rows (0–1) that may be rejected.
    name : str or None
        Name, as a lower-case code, of this file where the table comes in several: it becomes
        ``<table>-<name>.parquet``.
    report_progress : callable
        Called with one line per step.

    Raises
    ------
    BadData
        The file is not what the mapping says, or too many of its rows are rejected. Or the folder holds cases where
        counts come in or the reverse, a table from another file of the same file name, files of the table that are
        unnamed, of another day or with due dates of another precision, or files of which only a part was replaced when
        the machine stopped.
    BadParameters
        The mapping, the name or the address of a database is not valid.
    EnvironmentFault
        The folder cannot be written, a file cannot be read, or a database does not answer.
    """
    try:
        with _draft_folder(out, report_progress) as draft:
            _refuse_cases_beside_counts(mapping.table, out)
            stem = _stem(mapping.table, name)
            refuse_unfinished(out, unless=stem)
            _refuse_unlike_files(mapping, stem, out, extracted_on)
            table = draft / f"{stem}.parquet"
            try:
                if mapping.counts is not None:
                    intake = write_wide_counts(ingest_wide(Path(source), mapping, reject_limit=reject_limit), table)
                else:
                    intake = ingest(
                        source,
                        mapping,
                        table,
                        extracted_on=extracted_on,
                        reject_limit=reject_limit,
                        report_progress=report_progress,
                    )
            except TooManyRejects as refused:
                _write_refused_rows(refused.rejected, draft, out)
                raise BadData(f"{refused}; see {out / REFUSED / 'rejected.parquet'}") from refused
            if name is not None and mapping.table == "cases":
                report_progress("reading once more where its cases stand")
                write_provenance(source, mapping, intake, table)
            report = IntakeReport.of(intake, name)
            _write_lists_and_report(report, intake, mapping, draft, out, extracted_on=extracted_on)
            _replace_files(draft, out, stem)
            shutil.rmtree(out / REFUSED, ignore_errors=True)
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or out}: {error.strerror or error}") from error
    return intake


@contextmanager
def _draft_folder(out: Path, report_progress: Callable[[str], None]) -> Iterator[Path]:
    """Yield a folder in which new files are completed before they replace old ones, locked for one file at a time."""
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        report_progress("waiting for another file that is being brought into the folder")
        lock.acquire()
    try:
        # A draft found here was left by a killed process: while we hold the lock, nobody else works in one.
        for left_behind in out.glob(f"{_DRAFT}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=out) as folder:
            yield Path(folder)
    finally:
        lock.release()


def refuse_unfinished(folder: Path, *, unless: str | None = None) -> None:
    """Refuse a folder in which only some files of a table were replaced.

    Parameters
    ----------
    folder : Path
        The folder.
    unless : str or None
        Stem of the file being brought in (see `IntakeReport.stem`): when that is the unfinished one, the folder is not
        refused, because it will be repaired.

    Raises
    ------
    BadData
        The machine stopped while the files of a table were swapped in.
    """
    marker = folder / _UNFINISHED
    stem = marker.read_text(encoding="utf-8") if marker.is_file() else unless
    if stem != unless:
        raise BadData(f"{folder}: the machine stopped while {stem} came in; bring that file in again")


def _replace_files(draft: Path, out: Path, stem: str) -> None:
    """Replace old files by new ones, each in one step; a marker file stands in the folder until all are replaced."""
    marker = out / _UNFINISHED
    marker.write_text(stem, encoding="utf-8")
    for file in sorted(draft.iterdir()):
        file.replace(out / file.name)
    marker.unlink()


def _refuse_cases_beside_counts(table: str, out: Path) -> None:
    """Refuse cases beside counts, or the reverse: the same things would be counted twice."""
    other = {"cases": "counts", "counts": "cases"}.get(table)
    for path in files_of_table(out, other) if other else []:
        raise BadData(f"{out}: a folder holds cases or counts, and {path.name} is there; take another folder")


def _stem(table: str, name: str | None) -> str:
    """Return the stem of a file's table, after checking the name."""
    if name is None:
        return table
    if not re.fullmatch(CODE, name):
        raise BadParameters(
            f"the name {name!r} of the file: lower-case letters and digits, joined by - or _, were expected"
        )
    if table not in SEVERAL_FILES_ALLOWED:
        raise BadParameters(
            f"{table} were expected without a name: only {' and '.join(SEVERAL_FILES_ALLOWED)} may come in several "
            "files, what two of any other table hold would be counted twice"
        )
    return stem_of(table, name)


def _refuse_unlike_files(mapping: Mapping, stem: str, out: Path, extracted_on: date) -> None:
    """Refuse a file that cannot stand beside others of its table: unnamed, of another day, or with other due dates."""
    others = [report for report in read_intake_reports(out) if report.table == mapping.table and report.stem != stem]
    if not others:
        return
    if mapping.table in (stem, others[0].stem):
        raise BadData(
            f"{out}: {others[0].stem}.parquet is there; several files of {mapping.table} stand side by side when each "
            "has a name: begin in an empty folder and bring each in with --as NAME"
        )
    description = read_description(out)
    if mapping.table == "cases" and description.extracted_on != extracted_on:
        raise BadData(
            f"{out}: its cases were taken on {description.extracted_on}, these on {extracted_on}; "
            "cases of one day were expected, or another folder"
        )
    if mapping.table == "cases" and description.due_precision != mapping.due_precision:
        raise BadData(
            f"{out}: due dates of its cases mean the {description.due_precision}, those of these the "
            f"{mapping.due_precision}; the same was expected, or another folder"
        )


def _write_refused_rows(rejected: pd.DataFrame, draft: Path, out: Path) -> None:
    (out / REFUSED).mkdir(exist_ok=True)
    rejected.to_parquet(draft / "refused.parquet", index=False)
    (draft / "refused.parquet").replace(out / REFUSED / "rejected.parquet")


def _write_lists_and_report(
    report: IntakeReport, intake: Intake, mapping: Mapping, draft: Path, out: Path, *, extracted_on: date
) -> None:
    """Write what stands beside a table: the lists of rows and the reports of all files, and the ``about.yml``."""
    reports = read_intake_reports(out)
    others = [other for other in reports if other.stem != report.stem]
    if any(other.file == report.file for other in others):
        raise BadData(f"{out}: another table came from a file called {report.file} too; rename one of them")
    # The table of this file replaces the one before it, and its lists and report replace those of that one.
    replaced = {report.file, *(old.file for old in reports if old.stem == report.stem)}
    for name, frame, types in (
        ("rejected", intake.rejected, REJECTED_COLUMNS),
        ("flagged", intake.flagged, FLAGGED_COLUMNS),
    ):
        rows_of_others = _list_without(replaced, out / f"{name}.parquet", types)
        pd.concat([rows_of_others, frame], ignore_index=True).to_parquet(draft / f"{name}.parquet", index=False)
    write_intake_reports([*others, report], draft)
    if report.table in ("cases", "counts") or not (out / DESCRIPTION).is_file():
        is_one_of_several = any(other.table == report.table == "cases" for other in others)
        write_description(
            draft, _with_all_sources(mapping, out) if is_one_of_several else mapping, extracted_on=extracted_on
        )


def _with_all_sources(mapping: Mapping, out: Path) -> Mapping:
    """Return the mapping described as all files of cases together: the first title, and every source."""
    before, new = read_description(out), mapping.about
    sources = [before.source] if new.source in before.source.split("; ") else [before.source, new.source]
    about = About(title=before.title, source="; ".join(sources), simulated=before.simulated or new.simulated)
    return mapping.model_copy(update={"about": about})


def _list_without(files: set[str], path: Path, types: dict[str, str]) -> pd.DataFrame:
    """Return a list of rejected or flagged rows without those of some files."""
    if not path.is_file():
        return typed_frame([], types)
    listed = pd.read_parquet(path)
    return listed[~listed["file"].isin(files)].astype(types)


@dataclass
class FolderContents:
    """The content of a folder of our tables.

    Attributes
    ----------
    description : Description
        Its ``about.yml``.
    reports : list of IntakeReport
        What became of the rows of every file; small tables that were put there as they are have none.
    rejected : pd.DataFrame
        `file, line` (1-based, physical), `code, reason, raw`: the rejected rows of all files.
    flagged : pd.DataFrame
        `file, line, code, case_id`: the flags of the accepted rows of all files.
    cases, case_ratings : Path or None
        Parquet files of `analysis.data.contracts.Cases` and `CaseRatings`.
    case_tables : dict
        Stem of a report of cases → Parquet file of the cases accepted.
    small_tables : dict
        Name → table: those of `SMALL_TABLES`, and `counts` where there are no cases.
    """

    description: Description
    reports: list[IntakeReport]
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    cases: Path | None = None
    case_ratings: Path | None = None
    case_tables: dict[str, Path] = field(default_factory=dict)
    small_tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def read_folder(
    folder: Path,
    *,
    as_of: date,
    reject_limit: float,
    tables_folder: Path,
    report_progress: Callable[[str], None] = lambda line: None,
) -> FolderContents:
    """Return the content of a folder of our own tables.

    Parameters
    ----------
    folder : Path
        The folder.
    as_of : date
        Day up to which things were known; the day the data was taken, where the ``about.yml`` gives none.
    reject_limit : float
        Share of a file's rows (0–1) that may be rejected, for files without an intake report.
    tables_folder : Path
        Folder that receives the tables made here: of files without an intake report, and of several files merged.
    report_progress : callable
        Called with one line per step.

    Raises
    ------
    BadData
        It is no such folder, or a table does not match its contract or its intake report.
    BadParameters
        Its ``about.yml`` is wrong.
    """
    if not folder.is_dir():
        raise BadData(f"{folder}: without a source_file the input is a folder holding our tables and about.yml")
    refuse_unfinished(folder)
    files = {name: files_of_table(folder, name) for name in TABLES}
    if bool(files["cases"]) == bool(files["counts"]):
        found = "both are there" if files["cases"] else "neither is there"
        raise BadData(f"{folder}: cases.parquet or counts.parquet was expected, one of them; {found}")
    contents = FolderContents(
        description=read_description(folder),
        reports=read_intake_reports(folder),
        rejected=_read_list(folder / "rejected.parquet", REJECTED_COLUMNS),
        flagged=_read_list(folder / "flagged.parquet", FLAGGED_COLUMNS),
    )
    contents.small_tables = {name: read_table(folder, name) for name in (*SMALL_TABLES, "counts") if files[name]}
    if files["counts"]:
        return contents
    contents.small_tables.pop("ratings", None)  # they are counted from the ratings of the cases
    validation = _FileValidation(contents, as_of, reject_limit, tables_folder, report_progress)
    several = len(files["cases"]) > 1
    cases = [validation.case_file(path, "cases", is_one_of_several=several) for path in files["cases"]]
    ratings = [validation.case_file(path, "case_ratings").table for path in files["case_ratings"]]
    _refuse_other_rows(contents.reports, folder, cases)
    if several:
        report_progress("looking for cases that stand in more than one file")
        cases = _merge(contents, cases, tables_folder / "together")
    else:
        contents.cases = _as_one_file([cases[0].table], "cases", tables_folder)
    contents.case_tables = {file.report.stem: file.table for file in cases}
    contents.case_ratings = _as_one_file(ratings, "case_ratings", tables_folder) if ratings else None
    return contents


def _as_one_file(files: list[Path], table: str, tables_folder: Path) -> Path:
    """Return one file of a table with all of its columns: the one there is, or a new one of all rows."""
    columns = TABLES[table].to_schema().columns
    if len(files) == 1 and not lacking_columns(files[0], columns):
        return files[0]
    into = tables_folder / f"all-{table}.parquet"
    with scratch_connection(tables_folder) as (_, connection):
        concatenate_files(files, columns, into, connection)
    return into


def identity_mapping(table: str, description: Description, header: Collection[str]) -> Mapping:
    """Return the mapping of a Parquet file that already is one of our tables, by which its rows are validated as any.

    Parameters
    ----------
    table : str
        Name of the table.
    description : Description
        The ``about.yml`` of its folder.
    header : collection of str
        The columns of the file; one that it lacks is missing in every row.
    """
    columns = TABLES[table].to_schema().columns
    return Mapping(
        about=description.about,
        format="parquet",
        table=table,  # type: ignore[arg-type]
        dates=("yyyy-mm-dd HH:MM:SS",),
        due_precision=description.due_precision,
        columns={name: Source(column=name) for name, rule in columns.items() if name in header or not rule.nullable},
    )


@dataclass(frozen=True)
class _FileValidation:
    """The validation of a folder's files of cases and ratings that have no intake report, because others wrote them."""

    contents: FolderContents
    as_of: date
    reject_limit: float
    tables_folder: Path
    report_progress: Callable[[str], None]

    def case_file(self, path: Path, table: str, *, is_one_of_several: bool = False) -> CaseFile:
        """Return a file with its report; without one its rows are validated first and written to the tables' folder."""
        contents = self.contents
        for report in contents.reports:
            if report.stem == path.stem:
                return CaseFile(path, report)
        mapping = identity_mapping(table, contents.description, parquet_schema(path).names)
        into = self.tables_folder / path.name
        intake = ingest(
            str(path),
            mapping,
            into,
            extracted_on=contents.description.extracted_on or self.as_of,
            reject_limit=self.reject_limit,
            report_progress=self.report_progress,
        )
        if is_one_of_several:
            write_provenance(str(path), mapping, intake, into)
        report = IntakeReport.of(intake, path.stem.removeprefix(table).removeprefix("-") or None)
        contents.reports.append(report)
        contents.rejected = pd.concat([contents.rejected, intake.rejected], ignore_index=True)
        contents.flagged = pd.concat([contents.flagged, intake.flagged], ignore_index=True)
        return CaseFile(into, report)


def _merge(contents: FolderContents, cases: list[CaseFile], into: Path) -> list[CaseFile]:
    """Return what remains of each of several files once every case counts once; the contents are changed to match."""
    merged = merge_cases(cases, contents.flagged, into, TABLES["cases"].to_schema().columns)
    changed = {file.report.stem: file.report for file in merged.files}
    contents.reports = [changed.get(report.stem, report) for report in contents.reports]
    contents.rejected = pd.concat([contents.rejected, merged.rejected], ignore_index=True)
    contents.cases = merged.cases
    return list(merged.files)


def _refuse_other_rows(reports: list[IntakeReport], folder: Path, cases: list[CaseFile]) -> None:
    """Refuse a table with another number of rows than its report says."""
    tables = {file.report.stem: file.table for file in cases}
    for report in reports:
        path = tables.get(report.stem, folder / f"{report.stem}.parquet")
        rows = row_count(path)
        if rows != report.accepted:
            raise BadData(
                f"{path}: {rows} rows, {report.accepted} were expected as accepted; bring {report.file} in again"
            )


def _read_list(path: Path, types: dict[str, str]) -> pd.DataFrame:
    return read_parquet(path).astype(types) if path.is_file() else typed_frame([], types)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Return a small table of a folder; nullable columns that its file lacks are missing in every row.

    Parameters
    ----------
    folder : Path
        A folder of our tables.
    name : str
        Name of the table.

    Raises
    ------
    BadData
        The file is not Parquet, or does not keep the contract.
    """
    path, contract = folder / f"{name}.parquet", TABLES[name]
    return check(with_missing_columns(read_parquet(path), contract), contract, where=str(path))


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a small Parquet file as a data frame.

    Raises
    ------
    BadData
        It is not a Parquet file.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadData(f"{path}: not a readable Parquet file ({error})") from error
