"""Received files in, tables of the contract out: accepted and rejected add up to what came in."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.data.contracts import Counts, Ratings, check
from analysis.data.sources import About, Mapping, read_mapping
from analysis.faults import BadData
from analysis.strict_yaml import read, validate

REJECTED_COLUMNS = ["file", "line", "procedure", "period", "code", "reason", "raw"]


@dataclass(frozen=True)
class Received:
    """Everything a run knows about its input.

    Attributes
    ----------
    about : About
        Where the data comes from and whether it is simulated.
    counts : pd.DataFrame
        See `contracts.Counts`.
    ratings : pd.DataFrame
        See `contracts.Ratings`; empty when the input has none.
    rejected : pd.DataFrame
        One row per count that came in and was not taken: `file, line` (1-based, physical), `procedure, period,
        code, reason, raw`.
    counts_in : int
        Counts (a procedure's in a period, or a row of our own tables) that came in.
    accepted : pd.Series
        Of them, those taken, by period; the rest is in `rejected`.
    """

    about: About
    counts: pd.DataFrame
    ratings: pd.DataFrame
    rejected: pd.DataFrame
    counts_in: int
    accepted: pd.Series

    def __post_init__(self) -> None:
        if self.counts_in != self.accepted.sum() + len(self.rejected):
            raise AssertionError(
                f"{self.counts_in} counts in, {self.accepted.sum()} accepted and {len(self.rejected)} rejected"
            )


def receive(input_path: Path, source_file: Path | None) -> Received:
    """Return the tables in an input.

    Parameters
    ----------
    input_path : Path
        With a mapping, the exported file; without, a folder of our own tables as Parquet with an ``about.yml``.
    source_file : Path or None
        The mapping.

    Raises
    ------
    BadData
        The input cannot be what it is said to be: file, line, column, value and what was expected.
    BadParameters
        The mapping or ``about.yml`` is wrong.
    """
    if source_file is None:
        return _receive_tables(input_path)
    return _receive_wide_csv(input_path, read_mapping(source_file))


def content_hash(input_path: Path) -> str:
    """Return the SHA-256 of an input: of the file, or of a folder's files with their names, in order."""
    digest = hashlib.sha256()
    files = sorted(input_path.iterdir()) if input_path.is_dir() else [input_path]
    for file in files:
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _receive_tables(folder: Path) -> Received:
    if not folder.is_dir():
        raise BadData(f"{folder}: without a source_file the input is a folder holding counts.parquet and about.yml")
    counts = check(_read_parquet(folder / "counts.parquet"), Counts, where=str(folder / "counts.parquet"))
    ratings_path = folder / "ratings.parquet"
    ratings = _read_parquet(ratings_path) if ratings_path.exists() else pd.DataFrame(columns=_columns(Ratings))
    about = validate(read(folder / "about.yml", what="description of the data"), About, what="description of the data")
    return Received(
        about=about,
        counts=counts,
        ratings=check(ratings, Ratings, where=str(ratings_path)),
        rejected=pd.DataFrame(columns=REJECTED_COLUMNS),
        counts_in=len(counts),
        accepted=counts.groupby("period").size(),
    )


def _read_parquet(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise BadData(f"{path}: there is no such table")
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadData(f"{path}: not a readable Parquet file ({error})") from error


def _columns(contract: type[Counts] | type[Ratings]) -> list[str]:
    return list(contract.to_schema().columns)


@dataclass
class _Harvest:
    """What has been read so far."""

    accepted: list[dict[str, object]] = field(default_factory=list)
    rejected: list[dict[str, object]] = field(default_factory=list)
    counts_in: int = 0
    accepted_by_period: Counter[str] = field(default_factory=Counter)


def _receive_wide_csv(path: Path, mapping: Mapping) -> Received:
    if not path.is_file():
        raise BadData(f"{path}: with a source_file the input is one exported file")
    rows = _rows(path, mapping)
    header = next(rows)[1]
    columns = _WideColumns.of(header, mapping, path)
    harvest = _Harvest()
    seen: dict[str, int] = {}
    for line, cells in rows:
        codes = {name: _code(cells[index]) for name, index in columns.dimensions.items()}
        procedure = codes["procedure"]
        if procedure is None:
            raise BadData(
                f"{path} line {line}: column {mapping.dimensions['procedure']!r} is empty; a code was expected"
            )
        if procedure in seen:
            raise BadData(
                f"{path} line {line}: the procedure {procedure!r} stands on line {seen[procedure]} too; "
                "one row per procedure was expected"
            )
        seen[procedure] = line
        for period, (whole_at, part_at) in columns.counts.items():
            whole = _count(cells[whole_at], mapping, path, line, header[whole_at])
            part = _count(cells[part_at], mapping, path, line, header[part_at])
            _take(harvest, mapping, {**codes, "period": period}, whole, part, path, line)
    if not harvest.accepted:
        raise BadData(f"{path}: no count in any of its {len(seen)} rows")
    counts = pd.DataFrame(harvest.accepted)
    for name in _columns(Counts):
        if name not in counts:
            counts[name] = pd.NA
    return Received(
        about=mapping.about,
        counts=check(counts, Counts, where=str(path)),
        ratings=check(pd.DataFrame(columns=_columns(Ratings)), Ratings, where=str(path)),
        rejected=pd.DataFrame(harvest.rejected, columns=REJECTED_COLUMNS),
        counts_in=harvest.counts_in,
        accepted=pd.Series(harvest.accepted_by_period, dtype="int64"),
    )


def _rows(path: Path, mapping: Mapping) -> Iterator[tuple[int, list[str]]]:
    """Yield the physical line each row starts on, and its cells."""
    try:
        text = path.read_bytes().decode(mapping.encoding)
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
    """Where a wide file holds what: dimension → column, period → (column of the whole, column of the part)."""

    dimensions: dict[str, int]
    counts: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, header: list[str], mapping: Mapping, path: Path) -> _WideColumns:
        folded = [" ".join(unicodedata.normalize("NFC", name).split()) for name in header]
        dimensions: dict[str, int] = {}
        for dimension, name in mapping.dimensions.items():
            if folded.count(name) != 1:
                raise BadData(
                    f"{path} line 1: one column {name!r} ({dimension}) was expected, found {folded.count(name)}"
                )
            dimensions[dimension] = folded.index(name)
        whole = _periods(folded, mapping.counts.whole, mapping.counts.periods, path)
        part = _periods(folded, mapping.counts.part, mapping.counts.periods, path)
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


def _code(cell: str) -> str | None:
    """Return a cell as a lower-case ASCII code, blanks and signs folded to hyphens; None for an empty cell."""
    text = unicodedata.normalize("NFD", cell.strip().replace("Đ", "D").replace("đ", "d"))
    plain = "".join(letter for letter in text if not unicodedata.combining(letter)).lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or None


def _count(cell: str, mapping: Mapping, path: Path, line: int, column: str) -> int | None:
    text = cell.strip()
    if not text:
        return None
    thousands = re.escape(mapping.thousands)
    grouped = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+" if mapping.thousands else r"[0-9]+"
    if not re.fullmatch(rf"{grouped}|[0-9]+", text):
        kind = "negative" if re.match(r"[-\u2212(]\s*[0-9]", text) else "not a whole number"
        raise BadData(
            f"{path} line {line}, column {' '.join(column.split())!r}: {text!r} is {kind}; "
            "a count of 0 or more was expected"
        )
    return int(text.replace(mapping.thousands, "")) if mapping.thousands else int(text)


def _take(
    harvest: _Harvest,
    mapping: Mapping,
    row: dict[str, str | None],
    whole: int | None,
    part: int | None,
    path: Path,
    line: int,
) -> None:
    """Accept or reject one procedure's counts of one period."""
    if whole is None and part is None:
        return
    harvest.counts_in += 1
    reject = None
    if whole is None:
        reject = ("part_without_whole", "the part is given, the whole is not")
    elif part is not None and part > whole:
        reject = ("part_exceeds_whole", "the part is larger than the whole")
    if reject:
        code, reason = reject
        raw = f"whole={'' if whole is None else whole}; part={part}"
        harvest.rejected.append(
            {"file": path.name, "line": line, "procedure": row["procedure"], "period": row["period"]}
            | {"code": code, "reason": reason, "raw": raw}
        )
        return
    assert whole is not None
    harvest.accepted_by_period[str(row["period"])] += 1
    if part is None:
        harvest.accepted.append({**row, "channel": None, "resolved": whole})
        return
    harvest.accepted.append({**row, "channel": mapping.counts.part_channel, "resolved": part})
    harvest.accepted.append({**row, "channel": mapping.counts.rest_channel, "resolved": whole - part})
