"""The official form of a quarter: made from our cases, and held against the one the office filed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.data.counting import DuePrecision
from analysis.data.form06a.checks import broken_continuity, broken_identities
from analysis.data.form06a.from_cases import form_from_cases
from analysis.data.form06a.layout import COUNTS
from analysis.data.form06a.read import Form06a, read_form
from analysis.data.form06a.reconcile import DIFFERENCE_COLUMNS, reconcile
from analysis.plan import Plan

FAULTS = ["rule", "name", "left", "right", "difference"]


@dataclass(frozen=True)
class Filed:
    """The form of one quarter.

    Attributes
    ----------
    is_there : bool
        Whether a form filed for the quarter stands beside the data.
    by_agency, by_field : pd.DataFrame
        `code` and the counts of `analysis.data.form06a.layout.COUNTS`, from our cases; empty without cases.
    reconciliation : pd.DataFrame
        Every difference between the form filed and ours; empty without a form or without cases.
    faults : pd.DataFrame
        `rule, name, left, right, difference`: where the form filed contradicts itself or the one before it.
    """

    is_there: bool
    by_agency: pd.DataFrame
    by_field: pd.DataFrame
    reconciliation: pd.DataFrame
    faults: pd.DataFrame


def filed(
    cases: Path | None, input_path: Path, *, plan: Plan, quarter: pd.Period, due_precision: DuePrecision
) -> Filed:
    """Return a quarter's form from our cases, with what the filed one says otherwise.

    A filed form is looked for in the input folder as ``form-06a-2021-Q3.xlsx`` (or ``.xls``), the one before it under
    its own quarter.

    Parameters
    ----------
    cases : Path or None
        Parquet file of `analysis.data.contracts.Cases`.
    input_path : Path
        The run's input.
    plan : Plan
        Its calendar says which days the quarter has, its names which body a row stands for.
    quarter : pd.Period
        The quarter.
    due_precision : {"day", "instant"}
        What the due dates mean.

    Raises
    ------
    BadData
        A form is there and cannot be read.
    """
    ours = {by: pd.DataFrame(columns=["code", *COUNTS]) for by in ("agency", "field")}
    if cases is not None:
        first, last = (edge(quarter, plan.calendar.cutoff_day) for edge in (periods.first_day, periods.last_day))
        for by in ours:
            ours[by] = form_from_cases(cases, first_day=first, last_day=last, by=by, due_precision=due_precision)  # type: ignore[arg-type]
    form, before = (_form(input_path, one) for one in (quarter, quarter - 1))
    names = {code: name.vi for code, name in plan.names.items()}
    differences = pd.DataFrame(columns=DIFFERENCE_COLUMNS)
    if form is not None and cases is not None:
        differences = reconcile(form, ours[_stands_for(form, ours, names)], names)
    return Filed(form is not None, ours["agency"], ours["field"], differences, _faults(form, before))


def _form(folder: Path, quarter: pd.Period) -> Form06a | None:
    for ending in ("xlsx", "xls"):
        path = folder / f"form-06a-{periods.write_quarter(quarter)}.{ending}"
        if path.is_file():
            return read_form(path)
    return None


def _stands_for(form: Form06a, ours: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> str:
    """Return whether the rows of a form are bodies or fields: whichever leaves fewer rows unmatched."""
    unmatched = {by: reconcile(form, table, names)["code"].isna().sum() for by, table in ours.items()}
    return min(unmatched, key=lambda by: unmatched[by])


def _faults(form: Form06a | None, before: Form06a | None) -> pd.DataFrame:
    told = pd.DataFrame(columns=FAULTS)
    if form is None:
        return told
    identities = broken_identities(form).rename(columns={"identity": "rule"})
    told = pd.concat([told, identities[FAULTS]], ignore_index=True)
    if before is not None:
        gaps = broken_continuity(form, before).rename(columns={"carried_over": "left", "pending_before": "right"})
        told = pd.concat([told, gaps.assign(rule="(6)")[FAULTS]], ignore_index=True)
    return told.astype({"rule": "str", "name": "str", "left": "Int64", "right": "Int64", "difference": "Int64"})
