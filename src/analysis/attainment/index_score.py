"""Promises on the score of a published index at the end of the plan's year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.attainment.index_series import (
    PERIODS_A_YEAR,
    Estimate,
    IndexSeries,
    IndexYearEnd,
    PreviousYear,
    YearValue,
    carried_on,
    first_estimate,
    known_values,
    reason_not_carried,
    refuse_unknown,
    series_of,
    values_of,
    year_end_answer,
)
from analysis.forecast.local_level import LevelParameters, draw_parameters, draw_paths
from analysis.forecast.shocks import stream
from analysis.rules import Rule

TYPICAL_CHANGE = 0.16
"""Change of a score from a year to the next, in log-odds: root mean square of the fourteen in the published figures."""
SCALE_EDGE = 0.0005
"""Scores nearer to an end of their scale than this share of it are modelled as if this far off."""


@dataclass(frozen=True)
class IndexDraws:
    """How many draws, and what keys their random numbers.

    Attributes
    ----------
    count, seed : int
        Of the run.
    key : str
        Name that the numbers are keyed by.
    """

    count: int
    seed: int
    key: str

    def stream(self, *names: str) -> np.random.Generator:
        """Return the random generator of a name within this promise."""
        return stream(self.seed, "index", self.key, *names)


@dataclass(frozen=True, eq=False)
class ScorePath:
    """The drawn scores of an area, and what they were drawn with.

    Attributes
    ----------
    scores : np.ndarray, shape (T, draws)
        Points in every period.
    parameters : LevelParameters
        Parameters in each draw.
    shocks : np.ndarray, shape (2, T, draws)
        Standard normal numbers of the level's steps and of the noise.
    """

    scores: np.ndarray
    parameters: LevelParameters
    shocks: np.ndarray


def score_year_end(
    known: pd.DataFrame,
    *,
    area: str,
    year: int,
    year_end: date,
    as_of: date,
    rule: Rule,
    threshold: float | PreviousYear,
    year_value: YearValue = "last",
    scale: tuple[float, float] = (0.0, 100.0),
    draw_count: int,
    seed: int,
    key: str,
) -> IndexYearEnd:
    """Return how a promise on the score of an index stands.

    Decided only by the figures of the plan's year itself: a yearly one, or that of its last period, or all of them.
    Before that a local level on the log-odds of the score's place in its scale is carried to the year's end, on the
    shortest periods of which enough figures are published.

    Parameters
    ----------
    known : pd.DataFrame
        See `indicators.index_scores.history`.
    area : str
        Code of the area the promise is of.
    year : int
        The plan's year.
    year_end : date
        Last day of the plan's year: its weeks are those whose Sunday lies in it. Months and quarters go by their name.
    as_of : date
        Day up to which figures are known; `known` must be of no later one.
    rule : {"at_least", "more_than", "at_most"}
        How the score stands to the threshold.
    threshold : float or PreviousYear
        Points, or a multiple of the score of the year before, which is drawn too as long as it is not published.
    year_value : {"last", "mean"}
        How an index of shorter periods makes a year's value.
    scale : tuple of float
        Lowest and highest score there can be, in points.
    draw_count, seed : int
        Of the run.
    key : str
        Name that keys the random numbers: score and rank drawn under one key, by scores, move together.

    Raises
    ------
    ValueError
        `known` holds figures published after `as_of`, or a score outside the scale.
    """
    refuse_unknown(known, as_of, scale)
    relative = isinstance(threshold, PreviousYear)

    def estimate(series: IndexSeries) -> Estimate:
        rows = np.union1d(series.now, series.before)
        if np.isfinite(series.scores[rows]).all():
            return Estimate(known_values(series.scores, series))
        if note := reason_not_carried(series.scores, series, year):
            return Estimate(note=note)
        draws = IndexDraws(draw_count, seed, key)
        path = own_path(series, area, scale, draws).scores
        return Estimate(values_of(path, series), values_of(carried_on(series.scores, rows, scale), series))

    candidates = series_of(known, area, year, year_end, year_value, relative=relative)
    series, found = first_estimate(candidates, "scores", estimate, relative=relative)
    return year_end_answer(series, "scores", found, rule, threshold)


def log_odds(scores: np.ndarray, scale: tuple[float, float]) -> np.ndarray:
    """Return the log-odds of scores' places in their scale, those at its ends `SCALE_EDGE` away from them.

    Parameters
    ----------
    scores : np.ndarray
        Points.
    scale : tuple of float
        Lowest and highest score there can be, in points.
    """
    share = (scores - scale[0]) / (scale[1] - scale[0])
    return np.asarray(logit(np.clip(share, SCALE_EDGE, 1 - SCALE_EDGE)))


def own_path(series: IndexSeries, area: str, scale: tuple[float, float], draws: IndexDraws) -> ScorePath:
    """Return the drawn scores of the area that the promise is of.

    Parameters
    ----------
    series : IndexSeries
        Its figures.
    area : str
        Its code.
    scale : tuple of float
        Lowest and highest score there can be, in points.
    draws : IndexDraws
        How many, and their key.
    """
    parameters = draw_parameters(
        log_odds(series.scores, scale),
        typical_change=TYPICAL_CHANGE / np.sqrt(PERIODS_A_YEAR[series.frequency]),
        draw_count=draws.count,
        rng=draws.stream("parameters", area),
    )
    shocks = normal_shocks(draws, area, len(series.periods))
    return ScorePath(drawn_scores(series.scores, scale, parameters, shocks), parameters, shocks)


def normal_shocks(draws: IndexDraws, name: str, periods: int) -> np.ndarray:
    """Return standard normal numbers (2, T, draws), of which a longer history leaves those of the last periods.

    Parameters
    ----------
    draws : IndexDraws
        How many, and their key.
    name : str
        What they are of, such as an area.
    periods : int
        Periods, T.
    """
    return np.moveaxis(draws.stream("shocks", name).standard_normal((periods, 2, draws.count))[::-1], 1, 0)


def drawn_scores(
    known: np.ndarray, scale: tuple[float, float], parameters: LevelParameters, shocks: np.ndarray
) -> np.ndarray:
    """Return drawn scores in points (T, draws), those that are known as they were published.

    Parameters
    ----------
    known : np.ndarray, shape (T,)
        Points by period; missing ones are NaN.
    scale : tuple of float
        Lowest and highest score there can be, in points.
    parameters : LevelParameters
        Parameters in each draw.
    shocks : np.ndarray, shape (2, T, draws)
        See `normal_shocks`.
    """
    lowest, highest = scale
    scores = lowest + (highest - lowest) * expit(draw_paths(log_odds(known, scale), parameters, shocks))
    is_known = np.isfinite(known)
    scores[is_known] = known[is_known, None]
    return np.asarray(scores)
