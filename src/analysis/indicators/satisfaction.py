"""Satisfaction by its three instruments: ratings case by case, a survey's answers, the published index SIPAS.

They ask different people different things and never make one series; see ``docs/methods/satisfaction.md``.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.data.published import SIPAS_SINCE_2022, SIPAS_UNTIL_2021, runs
from analysis.indicators.complex_survey import COLUMNS as SURVEY_COLUMNS
from analysis.indicators.complex_survey import surveyed_shares
from analysis.indicators.series import share_series

RATED_SATISFIED = "rated_satisfied"
SURVEYED = "surveyed_"
"""Stands before the instrument's name: ``surveyed_provincial``."""
SIPAS = "sipas"

SATISFIED_FROM = 4
"""Lowest of the five answers that is satisfied."""

SIPAS_COLUMNS = [
    "indicator", "series", "period", "respondents", "value", "standard_error", "method", "stretch", "published_on",
    "source",
]  # fmt: skip


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


def rated_by_year(rated: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings of each year: the ratio of the sums of its periods, as many as there are.

    Parameters
    ----------
    rated : pd.DataFrame
        See `rated_satisfied`.

    Returns
    -------
    pd.DataFrame
        `indicator, series, period` (the year), `numerator, denominator` (ratings), `value` (share 0–1, missing without
        ratings), `standard_error` (always missing: nobody was drawn, so no design gives one).
    """
    by_year = rated.assign(period=rated["period"].str[:4])
    sums = by_year.groupby(["indicator", "series", "period"], as_index=False)[["numerator", "denominator"]].sum()
    value = (sums["numerator"] / sums["denominator"]).where(sums["denominator"] > 0)
    return sums.assign(value=value.astype(float), standard_error=float("nan"))


def surveyed_satisfied(survey: pd.DataFrame) -> pd.DataFrame:
    """Return the share satisfied of each survey and round: of everybody, and of each body asked about.

    Parameters
    ----------
    survey : pd.DataFrame
        See `data.contracts.Survey`.

    Returns
    -------
    pd.DataFrame
        `indicator` (``surveyed_`` and the instrument), then the columns of `complex_survey.surveyed_shares`; `period`
        is the round, usually a year. Empty without answers.
    """
    columns = ["indicator", *SURVEY_COLUMNS]
    if survey.empty:
        return surveyed_shares(survey.assign(counted=False)).assign(indicator="")[columns]
    pieces = [
        surveyed_shares(answers.assign(counted=answers["rating"] >= SATISFIED_FROM)).assign(
            indicator=f"{SURVEYED}{instrument}"
        )
        for instrument, answers in survey.groupby("instrument", sort=True)
    ]
    return pd.concat(pieces, ignore_index=True)[columns]


def published_sipas(
    published: pd.DataFrame, breaks: pd.DataFrame, *, area: str, as_of: date | None = None
) -> pd.DataFrame:
    """Return the published SIPAS of an area, in stretches through which a line may be drawn.

    Parameters
    ----------
    published, breaks : pd.DataFrame
        See `data.published.Published` and `data.published.Break`.
    area : str
        Code of the territory.
    as_of : date, optional
        Only figures surely released by this day: of a month or year, by its last day; none without a date.

    Returns
    -------
    pd.DataFrame
        `indicator` (``sipas``), `series` (the area), `period` (the year), `respondents` (missing unless published for
        this area and year), `value` (index 0–1, printed in percent; its formula is not public, so no share of people),
        `standard_error` (missing: not published), `method` (two methods are not comparable), `stretch` (1 for the
        first; no line from one to the next), `published_on` (day, month or year, as far as known), `source`.
    """
    known = published if as_of is None else published[_is_out(published["published_on"], as_of)]
    pieces = [stretch.assign(stretch=at) for at, stretch in enumerate(runs(known, SIPAS, area, breaks), start=1)]
    figures = pd.concat(pieces or [known.iloc[:0].assign(stretch=0)], ignore_index=True)
    figures = figures[figures["unit"] == "score"]
    asked = known[known["indicator"].eq(f"{SIPAS}_respondents") & known["area"].eq(area)]
    asked = asked.drop_duplicates(["period", "method"]).set_index(["period", "method"])["value"]
    keys = pd.MultiIndex.from_frame(figures[["period", "method"]])
    return figures.assign(
        series=area,
        respondents=asked.reindex(keys).astype("Int64").array,
        value=figures["value"] / 100,
        standard_error=float("nan"),
    )[SIPAS_COLUMNS].reset_index(drop=True)


def sipas_method(year: int) -> str:
    """Return the method of the SIPAS of a year, as `published_sipas` names it."""
    return SIPAS_SINCE_2022 if year >= 2022 else SIPAS_UNTIL_2021


def _is_out(published_on: pd.Series, as_of: date) -> pd.Series:
    """Return whether each figure was surely released by a day."""
    last = published_on.map(lambda day: pd.Period(day).end_time.date() if pd.notna(day) else date.max)
    return last <= as_of
