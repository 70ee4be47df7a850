"""Folders of our own tables: bring received files into one, which `folder_contents` reads.

Beside the tables a folder holds the lists of rejected and flagged rows, the intake report, and its ``about.yml``.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from analysis.data.child_process import in_child
from analysis.data.codes import CODE
from analysis.data.declared import (
    Extra,
)
from analysis.data.ingest.across_files import (
    SEVERAL_FILES_ALLOWED,
    files_of_table,
    parquet_schema,
    write_provenance,
)
from analysis.data.ingest.intake_report import FILE as REPORT
from analysis.data.ingest.intake_report import IntakeReport, read_intake_reports, stem_of, write_intake_reports
from analysis.data.ingest.listed_rows import FLAGGED_COLUMNS, REJECTED_COLUMNS, typed_frame
from analysis.data.ingest.table import Intake, TooManyRejects, ingest
from analysis.data.ingest.wide import ingest_wide, write_wide_counts
from analysis.data.sources.about import FILE as DESCRIPTION
from analysis.data.sources.about import Description, description_of, read_description, write_description
from analysis.data.sources.links import refuse_links_out
from analysis.data.sources.mapping import About, Mapping
from analysis.faults import BadData, BadParameters, EnvironmentFault

REFUSED = "refused"
"""Name of the folder for the list of rejected rows of a refused file."""

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
    report_progress: Callable[[str], None] = lambda line: None,
) -> tuple[Intake, ...]:
    """Bring a received file into a folder that a run can use as its input, and return what became of its rows.

    There is one intake per table that the file becomes. The folder gets ``<table>.parquet``, ``rejected.parquet``,
    ``flagged.parquet``, the intake report (``intake.json``)
    and ``about.yml``. Files of several tables can be brought into one folder; a table brought in again replaces the one
    before it. Several files of cases, or of their ratings, stand side by side when each has a name. A file refused for
    too many rejects leaves the folder as it was, and its rejects in ``refused/rejected.parquet``; so does a file of
    which one table of several is refused. Where two tables come from files of one name, the lists and reports call the
    second by its table, too: ``book.xlsx (case_ratings)``.

    Parameters
    ----------
    source : str
        Path of the file, or address of a PostgreSQL database.
    mapping : Mapping
        How it becomes a table, or several.
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
        counts come in or the reverse, files of the table that are unnamed, of another day or with due dates of another
        precision, or files of which only a part was replaced when the machine stopped.
    BadParameters
        The mapping, the name or the address of a database is not valid.
    EnvironmentFault
        The folder cannot be written, a file cannot be read, or a database does not answer.
    """
    try:
        with _draft_folder(out, report_progress) as draft:
            tables = mapping.of_each_table()
            stems = [_stem(one.table, name) for one in tables]
            refuse_unfinished(out, unless=_listed(stems))
            folder = _Folder(out, draft)
            intakes = []
            for one, stem in zip(tables, stems, strict=True):
                _refuse_cases_beside_counts(one.table, out)
                _refuse_unlike_files(one, stem, folder, extracted_on)
                description = _description(one, stem, folder, extracted_on)
                read = partial(_bring_in, source, one, draft / f"{stem}.parquet", extracted_on, reject_limit, name)
                try:
                    intake = in_child(read, source, report_progress)
                except TooManyRejects as refused:
                    _write_refused_rows(refused.rejected, draft, out)
                    raise BadData(f"{refused}; see {out / REFUSED / 'rejected.parquet'}") from refused
                intakes.append(_write_lists_and_report(intake, name, folder))
                # A description that says the same already may have been written by hand.
                if folder.description is None or description != folder.description:
                    write_description(description, draft)
            _replace_files(draft, out, _listed(stems))
            shutil.rmtree(out / REFUSED, ignore_errors=True)
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or out}: {error.strerror or error}") from error
    return tuple(intakes)


@dataclass(frozen=True)
class _Folder:
    """A folder as it will be once the draft's files are in it."""

    out: Path
    draft: Path

    def path(self, name: str) -> Path:
        """Return where a file of it stands now: in the draft, or where it is."""
        return self.draft / name if (self.draft / name).is_file() else self.out / name

    @property
    def description(self) -> Description | None:
        """Its ``about.yml``; None where there is none."""
        path = self.path(DESCRIPTION)
        return read_description(path.parent) if path.is_file() else None

    @property
    def reports(self) -> list[IntakeReport]:
        """Its intake report."""
        return read_intake_reports(self.path(REPORT).parent)


def _listed(stems: Iterable[str]) -> str:
    return " and ".join(stems)


def _bring_in(
    source: str,
    mapping: Mapping,
    table: Path,
    extracted_on: date,
    reject_limit: float,
    name: str | None,
    report_progress: Callable[[str], None],
) -> Intake:
    """Return what became of a file's rows; the accepted ones are written, and of a named file their provenance."""
    if mapping.counts is not None:
        return write_wide_counts(ingest_wide(Path(source), mapping, reject_limit=reject_limit), table)
    intake = ingest(
        source, mapping, table, extracted_on=extracted_on, reject_limit=reject_limit, report_progress=report_progress
    )
    if name is not None and mapping.table == "cases":
        report_progress("reading once more where its cases stand")
        write_provenance(source, mapping, intake, table)
    return intake


@contextmanager
def _draft_folder(out: Path, report_progress: Callable[[str], None]) -> Iterator[Path]:
    """Yield a folder in which new files are completed before they replace old ones, locked for one file at a time."""
    out.mkdir(parents=True, exist_ok=True)
    remove_drafts(out.absolute().parent)
    refuse_links_out(out.iterdir())
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


