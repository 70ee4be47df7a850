"""The state equation of ``BinomLLT`` run forward for thousands of draws, each with parameters of its own.

statsmodels simulates one set of parameters at a time, and every draw here has its own. What is expected depends on the
grid point alone, so it is worked out once per point; each draw adds its deviation. The two together are
``simulate(anchor="end")``, and a test holds them equal.
"""

from __future__ import annotations

import numpy as np


def expected_levels(
    level: np.ndarray, slope: np.ndarray, rho: np.ndarray, drift: np.ndarray, horizon: int
) -> np.ndarray:
    """Return the expected level (h, G) in each of the h periods after the origin.

    Parameters
    ----------
    level, slope : np.ndarray, shape (G,)
        Filtered means at the origin.
    rho, drift : np.ndarray, shape (G,)
        Damping of the slope and the drift it returns to.
    horizon : int
        Periods, h.
    """
    ahead = np.arange(horizon)[:, None]
    return np.asarray(level + (ahead + 1) * drift + (slope - drift) * np.cumsum(rho**ahead, axis=0))


def initial_deviations(
    level_variance: np.ndarray, covariance: np.ndarray, slope_variance: np.ndarray, normal: np.ndarray
) -> np.ndarray:
    """Return deviations (2, S) of level and slope at the origin, given filtered variances and covariance (S,).

    The covariances may be singular: a member of the grid without a slope knows it to be zero.

    Parameters
    ----------
    level_variance, covariance, slope_variance : np.ndarray, shape (S,)
        Filtered moments; see `filtering.GridFit`.
    normal : np.ndarray, shape (2, S)
        Independent standard normal shocks.
    """
    level_deviation = np.sqrt(np.maximum(level_variance, 1e-12))
    slope_on_level = covariance / level_deviation
    slope_deviation = np.sqrt(np.maximum(slope_variance - slope_on_level**2, 0.0))
    return np.stack([level_deviation * normal[0], slope_on_level * normal[0] + slope_deviation * normal[1]])


def level_deviations(
    initial: np.ndarray, rho: np.ndarray, level_shocks: np.ndarray, slope_shocks: np.ndarray
) -> np.ndarray:
    """Return by how much the level (h, S) deviates from what is expected in each period after the origin.

    Parameters
    ----------
    initial : np.ndarray, shape (2, S)
        Deviations of level and slope at the origin.
    rho : np.ndarray, shape (S,)
        Damping of the slope, per draw.
    level_shocks, slope_shocks : np.ndarray, shape (h, S)
        Innovations arriving at each period, in their own units.
    """
    level, slope = initial
    paths = level_shocks.copy()
    for path, slope_shock in zip(paths, slope_shocks, strict=True):
        path += level
        path += slope
        level = path
        slope = rho * slope
        slope += slope_shock
    return paths
