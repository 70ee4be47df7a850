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
        start: str = "2018",
    ) -> Panel:
        rng = np.random.default_rng(seed)
        index = pd.period_range(f"{start}Q1" if frequency == "Q" else f"{start}-01", periods=periods, freq=frequency)
        season = rng.normal(0, 0.1, 12)[(index.month if frequency == "M" else index.quarter) - 1]
        z = rng.normal(-0.5, 0.8, (series, 1)) + np.cumsum(rng.normal(0, step, (series, periods)), axis=1) + season
        N = rng.poisson(np.exp(rng.normal(5, 0.7, (series, 1))) * np.ones(periods))
        return Panel(tuple(f"s{i:02d}" for i in range(series)), index, rng.binomial(N, expit(z)), N)

    return make
