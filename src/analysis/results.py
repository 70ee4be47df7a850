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
from typing import Self

import pandas as pd
from filelock import FileLock, Timeout

from analysis.data.ingest.received import Basis
from analysis.data.sources.mapping import About
from analysis.durable import flush
from analysis.fingerprint import Fingerprint
from analysis.plan.plan import Plan
from analysis.plan.record import TOTAL


@dataclass(frozen=True, eq=False)
class Results:
    """One quarter of one plan.

    Attributes
    ----------
    plan : Plan
        The plan.
    fingerprint : Fingerprint
        What the numbers depend on.
    about : About
        Where the data comes from, and whether it is simulated.
    basis : {"exact", "reconstructed"}
        Whether the data was taken on the day the run looks back to, or later and rebuilt from dates.
    intake : pd.DataFrame
        `file, table, code, rows`: what came in for the periods known, by what became of it.
    rejected : pd.DataFrame
        `file, line, code, reason, raw`, one row per row that was not taken.
    flagged : pd.DataFrame
        `code, rows`: cases that were taken and are worth a look, or are counted apart.
    counts : pd.DataFrame
        Cases counted, up to the quarter; see `data.contracts`.
    agency_months : pd.DataFrame
        `period, agency, received, resolved` in cases.
    timeliness : pd.DataFrame
        `period, timeliness, resolved` in cases.
    compared_with : date or None
        Day of the archived extract before this one, which `revisions` compares with.
    revisions : pd.DataFrame
        See `analysis.data.revisions`.
    form_filed : bool
        Whether the official form of the quarter stands beside the data.
    form_by_agency, form_by_field, reconciliation, form_faults : pd.DataFrame
        See `analysis.data.form06a.filed.QuarterForm`.
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator, value`, up to the quarter.
    coverage, changes : pd.DataFrame
        Procedures behind the online share; see `indicators.reporting`.
    draws, components, diagnostics, weights : pd.DataFrame
        See `forecast.rest_of_year.Forecast`.
    received_late : pd.DataFrame
        See `forecast.open_cases.lateness_nowcast`; a row per field of the cases received in the quarter.
    track_scored, track_reliability : pd.DataFrame
        See `forecast.backtest.backtest.TrackRecord`.
    promises, baselines, run_rate, items_pace, items_missing, watched : pd.DataFrame
        See `attainment.probability.Attainment`.
    gap : pd.DataFrame
        See `attainment.year_end`.
    sensitivity : pd.DataFrame
        See `attainment.sensitivity`.
    surveys : pd.DataFrame
        Rounds of every survey; see `indicators.satisfaction`.
    previous : pd.DataFrame
        The promises as they stood one quarter earlier, recomputed from that origin.
    """

    plan: Plan
    fingerprint: Fingerprint
    about: About
    basis: Basis
    compared_with: date | None
    form_filed: bool
    intake: pd.DataFrame
    rejected: pd.DataFrame
    flagged: pd.DataFrame
    counts: pd.DataFrame
    agency_months: pd.DataFrame
    timeliness: pd.DataFrame
    revisions: pd.DataFrame
    form_by_agency: pd.DataFrame
    form_by_field: pd.DataFrame
    reconciliation: pd.DataFrame
    form_faults: pd.DataFrame
    indicators: pd.DataFrame
    coverage: pd.DataFrame
    changes: pd.DataFrame
    draws: pd.DataFrame
    components: pd.DataFrame
    diagnostics: pd.DataFrame
    weights: pd.DataFrame
    received_late: pd.DataFrame
    track_scored: pd.DataFrame
    track_reliability: pd.DataFrame
    promises: pd.DataFrame
    baselines: pd.DataFrame
    run_rate: pd.DataFrame
    items_pace: pd.DataFrame
    items_missing: pd.DataFrame
    watched: pd.DataFrame
    gap: pd.DataFrame
    sensitivity: pd.DataFrame
    surveys: pd.DataFrame
    previous: pd.DataFrame

    @property
    def simulated(self) -> bool:
        """Whether every page must say that the data is made up."""
        return self.about.simulated

    def series(self, indicator: str, dimension: str = TOTAL, series: str = TOTAL) -> pd.DataFrame:
        """Return one series of one indicator in time order.

        Parameters
        ----------
        indicator, dimension, series : str
            Their codes; without any, the whole.
        """
        mine = (self.indicators["indicator"] == indicator) & (self.indicators["dimension"] == dimension)
        mine &= self.indicators["series"] == series
        return self.indicators[mine].sort_values("period", ignore_index=True)

    def promise(self, target: str, part: str = "") -> pd.Series:
        """Return the row of a target or of one of its parts.

        Parameters
        ----------
        target, part : str
            Their ids; the target's own row has an empty part.
        """
        mine = (self.promises["target"] == target) & (self.promises["part"] == part)
        return self.promises[mine].iloc[0]

    def store(self, folder: Path) -> None:
        """Write the results to a folder, whole or not at all."""
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        part.mkdir(parents=True)
        try:
            for name in _frames():
                getattr(self, name).to_parquet(part / f"{name}.parquet", index=False)
            kept = {
                "plan": self.plan.model_dump(mode="json", by_alias=True),
                "fingerprint": vars(self.fingerprint),
                "about": self.about.model_dump(mode="json"),
                "basis": self.basis,
                "compared_with": self.compared_with.isoformat() if self.compared_with else None,
                "form_filed": self.form_filed,
            }
            (part / "results.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
            # The folder's final name must not reach the disk before its files: it would pass for whole results.
            for path in (*part.iterdir(), part):
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
        return all((folder / name).is_file() for name in ("results.json", *(f"{one}.parquet" for one in _frames())))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the results a folder holds."""
        kept = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        return cls(
            plan=Plan.model_validate(kept["plan"]),
            fingerprint=Fingerprint(**kept["fingerprint"]),
            about=About.model_validate(kept["about"]),
            basis=kept["basis"],
            compared_with=date.fromisoformat(kept["compared_with"]) if kept["compared_with"] else None,
            form_filed=kept["form_filed"],
            **{name: pd.read_parquet(folder / f"{name}.parquet") for name in _frames()},
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


def _frames() -> list[str]:
    return [field.name for field in fields(Results) if field.type == "pd.DataFrame"]
