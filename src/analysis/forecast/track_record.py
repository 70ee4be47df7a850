"""The plan's own series forecast again from every quarter of the past, and graded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from analysis.forecast.backtest.comparisons import COMPARISONS
from analysis.forecast.backtest.grading import Grades
from analysis.forecast.backtest.origins import MODELS
from analysis.forecast.backtest.rolling import rolling
from analysis.forecast.rest_of_year import indicator_panel
from analysis.periods import write
from analysis.rules import Rule


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """Grades of past forecasts, an indicator standing as a panel; see `backtest.grading.Grades`.

    Attributes
    ----------
    scored, reliability : pd.DataFrame
        Columns of `backtest.grading.COLUMNS`; without rows when no earlier year can be scored.
    """

    scored: pd.DataFrame
    reliability: pd.DataFrame


def track_record(
    indicators: pd.DataFrame, promised: Iterable[tuple[str, Rule]], *, origin: pd.Period, seed: int
) -> TrackRecord:
    """Return how right the published method would have been on a plan's own series.

    An indicator that is promised under two rules has the probabilities of both graded, and its intervals once.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`; rows after the origin are not looked at.
    promised : iterable of (str, {"at_least", "more_than", "at_most"})
        The promised indicators, and how they are promised; the same twice counts once.
    origin : pd.Period
        Last period known.
    seed : int
        Of the run.
    """
    grades, members = Grades(), frozenset(MODELS) - frozenset(COMPARISONS)
    begun: set[str] = set()
    known = indicators[indicators["period"] <= write(origin)]
    for indicator, rule in dict.fromkeys(promised):
        if not (known["indicator"] == indicator).any():
            continue
        panel, own = indicator_panel(known, indicator), Grades()
        for quarters in range(4):
            for at in rolling(panel, quarters, rule=rule, members=members, seed=seed):
                for _ in own.through(indicator, at, rule):
                    pass
        # Shares are forecast without a look at the rule: a second rule has nothing new to say of them.
        grades.extend(own.of_probabilities() if indicator in begun else own)
        begun.add(indicator)
    return TrackRecord(grades.table("scored"), grades.table("reliability"))
