"""Satisfaction by surveys with their design-based error, by published indices, and by ratings case by case.

See ``docs/methods/satisfaction.md``.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analysis.data.published import comparable_stretches
from analysis.plan.record import TOTAL

COLUMNS = [
    "dimension", "series", "period", "respondents", "value", "standard_error", "design_effect", "degrees_of_freedom",
    "strata", "clusters", "lone_clusters", "note",
]  # fmt: skip

MINIMUM_RESPONDENTS = 30
"""Fewer answers give no share: the least that the US National Center for Health Statistics publishes one of (2017)."""

_WORDS = ["dimension", "series", "period", "note"]
_COUNTS = ["respondents", "degrees_of_freedom", "strata", "clusters", "lone_clusters"]


def surveyed_shares(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the weighted share of the answers counted, per round: of everybody, and of each body asked about.

    Parameters
    ----------
    answers : pd.DataFrame
        One survey's `round, stratum, cluster, agency, weight` (see `data.contracts.Survey`) and `counted` (bool).
        Clusters of one name in two strata are two clusters.

    Returns
    -------
    pd.DataFrame
        `series` (``total`` or the body's code), `period` (the round as it is called), `respondents`, `value` (share
        0–1), `standard_error` (share units), `design_effect` (against as many people drawn at random, with
        replacement), `degrees_of_freedom`, `strata` and `clusters` with respondents of the series, `lone_clusters`
        (those of them that are alone in their stratum and stand for its spread by their distance from the whole) and
        `note`: empty, ``too_few_respondents`` (fewer than `MINIMUM_RESPONDENTS`: no share), ``too_few_clusters`` (no
        degree of freedom: no error) or ``no_variation`` (all or none: no error). Empty without answers.

    Notes
    -----
    Hájek's ratio with the Taylor-linearised variance between clusters within strata, as if drawn with replacement;
    no finite-population correction, since the contract does not say how many clusters there are.
    """
    pieces = []
    for name, asked in answers.groupby("round", sort=True):
        inside = {(TOTAL, TOTAL): np.ones(len(asked), dtype=bool)}
        for dimension in ("agency", "field"):
            for code in sorted(asked[dimension].dropna().unique()) if dimension in asked else ():
                inside[dimension, code] = asked[dimension].eq(code).fillna(False).to_numpy(dtype=bool)
        design = _Design(asked)
        pieces += [
            design.share(chosen) | {"dimension": dimension, "series": series, "period": name}
            for (dimension, series), chosen in inside.items()
        ]
    shares = pd.DataFrame(pieces, columns=COLUMNS).astype(dict.fromkeys(_COUNTS, "Int64"))
    return shares.astype(
        {"value": float, "standard_error": float, "design_effect": float} | dict.fromkeys(_WORDS, "str")
    )


class _Design:
    """The strata and clusters of one round, numbered, and the answers given in them."""

    def __init__(self, asked: pd.DataFrame) -> None:
        self.stratum = pd.factorize(asked["stratum"])[0]
        self.cluster, names = pd.factorize(pd.MultiIndex.from_frame(asked[["stratum", "cluster"]]))
        self.weight = asked["weight"].to_numpy(dtype=float)
        self.counted = asked["counted"].to_numpy(dtype=float)
        self.stratum_of = np.zeros(len(names), dtype=int)
        self.stratum_of[self.cluster] = self.stratum
        self.clusters_in = np.bincount(self.stratum_of)

    def share(self, inside: np.ndarray) -> dict[str, object]:
        """Return the share of those inside; the others stay in the design, as zeros."""
        n = int(inside.sum())
        clusters, strata = np.unique(self.cluster[inside]), np.unique(self.stratum[inside])
        row: dict[str, object] = {
            "respondents": n,
            "value": float("nan"),
            "standard_error": float("nan"),
            "design_effect": float("nan"),
            "degrees_of_freedom": len(clusters) - len(strata),
            "strata": len(strata),
            "clusters": len(clusters),
            "lone_clusters": int((self.clusters_in[strata] == 1).sum()),
            "note": "too_few_respondents",
        }
        if n < MINIMUM_RESPONDENTS:
            return row
        weight = self.weight * inside
        p = float(weight @ self.counted / weight.sum())
        if len(clusters) == len(strata):
            return row | {"value": p, "note": "too_few_clusters"}
        if len(np.unique(self.counted[inside])) == 1:
            return row | {"value": p, "note": "no_variation"}
        variance = self._variance(weight * (self.counted - p) / weight.sum())
        at_random = p * (1 - p) / (n - 1)
        error = {"standard_error": float(np.sqrt(variance)), "design_effect": variance / at_random}
        return row | error | {"value": p, "note": ""}

    def _variance(self, linearised: np.ndarray) -> float:
        """Return the variance of a total, from the spread of its clusters' sums within the strata."""
        sums = np.bincount(self.cluster, weights=linearised)
        m = self.clusters_in
        # A lone cluster is held against the grand mean, which is 0: the linearised values of a ratio add up to it.
        centre = np.where(m > 1, np.bincount(self.stratum_of, weights=sums) / m, 0.0)
        scale = np.where(m > 1, m / np.maximum(m - 1, 1), 1.0)
        return float((scale[self.stratum_of] * (sums - centre[self.stratum_of]) ** 2).sum())


