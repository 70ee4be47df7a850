"""Series that sit at exactly none or all: how likely they are to stay there.

A service without an online form has no online case however many it handles; no smooth model of a share gives such a
record its due. How often series at an edge have stayed at it is read off the panel itself.
"""

from __future__ import annotations

import numpy as np

from analysis.forecast.panel import Panel

NONE, ALL, INSIDE = 0, 1, -1
"""Where a series has been for the last year's length: at 0, at 1, or neither."""

ENOUGH_SEEN = 20
"""Stays over the whole horizon that could have been, from which their own rate is taken."""


def at_edge(panel: Panel) -> np.ndarray:
    """Return `NONE`, `ALL` or `INSIDE` for each series (U,), by the last year's length of a panel."""
    return _edge_of(panel, len(panel.periods))


def chance_of_staying(panel: Panel, horizon: int) -> dict[int, float]:
    """Return how likely a series at an edge is to stay there for a number of periods (0–1), by edge.

    Counted over all series and all earlier periods from which the horizon can be seen. Where fewer than `ENOUGH_SEEN`
    are, the chance of staying for one period is taken to the power of the horizon. Half a case of either kind is added
    (Jeffreys).

    Parameters
    ----------
    panel : Panel
        Cut at the origin.
    horizon : int
        Periods ahead.
    """
    whole, single = _stayed(panel, horizon), _stayed(panel, 1)
    return {
        edge: _rate(*whole[edge]) if whole[edge][1] >= ENOUGH_SEEN else _rate(*single[edge]) ** horizon
        for edge in (NONE, ALL)
    }


def _stayed(panel: Panel, horizon: int) -> dict[int, tuple[int, int]]:
    """Return how many stays of a number of periods there were, and how many there could have been, by edge."""
    stayed, seen = {NONE: 0, ALL: 0}, {NONE: 0, ALL: 0}
    for stop in range(panel.season_length, len(panel.periods) - horizon + 1):
        edge = _edge_of(panel, stop)
        ahead = slice(stop, stop + horizon)
        K, N = (np.nansum(counts[:, ahead], axis=1) for counts in (panel.numerator, panel.denominator))
        for where in (NONE, ALL):
            here = (edge == where) & (N > 0)
            seen[where] += int(here.sum())
            stayed[where] += int((here & ((0 if where == NONE else N) == K)).sum())
    return {edge: (stayed[edge], seen[edge]) for edge in (NONE, ALL)}


def _rate(stayed: int, seen: int) -> float:
    return (stayed + 0.5) / (seen + 1)


def share_held(chance: float, by_itself: np.ndarray) -> float:
    """Return the share of draws (0–1) to hold at the edge so that, with those that end there anyway, the chance is met.

    Parameters
    ----------
    chance : float
        See `chance_of_staying`.
    by_itself : np.ndarray
        Share of the draws of each series at the edge that end there by themselves.
    """
    anyway = float(by_itself.mean())
    return max(0.0, (chance - anyway) / (1 - anyway)) if anyway < 1 else 0.0


def _edge_of(panel: Panel, stop: int) -> np.ndarray:
    recent = slice(max(stop - panel.season_length, 0), stop)
    K = np.nansum(panel.numerator[:, recent], axis=1)
    N = np.nansum(panel.denominator[:, recent], axis=1)
    return np.where(N == 0, INSIDE, np.where(K == 0, NONE, np.where(K == N, ALL, INSIDE)))
