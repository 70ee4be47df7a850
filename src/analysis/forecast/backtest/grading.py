"""Grade the forecasts of a backtest: sums of scores by model and origin, and one table row per forecast probability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.forecast.backtest import scores
from analysis.forecast.backtest.rolling import CHOSEN, ENSEMBLE, SUMMED, ModelForecast, OriginForecasts
from analysis.forecast.backtest.scores import QUANTILES
from analysis.forecast.origin_state import MODEL_OF_RECORD
from analysis.rules import Rule, meets, off_certainty

BINS = (0.0, 0.05, 0.20, 0.35, 0.50, 0.65, 0.80, 0.95, 1.0)
"""Edges of the probability bins of a reliability diagram."""

LOG_FLOOR = 0.01
"""Part of last year's mean that is added to a mean before its logarithm is taken."""

PIT_BINS = 10
"""Number of equal bins of the probability integral transform."""

SCORES = ["brier", "log_score", "crps", "wis", "mae_pp", "coverage_50", "coverage_80", "coverage_95"]
PROBABILITY_SCORES = ("brier", "log_score")
"""Those of `SCORES` that depend on the rule and its thresholds."""

KEYS = ["panel", "model", "year", "origin"]

COLUMNS = {
    "scored": [*KEYS, "n", "probabilities", *SCORES, "paired_crps", "paired_brier"],
    "reliability": [*KEYS, "bin", "n", "said", "happened"],
    "places": [*KEYS, "tenth", "n"],
    "totals": [*KEYS, "place", "inside_80", "width_80", "wis"],
}
"""Columns of the four kinds of grades; see `Grades`."""

_LEVELS = ("q025", "q10", "q25", "q50", "q75", "q90", "q975")
"""Column names of the quantiles at `scores.QUANTILES`."""

SCHEMA = pa.schema(
    [
        ("panel", pa.string()), ("series", pa.string()), ("year", pa.int32()), ("origin", pa.int8()),
        ("model", pa.string()), ("observed", pa.float64()), *((name, pa.float64()) for name in _LEVELS),
        ("rule", pa.string()), ("threshold", pa.float64()), ("probability", pa.float64()), ("outcome", pa.int8()),
    ]
)  # fmt: skip
"""Columns of ``forecasts.parquet``: shares and thresholds 0–1, means and their thresholds in units of the quantity;
probabilities 0–1, `outcome` 1 where the rule is met."""

TOTALS_SCHEMA = pa.schema([field for field in SCHEMA if field.name != "series"])
"""Columns of ``totals.parquet``; a model's name ends in `rolling.SUMMED` where its total is the sum of the series'
draws, and names the total as a series of its own elsewhere."""


