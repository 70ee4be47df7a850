"""Whether a promise is kept, draw by draw, or the reason nobody can say: what every kind of promise ends in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.attainment.verdicts import combine, probability_of, verdict


@dataclass(frozen=True, eq=False)
class Kept:
    """One promise, or one part of one.

    Attributes
    ----------
    met : np.ndarray of bool, shape (draws,)
        Whether it is kept in each draw; a single value once decided; empty when not estimated.
    decided : bool
        Whether arithmetic has decided.
    note : str
        Code of the reason it is not estimated; empty otherwise.
    """

    met: np.ndarray
    decided: bool
    note: str = ""

    @property
    def probability(self) -> float:
        """Share of draws in which it is kept, off 0 and 1 unless decided; missing when not estimated."""
        return probability_of(self.met, decided=self.decided) if len(self.met) else float("nan")

    @property
    def verdict(self) -> str:
        """Verdict code, see `verdicts.VERDICTS`."""
        return verdict(self.probability, decided=self.decided)


def settled(met: bool) -> Kept:
    """Return a promise that arithmetic has decided."""
    return Kept(np.array([met]), decided=True)


def not_estimated(note: str) -> Kept:
    """Return a promise nobody can say anything of, with the code of the reason."""
    return Kept(np.empty(0, dtype=bool), decided=False, note=note)


def all_kept(parts: Sequence[Kept]) -> Kept:
    """Return whether all parts are kept, draw by draw.

    A part that is missed decides the whole, whatever is not known of the others; short of that, a part not estimated
    leaves the whole not estimated, with the first such part's note.
    """
    if any(part.decided and not part.met.all() for part in parts):
        return settled(False)
    if all(part.decided for part in parts):
        return settled(True)
    unknown = [part for part in parts if not len(part.met)]
    if unknown:
        return unknown[0]
    return Kept(combine(np.broadcast_arrays(*[part.met for part in parts]), "all_of"), decided=False)
