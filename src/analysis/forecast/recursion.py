"""The state equation of ``BinomLLT`` run forward for thousands of draws, each with parameters of its own.

statsmodels simulates one set of parameters at a time, and every draw here has its own. The recursion is its
``simulate(anchor="end")`` in four lines, and a test holds the two equal.
"""

from __future__ import annotations

import numpy as np


def initial_states(mean: np.ndarray, covariance: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return states (2, S) at the origin with given means (S, 2) and covariances (S, 2, 2).

    The covariances may be singular: a member of the grid without a slope knows it to be zero.

    Parameters
    ----------
    mean : np.ndarray, shape (S, 2)
        Filtered level and slope.
    covariance : np.ndarray, shape (S, 2, 2)
        Their covariance.
    normal : np.ndarray, shape (2, S)
        Independent standard normal shocks.
    """
    level_deviation = np.sqrt(np.maximum(covariance[:, 0, 0], 1e-12))
    slope_on_level = covariance[:, 1, 0] / level_deviation
    slope_deviation = np.sqrt(np.maximum(covariance[:, 1, 1] - slope_on_level**2, 0.0))
    level = mean[:, 0] + level_deviation * normal[0]
    slope = mean[:, 1] + slope_on_level * normal[0] + slope_deviation * normal[1]
    return np.stack([level, slope])


def level_paths(
    state: np.ndarray, rho: np.ndarray, drift: np.ndarray, level_shocks: np.ndarray, slope_shocks: np.ndarray
) -> np.ndarray:
    """Return the level (h, S) in each of the h periods after the origin.

    Parameters
    ----------
    state : np.ndarray, shape (2, S)
        Level and slope at the origin.
    rho, drift : np.ndarray, shape (S,)
        Damping of the slope and the drift it returns to, per draw.
    level_shocks, slope_shocks : np.ndarray, shape (h, S)
        Innovations arriving at each period, in their own units.
    """
    level, slope = state
    paths = np.empty_like(level_shocks)
    for step, (level_shock, slope_shock) in enumerate(zip(level_shocks, slope_shocks, strict=True)):
        level = level + slope + level_shock
        slope = drift + rho * (slope - drift) + slope_shock
        paths[step] = level
    return paths
