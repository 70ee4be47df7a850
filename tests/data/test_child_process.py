"""A reader in a child process: what it returns and raises arrives here, and what kills it becomes a sentence."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from analysis.data import child_process
from analysis.data.child_process import in_child, limited_addresses
from analysis.data.ingest.table import TooManyRejects
from analysis.faults import BadData, EnvironmentFault

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc"),
    pytest.mark.usefixtures("readers_fork"),
]
MIB = 1 << 20


def _no_child_is_left():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_what_it_returns_arrives_and_its_lines_come_as_they_are_told():
    told = []

    def read(report_progress):
        report_progress("reading the rows")
        report_progress("checking every row")
        return os.getpid(), pd.DataFrame({"a": [1, 2]})

    pid, frame = in_child(read, "x.csv", told.append)
    assert pid != os.getpid()
    assert frame["a"].tolist() == [1, 2]
    assert told == ["reading the rows", "checking every row"]
    _no_child_is_left()


def test_inside_a_child_no_other_is_started():
    inner, outer = in_child(lambda _: (in_child(lambda _: os.getpid(), "inner"), os.getpid()), "outer")
    assert inner == outer != os.getpid()


def test_what_it_raises_is_raised_here():
    def refuse(_):
        raise TooManyRejects("too many", pd.DataFrame({"line": [2]}))

    with pytest.raises(TooManyRejects, match="too many") as refused:
        in_child(refuse, "x.csv")
    assert refused.value.rejected["line"].tolist() == [2]

    def mistake(_):
        return 1 / 0

    with pytest.raises(ZeroDivisionError) as raised:
        in_child(mistake, "x.csv")
    assert "return 1 / 0" in raised.value.__notes__[0]


def test_an_error_that_cannot_be_sent_arrives_as_its_words():
    class Local(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")

    def fail(_):
        raise Local(1, 2)

    with pytest.raises(RuntimeError, match="1 and 2"):
        in_child(fail, "x.csv")
    with pytest.raises(Exception, match="pickle"):
        in_child(lambda _: lambda: None, "x.csv")


@pytest.mark.parametrize(
    ("end", "fault", "told"),
    [
        (os.abort, BadData, "x.csv: stopped while reading the rows, because that needed more than 1,900 MB"),
        (
            lambda: ctypes.string_at(0),
            BadData,
            r"x.csv: its reader failed while reading the rows \(Segmentation fault\)",
        ),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), EnvironmentFault, "was killed while reading the rows, as when"),
        (lambda: os._exit(3), BadData, r"failed while reading the rows \(exit code 3\)"),
        (lambda: bytearray(1 << 50), BadData, "because that needed more than 1,900 MB"),
    ],
    ids=["aborts", "breaks off", "is killed", "exits", "asks for more than there is"],
)
def test_its_death_is_a_sentence(capfd, end, fault, told):
    def read(report_progress):
        report_progress("reading the rows")
        end()

    with pytest.raises(fault, match=told):
        in_child(read, "x.csv")
    _no_child_is_left()
    assert capfd.readouterr() == ("", "")


def test_memory_that_is_filled_is_watched(monkeypatch):
    monkeypatch.setattr(child_process, "MEMORY_MB", child_process.own_mb() + 150)

    def fill(_):
        kept = [bytearray(b"x") * (400 * MIB)]
        time.sleep(60)
        return len(kept)

    start = time.monotonic()
    with pytest.raises(BadData, match="because that needed more than"):
        in_child(fill, "x.csv")
    assert time.monotonic() - start < 30
    _no_child_is_left()


def test_addresses_are_limited_in_the_child_alone():
    before = resource.getrlimit(resource.RLIMIT_AS)
    with limited_addresses():
        assert resource.getrlimit(resource.RLIMIT_AS) == before

    def reserve(_):
        with limited_addresses(), pytest.raises(MemoryError):
            bytearray(3000 * MIB)
        return resource.getrlimit(resource.RLIMIT_AS)

    assert in_child(reserve, "x.xlsx") == before


@pytest.mark.slow
def test_an_interruption_ends_both_and_what_the_child_wrote_is_cleared_away(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, tempfile, time\n"
        "from analysis.data.child_process import in_child\n"
        "def read(report_progress):\n"
        "    with tempfile.TemporaryDirectory(dir=sys.argv[1]):\n"
        "        report_progress('reading')\n"
        "        time.sleep(60)\n"
        "in_child(read, 'x.csv', lambda line: print(line, flush=True))\n",
        encoding="utf-8",
    )
    scratch = tmp_path / "scratch"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        scratch.mkdir(exist_ok=True)
        parent = subprocess.Popen(
            [sys.executable, program, scratch], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert parent.stdout is not None
        assert parent.stdout.readline() == "reading\n"
        child = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()[0])
        parent.send_signal(number)
        assert parent.wait(timeout=30) != 0
        parent.stdout.close()
        # Killed, the parent waits for nobody; the child hears of it from the system.
        until = time.monotonic() + 20
        while Path(f"/proc/{child}").exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert not Path(f"/proc/{child}").exists()
        assert list(scratch.iterdir()) == []
