"""Grade the forecasts of a plan's own indicators in past years, made as the page makes those of this year."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.forecast.backtest.grading import Grades
from analysis.forecast.backtest.rolling import OWN_MODELS, GradedPanel, rolling
from analysis.forecast.rest_of_year import bases_of, break_variances, panel_inputs, peer_series
from analysis.periods import write
from analysis.plan.indicators import Indicator
from analysis.plan.record import TOTAL
from analysis.rules import Rule

DISJOINT = ("agency", "field")
"""Dimensions that make up the whole between them; the first that an indicator has is summed beside its total."""


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """Grades of past forecasts of a plan's indicators, with the indicator in the column `panel`.

    Attributes
    ----------
    scored, reliability, totals : pd.DataFrame
        Columns of `grading.COLUMNS`; without rows when no earlier year can be scored. The first two grade the agencies
        and the fields, the last one the whole.
    recounted : pd.DataFrame
        As `scored`, of the forecasts that are in none of the others: a known break (in counting, bodies or systems)
        came after the origin and before the year's end, of which no forecast of then could know.
    """

    scored: pd.DataFrame
    reliability: pd.DataFrame
    totals: pd.DataFrame
    recounted: pd.DataFrame


def track_record(
    indicators: pd.DataFrame,
    promised: Iterable[tuple[str, Rule]],
    definitions: Mapping[str, Indicator],
    *,
    groups: Collection[tuple[str, str]],
    origin: pd.Period,
    seed: int,
    breaks: Mapping[str, Sequence[pd.Period]],
    tet_cutoff_day: int | None,
) -> TrackRecord:
    """Return the grades of all models but those of other libraries for the past years of a plan's own series.

    An indicator that is promised under two rules has the probabilities of both graded, and its intervals once.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, dimension, series, period, numerator, denominator` and, of means, `total, total_squares`; rows after
        the origin are ignored.
    promised : iterable of (str, {"at_least", "more_than", "at_most"})
        Each promised indicator with its rule; a pair given twice counts once.
    definitions : mapping
        Indicator → its declaration.
    groups : collection of (str, str)
        Dimension and code of the series that are groups: they are not graded.
    origin : pd.Period
        Last period known.
    seed : int
        Seed of the run.
    breaks : mapping of str to sequence of pd.Period
        Periods of known changes in counting, by indicator.
    tet_cutoff_day : int or None
        The plan's cut-off day if Tết affects its months; None leaves Tết out.
    """
    known = indicators[indicators["period"] <= write(origin)]
    known = pd.concat([known[known["dimension"] == TOTAL], peer_series(known, groups)])

    def graded_panel(name: str) -> GradedPanel | None:
        inputs = panel_inputs(known, name, definitions, groups)
        if inputs is None:
            return None
        of = inputs.labels["dimension"]
        parts = next((tuple(of.index[of == one]) for one in DISJOINT if (of == one).any()), ())
        total = inputs.label(TOTAL, TOTAL)
        return GradedPanel(
            inputs.panel, total, inputs.peers, parts, break_variances(breaks, name), tet_cutoff_day, nested_of(name)
        )

    def nested_of(name: str) -> tuple[GradedPanel, GradedPanel] | None:
        bases = bases_of(name, definitions)
        if len(bases) == 1:
            return None
        parent, rest = (graded_panel(base) for base in bases)
        return (parent, rest) if parent and rest else None

    grades, recounted, graded = Grades(), Grades(), set[str]()
    for indicator, rule in dict.fromkeys(promised):
        panel = graded_panel(indicator)
        if panel is None:
            continue
        own, apart = Grades(), Grades()
        for quarters in range(4):
            for forecasts in rolling(panel, quarters, rule=rule, members=OWN_MODELS, seed=seed):
                into = apart if forecasts.recounted else own
                for _ in into.grade_forecasts(indicator, forecasts, rule):
                    pass
        # The forecasts of shares do not depend on the rule: a second rule adds grades of probabilities only.
        for whole, part in ((grades, own), (recounted, apart)):
            whole.extend(part.of_probabilities() if indicator in graded else part)
        graded.add(indicator)
    scored, reliability, totals = (grades.table(kind) for kind in ("scored", "reliability", "totals"))
    return TrackRecord(scored, reliability, totals, recounted.table("scored"))
