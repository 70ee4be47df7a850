"""Satisfaction: ratings given case by case, by those who chose to."""

from __future__ import annotations

import pandas as pd

from analysis.indicators.series import share_series

RATED_SATISFIED = "rated_satisfied"


def rated_satisfied(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return ratings "satisfied" or better / ratings given.

    The respondents chose themselves and only people with a case are asked, so this is no estimate of a survey's
    result; it moves with it at best.

    Parameters
    ----------
    ratings : pd.DataFrame
        See `data.contracts.Ratings`.

    Returns
    -------
    pd.DataFrame
        See `series.share_series`; the denominator is respondents.
    """
    return share_series(
        ratings.assign(numerator=ratings["satisfied"], denominator=ratings["respondents"]), indicator=RATED_SATISFIED
    )