SURVEYED = "surveyed_"
"""Stands before the instrument's name: ``surveyed_provincial``."""

SATISFIED_FROM = 4
"""Lowest of the five answers that is satisfied."""

PUBLISHED_COLUMNS = [
    "indicator", "dimension", "series", "period", "respondents", "value", "standard_error", "method", "stretch",
    "published_on", "source",
]  # fmt: skip


def rated_by_year(rated: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings of each year: the ratio of the sums of its periods, as many as there are.

    Parameters
    ----------
    rated : pd.DataFrame
        An indicator of ratings; see `measured.indicator_series`.

    Returns
    -------
    pd.DataFrame
        `indicator, series, period` (the year), `numerator, denominator` (ratings), `value` (share 0–1, missing without
        ratings), `standard_error` (always missing: nobody was drawn, so no design gives one).
    """
    by_year = rated.assign(period=rated["period"].str[:4])
    sums = by_year.groupby(["indicator", "dimension", "series", "period"], as_index=False)[
        ["numerator", "denominator"]
    ].sum()
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
    columns = ["indicator", *COLUMNS]
    if survey.empty:
        return surveyed_shares(survey.assign(counted=False)).assign(indicator="")[columns]
    pieces = [
        surveyed_shares(answers.assign(counted=answers["rating"] >= SATISFIED_FROM)).assign(
            indicator=f"{SURVEYED}{instrument}"
        )
        for instrument, answers in survey.groupby("instrument", sort=True)
    ]
    return pd.concat(pieces, ignore_index=True)[columns]


def respondents_by_field(surveys: pd.DataFrame, indicator: str, period: str) -> pd.DataFrame:
    """Return how many answered in a round, by the field they were asked about.

    Parameters
    ----------
    surveys : pd.DataFrame
        See `surveyed_satisfied`.
    indicator : str
        ``surveyed_`` and the instrument.
    period : str
        The round.

    Returns
    -------
    pd.DataFrame
        `field, denominator` (respondents), the last row those without a field. Without rows where nobody answered.
    """
    mine = surveys[surveys["indicator"].eq(indicator) & surveys["period"].eq(period)]
    asked = mine.loc[mine["dimension"] == "field", ["series", "respondents"]]
    left = mine.loc[mine["dimension"] == TOTAL, "respondents"] - asked["respondents"].sum()
    both = pd.concat([asked, pd.DataFrame({"series": None, "respondents": left})], ignore_index=True)
    return both.rename(columns={"series": "field", "respondents": "denominator"})


def published_rounds(
    published: pd.DataFrame, breaks: pd.DataFrame, *, index: str, area: str, as_of: date | None = None
) -> pd.DataFrame:
    """Return the published figures of a satisfaction index of an area, in stretches through which a line may be drawn.

    Parameters
    ----------
    published, breaks : pd.DataFrame
        See `data.published.PublishedFigures` and `data.published.Break`.
    index : str
        Code of the index, such as ``sipas``.
    area : str
        Code of the territory.
    as_of : date, optional
        Only figures surely released by this day: of a month or year, by its last day; none without a date.

    Returns
    -------
    pd.DataFrame
        `indicator` (the index), `dimension` (``area``), `series` (the area), `period` (the year), `respondents`
        (missing unless published for this area and year), `value` (index 0–1, printed in percent; its formula is not
        public, so no share of people),
        `standard_error` (missing: not published), `method` (two methods are not comparable), `stretch` (1 for the
        first; no line from one to the next), `published_on` (day, month or year, as far as known), `source`.
    """
    known = published if as_of is None else published[_is_out(published["published_on"], as_of)]
    pieces = [
        stretch.assign(stretch=at)
        for at, stretch in enumerate(comparable_stretches(known, index, area, breaks), start=1)
    ]
    figures = pd.concat(pieces or [known.iloc[:0].assign(stretch=0)], ignore_index=True)
    figures = figures[figures["unit"] == "score"]
    asked = known[known["indicator"].eq(f"{index}_respondents") & known["area"].eq(area)]
    asked = asked.drop_duplicates(["period", "method"]).set_index(["period", "method"])["value"]
    keys = pd.MultiIndex.from_frame(figures[["period", "method"]])
    return figures.assign(
        dimension="area",
        series=area,
        respondents=asked.reindex(keys).astype("Int64").array,
        value=figures["value"] / 100,
        standard_error=float("nan"),
    )[PUBLISHED_COLUMNS].reset_index(drop=True)


def _is_out(published_on: pd.Series, as_of: date) -> pd.Series:
    """Return whether each figure was surely released by a day."""
    last = published_on.map(lambda day: pd.Period(day).end_time.date() if pd.notna(day) else date.max)
    return last <= as_of
