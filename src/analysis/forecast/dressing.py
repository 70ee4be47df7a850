"""Dress point forecasts: turn them into distributions by their errors at the same origin of earlier years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.baselines import BASELINES
from analysis.forecast.origin_state import OriginState, PastYear

LEVELS = (np.arange(100) + 0.5) / 100
"""Levels of the quantiles that describe a dressed point forecast."""

SCORED_CASES = 30
"""Cases a year needs for its error to be used: below, the error is mostly the chance of a few cases."""

FEWEST_ERRORS = 5
"""Number of errors below which those of years with fewer cases are used, too."""


@dataclass(frozen=True, eq=False)
class PastErrors:
    """Past errors of one point forecast, pooled over peers and years, on the corrected link scale.

    Attributes
    ----------
    error, relative : np.ndarray, shape (E,)
        Outcome less forecast; the same divided by the spread of the model at that origin.
    years : int
        Number of years with an error.
    """

    error: np.ndarray
    relative: np.ndarray
    years: int


def past_errors(past: Sequence[PastYear], name: str) -> PastErrors:
    """Return the errors of a point forecast in earlier years.

    Parameters
    ----------
    past : sequence of PastYear
        Earlier years at the same point of the year.
    name : str
        Name of the forecast; see `origin_state.OriginState`.
    """
    pieces = []
    for year in past:
        error = year.link.corrected(year.outcome, year.size) - year.link.corrected(year.points[name], year.size)
        rows = np.column_stack([error, error / year.spread, year.cases, np.full(len(error), year.year)])
        pieces.append(rows[year.peers])
    rows = np.concatenate(pieces) if pieces else np.empty((0, 4))
    rows = rows[np.isfinite(rows).all(axis=1)]
    large = rows[rows[:, 2] >= SCORED_CASES]
    rows = large if len(large) >= FEWEST_ERRORS else rows
    return PastErrors(rows[:, 0], rows[:, 1], len(np.unique(rows[:, 3])))


def dressed_quantiles(state: OriginState, name: str, errors: PastErrors) -> np.ndarray:
    """Return quantiles (U, L) of the year-end share: the point forecast plus its past errors with their sign.

    A baseline that was always too low is corrected by that. NaN where there is no point forecast or no error.

    Parameters
    ----------
    state : OriginState
        The year at the origin.
    name : str
        Name of the point forecast.
    errors : PastErrors
        Its past errors.

    References
    ----------
    Williams, W. H. and Goodman, M. L. (1971), "A Simple Method for the Construction of Empirical Confidence Limits
    for Economic Forecasts".
    """
    return _quantiles(state, name, errors.error, np.ones(1))


def scaled_quantiles(state: OriginState, name: str, errors: PastErrors) -> np.ndarray:
    """Return quantiles (U, L): the point forecast plus past errors of either sign, in units of each series' spread.

    The errors of a busy office and of a quiet one differ in size; the model's spread measures by how much.

    Parameters
    ----------
    state : OriginState
        The year at the origin.
    name : str
        Name of the point forecast.
    errors : PastErrors
        Its past errors.
    """
    return _quantiles(state, name, np.concatenate([errors.relative, -errors.relative]), state.spread)


def mean_absolute_errors(past: Sequence[PastYear], names: Sequence[str]) -> pd.DataFrame:
    """Return the mean absolute error of each point forecast in earlier years, over the peers that all of them forecast.

    Parameters
    ----------
    past : sequence of PastYear
        Earlier years at the same point of the year.
    names : sequence of str
        Names of the point forecasts.

    Returns
    -------
    pd.DataFrame
        ``name``; ``errors`` and ``years``, the number of its own errors and of their years; ``common_errors``, the
        number of errors in series and years with `SCORED_CASES` cases that all names forecast; ``error``, their mean
        absolute size (share units; of a mean, on the log scale) with equal weight for every year, NaN without any.
    """
    missed = [
        {name: year.link.error(year.points[name], year.outcome, year.size)[year.peers] for name in names}
        for year in past
    ]
    usable = [name for name in names if any(np.isfinite(of_year[name]).any() for of_year in missed)]
    errors: dict[str, list[float]] = {name: [] for name in names}
    common_errors = 0
    # where none is usable, no series of now was forecast then: there is no common error
    for year, of_year in zip(past, missed, strict=True) if usable else ():
        absolute = {name: of_year[name] for name in usable}
        common = np.isfinite(list(absolute.values())).all(axis=0)
        large = common & (year.cases[year.peers] >= SCORED_CASES)
        common = large if large.sum() >= FEWEST_ERRORS else common
        common_errors += int(common.sum())
        if common.any():
            for name, values in absolute.items():
                errors[name].append(float(values[common].mean()))
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
    """Return the baseline of lowest past error, known before the year ends; None when no past year can be scored."""
    table = mean_absolute_errors(past, BASELINES).dropna(subset="error")
    return None if table.empty else str(table.sort_values("error", kind="stable")["name"].iloc[0])


def _quantiles(state: OriginState, name: str, errors: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return a point forecast plus the quantiles of its errors, in units (U,) or (1,) of the corrected link scale."""
    point = state.points[name]
    if not len(errors):
        return np.full((len(point), len(LEVELS)), np.nan)
    shifts = np.quantile(errors, LEVELS)
    value = state.link.corrected(point, state.size)[:, None] + state.link.limited(unit[:, None] * shifts)
    return state.link.from_corrected(value, state.size[:, None])
