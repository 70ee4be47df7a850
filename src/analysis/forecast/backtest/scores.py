"""How right a forecast was: proper scores, coverage, and where the outcome fell in what was said."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.forecast.shocks import stream
from analysis.rules import off_certainty

QUANTILES = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
"""Levels a forecast is written down at."""

INTERVALS = {50: (2, 4), 80: (1, 5), 95: (0, 6)}
"""Nominal coverage in percent: positions of its bounds in `QUANTILES`."""


def crps(values: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the continuous ranked probability score (U,) of equally likely values, in the outcome's units.

    Parameters
    ----------
    values : np.ndarray, shape (U, L)
        A point scores its absolute error.
    outcome : np.ndarray, shape (U,)
        What came.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007), "Strictly Proper Scoring Rules, Prediction, and Estimation".
    """
    ordered = np.sort(values, axis=1)
    L = ordered.shape[1]
    weight = 2 * np.arange(1, L + 1) - 1 - L
    return np.asarray(np.abs(ordered - outcome[:, None]).mean(axis=1) - (ordered * weight).sum(axis=1) / L**2)


def interval_score(quantiles: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the weighted interval score (U,) of quantiles (U, 7) at `QUANTILES`, in the outcome's units.

    References
    ----------
    Bracher, J. et al. (2021), "Evaluating epidemic forecasts in an interval format".
    """
    total = 0.5 * np.abs(outcome - quantiles[:, 3])
    for nominal, (low, high) in INTERVALS.items():
        alpha = 1 - nominal / 100
        below = np.maximum(quantiles[:, low] - outcome, 0)
        above = np.maximum(outcome - quantiles[:, high], 0)
        total = total + alpha / 2 * (quantiles[:, high] - quantiles[:, low]) + below + above
    return np.asarray(total / (len(INTERVALS) + 0.5))


def inside(quantiles: np.ndarray, outcome: np.ndarray, nominal: int) -> np.ndarray:
    """Return whether the outcome (U,) fell into the central interval of a nominal coverage (50, 80 or 95 %)."""
    low, high = INTERVALS[nominal]
    return np.asarray((quantiles[:, low] <= outcome) & (outcome <= quantiles[:, high]))


def brier(probability: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the squared error of probabilities, kept off 0 and 1 as they are published."""
    return np.asarray((off_certainty(probability) - outcome) ** 2)


def log_score(probability: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return minus the log of the probability given to what happened, kept off 0 as published; lower is better."""
    p = off_certainty(probability)
    return np.asarray(-np.log(np.where(outcome == 1, p, 1 - p)))


def pit(values: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the share (U,) of values below the outcome, equal ones by half: uniform if the forecast is right.

    References
    ----------
    Dawid, A. P. (1984), "Statistical theory: the prequential approach".
    """
    below, equal = values < outcome[:, None], values == outcome[:, None]
    return np.asarray((below + 0.5 * equal).mean(axis=1))


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
