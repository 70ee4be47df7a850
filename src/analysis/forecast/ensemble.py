"""The ensemble: the model of record, the stacked member and scaled baselines, joined by the Schaake shuffle.

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

from analysis.forecast.cold_start import cold_start
from analysis.forecast.dressing import LEVELS, mean_absolute_errors, past_errors, scaled_quantiles
from analysis.forecast.origin_state import INSIDE, MODEL_OF_RECORD, OriginState, PastYear
from analysis.forecast.recalibration import spread_factor, stretched
from analysis.forecast.stacking import stacking_coefficients, stacking_shift

SCALED = ("last_quarter", "year_to_date", "seasonal_naive", "same_growth")
"""Baselines that are members with past errors of either sign, in units of each series' spread."""

STACKED = "stacked"
"""Name of the stacked member; see `stacking`."""

STACKED_WEIGHT = 0.5
"""Its weight; the model and the baselines share the other half."""

WEIGHT_POWER = 4.0
"""Power of the past error in a weight once many years are known; decision 17 says how it was chosen."""

SPREAD_AFTER_A_BREAK = {12: 1.2, 4: 1.35}
"""Factor of the model's spread after a break, by periods in a year, while no earlier year says how wide it should be; a
quarter shows a jump that came within it in part. Decision 19 says how they were chosen."""

SERIES_AT_ONCE = 1000
"""Series in one block, so that memory does not grow with the panel."""

