"""Cases still open on a day: how many of them will turn out late, learnt from those that have fallen due.

Late among the closed ones is what a portal shows, and far too little: the slow cases are the ones still open. The page
`docs/methods/open-cases.md` has the formulas and what was measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.forecast.ensemble import spread_over_periods
from analysis.forecast.panel import Panel
from analysis.forecast.paths import Paths
from analysis.forecast.shocks import stream
from analysis.periods import write

PEERS = 10.0
"""Weight, in cases, of all procedures together in what is believed of one."""

DRIFT = 0.7
"""Standard deviation, in log-odds, by which a procedure's punctuality moves between cohorts: without it 80 %
intervals held 59 % on the one real set of cases at hand, from which it was taken."""

COLUMNS = ["series", "cases", "late_known", "undecided", "late_mean", "late_variance"]


def lateness_nowcast(cases: pd.DataFrame, *, snapshot: pd.Timestamp) -> pd.DataFrame:
    """Return how many cases of a cohort are late already, and how many will have been once all are closed.

    An open case that is not due yet is late with the share, among cases of its procedure that have fallen due, that
    were late of those still open at the same fraction of their time; all procedures together count `PEERS` cases in
    it. What is not known of that share (its beta posterior) is common to the cases of a procedure.

    Parameters
    ----------
    cases : pd.DataFrame
        `group` (procedure), `series`, `opened`, `due`, `closed` (timestamps; closed missing while open), and `cohort`,
        whether the case is one of those asked about. Cases opened after the snapshot are not looked at, and what was
        closed after it is open. Cases due when or before they were opened are left out.
    snapshot : pd.Timestamp
        The moment up to which is known.

    Returns
    -------
    pd.DataFrame
        A row per series: `cases` of the cohort; `late_known`, closed late or open past their due date; `undecided`,
        open and not due; `late_mean` and `late_variance` of the number late in the end.
    """
    known = cases[(cases["opened"] < snapshot) & (cases["due"] > cases["opened"])]
    given = (known["due"] - known["opened"]) / pd.Timedelta(days=1)
    closed = known["closed"].where(known["closed"] < snapshot)
    taken = ((closed - known["opened"]) / pd.Timedelta(days=1) / given).to_numpy(dtype=float, na_value=np.inf)
    due = (known["due"] < snapshot).to_numpy()
    elapsed = ((snapshot - known["opened"]) / pd.Timedelta(days=1) / given).to_numpy(dtype=float)
    group, _ = pd.factorize(known["group"])
    cohort = known["cohort"].to_numpy(dtype=bool)

    late = (taken > 1) & (due | np.isfinite(taken))
    undecided = np.isinf(taken) & ~due
    asked = np.flatnonzero(cohort & undecided)
    chance, doubt = _chances(group, taken, due, group[asked], elapsed[asked])

    series = known["series"].to_numpy()
    counted = pd.DataFrame({"series": series[cohort], "late_known": late[cohort], "undecided": undecided[cohort]})
    found = counted.groupby("series").agg(
        cases=("late_known", "size"), late_known=("late_known", "sum"), undecided=("undecided", "sum")
    )
    open_ones = pd.DataFrame(
        {
            "series": series[asked],
            "group": group[asked],
            "mean": chance,
            "by_chance": chance * (1 - chance),
            "doubt": doubt,
        }
    )
    by_group = open_ones.groupby(["series", "group"], as_index=False)[["mean", "by_chance", "doubt"]].sum()
    by_group["variance"] = by_group["by_chance"] + by_group["doubt"] ** 2
    sums = by_group.groupby("series")[["mean", "variance"]].sum().reindex(found.index, fill_value=0.0)
    found["late_mean"] = found["late_known"] + sums["mean"]
    found["late_variance"] = sums["variance"]
    return found.reset_index()[COLUMNS]


def _chances(
    group: np.ndarray, taken: np.ndarray, due: np.ndarray, asked_group: np.ndarray, elapsed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each case asked about its chance of being late, and the standard deviation of what is not known of it.

    Parameters
    ----------
    group, taken, due : np.ndarray, shape (n,)
        Procedure, share of the time given that was taken (infinite while open), and whether the case has fallen due.
    asked_group, elapsed : np.ndarray, shape (m,)
        Procedure and elapsed share of the cases asked about.
    """
    everyone = np.sort(taken[due])
    still_open = len(everyone) - np.searchsorted(everyone, elapsed, side="right")
    late = int((everyone > 1).sum())
    pooled = (late + 0.5) / (still_open + 1)
    chance, doubt = np.empty(len(elapsed)), np.empty(len(elapsed))
    order = np.argsort(group[due], kind="stable")
    bounds = np.searchsorted(group[due][order], np.arange(group.max(initial=-1) + 2))
    for one in np.unique(asked_group):
        rows = np.flatnonzero(asked_group == one)
        own = np.sort(taken[due][order][bounds[one] : bounds[one + 1]])
        open_then = len(own) - np.searchsorted(own, elapsed[rows], side="right")
        late_then = int((own > 1).sum())
        weight = open_then + PEERS
        chance[rows] = (late_then + PEERS * pooled[rows]) / weight
        spread = chance[rows] * (1 - chance[rows])
        doubt[rows] = np.sqrt(spread / (weight + 1) + (DRIFT * spread) ** 2)
    return np.clip(chance, 0.0, 1.0), doubt


STOCK_PEERS = 20.0
"""Weight, in late cases at risk, of all series together in the pace of one."""


def pace(stock: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Return the beta distribution (two arrays (U,)) of the chance that a late case is resolved in a period.

    Counted over the last year's length: cases resolved late, of these and those still late on the desk at a period's
    end. All series together count `STOCK_PEERS` cases in each.

    Parameters
    ----------
    stock : Panel
        Numerator: resolved late in the period; denominator: these and those still late on the desk at its end.
    """
    recent = slice(-stock.season_length, None)
    resolved, at_risk = (np.nansum(counts[:, recent], axis=1) for counts in (stock.numerator, stock.denominator))
    whole = (resolved.sum() + 0.5) / (at_risk.sum() + 1)
    return resolved + STOCK_PEERS * whole, at_risk - resolved + STOCK_PEERS * (1 - whole)


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
