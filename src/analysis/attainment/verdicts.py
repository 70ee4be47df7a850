"""Whether a promise of several parts is kept, how likely that is, and the word for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.rules import off_certainty

VERDICTS = (
    "met", "very_likely", "likely", "uncertain", "unlikely", "very_unlikely", "missed", "not_estimated",
)  # fmt: skip
"""Verdict codes, best first; ``met`` and ``missed`` only when arithmetic has decided."""


def combine(met: Sequence[np.ndarray], how: str | None) -> np.ndarray:
    """Return whether a promise of several parts is kept, draw by draw: ``any_of``, ``all_of``, or its only part."""
    stacked = np.stack(list(met))
    return np.asarray(stacked.any(axis=0) if how == "any_of" else stacked.all(axis=0))


def probability_of(met: np.ndarray, *, decided: bool) -> float:
    """Return the share of draws in which the promise is kept, kept off 0 and 1 unless arithmetic has decided."""
    share = np.mean(met)
    return float(share if decided else off_certainty(share))


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
