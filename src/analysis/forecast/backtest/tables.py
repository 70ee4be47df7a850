"""The rows a backtest writes: one per series, origin, model and threshold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analysis.forecast.backtest.origins import Said
from analysis.forecast.backtest.rolling import Origin
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
