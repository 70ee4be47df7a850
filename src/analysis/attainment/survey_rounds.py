"""Earlier rounds of the survey a promise is judged by, beside the ratings of their years.

See ``docs/methods/survey-bridge.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.indicators.series import TOTAL

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
        `satisfaction.surveyed_satisfied` and `satisfaction.published_sipas`.
    rated_by_year : pd.DataFrame
        See `satisfaction.rated_by_year`; its ``total`` is taken.
    indicator, series : str
        The survey, and the part of it that is judged.
    method : str, optional
        Only rounds made this way: see `satisfaction.sipas_method`.

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
        """Return the share (0–1) that the next sample finds, for each true log-odds; errors are normal in log-odds."""
        p = expit(truth)
        return np.asarray(expit(truth + np.sqrt(self.sampling / (p * (1 - p))) * rng.standard_normal(len(truth))))

    def sampling_error(self, truth: np.ndarray) -> float:
        """Return the standard error (share units) the next sample will have; missing where no round tells."""
        p = float(expit(np.mean(truth)))
        return float(np.sqrt(self.sampling * p * (1 - p))) if self.sampling else float("nan")


def log_odds(share: np.ndarray) -> np.ndarray:
    """Return shares as log-odds, those of 0 and 1 as if one in ten thousand were otherwise."""
    return np.asarray(logit(np.clip(share, 1e-4, 1 - 1e-4)))
