"""Origin states and past years made by hand, of a few series."""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from analysis.forecast.origin_state import INSIDE, OriginState, PastYear

NAMES = (
    "npeb", "year_to_date", "last_quarter", "same_growth", "straight_line", "seasonal_naive", "last_twelve_months",
    "three_years",
)  # fmt: skip
OUTCOME = [0.30, 0.40, 0.50, 0.20, 0.35, 0.25]


def standing(points: dict[str, list[float]], *, size=400.0, spread=0.1, history=48, elapsed=6, **more) -> OriginState:
    """Return a state of a year in which 200 of the expected cases are known, 60 of them in the numerator."""
    U = len(next(iter(points.values())))
    full = {name: np.array(points.get(name, [0.3] * U)) for name in NAMES}
    made = {
        "series": tuple(f"s{u}" for u in range(U)),
        "numerator": np.full(U, 60.0),
        "denominator": np.full(U, 200.0),
        "size": np.full(U, size),
        "points": full,
        "spread": np.full(U, spread),
        "history": np.full(U, history),
        "edge": np.full(U, INSIDE),
        "held": np.zeros(U),
        "peers": np.ones(U, dtype=bool),
        "misses": (np.full(U, np.nan), np.full(U, np.nan)),
        "elapsed": elapsed,
        "known_periods": history,
        "season_length": 12,
    }
    return OriginState(**(made | more))


def past(year: int, outcome: list[float], *, size=400.0, spread=0.1, cases=400.0, **points: list[float]) -> PastYear:
    """Return a past year whose points were right unless given."""
    U = len(outcome)
    full = {name: np.array(points.get(name, outcome), dtype=float) for name in NAMES}
    every = np.ones(U, dtype=bool)
    return PastYear(
        year, full, np.full(U, spread), np.full(U, size), np.array(outcome), np.full(U, cases), every, every.copy()
    )


def corrected(share: float, size: float = 400.0) -> float:
    """Return the corrected log-odds of a share."""
    return float(logit((share * size + 0.5) / (size + 1)))
