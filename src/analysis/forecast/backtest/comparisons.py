"""The models a textbook would take, as statsmodels has them: one series at a time, for comparison.

Each gets what the model of record gets: the logit share without its season, gaps bridged by a line. Each simulates
the rest of the year from its own fit; season, volumes and the chance in the counts are put back as for all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import expit
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis.forecast.futures import LOGIT_BOUND, PanelFit
from analysis.forecast.origin_state import Simulated
from analysis.forecast.shocks import stream
from analysis.periods import write

ITERATIONS = 60
"""Most iterations of an optimiser: more change no forecast that could be scored."""

RESCUE_STEP = 0.2
"""Step a period, on the logit scale, of the random walk that stands in where a fit fails."""


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
        # the regression behind Theta drops a constant, takes it for a slope of 0.46 a period and says nothing
        return np.full((horizon, draws), y.iloc[0])
    fitted = ThetaModel(y, deseasonalize=False, period=1).fit()
    middle = np.asarray(fitted.forecast(horizon, theta=2))[:, None]
    # its forecast is that of exponential smoothing with drift, so its errors add up as those of a smoothed level do
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


def compared(name: str, fit: PanelFit, row: int, volumes: np.ndarray, *, seed: int, key: str) -> np.ndarray:
    """Return the numerators (S,) of the rest of the year a comparison draws for one series.

    Where a fit fails, a random walk from the mean of the last three values takes its place.

    Parameters
    ----------
    name : str
        One of `COMPARISONS`.
    fit : PanelFit
        See `futures.fit_panel`.
    row : int
        Of its panel.
    volumes : np.ndarray, shape (h, S)
        Denominators, per draw.
    seed, key
        Of the run and of the panel.
    """
    series, horizon, draws = fit.panel.series[row], *volumes.shape
    rng = stream(seed, key, series, write(fit.panel.origin), name)
    y = pd.Series(fit.share.y[row], index=fit.panel.periods).interpolate(limit_direction="both")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # short and constant series do not converge; their forecasts are scored all the same
            log_odds = COMPARISONS[name](y, horizon, draws, rng)
    except (ValueError, np.linalg.LinAlgError, IndexError, ZeroDivisionError):
        log_odds = np.full((horizon, draws), np.nan)
    if not np.isfinite(log_odds).all():
        log_odds = y.iloc[-3:].mean() + np.cumsum(rng.normal(0.0, RESCUE_STEP, (horizon, draws)), axis=0)
    log_odds = log_odds + fit.share.future_season[row][:, None]
    p = expit(np.clip(log_odds, -LOGIT_BOUND, LOGIT_BOUND))
    return np.asarray(rng.binomial(volumes.astype(np.int64), p).sum(axis=0), dtype=float)


def compared_panel(name: str, fit: PanelFit, *, seed: int, key: str, draw_count: int) -> Simulated:
    """Return what a comparison draws for every series of a fit, the volumes being those of the model of record."""
    numerator, denominator = np.empty((2, len(fit.panel.series), draw_count))
    common = fit.common(seed, draw_count)
    for row in range(len(numerator)):
        _, volumes = fit.simulate(row, seed=seed, key=key, common=common)
        numerator[row] = compared(name, fit, row, volumes, seed=seed, key=key)
        denominator[row] = volumes.sum(axis=0)
    return Simulated(numerator, denominator)
