"""Append lines to a file that outlives every run: whole and on the disk, or not at all."""

from __future__ import annotations

import errno
import getpass
import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from analysis.parameters import RunParameters
from analysis.publish.store.releases import PATIENCE


def append(file: Path, lines: str) -> None:
    """Append lines to a file, synchronised; whoever calls holds its lock.

    What a full disk leaves half written is taken back, and with it a file that holds nothing else.

    Parameters
    ----------
    file : Path
        The file; it need not be there.
    lines : str
        Whole lines, the last one's end included.

    Raises
    ------
    OSError
        Not all of it could be written, and nothing was.
    """
    with file.open("a+b", buffering=0) as kept:
        before = kept.seek(0, os.SEEK_END)
        try:
            text = _end_of_a_cut_line(kept, before) + lines.encode()
            if kept.write(text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
            os.fsync(kept.fileno())
        except BaseException:
            if before:
                kept.truncate(before)
            else:
                file.unlink()
            raise


def _end_of_a_cut_line(kept: FileIO, size: int) -> bytes:
    # A power cut may leave a line without its end, and the next one must not become a part of it.
    if not size:
        return b""
    kept.seek(size - 1)
    return b"" if kept.read(1) == b"\n" else b"\n"


HISTORY, LOG = ".history.jsonl", "dunghen.log"
"""Names in the reports folder."""

_FOR_A_LINE = 5
"""Seconds a line of the log is worth waiting for: a run has twenty."""

COLUMNS = ["ended_at", "who", "plan", "quarter", "as_of", "data", "status", "ended", "code", "seconds", "reason"]


def remember(
    reports: Path,
    run: RunParameters,
    *,
    began: datetime,
    ended: str,
    code: int,
    data: str = "",
    reason: str = "",
    who: str | None = None,
) -> None:
    """Append how a run ended to the history and to the log, synchronised to the disk.

    Parameters
    ----------
    reports : Path
        The reports folder.
    run : RunParameters
        The run.
    began : datetime
        When, in UTC.
    ended : str
        ``published``, ``nothing to do``, ``failed`` or ``interrupted``.
    code : int
        Exit code it stands for.
    data : str
        sha256 of the input; empty where it was never read.
    reason : str
        The sentence of a failure.
    who : str or None
        Who asked for it; None is the account of this process.
    """
    now = datetime.now(UTC)
    entry = {
        "ended_at": now.isoformat(timespec="seconds"),
        "who": who or user(),
        "plan": run.plan_name,
        "quarter": run.quarter,
        "as_of": run.as_of.isoformat(),
        "data": data,
        "status": run.status,
        "ended": ended,
        "code": code,
        "seconds": round((now - began).total_seconds(), 1),
        "reason": reason,
    }
    _append(reports / HISTORY, json.dumps(entry, ensure_ascii=False))
    log(reports, run, f"{ended} ({code}) in {entry['seconds']} s{f': {reason}' if reason else ''}")


def history(reports: Path) -> pd.DataFrame:
    """Return every run remembered in a reports folder, oldest first: `COLUMNS`."""
    file = reports / HISTORY
    # as bytes: text has more ends of a line than JSON escapes, and a cut line may end inside a letter
    lines = file.read_bytes().split(b"\n") if file.exists() else []
    entries = [entry for line in lines if (entry := _entry(line)) is not None]
    return pd.DataFrame(entries, columns=COLUMNS)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:  # what a power cut left of one, or nothing behind the last
        return None


def logged(reports: Path, run: RunParameters, tell: Callable[[str], None]) -> Callable[[str], None]:
    """Return a teller that also writes each line of a run into the folder's log."""

    def both(line: str) -> None:
        log(reports, run, line)
        tell(line)

    return both


def log(reports: Path, run: RunParameters, line: str) -> None:
    """Write a line about a run into the folder's log, with its moment; a log that cannot be written stops no run."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    with suppress(OSError):
        _append(reports / LOG, f"{moment} {run.plan_name} {run.quarter}: {line}", patience=_FOR_A_LINE)


def _append(file: Path, line: str, *, patience: float = PATIENCE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name.lstrip('.')}.lock"), timeout=patience):
        append(file, f"{line}\n")


def user() -> str:
    """Return the name of the account this process runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "?"
