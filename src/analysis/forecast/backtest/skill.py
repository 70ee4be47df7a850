"""By how much one model is better than another, and how sure that is when the years are few.

All series of a panel's year share its shocks, and its four origins see the same outcome: the panel-year is what can be
counted, not the series.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.forecast.shocks import stream

REPLICATES = 2000
"""Resamples of the panel-years behind an interval."""

LEVEL = 0.95

COLUMNS = ["panel", "model", "score", "skill", "lower", "upper", "panel_years", "better"]


def skill_table(scored: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return the skill of the published model against every other, per panel and over all.

    Parameters
    ----------
    scored : pd.DataFrame
        See `grading.Grades`.
    seed : int
        Of the resampling.

    Returns
    -------
    pd.DataFrame
        `panel` (empty for all), `model`, `score` (``crps`` or ``brier``), `skill`: 1 − the mean over panel-years of
        the published model's score relative to the other's, on the cases both forecast (0–1, above 0 is better);
        `lower, upper`: 95 % interval by resampling panel-years, NaN with fewer than three; `panel_years`, and
        `better`, those in which the published model was.
    """
    rows = []
    for score, cases in (("crps", "n"), ("brier", "probabilities")):
        used = scored[scored[cases] > 0]
        means = used.assign(own=used[f"paired_{score}"] / used[cases], other=used[score] / used[cases])
        # origins weigh alike within a year: the easy last one has as many series as the hard first
        yearly = means.groupby(["panel", "model", "year"], sort=False)[["own", "other"]].mean().reset_index()
        for model, mine in yearly.groupby("model", sort=False):
            for panel in ("", *mine["panel"].unique()):
                of = mine if panel == "" else mine[mine["panel"] == panel]
                rows.append({"panel": panel, "model": model, "score": score, **_skill(of, seed, str(model), score)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _skill(years: pd.DataFrame, seed: int, model: str, score: str) -> dict[str, float]:
    own, other = years["own"].to_numpy(), years["other"].to_numpy()
    usable = other > 0
    relative = own[usable] / other[usable]
    n = len(relative)
    if not n:
        return {"skill": float("nan"), "lower": float("nan"), "upper": float("nan"), "panel_years": 0, "better": 0}
    lower = upper = float("nan")
    if n >= 3:
        picked = stream(seed, "skill", model, score).integers(0, n, (REPLICATES, n))
        lower, upper = np.quantile(1 - relative[picked].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    better = int((relative < 1).sum())
    return {"skill": 1 - relative.mean(), "lower": lower, "upper": upper, "panel_years": n, "better": better}
