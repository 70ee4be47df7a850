"""Whether a promise of several parts is kept, how likely that is, and the word for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.rules import off_certainty

VERDICTS = (
    "met", "very_likely", "likely", "uncertain", "unlikely", "very_unlikely", "missed", "not_estimated",
)  # fmt: skip
"""Verdict codes, best first; ``met`` and ``missed`` only when arithmetic has decided."""


AT_LEAST = {"very_likely": 0.95, "likely": 0.80}
"""Verdicts that begin at a probability, and where; the first that holds counts."""
AT_MOST = {"very_unlikely": 0.05, "unlikely": 0.20}
"""Verdicts that end at one, and where."""


def combine(met: Sequence[np.ndarray], how: str | None) -> np.ndarray:
    """Return whether a promise of several parts is met in each draw.

    Parameters
    ----------
    met : sequence of np.ndarray of bool, shape (draws,)
        Whether each part is met, on the same draws.
    how : {"any_of", "all_of"} or None
        How the parts are joined; None where there is only one.
    """
    stacked = np.stack(list(met))
    return np.asarray(stacked.any(axis=0) if how == "any_of" else stacked.all(axis=0))


def probability_of(met: np.ndarray, *, decided: bool) -> float:
    """Return the share of draws in which a promise is met, off 0 and 1 unless arithmetic has decided.

    Parameters
    ----------
    met : np.ndarray of bool, shape (draws,)
        Whether it is met in each draw.
    decided : bool
        Whether arithmetic has decided.
    """
    share = np.mean(met)
    return float(share if decided else off_certainty(share))


def verdict(probability: float, *, decided: bool) -> str:
    """Return the verdict code of a probability.

    Parameters
    ----------
    probability : float
        Attainment probability 0–1; missing gives ``not_estimated``.
    decided : bool
        Whether arithmetic has decided.
    """
    if np.isnan(probability):
        return "not_estimated"
    if decided:
        return "met" if probability == 1 else "missed"
    above = [code for code, limit in AT_LEAST.items() if probability >= limit]
    below = [code for code, limit in AT_MOST.items() if probability <= limit]
    return next(iter([*above, *below]), "uncertain")


@dataclass(frozen=True, eq=False)
class AttainmentDraws:
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
        """Verdict code, see `VERDICTS`."""
        return verdict(self.probability, decided=self.decided)


def decided_by_arithmetic(met: bool) -> AttainmentDraws:
    """Return a promise that arithmetic has decided."""
    return AttainmentDraws(np.array([met]), decided=True)


def not_estimated(note: str) -> AttainmentDraws:
    """Return a promise nobody can say anything of, with the code of the reason."""
    return AttainmentDraws(np.empty(0, dtype=bool), decided=False, note=note)


def all_met(parts: Sequence[AttainmentDraws]) -> AttainmentDraws:
    """Return whether all parts are kept, draw by draw.

    A part that is missed decides the whole, whatever is not known of the others; short of that, a part not estimated
    leaves the whole not estimated, with the first such part's note.
    """
    return _joined(parts, "all_of", deciding=False)


def any_met(parts: Sequence[AttainmentDraws]) -> AttainmentDraws:
    """Return whether one of the parts is kept, draw by draw.

    A part that is met decides the whole; short of that, a part not estimated leaves the whole not estimated.
    """
    return _joined(parts, "any_of", deciding=True)


def combined(parts: Sequence[AttainmentDraws], how: str | None) -> AttainmentDraws:
    """Return whether a promise of several parts is kept.

    Parameters
    ----------
    parts : sequence of AttainmentDraws
        Its parts, on the same draws.
    how : {"any_of", "all_of", "last"} or None
        How they are joined; ``last``: the last one judges, the others are steps on the way.
    """
    if how == "any_of":
        return any_met(parts)
    return parts[-1] if how == "last" else all_met(parts)


def _joined(parts: Sequence[AttainmentDraws], how: str, *, deciding: bool) -> AttainmentDraws:
    if any(part.decided and bool(part.met.all()) == deciding for part in parts):
        return decided_by_arithmetic(deciding)
    if all(part.decided for part in parts):
        return decided_by_arithmetic(not deciding)
    unknown = [part for part in parts if not len(part.met)]
    if unknown:
        return unknown[0]
    return AttainmentDraws(combine(np.broadcast_arrays(*[part.met for part in parts]), how), decided=False)


LEVEL = 0.8
"""Nominal level of the prediction intervals."""

COLUMNS = [
    "target", "part", "indicator", "quarter", "rule", "threshold", "numerator", "denominator", "observed_to_date",
    "expected", "lower", "upper", "level", "probability", "baseline_probability", "verdict", "note",
]  # fmt: skip


def blank_row(target: str, part: str, quarter: pd.Period) -> dict[str, Any]:
    """Return a row of `COLUMNS` for a target or one of its parts, with nothing estimated.

    Parameters
    ----------
    target, part : str
        Ids of the target and of the part; the latter is empty in the target's own row.
    quarter : pd.Period
        The quarter reported.
    """
    blank: dict[str, Any] = dict.fromkeys(COLUMNS, float("nan"))
    text = {"target": target, "part": part, "indicator": "", "rule": "", "note": "", "verdict": "not_estimated"}
    return blank | text | {"quarter": periods.write_quarter(quarter), "level": LEVEL}


def spread(values: np.ndarray) -> dict[str, float]:
    """Return `expected` (the median), `lower, upper` of the year-end value over the draws; missing without any."""
    if not len(values):
        return dict.fromkeys(("expected", "lower", "upper"), float("nan"))
    lower, upper = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"expected": float(np.median(values)), "lower": float(lower), "upper": float(upper)}


def as_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as the table of promises."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    counts = ("numerator", "denominator")
    # The total behind a mean is no count: it is not rounded away, it is not told.
    return table.assign(**{name: table[name].astype(float).round() for name in counts}).astype(
        dict.fromkeys(counts, "Int64")
    )
