"""Cases of some days beside the counts of all periods: they are the same cases, so they must add up to the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.data.counting import DuePrecision, Frequency, count_cases
from analysis.data.sources.about import DaysOfCases
from analysis.faults import BadData

_DIMENSIONS = ["period", "agency", "district", "field", "channel", "published_online", "timeliness"]
_COUNTS = ["received", "resolved"]


def refuse_undeclared_cases(folder: Path, files: Mapping[str, Sequence[Path]], days: DaysOfCases | None) -> None:
    """Refuse cases beside counts that no ``about.yml`` declares, and a declaration that a folder does not keep.

    Parameters
    ----------
    folder : Path
        The folder.
    files : mapping
        Table → its files.
    days : DaysOfCases or None
        What the ``about.yml`` declares.

    Raises
    ------
    BadData
        Both are there, and nothing says how they belong together; or what is declared is not there.
    """
    both = bool(files["cases"]) and bool(files["counts"] or files["margins"])
    if both and days is None:
        raise BadData(
            f"{folder}: cases.parquet, or counts.parquet or margins.parquet, was expected; both are there, and "
            "about.yml does not say under cases_beside_counts of which days the cases are"
        )
    if days is None:
        return
    found = {name: [path.name for path in files[name]] for name in ("cases", "counts", "margins", "case_ratings")}
    if found != {"cases": ["cases.parquet"], "counts": ["counts.parquet"], "margins": [], "case_ratings": []}:
        there = ", ".join(name for names in found.values() for name in names) or "neither"
        raise BadData(
            f"{folder}: about.yml declares cases_beside_counts: cases.parquet and counts.parquet were expected, "
            f"without margins and ratings of cases; found {there}"
        )


def refuse_other_counts(
    cases: Path,
    counts: pd.DataFrame,
    days: DaysOfCases,
    *,
    extracted_on: date,
    cutoff_day: int | None,
    frequency: Frequency,
    due_precision: DuePrecision,
) -> None:
    """Refuse cases that do not add up to the counts of each period that lies within their days.

    They are compared by every column of the counts that the counts hold a value of.

    Parameters
    ----------
    cases : Path
        Parquet file of `analysis.data.contracts.Cases`.
    counts : pd.DataFrame
        See `analysis.data.contracts.Counts`.
    days : DaysOfCases
        The days.
    extracted_on : date
        Day the folder was taken from its system.
    cutoff_day, frequency, due_precision
        As for `analysis.data.counting.count_cases`.

    Raises
    ------
    BadData
        The first cell in which they differ, with both numbers; or no period lies within the days.
    """
    counted = count_cases(
        cases, as_of=extracted_on, cutoff_day=cutoff_day, frequency=frequency, due_precision=due_precision
    )
    within = [label for label in counts["period"].unique() if _is_within(label, days, cutoff_day)]
    if not within:
        raise BadData(
            f"{cases}: from {days.first_day} to {days.last_day}, the days of cases_beside_counts, there is no whole "
            "period of the counts"
        )
    by = [name for name in _DIMENSIONS if counts[name].notna().any()]
    given = [name for name in _COUNTS if counts[name].notna().any()]
    sums = {side: _sums(frame, within, by, given) for side, frame in {"cases": counted, "counts": counts}.items()}
    both = pd.concat(sums, axis=1).fillna(0).astype("int64")
    for name in given:
        other = both[both["cases", name] != both["counts", name]]
        if len(other):
            # A group of one column is not a tuple.
            key = other.index[0] if len(by) > 1 else (other.index[0],)
            cell = ", ".join(f"{column} {value}" for column, value in zip(by, key, strict=True) if not pd.isna(value))
            ours, theirs = other[[("cases", name), ("counts", name)]].iloc[0]
            raise BadData(
                f"{cases}: {cell}: {name} {ours} by the cases, {theirs} by counts.parquet; the same number was "
                f"expected (differences: {len(other)})"
            )


def _is_within(label: str, days: DaysOfCases, cutoff_day: int | None) -> bool:
    period = periods.parse(label)
    first, last = periods.first_day(period, cutoff_day), periods.last_day(period, cutoff_day)
    return days.first_day <= first and last <= days.last_day


def _sums(frame: pd.DataFrame, within: list[str], by: list[str], given: list[str]) -> pd.DataFrame:
    inside = frame[frame["period"].isin(within)]
    return inside.groupby(by, dropna=False)[given].sum()
