"""The state equation of ``BinomLLT`` run forward for thousands of draws, each with parameters of its own.

statsmodels simulates one set of parameters at a time, and every draw here has its own. The recursion is its
``simulate(anchor="end")`` in four lines, and a test holds the two equal.
"""

from __future__ import annotations

import numpy as np


def initial_states(
    level: np.ndarray,
    slope: np.ndarray,
    level_variance: np.ndarray,
    covariance: np.ndarray,
    slope_variance: np.ndarray,
    normal: np.ndarray,
) -> np.ndarray:
    """Return states (2, S) at the origin, given filtered means, variances and covariance (S,) of level and slope.

    The covariances may be singular: a member of the grid without a slope knows it to be zero.

    Parameters
    ----------
    level, slope, level_variance, covariance, slope_variance : np.ndarray, shape (S,)
        Filtered moments; see `filtering.GridFit`.
    normal : np.ndarray, shape (2, S)
        Independent standard normal shocks.
    """
    level_deviation = np.sqrt(np.maximum(level_variance, 1e-12))
    slope_on_level = covariance / level_deviation
    slope_deviation = np.sqrt(np.maximum(slope_variance - slope_on_level**2, 0.0))
    return np.stack(
        [level + level_deviation * normal[0], slope + slope_on_level * normal[0] + slope_deviation * normal[1]]
    )


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
