"""What the simple forecasts in use today say of a promise, raw and dressed with their own past errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.attainment.rules import meets, probability_of
from analysis.forecast import baselines
from analysis.forecast.rest_of_year import indicator_panel
from analysis.periods import write
from analysis.promises import Part


@dataclass(frozen=True, eq=False)
class PartBaselines:
    """The five baselines of one part.

    Attributes
    ----------
    table : pd.DataFrame
        `baseline, point` (year-end share 0–1), `raw` (whether the point meets the rule), `dressed` (probability),
        `chosen` (lowest past error: chosen before the fact), `errors` (number behind the dressing), `error` (their
        mean absolute size, share units).
    probability : float
        The chosen one's dressed probability; missing when no earlier year could be scored.
    """

    table: pd.DataFrame
    probability: float


def judged_baselines(indicators: pd.DataFrame, part: Part, *, origin: pd.Period, last: pd.Period) -> PartBaselines:
    """Return the baselines of a part at an origin, learnt from earlier years of all series of its indicator.

    Empty when the origin is before the plan's year or at its end: there is nothing to compare then.
    """
    rows = indicators[(indicators["indicator"] == part.indicator) & (indicators["period"] <= write(origin))]
    here = (rows["series"] == part.series) & (rows["period"] == write(origin))
    if origin.year != last.year or origin == last or not here.any():
        return PartBaselines(pd.DataFrame(), float("nan"))
    panel = indicator_panel(rows, part.indicator)
    points = baselines.points(panel, origin)
    dressed = baselines.dressed(panel, origin)
    table = points[points["series"] == part.series].drop(columns="series")
    table = table.merge(dressed.past_error, on="baseline", how="left", validate="1:1").rename(
        columns={"mean_absolute_error": "error"}
    )
    table["raw"] = meets(table["point"], part.rule, part.threshold)
    table["dressed"] = [_probability(dressed.quantiles_of(part.series, name), part) for name in table["baseline"]]
    table["chosen"] = table["baseline"] == dressed.chosen_baseline
    chosen = table.loc[table["chosen"], "dressed"]
    return PartBaselines(table, float(chosen.iloc[0]) if len(chosen) else float("nan"))


def _probability(quantiles: np.ndarray, part: Part) -> float:
    if not len(quantiles):
        return float("nan")
    return probability_of(meets(quantiles, part.rule, part.threshold), decided=False)
