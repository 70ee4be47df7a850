"""Grade the forecasts after a jump of all series: with breaks looked for, as published, and as if there were none.

The method and what was found are in `docs/methods/after-a-break.md`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.forecast.backtest.scores import crps
from analysis.forecast.baselines import BASELINES
from analysis.forecast.origins import Origins
from analysis.forecast.panel import SeriesPanel, first_period

PUBLISHED, WITHOUT = "as published", "without looking for breaks"
"""The two ways a panel is forecast."""


def grades_after(panel: SeriesPanel, onset: pd.Period, *, quarters: int = 8) -> pd.DataFrame:
    """Return the scores at the origins after a jump, both ways.

    Parameters
    ----------
    panel : SeriesPanel
        Counts of all years.
    onset : pd.Period
        Period of the jump.
    quarters : int
        Origins graded, from the end of the quarter of the jump on.

    Returns
    -------
    pd.DataFrame
        A row per way and origin: `way`; `year` forecast; `quarters_after`, origins since the jump (0 is the first);
        `n`, series graded; `found`, whether a break was found; **sums** over the series of `crps` and of the absolute
        error of the median (`off`) and of each simple rule (`off_…`), in points; `inside_80`, 80 % intervals that held.
    """
    P, rows = panel.season_length, []
    for way in (PUBLISHED, WITHOUT):
        origins = Origins(panel, 2022, "after a break", look_for_breaks=way == PUBLISHED)
        for quarter in range(4 * onset.year, 4 * (onset.year + 3)):
            year = quarter // 4
            origin = first_period(year, panel.periods.freqstr) - 1 + P * (quarter % 4) // 4
            after = (origin - onset).n // (P // 4)
            if origin < onset or after >= quarters:
                continue
            here = origins.compute(origin, year)
            if here is None:
                continue
            outcome = panel.year_share(year)[[panel.series.index(name) for name in here.state.series]]
            graded = np.isfinite(outcome)
            values, outcome = here.draws().shares(here.state)[graded], outcome[graded]
            low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=1)
            missed = {"off": middle} | {f"off_{name}": here.state.points[name][graded] for name in BASELINES}
            rows.append(
                {
                    "way": way,
                    "year": year,
                    "quarters_after": after,
                    "n": len(outcome),
                    "found": bool(here.fit.breaks),
                    "inside_80": int(((low <= outcome) & (outcome <= high)).sum()),
                    "crps": 100 * crps(values, outcome).sum(),
                    **{name: 100 * np.nansum(np.abs(point - outcome)) for name, point in missed.items()},
                }
            )
    return pd.DataFrame(rows)


def false_alarms(panel: SeriesPanel) -> tuple[int, int]:
    """Return at how many quarters' ends of a panel in which nothing jumps a break was found, and of how many."""
    P, origins = panel.season_length, Origins(panel, 2022, "calm")
    ends = panel.periods[2 * P - 1 : len(panel.periods) - P : P // 4]
    fits = [origins.compute(end, (end + 1).year) for end in ends]
    return sum(bool(one and one.fit.breaks) for one in fits), len(ends)


def table(grades: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the mean scores by a column, panels weighing alike, with an interval of the gain over them.

    Parameters
    ----------
    grades : pd.DataFrame
        Of `grades_after`, with `panel`.
    by : str
        The column.

    Returns
    -------
    pd.DataFrame
        Index `by`; `panels`; `best`, the simple rule that was nearest over these rows, and `off_best`, its mean
        absolute error in points; `off_without`, `off_with`, `ratio` to the best; `crps_without`, `crps_with`; `gain`,
        `gain_low`, `gain_high`, by how many per cent CRPS is better, with a 95 % bootstrap interval over panels;
        `hold_without`, `hold_with`, per cent.
    """
    names = ["crps", "off", "inside_80", *(f"off_{name}" for name in BASELINES)]
    sums = grades.groupby([by, "panel", "way"])[["n", *names]].sum()
    means = sums[names].div(sums["n"], axis=0)
    wide = means.groupby(level=[by, "way"]).mean().reset_index().pivot_table(index=by, columns="way", values=names)
    best = wide[[f"off_{name}" for name in BASELINES]].xs(PUBLISHED, axis=1, level="way")
    found = pd.DataFrame(
        {
            "panels": means.index.to_frame(index=False).groupby(by)["panel"].nunique(),
            "best": best.idxmin(axis=1).str.removeprefix("off_"),
            "off_best": best.min(axis=1),
            "off_without": wide["off", WITHOUT],
            "off_with": wide["off", PUBLISHED],
            "ratio": wide["off", PUBLISHED] / best.min(axis=1),
            "crps_without": wide["crps", WITHOUT],
            "crps_with": wide["crps", PUBLISHED],
            "gain": 100 * (1 - wide["crps", PUBLISHED] / wide["crps", WITHOUT]),
            "hold_without": 100 * wide["inside_80", WITHOUT],
            "hold_with": 100 * wide["inside_80", PUBLISHED],
        }
    )
    rng = np.random.default_rng(2022)
    for group in found.index:
        pair = np.column_stack([means.loc[group]["crps"].xs(way, level="way") for way in (PUBLISHED, WITHOUT)])
        drawn = pair[rng.integers(0, len(pair), (2000, len(pair)))].mean(axis=1)
        gains = 100 * (1 - drawn[:, 0] / drawn[:, 1])
        found.loc[group, ["gain_low", "gain_high"]] = np.quantile(gains, [0.025, 0.975])
    return found.round(2)
