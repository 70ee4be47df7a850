"""The province's yearly survey as a probability sample: clusters within strata, and people within clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.data.contracts import Survey, check
from analysis.data.simulate import province
from analysis.data.simulate.drawing import stream

ROUNDS = (2018, 2019, 2020)
"""The real province is known to have held its survey in 2017, 2018 and 2020, and to have stopped that of 2021. 2017 is
before the simulated years. Nothing was found on 2019; it is simulated so that the rounds form a series."""
FIELDWORK_MONTHS = ("08", "09", "10")
"""Reporting months of the fieldwork."""

BELOW_RATINGS, ROUND_SPREAD = -0.12, 0.06
"""Mean and standard deviation, on the logit scale, of a round's share satisfied less that of the ratings given during
the fieldwork. It is below zero because those who rate a case choose to, and have just received what they came for."""


@dataclass(frozen=True)
class Stratum:
    """One stratum of the survey.

    Attributes
    ----------
    clusters : tuple of (str, str or None)
        Every cluster in it, each with the body the answers are about, where there is one.
    sampled : int
        Number of clusters drawn.
    people : int
        Mean number of people served by a cluster.
    effect : float
        Mean of its clusters' satisfaction less the province's, on the logit scale.
    """

    clusters: tuple[tuple[str, str | None], ...]
    sampled: int
    people: int
    effect: float


def _clusters(name: str, number: int, agency: str | None = None) -> tuple[tuple[str, str | None], ...]:
    """Return numbered clusters, each with the body the answers are about."""
    return tuple((f"{name}-{at:02d}", agency) for at in range(1, number + 1))


DEPARTMENTS = [code for code in province.AGENCIES if not code.startswith("ubnd-") and code not in province.VERTICAL]

STRATA = {
    "departments": Stratum(tuple((code, code) for code in DEPARTMENTS), 12, 2600, 0.05),
    "vertical": Stratum(tuple((code, code) for code in province.VERTICAL), 4, 9000, 0.10),
    **{
        f"district-{code}": Stratum(_clusters(code, number, f"ubnd-{code}"), max(2, round(number / 3)), 1100, 0.0)
        for code, number in province.COMMUNES.items()
    },
    "health": Stratum(_clusters("health", 48), 12, 5200, -0.15),
    "education": Stratum(_clusters("education", 80), 12, 1900, 0.10),
}
"""Bodies of the province and its districts, and public service units: the plan's promise names both."""

ASKED, ANSWERS = 30, 0.85
"""People asked in a cluster, and the share of them who answer."""
CLUSTER_SPREAD = 0.30
"""Standard deviation of clusters within a stratum, on the logit scale: the reason why a cluster sample is less precise
than its number of answers suggests."""
FIVE_OF_SATISFIED = 0.32
ONE_TO_THREE = (0.10, 0.25, 0.65)
"""Share of answer 5 among the satisfied, and shares of answers 1 to 3 among the others."""


def survey(seed: int, satisfied: pd.Series) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the answers (`contracts.Survey`) and the true share satisfied (0–1) of each round.

    Clusters are drawn at random within each stratum, people at random within each cluster. A weight is the number of
    people that an answer represents: the inverse of the product of both probabilities. The true share is that of all
    people served, in all clusters, asked or not.

    Parameters
    ----------
    seed : int
        Seed of the province.
    satisfied : pd.Series
        True share satisfied (0–1) among ratings, by label of the reporting month.
    """
    rng = stream(seed, "survey")
    clusters = _all_clusters(rng)
    people = clusters["people"].to_numpy()
    answers, truth = [], {}
    for year in ROUNDS:
        level = np.mean([satisfied[f"{year}-{month}"] for month in FIELDWORK_MONTHS])
        centre = logit(level) + BELOW_RATINGS + rng.normal(0, ROUND_SPREAD)
        share = expit(centre + clusters["effect"].to_numpy() + rng.normal(0, CLUSTER_SPREAD / 3, len(clusters)))
        truth[str(year)] = round(float((share * people).sum() / people.sum()), 5)
        answers.append(_answers(rng, clusters.assign(share=share)).assign(round=str(year)))
    table = pd.concat(answers, ignore_index=True).assign(instrument="provincial", field=None)
    return check(table, Survey, where="simulated survey"), truth


def _all_clusters(rng: np.random.Generator) -> pd.DataFrame:
    """Return the sampling frame, a row per cluster: `stratum, cluster, agency, people, effect`."""
    rows = [
        (
            name,
            cluster,
            agency,
            int(stratum.people * rng.lognormal(-0.08, 0.4)),
            rng.normal(stratum.effect, CLUSTER_SPREAD),
        )
        for name, stratum in STRATA.items()
        for cluster, agency in stratum.clusters
    ]
    return pd.DataFrame(rows, columns=["stratum", "cluster", "agency", "people", "effect"])


def _answers(rng: np.random.Generator, all_clusters: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of one round, from a sample of the clusters and of the people in each."""
    sampled, people, ratings = [], [], []
    for stratum, clusters in all_clusters.groupby("stratum", sort=False):
        positions = np.sort(rng.choice(len(clusters), STRATA[str(stratum)].sampled, replace=False))
        chosen = clusters.iloc[positions]
        sampled.append(chosen.assign(weight=len(clusters) / len(positions) * chosen["people"]))
        for share in chosen["share"].to_numpy():
            n = max(int(rng.binomial(ASKED, ANSWERS)), 2)
            satisfied = rng.random(n) < share
            high = 4 + (rng.random(n) < FIVE_OF_SATISFIED)
            low = rng.choice([1, 2, 3], n, p=ONE_TO_THREE)
            people.append(n)
            ratings.append(np.where(satisfied, high, low))
    of_clusters = pd.concat(sampled, ignore_index=True)
    of_clusters["weight"] = of_clusters["weight"] / people
    columns = ["stratum", "cluster", "agency", "weight"]
    answers = of_clusters.loc[np.repeat(of_clusters.index, people), columns]
    return answers.assign(rating=np.concatenate(ratings)).reset_index(drop=True)
