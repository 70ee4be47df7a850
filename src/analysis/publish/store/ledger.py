"""The ledger: every probability ever published, one line each, added and never changed."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from analysis.durable import rewrite
from analysis.parameters import RunParameters
from analysis.publish.store.releases import PATIENCE
from analysis.report.published_probabilities import COLUMNS, entered
from analysis.results import Results


def enter(ledger: Path, run: RunParameters, results: Results, moment: datetime) -> None:
    """Add the probabilities of a published quarter to the file of its plan, unless its last entry says the same.

    The lines are there at once or not at all, whatever happens on the way.

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

    Raises
    ------
    BadData
        The file there is no ledger, or no longer.
    OSError
        It could not be written, and stayed as it was.
    """
    ledger.mkdir(parents=True, exist_ok=True)
    # the file itself, where its name is a link to another disk
    file = (ledger / f"{run.plan_name}.csv").resolve()
    about = [moment.isoformat(timespec="seconds"), results.fingerprint.key, run.quarter, run.as_of.isoformat()]
    lines = [
        [*about, run.status, *("" if pd.isna(value) else str(value) for value in promise)]
        for promise in results.promises[COLUMNS[5:]].itertuples(index=False)
    ]
    with FileLock(ledger / f".{run.plan_name}.lock", timeout=PATIENCE):
        before = entered(file)
        if _last_lines(before, run.quarter, len(lines)) == [line[1:] for line in lines]:
            return
        # An empty file, as a power cut may leave one, is like none: it has no header yet.
        text = file.read_text(encoding="utf-8") if len(before) else _csv([COLUMNS])
        rewrite(file, text + ("" if text.endswith("\n") else "\n") + _csv(lines))


def _last_lines(rows: pd.DataFrame, quarter: str, number: int) -> list[list[str]]:
    """Return so many of the lines last entered for a quarter, but for their moment."""
    last = rows[rows["quarter"] == quarter].tail(number)
    return [list(line) for line in last[COLUMNS[1:]].itertuples(index=False)]


def _csv(lines: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
