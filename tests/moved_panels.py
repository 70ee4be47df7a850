"""Panels whose series all move together: by a step, or by a step that fades."""

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.forecast.panel import Panel


def moved_panel(move, *, series=12, months=48, seed=0):
    """Series around 60 % with a season and a slow walk; `move` (months,) is added to the log-odds of all."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 0.04, (series, months)), axis=1)
    season = 0.3 * np.sin(2 * np.pi * np.arange(months) / 12)
    z = rng.normal(0.4, 0.5, (series, 1)) + walk + season + np.asarray(move) * rng.normal(1, 0.15, (series, 1))
    N = rng.poisson(200, z.shape).astype(float)
    names = tuple(f"s{u:02d}" for u in range(series))
    return Panel(names, pd.period_range("2017-01", periods=months, freq="M"), rng.binomial(N.astype(int), expit(z)), N)


def step(at, size=-1.5, until=1000, months=48):
    """A move of `size` from a position on, or until another."""
    position = np.arange(months)
    return size * ((position >= at) & (position < until))


def faded(at, months, size=-1.5, length=48):
    """A move of `size` at a position that is over after some months."""
    since = np.arange(length) - at
    return np.where(since < 0, 0.0, size * np.clip(1 - since / months, 0, 1))
