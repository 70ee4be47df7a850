"""A published index as known on a day: score and rank of every area by week, month, quarter and year."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.data.published import CONFIDENCES, break_days, comparable_stretches, last_possible_day, period_of

HISTORY = [
    "area", "period", "frequency", "method", "score", "rank", "rank_of", "published_on", "confidence", "source",
    "stretch", "same_since", "same_until",
]  # fmt: skip

FREQUENCIES = ("W", "M", "Q", "Y")
"""Lengths of period, the finest first: week, month, quarter, year."""


def history(
    published: pd.DataFrame, *, indicator: str, as_of: date, breaks: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the scores and ranks of an index that are known on a day, of every area.

    Of several figures for one period and method the most certain counts, of those the one published last: a revision
    replaces what it revises from its own day of publication on. Score and rank are looked for separately.

    Parameters
    ----------
    published : pd.DataFrame
        See `data.published.PublishedFigures`; only scores, and ranks without one, of a stated period are used.
    indicator : str
        Code of the index, such as ``index_766``.
    as_of : date
        Day up to which figures are known; one whose day of publication is not known never is, and a month or a year
        of publication stands for its last day.
    breaks : pd.DataFrame, optional
        See `data.published.Break`; those dated after `as_of` are not looked at.

    Returns
    -------
    pd.DataFrame
        Columns `HISTORY`, by area, frequency and period. `score` in points, missing where only the rank is known;
        `frequency` one of `FREQUENCIES`. Figures with one number in `stretch` are comparable, with gaps between them.
        `same_since` is the first day of the state that a figure is of, `same_until` the first day of the next one;
        both are missing where no break is known.
    """
    as_of_day = pd.Timestamp(as_of)
    days = pd.to_datetime(published["published_on"].map(last_possible_day))
    is_known = (
        published["indicator"].eq(indicator) & published["unit"].isin(["score", "rank_only"]) & (days <= as_of_day)
    )
    known = published.assign(published_on=days)[is_known & published["period"].notna()]
    if known.empty:
        return pd.DataFrame(columns=HISTORY)
    known = known.assign(certainty=known["confidence"].map(CONFIDENCES.index))
    known = known.sort_values(["certainty", "published_on"], ascending=[True, False], kind="stable")
    # Years known with and without their score are one series.
    figures = known.groupby(["area", "period", "method"], dropna=False, sort=False).first().reset_index()
    figures = figures.assign(unit="score")
    past = None if breaks is None else breaks[pd.to_datetime(breaks["date"], format="ISO8601") <= as_of_day]
    stretches: list[pd.DataFrame] = []
    for area in sorted(set(figures["area"])):
        dated = [] if past is None else break_days(past, indicator, area)
        for stretch in comparable_stretches(figures, indicator, area, past, over_gaps=True):
            moments = stretch["period"].map(period_of)
            stretches.append(
                stretch.assign(
                    frequency=[moment.freqstr[0] for moment in moments],
                    stretch=len(stretches),
                    ordinal=[moment.ordinal for moment in moments],
                    same_since=[max((day for day in dated if day <= at.start_time), default=pd.NaT) for at in moments],
                    same_until=[min((day for day in dated if day > at.start_time), default=pd.NaT) for at in moments],
                )
            )
    frame = pd.concat(stretches, ignore_index=True).rename(columns={"value": "score"})
    for column in ("same_since", "same_until"):
        frame[column] = pd.to_datetime(frame[column])
    return frame.sort_values(["area", "frequency", "ordinal", "stretch"], ignore_index=True)[HISTORY]
