"""Read a folder of our own tables as a run's input: what `archive` wrote there, and tables that others put there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Mapping as Columns
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa

from analysis.data.contracts import TABLES, RatingCounts, check, columns_of, with_missing_columns
from analysis.data.declared import (
    MAY_HAVE_EXTRA,
    DeclaredTable,
    ExtraKind,
    columns_of_table,
    declared_table,
)
from analysis.data.ingest.across_files import (
    CaseFile,
    concatenate_files,
    files_of_table,
    lacking_columns,
    merge_cases,
    parquet_schema,
    row_count,
    write_provenance,
)
from analysis.data.ingest.archive import refuse_unfinished
from analysis.data.ingest.cases_beside_counts import refuse_undeclared_cases
from analysis.data.ingest.intake_report import IntakeReport, read_intake_reports
from analysis.data.ingest.listed_rows import FLAGGED_COLUMNS, REJECTED_COLUMNS, typed_frame
from analysis.data.ingest.period_overlap import refuse_overlapping_periods
from analysis.data.ingest.table import ingest
from analysis.data.margins import Parts, impossible
from analysis.data.sources.about import Description, read_description
from analysis.data.sources.column_source import ExtraSource, Source
from analysis.data.sources.links import refuse_links_out
from analysis.data.sources.mapping import Mapping, required_columns
from analysis.data.sql import scratch_connection
from analysis.faults import BadData, BadParameters

SMALL_TABLES = ("workload", "ratings", "survey", "catalogue", "progress")
"""Small tables of ours, which are checked against their contract as a whole, not row by row."""

COUNTED_TABLES = (*SMALL_TABLES, "counts", "margins")
"""These, and those that stand in the place of cases."""


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
        Parquet files of `analysis.data.contracts.Cases` and `CaseRatings`, with the columns declared beyond them. Where
        there are counts, too, the cases are those of the days that ``about.yml`` names.
    declared : dict
        Name → declared table.
    case_tables : dict
        Stem of a report of cases → Parquet file of the cases accepted.
    small_tables : dict
        Name → table: those of `SMALL_TABLES`, and `counts` and `margins` where there are no cases.
    """

    description: Description
    reports: list[IntakeReport]
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    cases: Path | None = None
    case_ratings: Path | None = None
    declared: dict[str, DeclaredTable] = field(default_factory=dict)
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
        It is no such folder, holds a link that leads out of it, or a table does not match its contract or its intake
        report.
    BadParameters
        It is not there, or its ``about.yml`` is wrong.
    """
    if not folder.exists():
        raise BadParameters(f"{folder}: there is no such folder")
    if not folder.is_dir():
        raise BadData(f"{folder}: without a source_file the input is a folder holding our tables and about.yml")
    refuse_links_out(folder.iterdir())
    refuse_unfinished(folder)
    files = {name: files_of_table(folder, name) for name in TABLES}
    counted = bool(files["counts"]) or bool(files["margins"])
    if not files["cases"] and not counted:
        raise BadData(f"{folder}: cases.parquet, or counts.parquet or margins.parquet, was expected; neither is there")
    contents = FolderContents(
        description=read_description(folder),
        reports=read_intake_reports(folder),
        rejected=_read_list(folder / "rejected.parquet", REJECTED_COLUMNS),
        flagged=_read_list(folder / "flagged.parquet", FLAGGED_COLUMNS),
    )
    description = contents.description
    refuse_undeclared_cases(folder, files, description.cases_beside_counts)
    files |= {name: files_of_table(folder, name) for name in description.tables}
    _refuse_other_columns(folder, files, description)
    contents.small_tables = {
        name: read_table(folder, name, description.columns(name)) for name in COUNTED_TABLES if files[name]
    }
    if "margins" in contents.small_tables:
        _refuse_impossible_parts(contents.small_tables["margins"], description.margins, where=str(files["margins"][0]))
    validation = _FileValidation(contents, as_of, reject_limit, tables_folder, report_progress)
    declared = {name: validation.case_file(files[name][0], name) for name in description.tables}
    for name, file in declared.items():
        path = _as_one_file([file.table], name, description, tables_folder)
        contents.declared[name] = declared_table(path, description.tables[name], description.extra.get(name, {}))
    if counted:
        beside = [validation.case_file(path, "cases") for path in files["cases"]]
        _refuse_other_rows(
            [file.report for file in (*beside, *declared.values())], folder, [*beside, *declared.values()]
        )
        contents.case_tables = {file.report.stem: file.table for file in beside}
        for file in beside:
            contents.cases = _as_one_file([file.table], "cases", description, tables_folder)
        return contents
    contents.small_tables.pop("ratings", None)  # they are counted from the ratings of the cases
    several = len(files["cases"]) > 1
    cases = [validation.case_file(path, "cases", is_one_of_several=several) for path in files["cases"]]
    ratings = [validation.case_file(path, "case_ratings") for path in files["case_ratings"]]
    _refuse_other_rows(contents.reports, folder, [*cases, *ratings, *declared.values()])
    if several:
        report_progress("looking for cases that stand in more than one file")
        cases = _merge(contents, cases, tables_folder / "together")
    else:
        contents.cases = _as_one_file([cases[0].table], "cases", description, tables_folder)
    contents.case_tables = {file.report.stem: file.table for file in cases}
    if ratings:
        tables = [file.table for file in ratings]
        contents.case_ratings = _as_one_file(tables, "case_ratings", description, tables_folder)
    return contents


_IS_STORED_AS: dict[ExtraKind, Callable[[pa.DataType], bool]] = {
    "code": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind),
    "flag": pa.types.is_boolean,
    "number": lambda kind: pa.types.is_floating(kind) or pa.types.is_integer(kind),
    "time": pa.types.is_timestamp,
}
"""Kind of a column beyond the contracts → whether a type of Parquet holds it."""


def _refuse_other_columns(folder: Path, files: dict[str, list[Path]], description: Description) -> None:
    """Refuse files of a folder with other columns beyond their contract than its ``about.yml`` declares."""
    for table in (*MAY_HAVE_EXTRA, *description.tables):
        extra, seen = description.extra.get(table, {}), set()
        if not files[table]:
            declares = [key for key, names in (("tables", description.tables), ("extra", extra)) if table in names]
            if extra or declares:
                raise BadData(f"{folder}: about.yml declares {table}, and {table}.parquet is not there")
            continue
        for path in files[table]:
            for one in parquet_schema(path):
                if one.name not in description.columns(table):
                    raise BadData(
                        f"{path}: the column {one.name!r} is none of {table}; it was expected under extra of "
                        "about.yml, with its kind (code, flag, number or time), or not at all"
                    )
                if one.name in extra and not (pa.types.is_null(one.type) or _IS_STORED_AS[extra[one.name]](one.type)):
                    raise BadData(
                        f"{path}: the column {one.name!r} holds {one.type}; extra of about.yml says that it is a "
                        f"{extra[one.name]}"
                    )
                seen.add(one.name)
        for name in extra:
            if name not in seen:
                raise BadData(
                    f"{files[table][0]}: there is no column {name!r}, which extra of about.yml declares for {table}"
                )


def _refuse_impossible_parts(margins: pd.DataFrame, parts: Parts, *, where: str) -> None:
    """Refuse margins put into a folder with a part larger than its whole; the door rejects such rows one by one."""
    for of in ("received", "resolved"):
        for names, terms in impossible(parts, of):
            left = sum(sign * (margins[name] if sign > 0 else margins[name].fillna(0)) for sign, name in terms)
            rows = margins.index[(left < 0).fillna(False)]
            if len(rows):
                raise BadData(f"{where} row {rows[0] + 1}: {', '.join(names)}: the part is larger than the whole")


def _as_one_file(files: list[Path], table: str, description: Description, tables_folder: Path) -> Path:
    """Return one file of a table with all of its columns: the one there is, or a new one of all rows."""
    columns = description.columns(table)
    if len(files) == 1 and not lacking_columns(files[0], columns):
        return files[0]
    into = tables_folder / f"all-{table}.parquet"
    with scratch_connection(tables_folder, reads=files) as (_, connection):
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
    extra = description.extra.get(table, {})
    columns = columns_of_table(table, {}, description.tables)
    required = {*required_columns(table, description.tables)}
    required |= {name for name, rule in columns.items() if not rule.nullable}
    return Mapping(
        about=description.about,
        format="parquet",
        tables={table: description.tables[table]} if table in description.tables else {},
        table=table,
        dates=("yyyy-mm-dd HH:MM:SS",),
        due_precision=description.due_precision,
        columns={name: Source(column=name) for name, rule in columns.items() if name in header or name in required},
        extra={name: ExtraSource(column=name, kind=kind) for name, kind in extra.items() if name in header},
    )


@dataclass(frozen=True)
class _FileValidation:
    """The validation of the files of cases, ratings and declared tables that have no intake report, being by others."""

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
    merged = merge_cases(cases, contents.flagged, into, contents.description.columns("cases"))
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


def read_table(folder: Path, name: str, columns: Columns[str, pandera.Column] | None = None) -> pd.DataFrame:
    """Return a small table of a folder; nullable columns that its file lacks are missing in every row.

    Parameters
    ----------
    folder : Path
        A folder of our tables.
    name : str
        Name of the table.
    columns : mapping, optional
        All its columns and their contracts, where it has more than its contract.

    Raises
    ------
    BadData
        The file is not Parquet, does not keep the contract, or holds overlapping periods of one body.
    """
    path, contract = folder / f"{name}.parquet", TABLES[name]
    extra = {column: rule for column, rule in (columns or {}).items() if column not in columns_of(contract)}
    frame = read_parquet(path)
    if name == "ratings" and {"rating", "n"} <= set(frame):
        frame = check(with_missing_columns(frame, RatingCounts), RatingCounts, where=str(path))
        satisfied = frame["n"].where(frame["rating"] != "dissatisfied", 0)
        frame = frame.assign(satisfied=satisfied, respondents=frame["n"]).drop(columns=["rating", "n"])
    frame = check(with_missing_columns(frame, contract), contract, where=str(path), extra=extra)
    if "period" in frame:
        refuse_overlapping_periods(frame[["agency", "period"]].drop_duplicates().to_numpy(), where=str(path))
    return frame


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
