"""The results of one run, and how they are stored so that every notebook reads the same numbers."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Self

import pandas as pd
from filelock import FileLock, Timeout

from analysis.attainment.situation import CountedSituation
from analysis.data.ingest.received import Basis
from analysis.data.sources.mapping import About
from analysis.durable import flush
from analysis.forecast.rest_of_year import Forecast
from analysis.indicators.disclosure import are_hidden, without_hidden
from analysis.parameters import RunParameters
from analysis.plan.plan import Plan
from analysis.plan.record import TOTAL
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.readings import DrawSettings


class Tables:
    """The tables of one stage; those of stored results are read when they are first asked for."""

    @classmethod
    def stored_in(cls, folder: Path, **plain: Any) -> Self:
        """Return the tables whose files a folder holds.

        Parameters
        ----------
        folder : Path
            A Parquet file per table, named by it.
        **plain
            The attributes that are no tables.
        """
        tables = object.__new__(cls)
        vars(tables).update(plain, _folder=folder)
        return tables

    @classmethod
    def frames(cls) -> list[str]:
        """Return the names of the attributes that are tables."""
        return [one.name for one in fields(cls) if one.type == "pd.DataFrame"]  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.frames())})"

    def __getattr__(self, name: str) -> pd.DataFrame:
        # Called for what is not there yet only.
        if "_folder" not in vars(self) or name not in type(self).frames():
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        frame = pd.read_parquet(vars(self)["_folder"] / f"{name}.parquet")
        vars(self)[name] = frame
        return frame


@dataclass(frozen=True, eq=False, repr=False)
class DataTables(Tables):
    """What was received.

    Attributes
    ----------
    about : About
        Where the data comes from, and whether it is simulated.
    basis : {"exact", "reconstructed"}
        Whether the data was taken on the day the run looks back to, or later and rebuilt from dates.
    compared_with : date or None
        Day of the archived extract before this one, which `revisions` compares with.
    form_filed : bool
        Whether the official form of the quarter stands beside the data.
    intake : pd.DataFrame
        `file, table, code, rows`: what came in for the periods known, by what became of it.
    rejected : pd.DataFrame
        `file, line, code, reason, raw`, one row per row that was not taken.
    flagged : pd.DataFrame
        `code, rows`: cases that were taken and are worth a look, or are counted apart.
    names : pd.DataFrame
        `dimension, code, name`: how the accepted rows spell the codes that they do not write as codes.
    counts, ratings : pd.DataFrame
        Cases and ratings counted, up to the quarter; see `Counts` and `Ratings` in `data.contracts`.
    catalogue, progress : pd.DataFrame
        Procedures and dated items as received; see `Catalogue` and `Progress` in `data.contracts`.
    revisions : pd.DataFrame
        See `analysis.data.revisions`.
    form_by_agency, form_by_field, reconciliation, form_faults : pd.DataFrame
        See `analysis.data.form06a.filed.QuarterForm`.
    """

    about: About
    basis: Basis
    compared_with: date | None
    form_filed: bool
    intake: pd.DataFrame
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    names: pd.DataFrame
    counts: pd.DataFrame
    ratings: pd.DataFrame
    catalogue: pd.DataFrame
    progress: pd.DataFrame
    revisions: pd.DataFrame
    form_by_agency: pd.DataFrame
    form_by_field: pd.DataFrame
    reconciliation: pd.DataFrame
    form_faults: pd.DataFrame

    @property
    def counted_from_cases(self) -> bool:
        """Whether the counts were made from cases received, and did not come added up."""
        tables = set(self.intake["table"])
        return "cases" in tables and tables.isdisjoint({"counts", "margins"})


@dataclass(frozen=True, eq=False, repr=False)
class IndicatorTables(Tables):
    """What is measured on what was received.

    Attributes
    ----------
    series : pd.DataFrame
        `indicator, dimension, series, period, numerator, denominator, value` and more, up to the quarter; see
        `indicators.measured.indicator_series`.
    cells : pd.DataFrame
        The same by all dimensions at once; see `indicators.measured.joint_cells`.
    hidden : pd.DataFrame
        `indicator, dimension, series, period`: the cells of `series`, and of its sums over quarters and the year so
        far, that a published folder hides; see `indicators.disclosure.hidden_cells`.
    surveys : pd.DataFrame
        Rounds of every survey; see `indicators.satisfaction`.
    agency_months : pd.DataFrame
        `period, agency, received, resolved` in cases.
    timeliness : pd.DataFrame
        `period, timeliness, resolved` in cases.
    coverage, changes : pd.DataFrame
        Procedures behind the online share; see `indicators.reporting`.
    """

    series: pd.DataFrame
    cells: pd.DataFrame
    hidden: pd.DataFrame
    surveys: pd.DataFrame
    agency_months: pd.DataFrame
    timeliness: pd.DataFrame
    coverage: pd.DataFrame
    changes: pd.DataFrame


@dataclass(frozen=True, eq=False, repr=False)
class ForecastTables(Tables):
    """Joint draws of the rest of the year, and what they are made of.

    Attributes
    ----------
    draws, components, diagnostics, weights, breaks : pd.DataFrame
        See `forecast.rest_of_year.Forecast`.
    received_late : pd.DataFrame
        See `forecast.open_cases.lateness_nowcast`; a row per field of the cases received in the quarter.
    """

    draws: pd.DataFrame
    components: pd.DataFrame
    diagnostics: pd.DataFrame
    weights: pd.DataFrame
    breaks: pd.DataFrame
    received_late: pd.DataFrame


@dataclass(frozen=True, eq=False, repr=False)
class AttainmentTables(Tables):
    """How every promise stands.

    Attributes
    ----------
    promises, baselines, run_rate, items_pace, items_missing, items_curve, watched : pd.DataFrame
        See `attainment.probability.Attainment`.
    gap : pd.DataFrame
        See `attainment.year_end`.
    in_no_member : pd.DataFrame
        See `attainment.in_no_member`: what a promise counts and, being judged over members, does not judge.
    sensitivity : pd.DataFrame
        See `attainment.sensitivity`.
    previous : pd.DataFrame
        The promises as they stood one quarter earlier, recomputed from that origin.
    """

    promises: pd.DataFrame
    baselines: pd.DataFrame
    run_rate: pd.DataFrame
    items_pace: pd.DataFrame
    items_missing: pd.DataFrame
    items_curve: pd.DataFrame
    watched: pd.DataFrame
    gap: pd.DataFrame
    in_no_member: pd.DataFrame
    sensitivity: pd.DataFrame
    previous: pd.DataFrame

    def of(self, table: str, target: str, part: str | None = None) -> pd.DataFrame:
        """Return the rows of one table that are on a promise.

        Parameters
        ----------
        table : str
            Name of the table.
        target : str
            Id of the promise.
        part : str, optional
            One of its parts only, or the empty string for the promise's own row.
        """
        rows: pd.DataFrame = getattr(self, table)
        mine = rows["target"] == target
        return rows[mine if part is None else mine & (rows["part"] == part)]


@dataclass(frozen=True, eq=False, repr=False)
class RecordTables(Tables):
    """How right the same forecasts would have been in earlier years.

    Attributes
    ----------
    scored, reliability, totals, recounted : pd.DataFrame
        See `forecast.backtest.track_record.TrackRecord`.
    """

    scored: pd.DataFrame
    reliability: pd.DataFrame
    totals: pd.DataFrame
    recounted: pd.DataFrame


STAGES: dict[str, type[Tables]] = {
    "data": DataTables,
    "indicators": IndicatorTables,
    "forecast": ForecastTables,
    "attainment": AttainmentTables,
    "record": RecordTables,
}


@dataclass(frozen=True, eq=False)
class Results:
    """One quarter of one plan.

    Attributes
    ----------
    plan : Plan
        The plan as it reads under the answers in force, with the data's names of what it does not name itself.
    fingerprint : Fingerprint
        What the numbers depend on.
    version : str
        Version of the project that computed them.
    data : DataTables
        What was received.
    indicators : IndicatorTables
        What is measured on it.
    forecast : ForecastTables
        Joint draws of the rest of the year.
    attainment : AttainmentTables
        How every promise stands.
    record : RecordTables
        How right such forecasts have been.
    drawn : DrawSettings or None
        How many paths were drawn, and from which seed; None in what versions before this attribute stored.
    """

    plan: Plan
    fingerprint: Fingerprint
    version: str
    data: DataTables
    indicators: IndicatorTables
    forecast: ForecastTables
    attainment: AttainmentTables
    record: RecordTables
    drawn: DrawSettings | None = None

    @property
    def simulated(self) -> bool:
        """Whether every page must say that the data is made up."""
        return self.data.about.simulated

    def series(self, indicator: str, dimension: str = TOTAL, series: str = TOTAL) -> pd.DataFrame:
        """Return one series of one indicator in time order.

        Parameters
        ----------
        indicator, dimension, series : str
            Their codes; without any, the whole.
        """
        rows = self.indicators.series
        mine = (rows["indicator"] == indicator) & (rows["dimension"] == dimension) & (rows["series"] == series)
        return rows[mine].sort_values("period", ignore_index=True)

    def promise(self, target: str, part: str = "") -> pd.Series:
        """Return the row of a target or of one of its parts.

        Parameters
        ----------
        target, part : str
            Their ids; the target's own row has an empty part.
        """
        return self.attainment.of("promises", target, part).iloc[0]

    def published(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return counts as a published folder shows them: with a column `hidden`, their numbers missing where it holds.

        Parameters
        ----------
        rows : pd.DataFrame
            `indicator, dimension, series, period` and numbers: rows of `IndicatorTables.series`, or their sums, whose
            period is a quarter (``2021Q3``) or the year so far (``2021``).
        """
        return without_hidden(rows, self.indicators.hidden)

    @property
    def published_gap(self) -> pd.DataFrame:
        """The members of `AttainmentTables.gap` whose counts of the year so far a published folder shows."""
        held = self.attainment.gap
        indicators = self.attainment.promises.set_index(["target", "part"])["indicator"]
        asked = indicators.reindex(pd.MultiIndex.from_frame(held[["target", "part"]])).to_numpy()
        rows = held[["dimension", "series"]].assign(indicator=asked, period=str(self.plan.year))
        return held[~are_hidden(rows, self.indicators.hidden)]

    def counted_situation(self, run: RunParameters) -> CountedSituation:
        """Return what counts and draws say, as promises on shares and means are judged by."""
        made = self.forecast
        forecast = Forecast(made.draws, made.components, made.diagnostics, made.weights, made.breaks, short=())
        return CountedSituation(
            self.plan, run.quarter_period, self.indicators.series, forecast, run.draw_count, run.seed
        )

    def store(self, folder: Path) -> None:
        """Write the results to a folder, whole or not at all."""
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        part.mkdir(parents=True)
        try:
            for stage, kind in STAGES.items():
                (part / stage).mkdir()
                for name in kind.frames():
                    getattr(getattr(self, stage), name).to_parquet(part / stage / f"{name}.parquet", index=False)
            data = self.data
            kept = {
                "plan": self.plan.model_dump(mode="json", by_alias=True),
                "fingerprint": vars(self.fingerprint),
                "version": self.version,
                "about": data.about.model_dump(mode="json"),
                "basis": data.basis,
                "compared_with": data.compared_with.isoformat() if data.compared_with else None,
                "form_filed": data.form_filed,
                "drawn": vars(self.drawn) if self.drawn else None,
            }
            (part / "results.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
            # The folder's final name must not reach the disk before its files: it would pass for whole results.
            for path in (*part.rglob("*"), part):
                flush(path)
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
        except BaseException as error:
            shutil.rmtree(part, ignore_errors=True)
            if isinstance(error, OSError) and error.filename is None:
                # Parquet's writer does not say where.
                told = error.strerror or str(error)
                raise OSError(error.errno or errno.EIO, told, str(folder)) from error
            raise

    @staticmethod
    def are_complete_in(folder: Path) -> bool:
        """Return whether a folder holds every file of the results: somebody may have tidied some away."""
        tables = [folder / stage / f"{name}.parquet" for stage, kind in STAGES.items() for name in kind.frames()]
        return all(path.is_file() for path in (folder / "results.json", *tables))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the results a folder holds; a table is read when it is first asked for."""
        kept = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        of_data = {
            "about": About.model_validate(kept["about"]),
            "basis": kept["basis"],
            "compared_with": date.fromisoformat(kept["compared_with"]) if kept["compared_with"] else None,
            "form_filed": kept["form_filed"],
        }
        return cls(
            plan=Plan.model_validate(kept["plan"]),
            fingerprint=Fingerprint(**kept["fingerprint"]),
            version=kept["version"],
            drawn=DrawSettings(**kept["drawn"]) if kept.get("drawn") else None,
            **{
                stage: kind.stored_in(folder / stage, **(of_data if kind is DataTables else {}))
                for stage, kind in STAGES.items()
            },  # type: ignore[arg-type]
        )


def lock(processed: Path, key: str) -> FileLock:
    """Return the lock, not yet acquired, of the process that computes the results of a key.

    Parameters
    ----------
    processed : Path
        Folder of all stored results.
    key : str
        See `fingerprint.Fingerprint.key`.
    """
    return FileLock(processed / f"{key}.lock")


def temporary_folder(processed: Path, key: str) -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder for the tables received while the results of a key are computed.

    The lock of the key must be held. The folder's name carries the key: once that lock is free, the process that made
    the folder is gone, and `remove_leftovers` may remove it.

    Parameters
    ----------
    processed : Path
        Folder of all stored results.
    key : str
        See `fingerprint.Fingerprint.key`.
    """
    return tempfile.TemporaryDirectory(prefix=f".received-{key}-", dir=processed)


def remove_leftovers(processed: Path, key: str) -> None:
    """Remove what killed runs left unfinished: of this key, and of every key that no process is computing.

    Parameters
    ----------
    processed : Path
        Folder of all stored results.
    key : str
        The key whose lock is held here.
    """
    for left_behind in processed.iterdir():
        found = _HALF_MADE.fullmatch(left_behind.name)
        if not found:
            continue
        whose = found["received"] or found["kept"]
        if whose == key:
            shutil.rmtree(left_behind, ignore_errors=True)
            continue
        try:
            with lock(processed, whose).acquire(blocking=False):
                shutil.rmtree(left_behind, ignore_errors=True)
        except Timeout:
            pass


_HALF_MADE = re.compile(r"\.received-(?P<received>[0-9a-f]{20})-.+|(?P<kept>[0-9a-f]{20})\.[0-9]+\.part")
"""Names of what a run has not finished: rows received, and results being written."""
