"""What was said graded by what came: scores, reliability and the place of the outcome, origin by origin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.forecast.backtest import scores
from analysis.forecast.backtest.origins import CHOSEN, Said
from analysis.forecast.backtest.rolling import Origin
from analysis.forecast.backtest.tables import probabilities, quantiles_of
from analysis.rules import Rule, meets

PUBLISHED = "hub"
"""The model that is published: the others are compared with it."""

BINS = (0.0, 0.05, 0.20, 0.35, 0.50, 0.65, 0.80, 0.95, 1.0)
"""Edges of the bins a reliability diagram sorts probabilities into."""

PIT_BINS = 10

SCORES = ["brier", "log_score", "crps", "wis", "mae_pp", "coverage_50", "coverage_80", "coverage_95"]
PROBABILITY_SCORES = ("brier", "log_score")
"""Those of `SCORES` that depend on the rule and its thresholds."""

KEYS = ["panel", "model", "year", "origin"]

COLUMNS = {
    "scored": [*KEYS, "n", "probabilities", *SCORES, "paired_crps", "paired_brier"],
    "reliability": [*KEYS, "bin", "n", "said", "happened"],
    "places": [*KEYS, "tenth", "n"],
    "totals": [*KEYS, "place"],
}
"""Columns of the four kinds of grades; see `Grades`."""


@dataclass
class Grades:
    """Grades of one or several origins; sums, so that they can be added up.

    Attributes
    ----------
    scored : list of dict
        Per panel, model, year and origin: `n` series and `probabilities` scored and the *sums* of `SCORES` (crps, wis
        and mae in percentage points); `paired_crps, paired_brier`, the sums the published model has on the same cases.
    reliability : list of dict
        Per panel, model, year and bin of probability: `n`, sum `said` and number `happened`.
    places : list of dict
        Per panel, model, year and tenth of the probability integral transform: `n`.
    totals : list of dict
        Per panel, model, year and origin: the `place` (0–1) of the total's outcome in what was said of it.
    """

    scored: list[dict[str, object]] = field(default_factory=list)
    reliability: list[dict[str, object]] = field(default_factory=list)
    places: list[dict[str, object]] = field(default_factory=list)
    totals: list[dict[str, object]] = field(default_factory=list)

    def through(self, panel: str, at: Origin, rule: Rule) -> Iterator[Said]:
        """Yield what each model said at an origin, the published one first, each graded as it goes by."""
        published: Grade | None = None
        for said in at.said:
            grade = self.add(panel, at, said, rule, published)
            published = grade if said.model == PUBLISHED else published
            yield said

    def add(self, panel: str, at: Origin, said: Said, rule: Rule, published: Grade | None) -> Grade | None:
        """Add what one model said at an origin; return its grade, or None when nothing of it can be graded."""
        keys = {"panel": panel, "model": said.model, "year": at.year, "origin": at.quarters}
        known = np.isfinite(at.observed) & np.isfinite(said.values).all(axis=1) & np.isfinite(at.limits).any(axis=1)
        if np.isfinite(at.total_observed) and len(said.total) > 1 and np.isfinite(said.total).all():
            place = float(scores.pit(said.total[None, :], np.array([at.total_observed]))[0])
            self.totals.append({**keys, "place": place})
        if not known.any():
            return None
        grade = _grade(at, said, rule, known)
        both = grade if published is None else published
        row: dict[str, object] = {**keys, "n": int(known.sum()), "probabilities": int(grade.has_limit.sum())}
        row |= {name: float(values.sum()) for name, values in grade.sums.items()}
        row["paired_crps"] = float(both.crps[known].sum())
        row["paired_brier"] = float(np.nansum(both.brier[known]))
        self.scored.append(row)
        if said.model in (PUBLISHED, CHOSEN, "npeb"):
            self._add_reliability(keys, grade)
            tenth = np.minimum((grade.place * PIT_BINS).astype(int), PIT_BINS - 1)
            counts = np.bincount(tenth, minlength=PIT_BINS)
            self.places += [{**keys, "tenth": tenth, "n": int(n)} for tenth, n in enumerate(counts)]
        return grade

    def _add_reliability(self, keys: dict[str, object], grade: Grade) -> None:
        p, happened = grade.probability[grade.has_limit], grade.happened[grade.has_limit]
        place = np.clip(np.searchsorted(BINS, p, side="left") - 1, 0, len(BINS) - 2)
        for number in np.unique(place):
            here = place == number
            row = {"bin": int(number), "n": int(here.sum()), "said": float(p[here].sum())}
            self.reliability.append({**keys, **row, "happened": int(happened[here].sum())})

    def table(self, kind: str) -> pd.DataFrame:
        """Return the grades of one kind of `COLUMNS`."""
        return pd.DataFrame(getattr(self, kind), columns=COLUMNS[kind])

    def of_probabilities(self) -> Grades:
        """Return what depends on the rule: of the shares forecast and their intervals nothing is counted."""
        nothing = dict.fromkeys(["n", *(name for name in SCORES if name not in PROBABILITY_SCORES), "paired_crps"], 0)
        return Grades(scored=[row | nothing for row in self.scored], reliability=list(self.reliability))

    def extend(self, other: Grades) -> None:
        """Add the grades of other origins."""
        self.scored += other.scored
        self.reliability += other.reliability
        self.places += other.places
        self.totals += other.totals


@dataclass(frozen=True, eq=False)
class Grade:
    """Grades of one model at one origin, series by series; NaN where there is none.

    Attributes
    ----------
    crps : np.ndarray, shape (U,)
        Percentage points.
    brier : np.ndarray, shape (U, J)
        Per threshold.
    probability, happened, has_limit : np.ndarray, shape (u, J)
        Of the u series graded.
    place : np.ndarray, shape (u,)
        Probability integral transform.
    sums : dict of str to np.ndarray
        What `SCORES` are sums of.
    """

    crps: np.ndarray
    brier: np.ndarray
    probability: np.ndarray
    happened: np.ndarray
    has_limit: np.ndarray
    place: np.ndarray
    sums: dict[str, np.ndarray]


def _grade(at: Origin, said: Said, rule: Rule, known: np.ndarray) -> Grade:
    values, limits, observed = said.values[known], at.limits[known], at.observed[known]
    quantiles = quantiles_of(values)
    p = probabilities(said, values, limits, rule)
    happened, has_limit = meets(observed[:, None], rule, limits), np.isfinite(limits)
    crps, brier = np.full(len(known), np.nan), np.full((len(known), limits.shape[1]), np.nan)
    crps[known] = 100 * scores.crps(values, observed)
    brier[known] = np.where(has_limit, scores.brier(p, happened), np.nan)
    sums = {
        "brier": brier[known][has_limit],
        "log_score": scores.log_score(p, happened)[has_limit],
        "crps": crps[known],
        "wis": 100 * scores.interval_score(quantiles, observed),
        "mae_pp": 100 * np.abs(quantiles[:, 3] - observed),
        **{f"coverage_{nominal}": scores.inside(quantiles, observed, nominal) for nominal in scores.INTERVALS},
    }
    return Grade(crps, brier, p, happened, has_limit, scores.pit(values, observed), sums)


def score_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Return ``scores.csv``: means of `SCORES` per panel, model and origin, over all its years."""
    sums = scored.groupby(["panel", "model", "origin"], sort=False)[["n", "probabilities", *SCORES]].sum().reset_index()
    per_probability = sums["probabilities"].where(sums["probabilities"] > 0)
    for name in SCORES:
        sums[name] = sums[name] / (per_probability if name in PROBABILITY_SCORES else sums["n"])
    return sums.drop(columns="probabilities")
