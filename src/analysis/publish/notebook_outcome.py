"""What became of one notebook: the answer the process that ran it sends to the one that waits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["ok", "cell-error", "timeout", "kernel-died", "interrupted", "gate-refused"]


@dataclass(frozen=True)
class Executed:
    """What became of one notebook.

    Attributes
    ----------
    stem : str
        The notebook's name, such as ``"02_online_uptake"``.
    path : Path
        The executed notebook; when it failed, it ends at the cell that did.
    status : {"ok", "cell-error", "timeout", "kernel-died", "interrupted", "gate-refused"}
        Taken from the exception: Papermill's own metadata calls cells completed after a killed kernel. The last one is
        a notebook that ran, and whose page was refused.
    seconds : float
        Wall time, start of the kernel included.
    peak_memory_mb : float or None
        Largest resident memory of the kernel; None where the system does not tell.
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
