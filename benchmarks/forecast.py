"""Thousands of series drawn to the end of the year: the batch path, beside a trial of the same method and AutoETS.

    python benchmarks/forecast.py [--series 500 2000 8000] [--rounds 3] [--out benchmarks/forecast.md]
                                  [--prototype DIR] [--statsforecast-python PYTHON]

Each contestant runs in a process of its own, in turn, in one sitting; the figures are wall seconds and peak resident
memory of that process. Only the ratios mean anything on another machine. The trial (`kf2` and `draw_paths` of a folder
outside the project) and statsforecast (an interpreter that has it) are left out where they are not given.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

DRAWS, MONTHS, AHEAD = 1000, 51, 9
AT_ONCE = 2000
"""Series the trial takes at once: more would not fit into the memory it was given."""
MOST_AUTOETS = 60


def panel_counts(series: int) -> tuple[np.ndarray, np.ndarray]:
    """Return simulated numerators and denominators: random walks of log-odds with a season, Poisson volumes."""
    rng = np.random.default_rng(series)
    season = rng.normal(0, 0.1, 12)[np.arange(MONTHS) % 12]
    log_odds = rng.normal(-0.5, 0.8, (series, 1)) + rng.normal(0, 0.1, (series, MONTHS)).cumsum(axis=1) + season
    volume = rng.poisson(300 * np.exp(rng.normal(0, 1, (series, 1))) * np.ones(MONTHS))
    return rng.binomial(volume, expit(log_odds)), volume


def ours(series: int, counts: bool = True) -> float:
    """Return seconds of the batch path: both quantities fitted, and joint draws of every series summed up."""
    from analysis.forecast.futures import fit_panel
    from analysis.forecast.panel import Panel
    from analysis.forecast.shocks import share_shocks, volume_shocks

    K, N = panel_counts(series)
    names = tuple(f"{i:06d}" for i in range(series))
    panel = Panel(names, pd.period_range("2018-01", periods=MONTHS, freq="M"), K, N)
    start = time.perf_counter()
    fit = fit_panel(panel, AHEAD)
    if counts:
        fit.simulate_sums(seed=1, key="bench", draw_count=DRAWS)
        return time.perf_counter() - start
    common = fit.common(1, DRAWS)
    for row, name in enumerate(names):
        fit.volume.simulate(row, volume_shocks(1, "bench", name, panel.origin, AHEAD, DRAWS), DRAWS)
        fit.share.simulate(row, share_shocks(1, "bench", name, panel.origin, common=common, shared_factor=0.2), DRAWS)
    return time.perf_counter() - start


def trial(series: int, folder: str) -> float:
    """Return seconds of the trial's `kf2` and `draw_paths` for the share, `kf` and `draw_paths` for the volume."""
    sys.path.insert(0, folder)
    import core  # type: ignore[import-not-found]

    K, N = (counts.astype(float) for counts in panel_counts(series))
    start = time.perf_counter()
    rng = np.random.default_rng(1)
    share, volume = core.make_grid2(), core.make_grid("vol")
    for at in range(0, series, AT_ONCE):
        rows = slice(at, at + AT_ONCE)
        y, v, _ = core.prep_share(K[rows], N[rows])
        state = core.kf2(y, v, share, 0.0)
        core.draw_paths(rng, share[:, :5], core.npeb(state[0])[0], state, AHEAD, DRAWS, 0.0, df=4, rfac=0.25)
        state = core.kf(np.log(N[rows] + 0.5), 1 / (N[rows] + 0.5), volume, 0.0, d0var=1e-8)
        core.draw_paths(rng, volume, core.npeb(state[0])[0], state, AHEAD, DRAWS, 0.0)
    return time.perf_counter() - start


AUTOETS = """
import json, sys, time
import numpy as np
from statsforecast.models import AutoETS
y = np.load(sys.argv[1])
AutoETS(season_length=12).forecast(y=y[0], h=9, level=[80, 95])
start = time.perf_counter()
for row in y:
    AutoETS(season_length=12).forecast(y=row, h=9, level=[80, 95])
print(json.dumps(time.perf_counter() - start))
"""


def autoets(python: str) -> float:
    """Return seconds per series of statsforecast's AutoETS with its intervals, on the logit shares of one part."""
    K, N = (counts[:MOST_AUTOETS] for counts in panel_counts(500))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "y.npy"
        np.save(file, np.log((K + 0.5) / (N - K + 0.5)))
        done = subprocess.run([python, "-c", AUTOETS, str(file)], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])) / MOST_AUTOETS


def measured(name: str, series: int, folder: str | None) -> tuple[float, float]:
    """Return wall seconds and peak MiB of one contestant in a process of its own."""
    code = [sys.executable, __file__, "--contestant", name, "--series", str(series)]
    code += ["--prototype", folder] if folder else []
    done = subprocess.run(code, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak


def main() -> None:
    """Run the contestants in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="+", default=[500, 2000, 8000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prototype")
    parser.add_argument("--statsforecast-python")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--contestant")
    asked = parser.parse_args()
    if asked.contestant:
        run = {
            "ours": lambda: ours(asked.series[0]),
            "ours without counts": lambda: ours(asked.series[0], counts=False),
            "trial": lambda: trial(asked.series[0], asked.prototype),
        }[asked.contestant]
        print(json.dumps([run(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    names = ["ours", "ours without counts", *(["trial"] if asked.prototype else [])]
    lines = [
        f"{DRAWS} draws, {MONTHS} months known, {AHEAD} ahead, share and volume; medians of {asked.rounds} rounds.",
        "",
        "| series | contestant | seconds | ms a series | peak MiB | times ours |",
        "|---|---|---|---|---|---|",
    ]
    per_series: dict[int, float] = {}
    for series in asked.series:
        rounds = [{name: measured(name, series, asked.prototype) for name in names} for _ in range(asked.rounds)]
        for name in names:
            seconds = statistics.median(one[name][0] for one in rounds)
            ratio = statistics.median(one[name][0] / one["ours"][0] for one in rounds)
            peak = max(one[name][1] for one in rounds)
            line = f"{seconds:.2f} | {1000 * seconds / series:.2f} | {peak:.0f} | {ratio:.2f}"
            lines.append(f"| {series} | {name} | {line} |")
        per_series[series] = statistics.median(one["ours"][0] for one in rounds) / series
    first = per_series[asked.series[0]]
    grown = ", ".join(f"{series}: {cost / first:.2f}" for series, cost in per_series.items())
    lines += ["", f"Cost of a series, relative to that at {asked.series[0]}: {grown}."]
    if asked.statsforecast_python:
        each = autoets(asked.statsforecast_python)
        lines.append(
            f"statsforecast's AutoETS with intervals, the share alone: {1000 * each:.0f} ms a series, "
            f"{each / per_series[asked.series[-1]]:.0f} times ours."
        )
    for given, what in ((asked.prototype, "the trial"), (asked.statsforecast_python, "AutoETS")):
        if not given:
            lines.append(f"Left out, because it was not given: {what}.")
    lines += [
        "",
        "The trial draws no counts; `ours without counts` is the nearer comparison. Ours draws half of the random "
        "numbers and mirrors them, and has an error of the season and 60 points for volumes where the "
        "trial has none and 16.",
    ]
    text = "\n".join(lines)
    print(text)
    if asked.out:
        told = "`python benchmarks/forecast.py --prototype DIR --statsforecast-python PYTHON`"
        asked.out.write_text(f"# Drawing thousands of series\n\n{told}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
