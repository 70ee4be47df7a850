"""Textbook models of statsmodels for comparison, fitted one series at a time.

Each model gets the input of the model of record: the share on the logit scale (a mean on the log scale) without its
season, gaps interpolated linearly. Each simulates the rest of the year from its own fit; season, volumes and the noise
of counting are added as for all models.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis.forecast.futures import PanelFit
from analysis.forecast.origin_state import SimulatedYear
from analysis.forecast.shocks import stream
from analysis.periods import write

ITERATIONS = 60
"""Maximum iterations of an optimiser; more change no score."""

RESCUE_STEP = 0.2
"""Standard deviation per period (logits) of the random walk that replaces a failed fit."""


def _ets(y: pd.Series, horizon: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    fitted = ETSModel(y, error="add", trend="add", damped_trend=True).fit(disp=False, maxiter=ITERATIONS)
    return np.asarray(fitted.simulate(horizon, anchor="end", repetitions=draws, rng=rng)).reshape(horizon, draws)


def _arima(y: pd.Series, horizon: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    fitted = SARIMAX(y, order=(0, 1, 1), trend="c").fit(disp=False, maxiter=ITERATIONS, cov_type="none")
    return np.asarray(fitted.simulate(horizon, anchor="end", repetitions=draws, rng=rng)).reshape(horizon, draws)


def _uc(y: pd.Series, horizon: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    fitted = UnobservedComponents(y, level="llevel").fit(disp=False, maxiter=ITERATIONS, cov_type="none")
    return np.asarray(fitted.simulate(horizon, anchor="end", repetitions=draws, rng=rng)).reshape(horizon, draws)


def _theta(y: pd.Series, horizon: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    if np.ptp(y) == 0:
        # statsmodels' Theta drops a constant from its regression and gets a slope of 0.46 a period, without a warning
        return np.full((horizon, draws), y.iloc[0])
    fitted = ThetaModel(y, deseasonalize=False, period=1).fit()
    middle = np.asarray(fitted.forecast(horizon, theta=2))[:, None]
    # Theta equals exponential smoothing with drift, so its errors accumulate as those of a smoothed level
    error = rng.normal(0.0, np.sqrt(float(fitted.sigma2)), (horizon, draws))
    level = np.cumsum(float(fitted.params["alpha"]) * error, axis=0)
    return np.asarray(middle + error + np.vstack([np.zeros((1, draws)), level[:-1]]))


COMPARISONS: dict[str, Callable[[pd.Series, int, int, np.random.Generator], np.ndarray]] = {
    "statsmodels_ets": _ets,
    "statsmodels_arima": _arima,
    "statsmodels_uc": _uc,
    "statsmodels_theta": _theta,
}
"""ETS(A, Ad, N), ARIMA(0, 1, 1) with drift, local level, Theta."""


def simulate_comparison_panel(name: str, fit: PanelFit, *, seed: int, key: str, draw_count: int) -> SimulatedYear:
    """Return a comparison model's simulation of the rest of the year, with the volumes of the model of record.

    Parameters
    ----------
    name : str
        Name of the model, one of `COMPARISONS`.
    fit : PanelFit
        Fit of the panel by the model of record.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    draw_count : int
        Draws, S.
    """
    numerator, denominator = np.empty((2, len(fit.panel.series), draw_count))
    common = fit.common(seed, draw_count)
    for row in range(len(numerator)):
        _, volumes = fit.simulate(row, seed=seed, key=key, common=common)
        numerator[row] = simulate_comparison(name, fit, row, volumes, seed=seed, key=key)
        denominator[row] = volumes.sum(axis=0)
    return SimulatedYear(numerator, denominator)


def simulate_comparison(name: str, fit: PanelFit, row: int, volumes: np.ndarray, *, seed: int, key: str) -> np.ndarray:
    """Return the numerators (S,) of the rest of the year that a comparison model simulates for one series.

    A random walk from the mean of the last three values replaces a failed fit.

    Parameters
    ----------
    name : str
        Name of the model, one of `COMPARISONS`.
    fit : PanelFit
        Fit of the panel by the model of record.
    row : int
        Row of the series in the panel.
    volumes : np.ndarray, shape (h, S)
        Denominators, per draw.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.
    """
    series, horizon, draws = fit.panel.series[row], *volumes.shape
    rng = stream(seed, key, series, write(fit.panel.origin), name)
    y = pd.Series(fit.share.y[row], index=fit.panel.periods).interpolate(limit_direction="both")
    try:
        with warnings.catch_warnings():
            # short and constant series do not converge; their forecasts are scored all the same
            warnings.simplefilter("ignore")
            z = COMPARISONS[name](y, horizon, draws, rng)
    except (ValueError, np.linalg.LinAlgError, IndexError, ZeroDivisionError):
        z = np.full((horizon, draws), np.nan)
    if not np.isfinite(z).all():
        z = y.iloc[-3:].mean() + np.cumsum(rng.normal(0.0, RESCUE_STEP, (horizon, draws)), axis=0)
    z = z + (fit.share.future_season + fit.share.future_jumps)[row][:, None]
    numerators = fit.link.sample(rng, volumes, fit.bounded(row, z), float(fit.relative_variance[row]))
    return np.asarray(numerators.sum(axis=0), dtype=float)
