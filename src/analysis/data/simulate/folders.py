"""A simulated province as a folder: the committed demo of counts, and the case-level hand-over, clean or dirty."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analysis.data.simulate import province
from analysis.data.simulate.catalogue import procedures
from analysis.data.simulate.dirt import soiled
from analysis.data.simulate.dirty_counts import write_dirty_counts
from analysis.data.simulate.export import export_of, write_cases_csv, write_ratings_csv
from analysis.data.simulate.simulation import Simulated, simulate
from analysis.data.workload import count_workload

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
