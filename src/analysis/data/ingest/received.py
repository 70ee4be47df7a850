"""Read a run's input, a received file or a folder of our tables, as the tables that indicators are made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from analysis.data.child_process import in_child
from analysis.data.contracts import Catalogue, Progress, Ratings, Survey, Workload, empty
from analysis.data.counting import DuePrecision, Frequency, count_cases, not_yet_known
from analysis.data.declared import DeclaredTable, Extra
from analysis.data.ingest.archive import archive
from analysis.data.ingest.cases_beside_counts import refuse_other_counts
from analysis.data.ingest.folder_contents import read_folder, read_table
from analysis.data.ingest.intake_report import ACCEPTED, ACCEPTED_CODES, IntakeReport, flag_and_class_counts
from analysis.data.ingest.names import Names, merged_names
from analysis.data.ingest.table import TooManyRejects, ingest
from analysis.data.ingest.wide import ingest_wide
from analysis.data.margins import MarginTable, Parts
from analysis.data.sources.about import FILE, DaysOfCases, with_folder_description
from analysis.data.sources.links import refuse_links_out
from analysis.data.sources.mapping import About, Mapping, read_mapping
from analysis.faults import BadData

INTAKE_COLUMNS = {"file": "str", "table": "str", "period": "str", "code": "str", "rows": "int64"}
Basis = Literal["exact", "reconstructed"]


@dataclass(frozen=True)
class Calendar:
    """The reporting periods of a plan.

    Attributes
    ----------
    frequency : {"M", "Q"}
        Whether they are reporting months or quarters.
    cutoff_day : int or None
        Day on which a reporting month ends, see `analysis.periods`.
    """

    frequency: Frequency
    cutoff_day: int | None


@dataclass(frozen=True)
class RunInput:
    """Everything a run knows about its input.

    Attributes
    ----------
    about : About
        Where the data comes from and whether it is simulated.
    basis : {"exact", "reconstructed"}
        Whether the data was taken on the day the run looks back to, or later, so that the state of that day is
        reconstructed from dates.
    counts, workload, ratings, survey, catalogue, progress : pd.DataFrame
        See `analysis.data.contracts`; empty where the input has none.
    intake : pd.DataFrame
        `file, table, period, code, rows`: the rows that came in by what became of them: ``accepted``,
        ``not_yet_known`` (filed after the day the run looks back to) or the code of a reject. `period` is missing where
        rows have none.
    rejected : pd.DataFrame
        `file, line` (1-based, physical), `code, reason, raw`, one row per rejected row.
    flagged : pd.DataFrame
        `code, rows`: accepted rows that were flagged or counted apart.
    cases : Path or None
        Parquet file of `analysis.data.contracts.Cases`, when the input is cases.
    cases_of_days : tuple or None
        Such a file beside counts, and the days whose cases it holds; no indicator is counted from it.
    due_precision : {"day", "instant"}
        Whether the due dates of its cases are days or moments.
    case_ratings : Path or None
        Parquet file of `analysis.data.contracts.CaseRatings`, when the input is cases and has their ratings.
    extra : dict
        Table → column beyond its contract → kind (``code``, ``flag``, ``number``, ``time``), of `cases`,
        `case_ratings`, `counts` and the declared tables; tables without such columns are left out.
    tables : dict
        Name → declared table.
    margins : MarginTable or None
        Whole counts and parts of them. Where the input has them and no `counts`, the whole counts are its `counts`.
    names : dict
        Dimension → code → how the accepted rows spell it, where that is otherwise than the code.
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
    cases_of_days: tuple[Path, DaysOfCases] | None = None
    case_ratings: Path | None = None
    extra: Extra = field(default_factory=dict)
    tables: dict[str, DeclaredTable] = field(default_factory=dict)
    margins: MarginTable | None = None
    names: Names = field(default_factory=dict)

    def __post_init__(self) -> None:
        is_rejected = ~self.intake["code"].isin(ACCEPTED_CODES)
        if self.intake.loc[is_rejected, "rows"].sum() != len(self.rejected):
            raise AssertionError("the rows counted as rejected are not the rows kept as rejected")

    def cases_of(self, first: date, last: date) -> Path | None:
        """Return the file of the cases of some days; None where they are not all there.

        Parameters
        ----------
        first, last : date
            The first and the last of the days.
        """
        if self.cases_of_days is None:
            return self.cases
        path, days = self.cases_of_days
        return path if days.first_day <= first and last <= days.last_day else None

    @property
    def cases_from(self) -> date | None:
        """The day from which every case is there, of cases beside counts; None where no case is left out."""
        return self.cases_of_days[1].first_day if self.cases_of_days else None


