"""What a newer extract says of periods an older one had already counted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

COLUMNS = ["period", "count", "before", "now", "difference"]


def earlier_archive(input_path: Path) -> tuple[Path, date] | None:
    """Return the archive before this one and its day: the sibling folder named by the latest earlier day, or None.

    Received extracts are kept as ``data/raw/2021-06-20``, ``data/raw/2021-09-20``, …; any other input has no archive
    before it.
    """
    today = _day(input_path.name)
    if today is None or not input_path.is_dir():
        return None
    earlier = [
        (day, folder)
        for folder in input_path.parent.iterdir()
        if folder.is_dir() and (day := _day(folder.name)) is not None and day < today
    ]
    if not earlier:
        return None
    day, folder = max(earlier)
    return folder, day


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def revisions(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return how the counts of the periods an earlier extract had counted differ today.

    A period whose cases are all gone, or that had none then, differs like any other; what one of the extracts does not
    count at all is not compared.

    Parameters
    ----------
    before, now : pd.DataFrame
        See `analysis.data.contracts.Counts`: of the earlier and of the present extract.

    Returns
    -------
    pd.DataFrame
        `period, count` (``received`` or ``resolved``), `before, now, difference` in cases, only where they differ,
        newest first.
    """
    sums = {"before": _sums(before), "now": _sums(now)}
    counts = [name for name in ("received", "resolved") if all(one[name].notna().any() for one in sums.values())]
    long = {
        name: one[counts].melt(ignore_index=False, var_name="count").set_index("count", append=True)["value"]
        for name, one in sums.items()
    }
    both = pd.DataFrame(long).fillna(0).astype("int64").reset_index()
    both["difference"] = both["now"] - both["before"]
    changed = both[(both["period"] <= before["period"].max()) & (both["difference"] != 0)] if len(before) else both[:0]
    return changed.sort_values(["period", "count"], ascending=[False, True], ignore_index=True)[COLUMNS]


def _sums(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.groupby("period")[["received", "resolved"]].sum(min_count=1)
