"""What a kind of promise is given to judge by, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.attainment.evidence import Evidence
from analysis.forecast.rest_of_year import Forecast
from analysis.plan.plan import Plan
from analysis.plan.promises import Part


class SeriesRows:
    """The rows of a frame by series, grouped once: a promise may have a part for each body, and all rows are many.

    Parameters
    ----------
    frame : pd.DataFrame
        With `indicator, dimension, series`.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._places = frame.groupby(["indicator", "dimension", "series"], sort=False).indices

    def of(self, part: Part) -> pd.DataFrame:
        """Return the rows of a part's series, in their order."""
        return self._frame.iloc[self._places.get((part.indicator, part.dimension, part.series), np.empty(0, int))]


@dataclass(frozen=True, eq=False)
class CountedSituation:
    """What counts and draws say at the end of a quarter: enough to judge promises on shares and means.

    Attributes
    ----------
    plan : Plan
        The plan as it reads, those on each member of a list written out.
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`.
    forecast : Forecast
        Draws of the rest of the year.
    draw_count, seed : int
        Of the run, for what no path of cases says.
    uncounted : mapping
        Indicator → code of why the input cannot give its counts.
    """

    plan: Plan
    quarter: pd.Period
    indicators: pd.DataFrame
    forecast: Forecast
    draw_count: int
    seed: int
    uncounted: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @cached_property
    def counted(self) -> SeriesRows:
        """The rows of `indicators` by series."""
        return SeriesRows(self.indicators)

    @cached_property
    def drawn(self) -> SeriesRows:
        """The draws by series."""
        return SeriesRows(self.forecast.draws)

    @cached_property
    def counted_periods(self) -> Mapping[str, np.ndarray]:
        """Indicator → the periods any of its series is counted in."""
        return dict(self.indicators.groupby("indicator", sort=False)["period"].unique())


@dataclass(frozen=True, eq=False)
class Situation(CountedSituation):
    """Everything known at the end of a quarter.

    Attributes
    ----------
    evidence : Evidence
        What is known beside the counts.
    """

    evidence: Evidence


@dataclass(frozen=True, eq=False)
class Judgement:
    """One promise judged.

    Attributes
    ----------
    row : dict
        Its row of the table of promises, `verdict.COLUMNS`.
    parts : list of dict
        The rows of its parts, where it has several.
    baselines, run_rate, pace, missing, curves, watched : list of pd.DataFrame
        See the attributes of `probability.Attainment`.
    """

    row: dict[str, Any]
    parts: list[dict[str, Any]] = field(default_factory=list)
    baselines: list[pd.DataFrame] = field(default_factory=list)
    run_rate: list[pd.DataFrame] = field(default_factory=list)
    pace: list[pd.DataFrame] = field(default_factory=list)
    missing: list[pd.DataFrame] = field(default_factory=list)
    curves: list[pd.DataFrame] = field(default_factory=list)
    watched: list[pd.DataFrame] = field(default_factory=list)
