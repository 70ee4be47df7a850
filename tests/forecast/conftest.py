"""Simulated panels whose truth is known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.forecast.panel import Panel


@pytest.fixture(scope="session")
def walk_panel() -> Callable[..., Panel]:
    """Return a maker of panels: logit random walks with a pooled season, Poisson volumes."""

    def make(
        *,
        series: int = 4,
        periods: int = 24,
        frequency: str = "M",
        seed: int = 0,
        step: float = 0.1,
        season: float = 0.1,
        volume: float = 150.0,
    ) -> Panel:
        rng = np.random.default_rng(seed)
        index = pd.period_range("2018", periods=periods, freq=frequency)
        effects = rng.normal(0, season, 12)[(index.month if frequency == "M" else index.quarter) - 1]
        z = rng.normal(-0.5, 0.8, (series, 1)) + np.cumsum(rng.normal(0, step, (series, periods)), axis=1) + effects
        N = rng.poisson(volume * np.exp(rng.normal(0, 0.7, (series, 1))) * np.ones(periods))
        return Panel(tuple(f"s{i:02d}" for i in range(series)), index, rng.binomial(N, expit(z)), N)

    return make
