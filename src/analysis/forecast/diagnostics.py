"""What a page shows of a fit: the smoothed share, and whether the one-step errors look as the model says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm
from statsmodels.stats.diagnostic import acorr_ljungbox

from analysis.forecast.model import SmoothedLevel
from analysis.periods import write

INTERVAL = 0.80
"""Nominal coverage of the interval around the smoothed level."""


def smoothed_shares(
    series: Sequence[str], periods: pd.PeriodIndex, levels: Sequence[SmoothedLevel], reported: np.ndarray
) -> pd.DataFrame:
    """Return the smoothed share of each series with its 80 % interval, season left out.

    Parameters
    ----------
    series : sequence of str
        One name per level.
    periods : pd.PeriodIndex
        The T periods.
    levels : sequence of SmoothedLevel
        Levels on the logit scale.
    reported : np.ndarray of bool, shape (len(series), T)
        Where a series was observed; a row starts at its first observation, gaps inside are bridged.

    Returns
    -------
    pd.DataFrame
        ``series, period, level, lower, upper``: shares 0–1 of the latent level at one set of parameters, so
        neither counting noise nor what is unknown about the parameters is in the interval.
    """
    half = norm.ppf(0.5 + INTERVAL / 2)
    labels = np.array([write(period) for period in periods])
    frames = []
    for name, smoothed, seen in zip(series, levels, reported, strict=True):
        rows = slice(int(seen.argmax()), None)
        mean, spread = smoothed.mean[rows], half * smoothed.deviation[rows]
        shares = {"level": expit(mean), "lower": expit(mean - spread), "upper": expit(mean + spread)}
        frames.append(pd.DataFrame({"series": name, "period": labels[rows], **shares}))
    return pd.concat(frames, ignore_index=True)


def error_diagnostics(series: Sequence[str], levels: Sequence[SmoothedLevel]) -> pd.DataFrame:
    """Return how far the standardised one-step errors of each series are from independent standard normal.

    Returns
    -------
    pd.DataFrame
        ``series``; ``n``, errors behind the row; ``lags`` and ``ljung_box_p``, the p-value (0–1, small means the
        errors still hold a pattern) of the Ljung–Box test, NaN where the errors do not vary;
        ``mean_abs_standardised_error``, 0.80 if the model is right, more if it is too sure of itself.

    References
    ----------
    Ljung, G. M. and Box, G. E. P. (1978), "On a Measure of Lack of Fit in Time Series Models".
    """
    rows = []
    for name, smoothed in zip(series, levels, strict=True):
        errors = smoothed.standardised_error[np.isfinite(smoothed.standardised_error)]
        lags = max(1, min(10, len(errors) // 4))
        varies = len(errors) > lags + 1 and bool(np.ptp(errors) > 1e-9)
        p = float(acorr_ljungbox(errors, lags=[lags])["lb_pvalue"].iloc[0]) if varies else np.nan
        rows.append((name, len(errors), lags, p, float(np.abs(errors).mean()) if len(errors) else np.nan))
    return pd.DataFrame(rows, columns=["series", "n", "lags", "ljung_box_p", "mean_abs_standardised_error"])