def receive(
    input_path: Path,
    source_file: Path | None,
    *,
    as_of: date,
    calendar: Calendar,
    reject_limit: float,
    tables_folder: Path,
    report_progress: Callable[[str], None] = lambda line: None,
) -> RunInput:
    """Return the tables in an input.

    Parameters
    ----------
    input_path : Path
        With a mapping, the received file; without, a folder of our own tables as Parquet with an ``about.yml``, as
        ``dunghen ingest`` and ``dunghen demo`` write it.
    source_file : Path or None
        The mapping.
    as_of : date
        Day up to which things were known.
    calendar : Calendar
        The plan's periods.
    reject_limit : float
        Share of a file's rows (0–1) that may be rejected.
    tables_folder : Path
        Folder that receives the accepted rows as Parquet.
    report_progress : callable
        Called with one line per step.

    Raises
    ------
    BadData
        The input is not what the mapping or the contracts say; the message names file, line, column, value and what was
        expected.
    BadParameters
        The mapping or ``about.yml`` is wrong.
    """
    read: Callable[[Callable[[str], None]], RunInput]
    if source_file is None:
        read = partial(_receive_tables, input_path, as_of, calendar, reject_limit, tables_folder)
        return in_child(read, str(input_path), report_progress)
    mapping = with_folder_description(read_mapping(source_file), str(input_path))
    if mapping.also:
        read = partial(_receive_several, input_path, mapping, as_of, calendar, reject_limit, tables_folder)
    elif mapping.counts is not None:
        read = partial(_receive_wide, input_path, mapping, as_of, reject_limit)
    else:
        read = partial(_receive_mapped, input_path, mapping, as_of, calendar, reject_limit, tables_folder)
    return in_child(read, str(input_path), report_progress)


def content_hash(input_path: Path) -> str:
    """Return the SHA-256 of an input: of a file and the ``about.yml`` beside it, or of a folder's files, in order.

    The names of the files are hashed too. Files whose name starts with a dot, such as a lock, are left out.

    Raises
    ------
    BadData
        One of them, other than the input itself, is a link that leads out of its folder.
    """
    digest = hashlib.sha256()
    files = sorted(input_path.iterdir()) if input_path.is_dir() else [input_path, input_path.with_name(FILE)]
    refuse_links_out(path for path in files if path != input_path)
    for path in files:
        if path.is_file() and (path == input_path or not path.name.startswith(".")):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while chunk := file.read(1 << 22):
                    digest.update(chunk)
    return digest.hexdigest()


def _receive_wide(
    path: Path, mapping: Mapping, as_of: date, reject_limit: float, _report_progress: Callable[[str], None]
) -> RunInput:
    wide = ingest_wide(path, mapping, reject_limit=reject_limit)
    return RunInput(
        about=mapping.about,
        basis=_basis(mapping.extracted_on or as_of, as_of),
        counts=wide.counts,
        workload=empty(Workload),
        ratings=empty(Ratings),
        survey=empty(Survey),
        catalogue=empty(Catalogue),
        progress=empty(Progress),
        intake=wide.tally.assign(file=wide.file, table="counts")[list(INTAKE_COLUMNS)].astype(INTAKE_COLUMNS),
        rejected=wide.rejected,
        flagged=flag_and_class_counts([]),
        cases=None,
        due_precision=mapping.due_precision,
        names=wide.names,
    )


def _receive_mapped(
    path: Path,
    mapping: Mapping,
    as_of: date,
    calendar: Calendar,
    reject_limit: float,
    tables_folder: Path,
    report_progress: Callable[[str], None],
) -> RunInput:
    _refuse_uncounted(path, [mapping.table])
    extracted_on = mapping.extracted_on or as_of
    into = tables_folder / f"{mapping.table}.parquet"
    intake = ingest(
        str(path),
        mapping,
        into,
        extracted_on=extracted_on,
        reject_limit=reject_limit,
        report_progress=report_progress,
    )
    report = IntakeReport.of(intake)
    record = _InputRecord(
        about=mapping.about,
        extracted_on=extracted_on,
        due_precision=mapping.due_precision,
        reports=[report],
        rejected=intake.rejected,
        case_tables={report.stem: into},
        extra={mapping.table: mapping.extra_kinds} if mapping.extra else {},
        parts=mapping.parts,
    )
    if mapping.table != "cases":
        return _received(record, as_of, **{mapping.table: read_table(tables_folder, mapping.table, mapping.contract)})
    return _received_cases(record, into, None, as_of, calendar)


def _refuse_uncounted(path: Path, tables: Sequence[str]) -> None:
    if {"cases", "counts", "margins"}.isdisjoint(tables):
        raise BadData(
            f"{path}: the mapping makes {' and '.join(tables)} of it, and a run needs cases, counts or margins; bring "
            "several files together in one folder with dunghen ingest"
        )


def _receive_tables(
    folder: Path,
    as_of: date,
    calendar: Calendar,
    reject_limit: float,
    tables_folder: Path,
    report_progress: Callable[[str], None],
) -> RunInput:
    contents = read_folder(
        folder, as_of=as_of, reject_limit=reject_limit, tables_folder=tables_folder, report_progress=report_progress
    )
    record = _InputRecord(
        about=contents.description.about,
        extracted_on=contents.description.extracted_on or as_of,
        due_precision=contents.description.due_precision,
        reports=contents.reports,
        rejected=contents.rejected,
        case_tables=contents.case_tables,
        extra=contents.description.extra,
        tables=contents.declared,
        parts=contents.description.margins,
    )
    if contents.cases is None:
        return _received(record, as_of, **contents.small_tables)
    days = contents.description.cases_beside_counts
    if days is not None:
        _refuse_older(record, as_of)
        refuse_other_counts(
            contents.cases,
            contents.small_tables["counts"],
            days,
            extracted_on=record.extracted_on,
            cutoff_day=calendar.cutoff_day,
            frequency=calendar.frequency,
            due_precision=record.due_precision,
        )
        return _received(record, as_of, cases_of_days=(contents.cases, days), **contents.small_tables)
    return _received_cases(record, contents.cases, contents.case_ratings, as_of, calendar, **contents.small_tables)


