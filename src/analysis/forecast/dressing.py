"""Points turned into distributions by the errors they made at the same point of earlier years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.baselines import BASELINES
from analysis.forecast.origin_state import PastYear, Standing, corrected_logit, from_corrected_logit

LEVELS = (np.arange(100) + 0.5) / 100
"""Levels of the quantiles a dressed point is given as."""

SCORED_CASES = 30
"""Cases a year needs for its error to be learnt from: below, the error is mostly the luck of a few cases."""

FEWEST_ERRORS = 5
"""Errors below which smaller years are learnt from too."""


@dataclass(frozen=True, eq=False)
class Errors:
    """Past errors of one source of points, pooled over series and years, on the corrected logit scale.

    Attributes
    ----------
    error, relative : np.ndarray, shape (E,)
        What came less what was said; the same in units of the model's spread then.
    years : int
        Years behind them.
    """

    error: np.ndarray
    relative: np.ndarray
    years: int


def past_errors(past: Sequence[PastYear], name: str) -> Errors:
    """Return the errors a source of points made in earlier years."""
    pieces = []
    for year in past:
        error = corrected_logit(year.outcome, year.size) - corrected_logit(year.points[name], year.size)
        pieces.append(np.column_stack([error, error / year.spread, year.cases, np.full(len(error), year.year)]))
    rows = np.concatenate(pieces) if pieces else np.empty((0, 4))
    rows = rows[np.isfinite(rows).all(axis=1)]
    large = rows[rows[:, 2] >= SCORED_CASES]
    rows = large if len(large) >= FEWEST_ERRORS else rows
    return Errors(rows[:, 0], rows[:, 1], len(np.unique(rows[:, 3])))


def dressed(now: Standing, name: str, errors: Errors) -> np.ndarray:
    """Return quantiles (U, L) of the year-end share: the point spread by every error it made, sign and all.

    A rule that was always too low is corrected by it. NaN where there is no point or no error.

    References
    ----------
    Williams, W. H. and Goodman, M. L. (1971), "A Simple Method for the Construction of Empirical Confidence Limits
    for Economic Forecasts".
    """
    return _spread(now, name, errors.error, np.ones(1))


def scaled(now: Standing, name: str, errors: Errors) -> np.ndarray:
    """Return quantiles (U, L): the point spread by past errors of either sign, in units of each series' own spread.

    A busy office and a quiet one are not wrong by the same; the model knows by how much they differ.
    """
    return _spread(now, name, np.concatenate([errors.relative, -errors.relative]), now.spread)


def mean_absolute_errors(past: Sequence[PastYear], names: Sequence[str]) -> pd.DataFrame:
    """Return how far each source of points was off in earlier years, on the cases all of them forecast.

    Returns
    -------
    pd.DataFrame
        ``name``; ``errors`` and ``years`` of its own; ``common_errors``, those of a series and year with
        `SCORED_CASES` cases that every name forecast; ``error``, their mean absolute size (share units), years
        weighing alike; NaN without any.
    """
    usable = [name for name in names if any(np.isfinite(year.points[name] - year.outcome).any() for year in past)]
    errors: dict[str, list[float]] = {name: [] for name in names}
    common_errors = 0
    for year in past:
        off = {name: np.abs(year.points[name] - year.outcome) for name in usable}
        common = np.isfinite(list(off.values())).all(axis=0) if off else np.zeros(0, dtype=bool)
        large = common & (year.cases >= SCORED_CASES)
        common = large if large.sum() >= FEWEST_ERRORS else common
        common_errors += int(common.sum())
        if common.any():
            for name, sizes in off.items():
                errors[name].append(float(sizes[common].mean()))
    own = {name: past_errors(past, name) for name in names}
    return pd.DataFrame(
        {
            "name": list(names),
            "errors": [len(own[name].error) for name in names],
            "years": [own[name].years for name in names],
            "common_errors": [common_errors if errors[name] else 0 for name in names],
            "error": [float(np.mean(errors[name])) if errors[name] else float("nan") for name in names],
        }
    )


def chosen_baseline(past: Sequence[PastYear]) -> str | None:
    """Return the baseline of lowest past error: chosen before the fact. None when there is none to choose."""
    table = mean_absolute_errors(past, BASELINES).dropna(subset="error")
    return None if table.empty else str(table.sort_values("error", kind="stable")["name"].iloc[0])


def _spread(now: Standing, name: str, errors: np.ndarray, unit: np.ndarray) -> np.ndarray:
    point = now.points[name]
    if not len(errors):
        return np.full((len(point), len(LEVELS)), np.nan)
    shifts = np.quantile(errors, LEVELS)
    value = corrected_logit(point, now.size)[:, None] + unit[:, None] * shifts
    return from_corrected_logit(value, now.size[:, None])
