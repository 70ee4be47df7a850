"""Cases still open at the origin: how many will be late, and how many late ones will be resolved this year.

The share of late cases among the closed ones, which a portal shows, is far too low: the slow cases are still open.
`docs/methods/open-cases.md` has the formulas and the measurements.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.forecast.link import spread_over_periods
from analysis.forecast.panel import SeriesPanel, peer_rows
from analysis.forecast.paths import Paths
from analysis.forecast.shocks import stream
from analysis.periods import write

PEERS = 10.0
"""Prior weight, in cases, of all procedures together in the chance of one."""

DRIFT = 0.7
"""Standard deviation, in log-odds, of the change of a procedure's punctuality between cohorts: without it, 80 %
intervals covered 59 % on the one real set of cases at hand, from which it was estimated."""

STOCK_PEERS = 20.0
"""Prior weight, in late cases at risk, of all series together in the chance of one that a late case is resolved."""

COLUMNS = ["series", "cases", "late_known", "undecided", "late_mean", "late_variance"]


def lateness_nowcast(cases: pd.DataFrame, *, snapshot: pd.Timestamp) -> pd.DataFrame:
    """Return the number of cases of a cohort that are late already, and a forecast of the number once all are closed.

    An open case that is not due yet will be late with a chance estimated from the cases of its procedure that have
    fallen due: of those still open at the same fraction of their time, the share that was late. All procedures together
    have a prior weight of `PEERS` cases in it. The error of the estimate (its beta posterior and the drift) is common
    to the cases of a procedure.

    Parameters
    ----------
    cases : pd.DataFrame
        `group` (procedure), `series`, `opened`, `due`, `closed` (timestamps; `closed` is missing while open), and
        `cohort`, whether the case belongs to the cohort. Cases opened after the snapshot are ignored, and cases closed
        after it count as open. Cases that were due when or before they were opened are left out.
    snapshot : pd.Timestamp
        Moment up to which data is known.

    Returns
    -------
    pd.DataFrame
        One row per series: `cases` of the cohort; `late_known`, closed late or open past their due date; `undecided`,
        open and not due; `late_mean` and `late_variance`, mean and variance of the final number of late cases.
    """
    known = cases[(cases["opened"] < snapshot) & (cases["due"] > cases["opened"])]
    allowed_days = (known["due"] - known["opened"]) / pd.Timedelta(days=1)
    closed = known["closed"].where(known["closed"] < snapshot)
    duration = ((closed - known["opened"]) / pd.Timedelta(days=1) / allowed_days).to_numpy(dtype=float, na_value=np.inf)
    due = (known["due"] < snapshot).to_numpy()
    elapsed = ((snapshot - known["opened"]) / pd.Timedelta(days=1) / allowed_days).to_numpy(dtype=float)
    group, _ = pd.factorize(known["group"])
    cohort = known["cohort"].to_numpy(dtype=bool)

    late = (duration > 1) & (due | np.isfinite(duration))
    undecided = np.isinf(duration) & ~due
    open_rows = np.flatnonzero(cohort & undecided)
    chance, error = _late_chances(group, duration, due, group[open_rows], elapsed[open_rows])

    series = known["series"].to_numpy()
    counted = pd.DataFrame({"series": series[cohort], "late_known": late[cohort], "undecided": undecided[cohort]})
    found = counted.groupby("series").agg(
        cases=("late_known", "size"), late_known=("late_known", "sum"), undecided=("undecided", "sum")
    )
    open_cases = pd.DataFrame(
        {
            "series": series[open_rows],
            "group": group[open_rows],
            "mean": chance,
            "binomial": chance * (1 - chance),
            "error": error,
        }
    )
    by_group = open_cases.groupby(["series", "group"], as_index=False)[["mean", "binomial", "error"]].sum()
    # the error is common to the cases of a procedure, so its standard deviations add up, not its variances
    by_group["variance"] = by_group["binomial"] + by_group["error"] ** 2
    sums = by_group.groupby("series")[["mean", "variance"]].sum().reindex(found.index, fill_value=0.0)
    found["late_mean"] = found["late_known"] + sums["mean"]
    found["late_variance"] = sums["variance"]
    return found.reset_index()[COLUMNS]


def _late_chances(
    group: np.ndarray, duration: np.ndarray, due: np.ndarray, open_group: np.ndarray, elapsed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance (m,) that each open case will be late, and the standard deviation (m,) of its error.

    Parameters
    ----------
    group, duration, due : np.ndarray, shape (n,)
        Procedure of each case, its duration as a multiple of the time allowed (infinite while open), and whether it has
        fallen due.
    open_group, elapsed : np.ndarray, shape (m,)
        Procedure of the open cases, and the part of their time that has passed.
    """
    all_due = np.sort(duration[due])
    still_open = len(all_due) - np.searchsorted(all_due, elapsed, side="right")
    late = int((all_due > 1).sum())
    pooled = (late + 0.5) / (still_open + 1)
    chance, error = np.empty(len(elapsed)), np.empty(len(elapsed))
    order = np.argsort(group[due], kind="stable")
    bounds = np.searchsorted(group[due][order], np.arange(group.max(initial=-1) + 2))
    for procedure in np.unique(open_group):
        rows = np.flatnonzero(open_group == procedure)
        own = np.sort(duration[due][order][bounds[procedure] : bounds[procedure + 1]])
        open_then = len(own) - np.searchsorted(own, elapsed[rows], side="right")
        late_then = int((own > 1).sum())
        weight = open_then + PEERS
        chance[rows] = (late_then + PEERS * pooled[rows]) / weight
        binomial = chance[rows] * (1 - chance[rows])
        error[rows] = np.sqrt(binomial / (weight + 1) + (DRIFT * binomial) ** 2)
    return np.clip(chance, 0.0, 1.0), error


