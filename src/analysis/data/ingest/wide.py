"""Turn a wide table of counts (one row per procedure, columns per period) into our table of counts.

An impossible number refuses the whole file, because it means that the export is broken. A part without its whole, or
larger than its whole, is a fault known to the publishers and rejects that count only.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.data.contracts import Counts, check, columns_of
from analysis.data.ingest.column_sql import SHORT, code_of
from analysis.data.ingest.fault_codes import TOTAL_ROW
from analysis.data.ingest.intake_report import ACCEPTED
from analysis.data.ingest.listed_rows import FLAGGED_COLUMNS, REJECTED_COLUMNS, shape, typed_frame
from analysis.data.ingest.names import Names, Spelling, chosen, spelling
from analysis.data.ingest.period_overlap import refuse_overlapping_periods
from analysis.data.ingest.table import Intake, TooManyRejects, refusal_message
from analysis.data.sources.delimited import open_bytes
from analysis.data.sources.limits import MAX_COLUMNS
from analysis.data.sources.mapping import Mapping, WideShare
from analysis.data.sources.rows import fold_header
from analysis.data.sources.total_rows import TotalPhrases
from analysis.faults import BadData


@dataclass(frozen=True)
class WideIntake:
    """What became of the counts of one wide file.

    Attributes
    ----------
    file : str
        Name of the file.
    counts : pd.DataFrame
        The accepted counts, see `analysis.data.contracts.Counts`.
    tally : pd.DataFrame
        `period, code, rows`: the number of counts (one is a procedure's in a period) by what became of them,
        ``accepted`` or the code of the reject.
    rejected : pd.DataFrame
        `file, line` (1-based, physical), `code, reason, raw`, and the `period` the count is for.
    names : dict
        Dimension → code → how the rows with an accepted count spell it.
    """

    file: str
    counts: pd.DataFrame
    tally: pd.DataFrame
    rejected: pd.DataFrame
    names: Names


@dataclass
class _CountLists:
    """The counts read so far: accepted, rejected, and their number by period and code."""

    accepted: list[dict[str, object]] = field(default_factory=list)
    rejected: list[dict[str, object]] = field(default_factory=list)
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)


def ingest_wide(path: Path, mapping: Mapping, *, reject_limit: float) -> WideIntake:
    """Return the counts of a wide file.

    Parameters
    ----------
    path : Path
        A csv file; ``.gz`` is decompressed.
    mapping : Mapping
        How it is written; with `counts` and `dimensions`.
    reject_limit : float
        Share of the counts (0–1) that may be rejected.

    Raises
    ------
    BadData
        The file cannot be what the mapping says: file, line, column, value and what was expected; or too many of its
        counts are rejected.
    """
    if not path.is_file():
        raise BadData(f"{path}: with a source_file the input is one exported file")
    assert mapping.counts is not None
    rows = _rows(path, mapping)
    header = next(rows)[1]
    columns = _WideColumns.of(header, mapping, mapping.counts, path)
    lists, phrases = _CountLists(), TotalPhrases(mapping.totals)
    line_of: dict[str, int] = {}
    spellings: dict[str, set[Spelling]] = {name: set() for name in columns.dimensions}
    for line, cells in rows:
        named = {name: fold_header(cells[index]) for name, index in columns.dimensions.items()}
        codes = {name: code_of(text) for name, text in named.items()}
        is_total = any(map(phrases.match, named.values()))
        procedure = codes["procedure"]
        if procedure is None and not is_total:
            raise BadData(
                f"{path} line {line}: column {mapping.dimensions['procedure']!r} is empty; a code was expected"
            )
        if procedure is not None and not is_total:
            if procedure in line_of:
                raise BadData(
                    f"{path} line {line}: its procedure stands on line {line_of[procedure]} too; one row per procedure "
                    "was expected"
                )
            line_of[procedure] = line
        before = len(lists.accepted)
        for period, (whole_at, part_at) in columns.counts.items():
            whole = _count(cells[whole_at], mapping, path, line, header[whole_at])
            part = _count(cells[part_at], mapping, path, line, header[part_at])
            row = {**codes, "period": period}
            _add_count(lists, mapping.counts, row, whole, part, path, line, is_total=is_total)
        if len(lists.accepted) > before:
            for name, text in named.items():
                spellings[name].update(filter(None, [spelling(text, codes[name])]))
    rejected = pd.DataFrame(lists.rejected, columns=[*REJECTED_COLUMNS, "period"]).astype(REJECTED_COLUMNS)
    by_code = Counter(rejected["code"])
    count = lists.tally.total() - by_code.pop(TOTAL_ROW, 0)
    if by_code.total() > reject_limit * count:
        raise TooManyRejects(refusal_message(path.name, count, by_code, reject_limit, rejected), rejected)
    if not lists.accepted:
        raise BadData(f"{path}: no count in any of its {len(line_of)} rows")
    counts = pd.DataFrame(lists.accepted)
    for name in columns_of(Counts):
        if name not in counts:
            counts[name] = pd.NA
    refuse_overlapping_periods(counts[["agency", "period"]].drop_duplicates().to_numpy(), where=str(path))
    tally = [(period, code, rows) for (period, code), rows in sorted(lists.tally.items())]
    return WideIntake(
        file=path.name,
        counts=check(counts, Counts, where=str(path)),
        tally=pd.DataFrame(tally, columns=["period", "code", "rows"]),
        rejected=rejected,
        names={name: chosen(found) for name, found in spellings.items() if found},
    )


def write_wide_counts(wide: WideIntake, into: Path) -> Intake:
    """Write the counts of a wide file as Parquet, and return what became of them in the form of any other file.

    Parameters
    ----------
    wide : WideIntake
        What became of the counts.
    into : Path
        File to write.
    """
    wide.counts.to_parquet(into, index=False)
    rows = int(wide.tally["rows"].sum())
    accepted = rows - len(wide.rejected)
    flagged = typed_frame([], FLAGGED_COLUMNS)
    return Intake(
        wide.file, "counts", rows, accepted, wide.rejected[list(REJECTED_COLUMNS)], flagged, {}, (), names=wide.names
    )


def _rows(path: Path, mapping: Mapping) -> Iterator[tuple[int, list[str]]]:
    """Yield, per row, the 1-based physical line it starts on, and its cells."""
    try:
        with open_bytes(path) as file:
            text = file.read().decode(mapping.encoding)
    except UnicodeDecodeError as error:
        raise BadData(f"{path}: byte {error.start} is not {mapping.encoding} text") from error
    if not text.strip():
        raise BadData(f"{path}: the file is empty")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    width, line = 0, 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise BadData(
                f"{path} line {line}: the row does not end properly ({error}); is the file cut off?"
            ) from error
        width = width or len(cells)
        if width > MAX_COLUMNS:
            raise BadData(f"{path} line {line}: {width:,} columns, {MAX_COLUMNS:,} at most were expected")
        if len(cells) != width:
            raise BadData(
                f"{path} line {line}: {len(cells)} columns, {width} were expected as in the header; is it cut off?"
            )
        yield line, cells
        line = reader.line_num + 1
    if mapping.ends_with_newline and not text.endswith(("\n", "\r")):
        raise BadData(
            f"{path} line {line - 1}: the file ends inside a row, a line break was expected; is the file cut off?"
        )


@dataclass(frozen=True)
class _WideColumns:
    """The columns of a wide file: dimension → index, period → (index of the whole, index of the part)."""

    dimensions: dict[str, int]
    counts: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, header: list[str], mapping: Mapping, wide: WideShare, path: Path) -> _WideColumns:
        folded = [fold_header(name) for name in header]
        dimensions: dict[str, int] = {}
        for dimension, name in mapping.dimensions.items():
            if folded.count(name) != 1:
                raise BadData(
                    f"{path} line 1: one column {name!r} ({dimension}) was expected, found {folded.count(name)}"
                )
            dimensions[dimension] = folded.index(name)
        whole = _periods(folded, wide.whole, wide.periods, path)
        part = _periods(folded, wide.part, wide.periods, path)
        unpaired = sorted(set(whole) ^ set(part))
        if unpaired or not whole:
            what = f"period {unpaired[0]} has only one of them" if unpaired else "the header has neither"
            raise BadData(f"{path} line 1: a column of the whole and of the part per period were expected; {what}")
        return cls(dimensions, {period: (whole[period], part[period]) for period in sorted(whole)})


def _periods(header: list[str], pattern: str, meaning: dict[str, str], path: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, name in enumerate(header):
        match = re.fullmatch(pattern, name)
        if not match:
            continue
        if match["period"] not in meaning:
            raise BadData(f"{path} line 1: column {name!r}: the mapping has no period {match['period']!r}")
        part = meaning[match["period"]]
        period = f"{match['year']}{part}" if part.startswith("Q") else f"{match['year']}-{part}"
        if period in found:
            raise BadData(f"{path} line 1: two columns for {period}: {name!r} and {header[found[period]]!r}")
        found[period] = index
    return found


def _count(cell: str, mapping: Mapping, path: Path, line: int, column: str) -> int | None:
    text = cell.strip()
    if not text:
        return None
    thousands = re.escape(mapping.thousands)
    grouped = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+" if mapping.thousands else r"[0-9]+"
    if not re.fullmatch(rf"{grouped}|[0-9]+", text):
        kind = "negative" if re.match(r"[-\u2212(]\s*[0-9]", text) else "not a whole number"
        # Short enough to be no telephone number.
        shown = repr(text) if re.fullmatch(r"[-\u2212(]?[0-9.,]{1,8}\)?", text) else shape(text)
        raise BadData(
            f"{path} line {line}, column {' '.join(column.split())!r}: {shown} is {kind}; "
            "a count of 0 or more was expected"
        )
    return int(text.replace(mapping.thousands, "")) if mapping.thousands else int(text)


def _shown(count: int | None) -> str:
    """Return a count as the list of rejected rows shows it; one too long may be somebody's telephone number."""
    text = "" if count is None else str(count)
    return text if len(text) <= SHORT else shape(text)


def _add_count(
    lists: _CountLists,
    wide: WideShare,
    row: dict[str, str | None],
    whole: int | None,
    part: int | None,
    path: Path,
    line: int,
    *,
    is_total: bool,
) -> None:
    """Accept or reject one procedure's count of one period."""
    if whole is None and part is None:
        return
    reject = None
    if is_total:
        reject = (TOTAL_ROW, "a total of other rows")
    elif whole is None:
        reject = ("part_without_whole", "the part is given, the whole is not")
    elif part is not None and part > whole:
        reject = ("part_exceeds_whole", "the part is larger than the whole")
    period = str(row["period"])
    lists.tally[period, reject[0] if reject else ACCEPTED] += 1
    if reject:
        code, reason = reject
        raw = f"period={period}; whole={_shown(whole)}; part={_shown(part)}"
        lists.rejected.append(
            {"file": path.name, "line": line, "code": code, "reason": reason, "raw": raw, "period": period}
        )
        return
    assert whole is not None
    if part is None:
        lists.accepted.append({**row, "channel": None, "resolved": whole})
        return
    lists.accepted.append({**row, "channel": wide.part_channel, "resolved": part})
    lists.accepted.append({**row, "channel": wide.rest_channel, "resolved": whole - part})
