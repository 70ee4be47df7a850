"""Breaks: periods at which the level of most series moved further than a forecast of them held possible.

A break is declared in the plan, or it is found here. The filter, its parameters learnt without the period, forecasts it
from the periods before; where the median series misses that forecast by more than three times what was claimed, and
is not back the period after, the world has changed, and what earlier years teach is about another one.

References
----------
Harvey, A. C. and Koopman, S. J. (1992), "Diagnostic Checking of Unobserved-Components Time Series Models"; Chen, C. and
Liu, L.-M. (1993), "Joint Estimation of Model Parameters and Outlier Effects in Time Series".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analysis.forecast.filtering import one_step_forecasts
from analysis.forecast.fit import LinkFit
from analysis.forecast.recovery import RecoveryFits

BREAK_VARIANCE = 0.5
"""Level variance (squared logits; of a mean, squared logs) that a break adds at its period."""

MISS_OF_A_BREAK = 3.0
"""Median miss, in those claimed, from which a period is a break; see `median_misses`."""

SUSPECTED = 1.8
"""Median miss from which a period is looked at again with a filter that does not learn from it: what is learnt from a
break makes every claim wider. Decision 19 says how it was chosen."""

FEWEST_SERIES = 8
"""Series without which a median says nothing of a panel."""

YEARS_KNOWN = 2.0
"""Years below which no break is looked for: a month that was seen once cannot be told from its season."""

MOST_LOOKS = 4
"""Suspected periods of one window that are looked at again, at most."""

_MEDIAN_OF_NORMAL = 0.6744897501960817
"""Median absolute value of a standard normal variable."""


def find_breaks(
    refit: Callable[[Sequence[int], np.ndarray | None], LinkFit],
    recover: Callable[[Sequence[int]], RecoveryFits],
    peers: np.ndarray,
    *,
    look: bool = True,
) -> tuple[tuple[int, ...], RecoveryFits]:
    """Return the positions of the breaks of a panel, and the fits that know of them and of how they fade.

    A declared break counts where the level did move: by a median miss of `SUSPECTED` or more. What fades after a break
    is no second one, so each search starts from the likeliest recovery of those found before.

    Parameters
    ----------
    refit : callable
        Takes positions and what is left of jumps, and returns the fit that knows of breaks there, and of the declared.
    recover : callable
        Takes positions, and returns the fits under each recovery.
    peers : np.ndarray of bool, shape (U,)
        Series over which the median is taken.
    look : bool
        Whether undeclared breaks are looked for.
    """
    plain = refit((), None)
    assert plain.break_variance is not None
    declared = np.flatnonzero(plain.break_variance)
    misses = median_misses(plain, peers, fewest=1)
    found = [int(at) for at in declared if misses[at] >= SUSPECTED]
    fits = recover(found) if found else RecoveryFits.without_breaks(plain)
    passed: list[int] = []
    looks = MOST_LOOKS if look and plain.y.shape[1] >= YEARS_KNOWN * plain.season_length else 0
    for _ in range(looks):
        misses = median_misses(fits.likeliest, peers)
        misses[[*declared, *found, *passed]] = np.nan
        if not (misses >= SUSPECTED).any():
            break
        suspect = int(np.nanargmax(misses))
        knowing = refit(sorted([*found, suspect]), fits.likeliest.jumps)
        if not median_misses(knowing, peers)[suspect] >= MISS_OF_A_BREAK:
            break
        if _is_passing(knowing, peers, suspect):
            passed.append(suspect)
        else:
            found = sorted([*found, suspect])
            fits = recover(found)
    return tuple(found), fits


def median_misses(fit: LinkFit, peers: np.ndarray, *, fewest: int = FEWEST_SERIES) -> np.ndarray:
    """Return the median over the peers of the absolute one-step error (T,), in medians that the filter claimed.

    Each series is forecast at its grid point of highest weight. Where errors are what was claimed, the result is near
    1; at a break it is what a filter that does not know of it would have missed by. NaN with too few series; the first
    observation of a series has no error.

    Parameters
    ----------
    fit : LinkFit
        Fit of a share or mean.
    peers : np.ndarray of bool, shape (U,)
        Series over which the median is taken.
    fewest : int
        Series needed.
    """
    level, deviation = _forecasts(fit, peers)
    missed = np.abs(fit.y[peers] - level) / (_MEDIAN_OF_NORMAL * deviation)
    missed[np.cumsum(np.isfinite(missed), axis=1) <= 1] = np.nan
    enough = np.isfinite(missed).sum(axis=0) >= fewest
    found = np.full(missed.shape[1], np.nan)
    found[enough] = np.nanmedian(missed[:, enough], axis=0)
    return found


def _is_passing(fit: LinkFit, peers: np.ndarray, at: int) -> bool:
    """Return whether the period after a break is known and the median series is back more than half of the way."""
    if at + 1 == fit.y.shape[1]:
        return False
    level = _forecasts(fit, peers)[0][:, at]
    missed, missed_next = fit.y[peers, at] - level, fit.y[peers, at + 1] - level
    kept = missed_next[missed != 0] / missed[missed != 0]
    kept = kept[np.isfinite(kept)]
    return bool(len(kept)) and float(np.median(kept)) < 0.5


def _forecasts(fit: LinkFit, peers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the one-step forecast (u, T) of each peer at its grid point of highest weight, and its deviation."""
    y, variance, points = fit.y[peers], fit.variance[peers], fit.grid[fit.posterior[peers].argmax(axis=1)]
    level, level_variance = one_step_forecasts(
        y, variance, points, pooled_drift=fit.drift, break_variance=fit.break_variance
    )
    return level, np.sqrt(level_variance + variance + points[:, 4, None] ** 2)
