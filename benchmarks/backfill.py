"""A backfill of several quarters on a Dask cluster: two workers beside one, nothing cached.

    python benchmarks/backfill.py [--quarters 12] [--turns 3] [--out benchmarks/backfill.md]

The demo's four quarters, each with several seeds, so that every run computes its results anew; all report notebooks
run. Scheduler and workers are processes of this machine: the figures say what the cluster's own machinery costs and
how far two cores go, not how fast anybody's network or disk is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from analysis.faults import Fault
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.publish.cluster.client import publish_all

RUN_FILES = sorted((ROOT / "parameters" / "khanh-hoa-2021").glob("2021-Q*.yml"))
SEEDS = itertools.count(int(time.time()))
CONTESTANTS = (1, 2)
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


def measure(workers: int, quarters: int, scheduler: str, reports: Path) -> float:
    """Return the seconds in which some quarters were published, the last of them included."""
    runs = fresh(quarters)
    start = time.monotonic()
    for count, (_, ended) in enumerate(publish_all(runs, scheduler=scheduler, reports=reports), 1):
        if isinstance(ended, Fault) or ended.state != "published":
            raise SystemExit(f"not published: {ended}")
        print(f"{workers} workers: {count} of {quarters} after {time.monotonic() - start:.0f} s", file=sys.stderr)
    return time.monotonic() - start


def wait_for(workers: int, scheduler: str) -> None:
    """Return once all workers are there."""
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(workers)


def main() -> None:
    """Print the table; --out keeps it as a file too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quarters", type=int, default=12, help="quarters a contestant publishes")
    parser.add_argument("--turns", type=int, default=3, help="in how many turns it does, the other's in between")
    parser.add_argument("--out", type=Path, help="file for the table as Markdown")
    given = parser.parse_args()
    took: dict[int, list[float]] = {workers: [] for workers in CONTESTANTS}
    with ExitStack() as up:
        sides = {}
        for workers in CONTESTANTS:
            folder = Path(up.enter_context(tempfile.TemporaryDirectory()))
            sides[workers] = (up.enter_context(cluster(workers, folder)), folder / "reports")
            # Workers take a second or two to come up, which a cluster that is up does not.
            wait_for(workers, sides[workers][0])
        for _ in range(given.turns):
            for workers, side in sides.items():
                took[workers].append(measure(workers, given.quarters // given.turns, *side))
    quarters = given.quarters // given.turns * given.turns
    lines = [
        "| workers | quarters | seconds | seconds a quarter | × one worker, all (each turn) | last turn ÷ first |",
        "|---|---|---|---|---|---|",
    ]
    for workers, turns in took.items():
        faster = [one / other for one, other in zip(took[1], turns, strict=True)]
        lines.append(
            f"| {workers} | {quarters} | {sum(turns):.0f} | {sum(turns) / quarters:.1f} | "
            f"{sum(took[1]) / sum(turns):.2f} ({min(faster):.2f}–{max(faster):.2f}) | {turns[-1] / turns[0]:.2f} |"
        )
    lines += [
        "",
        f"In {given.turns} turns, one worker and then two, because a machine may be faster at one time than another; "
        "with seeds nobody had used; the workers of both stayed up from first to last. Cores: "
        f"{os.cpu_count()}; load average of the last 15 minutes {os.getloadavg()[2]:.1f}. "
        "*Last turn ÷ first* is 1 when time is linear in quarters and the machine as fast as it was.",
    ]
    print("\n".join(lines))
    if given.out:
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
