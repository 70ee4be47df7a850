"""The ledger: every probability ever released, one line each, added and never changed."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from analysis.durable import rewrite
from analysis.parameters import RunParameters
from analysis.publish.store.releases import LOCK_TIMEOUT
from analysis.quarter.results import Results
from analysis.report.published_probabilities import COLUMNS, read_ledger


def enter_probabilities(ledger: Path, run: RunParameters, results: Results, moment: datetime) -> None:
    """Add the probabilities of a release to the ledger of its plan, unless the quarter's last entry equals them.

    Either all lines are added or none, whatever fails on the way.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run released.
    results : Results
        Its results.
    moment : datetime
        When the run was begun, UTC: a release is dated by it.

    Raises
    ------
    BadData
        The plan's file is not, or no longer, a ledger.
    OSError
        The file could not be written; it is as it was.
    """
    ledger.mkdir(parents=True, exist_ok=True)
    # The file itself is rewritten where its name is a link to another disk.
    file = (ledger / f"{run.plan_name}.csv").resolve()
    release = [moment.isoformat(timespec="seconds"), results.fingerprint.key, run.quarter, run.as_of.isoformat()]
    lines = [
        [*release, run.status, *("" if pd.isna(value) else str(value) for value in row)]
        for row in results.attainment.promises[COLUMNS[5:]].itertuples(index=False)
    ]
    with FileLock(ledger / f".{run.plan_name}.lock", timeout=LOCK_TIMEOUT):
        before = read_ledger(file)
        if _last_lines(before, run.quarter, len(lines)) == [line[1:] for line in lines]:
            return
        # A power failure may leave an empty file, which is treated as none: it has no header yet.
        text = file.read_text(encoding="utf-8") if len(before) else _csv([COLUMNS])
        rewrite(file, text + ("" if text.endswith("\n") else "\n") + _csv(lines))


def _last_lines(rows: pd.DataFrame, quarter: str, number: int) -> list[list[str]]:
    """Return the last lines entered for a quarter, as many as asked for, without their time."""
    last = rows[rows["quarter"] == quarter].tail(number)
    return [list(line) for line in last[COLUMNS[1:]].itertuples(index=False)]


def _csv(lines: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
