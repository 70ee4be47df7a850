"""The ensemble: the model of record and dressed baselines, weighted by past errors and joined by the Schaake shuffle.

The ensemble gives each series a distribution of its year-end share. The Schaake shuffle gives the simulated paths these
values in the order of the paths' own ranks, so that series keep moving together as in the simulation.

References
----------
Clark, M. et al. (2004), "The Schaake Shuffle"; Schefzik, R., Thorarinsdottir, T. and Gneiting, T. (2013), "Uncertainty
Quantification in Complex Simulation Models Using Ensemble Copula Coupling".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.forecast.dressing import LEVELS, dressed_quantiles, mean_absolute_errors, past_errors, scaled_quantiles
from analysis.forecast.origin_state import INSIDE, MODEL_OF_RECORD, OriginState, PastYear

DRESSED = ("last_quarter", "seasonal_naive")
"""Baselines that are members with their own past errors, whose sign corrects them."""

SCALED = ("last_quarter", "year_to_date", "seasonal_naive", "same_growth")
"""Baselines that are members with past errors of either sign, in units of each series' spread."""

WEIGHT_POWER = 8.0
"""Power of the past error in a weight once many years are known; forecast note 1.2."""

SHORT_YEARS = 2
"""Years of periods with cases below which a series gets the weights for short histories; forecast note 4.3."""

SHORT_RULE = "last_quarter"
"""The baseline that has half of the weight for short histories; the model has the other half."""

_SMALLEST_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Members of the ensemble with their weights, at one origin of a year.

    Attributes
    ----------
    names : tuple of str
        The M members: the model of record, ``dressed_…``, ``scaled_…``.
    weights : np.ndarray, shape (U, M)
        Weight of each member for each series; rows sum to 1.
    others : np.ndarray, shape (U, M - 1, L)
        Quantiles of the year-end share at `dressing.LEVELS` of all members but the first; the first, the model, has
        those of its simulated paths.
    short : np.ndarray of bool, shape (U,)
        Series with less than two years of history.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    others: np.ndarray
    short: np.ndarray

    def quantiles(self, rows: np.ndarray, paths: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return quantiles (u, L) of the ensemble's year-end share.

        Parameters
        ----------
        rows : np.ndarray of int, shape (u,)
            Rows of the series.
        paths : np.ndarray, shape (u, S)
            The model's simulated year-end shares of these series, 0–1.
        levels : np.ndarray, shape (L,)
            Levels of the quantiles, increasing, between 0 and 1.
        """
        model = np.quantile(paths, LEVELS, axis=1).T[:, None, :]
        values = np.concatenate([model, self.others[rows]], axis=1).reshape(len(rows), -1)
        weights = np.repeat(self.weights[rows] / len(LEVELS), len(LEVELS), axis=1)
        order = np.argsort(values, axis=1, kind="stable")
        values, weights = (np.take_along_axis(array, order, axis=1) for array in (values, weights))
        cumulated = np.cumsum(weights, axis=1) - weights / 2
        mixture = np.empty((len(rows), len(levels)))
        for u in range(len(rows)):
            weighted = weights[u] > 0
            mixture[u] = np.interp(levels, cumulated[u][weighted], values[u][weighted])
        return mixture


def build_ensemble(state: OriginState, past: Sequence[PastYear], *, season_length: int) -> Ensemble:
    """Return the ensemble of a year at an origin.

    A member's weight is its mean absolute error at the same point of earlier years to the power −8 n / (n + 1), where n
    is the number of these years. For a series with less than two years of history, the model and the dressed last
    quarter have half of the weight each. The model has all the weight where no earlier year can be scored, and for a
    series at an edge (none or all), because only the model can stay there.

    Parameters
    ----------
    state : OriginState
        The year at the origin.
    past : sequence of PastYear
        Earlier years at the same point of the year, for the same series.
    season_length : int
        Periods in a year: 12 or 4.
    """
    sources = (MODEL_OF_RECORD, *DRESSED, *SCALED)
    names = (MODEL_OF_RECORD, *(f"dressed_{name}" for name in DRESSED), *(f"scaled_{name}" for name in SCALED))
    errors = {name: past_errors(past, name) for name in dict.fromkeys(sources)}
    members = [dressed_quantiles(state, name, errors[name]) for name in DRESSED]
    members += [scaled_quantiles(state, name, errors[name]) for name in SCALED]
    quantiles = np.stack(members, axis=1)
    usable = np.column_stack([np.ones(len(state.series), dtype=bool), np.isfinite(quantiles).all(axis=2)])

    table = mean_absolute_errors(past, tuple(dict.fromkeys(sources))).set_index("name")
    error = np.maximum(table["error"].loc[list(sources)].to_numpy(), _SMALLEST_ERROR)
    scored = np.isfinite(error)
    years = len(past)
    weights = np.zeros(len(sources))
    if scored.any():
        weights[scored] = (error[scored] / error[scored].min()) ** (-WEIGHT_POWER * years / (years + 1))
    weights[0] = weights[0] or float(not scored.any())
    weights = weights * usable

    short = state.history < SHORT_YEARS * season_length
    half = np.zeros(len(sources))
    half[[0, names.index(f"dressed_{SHORT_RULE}")]] = 0.5
    weights[short] = half * usable[short]
    weights[state.edge != INSIDE] = np.arange(len(sources)) == 0
    weights[weights.sum(axis=1) == 0, 0] = 1.0
    weights = weights / weights.sum(axis=1, keepdims=True)
    return Ensemble(names, weights, np.nan_to_num(quantiles), short)


def schaake_shuffle(
    ensemble: Ensemble,
    state: OriginState,
    rows: np.ndarray,
    numerator: np.ndarray,
    denominator: np.ndarray,
    ties: np.ndarray,
) -> np.ndarray:
    """Return numerators (u, S) of the rest of the year that give each path the ensemble's year-end value at its rank.

    The denominators of the paths do not change. A value that the year can no longer reach is moved to the nearest one
    that it can.

    Parameters
    ----------
    ensemble : Ensemble
        The ensemble of the year.
    state : OriginState
        The year at the origin.
    rows : np.ndarray of int, shape (u,)
        Rows of the series.
    numerator, denominator : np.ndarray, shape (u, S)
        Simulated cases of the rest of the year, per path.
    ties : np.ndarray, shape (u, S)
        Random numbers that order equal shares; see `ranks`.
    """
    so_far, volume = state.numerator[rows][:, None], state.denominator[rows][:, None]
    shares = (so_far + numerator) / np.maximum(volume + denominator, 1.0)
    quantiles = ensemble.quantiles(rows, shares, rank_levels(shares.shape[1]))
    shuffled = np.take_along_axis(quantiles, ranks(shares, ties), axis=1)
    return state.link.wanted(shuffled, so_far, volume, denominator)


def ranks(values: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Return the rank (U, S) of each value in its row, 0 to S - 1, equal values in the order of `ties`.

    Parameters
    ----------
    values : np.ndarray, shape (U, S)
        Values to rank.
    ties : np.ndarray, shape (U, S)
        Independent random numbers: without them, equal shares of two series would have equal ranks in every draw.
    """
    order = np.lexsort((ties, values), axis=1)
    places = np.empty(values.shape, dtype=np.int64)
    np.put_along_axis(places, order, np.arange(values.shape[1])[None, :], axis=1)
    return places


def rank_levels(draw_count: int) -> np.ndarray:
    """Return the quantile levels (S,) of the ranks 0 to S - 1 of S draws."""
    return (np.arange(draw_count) + 0.5) / draw_count
