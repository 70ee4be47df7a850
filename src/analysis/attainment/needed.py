"""The smallest move that makes a promise likely enough: the answer to "what would it take?"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

UNREACHABLE, DECIDED, NOT_MOVED, BOTH_WAYS = "unreachable", "decided", "not_moved", "both_ways"
"""Why there is no such move: the largest one is not enough; arithmetic has decided; the promise is not on what moves;
its parts ask for opposite moves. A promise that is not estimated has the code of that reason."""


@dataclass(frozen=True)
class Needed:
    """What it takes for a promise to be kept with a probability.

    Attributes
    ----------
    amount : float or None
        The smallest move: share units, the unit of a mean, or items; None where there is none.
    cases : float
        Cases of the numerator that the move brings until the end of the year, the median over the draws; missing for
        means and items.
    probability : float
        Attainment probability under that move; where there is none, under the largest, and missing when unknown.
    reason : str
        Code of the reason there is none; empty otherwise.
    """

    amount: float | None
    cases: float
    probability: float
    reason: str = ""


def smallest_step(probability_at: Callable[[int], float], *, most: int, wanted: float) -> int | None:
    """Return the smallest step at which a probability that never falls reaches a level; None where no step does.

    Parameters
    ----------
    probability_at : callable
        From a step, 0 to `most`, to the attainment probability there.
    most : int
        The largest step.
    wanted : float
        The level, 0–1.
    """
    if probability_at(0) >= wanted:
        return 0
    if most < 1 or probability_at(most) < wanted:
        return None
    below, enough = 0, most
    while enough - below > 1:
        middle = (below + enough) // 2
        if probability_at(middle) >= wanted:
            enough = middle
        else:
            below = middle
    return enough
