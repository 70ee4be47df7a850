"""The whole simulation: from a seed to a province, and the files that the demo writes of it."""

from __future__ import annotations

import json
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
from analysis.data.simulate.current_quarter import earlier_counts, write_filed_form, write_quarter_cases
from analysis.data.simulate.inventories import catalogue, procedures, progress
from analysis.data.simulate.paths import Paths, paths
from analysis.data.simulate.planted_faults import plant_faults, write_dirty_counts
from analysis.data.simulate.survey_sample import survey
from analysis.data.simulate.tallies import case_ratings, counts, ratings
from analysis.temporary import temporary_folder


@dataclass(frozen=True)
class SimulatedProvince:
    """The tables of a simulated province, and the truth behind them.

    Attributes
    ----------
    cases, case_ratings, counts, ratings, survey, catalogue, progress : pd.DataFrame
        See `contracts`. The counts and ratings are those of the cases.
    truth : dict
        Seed, parameters, number of cases, the true monthly shares behind the counts and the true share satisfied of
        each survey round; can be written as JSON.
    """

    cases: pd.DataFrame
    case_ratings: pd.DataFrame
    counts: pd.DataFrame
    ratings: pd.DataFrame
    survey: pd.DataFrame
    catalogue: pd.DataFrame
    progress: pd.DataFrame
    truth: dict[str, Any]


def simulate(seed: int, case_count: int | None = None) -> SimulatedProvince:
    """Return the simulated province of a seed: 48 reporting months that close on the 14th.

    Parameters
    ----------
    seed : int
        0 or more. The same seed gives the same true paths, catalogue and progress, whatever the number of cases.
    case_count : int or None
        Exact number of cases, 1 or more; None gives the size of the demo, some 850,000.
    """
    offices = province.offices()
    true_paths = paths(seed, offices)
    all_procedures = procedures(seed)
    simulated_cases = cases(seed, case_count, offices=offices, paths=true_paths, procedures=all_procedures)
    case_table = simulated_cases.frame
    rating_table = case_ratings(seed, simulated_cases, true_paths)
    monthly = _monthly(true_paths)
    answers, satisfied = survey(seed, pd.Series(monthly["satisfied_of_ratings"], index=monthly["period"]))
    return SimulatedProvince(
        cases=case_table,
        case_ratings=rating_table,
        counts=counts(case_table),
        ratings=ratings(case_table, rating_table),
        survey=answers,
        catalogue=catalogue(all_procedures),
        progress=progress(seed, all_procedures),
        truth={**_parameters(seed), "cases": len(case_table), "survey": satisfied, "monthly": monthly},
    )


def _parameters(seed: int) -> dict[str, Any]:
    """Return the parameters of the simulation, as ``truth.json`` records them."""
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
        "late_entry": {"share": province.LATE_ENTRY_SHARE, "mean_days": province.LATE_ENTRY_DAYS},
        "satisfied": {"share_2018": province.SATISFIED_2018, "logit_slope_per_month": province.SATISFIED_SLOPE},
    }


def _monthly(true_paths: Paths) -> dict[str, Any]:
    """Return the province's true shares by reporting month: the offices' shares, weighted by their expected cases."""

    def weighted(share: np.ndarray) -> list[float]:
        means = (share * true_paths.cases).sum(axis=0) / true_paths.cases.sum(axis=0)
        return [round(float(value), 5) for value in means[: len(province.MONTHS)]]

    return {
        "period": [str(period) for period in province.MONTHS],
        "online_of_all": weighted(true_paths.online),
        "late_of_resolved": weighted(true_paths.late * (1 - province.NO_DUE_DATE_SHARE)),
        "satisfied_of_ratings": weighted(true_paths.satisfied),
    }


TITLE = "Khánh Hòa 2018–2021"
DEMO_TABLES = ("counts", "ratings", "survey", "catalogue", "progress")
TABLES_BESIDE_CASES = ("survey", "catalogue", "progress")