def remove_drafts(parent: Path) -> None:
    """Remove the drafts that killed processes have left in the folders within a folder, such as ``data/raw``.

    A folder that a process is bringing a file into is left alone, and so is what a link leads to.
    """
    for draft in parent.glob(f"*/{_DRAFT}*"):
        if draft.is_symlink() or draft.parent.is_symlink():
            continue
        # One that may not be written in is somebody else's.
        with suppress(OSError, Timeout), FileLock(draft.parent / ".lock").acquire(blocking=False):
            shutil.rmtree(draft, ignore_errors=True)


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
    others = {"cases": ("counts", "margins"), "counts": ("cases",), "margins": ("cases",)}.get(table, ())
    for path in (path for other in others for path in files_of_table(out, other)):
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


def _refuse_unlike_files(mapping: Mapping, stem: str, folder: _Folder, extracted_on: date) -> None:
    """Refuse a file that cannot stand beside others of its table: unnamed, of another day, or with other due dates."""
    out = folder.out
    others = [report for report in folder.reports if report.table == mapping.table and report.stem != stem]
    if not others:
        return
    if mapping.table in (stem, others[0].stem):
        raise BadData(
            f"{out}: {others[0].stem}.parquet is there; several files of {mapping.table} stand side by side when each "
            "has a name: begin in an empty folder and bring each in with --as NAME"
        )
    description = read_description(folder.path(DESCRIPTION).parent)
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


def _write_lists_and_report(intake: Intake, name: str | None, folder: _Folder) -> Intake:
    """Write what stands beside a table, the lists of rows and the reports of all files; return the intake as called."""
    reports, stem = folder.reports, stem_of(intake.table, name)
    others = [other for other in reports if other.stem != stem]
    if any(other.file == intake.file for other in others):
        intake = _called(intake, f"{intake.file} ({stem})")
    report = IntakeReport.of(intake, name)
    # The table of this file replaces the one before it, and its lists and report replace those of that one.
    replaced = {report.file, *(old.file for old in reports if old.stem == report.stem)}
    for listed, frame, types in (
        ("rejected", intake.rejected, REJECTED_COLUMNS),
        ("flagged", intake.flagged, FLAGGED_COLUMNS),
    ):
        rows_of_others = _list_without(replaced, folder.path(f"{listed}.parquet"), types)
        pd.concat([rows_of_others, frame], ignore_index=True).to_parquet(
            folder.draft / f"{listed}.parquet", index=False
        )
    write_intake_reports([*others, report], folder.draft)
    return intake


def _called(intake: Intake, file: str) -> Intake:
    """Return an intake whose file has another name."""
    lists = {"rejected": intake.rejected.assign(file=file), "flagged": intake.flagged.assign(file=file)}
    return replace(
        intake,
        file=file,
        rejected=lists["rejected"].astype(REJECTED_COLUMNS),
        flagged=lists["flagged"].astype(FLAGGED_COLUMNS),
    )


def _description(mapping: Mapping, stem: str, folder: _Folder, extracted_on: date) -> Description:
    """Return the description of a folder once a file is in it.

    Cases or counts say what the folder is; a file of any other table adds what it declares.
    """
    own = description_of(mapping, extracted_on=extracted_on)
    before = folder.description
    if before is None:
        return own
    declared = {
        "extra": _all_extra(mapping, stem, folder.out, before),
        "tables": before.tables | mapping.tables,
        "margins": mapping.parts if mapping.table == "margins" else before.margins,
    }
    if mapping.table not in ("cases", "counts", "margins"):
        return before.model_copy(update=declared)
    others = [report for report in folder.reports if report.table == mapping.table and report.stem != stem]
    if mapping.table == "cases" and others:
        own = description_of(_with_all_sources(mapping, before), extracted_on=extracted_on)
    return own.model_copy(update=declared)


def _all_extra(mapping: Mapping, stem: str, out: Path, before: Description) -> Extra:
    """Return the columns beyond the contracts of all files of a folder, once a file is in it.

    Raises
    ------
    BadData
        Two files of the table give one name to columns of different kinds.
    """
    table, new = mapping.table, mapping.extra_kinds
    others = {name for path in files_of_table(out, table) if path.stem != stem for name in parquet_schema(path).names}
    kept = {name: kind for name, kind in before.extra.get(table, {}).items() if name in others}
    for name in kept.keys() & new.keys():
        if kept[name] != new[name]:
            raise BadData(
                f"{out}: extra.{name} is a {kept[name]} in another file of {table} and a {new[name]} in this one; "
                "the same kind was expected, or another name"
            )
    # In the order of before, so that a file brought in again changes nothing.
    first = {name: kind for name, kind in before.extra.get(table, {}).items() if name in kept or name in new}
    extra = before.extra | {table: first | new}
    return {name: columns for name, columns in extra.items() if columns}


def _with_all_sources(mapping: Mapping, before: Description) -> Mapping:
    """Return the mapping described as all files of cases together: the first title, and every source."""
    new = mapping.about
    sources = [before.source] if new.source in before.source.split("; ") else [before.source, new.source]
    about = About(title=before.title, source="; ".join(sources), simulated=before.simulated or new.simulated)
    return mapping.model_copy(update={"about": about})


def _list_without(files: set[str], path: Path, types: dict[str, str]) -> pd.DataFrame:
    """Return a list of rejected or flagged rows without those of some files."""
    if not path.is_file():
        return typed_frame([], types)
    listed = pd.read_parquet(path)
    return listed[~listed["file"].isin(files)].astype(types)
