"""Grade the forecasts of the two years after a jump of all series, on simulated panels with known truth.

    python benchmarks/after_a_break.py --out DIR [--seed choose] [--panels N]

Every panel is forecast as it is published and as if no break were looked for; panels in which nothing jumps count false
alarms. What was chosen was chosen on other panels (`--seed choose`). Writes `after_a_break.csv`, which the page of the
forecast quotes, and prints the tables of `docs/methods/after-a-break.md`.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data.simulate.shaken_panels import YEAR_OF_THE_JUMP, calm_panels, shaken_panels
from analysis.forecast.backtest.after_a_break import PUBLISHED, false_alarms, grades_after, table
from analysis.forecast.panel import Panel, panel_from_counts

SEEDS = {"choose": 1, "grade": 2022}
CALM = 24
"""Panels in which nothing jumps."""


def grades_of(panel: Panel, onset: str) -> pd.DataFrame:
    """Return the grades of a panel; for a process of its own."""
    return grades_after(panel, pd.Period(onset, panel.periods.freqstr))


def panels_of(counts: pd.DataFrame) -> dict[str, Panel]:
    """Return panels by their name."""
    return {name: panel_from_counts(rows.drop(columns="panel")) for name, rows in counts.groupby("panel")}


def main() -> None:
    """Grade all panels, write the grades and print them."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, required=True)
    asked.add_argument("--seed", choices=list(SEEDS), default="grade")
    asked.add_argument("--panels", type=int, default=72)
    given = asked.parse_args()
    counts, truth = shaken_panels(given.panels, seed=SEEDS[given.seed])
    panels, calm = panels_of(counts), panels_of(calm_panels(CALM, seed=SEEDS[given.seed]))
    with ProcessPoolExecutor(2) as pool:
        graded = pool.map(grades_of, [panels[name] for name in truth["panel"]], truth["period"])
        alarms = pool.map(false_alarms, calm.values())
        frames = [frame.assign(panel=name) for name, frame in zip(truth["panel"], graded, strict=True)]
        false, possible = (sum(one) for one in zip(*alarms, strict=True))
    grades = truth.merge(pd.concat(frames), on="panel")
    given.out.mkdir(parents=True, exist_ok=True)
    grades.to_csv(given.out / "after_a_break.csv", index=False, float_format="%.6g", lineterminator="\n")
    print_grades(grades)
    print(f"false alarms at {false} of {possible} origins of calm panels")


def print_grades(grades: pd.DataFrame) -> None:
    """Print the tables of docs/methods/after-a-break.md."""
    graded = grades.assign(
        half=np.where(grades["quarters_after"] < 4, "first four origins", "next four origins"),
        calendar=np.where(grades["year"] == YEAR_OF_THE_JUMP + 1, "year after", "year of the jump, second year"),
    )
    first = graded[graded["quarters_after"] < 4]
    by_row = [(graded, "half"), (graded, "calendar"), *((first, by) for by in ("fading", "quarters_after", "ramp"))]
    for rows, by in by_row:
        print(table(rows, by).to_string(), end="\n\n")
    published = graded[graded["way"] == PUBLISHED]
    print("found", published.pivot_table(index="ramp", columns="quarters_after", values="found").round(2), sep="\n")


if __name__ == "__main__":
    main()
