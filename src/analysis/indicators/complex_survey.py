"""The share of an answer in a stratified sample of clusters, with the error its design implies.

See ``docs/methods/satisfaction.md``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.indicators.series import TOTAL

COLUMNS = [
    "series", "period", "respondents", "value", "standard_error", "design_effect", "degrees_of_freedom", "strata",
    "clusters", "lone_clusters", "note",
]  # fmt: skip

MINIMUM_RESPONDENTS = 30
"""Fewer answers give no share: the least that the US National Center for Health Statistics publishes one of (2017)."""

_WORDS = ["series", "period", "note"]
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
        bodies = sorted(asked["agency"].dropna().unique())
        inside = {TOTAL: np.ones(len(asked), dtype=bool)} | {
            body: asked["agency"].eq(body).fillna(False).to_numpy(dtype=bool) for body in bodies
        }
        design = _Design(asked)
        pieces += [design.share(chosen) | {"series": series, "period": name} for series, chosen in inside.items()]
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
