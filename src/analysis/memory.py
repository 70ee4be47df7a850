"""How much memory a process holds, as the system tells it.

A limit on the address space would not do: DuckDB and Arrow reserve addresses by the gigabyte without using them. Nor
would psutil (7.2): its sizes count mapped files, which the system takes back when it needs the memory. Where there is
no ``/proc``, every process holds nothing.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def at_most_mb(process: int) -> int:
    """Return an upper bound of `held_mb`, MiB, which is quick to read: shared memory counts for each that shares it."""
    return _resident_mb(process) + sum(map(at_most_mb, children(process)))


def held_mb(process: int) -> int:
    """Return the MiB a process and its descendants hold in memory; 0 once it is gone.

    Memory that several of them share, as after a fork, counts once. Shared memory counts, mapped files do not.
    """
    # of what is shared, the share: proc(5), Pss; an older kernel of Linux tells only what is shared, too
    own = _mb(Path(f"/proc/{process}/smaps_rollup"), ("Pss_Anon:", "Pss_Shmem:")) or _resident_mb(process)
    return own + sum(map(held_mb, children(process)))


def own_mb() -> int:
    """Return the MiB this process holds; what it shares counts whole, so that its children make no difference."""
    return _mb(Path("/proc/self/status"), ("RssAnon:",))


def children(process: int) -> list[int]:
    """Return the ids of a process's children."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    return found


def _resident_mb(process: int) -> int:
    return _mb(Path(f"/proc/{process}/status"), ("RssAnon:", "RssShmem:"))


def _mb(told: Path, what: tuple[str, ...]) -> int:
    with suppress(OSError):
        lines = told.read_text(encoding="ascii", errors="replace").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(what)) // 1024
    return 0
