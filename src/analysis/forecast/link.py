"""Between counts and a Gaussian model: log-odds and log volumes with the noise of counting, and counts drawn back.

A count brings its own measurement error, whose size is known before any model is fitted. The filter gets that variance
period by period, so a month of 12 cases and a month of 1,200 can stand in one series.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logit

SMOOTHING_WINDOW = 7
"""Periods of the centred window behind the smoothed share from which the observation variance is computed."""

ENOUGH_INFORMATION = 8.0
"""Information N·p·q from which a period's own logit is close to Gaussian; below it, it is linearised instead."""

POOLED_CASES = 5.0
"""Cases with the panel's overall share that are added to a series' own, so that no series is at exactly 0 or 1."""

USUAL_VOLUME = 5.0
"""Median cases per period above which a denominator of 0 is treated as a reporting gap, not as a quiet period."""

EXACT_BELOW = 9.0
"""Variance below which counts are drawn exactly; above it they are rounded normal numbers."""


def share_observations(
    numerator: np.ndarray, denominator: np.ndarray, peers: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return logit observations of the share and their known variances.

    With :math:`\tilde p` the series' smoothed share in a centred window and
    :math:`I = N \tilde p (1 - \tilde p)` the information of a period,

    * :math:`I \ge 8`: the logit of the period's share, shrunk towards :math:`\tilde p` by half an event;
    * otherwise the linearised observation
      :math:`\operatorname{logit} \tilde p + (K - N \tilde p) / I`, one step of the Gaussian approximation of a
      binomial state-space model. The plain logit of 0 out of 20 would be minus infinity; the linearised one means "no
      event, where 0.3 were expected".

    Both have variance :math:`1 / I`.

    Parameters
    ----------
    numerator, denominator : np.ndarray, shape (U, T)
        Cases; NaN where not reported.
    peers : np.ndarray of bool, shape (U,), optional
        Series whose cases make up the overall share that every series is shrunk towards; all by default.

    Returns
    -------
    y, variance : np.ndarray, shape (U, T)
        Log-odds and squared log-odds; NaN where not reported or without cases.

    References
    ----------
    Durbin, J. and Koopman, S. J. (2012), *Time Series Analysis by State Space Methods*, section 10.6.
    """
    K, N = np.nan_to_num(numerator), np.nan_to_num(denominator)
    smoothed = _smoothed_share(K, N, peers)
    information = N * smoothed * (1 - smoothed)
    known = N > 0
    divisor = np.where(known, information, 1.0)
    shrinkage = 0.5 / np.minimum(smoothed, 1 - smoothed)
    shrunk = logit(np.clip((K + shrinkage * smoothed) / (N + shrinkage), 1e-5, 1 - 1e-5))
    linearised = logit(smoothed) + (K - N * smoothed) / divisor
    y = np.where(information >= ENOUGH_INFORMATION, shrunk, linearised)
    return np.where(known, y, np.nan), np.where(known, 1 / divisor, np.nan)


def volume_observations(denominator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log observations of the volume, log(N + ½), and their Poisson variances, 1 / (N + ½).

    Parameters
    ----------
    denominator : np.ndarray, shape (U, T)
        Cases; NaN where not reported.

    Returns
    -------
    y, variance : np.ndarray, shape (U, T)
        Log cases and squared log cases; NaN where not reported, and where a series with a median of more than
        ``USUAL_VOLUME`` cases reports none.
    """
    usual = np.median(np.nan_to_num(denominator), axis=1, keepdims=True)
    gap = np.isnan(denominator) | ((denominator == 0) & (usual > USUAL_VOLUME))
    N = np.where(gap, np.nan, denominator)
    return np.log(N + 0.5), 1 / (N + 0.5)


def poisson_counts(normal: np.ndarray, generator: Callable[[], np.random.Generator], mean: np.ndarray) -> np.ndarray:
    """Return Poisson counts, as float, with given means.

    Parameters
    ----------
    normal : np.ndarray
        Independent standard normal numbers, of the shape of `mean`.
    generator : callable
        Returns the generator for the counts drawn exactly; called only where there are any.
    mean : np.ndarray
        Expected cases.
    """
    counts = _rounded_normal(mean, np.sqrt(mean), normal, 1 / 6)
    small = mean < EXACT_BELOW
    if small.any():
        counts[small] = generator().poisson(mean[small])
    return np.maximum(counts, 0.0, out=counts)


def binomial_counts(
    normal: np.ndarray, generator: Callable[[], np.random.Generator], cases: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Return binomial counts, as float, out of given cases at given shares.

    Parameters
    ----------
    normal : np.ndarray
        Independent standard normal numbers, of the shape of `cases`.
    generator : callable
        Returns the generator for the counts drawn exactly; called only where there are any.
    cases : np.ndarray
        Whole numbers of cases.
    share : np.ndarray
        Success probabilities, 0–1.
    """
    mean = cases * share
    variance = mean * (1 - share)
    counts = _rounded_normal(mean, np.sqrt(variance), normal, (1 - 2 * share) / 6)
    small = variance < EXACT_BELOW
    if small.any():
        counts[small] = generator().binomial(cases[small].astype(np.int64), share[small])
    return np.clip(counts, 0.0, cases, out=counts)


def _smoothed_share(K: np.ndarray, N: np.ndarray, peers: np.ndarray | None) -> np.ndarray:
    """Return the share in a centred window, shrunk towards the series' share, itself shrunk towards the panel's."""
    rows = slice(None) if peers is None else peers
    panel_share = np.clip(K[rows].sum() / max(N[rows].sum(), 1.0), 1e-4, 1 - 1e-4)
    series_share = (K.sum(axis=1) + POOLED_CASES * panel_share) / (N.sum(axis=1) + POOLED_CASES)
    weight = 1 / np.minimum(series_share, 1 - series_share)[:, None]  # as many cases as hold one expected event
    smoothed = (_moving_sum(K) + weight * series_share[:, None]) / (_moving_sum(N) + weight)
    return np.clip(smoothed, 2e-4, 1 - 2e-4)


def _moving_sum(counts: np.ndarray) -> np.ndarray:
    T = counts.shape[1]
    window = np.ones(min(SMOOTHING_WINDOW, T if T % 2 else T - 1))  # of odd length, so that it is centred
    return np.array([np.convolve(row, window, "same") for row in counts])


def _rounded_normal(
    mean: np.ndarray, deviation: np.ndarray, normal: np.ndarray, skewness_term: np.ndarray | float
) -> np.ndarray:
    """Return rounded normal counts whose third central moment is six times `skewness_term` times their variance.

    `deviation` is overwritten.
    """
    counts = normal**2
    counts -= 1
    counts *= skewness_term
    deviation *= normal
    counts += deviation
    counts += mean
    return np.rint(counts, out=counts)
