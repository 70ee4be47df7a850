"""Random shocks of the future: reproducible by name, heavy-tailed, and partly common to all series.

Units are not independent: a decree, a holiday or a broken portal moves them together. Totals simulated from
independent units had 80 % intervals that covered 56 % on real panels. One factor common to all series mends that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.periods import write

TAIL_FREEDOM = 4.0
"""Degrees of freedom of the future shocks: a fixed prior, for the policy step that no record of the past promises."""


@dataclass(frozen=True, eq=False)
class Shocks:
    """Standardised shocks (mean 0, variance 1) of one series over S draws and h periods.

    Attributes
    ----------
    initial : np.ndarray, shape (2, S)
        What is unknown about level and slope at the origin; independent of each other.
    level, slope, excess : np.ndarray, shape (h, S)
        Innovations arriving at each period, and observation noise beyond counting.
    """

    initial: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    excess: np.ndarray


@dataclass(frozen=True, eq=False)
class CommonShocks:
    """The part of the shocks all series of one origin share: normal factors and the scale that makes tails heavy.

    Attributes
    ----------
    initial : np.ndarray, shape (2, S)
        Factors of level and slope at the origin.
    level, slope : np.ndarray, shape (h, S)
        Factors of the innovations.
    scale : np.ndarray, shape (h, S)
        Multiplies a normal level shock into a standardised Student one.
    """

    initial: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    scale: np.ndarray


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random generator of a name: the same on every machine, independent of all other names.

    Parameters
    ----------
    seed : int
        Of the run.
    *names : str
        What the numbers are for, from the general to the special.
    """
    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest, "big")))


def common_shocks(seed: int, origin: pd.Period, horizon: int, draw_count: int) -> CommonShocks:
    """Return the common shocks of an origin, keyed by seed and origin alone, so that several panels share them."""
    origin_name = write(origin)

    def normal(part: str, rows: int) -> np.ndarray:
        return stream(seed, "common", origin_name, part).standard_normal((rows, draw_count))

    scale = _student_scale(stream(seed, "common", origin_name, "scale"), horizon, draw_count)
    return CommonShocks(normal("initial", 2), normal("level", horizon), normal("slope", horizon), scale)


def series_shocks(
    seed: int, key: str, series: str, origin: pd.Period, *, common: CommonShocks, shared_factor: float
) -> Shocks:
    """Return the shocks of one series' share: correlation ``shared_factor`` with any other series of the origin.

    Level innovations are standardised Student with ``TAIL_FREEDOM`` degrees of freedom and one scale per period and
    draw for all series; excess noise is Student and the series' own. With a shared factor of 0 the scale is the
    series' own too, and series are independent.
    """
    horizon, draw_count = common.level.shape
    names = (key, series, write(origin), "share")

    def mixed(part: str, factor: np.ndarray) -> np.ndarray:
        own = stream(seed, *names, part).standard_normal(factor.shape)
        return np.sqrt(shared_factor) * factor + np.sqrt(1 - shared_factor) * own

    def own_scale(part: str) -> np.ndarray:
        return _student_scale(stream(seed, *names, part), horizon, draw_count)

    scale = common.scale if shared_factor > 0 else own_scale("level scale")
    excess = stream(seed, *names, "excess").standard_normal((horizon, draw_count)) * own_scale("excess scale")
    return Shocks(
        initial=mixed("initial", common.initial),
        level=mixed("level", common.level) * scale,
        slope=mixed("slope", common.slope),
        excess=excess,
    )


def volume_shocks(seed: int, key: str, series: str, origin: pd.Period, horizon: int, draw_count: int) -> Shocks:
    """Return the shocks of one series' volume: normal, and independent of everything else."""

    def normal(part: str, rows: int) -> np.ndarray:
        return stream(seed, key, series, write(origin), "volume", part).standard_normal((rows, draw_count))

    return Shocks(normal("initial", 2), normal("level", horizon), normal("slope", horizon), normal("excess", horizon))


def _student_scale(generator: np.random.Generator, horizon: int, draw_count: int) -> np.ndarray:
    """Return sqrt((nu - 2) / chi-square): times a normal variable, a Student one of variance 1."""
    return np.sqrt((TAIL_FREEDOM - 2) / generator.chisquare(TAIL_FREEDOM, (horizon, draw_count)))
