"""Panels with known truth in which the share of all series jumps at once: at what period, by how much, for how long.

They are made by rules that are not the forecast's, so that what it says after such a jump can be graded.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

MONTHS = 96
"""Months of a panel, eight years."""

FIRST_YEAR = 2013
YEAR_OF_THE_JUMP = FIRST_YEAR + 5

FADING = ("stays", "linear", "exponential", "sigmoid", "in part", "after a while")
"""How a jump goes: not at all; by the same amount every month; by the same part of what is left; slowly, fast, slowly;
half of it, linearly, and the other half stays; linearly, after half a year without a change."""


def shaken_panels(count: int, *, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the counts of simulated panels, and what befell each.

    Parameters
    ----------
    count : int
        Number of panels; more of them leave the first ones as they are.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    counts : pd.DataFrame
        `panel, series, period, numerator, denominator`, by month or, for every fourth panel, by quarter.
    truth : pd.DataFrame
        A row per panel: `panel`; `period` of the jump, in `YEAR_OF_THE_JUMP`; its `size` in log-odds, the mean over
        the series; `ramp`, the months until it was whole; `fading`, one of `FADING`, and the `months` it took.
    """
    made = [_panel(number, np.random.default_rng([seed, number])) for number in range(count)]
    return pd.concat([counts for counts, _ in made], ignore_index=True), pd.DataFrame([truth for _, truth in made])


def calm_panels(count: int, *, seed: int) -> pd.DataFrame:
    """Return the counts of simulated panels in which nothing jumps; see `shaken_panels` for the columns.

    Parameters
    ----------
    count : int
        Number of panels.
    seed : int
        Seed of the random numbers.
    """
    numbers = range(count)
    return pd.concat([_panel(one, np.random.default_rng([seed, one]), calm=True)[0] for one in numbers])


def _panel(number: int, rng: np.random.Generator, *, calm: bool = False) -> tuple[pd.DataFrame, dict[str, object]]:
    name = f"panel-{number:03d}"
    series, volume = (
        int(np.exp(rng.uniform(np.log(10), np.log(80)))),
        float(np.exp(rng.uniform(np.log(30), np.log(400)))),
    )
    z = _without_a_jump(rng, series)
    onset, ramp = 12 * (YEAR_OF_THE_JUMP - FIRST_YEAR) + int(rng.integers(0, 12)), int(rng.choice([1, 1, 1, 2, 3]))
    fading, months = str(rng.choice(FADING)), float(rng.uniform(5, 24))
    size = float(rng.choice([-1, 1]) * rng.uniform(0.8, 2.0))
    # a share that jumps up starts low, and one that falls starts high, so that there is room
    z += -np.sign(size) * 0.6
    sizes = size * (1 + rng.uniform(0.1, 0.5) * rng.normal(size=(series, 1)))
    durations = months * np.exp(rng.choice([0.0, 0.4]) * rng.normal(size=(series, 1)))
    since = np.arange(MONTHS)[None] - onset
    if not calm:
        z += sizes * np.clip((since + 1) / ramp, 0, 1) * _left(fading, since - ramp + 1.0, durations)
    N = rng.poisson(volume * np.exp(rng.normal(0, 0.8, (series, 1))) * np.ones(MONTHS))
    K = rng.binomial(N, expit(z))
    periods = pd.period_range(f"{FIRST_YEAR}-01", periods=MONTHS, freq="M")
    if number % 4 == 3:
        K, N = (counts.reshape(series, -1, 3).sum(axis=2) for counts in (K, N))
        periods = pd.period_range(f"{FIRST_YEAR}Q1", periods=MONTHS // 3, freq="Q")
    counts = pd.DataFrame(
        {
            "panel": name,
            "series": np.repeat([f"s{place:03d}" for place in range(series)], len(periods)),
            "period": np.tile(periods.astype(str), series),
            "numerator": K.ravel(),
            "denominator": N.ravel(),
        }
    )
    at = periods[onset if len(periods) == MONTHS else onset // 3]
    truth = {"panel": name, "period": str(at), "size": size, "ramp": ramp, "fading": fading, "months": months}
    return counts, truth


def _without_a_jump(rng: np.random.Generator, series: int) -> np.ndarray:
    """Return log-odds (series, MONTHS) with a level, a walk, a drift and a season, common to all and of each's own."""
    month = np.arange(MONTHS) % 12
    common = np.cumsum(rng.normal(0, rng.uniform(0.01, 0.06), MONTHS)) + rng.normal(0, 0.006) * np.arange(MONTHS)
    season = rng.normal(0, rng.uniform(0.05, 0.5), 12)
    level = rng.normal(0, 0.7, (series, 1)) + rng.normal(0, 0.004, (series, 1)) * np.arange(MONTHS)
    walk = np.cumsum(rng.normal(0, rng.uniform(0.03, 0.12), (series, MONTHS)), axis=1)
    own_season, noise = rng.normal(0, 0.1, (series, 12)), rng.normal(0, rng.uniform(0.05, 0.2), (series, MONTHS))
    return np.asarray(level + walk + noise + common + (season - season.mean())[month] + own_season[:, month])


def _left(fading: str, since: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Return what is left of a jump (series, MONTHS), 0–1, by the months since it was whole; 1 before."""
    part = np.maximum(since, 0) / months
    match fading:
        case "stays":
            return np.ones(np.broadcast_shapes(since.shape, months.shape))
        case "linear":
            return np.clip(1 - part, 0, 1)
        case "exponential":
            return np.asarray(np.exp(-2 * part))
        case "sigmoid":
            return np.asarray(expit(8 * (0.5 - part)))
        case "in part":
            return 0.5 + 0.5 * np.clip(1 - part, 0, 1)
    return np.clip(1 - np.maximum(since - 6, 0) / months, 0, 1)
