"""Record every run of a reports folder: one line in its history, and the lines of its log."""

from __future__ import annotations

import errno
import getpass
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock
from pydantic import ValidationError

from analysis.parameters import RunParameters
from analysis.publish.store import manifest
from analysis.publish.store.releases import LOCK_TIMEOUT, ReleaseStore

HISTORY, LOG = ".history.jsonl", "dunghen.log"
"""File names in the reports folder."""

_LOG_LOCK_TIMEOUT = 5
"""Seconds to wait for the log's lock: less than for others, because a run writes about twenty lines."""

CHECK = "check"
"""Last field of a line of the history: the sha256 of the line without it and of the check before it."""

COLUMNS = ["ended_at", "who", "plan", "quarter", "as_of", "data", "status", "ended", "code", "seconds", "reason"]

_TEXTS = ["plan", "quarter", "data"]
_OF_RELEASE = ["run_id", "manifest", "ledger"]
"""What is taken from a line as text; the latter stand in those of a release only."""


def record_run(
    reports: Path,
    run: RunParameters,
    *,
    began: datetime,
    ended: str,
    code: int,
    data: str = "",
    reason: str = "",
    who: str | None = None,
    release: Mapping[str, str] | None = None,
) -> None:
    """Append how a run ended to the history and to the log, synchronised to the disk.

    Each line of the history holds a check of itself and the line before it, so that one changed or taken out is found.

    Parameters
    ----------
    reports : Path
        The reports folder.
    run : RunParameters
        The run.
    began : datetime
        When the run began, UTC.
    ended : str
        ``published``, ``nothing to do``, ``failed`` or ``interrupted``.
    code : int
        Exit code that stands for it.
    data : str
        sha256 of the input; empty if it was never read.
    reason : str
        The sentence of a failure.
    who : str or None
        Who asked for the run; None is the account of this process.
    release : mapping, optional
        Of a run that released: its `run_id`, the sha256 of its `manifest`, and that of the lines it entered in the
        `ledger`, empty where it entered none.
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
        **(release or {}),
    }
    with _locked(reports / HISTORY) as file:
        before = next((one[CHECK] for _, one in reversed(entries(reports)) if one and CHECK in one), "")
        append(file, json.dumps(entry | {CHECK: check_of(entry, before)}, ensure_ascii=False) + "\n")
    log(reports, run, f"{ended} ({code}) in {entry['seconds']} s{f': {reason}' if reason else ''}")


def record_lost(store: ReleaseStore) -> int:
    """Append a line for each release of a quarter that was killed before its own; return how many.

    It says so, and of the ledger it says nothing: whether the killed run had entered lines is not known.

    Parameters
    ----------
    store : ReleaseStore
        The quarter; the caller holds its lock.
    """
    known = {entry.get("run_id") for _, entry in entries(store.reports) if entry}
    lost = 0
    for folder in store.releases():
        made = manifest.read(folder)
        # Older manifests have no lines of the ledger, and histories of their time named no run.
        if made is None or not made.ledger or folder.name in known:
            continue
        with suppress(ValidationError):
            record_run(
                store.reports,
                RunParameters.model_validate(made.parameters),
                began=datetime.now(UTC),
                ended="published",
                code=0,
                data=made.data_sha256,
                reason=f"entered later, {folder.name} was killed before its line",
                release={"run_id": folder.name, "manifest": manifest.sha256(folder / manifest.NAME), "ledger": ""},
            )
            lost += 1
    return lost


def history(reports: Path) -> pd.DataFrame:
    """Return every run in the history of a reports folder, oldest first: `COLUMNS`."""
    return pd.DataFrame([entry for _, entry in entries(reports) if entry is not None], columns=COLUMNS)


def entries(reports: Path) -> list[tuple[int, dict[str, Any] | None]]:
    """Return the lines of the history of a reports folder, oldest first: each with its number (1-based) and its fields.

    A line that is no run's, cut by a power failure or edited, has None in place of its fields.
    """
    file = reports / HISTORY
    # Split as bytes: text has more ends of a line than JSON escapes, and a cut line may end inside a character.
    lines = file.read_bytes().split(b"\n") if file.exists() else []
    return [(number, _parse_entry(line)) for number, line in enumerate(lines, start=1) if line]


def check_of(entry: Mapping[str, Any], before: str) -> str:
    """Return the check of a line.

    Parameters
    ----------
    entry : mapping
        Its fields, without the check.
    before : str
        The check of the line before it that has one; empty where none has.
    """
    return hashlib.sha256(f"{before}{json.dumps(entry, ensure_ascii=False)}".encode()).hexdigest()


def _parse_entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):  # a line cut by a power failure
        return None
    if not isinstance(entry, dict) or not entry.keys() >= set(COLUMNS):
        return None
    texts = [*_TEXTS, *(_OF_RELEASE if "run_id" in entry else ())]
    return entry if all(isinstance(entry.get(name), str) for name in texts) else None


def progress_logger(reports: Path, run: RunParameters, report_progress: Callable[[str], None]) -> Callable[[str], None]:
    """Return a progress callback that also writes each line into the log of a reports folder.

    Parameters
    ----------
    reports : Path
        The reports folder.
    run : RunParameters
        The run the lines are about.
    report_progress : callable
        Progress callback that gets each line as well.
    """

    def log_and_report(line: str) -> None:
        log(reports, run, line)
        report_progress(line)

    return log_and_report


def log(reports: Path, run: RunParameters, line: str) -> None:
    """Write a line about a run into the log, with the time; a log that cannot be written stops no run.

    Parameters
    ----------
    reports : Path
        The reports folder.
    run : RunParameters
        The run the line is about.
    line : str
        The line, without its end.
    """
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    with suppress(OSError):
        _append_locked(reports / LOG, f"{moment} {run.plan_name} {run.quarter}: {line}", timeout=_LOG_LOCK_TIMEOUT)


def _append_locked(file: Path, line: str, *, timeout: float = LOCK_TIMEOUT) -> None:
    with _locked(file, timeout=timeout):
        append(file, f"{line}\n")


@contextmanager
def _locked(file: Path, *, timeout: float = LOCK_TIMEOUT) -> Iterator[Path]:
    """Hold the lock of a file that lines are appended to."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name.lstrip('.')}.lock"), timeout=timeout):
        yield file


def append(file: Path, lines: str) -> None:
    """Append lines to a file, whole and synchronised to the disk, or not at all; the caller holds its lock.

    What a full disk leaves half written is removed again, and so is a file that would hold nothing else.

    Parameters
    ----------
    file : Path
        The file; it need not exist.
    lines : str
        Whole lines, the last one's newline included.

    Raises
    ------
    OSError
        The lines could not be written completely; the file is as it was.
    """
    with file.open("a+b", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        try:
            text = _missing_newline(stream, size) + lines.encode()
            if stream.write(text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
            os.fsync(stream.fileno())
        except BaseException:
            if size:
                stream.truncate(size)
            else:
                file.unlink()
            raise


def _missing_newline(stream: FileIO, size: int) -> bytes:
    # A power failure may leave a line without its end; the next one must not become a part of it.
    if not size:
        return b""
    stream.seek(size - 1)
    return b"" if stream.read(1) == b"\n" else b"\n"


def user() -> str:
    """Return the name of the account this process runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "?"
