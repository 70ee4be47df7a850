"""Differences between a newer and an older extract in the counts of periods that both cover."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

COLUMNS = ["period", "count", "before", "now", "difference"]


def revisions(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of periods in an earlier extract that have changed since.

    A period that has cases in only one of the two extracts counts as 0 in the other. A count (`received` or
    `resolved`) that one of the extracts does not report at all is not compared.

    Parameters
    ----------
    before, now : pd.DataFrame
        Counts of the earlier and of the present extract; see `analysis.data.contracts.Counts`.

    Returns
    -------
    pd.DataFrame
        `period, count` (``received`` or ``resolved``), `before, now, difference` in cases, only where they differ,
        newest period first.
    """
    sums = {"before": _sums(before), "now": _sums(now)}
    counts = [name for name in ("received", "resolved") if all(frame[name].notna().any() for frame in sums.values())]
    long = {
        side: frame[counts].melt(ignore_index=False, var_name="count").set_index("count", append=True)["value"]
        for side, frame in sums.items()
    }
    both = pd.DataFrame(long).fillna(0).astype("int64").reset_index()
    both["difference"] = both["now"] - both["before"]
    changed = both[(both["period"] <= before["period"].max()) & (both["difference"] != 0)] if len(before) else both[:0]
    return changed.sort_values(["period", "count"], ascending=[False, True], ignore_index=True)[COLUMNS]


def _sums(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.groupby("period")[["received", "resolved"]].sum(min_count=1)


def earlier_archive(input_path: Path, *, before: date) -> tuple[Path, date] | None:
    """Return the archive before this one and its day, or None.

    Received extracts are stored in folders named by their day: ``data/raw/2021-06-20``, ``data/raw/2021-09-20``, … The
    archive before this one is the sibling folder with the latest day before its own. An input folder with another name,
    such as ``data/demo``, holds earlier archives itself.

    Parameters
    ----------
    input_path : Path
        The input.
    before : date
        Day that an archive within the input must be earlier than: the day up to which things were known.
    """
    if not input_path.is_dir():
        return None
    own_day = _day(input_path.name)
    place, day = (input_path, before) if own_day is None else (input_path.parent, own_day)
    earlier = [
        (other_day, folder)
        for folder in place.iterdir()
        if folder.is_dir() and (other_day := _day(folder.name)) is not None and other_day < day
    ]
    if not earlier:
        return None
    latest_day, latest_folder = max(earlier)
    return latest_folder, latest_day


def _day(name: str) -> date | None:
    """Return the day a folder is named by, None when its name is no day."""
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
