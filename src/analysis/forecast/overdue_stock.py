"""Late cases still on the desk: when they are resolved they are resolved late, and that is known today.

The share of late cases among those resolved is forecast from how such months went before. It knows nothing of the desk:
an office that lets late cases lie looks punctual until it clears them. So no draw may have fewer late cases than are
cleared in it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.forecast.panel import Panel
from analysis.forecast.paths import Paths
from analysis.forecast.ranks import spread_over_periods
from analysis.forecast.shocks import stream
from analysis.periods import write

PEERS = 20.0
"""Weight, in late cases at risk, of all series together in the pace of one."""


def pace(stock: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Return the beta distribution (two arrays (U,)) of the chance that a late case is resolved in a period.

    Counted over the last year's length: cases resolved late, of these and those still late on the desk at a period's
    end. All series together count `PEERS` cases in each.

    Parameters
    ----------
    stock : Panel
        Numerator: resolved late in the period; denominator: these and those still late on the desk at its end.
    """
    recent = slice(-stock.season_length, None)
    resolved, at_risk = (np.nansum(counts[:, recent], axis=1) for counts in (stock.numerator, stock.denominator))
    whole = (resolved.sum() + 0.5) / (at_risk.sum() + 1)
    return resolved + PEERS * whole, at_risk - resolved + PEERS * (1 - whole)


def with_stock_resolved(paths: Paths, stock: Panel, *, seed: int, key: str) -> Paths:
    """Return paths of late cases of which none has fewer than resolve of those late on the desk today.

    Parameters
    ----------
    paths : Paths
        Numerator: cases resolved late; denominator: cases resolved.
    stock : Panel
        See `pace`; cut at the origin of the paths. Series it does not have, or has not reported, stay as they are.
    seed, key
        Of the run and of the panel of the paths.
    """
    resolves, stays = pace(stock)
    numerator = paths.numerator.copy()
    horizon, draw_count = len(paths.periods), numerator.shape[1]
    for u, name in enumerate(paths.series):
        if name not in stock.series:
            continue
        row = stock.row(name)
        lying = stock.denominator[row, -1] - stock.numerator[row, -1]
        if not lying > 0:
            continue
        rng = stream(seed, key, name, write(stock.origin), "stock")
        chance = rng.beta(resolves[row], stays[row], draw_count)
        resolved = rng.binomial(int(lying), 1 - (1 - chance) ** horizon)
        least = np.minimum(resolved, paths.denominator[u].sum(axis=1))
        wanted = np.maximum(numerator[u].sum(axis=1), least).astype(float)
        moved = spread_over_periods(numerator[u].astype(float), paths.denominator[u].astype(float), wanted)
        numerator[u] = moved.astype(np.int64)
    return replace(paths, numerator=numerator)
