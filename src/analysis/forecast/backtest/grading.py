"""The rows a backtest writes: one per series, origin, model and threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.forecast.backtest import scores
from analysis.forecast.backtest.rolling import CHOSEN, Origin, Said
from analysis.forecast.backtest.scores import QUANTILES
from analysis.rules import Rule, meets, off_certainty

_LEVELS = ("q025", "q10", "q25", "q50", "q75", "q90", "q975")
"""Names of the quantiles at `scores.QUANTILES`."""

SCHEMA = pa.schema(
    [
        ("panel", pa.string()), ("series", pa.string()), ("year", pa.int32()), ("origin", pa.int8()),
        ("model", pa.string()), ("observed", pa.float64()), *((name, pa.float64()) for name in _LEVELS),
        ("rule", pa.string()), ("threshold", pa.float64()), ("probability", pa.float64()), ("outcome", pa.int8()),
    ]
)  # fmt: skip
"""Columns of ``forecasts.parquet``; shares, thresholds and probabilities 0–1, `outcome` 1 where the rule is met."""

TOTALS_SCHEMA = pa.schema([field for field in SCHEMA if field.name != "series"])
"""Columns of ``totals.parquet``."""


def quantiles_of(values: np.ndarray) -> np.ndarray:
    """Return the quantiles (U, 7) of equally likely values (U, L) at `scores.QUANTILES`."""
    if values.shape[1] == 1:
        return np.repeat(values, len(QUANTILES), axis=1)
    return np.quantile(values, QUANTILES, axis=1).T


def probabilities(said: Said, values: np.ndarray, limits: np.ndarray, rule: Rule) -> np.ndarray:
    """Return the probability (U, J) that each threshold is met: 0 or 1 for a raw rule, else within 0.5–99.5 %."""
    p = np.stack([meets(values, rule, limit[:, None]).mean(axis=1) for limit in limits.T], axis=1)
    return p if said.model.startswith("raw_") else off_certainty(p)


def forecast_rows(panel: str, at: Origin, said: Said, rule: Rule) -> pa.Table:
    """Return the rows of a model at an origin, a series after the other, its thresholds rising."""
    usable = np.flatnonzero(np.isfinite(said.values).all(axis=1))
    values, limits, observed = said.values[usable], at.limits[usable], at.observed[usable]
    names = np.array(at.series, dtype=object)[usable]
    return _rows(SCHEMA, panel, at, said, rule, values, limits, observed, names)


def total_rows(panel: str, at: Origin, said: Said, rule: Rule) -> pa.Table:
    """Return the rows of a model at an origin for the sum over series."""
    values = said.total[None, :] if np.isfinite(said.total).all() else np.empty((0, 1))
    limits, observed = at.total_limits[None, :][: len(values)], np.array([at.total_observed])[: len(values)]
    return _rows(TOTALS_SCHEMA, panel, at, said, rule, values, limits, observed, None)


def _rows(
    schema: pa.Schema,
    panel: str,
    at: Origin,
    said: Said,
    rule: Rule,
    values: np.ndarray,
    limits: np.ndarray,
    observed: np.ndarray,
    names: np.ndarray | None,
) -> pa.Table:
    U, J = limits.shape
    held = np.isfinite(limits).ravel()
    rows = np.repeat(np.arange(U), J)[held]
    threshold = limits.ravel()[held]
    quantiles = quantiles_of(values)
    p = probabilities(said, values, limits, rule).ravel()[held] if U else np.empty(0)
    known = np.isfinite(observed[rows])
    outcome = meets(observed[rows], rule, threshold)
    n = len(rows)
    columns = {
        "panel": pa.array([panel]).take(pa.array(np.zeros(n, dtype=np.int64))),
        "year": np.full(n, at.year, dtype=np.int32),
        "origin": np.full(n, at.quarters, dtype=np.int8),
        "model": pa.array([said.model]).take(pa.array(np.zeros(n, dtype=np.int64))),
        "observed": pa.array(observed[rows], mask=~known),
        **{name: quantiles[rows, place] for place, name in enumerate(_LEVELS)},
        "rule": pa.array([rule]).take(pa.array(np.zeros(n, dtype=np.int64))),
        "threshold": threshold,
        "probability": p,
        "outcome": pa.array(outcome.astype(np.int8), mask=~known),
    }
    if names is not None:
        columns["series"] = pa.array(names).take(pa.array(rows))
    return pa.table({field.name: columns[field.name] for field in schema}, schema=schema)


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
