"""The rows of a file, listed: which were set aside and why, and which of those taken are worth a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.data.ingest import case_rules
from analysis.data.ingest.quality import MARKS
from analysis.data.ingest.sifting import Sifted
from analysis.data.sources.personal import HIDDEN
from analysis.data.sources.rows import Rows

# Column → type in a frame.
REJECTED = {"file": "str", "line": "int64", "code": "str", "reason": "str", "raw": "str"}
FLAGGED = {"file": "str", "line": "int64", "code": "str", "case_id": "str"}


def as_list(rows: Sequence[tuple[object, ...]], types: dict[str, str]) -> pd.DataFrame:
    """Return rows as a list of `REJECTED` or `FLAGGED` ones."""
    return pd.DataFrame(list(rows), columns=list(types)).astype(types)


def rejects_by_code(rows: Rows, sifted: Sifted) -> Counter[str]:
    """Return how many rows were rejected with each code."""
    found = Counter(one.code for one in rows.broken)
    for verdict, number in zip(*np.unique(sifted.rejects["verdict"].to_numpy(), return_counts=True), strict=True):
        found[sifted.reasons[verdict].code] += int(number)
    return found


def rejected(rows: Rows, sifted: Sifted, *, at_most: int | None = None) -> pd.DataFrame:
    """Return the rows that were rejected: `file, line` (1-based, physical), `code, reason, raw`, in the file's order.

    Parameters
    ----------
    rows : Rows
        The source.
    sifted : Sifted
        What became of its rows.
    at_most : int or None
        Only so many of them, the first of those that were read and the first of those that were not.
    """
    hidden = {rows.header[at] for at in rows.personal}
    rejects = sifted.rejects.slice(0, at_most)
    lines = rows.lines(rejects["place"].to_numpy()).tolist()
    told = [(one.line, one.code, one.reason) for one in rows.broken[:at_most]]
    for line, verdict, found in zip(lines, rejects["verdict"].to_pylist(), rejects["found"].to_pylist(), strict=True):
        reason = sifted.reasons[verdict]
        shown = HIDDEN if reason.where in hidden else repr(found)
        told.append((line, reason.code, reason.where if found is None else f"{reason.where}: {shown}"))
    told.sort()
    raws = rows.raw([line for line, _, _ in told]) if told else {}
    return as_list([(rows.name, line, code, reason, raws[line]) for line, code, reason in told], REJECTED)


def flagged(rows: Rows, sifted: Sifted) -> pd.DataFrame:
    """Return what is worth a look in the rows that were taken: `file, line, code, case_id`, a row per flag."""
    # A file of one system may have a flag on every row: no row of it becomes a Python object.
    marks = sifted.marked["marks"].to_numpy()
    pieces = [
        sifted.marked.filter(pa.array(marks & (1 << at) > 0))
        .drop_columns("marks")
        .append_column("bit", pa.array(np.full(np.count_nonzero(marks & (1 << at)), at)))
        for at, fault in enumerate(MARKS)
        if fault.kind == "flag"
    ]
    listed = pa.concat_tables(pieces).sort_by([("place", "ascending"), ("bit", "ascending")])
    codes = np.array([fault.code for fault in MARKS])
    frame = pd.DataFrame(
        {
            "file": rows.name,
            "line": rows.lines(listed["place"].to_numpy()),
            "code": codes[listed["bit"].to_numpy()],
            "case_id": listed["case_id"].to_pandas(),
        }
    )
    last = as_list(_unfinished(rows, sifted), FLAGGED)
    return pd.concat([frame.astype(FLAGGED), last], ignore_index=True)


def classes(sifted: Sifted) -> dict[str, int]:
    """Return the cases counted apart among those taken: code → cases."""
    marks = sifted.marked["marks"].to_numpy()
    counted = {at: fault.code for at, fault in enumerate(MARKS) if fault.code in case_rules.CLASSES}
    return {code: int(np.count_nonzero(marks & (1 << at))) for at, code in counted.items()}


def _unfinished(rows: Rows, sifted: Sifted) -> list[tuple[object, ...]]:
    """Return the flag of the file's last row, unless that row was not taken."""
    if not (rows.last_line_unfinished and sifted.rows):
        return []
    line = int(rows.lines(np.array([sifted.rows]))[0])
    is_broken = bool(rows.broken) and rows.broken[-1].line > line
    rejects = sifted.rejects["place"]
    if is_broken or (len(rejects) and rejects[-1].as_py() == sifted.rows):
        return []
    return [(rows.name, line, "last_line_unfinished", sifted.last_case_id)]
