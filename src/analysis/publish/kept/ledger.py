"""The ledger: every probability ever published, one line each, appended and never changed."""

from __future__ import annotations

import csv
import errno
import io
import os
from datetime import datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from analysis.parameters import RunParameters
from analysis.results import Results

COLUMNS = [
    "published_at", "fingerprint", "quarter", "as_of", "status", "target", "part", "rule", "threshold", "probability",
    "baseline_probability", "verdict",
]  # fmt: skip


def enter(ledger: Path, run: RunParameters, results: Results, moment: datetime) -> None:
    """Append the probabilities of a published quarter to the file of its plan, unless its last entry says the same.

    The lines are written at once and synchronised; what a full disk leaves half written is taken back.

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
        with file.open("ab", buffering=0) as ledger_file:
            before = ledger_file.tell()
            try:
                text = lines.getvalue().encode()
                if ledger_file.write(text) != len(text):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
                os.fsync(ledger_file.fileno())
            except BaseException:
                ledger_file.truncate(before)
                raise


def _last_entry(file: Path, quarter: str) -> tuple[str, str] | None:
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    mine = rows[rows["quarter"] == quarter]
    return None if mine.empty else (mine["fingerprint"].iloc[-1], mine["status"].iloc[-1])