@dataclass
class Grades:
    """Grades of the forecasts of one or several origins, as sums that can be added up.

    Attributes
    ----------
    scored : list of dict
        Per panel, model, year and origin: number `n` of series and number of `probabilities` scored, and the *sums* of
        `SCORES` (crps, wis and mae in percentage points, of a mean in hundredths of logs: `log_ratio`); `paired_crps,
        paired_brier`, the sums of the ensemble on the same cases.
    reliability : list of dict
        Per panel, model, year, origin and bin of probability: number `n` of probabilities, their sum `said`, and how
        many of the events `happened`.
    places : list of dict
        Per panel, model, year, origin and tenth of the probability integral transform: number `n` of series.
    totals : list of dict
        Per panel, model (see `TOTALS_SCHEMA`), year and origin, of the total: `place` (0–1), the probability integral
        transform; `inside_80`, whether the outcome was in the 80 % interval; `width_80`, its width, and `wis`, both in
        percentage points (of a mean in hundredths of logs).
    """

    scored: list[dict[str, object]] = field(default_factory=list)
    reliability: list[dict[str, object]] = field(default_factory=list)
    places: list[dict[str, object]] = field(default_factory=list)
    totals: list[dict[str, object]] = field(default_factory=list)

    def grade_forecasts(self, panel: str, forecasts: OriginForecasts, rule: Rule) -> Iterator[ModelForecast]:
        """Yield the forecasts of each model at an origin, the ensemble's first, and add their grades.

        Parameters
        ----------
        panel : str
            Name of the panel.
        forecasts : OriginForecasts
            Forecasts of all models at the origin.
        rule : {"at_least", "more_than", "at_most"}
            How a share meets a threshold.
        """
        ensemble: Grade | None = None
        for forecast in forecasts.by_model:
            grade = self.add(panel, forecasts, forecast, rule, ensemble)
            ensemble = grade if forecast.model == ENSEMBLE else ensemble
            yield forecast

    def add(
        self, panel: str, forecasts: OriginForecasts, forecast: ModelForecast, rule: Rule, ensemble: Grade | None
    ) -> Grade | None:
        """Add the grade of one model at an origin, and return it; None when no series can be graded.

        Parameters
        ----------
        panel : str
            Name of the panel.
        forecasts : OriginForecasts
            Forecasts of all models at the origin, with thresholds and outcomes.
        forecast : ModelForecast
            Forecasts of the model.
        rule : {"at_least", "more_than", "at_most"}
            How a share meets a threshold.
        ensemble : Grade or None
            Grade of the ensemble at this origin; None while it is not graded.
        """
        keys = {"panel": panel, "model": forecast.model, "year": forecasts.year, "origin": forecasts.quarters}
        known = np.isfinite(forecasts.observed) & np.isfinite(forecasts.limits).any(axis=1)
        known &= np.isfinite(forecast.values).all(axis=1)
        # as of a series: only where last year is known, from which thresholds are set
        if np.isfinite(forecasts.total_observed) and np.isfinite(forecasts.total_limits).any():
            totals = _totals(forecast)
            self.totals += [keys | {"model": name} | _grade_of_total(forecasts, draws) for name, draws in totals]
        if not known.any():
            return None
        grade = _grade(forecasts, forecast, rule, known)
        paired = grade if ensemble is None else ensemble
        row: dict[str, object] = {**keys, "n": int(known.sum()), "probabilities": int(grade.has_limit.sum())}
        row |= {name: float(values.sum()) for name, values in grade.sums.items()}
        row["paired_crps"] = float(paired.crps[known].sum())
        row["paired_brier"] = float(np.nansum(paired.brier[known]))
        self.scored.append(row)
        if forecast.model in (ENSEMBLE, CHOSEN, MODEL_OF_RECORD):
            self._add_reliability(keys, grade)
            tenth = np.minimum((grade.place * PIT_BINS).astype(int), PIT_BINS - 1)
            counts = np.bincount(tenth, minlength=PIT_BINS)
            self.places += [{**keys, "tenth": tenth, "n": int(n)} for tenth, n in enumerate(counts)]
        return grade

    def _add_reliability(self, keys: dict[str, object], grade: Grade) -> None:
        p, happened = grade.probability[grade.has_limit], grade.happened[grade.has_limit]
        bins = np.clip(np.searchsorted(BINS, p, side="left") - 1, 0, len(BINS) - 2)
        for number in np.unique(bins):
            inside = bins == number
            row = {"bin": int(number), "n": int(inside.sum()), "said": float(p[inside].sum())}
            self.reliability.append({**keys, **row, "happened": int(happened[inside].sum())})

    def table(self, kind: str) -> pd.DataFrame:
        """Return the grades of one kind of `COLUMNS`."""
        return pd.DataFrame(getattr(self, kind), columns=COLUMNS[kind])

    def of_probabilities(self) -> Grades:
        """Return only the grades that depend on the rule, those of probabilities; shares count as none."""
        nothing = dict.fromkeys(["n", *(name for name in SCORES if name not in PROBABILITY_SCORES), "paired_crps"], 0)
        return Grades(scored=[row | nothing for row in self.scored], reliability=list(self.reliability))

    def extend(self, other: Grades) -> None:
        """Add the grades of other origins."""
        self.scored += other.scored
        self.reliability += other.reliability
        self.places += other.places
        self.totals += other.totals


def _totals(forecast: ModelForecast) -> list[tuple[str, np.ndarray]]:
    """Return the forecasts of the total of a model that has a distribution, by the name they are graded under."""
    both = [(forecast.model, forecast.total), (forecast.model + SUMMED, forecast.summed)]
    return [(name, draws) for name, draws in both if draws is not None and len(draws) > 1 and np.isfinite(draws).all()]


