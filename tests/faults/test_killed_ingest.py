"""A machine that stops, or whose disk is full, while a file comes in: the folder's tables stay as they were."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pandas as pd
import psutil
import pytest

MAPPING = """
about: {title: t, source: s}
format: csv
table: cases
dates: [dd/mm/yyyy]
columns: {case_id: MaHoSo, field: LinhVuc, accepted_at: NgayNhan, finished_at: NgayXong}
"""
HEADER = "MaHoSo,LinhVuc,NgayNhan,NgayXong,NguoiNop\n"


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    """Write a file of so many rows: once for all tests, which only read it."""
    written = {}

    def write(path, rows, *, stray=True):
        if (rows, stray) not in written:
            written[rows, stray] = tmp_path_factory.mktemp("received") / "cases.csv"
            _write(written[rows, stray], rows, stray=stray)
        path.hardlink_to(written[rows, stray])

    return write


@pytest.fixture(scope="module")
def old_out(tmp_path_factory, write):
    """The folder of a hundred rows brought in, as the command leaves it; each test copies it."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    write(folder / "old.csv", 100)
    assert _start(folder, "old.csv", folder / "out").wait() == 0
    return folder / "out"


def _write(path, rows, *, stray):
    # A stray quote makes the file irregular: it is brought into scratch, so that there is something to leave behind.
    body = "".join(f"H{at},x{at % 50},01/09/2021,08/09/2021,Bi Mat {at}\n" for at in range(rows))
    path.write_text(HEADER + ('H,"x,,,\n' if stray else "") + body, encoding="utf-8")


@pytest.fixture
def start(tmp_path):
    """Start ``dunghen ingest`` in a process of its own."""
    (tmp_path / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    return partial(_start, tmp_path)


def _start(folder, name, out):
    command = [sys.executable, "-m", "analysis.cli", "ingest", str(folder / name), "--source",
               str(folder / "mapping.yml"), "--out", str(out)]  # fmt: skip
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_hears_ctrl_c
    )


def _hears_ctrl_c():
    # What runs in the background of a shell without job control is deaf to it, the tests and what they start, too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _tables(folder):
    return {path.name: pd.read_parquet(path) for path in folder.glob("*.parquet")}


def _drafts(out, stage=""):
    """Return the names of the drafts in a folder that have come to a stage, told by a file in them."""
    with suppress(FileNotFoundError):  # one left behind is being taken away
        return {path.relative_to(out).parts[0] for path in out.glob(f".ingest-*/{stage}")}
    return set()


def _same(some, others):
    return some.keys() == others.keys() and all(some[name].equals(others[name]) for name in some)


@pytest.mark.slow
def test_killed_at_any_moment_the_folder_holds_the_old_tables_or_the_new_ones(tmp_path, write, old_out, start):
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    write(tmp_path / "new.csv", 150_000)
    shutil.copytree(old_out, out)
    assert start("new.csv", fresh).wait() == 0
    old, new = _tables(out), _tables(fresh)
    # One moment in each stage, told by what is on the disk: there is a draft; the rows are read into scratch; the
    # accepted ones are written; the table is whole, and lists, report and the swap follow.
    for stage, after in (("", 0), (".scratch-*", 0.2), (".scratch-*/accepted.parquet", 0), ("cases.parquet", 0)):
        before = _drafts(out)
        process = start("new.csv", out)
        while not _drafts(out, stage) - before and process.poll() is None:
            time.sleep(0.003)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # What follows on a whole table may take less time than to see it.
        assert stage == "cases.parquet" or _drafts(out) - before
        assert _same(_tables(out), old) or _same(_tables(out), new)
        # a process that the killed one had started may still be taking its files away
        for folder, _, names in os.walk(out):
            for name in names:
                with suppress(FileNotFoundError):
                    assert name.endswith(".duckdb") or b"Bi Mat" not in (Path(folder) / name).read_bytes()
    assert start("new.csv", out).wait() == 0
    assert _same(_tables(out), new)
    assert not list(out.glob(".ingest-*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stray", "seen", "after"),
    [
        pytest.param(False, ".scratch-*", 0.0, id="regular, at once"),
        pytest.param(True, ".scratch-*", 0.15, id="irregular, looking through"),
        pytest.param(False, ".scratch-*", 0.3, id="regular, reading"),
        pytest.param(True, ".scratch-*", 0.3, id="irregular, reading"),
        pytest.param(False, ".scratch-*/accepted.parquet", 0.0, id="regular, writing"),
        pytest.param(True, ".scratch-*/accepted.parquet", 0.0, id="irregular, writing"),
    ],
)
def test_interrupted_by_hand_it_clears_away_behind_itself(tmp_path, write, old_out, start, stray, seen, after):
    # An interruption reaches DuckDB in one of several shapes: it looks through a file alike, whatever is in it, but
    # reads and writes an irregular one otherwise. The last moment is told by what is on the disk, since a clock would
    # find a quick machine done.
    out = tmp_path / "out"
    write(tmp_path / "new.csv", 800_000, stray=stray)
    shutil.copytree(old_out, out)
    old = _tables(out)
    process = start("new.csv", out)
    while not list(out.glob(f".ingest-*/{seen}")) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130, told
    assert "nothing was written" in told
    assert _same(_tables(out), old)
    assert not list(out.glob(".ingest-*"))


@pytest.mark.slow
def test_interrupted_before_it_began_it_ends_like_any_interrupted_command(tmp_path, write, start):
    write(tmp_path / "new.csv", 10, stray=False)
    codes = set()
    for tenth in range(4, 10, 2):
        process = start("new.csv", tmp_path / "out")
        # What it has worked tells how far it has come, also where others have the processor.
        while process.poll() is None and sum(psutil.Process(process.pid).cpu_times()[:2]) < tenth / 10:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
        codes.add(process.returncode)
        assert "Aborted" not in told
    # Before Python has come to our code it dies of the signal, and a few rows may be in before it comes.
    assert codes <= {130, 0, -signal.SIGINT}
    assert 130 in codes


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 3,600 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3600k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stray", "filled", "is_full"),
    [(True, 0, False), (True, 1200, False), (True, 3300, True), (False, 0, False), (False, 3500, True)],
)
def test_a_full_disk_ends_with_6_and_leaves_the_old_tables(
    tmp_path, write, old_out, start, small_disk, stray, filled, is_full
):
    # An irregular file fills the disk with its scratch, early or late; a regular one with its tables alone.
    out = small_disk / "out"
    write(tmp_path / "old.csv", 100)
    write(tmp_path / "new.csv", 150_000, stray=stray)
    shutil.copytree(old_out, out)
    old = _tables(out)
    (small_disk / "ballast").write_bytes(b"\0" * filled * 1024)
    process = start("new.csv", out)
    told = process.communicate()[1]
    assert (process.returncode, "Traceback" in told) in ((6, False), (0, False)), told
    if is_full:
        assert process.returncode == 6
    if process.returncode:
        assert _same(_tables(out), old)
    assert not list(out.glob(".ingest-*"))
    if is_full:
        (small_disk / "ballast").unlink()
        assert start("old.csv", out).wait() == 0
