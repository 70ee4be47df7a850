"""Scores of forecasts: proper scores, coverage, probability integral transform (PIT), and skill between models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.forecast.shocks import stream
from analysis.rules import off_certainty

QUANTILES = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
"""Levels of the quantiles that are stored for each forecast."""

INTERVALS = {50: (2, 4), 80: (1, 5), 95: (0, 6)}
"""Positions in `QUANTILES` of the bounds of the central intervals, by nominal coverage in percent."""

REPLICATES = 2000
"""Bootstrap samples of the panel-years for the interval of a skill."""

LEVEL = 0.95
"""Nominal coverage of that interval."""

COLUMNS = ["panel", "model", "score", "skill", "lower", "upper", "panel_years", "better"]


def crps(values: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the continuous ranked probability score (U,) of equally likely values, in the outcome's units.

    Parameters
    ----------
    values : np.ndarray, shape (U, L)
        Equally likely values; the score of a single one is its absolute error.
    outcome : np.ndarray, shape (U,)
        Observed values.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007), "Strictly Proper Scoring Rules, Prediction, and Estimation".
    """
    ordered = np.sort(values, axis=1)
    L = ordered.shape[1]
    weight = 2 * np.arange(1, L + 1) - 1 - L
    return np.asarray(np.abs(ordered - outcome[:, None]).mean(axis=1) - (ordered * weight).sum(axis=1) / L**2)


def interval_score(quantiles: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the weighted interval score (U,), in the outcome's units.

    Parameters
    ----------
    quantiles : np.ndarray, shape (U, 7)
        Quantiles at `QUANTILES`.
    outcome : np.ndarray, shape (U,)
        Observed values.

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
    """Return whether the outcome (U,) is inside the central interval of a nominal coverage, bounds included.

    Parameters
    ----------
    quantiles : np.ndarray, shape (U, 7)
        Quantiles at `QUANTILES`.
    outcome : np.ndarray, shape (U,)
        Observed values.
    nominal : {50, 80, 95}
        Nominal coverage in percent.
    """
    low, high = INTERVALS[nominal]
    return np.asarray((quantiles[:, low] <= outcome) & (outcome <= quantiles[:, high]))


def brier(probability: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the Brier score of each probability, clipped as released; lower is better.

    Parameters
    ----------
    probability : np.ndarray
        Probabilities, 0–1.
    outcome : np.ndarray
        1 where the event happened, else 0.
    """
    return np.asarray((off_certainty(probability) - outcome) ** 2)


def log_score(probability: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the log score: minus the log of the probability of what happened, clipped as released; lower is better.

    Parameters
    ----------
    probability : np.ndarray
        Probabilities, 0–1.
    outcome : np.ndarray
        1 where the event happened, else 0.
    """
    p = off_certainty(probability)
    return np.asarray(-np.log(np.where(outcome == 1, p, 1 - p)))


def pit(values: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the PIT (U,): the share of values below the outcome plus half of the equal ones; uniform if calibrated.

    Parameters
    ----------
    values : np.ndarray, shape (U, L)
        Equally likely values.
    outcome : np.ndarray, shape (U,)
        Observed values.

    References
    ----------
    Dawid, A. P. (1984), "Statistical theory: the prequential approach".
    """
    below, equal = values < outcome[:, None], values == outcome[:, None]
    return np.asarray((below + 0.5 * equal).mean(axis=1))


def skill_table(scored: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return the skill of the ensemble against every other model, per panel and over all panels.

    Parameters
    ----------
    scored : pd.DataFrame
        Sums of scores; see `grading.Grades`.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    pd.DataFrame
        `panel` (empty for all), `model`, `score` (``crps`` or ``brier``); `skill`: 1 − the mean over panel-years of
        the ensemble's score divided by the other model's, on the cases both forecast (1 is perfect, above 0 is better);
        `lower, upper`: 95 % bootstrap interval over panel-years, NaN with fewer than three; `panel_years`, their
        number, and `better`, the number of those in which the ensemble had the better score.
    """
    rows = []
    for score, cases in (("crps", "n"), ("brier", "probabilities")):
        used = scored[scored[cases] > 0]
        means = used.assign(own=used[f"paired_{score}"] / used[cases], other=used[score] / used[cases])
        # every origin has the same weight within a year: the easy last one has as many series as the hard first one
        yearly = means.groupby(["panel", "model", "year"], sort=False)[["own", "other"]].mean().reset_index()
        for model, years in yearly.groupby("model", sort=False):
            for panel in ("", *years["panel"].unique()):
                of_panel = years if panel == "" else years[years["panel"] == panel]
                skill = _skill(of_panel, seed, str(model), score)
                rows.append({"panel": panel, "model": model, "score": score, **skill})
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