def _grade_of_total(forecasts: OriginForecasts, draws: np.ndarray) -> dict[str, object]:
    values, observed = draws[None, :], np.array([forecasts.total_observed])
    quantiles = quantiles_of(values)
    scaled, came = quantiles, observed
    if forecasts.last_total is not None:
        last = np.array(forecasts.last_total)
        scaled, came = log_ratio(quantiles, last), log_ratio(observed, last)
    return {
        "place": float(scores.pit(values, observed)[0]),
        "inside_80": bool(scores.inside(quantiles, observed, 80)[0]),
        "width_80": float(100 * (scaled[0, 5] - scaled[0, 1])),
        "wis": float(100 * scores.interval_score(scaled, came)[0]),
    }


@dataclass(frozen=True, eq=False)
class Grade:
    """Grades of one model at one origin, series by series.

    Attributes
    ----------
    crps : np.ndarray, shape (U,)
        CRPS in percentage points, of a mean in hundredths of logs; NaN where a series is not graded.
    brier : np.ndarray, shape (U, J)
        Brier score per threshold; NaN where a series is not graded or has no threshold.
    probability, happened, has_limit : np.ndarray, shape (u, J)
        Of the u series graded: the probability (0–1) that each threshold is met, whether it was met, and whether there
        is a threshold.
    place : np.ndarray, shape (u,)
        Probability integral transform.
    sums : dict of str to np.ndarray
        Values to add up, by the names of `SCORES`.
    """

    crps: np.ndarray
    brier: np.ndarray
    probability: np.ndarray
    happened: np.ndarray
    has_limit: np.ndarray
    place: np.ndarray
    sums: dict[str, np.ndarray]


def _grade(forecasts: OriginForecasts, forecast: ModelForecast, rule: Rule, known: np.ndarray) -> Grade:
    """Return the grade of one model at an origin on the series (U,) that can be graded."""
    values, limits, observed = forecast.values[known], forecasts.limits[known], forecasts.observed[known]
    quantiles = quantiles_of(values)
    p = probabilities(forecast, values, limits, rule)
    happened, has_limit = meets(observed[:, None], rule, limits), np.isfinite(limits)
    crps, brier = np.full(len(known), np.nan), np.full((len(known), limits.shape[1]), np.nan)
    scaled, scaled_quantiles, came = values, quantiles, observed
    if forecasts.last_means is not None:
        last = forecasts.last_means[known]
        scaled, scaled_quantiles = (log_ratio(table, last[:, None]) for table in (values, quantiles))
        came = log_ratio(observed, last)
    crps[known] = 100 * scores.crps(scaled, came)
    brier[known] = np.where(has_limit, scores.brier(p, happened), np.nan)
    sums = {
        "brier": brier[known][has_limit],
        "log_score": scores.log_score(p, happened)[has_limit],
        "crps": crps[known],
        "wis": 100 * scores.interval_score(scaled_quantiles, came),
        "mae_pp": 100 * np.abs(scaled_quantiles[:, 3] - came),
        **{f"coverage_{nominal}": scores.inside(quantiles, observed, nominal) for nominal in scores.INTERVALS},
    }
    return Grade(crps, brier, p, happened, has_limit, scores.pit(values, observed), sums)


def log_ratio(mean: np.ndarray, last_year: np.ndarray) -> np.ndarray:
    """Return the logarithms of means relative to last year's, on which means are scored.

    A panel has fast and slow series; on this scale, an error of one percent counts alike in all of them. `LOG_FLOOR` is
    added, so that a mean of 0 is finite.

    Parameters
    ----------
    mean, last_year : np.ndarray
        Means in units of the quantity; last year's above 0.

    References
    ----------
    Bosse, N. I. et al. (2023), "Scoring epidemiological forecasts on transformed scales".
    """
    return np.asarray(np.log(mean / last_year + LOG_FLOOR))


