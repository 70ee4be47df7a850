"""The share this year's survey will find, forecast from monthly ratings by a bridge fitted to earlier rounds.

See ``docs/methods/survey-bridge.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import t as student

from analysis.attainment.verdict import probability_of
from analysis.plan.record import TOTAL
from analysis.rules import Rule, meets

COLUMNS = ["period", "value", "standard_error", "respondents", "rated"]

_RESPONDENTS_ASSUMED = 1000
"""Only to keep a share printed as 0 or 1 off the ends of the log-odds scale when its sample is not known."""


def rounds_of(
    surveys: pd.DataFrame,
    rated_by_year: pd.DataFrame,
    *,
    indicator: str,
    series: str = TOTAL,
    method: str | None = None,
) -> pd.DataFrame:
    """Return the rounds of one survey with the rated share of their years.

    Parameters
    ----------
    surveys : pd.DataFrame
        `indicator, series, period, value, standard_error, respondents` and, if a method is named, `method`: see
        `satisfaction.surveyed_satisfied` and `satisfaction.published_rounds`.
    rated_by_year : pd.DataFrame
        See `satisfaction.rated_by_year`; its ``total`` is taken.
    indicator, series : str
        The survey, and the part of it that is judged.
    method : str, optional
        Only rounds made this way: two methods are not comparable.

    Returns
    -------
    pd.DataFrame
        `period` (a year), `value` and `rated` (shares 0–1, `rated` missing without ratings), `standard_error` (share
        units, missing if unknown), `respondents`; in order. Rounds without a share, or not named by a year, are left
        out.
    """
    mine = surveys["indicator"].eq(indicator) & surveys["series"].eq(series) & surveys["value"].notna()
    if method is not None:
        mine &= surveys["method"].eq(method)
    rounds = surveys[mine].astype({"period": "str"})
    rounds = rounds[rounds["period"].str.fullmatch(r"\d{4}")]
    rated = rated_by_year[rated_by_year["series"] == TOTAL].set_index("period")["value"]
    return rounds.assign(rated=rounds["period"].map(rated).astype(float)).sort_values("period", ignore_index=True)[
        COLUMNS
    ]


@dataclass(frozen=True, eq=False)
class Rounds:
    """R earlier rounds in log-odds, and how large the error of the next one's sample will be.

    Attributes
    ----------
    names : tuple of str
        Their years.
    log_odds, variance : np.ndarray, shape (R,)
        Share satisfied and its sampling variance; the variance is 0 where no error was published, which leaves it to
        the spread between rounds.
    rated : np.ndarray, shape (R,)
        Log-odds of the ratings of the year; missing where there were none.
    sampling : float
        Sampling variance of the next round's share over p (1 − p): design effect / (respondents − 1). 0 where no
        round tells.
    """

    names: tuple[str, ...]
    log_odds: np.ndarray
    variance: np.ndarray
    rated: np.ndarray
    sampling: float

    @classmethod
    def of(cls, rounds: pd.DataFrame, planned_respondents: int | None) -> Rounds:
        """Return the rounds of a frame (`rounds_of`).

        Parameters
        ----------
        rounds : pd.DataFrame
            The earlier ones.
        planned_respondents : int or None
            Size of the next round's sample; None takes the mean of the earlier ones.
        """
        value, error, asked, rated = (
            rounds[name].to_numpy(dtype=float, na_value=np.nan)
            for name in ["value", "standard_error", "respondents", "rated"]
        )
        end = 0.5 / np.where(np.isnan(asked), _RESPONDENTS_ASSUMED, asked)
        p = np.clip(value, end, 1 - end)
        effects = error**2 * (asked - 1) / (p * (1 - p))
        told = ~np.isnan(effects)
        sampling = 0.0
        if told.any():
            n = asked[told].mean() if planned_respondents is None else planned_respondents
            sampling = float(effects[told].mean() / (n - 1))
        return cls(
            names=tuple(rounds["period"]),
            log_odds=logit(p),
            variance=np.nan_to_num(error / (p * (1 - p))) ** 2,
            rated=log_odds(rated),
            sampling=sampling,
        )

    def asked_again(self, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the share (0–1) that the next sample finds for each true value; errors are normal in log-odds.

        Parameters
        ----------
        truth : np.ndarray, shape (draws,)
            True log-odds.
        rng : np.random.Generator
            Source of the sampling errors.
        """
        p = expit(truth)
        return np.asarray(expit(truth + np.sqrt(self.sampling / (p * (1 - p))) * rng.standard_normal(len(truth))))

    def sampling_error(self, truth: np.ndarray) -> float:
        """Return the standard error (share units) the next sample will have; missing where no round tells."""
        p = float(expit(np.mean(truth)))
        return float(np.sqrt(self.sampling * p * (1 - p))) if self.sampling else float("nan")


def log_odds(share: np.ndarray) -> np.ndarray:
    """Return shares as log-odds, those of 0 and 1 as if one in ten thousand were otherwise."""
    return np.asarray(logit(np.clip(share, 1e-4, 1 - 1e-4)))


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