def write_demo(out: Path, seed: int) -> None:
    """Write a province as an input folder of our own tables, with the cases of one quarter only.

    Parameters
    ----------
    out : Path
        Folder, created if missing. Gets a Parquet file for each of `DEMO_TABLES`, for the workload and for the cases of
        the current quarter, the form filed for it, an earlier extract in a folder named by its day, ``about.yml`` and
        ``truth.json``.
    seed : int
        Seed of the province.
    """
    simulated = simulate(seed)
    out.mkdir(parents=True, exist_ok=True)
    _write_tables(out, simulated, DEMO_TABLES)
    _workload(simulated.cases).to_parquet(out / "workload.parquet", index=False, compression="zstd")
    write_quarter_cases(out / "cases.parquet", simulated.cases)
    write_filed_form(out / "form-06a-2021-Q3.xlsx", seed, simulated.cases)
    first_day, last_day = province.QUARTER
    days = {"first_day": first_day, "last_day": last_day}
    _write_about(out, f"dunghen demo --seed {seed}", cases_beside_counts=days)
    _write_truth(out, simulated.truth)
    earlier = out / province.EARLIER_EXTRACT.isoformat()
    earlier.mkdir(exist_ok=True)
    earlier_counts(seed, simulated.cases).to_parquet(earlier / "counts.parquet", index=False, compression="zstd")
    _write_about(earlier, f"dunghen demo --seed {seed}", extracted_on=province.EARLIER_EXTRACT)


def write_cases(out: Path, seed: int, case_count: int | None, *, dirty: bool = False) -> None:
    """Write a province as an office exports it: ``cases.csv``, ``ratings.csv``, and the tables beside them.

    Parameters
    ----------
    out : Path
        Folder, created if missing. Gets the two exports, Parquet files of the survey, the catalogue and the progress,
        ``about.yml`` and ``truth.json``, whose `rows` and `faults` are what row validation must find.
    seed : int
        Seed of the province.
    case_count : int or None
        Exact number of cases; None for the size of the demo.
    dirty : bool
        Whether faults are planted in the export of the cases, each a known number of times, and ``counts-dirty.csv``
        is written. A dirty export has more rows than cases.

    Raises
    ------
    BadParameters
        The province is too small to have each fault on rows of its own.
    """
    simulated = simulate(seed, case_count)
    export = export_of(seed, simulated.cases, procedures(seed))
    planted = plant_faults(seed, export) if dirty else None
    out.mkdir(parents=True, exist_ok=True)
    rows = write_cases_csv(
        out / "cases.csv",
        export,
        replacements=planted.replacements if planted else None,
        final_break=planted is None,
    )
    write_ratings_csv(out / "ratings.csv", simulated.case_ratings)
    _write_tables(out, simulated, TABLES_BESIDE_CASES)
    size = f" --cases {case_count}" if case_count is not None else ""
    source = f"dunghen demo --seed {seed}{size}{' --dirty' if dirty else ''}"
    _write_about(out, source)
    faults = _natural_faults(simulated.cases)
    for code, number in (planted.counts if planted else {}).items():
        faults[code] = faults.get(code, 0) + number
    truth = {**simulated.truth, "rows": rows, "faults": faults}
    if dirty:
        truth |= write_dirty_counts(out / "counts-dirty.csv", seed, simulated.counts)
    _write_truth(out, truth)


def _workload(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the `workload` table of the cases in the months of the province."""
    with temporary_folder() as folder:
        file = folder / "cases.parquet"
        cases.to_parquet(file, index=False)
        workload = count_workload(
            file,
            as_of=province.EXTRACTED_ON,
            cutoff_day=province.CUTOFF_DAY,
            frequency="M",
            due_precision="day",
        )
    return workload[workload["period"].isin([str(month) for month in province.MONTHS])].reset_index(drop=True)


def _natural_faults(cases: pd.DataFrame) -> dict[str, int]:
    """Return the number of rows that row validation flags in an export without planted faults, by fault."""
    is_waiting = (cases["outcome"] == "open") & cases["accepted_at"].isna()
    is_replaced = cases["due_at"].notna() & (cases["due_at"] != cases["first_due_at"])
    return {"not_yet_accepted": int(is_waiting.sum()), "due_date_replaced": int(is_replaced.sum())}


def _write_tables(out: Path, simulated: SimulatedProvince, names: tuple[str, ...]) -> None:
    for name in names:
        getattr(simulated, name).to_parquet(out / f"{name}.parquet", index=False, compression="zstd")


def _write_about(out: Path, source: str, **more: Any) -> None:
    about = {"title": TITLE, "source": source, "simulated": True, "extracted_on": province.EXTRACTED_ON, **more}
    (out / "about.yml").write_text(yaml.safe_dump(about, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _write_truth(out: Path, truth: dict[str, Any]) -> None:
    (out / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