def score_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Return ``scores.csv``: means of `SCORES` per panel, model and origin, over all years of the panel."""
    sums = scored.groupby(["panel", "model", "origin"], sort=False)[["n", "probabilities", *SCORES]].sum().reset_index()
    per_probability = sums["probabilities"].where(sums["probabilities"] > 0)
    for name in SCORES:
        sums[name] = sums[name] / (per_probability if name in PROBABILITY_SCORES else sums["n"])
    return sums.drop(columns="probabilities")


def quantiles_of(values: np.ndarray) -> np.ndarray:
    """Return the quantiles (U, 7) of equally likely values (U, L) at `scores.QUANTILES`."""
    if values.shape[1] == 1:
        return np.repeat(values, len(QUANTILES), axis=1)
    return np.quantile(values, QUANTILES, axis=1).T


def probabilities(forecast: ModelForecast, values: np.ndarray, limits: np.ndarray, rule: Rule) -> np.ndarray:
    """Return the probability (U, J) that each threshold is met: 0 or 1 for a raw baseline, else within 0.5–99.5 %.

    Parameters
    ----------
    forecast : ModelForecast
        Forecasts of the model.
    values : np.ndarray, shape (U, L)
        Equally likely year-end shares (0–1), of all or some of its series or of the total.
    limits : np.ndarray, shape (U, J)
        Thresholds, 0–1.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    """
    p = np.stack([meets(values, rule, limit[:, None]).mean(axis=1) for limit in limits.T], axis=1)
    return p if forecast.model.startswith("raw_") else off_certainty(p)


def forecast_rows(panel: str, forecasts: OriginForecasts, forecast: ModelForecast, rule: Rule) -> pa.Table:
    """Return the rows of a model at an origin, series by series, with increasing thresholds; columns `SCHEMA`.

    Parameters
    ----------
    panel : str
        Name of the panel.
    forecasts : OriginForecasts
        Forecasts of all models at the origin, with thresholds and outcomes.
    forecast : ModelForecast
        Forecasts of the model.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    """
    usable = np.flatnonzero(np.isfinite(forecast.values).all(axis=1))
    values, limits, observed = forecast.values[usable], forecasts.limits[usable], forecasts.observed[usable]
    names = np.array(forecasts.series, dtype=object)[usable]
    return _rows(SCHEMA, panel, forecasts, forecast, rule, values, limits, observed, names)


def total_rows(panel: str, forecasts: OriginForecasts, forecast: ModelForecast, rule: Rule) -> pa.Table:
    """Return the rows of a model at an origin for the total, in each way it is forecast; columns `TOTALS_SCHEMA`.

    Parameters
    ----------
    panel : str
        Name of the panel.
    forecasts : OriginForecasts
        Forecasts of all models at the origin, with thresholds and outcomes.
    forecast : ModelForecast
        Forecasts of the model.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    """
    tables = []
    for model, draws in ((forecast.model, forecast.total), (forecast.model + SUMMED, forecast.summed)):
        if draws is not None and np.isfinite(draws).all():
            limits, observed = forecasts.total_limits[None, :], np.array([forecasts.total_observed])
            named = replace(forecast, model=model)
            tables.append(_rows(TOTALS_SCHEMA, panel, forecasts, named, rule, draws[None, :], limits, observed, None))
    return pa.concat_tables(tables) if tables else TOTALS_SCHEMA.empty_table()


def _rows(
    schema: pa.Schema,
    panel: str,
    forecasts: OriginForecasts,
    forecast: ModelForecast,
    rule: Rule,
    values: np.ndarray,
    limits: np.ndarray,
    observed: np.ndarray,
    names: np.ndarray | None,
) -> pa.Table:
    U, J = limits.shape
    has_limit = np.isfinite(limits).ravel()
    rows = np.repeat(np.arange(U), J)[has_limit]
    threshold = limits.ravel()[has_limit]
    quantiles = quantiles_of(values)
    p = probabilities(forecast, values, limits, rule).ravel()[has_limit] if U else np.empty(0)
    known = np.isfinite(observed[rows])
    outcome = meets(observed[rows], rule, threshold)
    first = pa.array(np.zeros(len(rows), dtype=np.int64))
    columns = {
        "panel": pa.array([panel]).take(first),
        "year": np.full(len(rows), forecasts.year, dtype=np.int32),
        "origin": np.full(len(rows), forecasts.quarters, dtype=np.int8),
        "model": pa.array([forecast.model]).take(first),
        "observed": pa.array(observed[rows], mask=~known),
        **{name: quantiles[rows, position] for position, name in enumerate(_LEVELS)},
        "rule": pa.array([rule]).take(first),
        "threshold": threshold,
        "probability": p,
        "outcome": pa.array(outcome.astype(np.int8), mask=~known),
    }
    if names is not None:
        columns["series"] = pa.array(names).take(pa.array(rows))
    return pa.table({field.name: columns[field.name] for field in schema}, schema=schema)
