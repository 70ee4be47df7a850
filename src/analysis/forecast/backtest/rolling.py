"""What every model said of a year at one of its origins, from nothing but what was known then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.forecast.backtest.comparisons import COMPARISONS, compared_panel
from analysis.forecast.backtest.thresholds import thresholds
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import chosen_baseline, dressed, past_errors
from analysis.forecast.ensemble import Hub, hub, on_ranks
from analysis.forecast.futures import PanelFit
from analysis.forecast.origin_state import (
    PastYear,
    Simulated,
    Standing,
    fit_year,
    past_years,
    simple_standing,
    standing,
    tie_breakers,
)
from analysis.forecast.panel import Panel, first_period
from analysis.rules import Rule

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


KEY = "backtest"
"""Keys the random numbers of a backtest, whatever its panel is called."""


@dataclass(frozen=True, eq=False)
class Origin:
    """What was said at one origin of a year, and what came.

    Attributes
    ----------
    year, quarters : int
        The year, and how many of its quarters were known (0–3).
    series : tuple of str
        The U series forecast.
    observed : np.ndarray, shape (U,)
        Year-end share; NaN where the year is not finished or was not reported.
    limits : np.ndarray, shape (U, J)
        Thresholds; NaN where there is none.
    total_observed : float
        Year-end share of the sum over series; NaN while the year is not finished.
    total_limits : np.ndarray, shape (J,)
        Thresholds of the sum.
    said : iterator of Said
        Model by model, computed as they are asked for.
    """

    year: int
    quarters: int
    series: tuple[str, ...]
    observed: np.ndarray
    limits: np.ndarray
    total_observed: float
    total_limits: np.ndarray
    said: Iterator[Said]


@dataclass
class _Memory:
    """Standings at the origins gone through, which later years look back to."""

    panel: Panel
    seed: int
    stood: dict[pd.Period, Standing | None] = field(default_factory=dict)

    def at(self, origin: pd.Period, year: int) -> Standing | None:
        if origin not in self.stood:
            self.computed(origin, year)
        return self.stood[origin]

    def computed(self, origin: pd.Period, year: int) -> tuple[PanelFit, Standing, Simulated] | None:
        """Return the fit, standing and draws of a year at an origin; only the standing is remembered."""
        fit = fit_year(self.panel.until(origin), year)
        if fit is None:
            self.stood[origin] = None
            return None
        now, simulated = standing(fit, year, seed=self.seed, key=KEY)
        self.stood[origin] = now
        return fit, now, simulated


def rolling(
    panel: Panel,
    quarters: int,
    *,
    rule: Rule,
    members: Collection[str],
    seed: int,
    tell: Callable[[str], None] = lambda line: None,
) -> Iterator[Origin]:
    """Yield every year of a panel at one point of the year, first to last.

    Parameters
    ----------
    panel : Panel
        All that is known; at each origin only what was known then is used.
    quarters : int
        Quarters of the year known, 0 (the start of the year) to 3.
    rule : {"at_least", "more_than", "at_most"}
        How thresholds are met.
    members : collection of str
        Models asked for; see `origins.MODELS`.
    seed : int
        Of the run.
    tell : callable
        Gets one line per origin.
    """
    P = panel.season_length
    memory = _Memory(panel, seed)
    for year in range(panel.periods[0].year, panel.periods[-1].year + 2):
        last = first_period(year, panel.periods.freqstr) + P - 1
        origin = last - P + P * quarters // 4
        if not panel.periods[0] <= origin <= panel.periods[-1]:
            continue
        computed = memory.computed(origin, year)
        if computed is None:
            continue
        fit, now, simulated = computed
        tell(f"{year}, {quarters} quarters known: {len(now.series):,} series")
        known = panel.until(origin)
        past = past_years(known, year, now.series, memory.at)
        rows = pd.Index(panel.series).get_indexer(pd.Index(now.series))
        start = last - P
        if start >= panel.periods[0]:
            before = panel.until(start).only(rows)
            limits, total_limits = thresholds(before, year, rule), thresholds(before.summed(), year, rule)[0]
        else:
            limits, total_limits = np.full((len(rows), 3), np.nan), np.full(3, np.nan)
        finished = panel.periods[-1] >= last
        mine = panel.only(rows)
        yield Origin(
            year=year,
            quarters=quarters,
            series=now.series,
            observed=mine.year_share(year) if finished else np.full(len(rows), np.nan),
            limits=limits,
            total_observed=float(mine.summed().year_share(year)[0]) if finished else float("nan"),
            total_limits=total_limits,
            said=said_at(fit, year, now, simulated, past, members=members, seed=seed, key=KEY),
        )
