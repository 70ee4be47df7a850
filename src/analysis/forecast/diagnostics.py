"""Diagnostics by statsmodels: components of a headline series, its one-step errors, and an audit of our own code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.diagnostic import acorr_ljungbox

from analysis.forecast.futures import PanelFit
from analysis.forecast.model import SmoothedLevel, simulate_with_statsmodels
from analysis.forecast.shocks import stream
from analysis.periods import write

AUDIT_DRAWS = 400
"""Draws of either simulation; statsmodels takes a tenth of a second for them."""

AUDIT_LEVELS = (0.10, 0.50, 0.90)
"""Levels of the quantiles at which statsmodels' simulation is compared with ours."""


COMPONENT_COLUMNS = ["series", "period", "observed", "level", "season", "jump", "remainder", "slope", "level_deviation"]
AUDIT_COLUMNS = [
    "series", "likelihood_gap", "simulated_lower", "simulated_median", "simulated_upper", "drawn_lower",
    "drawn_median", "drawn_upper",
]  # fmt: skip


def components(fit: PanelFit, rows: Sequence[int], levels: Sequence[SmoothedLevel]) -> pd.DataFrame:
    """Return the smoothed components of each series by statsmodels, at the grid point of highest weight.

    Parameters
    ----------
    fit : PanelFit
        Fit of the panel.
    rows : sequence of int
        Rows of the series in the panel.
    levels : sequence of SmoothedLevel
        Smoothed states of these series.

    Returns
    -------
    pd.DataFrame
        ``series, period``; ``observed, level, season, jump, remainder`` in log-odds (of a mean: its logarithm), the
        first the sum of the others, from the first observation on, with NaN in ``observed`` and ``remainder`` where
        nothing was observed; ``jump``, what is left of breaks under the likeliest
        `recovery`; ``slope``, the level's change per period; ``level_deviation``, the standard deviation of the
        level's error.
    """
    labels = np.array([write(period) for period in fit.panel.periods], dtype=object)
    frames = []
    for row, smoothed in zip(rows, levels, strict=True):
        adjusted, season, jump = fit.share.y[row], fit.share.past_season[row], fit.share.past_jumps[row]
        from_first = slice(int(np.isfinite(adjusted).argmax()), None)
        parts = {
            "observed": adjusted + season + jump,
            "level": smoothed.mean,
            "season": season,
            "jump": jump,
            "remainder": adjusted - smoothed.mean,
            "slope": smoothed.slope,
            "level_deviation": smoothed.deviation,
        }
        columns = {name: values[from_first] for name, values in parts.items()}
        frames.append(pd.DataFrame({"series": fit.panel.series[row], "period": labels[from_first], **columns}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COMPONENT_COLUMNS)


def error_diagnostics(series: Sequence[str], levels: Sequence[SmoothedLevel]) -> pd.DataFrame:
    """Return tests of whether the standardised one-step errors of each series are independent standard normal.

    Parameters
    ----------
    series : sequence of str
        Names of the series.
    levels : sequence of SmoothedLevel
        Their smoothed states and errors.

    Returns
    -------
    pd.DataFrame
        ``series``; ``n``, the number of errors; ``lags`` and ``ljung_box_p``, lags and p-value (0–1, small means that
        the errors are autocorrelated) of the Ljung–Box test, NaN where the errors do not vary;
        ``mean_abs_standardised_error``, 0.80 if the model is right, more if its intervals are too narrow.

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


def audit_against_statsmodels(fit: PanelFit, rows: Sequence[int], *, seed: int, key: str) -> pd.DataFrame:
    """Return the results of our filter and simulation next to those of statsmodels, series by series.

    Parameters
    ----------
    fit : PanelFit
        Fit of the panel.
    rows : sequence of int
        Rows of the series in the panel.
    seed : int
        Seed of the run.
    key : str
        Name of the panel.

    Returns
    -------
    pd.DataFrame
        ``series``; ``likelihood_gap``, the largest difference over the grid between the log-likelihoods of
        `filtering.filter_grid` and ``BinomLLT.loglike``; ``simulated_lower, simulated_median, simulated_upper``,
        quantiles at `AUDIT_LEVELS` of the share (0–1) or mean in the last period of the year as statsmodels simulates
        it at the grid point of highest weight; ``drawn_lower, drawn_median, drawn_upper``, those of our draws, which
        use every grid point and recovery with its weight and have heavier tails.
    """
    audit = []
    common = fit.common(seed, AUDIT_DRAWS)
    for row in rows:
        name = fit.panel.series[row]
        model, best = fit.share.best_model(row)
        likelihood = np.array([model.loglike(params) for params in fit.share.grid])
        gap = float(np.abs(likelihood - fit.share.filtered.log_likelihood[row]).max())
        rng = stream(seed, key, name, write(fit.panel.origin), "statsmodels")
        theirs = (
            simulate_with_statsmodels(model, best, len(fit.future), AUDIT_DRAWS, rng)[-1]
            + (fit.share.future_season + fit.share.future_jumps)[row, -1]
        )
        ours = fit.link_values(row, seed=seed, key=key, common=common)[-1]
        found = [fit.link.value(fit.bounded(row, z)) for z in (theirs, ours)]
        audit.append((name, gap, *(value for values in found for value in np.quantile(values, AUDIT_LEVELS))))
    return pd.DataFrame(audit, columns=AUDIT_COLUMNS)
