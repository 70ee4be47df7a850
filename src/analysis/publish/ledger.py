"""The ledger: every probability ever published, one line each, appended and never changed."""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from analysis.parameters import ROOT, RunParameters
from analysis.results import Results

LEDGER = ROOT / "data" / "ledger"
"""Where the ledger of what is published into the project's reports lies; an office backs it up."""

COLUMNS = [
    "published_at", "fingerprint", "quarter", "as_of", "status", "target", "part", "rule", "threshold", "probability",
    "baseline_probability", "verdict",
]  # fmt: skip


def enter(ledger: Path, run: RunParameters, results: Results, moment: datetime) -> None:
    """Append the probabilities of a published quarter to the file of its plan, unless its last entry says the same.

    The lines are written at once and synchronised, so that a ledger is never left with half of one.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run published.
    results : Results
        Its results.
    moment : datetime
        When it was published.
    """
    ledger.mkdir(parents=True, exist_ok=True)
    file = ledger / f"{run.plan_name}.csv"
    key = results.fingerprint.key
    with FileLock(ledger / f".{run.plan_name}.lock"):
        if file.exists() and _last_entry(file, run.quarter) == (key, run.status):
            return
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        if not file.exists():
            writer.writerow(COLUMNS)
        about = [moment.isoformat(timespec="seconds"), key, run.quarter, run.as_of.isoformat(), run.status]
        for promise in results.promises[COLUMNS[5:]].itertuples(index=False):
            writer.writerow([*about, *("" if pd.isna(value) else value for value in promise)])
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, lines.getvalue().encode())
            os.fsync(handle)
        finally:
            os.close(handle)


def _last_entry(file: Path, quarter: str) -> tuple[str, str] | None:
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    mine = rows[rows["quarter"] == quarter]
    return None if mine.empty else (mine["fingerprint"].iloc[-1], mine["status"].iloc[-1])
