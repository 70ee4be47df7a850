"""What every simulated province is drawn with: random streams, paths over months, weighted choices, names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one part of a province.

    Each part has numbers of its own, so that one part can change without changing the others.

    Parameters
    ----------
    seed : int
        Seed of the province; 0 or more.
    name : str
        Name of the part.
    """
    return np.random.default_rng([seed, *name.encode()])


def autoregression(rng: np.random.Generator, shape: tuple[int, int], scale: float, coefficient: float) -> np.ndarray:
    """Return paths of a first-order autoregression, started at its first shock.

    Parameters
    ----------
    rng : np.random.Generator
        Random generator.
    shape : tuple of int
        Number of paths and of months.
    scale : float
        Standard deviation of a shock.
    coefficient : float
        What is left of a deviation one month later.
    """
    path = rng.normal(0, scale, shape)
    for t in range(1, shape[1]):
        path[:, t] += coefficient * path[:, t - 1]
    return path


class KeyedChoice:
    """Random choices among things that share a key, each in proportion to its weight.

    Parameters
    ----------
    key : np.ndarray
        Key of each thing: whole numbers from 0. Every key that is drawn for has a thing with a weight.
    weight : np.ndarray
        Weight of each thing, 0 or more.
    """

    def __init__(self, key: np.ndarray, weight: np.ndarray) -> None:
        self._order = np.argsort(key, kind="stable")
        sums = np.bincount(key, weights=weight)
        # One cumulative distribution for all keys: the interval from k to k + 1 belongs to key k and is divided by the
        # weights of its things.
        sorted_key = key[self._order]
        share = weight[self._order] / sums[sorted_key]
        summed = np.cumsum(share)
        self._upper_end = sorted_key + summed - (summed - share)[np.searchsorted(sorted_key, sorted_key)]

    def draw(self, rng: np.random.Generator, keys: np.ndarray) -> np.ndarray:
        """Return the position of a thing drawn for each key.

        Parameters
        ----------
        rng : np.random.Generator
            Random generator.
        keys : np.ndarray
            The key of each draw.
        """
        drawn = np.searchsorted(self._upper_end, keys + rng.random(len(keys)) * (1 - 1e-9), side="right")
        return self._order[drawn]


def names_at(positions: np.ndarray, names: list[str]) -> pa.Array:
    """Return the name at each position, missing where the position is negative.

    Parameters
    ----------
    positions : np.ndarray
        Positions in `names`, or negative numbers.
    names : list of str
        The names.
    """
    indices = pa.array(positions.astype(np.int32), mask=positions < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())
