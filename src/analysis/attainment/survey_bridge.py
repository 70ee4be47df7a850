"""The share that the year's survey will find, by a bridge from ratings case by case to earlier rounds.

See ``docs/methods/survey-bridge.md``. Start at `survey_year`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.attainment.survey_rounds import Rounds, log_odds
from analysis.attainment.verdicts import probability_of
from analysis.rules import Rule, meets

MINIMUM_ROUNDS = 3
"""Fewest earlier rounds: an offset, a slope and a spread are three unknowns."""

SLOPE, SLOPE_SPREAD = 1.0, 0.5
"""Prior of the slope between the log-odds of ratings and of a survey."""

SPREAD_SCALE, SPREAD_TAILS = 0.10, 4
"""Prior of the spread of rounds around the bridge: half a Student distribution, its scale in log-odds."""

YEARLY_CHANGE, YEARLY_CHANGES = 0.22, 8
"""Root mean square change, in log-odds, of published satisfaction indices from a year to the next, and their number."""

SPREADS = np.geomspace(0.005, 2.0, 120)
"""Spreads weighed against each other; log-odds."""


@dataclass(frozen=True, eq=False)
class SurveyYear:
    """What the survey of a year has found, or will find.

    Attributes
    ----------
    values : np.ndarray, shape (draws,)
        Share satisfied (0–1) the survey will print, per draw; a single value when it has; empty when not estimated.
    method : {"figure", "bridge", "last_round", ""}
        The survey's own figure; the bridge; the last round carried on, where ratings are missing; not estimated.
    note : str
        Empty, or the code of why nothing is estimated: ``not_enough_rounds``.
    rounds : tuple of str
        The years learnt from.
    slope, slope_error : float
        Mean and standard deviation of the slope, given the rounds; missing without a bridge.
    spread : float
        How far a round lies from the bridge, or without one from the round a year before; log-odds.
    sampling_error : float
        Standard error the year's survey is expected to have (share units); missing where no round tells.
    """

    values: np.ndarray
    method: str = ""
    note: str = ""
    rounds: tuple[str, ...] = ()
    slope: float = float("nan")
    slope_error: float = float("nan")
    spread: float = float("nan")
    sampling_error: float = float("nan")

    @property
    def decided(self) -> bool:
        """Whether the survey has spoken."""
        return self.method == "figure"

    def probability(self, rule: Rule, threshold: float) -> float:
        """Return the probability that the survey keeps the promise; missing when not estimated.

        Parameters
        ----------
        rule, threshold
            See `rules.meets`.
        """
        if not len(self.values):
            return float("nan")
        return probability_of(meets(self.values, rule, threshold), decided=self.decided)


def survey_year(
    rounds: pd.DataFrame,
    rated: np.ndarray | None,
    *,
    year: int,
    draw_count: int,
    rng: np.random.Generator,
    planned_respondents: int | None = None,
) -> SurveyYear:
    """Return the draws of the share that a year's survey will print.

    Parameters
    ----------
    rounds : pd.DataFrame
        What is known of the survey (`survey_rounds.rounds_of`). If the year's own round is among it, its figure is the
        answer; later rounds are not looked at.
    rated : np.ndarray of shape (draw_count,) or (1,), or None
        Rated share (0–1) of the whole year, per draw, or the one there is when the year is over: draw i of the result
        belongs to draw i of it. None, empty or with a missing value: the last round is carried on instead.
    year : int
        The year whose survey judges.
    draw_count : int
        Draws, 1 or more.
    rng : np.random.Generator
        Of the run: the same state gives the same draws.
    planned_respondents : int, optional
        Size of the year's sample, 2 or more; by default the mean of the earlier rounds.

    Raises
    ------
    ValueError
        `rated` has another length.

    Notes
    -----
    Bayesian regression of log-odds on log-odds: flat prior of the offset, `SLOPE` and `SPREAD_SCALE` for the rest, the
    sampling error of every round known, the spread weighed on a grid.
    """
    rated = np.empty(0) if rated is None else np.asarray(rated, dtype=float)
    if len(rated) not in {0, 1, draw_count}:
        raise ValueError(f"rated has {len(rated)} draws; {draw_count}, one or none were expected")
    known = rounds[rounds["period"] == str(year)]
    if len(known):
        return SurveyYear(known["value"].to_numpy(dtype=float)[-1:], method="figure", rounds=(str(year),))
    past = rounds[rounds["period"] < str(year)]
    bridged = past[past["rated"].notna()]
    if len(rated) and not np.isnan(rated).any() and len(bridged) >= MINIMUM_ROUNDS:
        earlier = Rounds.of(bridged, planned_respondents)
        return _bridge(earlier, np.broadcast_to(log_odds(rated), draw_count), rng)
    return last_round_carried_on(
        rounds, year=year, draw_count=draw_count, rng=rng, planned_respondents=planned_respondents
    )


def last_round_carried_on(
    rounds: pd.DataFrame,
    *,
    year: int,
    draw_count: int,
    rng: np.random.Generator,
    planned_respondents: int | None = None,
) -> SurveyYear:
    """Return the last round as the forecast, wearing the changes such surveys show from year to year: the baseline.

    The size of a year's change is pooled: the published ones count as `YEARLY_CHANGES`, the survey's own beside them.

    Parameters
    ----------
    rounds, year, draw_count, rng, planned_respondents
        See `survey_year`; the year's own and later rounds are not looked at.
    """
    past = rounds[rounds["period"] < str(year)]
    if len(past) < MINIMUM_ROUNDS:
        return SurveyYear(np.empty(0), note="not_enough_rounds", rounds=tuple(past["period"]))
    earlier = Rounds.of(past, planned_respondents)
    at = np.array([int(name) for name in earlier.names])
    own = np.diff(earlier.log_odds) ** 2 / np.diff(at)
    freedom = YEARLY_CHANGES + len(own)
    change = np.sqrt((YEARLY_CHANGES * YEARLY_CHANGE**2 + own.sum()) / freedom)
    now = earlier.log_odds[-1] + np.sqrt(earlier.variance[-1]) * rng.standard_normal(draw_count)
    truth = now + change * np.sqrt(year - at[-1]) * rng.standard_t(freedom, draw_count)
    return SurveyYear(
        earlier.asked_again(truth, rng),
        method="last_round",
        rounds=earlier.names,
        spread=float(change),
        sampling_error=earlier.sampling_error(truth),
    )


def _bridge(earlier: Rounds, rated: np.ndarray, rng: np.random.Generator) -> SurveyYear:
    centre = earlier.rated.mean()
    weight, mean, covariance = _coefficients(earlier.log_odds, earlier.variance, earlier.rated - centre)
    chosen = rng.choice(len(SPREADS), len(rated), p=weight)
    scatter = np.einsum("sij,sj->si", np.linalg.cholesky(covariance)[chosen], rng.standard_normal((len(rated), 2)))
    offset, slope = (mean[chosen] + scatter).T
    truth = offset + slope * (rated - centre) + SPREADS[chosen] * rng.standard_normal(len(rated))
    mean_slope = float(weight @ mean[:, 1])
    return SurveyYear(
        earlier.asked_again(truth, rng),
        method="bridge",
        rounds=earlier.names,
        slope=mean_slope,
        slope_error=float(np.sqrt(weight @ (covariance[:, 1, 1] + (mean[:, 1] - mean_slope) ** 2))),
        spread=float(weight @ SPREADS),
        sampling_error=earlier.sampling_error(truth),
    )


def _coefficients(y: np.ndarray, variance: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weight of each of the G spreads, and offset and slope under it: shapes (G,), (G, 2), (G, 2, 2)."""
    design = np.column_stack([np.ones_like(x), x])
    pull = np.diag([0.0, SLOPE_SPREAD**-2])
    information = 1 / (variance + SPREADS[:, None] ** 2)
    precision = np.einsum("gr,ri,rj->gij", information, design, design) + pull
    covariance = np.linalg.inv(precision)
    mean = np.einsum("gij,gj->gi", covariance, (information * y) @ design + pull @ [0.0, SLOPE])
    misfit = (information * (y - mean @ design.T) ** 2).sum(axis=1) + ((mean[:, 1] - SLOPE) / SLOPE_SPREAD) ** 2
    score = (np.log(information).sum(axis=1) - np.linalg.slogdet(precision)[1] - misfit) / 2
    # The grid is even in the logarithm, so the prior density takes the spread once more.
    score += student.logpdf(SPREADS / SPREAD_SCALE, SPREAD_TAILS) + np.log(SPREADS)
    weight = np.exp(score - score.max())
    return weight / weight.sum(), mean, covariance
