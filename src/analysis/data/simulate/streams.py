"""Independent random numbers for each part of the province, so that one part can change and the others stay."""

from __future__ import annotations

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one part of a province.

    Parameters
    ----------
    seed : int
        Of the province; 0 or more.
    name : str
        What the numbers are for.
    """
    return np.random.default_rng([seed, *name.encode()])
