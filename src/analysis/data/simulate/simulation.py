"""One seed → one province: the whole simulation on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.simulate import province
from analysis.data.simulate.case_ratings import case_ratings
from analysis.data.simulate.cases import cases
from analysis.data.simulate.catalogue import catalogue, procedures
from analysis.data.simulate.paths import Paths, paths
from analysis.data.simulate.progress import progress
from analysis.data.simulate.survey import survey
from analysis.data.simulate.tallies import counts, ratings


@dataclass(frozen=True)
class Simulated:
    """A simulated province.

    Attributes
    ----------
    cases, case_ratings, counts, ratings, survey, catalogue, progress : pd.DataFrame
        See `contracts`. The counts and ratings are those of the cases, added up.
    truth : dict
        Seed, parameters, the true monthly shares behind the counts and the true share satisfied of each survey round;
        can be written as JSON.
    """

    cases: pd.DataFrame
    case_ratings: pd.DataFrame
    counts: pd.DataFrame
    ratings: pd.DataFrame
    survey: pd.DataFrame
    catalogue: pd.DataFrame
    progress: pd.DataFrame
    truth: dict[str, Any]


def simulate(seed: int, case_count: int | None = None) -> Simulated:
    """Return the province that a seed makes: 48 reporting months closing on the 14th.

    Parameters
    ----------
    seed : int
        0 or more. The same seed makes the same true paths, catalogue and progress whatever the size.
    case_count : int or None
        Cases in all, exactly, 1 or more; None makes the size of the demo, some 850,000.
    """
    offices = province.offices()
    true = paths(seed, offices)
    listed = procedures(seed)
    made = cases(seed, case_count, offices=offices, paths=true, procedures=listed)
    rated = case_ratings(seed, made, true)
    monthly = _monthly(true)
    asked, satisfied = survey(seed, pd.Series(monthly["satisfied_of_ratings"], index=monthly["period"]))
    return Simulated(
        cases=made.frame,
        case_ratings=rated,
        counts=counts(made.frame),
        ratings=ratings(made.frame, rated),
        survey=asked,
        catalogue=catalogue(listed),
        progress=progress(seed, listed),
        truth={**_parameters(seed), "cases": len(made.frame), "survey": satisfied, "monthly": monthly},
    )


def _parameters(seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "cutoff_day": province.CUTOFF_DAY,
        "last_day": province.LAST_DAY.isoformat(),
        "extracted_on": province.EXTRACTED_ON.isoformat(),
        "catalogue_step": str(province.CATALOGUE_STEP),
        "growth_per_month": province.GROWTH_PER_MONTH,
        "tet_dip": province.TET_DIP,
        "old_catalogue": {"share": province.OLD_CATALOGUE_SHARE, **province.OLD_UPTAKE},
        "new_catalogue": {"share": province.NEW_CATALOGUE_SHARE, **province.NEW_UPTAKE},
        "late_share_2018": {code: field.late_2018 for code, field in province.FIELDS.items()},
        "late_yearly_factor": province.LATE_YEARLY_FACTOR,
        "no_due_date_share": province.NO_DUE_DATE_SHARE,
        "satisfied": {"share_2018": province.SATISFIED_2018, "logit_slope_per_month": province.SATISFIED_SLOPE},
    }


def _monthly(true: Paths) -> dict[str, Any]:
    """Return the province's true shares by reporting month: the offices' shares, weighted by their expected cases."""

    def weighted(share: np.ndarray) -> list[float]:
        means = (share * true.cases).sum(axis=0) / true.cases.sum(axis=0)
        return [round(float(value), 5) for value in means[: len(province.MONTHS)]]

    return {
        "period": [str(period) for period in province.MONTHS],
        "online_of_all": weighted(true.online),
        "late_of_resolved": weighted(true.late * (1 - province.NO_DUE_DATE_SHARE)),
        "satisfied_of_ratings": weighted(true.satisfied),
    }
