"""What the simple forecasts in use today say of a promise, raw and dressed with their own past errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.attainment.verdicts import probability_of
from analysis.forecast.baselines import BASELINES
from analysis.forecast.dressing import chosen_baseline, dressed, mean_absolute_errors, past_errors
from analysis.forecast.panel import Panel
from analysis.forecast.rest_of_year import indicator_panel
from analysis.forecast.standing import Standing, past_years, simple_standing, window_of
from analysis.periods import write
from analysis.promises import Part
from analysis.rules import meets


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

    Empty when the year is over, or the series has no forecast: there is nothing to compare then.
    """
    nothing = PartBaselines(pd.DataFrame(), float("nan"))
    rows = indicators[(indicators["indicator"] == part.indicator) & (indicators["period"] <= write(origin))]
    here = (rows["series"] == part.series) & (rows["period"] == write(origin))
    if origin == last or not here.any():
        return nothing
    panel = indicator_panel(rows, part.indicator)
    window = window_of(panel, last.year)
    if window is None or part.series not in window.series:
        return nothing
    now = simple_standing(window, last.year)
    past = past_years(panel, last.year, now.series, partial(_stood, panel))
    row, chosen = now.series.index(part.series), chosen_baseline(past)
    errors = mean_absolute_errors(past, BASELINES).rename(columns={"name": "baseline"})
    quantiles = {name: dressed(now, name, past_errors(past, name))[row] for name in BASELINES}
    table = errors.assign(
        point=[now.points[name][row] for name in BASELINES],
        dressed=[_probability(quantiles[name], part) for name in BASELINES],
        chosen=[name == chosen for name in BASELINES],
    )
    table["raw"] = meets(table["point"].to_numpy(), part.rule, part.threshold)
    table = table[np.isfinite(table["point"])].reset_index(drop=True)
    return PartBaselines(table, _probability(quantiles[chosen], part) if chosen else float("nan"))


def _stood(panel: Panel, origin: pd.Period, year: int) -> Standing | None:
    window = window_of(panel.until(origin), year)
    return None if window is None else simple_standing(window, year)


def _probability(quantiles: np.ndarray, part: Part) -> float:
    if np.isnan(quantiles).any():
        return float("nan")
    return probability_of(meets(quantiles, part.rule, part.threshold), decided=False)
