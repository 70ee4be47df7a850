"""What every model said of a year at one of its origins, from nothing but what was known then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.forecast.backtest.comparisons import COMPARISONS, compared_panel
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import chosen_baseline, dressed, past_errors
from analysis.forecast.futures import PanelFit
from analysis.forecast.hub import Hub, hub, on_ranks
from analysis.forecast.standing import PastYear, Simulated, Standing, simple_standing, tie_breakers

SHORT_NAMES = {"year_to_date": "ytd"}
"""Names of baselines that are written shorter in the name of a model."""

SERIES_AT_ONCE = 1000
"""Series pooled together, so that memory does not grow with the panel."""

CHOSEN = "dressed_chosen"
RAW = {f"raw_{SHORT_NAMES.get(name, name)}": name for name in BASELINES}
DRESSED = {f"dressed_{SHORT_NAMES.get(name, name)}": name for name in BASELINES}
MODELS = ("hub", "npeb", *RAW, *DRESSED, CHOSEN, *COMPARISONS)
"""Every model of a backtest."""


@dataclass(frozen=True, eq=False)
class Said:
    """What one model said of a year.

    Attributes
    ----------
    model : str
        One of `MODELS`.
    values : np.ndarray, shape (U, L)
        Equally likely year-end shares (0–1) of each series; NaN where the model has nothing to say. L is 1 for a raw
        rule.
    total : np.ndarray, shape (L,)
        The same for the sum over series.
    """

    model: str
    values: np.ndarray
    total: np.ndarray


def said_at(
    fit: PanelFit,
    year: int,
    now: Standing,
    simulated: Simulated,
    past: Sequence[PastYear],
    *,
    members: Collection[str],
    seed: int,
    key: str,
) -> Iterator[Said]:
    """Yield what each model said at an origin.

    Parameters
    ----------
    fit, year
        The fit at the origin, and the year.
    now, simulated
        See `standing.standing`.
    past : sequence of PastYear
        Earlier years at the same point.
    members : collection of str
        The models asked for, of `MODELS`.
    seed, key
        Of the run and of the panel.
    """
    if "hub" in members:
        pooled = hub(now, past, season_length=fit.panel.season_length)
        yield _joint("hub", now, _mapped(fit, now, simulated, pooled, seed=seed, key=key))
    if "npeb" in members:
        yield _joint("npeb", now, simulated)
    # the sum over the series is a series of its own for the simple rules
    whole = replace(simple_standing(fit.panel.summed(), year), size=np.array([now.size.sum()]))
    for model, name in RAW.items():
        if model in members:
            yield Said(model, now.points[name][:, None], whole.points[name])
    chosen = chosen_baseline(past)
    for model, baseline in {**DRESSED, CHOSEN: chosen}.items():
        if model in members and baseline is not None:
            errors = past_errors(past, baseline)
            yield Said(model, dressed(now, baseline, errors), dressed(whole, baseline, errors)[0])
    for model in COMPARISONS:
        if model in members:
            draws = compared_panel(model, fit, seed=seed, key=key, draw_count=simulated.numerator.shape[1])
            yield _joint(model, now, draws)


def _mapped(fit: PanelFit, now: Standing, paths: Simulated, pooled: Hub, *, seed: int, key: str) -> Simulated:
    U, S = paths.numerator.shape
    numerator = np.empty((U, S))
    for start in range(0, U, SERIES_AT_ONCE):
        rows = np.arange(start, min(start + SERIES_AT_ONCE, U))
        ties = np.array([tie_breakers(fit.panel, row, S, seed=seed, key=key) for row in rows])
        numerator[rows] = on_ranks(pooled, now, rows, paths.numerator[rows], paths.denominator[rows], ties)
    return Simulated(numerator, paths.denominator)


def _joint(model: str, now: Standing, draws: Simulated) -> Said:
    numerator = now.numerator.sum() + draws.numerator.sum(axis=0)
    denominator = now.denominator.sum() + draws.denominator.sum(axis=0)
    return Said(model, draws.shares(now), numerator / np.maximum(denominator, 1.0))
