"""One seed → one province: the whole simulation on one screen."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from analysis.data.counting import count_workload
from analysis.data.simulate import province
from analysis.data.simulate.case_export import export_of, write_cases_csv, write_ratings_csv
from analysis.data.simulate.cases import cases
from analysis.data.simulate.dirt import soiled, write_dirty_counts
from analysis.data.simulate.inventories import catalogue, procedures, progress
from analysis.data.simulate.paths import Paths, paths
from analysis.data.simulate.survey_sample import survey
from analysis.data.simulate.tallies import case_ratings, counts, ratings


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


TITLE = "Khánh Hòa 2018–2021"
DEMO_TABLES = ("counts", "ratings", "survey", "catalogue", "progress")
HANDED_OVER_TABLES = ("survey", "catalogue", "progress")


def write_demo(out: Path, seed: int) -> None:
    """Write a province as an input folder of our own tables: counts, ratings and the three small ones.

    Parameters
    ----------
    out : Path
        Folder; made if it is not there. Gets a Parquet file per table, ``about.yml`` and ``truth.json``.
    seed : int
        Of the province.
    """
    made = simulate(seed)
    out.mkdir(parents=True, exist_ok=True)
    _write_tables(out, made, DEMO_TABLES)
    _workload(made.cases).to_parquet(out / "workload.parquet", index=False, compression="zstd")
    _write_about(out, f"dunghen demo --seed {seed}")
    _write_truth(out, made.truth)


def write_cases(out: Path, seed: int, case_count: int | None, *, dirty: bool = False) -> None:
    """Write a province as an office hands it over: ``cases.csv``, ``ratings.csv``, and tables beside them.

    Parameters
    ----------
    out : Path
        Folder; made if it is not there. Gets the two exports, Parquet files of the survey, the catalogue and the
        progress, ``about.yml`` and ``truth.json``, whose `rows` and `faults` say what a reader has to find.
    seed : int
        Of the province.
    case_count : int or None
        Cases in all; None for the size of the demo.
    dirty : bool
        Whether the export of the cases has faults, each a known number of times, and ``counts-dirty.csv`` is written.
        A dirty export has more rows than cases.

    Raises
    ------
    BadParameters
        The province is too small to have each fault on rows of its own.
    """
    made = simulate(seed, case_count)
    export = export_of(seed, made.cases, procedures(seed))
    dirt = soiled(seed, export) if dirty else None
    out.mkdir(parents=True, exist_ok=True)
    rows = write_cases_csv(out / "cases.csv", export, instead=dirt.instead if dirt else None, final_break=dirt is None)
    write_ratings_csv(out / "ratings.csv", made.case_ratings)
    _write_tables(out, made, HANDED_OVER_TABLES)
    size = f" --cases {case_count}" if case_count is not None else ""
    source = f"dunghen demo --seed {seed}{size}{' --dirty' if dirty else ''}"
    _write_about(out, source)
    faults = _natural_faults(made.cases)
    for code, number in (dirt.faults if dirt else {}).items():
        faults[code] = faults.get(code, 0) + number
    truth = {**made.truth, "rows": rows, "faults": faults}
    if dirty:
        truth |= write_dirty_counts(out / "counts-dirty.csv", seed, made.counts)
    _write_truth(out, truth)


def _workload(cases: pd.DataFrame) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name) / "cases.parquet"
        cases.to_parquet(kept, index=False)
        counted = count_workload(
            kept,
            as_of=province.EXTRACTED_ON,
            cutoff_day=province.CUTOFF_DAY,
            frequency="M",
            due_precision="day",
        )
    return counted[counted["period"].isin([str(month) for month in province.MONTHS])].reset_index(drop=True)


def _natural_faults(cases: pd.DataFrame) -> dict[str, int]:
    """Return what a reader flags in an export without dirt."""
    waits = (cases["outcome"] == "open") & cases["accepted_at"].isna()
    replaced = cases["due_at"].notna() & (cases["due_at"] != cases["first_due_at"])
    return {"not_yet_accepted": int(waits.sum()), "due_date_replaced": int(replaced.sum())}


def _write_tables(out: Path, made: Simulated, names: tuple[str, ...]) -> None:
    for name in names:
        getattr(made, name).to_parquet(out / f"{name}.parquet", index=False, compression="zstd")


def _write_about(out: Path, source: str) -> None:
    about = {"title": TITLE, "source": source, "simulated": True, "extracted_on": province.EXTRACTED_ON}
    (out / "about.yml").write_text(yaml.safe_dump(about, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _write_truth(out: Path, truth: dict[str, Any]) -> None:
    (out / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
