"""A panel gone through year by year: at each origin, what every model said, beside what came."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.forecast.backtest.origins import Said, said_at
from analysis.forecast.backtest.targets import thresholds
from analysis.forecast.futures import PanelFit
from analysis.forecast.panel import Panel, first_period
from analysis.forecast.standing import Simulated, Standing, fit_year, past_years, standing
from analysis.rules import Rule

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