def _receive_several(
    path: Path,
    mapping: Mapping,
    as_of: date,
    calendar: Calendar,
    reject_limit: float,
    tables_folder: Path,
    report_progress: Callable[[str], None],
) -> RunInput:
    """Bring a file that becomes several tables into a folder, and receive that."""
    _refuse_uncounted(path, [mapping.table, *mapping.also])
    folder = tables_folder / "received"
    try:
        archive(
            str(path),
            mapping,
            folder,
            extracted_on=mapping.extracted_on or as_of,
            reject_limit=reject_limit,
            report_progress=report_progress,
        )
    except BadData as fault:
        # The list of rejected rows that the sentence names is gone when the run ends.
        if isinstance(fault.__cause__, TooManyRejects):
            raise fault.__cause__ from None
        raise
    return _receive_tables(folder, as_of, calendar, reject_limit, tables_folder, report_progress)


@dataclass(frozen=True)
class _InputRecord:
    """What is known of an input before its rows are counted."""

    about: About
    extracted_on: date
    due_precision: DuePrecision
    reports: list[IntakeReport]
    rejected: pd.DataFrame
    case_tables: dict[str, Path] = field(default_factory=dict)
    """Stem of a report of cases → Parquet file of the cases accepted."""
    extra: Extra = field(default_factory=dict)
    tables: dict[str, DeclaredTable] = field(default_factory=dict)
    parts: Parts = field(default_factory=dict)


def _received_cases(
    record: _InputRecord,
    cases: Path,
    case_ratings: Path | None,
    as_of: date,
    calendar: Calendar,
    **others: pd.DataFrame,
) -> RunInput:
    _refuse_older(record, as_of)
    periods: dict[str, Any] = {"as_of": as_of, "cutoff_day": calendar.cutoff_day, "frequency": calendar.frequency}
    counts = count_cases(cases, **periods, due_precision=record.due_precision)
    return _received(record, as_of, counts=counts, cases=cases, case_ratings=case_ratings, **others)


def _refuse_older(record: _InputRecord, as_of: date) -> None:
    if record.extracted_on < as_of:
        raise BadData(
            f"{record.reports[0].file}: taken from its system on {record.extracted_on.isoformat()}, "
            f"before as_of {as_of.isoformat()}; data of that day or later was expected"
        )


def _received(
    record: _InputRecord,
    as_of: date,
    *,
    counts: pd.DataFrame | None = None,
    margins: pd.DataFrame | None = None,
    cases: Path | None = None,
    cases_of_days: tuple[Path, DaysOfCases] | None = None,
    case_ratings: Path | None = None,
    **others: pd.DataFrame,
) -> RunInput:
    tables_of_cases = record.case_tables if cases or cases_of_days else {}
    later = {stem: not_yet_known(path, as_of=as_of) for stem, path in tables_of_cases.items()}
    for name, table in record.tables.items():
        later[name] = not_yet_known(table.path, as_of=as_of, known_from=table.known_from)
    margin_table = None if margins is None else MarginTable(margins, record.parts)
    if counts is None:
        assert margin_table
        counts = margin_table.counts()
    tallies = [report.tally(not_yet_known=later.get(report.stem, 0)) for report in record.reports]
    if cases is None and {"counts", "margins"}.isdisjoint(report.table for report in record.reports):
        by_period = counts.groupby("period", as_index=False).size().rename(columns={"size": "rows"})
        tallies.append(by_period.assign(file="counts.parquet", table="counts", code=ACCEPTED))
    return RunInput(
        about=record.about,
        basis=_basis(record.extracted_on, as_of),
        counts=counts,
        workload=others.get("workload", empty(Workload)),
        ratings=others.get("ratings", empty(Ratings)),
        survey=others.get("survey", empty(Survey)),
        catalogue=others.get("catalogue", empty(Catalogue)),
        progress=others.get("progress", empty(Progress)),
        intake=pd.concat(tallies, ignore_index=True).reindex(columns=list(INTAKE_COLUMNS)).astype(INTAKE_COLUMNS),
        rejected=record.rejected,
        flagged=flag_and_class_counts(record.reports),
        cases=cases,
        due_precision=record.due_precision,
        cases_of_days=cases_of_days,
        case_ratings=case_ratings,
        extra=record.extra,
        tables=record.tables,
        margins=margin_table,
        names=merged_names(report.names for report in record.reports),
    )


def _basis(extracted_on: date, as_of: date) -> Basis:
    return "reconstructed" if extracted_on > as_of else "exact"
