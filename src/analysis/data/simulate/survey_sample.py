"""The province's yearly survey, as a probability sample: strata, clusters within them, people within those."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.data.contracts import Survey, check
from analysis.data.simulate import province
from analysis.data.simulate.province import stream

ROUNDS = (2018, 2019, 2020)
"""The real province is known to have asked in 2017, 2018 and 2020, and to have stopped its survey of 2021. 2017 lies
before the simulated years, and 2019, of which nothing was found, is simulated so that there is a series at all."""
FIELDWORK_MONTHS = ("08", "09", "10")
"""Reporting months in which people are asked."""

BELOW_RATINGS, ROUND_SPREAD = -0.12, 0.06
"""How far the share satisfied of a round lies from that of the ratings given meanwhile, and its spread; logits. Those
who rate a case chose to, and have just got what they came for."""


@dataclass(frozen=True)
class Stratum:
    """One stratum of the survey.

    Attributes
    ----------
    clusters : tuple of (str, str or None)
        Every cluster in it, and the body asked about where that is one.
    asked : int
        Clusters drawn.
    people : int
        Mean number of people served by a cluster.
    effect : float
        How far its satisfaction lies from the province's; logits.
    """

    clusters: tuple[tuple[str, str | None], ...]
    asked: int
    people: int
    effect: float


def _units(name: str, number: int, agency: str | None = None) -> tuple[tuple[str, str | None], ...]:
    return tuple((f"{name}-{at:02d}", agency) for at in range(1, number + 1))


DEPARTMENTS = [code for code in province.AGENCIES if not code.startswith("ubnd-") and code not in province.VERTICAL]

STRATA = {
    "departments": Stratum(tuple((code, code) for code in DEPARTMENTS), 12, 2600, 0.05),
    "vertical": Stratum(tuple((code, code) for code in province.VERTICAL), 4, 9000, 0.10),
    **{
        f"district-{code}": Stratum(_units(code, number, f"ubnd-{code}"), max(2, round(number / 3)), 1100, 0.0)
        for code, number in province.COMMUNES.items()
    },
    "health": Stratum(_units("health", 48), 12, 5200, -0.15),
    "education": Stratum(_units("education", 80), 12, 1900, 0.10),
}
"""Bodies of the province and its districts, and public service units, as the plan's promise names both."""

ASKED, ANSWERS = 30, 0.85
"""People asked in a cluster, and the share who answer."""
CLUSTER_SPREAD = 0.30
"""Spread of clusters within a stratum, on the logit scale: what makes a cluster sample less sure than it looks."""
FIVE_OF_SATISFIED = 0.32
ONE_TO_THREE = (0.10, 0.25, 0.65)
"""Of the satisfied, those "very"; and how the others spread over the three answers below."""


def survey(seed: int, satisfied: pd.Series) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the answers (`contracts.Survey`) and the true share satisfied of each round.

    Clusters are drawn at random within each stratum, people at random within each cluster. A weight is the number of
    people an answer stands for: the inverse of both chances. The true share is that of everybody served, in all
    clusters, asked or not.

    Parameters
    ----------
    seed : int
        Of the province.
    satisfied : pd.Series
        True share satisfied among ratings, by label of the reporting month.
    """
    rng = stream(seed, "survey")
    frame = _frame(rng)
    people = frame["people"].to_numpy()
    answers, truth = [], {}
    for year in ROUNDS:
        level = np.mean([satisfied[f"{year}-{month}"] for month in FIELDWORK_MONTHS])
        centre = logit(level) + BELOW_RATINGS + rng.normal(0, ROUND_SPREAD)
        share = expit(centre + frame["effect"].to_numpy() + rng.normal(0, CLUSTER_SPREAD / 3, len(frame)))
        truth[str(year)] = round(float((share * people).sum() / people.sum()), 5)
        answers.append(_asked(rng, frame.assign(share=share)).assign(round=str(year)))
    made = pd.concat(answers, ignore_index=True).assign(instrument="provincial")
    return check(made, Survey, where="simulated survey"), truth


def _frame(rng: np.random.Generator) -> pd.DataFrame:
    """Return every cluster: `stratum, cluster, agency, people, effect`."""
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


def _asked(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    chosen, people, ratings = [], [], []
    for stratum, clusters in frame.groupby("stratum", sort=False):
        at = np.sort(rng.choice(len(clusters), STRATA[str(stratum)].asked, replace=False))
        asked = clusters.iloc[at]
        chosen.append(asked.assign(weight=len(clusters) / len(at) * asked["people"]))
        for share in asked["share"].to_numpy():
            n = max(int(rng.binomial(ASKED, ANSWERS)), 2)
            satisfied = rng.random(n) < share
            high = 4 + (rng.random(n) < FIVE_OF_SATISFIED)
            low = rng.choice([1, 2, 3], n, p=ONE_TO_THREE)
            people.append(n)
            ratings.append(np.where(satisfied, high, low))
    of = pd.concat(chosen, ignore_index=True)
    of["weight"] = of["weight"] / people
    answers = of.loc[np.repeat(of.index, people), ["stratum", "cluster", "agency", "weight"]]
    return answers.assign(rating=np.concatenate(ratings)).reset_index(drop=True)
