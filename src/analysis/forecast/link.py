"""From counts to observations of a Gaussian model: logit shares and log volumes with the noise counting adds.

A count brings its own measurement error, and its size is known before any model is fitted. Handing that variance to
the filter period by period is what lets a month of 12 cases and a month of 1,200 stand in one series.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logit

SMOOTHING_WINDOW = 7
"""Periods of the centred window behind the smoothed share the noise is computed from."""

ENOUGH_INFORMATION = 8.0
"""Information N·p·q from which a period's own logit is close to Gaussian; below it, it is linearised instead."""

POOLED_CASES = 5.0
"""Cases of the panel's overall share mixed into a series' own, so that no series sits at exactly 0 or 1."""

USUAL_VOLUME = 5.0
"""Median cases per period above which a denominator of 0 is taken for a reporting gap, not a quiet period."""


def share_observations(numerator: np.ndarray, denominator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return logit observations of the share and their known variances.

    With :math:`\tilde p` the series' smoothed share in a centred window and
    :math:`I = N \tilde p (1 - \tilde p)` the information of a period,

    * :math:`I \ge 8`: the logit of the period's share, shrunk towards :math:`\tilde p` by half an event;
    * otherwise the linearised observation
      :math:`\operatorname{logit} \tilde p + (K - N \tilde p) / I`, one step of the Gaussian approximation of a
      binomial state-space model. A plain logit of 0 out of 20 says "minus infinity, roughly"; this one says "no
      event, where 0.3 were expected".

    Both have variance :math:`1 / I`.

    Parameters
    ----------
    numerator, denominator : np.ndarray, shape (U, T)
        Cases; NaN where not reported.

    Returns
    -------
    y, variance : np.ndarray, shape (U, T)
        Log-odds and squared log-odds; NaN where not reported or without cases.

    References
    ----------
    Durbin, J. and Koopman, S. J. (2012), *Time Series Analysis by State Space Methods*, section 10.6.
    """
    K, N = np.nan_to_num(numerator), np.nan_to_num(denominator)
    smoothed = _smoothed_share(K, N)
    information = N * smoothed * (1 - smoothed)
    known = N > 0
    safe = np.where(known, information, 1.0)
    shrinkage = 0.5 / np.minimum(smoothed, 1 - smoothed)
    shrunk = logit(np.clip((K + shrinkage * smoothed) / (N + shrinkage), 1e-5, 1 - 1e-5))
    linearised = logit(smoothed) + (K - N * smoothed) / safe
    y = np.where(information >= ENOUGH_INFORMATION, shrunk, linearised)
    return np.where(known, y, np.nan), np.where(known, 1 / safe, np.nan)


def volume_observations(denominator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log observations of the volume, log(N + ½), and their Poisson variances, 1 / (N + ½).

    Parameters
    ----------
    denominator : np.ndarray, shape (U, T)
        Cases; NaN where not reported.

    Returns
    -------
    y, variance : np.ndarray, shape (U, T)
        Log cases and squared log cases; NaN where not reported, and where a series of usually more than
        ``USUAL_VOLUME`` cases reports none.
    """
    usual = np.median(np.nan_to_num(denominator), axis=1, keepdims=True)
    gap = np.isnan(denominator) | ((denominator == 0) & (usual > USUAL_VOLUME))
    N = np.where(gap, np.nan, denominator)
    return np.log(N + 0.5), 1 / (N + 0.5)


def _smoothed_share(K: np.ndarray, N: np.ndarray) -> np.ndarray:
    """Return the share in a centred window, pulled to the series' and through it to the panel's overall share."""
    panel_share = np.clip(K.sum() / max(N.sum(), 1.0), 1e-4, 1 - 1e-4)
    own = (K.sum(axis=1) + POOLED_CASES * panel_share) / (N.sum(axis=1) + POOLED_CASES)
    weight = 1 / np.minimum(own, 1 - own)[:, None]  # as many cases as hold one expected event
    smoothed = (_moving_sum(K) + weight * own[:, None]) / (_moving_sum(N) + weight)
    return np.clip(smoothed, 2e-4, 1 - 2e-4)


def _moving_sum(counts: np.ndarray) -> np.ndarray:
    T = counts.shape[1]
    window = np.ones(min(SMOOTHING_WINDOW, T if T % 2 else T - 1))  # odd, so that it is centred
    return np.array([np.convolve(row, window, "same") for row in counts])


EXACT_BELOW = 9.0
"""Variance below which counts are drawn exactly."""


def poisson_counts(normal: np.ndarray, generator: Callable[[], np.random.Generator], mean: np.ndarray) -> np.ndarray:
    """Return Poisson counts, as float, of given means.

    Parameters
    ----------
    normal : np.ndarray
        Independent standard normal numbers, of the shape of `mean`.
    generator : callable
        Gives the generator for the counts drawn exactly, asked for only where there are any.
    mean : np.ndarray
        Expected cases.
    """
    counts = _rounded(mean, np.sqrt(mean), normal, 1 / 6)
    small = mean < EXACT_BELOW
    if small.any():
        counts[small] = generator().poisson(mean[small])
    return np.maximum(counts, 0.0, out=counts)


def binomial_counts(
    normal: np.ndarray, generator: Callable[[], np.random.Generator], cases: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Return binomial counts, as float, out of given cases at given shares (0–1); see `poisson_counts`."""
    mean = cases * share
    variance = mean * (1 - share)
    counts = _rounded(mean, np.sqrt(variance), normal, (1 - 2 * share) / 6)
    small = variance < EXACT_BELOW
    if small.any():
        counts[small] = generator().binomial(cases[small].astype(np.int64), share[small])
    return np.clip(counts, 0.0, cases, out=counts)


def _rounded(mean: np.ndarray, spread: np.ndarray, normal: np.ndarray, sixth_of_skew: np.ndarray | float) -> np.ndarray:
    """Return counts whose third central moment is six times `sixth_of_skew` times their variance."""
    counts = normal**2
    counts -= 1
    counts *= sixth_of_skew
    spread *= normal
    counts += spread
    counts += mean
    return np.rint(counts, out=counts)