def resolution_posterior(stock: SeriesPanel, *, peers: Collection[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the beta posterior (two arrays (U,)) of the chance that a late case is resolved in a period.

    It is estimated over the last year's length, as the number of cases resolved late among these and the cases still
    late on the desk at a period's end. All peers together have a prior weight of `STOCK_PEERS` cases.

    Parameters
    ----------
    stock : SeriesPanel
        Numerator: cases resolved late in the period; denominator: these and the cases still late on the desk at its
        end.
    peers : collection of str, optional
        Series that make up this prior, all by default.
    """
    recent = slice(-stock.season_length, None)
    resolved, at_risk = (np.nansum(counts[:, recent], axis=1) for counts in (stock.numerator, stock.denominator))
    rows = peer_rows(stock.series, peers)
    whole = (resolved[rows].sum() + 0.5) / (at_risk[rows].sum() + 1)
    return resolved + STOCK_PEERS * whole, at_risk - resolved + STOCK_PEERS * (1 - whole)


def with_stock_resolved(
    paths: Paths, stock: SeriesPanel, *, seed: int, key: str, peers: Collection[str] | None = None
) -> Paths:
    """Return paths in which at least the cases late on the desk at the origin that get resolved are resolved late.

    Parameters
    ----------
    paths : Paths
        Numerator: cases resolved late; denominator: cases resolved.
    stock : SeriesPanel
        See `resolution_posterior`; up to the origin of the paths. Series that it does not have, or that did not report,
        do not change.
    seed : int
        Seed of the run.
    key : str
        Name of the panel of the paths.
    peers : collection of str, optional
        See `resolution_posterior`.
    """
    resolves, stays = resolution_posterior(stock, peers=peers)
    numerator = paths.numerator.copy()
    horizon, draw_count = len(paths.periods), numerator.shape[1]
    for u, name in enumerate(paths.series):
        if name not in stock.series:
            continue
        row = stock.row(name)
        late_on_desk = stock.denominator[row, -1] - stock.numerator[row, -1]
        if not late_on_desk > 0:  # also where the last period was not reported
            continue
        rng = stream(seed, key, name, write(stock.origin), "stock")
        chance = rng.beta(resolves[row], stays[row], draw_count)
        resolved = rng.binomial(int(late_on_desk), 1 - (1 - chance) ** horizon)
        floor = np.minimum(resolved, paths.denominator[u].sum(axis=1))
        late = np.maximum(numerator[u].sum(axis=1), floor).astype(float)
        by_period = spread_over_periods(numerator[u].astype(float), paths.denominator[u].astype(float), late)
        numerator[u] = by_period.astype(np.int64)
    return replace(paths, numerator=numerator)
