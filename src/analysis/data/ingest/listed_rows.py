"""The lists of a file's rejected and flagged rows, which quote no cell that may hold what was meant for another column.

A row shifted by a column, or a remark in a date's cell, may hold a person's name. So a cell is quoted only where its
column could read it; any other is described by its shape, and found by its file and line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.data.ingest.case_rules import CLASSES
from analysis.data.ingest.column_sql import SHORT
from analysis.data.ingest.fault_codes import MARKS
from analysis.data.ingest.row_validation import RejectReason, ShownColumn, ValidationResult
from analysis.data.sources.rows import HIDDEN, Rows

QUOTED_FROM = 5
"""Rows that must share a text before it is quoted as a code: a name in a wrong cell stands there once."""

REJECTED_COLUMNS = {"file": "str", "line": "int64", "code": "str", "reason": "str", "raw": "str"}
"""The list of rejected rows: column → type."""

FLAGGED_COLUMNS = {"file": "str", "line": "int64", "code": "str", "case_id": "str"}
"""The list of flagged rows: column → type."""


def typed_frame(rows: Sequence[tuple[object, ...]], types: dict[str, str]) -> pd.DataFrame:
    """Return rows as a data frame.

    Parameters
    ----------
    rows : sequence of tuple
        The rows, their values in the order of `types`.
    types : dict
        Column → type: `REJECTED_COLUMNS` or `FLAGGED_COLUMNS`.
    """
    return pd.DataFrame(list(rows), columns=list(types)).astype(types)


def shape(text: str) -> str:
    """Return what a text is made of, without the text: ``12 letters, 3 words``; nothing of an empty one."""
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    words = text.split()
    signs = sum(map(len, words)) - letters - digits
    counts = [(letters, "letter"), (digits, "digit"), (signs, "sign"), (len(words) if len(words) > 1 else 0, "word")]
    return ", ".join(f"{number} {name}{'s' if number > 1 else ''}" for number, name in counts if number)


def rejects_by_code(rows: Rows, result: ValidationResult) -> Counter[str]:
    """Return how many rows were rejected, by code.

    Parameters
    ----------
    rows : Rows
        The source, whose unreadable rows are counted too.
    result : ValidationResult
        What became of its readable rows.
    """
    by_code = Counter(row.code for row in rows.unreadable)
    for reason, number in zip(*np.unique(result.rejects["reason_index"].to_numpy(), return_counts=True), strict=True):
        by_code[result.reasons[reason].code] += int(number)
    return by_code


def rejected(rows: Rows, result: ValidationResult, *, at_most: int | None = None) -> pd.DataFrame:
    """Return the rows that were rejected: `file, line` (1-based, physical), `code, reason, raw`, in the file's order.

    `raw` has the cells of the columns that the mapping uses, ``header=cell; …``, each as its column read it or, where
    it could not, by its `shape`. Of a row that cannot be cut into columns, and of a cell about a person, nothing is
    shown.

    Parameters
    ----------
    rows : Rows
        The source.
    result : ValidationResult
        What became of its readable rows.
    at_most : int or None
        Limit on the number of unreadable rows listed, and on that of the others; the first ones are listed.
    """
    hidden = {rows.header[at] for at in rows.personal}
    rejects = result.rejects.slice(0, at_most)
    lines = rows.lines(rejects["position"].to_numpy()).tolist()
    indices, found = rejects["reason_index"].to_pylist(), rejects["found"].to_pylist()
    shared = Counter(zip(indices, found, strict=True))
    listed = [(row.line, row.code, row.reason, HIDDEN) for row in rows.unreadable[:at_most]]
    raws = _raw_texts(rejects, result.shown, hidden)
    for line, index, text, raw in zip(lines, indices, found, raws, strict=True):
        reason = result.reasons[index]
        if text is None:
            sentence = reason.where
        elif reason.where in hidden:
            sentence = f"{reason.where}: {HIDDEN}"
        else:
            sentence = f"{reason.where}: {_quoted(text, reason, shared[index, text])}"
        listed.append((line, reason.code, sentence, raw))
    listed.sort()
    return typed_frame([(rows.name, *row) for row in listed], REJECTED_COLUMNS)


def _quoted(text: str, reason: RejectReason, rows: int) -> str:
    is_quoted = {
        "always": True,
        "when_short": len(text) <= SHORT,
        "when_shared": rows >= QUOTED_FROM,
        "never": False,
    }
    return repr(text) if is_quoted[reason.quoted] else shape(text)


def _raw_texts(rejects: pa.Table, shown: Sequence[ShownColumn], hidden: set[str]) -> list[str]:
    """Return the raw text of rejected rows, in their order."""
    pieces: list[list[str]] = []
    for at, column in enumerate(shown):
        cells = pc.list_element(rejects["cells"], at).to_pylist()
        if column.header in hidden:
            pieces.append([HIDDEN if cell else "" for cell in cells])
            continue
        could_read = pc.list_element(rejects["could_read"], at).to_pylist()
        shared = Counter(cells) if column.is_free else {}
        pieces.append(
            [
                (cell if read and (not column.is_free or shared[cell] >= QUOTED_FROM) else shape(cell)) if cell else ""
                for cell, read in zip(cells, could_read, strict=True)
            ]
        )
    headers = [column.header for column in shown]
    return [
        "; ".join(f"{header}={piece}" for header, piece in zip(headers, row, strict=True))
        for row in zip(*pieces, strict=True)
    ]


def flagged(rows: Rows, result: ValidationResult) -> pd.DataFrame:
    """Return the flags of the accepted rows: `file, line` (1-based, physical), `code, case_id`, one row per flag.

    Parameters
    ----------
    rows : Rows
        The source.
    result : ValidationResult
        What became of its readable rows.
    """
    # Every row of a file may have a flag: none of them becomes a Python object.
    marks = result.marked["marks"].to_numpy()
    pieces = [
        result.marked.filter(pa.array(marks & (1 << at) > 0))
        .drop_columns("marks")
        .append_column("bit", pa.array(np.full(np.count_nonzero(marks & (1 << at)), at)))
        for at, fault in enumerate(MARKS)
        if fault.kind == "flag"
    ]
    listed = pa.concat_tables(pieces).sort_by([("position", "ascending"), ("bit", "ascending")])
    codes = np.array([fault.code for fault in MARKS])
    frame = pd.DataFrame(
        {
            "file": rows.name,
            "line": rows.lines(listed["position"].to_numpy()),
            "code": codes[listed["bit"].to_numpy()],
            "case_id": listed["case_id"].to_pandas(),
        }
    )
    last = typed_frame(_unfinished_last_row(rows, result), FLAGGED_COLUMNS)
    return pd.concat([frame.astype(FLAGGED_COLUMNS), last], ignore_index=True)


def classes(result: ValidationResult) -> dict[str, int]:
    """Return the accepted cases that are counted apart: code of the class → cases."""
    marks = result.marked["marks"].to_numpy()
    bits = {at: fault.code for at, fault in enumerate(MARKS) if fault.code in CLASSES}
    return {code: int(np.count_nonzero(marks & (1 << at))) for at, code in bits.items()}


def _unfinished_last_row(rows: Rows, result: ValidationResult) -> list[tuple[object, ...]]:
    """Return the flag of a file's last row without a line break; none when that row was rejected."""
    if not (rows.last_line_unfinished and result.rows):
        return []
    line = int(rows.lines(np.array([result.rows]))[0])
    is_unreadable = bool(rows.unreadable) and rows.unreadable[-1].line > line
    rejects = result.rejects["position"]
    if is_unreadable or (len(rejects) and rejects[-1].as_py() == result.rows):
        return []
    return [(rows.name, line, "last_line_unfinished", result.last_case_id)]
