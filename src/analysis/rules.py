"""How a share stands to the threshold it was promised, and how near to certainty what is undecided may be said to be.

Without NumPy at run time: the command line takes its choices from here, and help answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, gt, le
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

Rule = Literal["at_least", "more_than", "at_most"]
"""How a share keeps a promise: from the threshold up, above it, or up to it."""

PROBABILITY_FLOOR = 0.005
"""What is undecided is never said to be impossible or certain: probabilities stay within 0.5–99.5 %."""

_KEEPS: dict[Rule, Callable[[Any, Any], Any]] = {"at_least": ge, "more_than": gt, "at_most": le}


def meets(share: np.ndarray | float, rule: Rule, threshold: np.ndarray | float) -> np.ndarray:
    """Return whether each share keeps the promise.

    Parameters
    ----------
    share : np.ndarray or float
        Shares 0–1; a missing one keeps nothing.
    rule : {"at_least", "more_than", "at_most"}
        How the share stands to the threshold.
    threshold : np.ndarray or float
        Share 0–1; an array is broadcast against the shares, and a missing one is never met.

    Raises
    ------
    ValueError
        An unknown rule.
    """
    if rule not in _KEEPS:
        raise ValueError(f"unknown rule {rule!r}")
    kept: np.ndarray = _KEEPS[rule](share, threshold)
    return kept


def off_certainty(probability: np.ndarray | np.floating) -> np.ndarray:
    """Return probabilities of what is undecided, none nearer to 0 or 1 than `PROBABILITY_FLOOR`; missing ones stay."""
    held: np.ndarray = probability.clip(PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    return held
