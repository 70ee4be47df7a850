"""One quarter's report notebooks to HTML: `dunghen run` beside a shell loop of stock Papermill and nbconvert.

    python benchmarks/publish.py [--rounds 3] [--out benchmarks/publish.md]

The results are computed before the clock starts, for both. The contestants take turns, in one sitting; ours includes
the gates, the manifest and the values behind each figure. Overhead is what a notebook takes beyond the time of its own
cells; stock Papermill imports the stack inside them, so that its overhead is that of Papermill and a bare kernel.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from analysis.parameters import ROOT, read_run_file
from analysis.publish.limits import Limits
from analysis.publish.notebooks import execute_all
from analysis.publish.run import NOTEBOOKS
from analysis.quarter.stages import results

RUN_FILE = ROOT / "parameters" / "khanh-hoa-2021" / "2021-Q3.yml"
SOURCES = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
BIN = Path(sys.executable).parent


def ours(folder: Path) -> dict[str, float]:
    """Publish the quarter; return each notebook's overhead, as its own process saw it."""
    _call(sys.executable, "-m", "analysis.cli", "run", RUN_FILE, "--reports", folder)
    made = json.loads(next(folder.rglob("manifest.json")).read_text(encoding="utf-8"))
    return {
        path.stem: made["notebooks"][path.stem]["seconds"] - cells(path)
        for path in (folder / "khanh-hoa-2021" / "2021-Q3").resolve().glob("*.ipynb")
    }


def stock(folder: Path, *, at_once: int = 1) -> dict[str, float]:
    """Execute and convert each notebook as a shell would; return the overhead of Papermill and of its kernel."""
    with ThreadPoolExecutor(at_once) as pool:
        return dict(pool.map(lambda source: _stock_one(source, folder), SOURCES))


def stock_two_at_once(folder: Path) -> dict[str, float]:
    """The same with both cores: what `xargs -P 2` does."""
    return stock(folder, at_once=2)


def _stock_one(source: Path, folder: Path) -> tuple[str, float]:
    out = folder / source.name
    start = time.perf_counter()
    _call(BIN / "papermill", "--no-progress-bar", "-f", RUN_FILE, source, out)
    seconds = time.perf_counter() - start
    _call(BIN / "jupyter-nbconvert", "--to", "html", out)
    return source.stem, seconds - cells(out)


def one_after_another(folder: Path) -> list[float]:
    """Return each notebook's overhead with one worker, from asking for its process to having its answer.

    The first is left out: it may have waited for the server to load.
    """
    overhead, before = [], time.perf_counter()
    for one in execute_all(SOURCES, read_run_file(RUN_FILE), folder, Limits(workers=1)):
        now = time.perf_counter()
        overhead.append(now - before - cells(one.path))
        before = now
    return overhead[1:]


def cells(executed: Path) -> float:
    """Return the seconds the cells of an executed notebook took, by their own time stamps."""
    about = [cell["metadata"].get("papermill", {}) for cell in json.loads(executed.read_text())["cells"]]
    took = (
        datetime.fromisoformat(one["end_time"]) - datetime.fromisoformat(one["start_time"])
        for one in about
        if one.get("end_time")
    )
    return sum(one.total_seconds() for one in took)


def _call(*command: object) -> None:
    # Not through a pipe: the server keeps it open for a second after the command has ended.
    with tempfile.TemporaryFile("w+") as told:
        done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=told, stderr=told, check=False)
        told.seek(0)
        if done.returncode:
            raise SystemExit(f"{command[1:]}: {told.read()[-2000:]}")


CONTESTANTS: dict[str, Callable[[Path], dict[str, float]]] = {
    "`dunghen run`": ours,
    "papermill, nbconvert": stock,
    "the same, two at a time": stock_two_at_once,
}


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results(read_run_file(RUN_FILE))
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    overheads: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    alone: list[float] = []
    for _ in range(options.rounds):
        for name, contestant in CONTESTANTS.items():
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                overhead = contestant(Path(folder))
                seconds[name].append(time.perf_counter() - start)
                sys.stderr.write(f"{name}: {seconds[name][-1]:.1f} s\n")
                overheads[name] += overhead.values()
        with tempfile.TemporaryDirectory() as folder:
            alone += one_after_another(Path(folder))
    text = "\n".join(_lines(seconds, overheads, alone)) + "\n"
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def _lines(seconds: dict[str, list[float]], overheads: dict[str, list[float]], alone: list[float]) -> list[str]:
    own = statistics.median(seconds["`dunghen run`"])
    lines = [
        f"{len(SOURCES)} notebooks of one quarter to HTML, results ready; {os.cpu_count()} cores.",
        "",
        "| contestant | seconds, median (min–max) | × ours | overhead a notebook, median (max) |",
        "|---|---|---|---|",
    ]
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        lines.append(
            f"| {name} | {middle:.1f} ({min(taken):.1f}–{max(taken):.1f}) | {middle / own:.1f} "
            f"| {statistics.median(overheads[name]):.2f} ({max(overheads[name]):.2f}) |"
        )
    return [
        *lines,
        "",
        f"With one worker, seen from the process that waits: {statistics.median(alone):.2f} s a notebook "
        f"(max {max(alone):.2f}).",
    ]


if __name__ == "__main__":
    main()
