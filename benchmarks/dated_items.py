"""Grade the forecasts of dated items on simulated lists with known truth and on the closing days of real cases.

    DUNGHEN_REAL_DATA=… python benchmarks/dated_items.py --out DIR [--half choose]

A cohort of Boston's register is a list: the cases of one department and request type that were opened in a month and
are due within four, eight or twelve months of its first day, followed to the end of that span. It is graded twice: with
the days its cases are due, and as if all were due on the last day. A prior was chosen on one half of the
pairs of department and type, and on simulated lists of another seed (`--half choose`); the other half is graded.

Writes `item_scores.csv`, `item_calibration.csv` and `item_skill.csv`, which the page of the track record is drawn from.
"""

from __future__ import annotations

import argparse
import os
import zlib
from pathlib import Path

import pandas as pd

from analysis.attainment import items_backtest
from analysis.data.simulate.item_lists import COLUMNS, item_lists

LIST_COUNT = 800
"""Simulated lists."""
SEEDS = {"choose": 1, "grade": 2021}
SPANS = (4, 8, 12)
"""Months over which a cohort is followed; the register is of one year."""
MOST = 300
"""Cases of a cohort that are taken, at random, where it has more; a list of fewer than `LEAST` is none."""
LEAST = 5
NAMES = {"Department": "department", "TYPE": "type", "OPEN_DT": "opened", "TARGET_DT": "due", "CLOSED_DT": "closed"}


def cohorts(data: Path, half: str) -> pd.DataFrame:
    """Return the cohorts of one half of the pairs of department and request type; see `item_lists` for the columns."""
    read = pd.read_csv(
        data / "boston311" / "cases.csv.gz", usecols=list(NAMES), parse_dates=["OPEN_DT", "TARGET_DT", "CLOSED_DT"]
    )
    cases = read.rename(columns=NAMES).dropna(subset=["opened", "due", "department", "type"])
    for name in ("opened", "due", "closed"):
        cases[name] = cases[name].dt.normalize()
    cases["family"] = cases["department"] + " / " + cases["type"]
    chosen = {"choose": 0, "grade": 1}[half]
    cases = cases[[zlib.crc32(family.encode()) % 2 == chosen for family in cases["family"]]]
    lists = []
    for (family, month), opened in cases.groupby(["family", cases["opened"].dt.to_period("M")]):
        for span in SPANS:
            start = month.start_time.normalize() - pd.Timedelta(days=1)
            end = (month + span - 1).end_time.normalize()
            mine = opened[opened["due"] <= end]
            if end.year > 2015 or len(mine) < LEAST:
                continue
            mine = mine.sample(min(len(mine), MOST), random_state=month.month)
            rows = {
                "list": f"{family} {month} {span}", "family": family, "start": start, "end": end,
                "item": [f"i{place:03d}" for place in range(len(mine))],
                "listed_on": mine["opened"] - pd.Timedelta(days=1), "first_planned_on": mine["due"],
                "planned_on": mine["due"], "moved_on": pd.NaT, "done_on": mine["closed"], "called_off_on": pd.NaT,
            }  # fmt: skip
            lists.append(pd.DataFrame(rows))
    return pd.concat(lists, ignore_index=True)[COLUMNS]


def due_on_the_last_day(lists: pd.DataFrame) -> pd.DataFrame:
    """Return the same lists with every item planned for the last day."""
    return lists.assign(first_planned_on=lists["end"], planned_on=lists["end"])


def main() -> None:
    """Forecast all lists, write their grades and print them."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, required=True)
    asked.add_argument("--half", choices=list(SEEDS), default="grade")
    asked.add_argument("--draws", type=int, default=1000)
    given = asked.parse_args()
    real = cohorts(Path(os.environ["DUNGHEN_REAL_DATA"]), given.half)
    panels = {
        "simulated": item_lists(LIST_COUNT, seed=SEEDS[given.half]),
        "boston-cases": real,
        "boston-cases-one-day": due_on_the_last_day(real),
    }
    graded = [
        items_backtest.forecast_lists(lists, panel=panel, draw_count=given.draws, seed=2021)
        for panel, lists in panels.items()
    ]
    forecasts, probabilities = (pd.concat(frames, ignore_index=True) for frames in zip(*graded, strict=True))
    tables = {
        "item_scores": items_backtest.scored(forecasts, probabilities),
        "item_calibration": items_backtest.calibration(probabilities),
        "item_skill": items_backtest.skill(forecasts, probabilities, seed=2021),
    }
    given.out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(given.out / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
    print_grades(tables)


def print_grades(tables: dict[str, pd.DataFrame]) -> None:
    """Print the tables of docs/methods/dated-items.md."""
    scores = tables["item_scores"]
    of_shares = [name for name in scores if name.startswith("coverage_")] + ["inside_80", "crps"]
    for by in (["panel"], ["panel", "quarters"], ["panel", "short"], ["panel", "one_day"]):
        sums = scores.groupby([*by, "model"]).sum(numeric_only=True)
        means = sums[of_shares].div(sums["n"], axis=0)
        means = means.join(sums[["brier", "log_score"]].div(sums["probabilities"], axis=0))
        print(means.assign(n=sums["n"], probabilities=sums["probabilities"]).round(4).to_string(), end="\n\n")
    for by in (["panel"], ["panel", "short"]):
        bins = tables["item_calibration"].groupby([*by, "bin"])[["n", "said", "happened"]].sum()
        shares = bins[["said", "happened"]].div(bins["n"], axis=0).assign(n=bins["n"])
        print(shares.round(3).to_string(), end="\n\n")
    print(tables["item_skill"].round(3).to_string())


if __name__ == "__main__":
    main()
