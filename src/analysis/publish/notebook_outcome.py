"""The outcome of one notebook, sent by the process that executed it to the process that waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["ok", "cell-error", "timeout", "kernel-died", "interrupted", "gate-refused"]


@dataclass(frozen=True)
class NotebookOutcome:
    """The outcome of one notebook.

    Attributes
    ----------
    stem : str
        The notebook's name, such as ``"02_online_uptake"``.
    path : Path
        The executed notebook; if it failed, it ends at the failing cell.
    status : {"ok", "cell-error", "timeout", "kernel-died", "interrupted", "gate-refused"}
        Derived from the exception, because Papermill's own metadata calls cells completed after a killed kernel.
        ``gate-refused`` is a notebook that was executed to its end and whose page was refused.
    seconds : float
        Wall time, start of the kernel included.
    peak_memory_mb : float or None
        Largest resident memory of the kernel, MiB; None where the system does not report it.
    failed_cell : int or None
        The number JupyterLab shows in brackets beside the failing cell.
    reason : str or None
        One sentence on the failure.
    """

    stem: str
    path: Path
    status: Status
    seconds: float
    peak_memory_mb: float | None = None
    failed_cell: int | None = None
    reason: str | None = None
