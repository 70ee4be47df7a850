"""The first year of a panel: what stands beside the model while no earlier year can say which forecast was nearer.

A season is not fully told from a trend until half of the months were observed twice (`season.YEARS_FOR_CURVE`). Until
then the ensemble holds the model's distribution, and the same distribution around a simple point.
"""

from __future__ import annotations

import numpy as np

from analysis.forecast.baselines import LAST_TWELVE_MONTHS
from analysis.forecast.origin_state import INSIDE, MODEL_OF_RECORD, OriginState
from analysis.forecast.season import YEARS_FOR_CURVE

START_POINT, LATER_POINT = LAST_TWELVE_MONTHS, "seasonal_naive"
"""The simple point at the start of a year, where only its level can be known, and in the course of it."""

START_WEIGHT = 0.5
"""Weight of the point at the start of a year of months. With quarters the model alone was better."""

POWER = 8.0
"""Power of the misses of this year so far in the weight of the later point."""

FEWEST_CASES = 10
"""Cases of the year so far that a series needs to have a say in that weight."""


def cold_start(state: OriginState) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the simple point of a first year, its weight and the shift that moves the model's median to it.

    At the start of a year of months the weight is `START_WEIGHT`. Later, the same periods of last year are weighed
    against last year's last quarter by the power -8 of their mean misses of this year so far, over the peers; from
    `season.YEARS_FOR_CURVE` years on the point has no weight.

    Parameters
    ----------
    state : OriginState
        The year at the origin.

    Returns
    -------
    name : str
        Name of the point.
    weight : np.ndarray, shape (U,)
        Its weight (0–1) in the ensemble of each series; the model has the rest.
    shift : np.ndarray, shape (U,)
        On the corrected link scale.
    """
    name = LATER_POINT if state.elapsed else START_POINT
    point = state.points[name]
    usable = np.isfinite(point) & (state.edge == INSIDE)
    weight = np.where(usable, _weight(state), 0.0)
    to, middle = (state.link.corrected(value, state.size) for value in (point, state.points[MODEL_OF_RECORD]))
    return name, weight, np.nan_to_num(to - middle)


def _weight(state: OriginState) -> float:
    """Return the weight of the simple point for series that have one."""
    if state.elapsed == 0:
        return START_WEIGHT if state.season_length == 12 else 0.0
    if state.known_periods >= YEARS_FOR_CURVE * state.season_length:
        return 0.0
    seasonal, steady = state.misses
    heard = np.isfinite(seasonal) & np.isfinite(steady) & (state.denominator >= FEWEST_CASES)
    heard &= state.peers & (state.edge == INSIDE)
    if not heard.any():
        return 0.0
    ratio = max(float(seasonal[heard].mean()), 1e-6) / max(float(steady[heard].mean()), 1e-6)
    return float(1 / (1 + ratio**POWER))
