"""A backfill of several quarters on a Dask cluster: two workers beside one, nothing cached.

    python benchmarks/backfill.py [--quarters 12] [--rounds 1] [--out benchmarks/backfill.md]

The demo's four quarters, each with several seeds, so that every run computes its results anew; all report notebooks
run. Scheduler and workers are processes of this machine: the figures say what the cluster's own machinery costs and
how far two cores go, not how fast anybody's network or disk is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.faults import Fault
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.publish.cluster.client import publish_all

RUN_FILES = sorted((ROOT / "parameters" / "khanh-hoa-2021").glob("2021-Q*.yml"))
SEEDS = itertools.count(int(time.time()))
DASK = [sys.executable, "-m", "dask"]


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[str]:
    """Yield the address of a scheduler with some workers, each a process with one thread."""
    known = folder / "scheduler.json"
    scheduler = [*DASK, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", known]
    worker = [*DASK, "worker", "--scheduler-file", known, "--nthreads", "1", "--nworkers", "1", "--no-dashboard",
              "--no-nanny", "--local-directory", folder]  # fmt: skip
    with (folder / "dask.log").open("wb") as log:
        started = [subprocess.Popen(scheduler, stdout=log, stderr=log)]
        try:
            while not known.exists():
                time.sleep(0.05)
            started += [subprocess.Popen(worker, stdout=log, stderr=log) for _ in range(workers)]
            yield json.loads(known.read_text())["address"]
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()


def fresh(quarters: int) -> list[RunParameters]:
    """Return runs whose results nobody has computed."""
    return [read_run_file(path, draw_count=200, seed=next(SEEDS)) for path in
            itertools.islice(itertools.cycle(RUN_FILES), quarters)]  # fmt: skip


def measure(workers: int, quarters: int) -> list[float]:
    """Return after how many seconds each of some quarters was published, the first to the last."""
    with tempfile.TemporaryDirectory() as folder, cluster(workers, Path(folder)) as scheduler:
        runs = fresh(quarters)
        # Workers take a second or two to come up, which a cluster that is up does not.
        wait_for(workers, scheduler)
        start, published = time.monotonic(), []
        for _, ended in publish_all(runs, scheduler=scheduler, reports=Path(folder) / "reports"):
            if isinstance(ended, Fault) or ended.state != "published":
                raise SystemExit(f"not published: {ended}")
            published.append(time.monotonic() - start)
            print(f"{workers} workers: {len(published)} of {quarters} after {published[-1]:.0f} s", file=sys.stderr)
    return published


def wait_for(workers: int, scheduler: str) -> None:
    """Return once all workers are there."""
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(workers)


def main() -> None:
    """Print the table; --out keeps it as a file too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quarters", type=int, default=12, help="quarters a contestant publishes in a round")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, help="file for the table as Markdown")
    given = parser.parse_args()
    rounds = [{workers: measure(workers, given.quarters) for workers in (1, 2)} for _ in range(given.rounds)]
    lines = [
        "| workers | quarters | seconds, median (min–max) | seconds a quarter | × one worker | second half ÷ first |",
        "|---|---|---|---|---|---|",
    ]
    for workers in (1, 2):
        took = [one[workers][-1] for one in rounds]
        ratio = statistics.median(one[1][-1] / one[workers][-1] for one in rounds)
        # Where a worker has no two halves, there is nothing to compare.
        whole = given.quarters % (2 * workers) == 0
        halves = f"{statistics.median(_second_half(one[workers]) for one in rounds):.2f}" if whole else "–"
        lines.append(
            f"| {workers} | {given.quarters} | {statistics.median(took):.0f} ({min(took):.0f}–{max(took):.0f}) | "
            f"{statistics.median(took) / given.quarters:.1f} | {ratio:.2f} | {halves} |"
        )
    lines += [
        "",
        f"Rounds: {given.rounds}; in each, one worker and then two, with seeds nobody had used. Cores: "
        f"{os.cpu_count()}; load average of the last 15 minutes {os.getloadavg()[2]:.1f}. "
        "*Second half ÷ first* is 1 when time is linear in quarters.",
    ]
    print("\n".join(lines))
    if given.out:
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _second_half(published: list[float]) -> float:
    middle = published[len(published) // 2 - 1]
    return (published[-1] - middle) / middle


if __name__ == "__main__":
    main()
