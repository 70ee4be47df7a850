"""Real schedulers, workers and kernels on the loopback, and every way to lose one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.publish.cluster import publish_all
from analysis.publish.run import Outcome

pytestmark = pytest.mark.slow
pytest.importorskip("distributed")

RUN_FILES = ROOT / "parameters" / "khanh-hoa-2021"
SHOW = "from IPython.display import HTML, display; display(HTML('<h2>Một</h2><p>quý ' + quarter + '</p>'))"
PLAN = "khanh-hoa-2021"


class Machines:
    """A scheduler and its workers, each a process of its own; all are ended with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, []
        known = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", known)
        self.address = json.loads(_when(lambda: known.exists() and known.read_text()))["address"]

    def start(self, kind: str, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, "--no-dashboard", *(str(argument) for argument in arguments)]
        log = (self.folder / f"{kind}-{len(self.started)}.log").open("wb")
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env={**os.environ, **environment})
        self.started.append(process)
        return process

    def work(self, *, threads: int = 1, nanny: bool = False, **environment: str) -> subprocess.Popen[bytes]:
        return self.start(
            *("worker", self.address, "--nthreads", threads, "--nworkers", 1, "--local-directory", self.folder),
            *([] if nanny else ["--no-nanny"]),
            **environment,
        )

    def end(self) -> None:
        for process in reversed(self.started):
            process.terminate()
        for process in self.started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _when(look: Callable[[], object], seconds: float = 60) -> object:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    machines = Machines(tmp_path)
    yield machines
    machines.end()


@pytest.fixture
def go(tmp_path: Path, machines: Machines, write_notebook: Callable[..., Path]) -> Callable[..., SimpleNamespace]:
    """Return `publish_all` for notebooks that show the quarter, with what was told and how each run ended."""
    write_notebook(tmp_path / "notebooks" / "00_summary.ipynb", SHOW)

    def go(*runs: RunParameters, tell: Callable[[int, str], None] = lambda number, line: None, **changed: object):
        told: list[tuple[int, str]] = []

        def note(number: int, line: str) -> None:
            told.append((number, line))
            tell(number, line)

        given = {
            "scheduler": machines.address,
            "reports": tmp_path / "reports",
            "ledger": tmp_path / "ledger",
            "notebooks": tmp_path / "notebooks",
        }
        ended = dict(publish_all(runs, tell=note, **{**given, **changed}))
        return SimpleNamespace(told=told, ended=[ended[number] for number in range(len(runs))])

    return go


@pytest.fixture(scope="module")
def runs() -> list[RunParameters]:
    return [read_run_file(RUN_FILES / f"2021-Q{quarter}.yml", draw_count=200) for quarter in (1, 2)]


def test_quarters_are_published_side_by_side_and_tell_of_themselves(machines, go, runs, tmp_path):
    machines.work()
    machines.work(nanny=True)
    asked = go(*runs)
    links = [tmp_path / "reports" / PLAN / run.quarter for run in runs]
    assert asked.ended == [Outcome("published", link / "index.html") for link in links]
