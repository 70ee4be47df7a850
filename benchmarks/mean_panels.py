"""Backtest forecasts of means on public data: days to close in Boston, and late shares read as means of 0 and 1.

    DUNGHEN_REAL_DATA=… python benchmarks/mean_panels.py --out DIR [--panels NAME …] [--comparisons]

Writes each panel as ``DIR/NAME/panel.csv`` (`series, period, total, total_squares, cases`), which `dunghen backtest`
takes, grades the forecasts of every year under `at_most` and prints the table of docs/methods/backtest.md. The register
of Boston has one year, so its weeks take the place of months or quarters: a "year" is 12 or 4 weeks.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.forecast.backtest.backtest import Backtest, backtest
from analysis.forecast.backtest.comparisons import COMPARISONS
from analysis.forecast.backtest.rolling import ENSEMBLE, OWN_MODELS, RAW
from analysis.forecast.panel import mean_panel_from_totals

COLUMNS = ["series", "period", "total", "total_squares", "cases"]
FIRST_DAY, LAST_DAY = pd.Timestamp("2015-01-01"), pd.Timestamp("2016-01-12")
"""First day a case was opened, and the day of the extract of Boston."""

FIRST_DAYS = 14
"""Days of a case that count in the panel by request type; a case open longer counts all of them."""

LONGEST = 90
"""Days to close above which a case is left out of the panels by week of closing: the register begins with 2015, so slow
cases of earlier years are missing from its first weeks."""


def boston(data: Path) -> pd.DataFrame:
    """Return the register's `type, place, opened, closed, days`."""
    names = {"TYPE": "type", "neighborhood": "place", "OPEN_DT": "opened", "CLOSED_DT": "closed"}
    read = pd.read_csv(data / "boston311" / "cases.csv.gz", usecols=list(names), parse_dates=["OPEN_DT", "CLOSED_DT"])
    cases = read.rename(columns=names).dropna(subset=["opened", "type", "place"])
    return cases.assign(days=((cases["closed"] - cases["opened"]) / pd.Timedelta(days=1)).clip(lower=0))


def first_days_by_type(data: Path) -> pd.DataFrame:
    """Return the first two weeks' days of each case, by request type and week of opening; 12 weeks are a year."""
    cases = boston(data)
    known = cases[cases["opened"] < LAST_DAY - pd.Timedelta(days=FIRST_DAYS)]
    days = known["days"].fillna(FIRST_DAYS).clip(upper=FIRST_DAYS)
    return by_week(known["type"], (known["opened"] - FIRST_DAY).dt.days // 7, days, frequency="M")


def days_to_close(data: Path, by: str) -> pd.DataFrame:
    """Return the days to close of the cases closed in a week, by request type or place; 4 weeks are a year."""
    cases = boston(data)
    closed = cases[cases["days"] <= LONGEST]
    week = (closed["closed"] - FIRST_DAY - pd.Timedelta(days=LONGEST)).dt.days // 7
    inside = (week >= 0) & (closed["closed"] < pd.Timestamp("2016-01-01"))
    return by_week(closed.loc[inside, by], week[inside], closed.loc[inside, "days"], frequency="Q")


def by_week(series: pd.Series, week: pd.Series, days: pd.Series, *, frequency: str) -> pd.DataFrame:
    """Return totals by series and week, weeks written as months or quarters from 2001 on."""
    start = pd.Period("2001-01", freq=frequency)
    label = {int(n): str(start + int(n)) for n in week.unique()}
    frame = pd.DataFrame({"series": series, "period": week.map(label), "days": days, "squares": days**2})
    sums = frame.groupby(["series", "period"], as_index=False).agg(
        total=("days", "sum"), total_squares=("squares", "sum"), cases=("days", "size")
    )
    return sums[COLUMNS]


def share_as_mean(data: Path, folder: str) -> pd.DataFrame:
    """Return a panel of shares as means of 0 and 1, whose squares are themselves."""
    counts = pd.read_csv(data / folder / "panel.csv").dropna(subset=["numerator", "denominator"])
    return counts.assign(total=counts["numerator"], total_squares=counts["numerator"], cases=counts["denominator"])[
        COLUMNS
    ]


PANELS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "boston-types": first_days_by_type,
    "boston-types-closed": lambda data: days_to_close(data, "type"),
    "boston-places-closed": lambda data: days_to_close(data, "place"),
    "tgv-late": lambda data: share_as_mean(data, "panels/fr_tgv_late15"),
    "nhs-late": lambda data: share_as_mean(data, "nhs_ae"),
}


def figures(result: Backtest) -> pd.DataFrame:
    """Return a row per panel: coverage, scores in hundredths of logs, and skill of the ensemble."""
    rows = []
    for name, scored in result.scored.groupby("panel", sort=False):
        sums = scored.groupby("model").sum(numeric_only=True)
        own, raw = sums.loc[ENSEMBLE], sums.loc[[model for model in RAW if model in sums.index]]
        best = (raw["crps"] / raw["paired_crps"]).idxmin()
        skill = result.skill[(result.skill["panel"] == name)].set_index(["model", "score"])["skill"]
        places = result.totals[(result.totals["panel"] == name) & (result.totals["model"] == ENSEMBLE)]["place"]
        rows.append(
            {
                "panel": name,
                "series-origins": int(own["n"]),
                "80 %": own["coverage_80"] / own["n"],
                "95 %": own["coverage_95"] / own["n"],
                "CRPS": own["crps"] / own["n"],
                "WIS": own["wis"] / own["n"],
                "off by": own["mae_pp"] / own["n"],
                "best raw": best,
                "CRPS skill": skill[best, "crps"],
                "Brier skill": skill[best, "brier"],
                "CRPS v. chosen dressed": skill.get(("dressed_chosen", "crps"), np.nan),
                "CRPS v. model": skill["npeb", "crps"],
                "totals": len(places),
                "80 % of totals": places.between(0.1, 0.9).mean(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Build the panels, grade their forecasts, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--panels", nargs="+", choices=PANELS, default=list(PANELS))
    parser.add_argument("--comparisons", action="store_true", help="statsmodels' models, too")
    parser.add_argument("--seed", type=int, default=20210101)
    arguments = parser.parse_args()
    data = Path(os.environ["DUNGHEN_REAL_DATA"])
    panels = {}
    for name in arguments.panels:
        frame = PANELS[name](data)
        folder = arguments.out / name
        folder.mkdir(parents=True, exist_ok=True)
        frame.to_csv(folder / "panel.csv", index=False)
        panels[name] = mean_panel_from_totals(frame)
    models = {*OWN_MODELS, *(COMPARISONS if arguments.comparisons else ())}
    result = backtest(panels, arguments.out, rule="at_most", members=models, seed=arguments.seed)
    print(figures(result).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
