"""When a promise is kept, and the word for how likely that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

VERDICTS = (
    "met", "very_likely", "likely", "uncertain", "unlikely", "very_unlikely", "missed", "not_estimated",
)  # fmt: skip
"""Verdict codes, best first; ``met`` and ``missed`` only when arithmetic has decided."""

PROBABILITY_FLOOR = 0.005
"""An undecided promise is never said to be impossible or certain: probabilities stay within 0.5–99.5 %."""


def meets(value: Any, rule: str, threshold: float) -> np.ndarray:
    """Return whether each value keeps the promise.

    Parameters
    ----------
    value : array_like of float
        Shares 0–1; a missing one keeps nothing.
    rule : {"at_least", "more_than", "at_most"}
        How the value stands to the threshold.
    threshold : float
        Share 0–1.

    Raises
    ------
    ValueError
        An unknown rule.
    """
    values = np.asarray(value, dtype=float)
    if rule == "at_least":
        return np.asarray(values >= threshold)
    if rule == "more_than":
        return np.asarray(values > threshold)
    if rule == "at_most":
        return np.asarray(values <= threshold)
    raise ValueError(f"unknown rule {rule!r}")


def combine(met: Sequence[np.ndarray], how: str | None) -> np.ndarray:
    """Return whether a promise of several parts is kept, draw by draw: ``any_of``, ``all_of``, or its only part."""
    stacked = np.stack(list(met))
    return np.asarray(stacked.any(axis=0) if how == "any_of" else stacked.all(axis=0))


def probability_of(met: np.ndarray, *, decided: bool) -> float:
    """Return the share of draws in which the promise is kept, kept off 0 and 1 unless arithmetic has decided."""
    share = float(np.mean(met))
    return share if decided else min(max(share, PROBABILITY_FLOOR), 1 - PROBABILITY_FLOOR)


def verdict(probability: float, *, decided: bool) -> str:
    """Return the verdict code of a probability; missing means ``not_estimated``."""
    if np.isnan(probability):
        return "not_estimated"
    if decided:
        return "met" if probability == 1 else "missed"
    if probability >= 0.95:
        return "very_likely"
    if probability >= 0.80:
        return "likely"
    if probability <= 0.05:
        return "very_unlikely"
    return "unlikely" if probability <= 0.20 else "uncertain"
