"""A hand-kept table of counts with the faults numbers have, each a known number of times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.data.simulate.export import CHANNEL_CODES, as_cell
from analysis.data.simulate.streams import stream

HEADERS = ("Ky", "DonVi", "LinhVuc", "Kenh", "TiepNhan", "GiaiQuyet")
FIRST_PERIOD = "2021-01"
"""Only the last year is told: a table that somebody could keep by hand."""

FAULTY = {
    "number_not_whole": ("GiaiQuyet", "1.234,5"),
    "number_negative": ("TiepNhan", "-12"),
    "number_unreadable": ("GiaiQuyet", "khoảng 40"),
    "value_missing": ("Ky", ""),
}
"""By fault: column and cell."""
ROWS_PER_FAULT = 7


def write_dirty_counts(path: Path, seed: int, counts: pd.DataFrame) -> dict[str, Any]:
    """Write the counts of the last year, some of them faulty, and return what is in the file.

    Numbers have a full stop between thousands and would have a decimal comma; channels are coded as in the export of
    cases. Each fault stands on rows of its own.

    Parameters
    ----------
    path : Path
        File to write: UTF-8, comma-separated.
    seed : int
        Of the province.
    counts : pd.DataFrame
        See `contracts.Counts`.

    Returns
    -------
    dict
        `counts_rows`, rows in the file, and `counts_faults`, rows with each fault.
    """
    by = ["period", "agency", "field", "channel"]
    year = counts[counts["period"] >= FIRST_PERIOD]
    sums = year.groupby(by, as_index=False)[["received", "resolved"]].sum()
    columns = [
        sums["period"].tolist(),
        sums["agency"].str.upper().tolist(),
        sums["field"].str.upper().tolist(),
        sums["channel"].map(CHANNEL_CODES).tolist(),
        *([f"{number:,}".replace(",", ".") for number in sums[name]] for name in ("received", "resolved")),
    ]
    rows = [list(row) for row in zip(*columns, strict=True)]
    number = min(ROWS_PER_FAULT, len(rows) // len(FAULTY))
    chosen = stream(seed, "dirty counts").permutation(len(rows)).tolist()
    for at, (column, cell) in enumerate(FAULTY.values()):
        for row in chosen[at * number : (at + 1) * number]:
            rows[row][HEADERS.index(column)] = cell
    lines = [",".join(as_cell(cell) for cell in row) for row in [list(HEADERS), *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return {"counts_rows": len(rows), "counts_faults": dict.fromkeys(FAULTY, number)}