_SMALLEST_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Members of the ensemble with their weights, at one origin of a year.

    Attributes
    ----------
    names : tuple of str
        The M members: first the model of record, then the one that is the model moved (``stacked``, or in a first year
        ``shifted_…``), then ``scaled_…``.
    weights : np.ndarray, shape (U, M)
        Weight of each member for each series; rows sum to 1.
    shift : np.ndarray, shape (U,)
        What moves the model's distribution to that of the second member, on the corrected link scale.
    scaled : np.ndarray, shape (U, M - 2, L)
        Quantiles of the year-end share at `dressing.LEVELS` of the members after the second.
    spread_factor : float
        See `recalibration.spread_factor`.
    state : OriginState
        The year at the origin.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    shift: np.ndarray
    scaled: np.ndarray
    spread_factor: float
    state: OriginState

    def quantiles(self, rows: np.ndarray, paths: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return quantiles (u, L) of the ensemble's year-end share.

        Parameters
        ----------
        rows : np.ndarray of int, shape (u,)
            Rows of the series.
        paths : np.ndarray, shape (u, S)
            The model's simulated year-end shares of these series, 0–1.
        levels : np.ndarray, shape (L,)
            Levels of the quantiles, increasing, between 0 and 1, symmetric about one half.
        """
        mixture = self.unstretched_quantiles(rows, paths, levels)
        if self.spread_factor == 1:
            return mixture
        link, size = self.state.link, self.state.size[rows]
        inside = (self.state.edge[rows] == INSIDE)[:, None]
        return np.where(inside, stretched(mixture, size, link, self.spread_factor), mixture)

    def unstretched_quantiles(self, rows: np.ndarray, paths: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return the quantiles (u, L) before recalibration.

        Parameters
        ----------
        rows, paths, levels
            As for `quantiles`.
        """
        found = np.empty((len(rows), len(levels)))
        for start in range(0, len(rows), SERIES_AT_ONCE):
            block = slice(start, start + SERIES_AT_ONCE)
            found[block] = self._mixture(rows[block], paths[block], levels)
        return found

    def _mixture(self, rows: np.ndarray, paths: np.ndarray, levels: np.ndarray) -> np.ndarray:
        link, size = self.state.link, self.state.size[rows, None]
        model = np.quantile(paths, LEVELS, axis=1).T
        moved = link.from_corrected(link.corrected(model, size) + self.shift[rows, None], size)
        members = np.concatenate([model[:, None], moved[:, None], self.scaled[rows]], axis=1)
        values = members.reshape(len(rows), -1)
        weights = np.repeat(self.weights[rows] / len(LEVELS), len(LEVELS), axis=1)
        order = np.argsort(values, axis=1, kind="stable")
        values, weights = (np.take_along_axis(array, order, axis=1) for array in (values, weights))
        cumulated = np.cumsum(weights, axis=1) - weights / 2
        mixture = np.empty((len(rows), len(levels)))
        for u in range(len(rows)):
            weighted = weights[u] > 0
            mixture[u] = np.interp(levels, cumulated[u][weighted], values[u][weighted])
        return mixture


def model_alone(state: OriginState) -> Ensemble:
    """Return the ensemble of a year after a break: the model, which alone knows of the break, a little wider."""
    U = len(state.series)
    return Ensemble(
        names=(MODEL_OF_RECORD, STACKED),
        weights=np.tile([1.0, 0.0], (U, 1)),
        shift=np.zeros(U),
        scaled=np.empty((U, 0, len(LEVELS))),
        spread_factor=SPREAD_AFTER_A_BREAK[state.season_length],
        state=state,
    )


def build_ensemble(state: OriginState, past: Sequence[PastYear]) -> Ensemble:
    """Return the ensemble of a year at an origin.

    Half of the weight is the stacked member's, where an earlier year can be learnt from. In the other half a member's
    weight is its mean absolute error at the same point of earlier years to the power −4 n / (n + 1), where n is the
    number of these years. Where no earlier year can be scored, the ensemble is that of `cold_start`. A series at an
    edge (none or all) has the model alone, because only the model can stay there.

    Parameters
    ----------
    state : OriginState
        The year at the origin.
    past : sequence of PastYear
        Earlier years at the same point of the year, for the same series.
    """
    table = mean_absolute_errors(past, (MODEL_OF_RECORD, *SCALED)).set_index("name")
    error = np.maximum(table["error"].to_numpy(), _SMALLEST_ERROR)
    scored = np.isfinite(error)
    if not scored.any():
        point, weight, shift = cold_start(state)
        names: tuple[str, ...] = (MODEL_OF_RECORD, f"shifted_{point}")
        weights = np.column_stack([1 - weight, weight])
        return Ensemble(names, weights, shift, np.empty((len(weight), 0, len(LEVELS))), 1.0, state)
    scaled = np.stack([scaled_quantiles(state, name, past_errors(past, name)) for name in SCALED], axis=1)
    usable = np.column_stack([np.ones(len(scaled), dtype=bool), np.isfinite(scaled).all(axis=2)])
    years = len(past)
    by_error = np.zeros(len(error))
    by_error[scored] = (error[scored] / error[scored].min()) ** (-WEIGHT_POWER * years / (years + 1))
    weights = by_error * usable
    alone = (state.edge != INSIDE) | (weights.sum(axis=1) == 0)
    weights[alone] = np.arange(weights.shape[1]) == 0
    weights /= weights.sum(axis=1, keepdims=True)
    coefficients = stacking_coefficients(past)
    stacked = np.where(alone, 0.0, STACKED_WEIGHT if coefficients is not None else 0.0)[:, None]
    rest = (1 - stacked) * weights
    return Ensemble(
        names=(MODEL_OF_RECORD, STACKED, *(f"scaled_{name}" for name in SCALED)),
        weights=np.column_stack([rest[:, :1], stacked, rest[:, 1:]]),
        shift=np.zeros(len(scaled)) if coefficients is None else stacking_shift(state, coefficients),
        scaled=np.nan_to_num(scaled),
        spread_factor=spread_factor(past),
        state=state,
    )


def schaake_shuffle(
    ensemble: Ensemble, rows: np.ndarray, numerator: np.ndarray, denominator: np.ndarray, ties: np.ndarray
) -> np.ndarray:
    """Return numerators (u, S) of the rest of the year that give each path the ensemble's year-end value at its rank.

    The denominators of the paths do not change. A value that the year can no longer reach is moved to the nearest one
    that it can.

    Parameters
    ----------
    ensemble : Ensemble
        The ensemble of the year.
    rows : np.ndarray of int, shape (u,)
        Rows of the series.
    numerator, denominator : np.ndarray, shape (u, S)
        Simulated cases of the rest of the year, per path.
    ties : np.ndarray, shape (u, S)
        Random numbers that order equal shares; see `ranks`.
    """
    state = ensemble.state
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
