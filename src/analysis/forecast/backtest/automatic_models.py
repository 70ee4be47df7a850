"""AutoETS and AutoTheta of statsforecast for comparison: models that find season, trend and noise by themselves.

statsforecast is no dependency but an extra (``peers``), asked for by name. Each model gets the observations of the
model of record, in the same window, on the logit scale (a mean on the log scale) and *with* their season, gaps
interpolated linearly; it forecasts the periods to the year's end with its own defaults. The volumes are the means of
the model of record. A forecast is graded twice:

* *native*: the quantiles of every period to the year's end move together, as the model gives them;
* *conformal*: its point forecast plus its errors in earlier years at the same quarter, as a dressed baseline.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.forecast.backtest.comparisons import RESCUE_STEP
from analysis.forecast.dressing import LEVELS
from analysis.forecast.futures import PanelFit
from analysis.forecast.origin_state import STATE_DRAWS
from analysis.forecast.panel import SeriesPanel

AUTOMATIC = {"statsforecast_ets": "AutoETS", "statsforecast_theta": "AutoTheta"}
"""Name of the point forecast → class of ``statsforecast.models``."""

NATIVE = {f"{name}_native": name for name in AUTOMATIC}
CONFORMAL = {f"{name}_conformal": name for name in AUTOMATIC}
"""Names of the models of a backtest → name of the point forecast."""


@dataclass(frozen=True, eq=False)
class AutomaticForecast:
    """A year forecast by a model of statsforecast.

    Attributes
    ----------
    point : np.ndarray, shape (U,)
        Year-end share (0–1) or mean from the point forecast of each period.
    quantiles : np.ndarray, shape (U, L)
        The same at `dressing.LEVELS`, from the quantiles of each period.
    """

    point: np.ndarray
    quantiles: np.ndarray


def is_installed() -> bool:
    """Return whether statsforecast can be imported; it takes seconds, so this only looks for it."""
    return find_spec("statsforecast") is not None


def automatic_forecasts(
    fit: PanelFit, year: int, models: Collection[str], *, seed: int, key: str
) -> Mapping[str, AutomaticForecast]:
    """Return the forecasts of a fit's panel, by the name of the point forecast.

    Parameters
    ----------
    fit : PanelFit
        Fit of the panel by the model of record.
    year : int
        The year forecast.
    models : collection of str
        Names of the models wanted; others than `NATIVE` and `CONFORMAL` are not looked at.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    """
    wanted = [name for name in AUTOMATIC if {f"{name}_native", f"{name}_conformal"} & set(models)]
    if not wanted:
        return {}
    common = fit.common(seed, STATE_DRAWS)
    rows = range(len(fit.panel.series))
    volumes = np.array([fit.simulate(row, seed=seed, key=key, common=common)[1].mean(axis=1) for row in rows])
    return {name: forecast_year(name, fit.panel, year, volumes, peers=fit.peers) for name in wanted}


def forecast_year(
    name: str, panel: SeriesPanel, year: int, volumes: np.ndarray, *, peers: np.ndarray | None = None
) -> AutomaticForecast:
    """Return the forecast of a year from a panel's periods by one model, one series at a time.

    A random walk from the mean of the last three values replaces a failed fit.

    Parameters
    ----------
    name : str
        One of `AUTOMATIC`.
    panel : SeriesPanel
        Counts or totals of the window up to the origin.
    year : int
        The year forecast.
    volumes : np.ndarray, shape (U, h)
        Expected denominators of the periods to the year's end.
    peers : np.ndarray of bool, shape (U,), optional
        Series over which observations are pooled; see `panel.SeriesPanel.observations`.
    """
    from statsforecast import models

    model = getattr(models, AUTOMATIC[name])(season_length=panel.season_length)
    observed, link = panel.observations(peers), panel.link(peers)
    z = np.array([_per_period(model, y, volumes.shape[1]) for y in observed.y])
    z = np.clip(z, observed.bounds[:, :1, None], observed.bounds[:, 1:, None])
    K, N = (np.nansum(counts, axis=1) for counts in panel.counts_of(year))
    values = year_end_values(link.value(z), volumes, K, N)
    if link.whole_numerators:
        # of whole cases, as all draws are: only so can a forecast be none or all, as many series are
        cases = np.maximum(np.rint(N + volumes.sum(axis=1)), 1.0)[:, None]
        values = np.rint(values * cases) / cases
    return AutomaticForecast(values[:, 0], values[:, 1:])


def year_end_values(
    per_period: np.ndarray, volumes: np.ndarray, numerator: np.ndarray, denominator: np.ndarray
) -> np.ndarray:
    """Return year-end shares or means (U, L) from those of the periods to the year's end, weighted by their volumes.

    Parameters
    ----------
    per_period : np.ndarray, shape (U, L, h)
        Shares or means; each of the L is carried on through all periods.
    volumes : np.ndarray, shape (U, h)
        Expected denominators.
    numerator, denominator : np.ndarray, shape (U,)
        Counts of the year so far.
    """
    cases = denominator + volumes.sum(axis=1)
    rest = (per_period * volumes[:, None, :]).sum(axis=2)
    return np.asarray((numerator[:, None] + rest) / np.where(cases > 0, cases, 1.0)[:, None])


def _per_period(model: Any, y: np.ndarray, horizon: int) -> np.ndarray:
    """Return link-scale values (1 + L, h) of one series: the point forecast, then the quantiles of each period."""
    reported = pd.Series(y[np.isfinite(y).argmax() :]).interpolate().to_numpy()
    nominal = np.rint(np.abs(2 * LEVELS - 1) * 100).astype(int)
    try:
        with warnings.catch_warnings():
            # short and constant series do not converge; their forecasts are scored all the same
            warnings.simplefilter("ignore")
            found = model.forecast(y=reported, h=horizon, level=sorted(set(nominal.tolist())))
        sides = np.where(LEVELS < 0.5, "lo", "hi")
        z = np.array([found["mean"], *(found[f"{side}-{level}"] for side, level in zip(sides, nominal, strict=True))])
    except (ValueError, RuntimeError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
        z = np.full((1 + len(LEVELS), horizon), np.nan)
    if not np.isfinite(z).all():
        steps = RESCUE_STEP * np.sqrt(np.arange(1, horizon + 1))
        z = reported[-3:].mean() + np.concatenate([[0.0], ndtri(LEVELS)])[:, None] * steps
    return z
