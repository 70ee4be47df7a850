"""The ledger: every probability ever published, one line each, appended and never changed."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from analysis.parameters import RunParameters
from analysis.publish.kept.append import append
from analysis.results import Results

COLUMNS = [
    "published_at", "fingerprint", "quarter", "as_of", "status", "target", "part", "rule", "threshold", "probability",
    "baseline_probability", "verdict",
]  # fmt: skip


def enter(ledger: Path, run: RunParameters, results: Results, moment: datetime) -> None:
    """Append the probabilities of a published quarter to the file of its plan, unless its last entry says the same.

    The lines are written at once or not at all.

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
        # an empty file, as a power cut may leave one, is like none: it has no header yet
        is_begun = file.exists() and file.stat().st_size > 0
        if is_begun and _last_entry(file, run.quarter) == (key, run.status):
            return
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        if not is_begun:
            writer.writerow(COLUMNS)
        about = [moment.isoformat(timespec="seconds"), key, run.quarter, run.as_of.isoformat(), run.status]
        for promise in results.promises[COLUMNS[5:]].itertuples(index=False):
            writer.writerow([*about, *("" if pd.isna(value) else value for value in promise)])
        append(file, lines.getvalue())


def _last_entry(file: Path, quarter: str) -> tuple[str, str] | None:
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    mine = rows[rows["quarter"] == quarter]
    return None if mine.empty else (mine["fingerprint"].iloc[-1], mine["status"].iloc[-1])
