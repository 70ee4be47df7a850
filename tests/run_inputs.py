"""Inputs of a run made by hand, for the tests of several rooms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.data.contracts import Cases, Catalogue, Counts, Progress, Ratings, Survey, Workload, check, empty
from analysis.data.ingest.received import INTAKE_COLUMNS, RunInput
from analysis.data.sources.mapping import About


def run_input(**tables: Any) -> RunInput:
    """Return an input that has the tables given and no others."""
    nothing = {
        "counts": empty(Counts), "workload": empty(Workload), "ratings": empty(Ratings), "survey": empty(Survey),
        "catalogue": empty(Catalogue), "progress": empty(Progress), "cases": None, "due_precision": "day",
    }  # fmt: skip
    intake = pd.DataFrame(columns=list(INTAKE_COLUMNS)).astype(INTAKE_COLUMNS)
    about = About(title="t", source="s", simulated=True)
    reports = {"intake": intake, "rejected": pd.DataFrame(), "flagged": pd.DataFrame(columns=["code", "rows"])}
    return RunInput(about=about, basis="exact", **reports, **(nothing | tables))


def case(accepted: Any = None, due: Any = None, finished: Any = None, **more: Any) -> dict[str, Any]:
    """Return a case with its times; resolved if it was finished, else open."""
    blank = dict.fromkeys(Cases.to_schema().columns)
    times = {"accepted_at": accepted, "due_at": due, "first_due_at": due, "finished_at": finished}
    return blank | times | {"outcome": "resolved" if finished else "open", "agency": "stp", "field": "hotich"} | more


def cases_file(cases: list[dict[str, Any]], path: Path, **columns: list[Any]) -> Path:
    """Return a Parquet file of cases, with columns that the contract does not have."""
    rows = [{name: value for name, value in one.items() if name not in columns} for one in cases]
    frame = check(pd.DataFrame(rows).assign(case_id=[f"H{at}" for at in range(len(rows))]), Cases, where="cases")
    for name, values in columns.items():
        frame[name] = values
    frame.to_parquet(path)
    return path
