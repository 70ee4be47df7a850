"""What a process and those it started hold, as the system tells it."""

import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis.memory import at_most_mb, held_mb

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
MIB = 1 << 20


@pytest.fixture
def child() -> Iterator[Callable[[], int]]:
    """Fork a child that shares with this process all that was there before, and waits to be ended."""
    children = []

    def fork() -> int:
        pid = os.fork()
        if not pid:
            signal.pause()
            os._exit(0)
        children.append(pid)
        return pid

    yield fork
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_what_is_shared_after_a_fork_is_shared_out(child: Callable[[], int]) -> None:
    before = held_mb(os.getpid())
    held = bytearray(b"x") * (200 * MIB)
    for _ in range(3):
        child()
    # once for all four, and what a fork itself costs
    assert 195 <= held_mb(os.getpid()) - before < 300
    assert at_most_mb(os.getpid()) >= 4 * 200
    del held


def test_shared_memory_counts(child: Callable[[], int]) -> None:
    held = mmap.mmap(-1, 100 * MIB)
    before = held_mb(os.getpid())
    held[:] = b"x" * len(held)
    assert 95 <= held_mb(os.getpid()) - before <= 210  # the bytes written, too, as long as they are kept


def test_where_the_system_does_not_share_out_each_counts_whole(
    child: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = child()
    look = Path.read_text

    def older(path: Path, *args: str, **kwargs: str) -> str:
        lines = look(path, *args, **kwargs).splitlines()
        return "\n".join(line for line in lines if not line.startswith("Pss_"))

    monkeypatch.setattr(Path, "read_text", older)
    assert held_mb(pid) == at_most_mb(pid) > 10


def test_one_that_is_gone_holds_nothing() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    assert held_mb(pid) == at_most_mb(pid) == 0
