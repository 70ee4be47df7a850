"""Read delimited text files: scanned by DuckDB where they are regular, else read by Python's csv module."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import unicodedata
import zlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import duckdb
import numpy as np

from analysis.data.sources.legacy_vietnamese import legacy_encoding, not_unicode
from analysis.data.sources.limits import MAX_COLUMNS, MAX_LINE_LETTERS
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.persons import personal_columns
from analysis.data.sources.rows import (
    Rows,
    ScanRequest,
    ScratchTable,
    UnreadableRow,
    fold_header,
    name_columns,
    positions_of,
    scan_cells,
    visible_relation,
)
from analysis.data.sources.visible import has_controls
from analysis.data.sql import file_literal, literal
from analysis.faults import BadData

_MAX_ROW_BYTES = csv.field_size_limit()
"""Most bytes of a row: no row of a one-stop system has as many; the csv module gives up there on an open quote."""

_NULL_TEXT = "\n"
"""Text that DuckDB reads as NULL; a file with it in a cell is not regular. With DuckDB's default, empty text, it would
accept a row with surplus empty cells."""

_CUT_OFF = "{path} line {line}: {what}; is it cut off? Ask for the whole file"
_ENDS_IN_ROW = "the file ends inside a row"
_NO_LAST_BREAK = "the file ends without the line break the mapping promises"
_NEVER_CLOSED = "a quote opened here is never closed, so the file ends inside a row"


def read_delimited(
    path: Path, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, scan_request: ScanRequest
) -> Rows:
    """Return the rows of a delimited text file.

    A regular file (UTF-8, one row per line, every quote closed on its line) is scanned by DuckDB in place. Any other
    file is first copied into a scratch file by Python's csv module; a test holds the two readers to the same rows. A
    file counts as regular only when DuckDB found as many rows as it has lines, so that no row can have been swallowed.

    An empty line is no row. A row with a misplaced quote is rejected alone: reading continues at the next line, so that
    the quote swallows none of the rows after it.

    Parameters
    ----------
    path : Path
        The file; ``.gz`` is decompressed as it is read.
    mapping : Mapping
        How it is written.
    connection : duckdb.DuckDBPyConnection
        Connection that scans it.
    scratch : Path
        Folder for the scratch file.
    scan_request : ScanRequest
        What the scan of all cells is to return.

    Raises
    ------
    BadData
        The file is empty, has no header, ends inside a row, or its header is no text in the declared encoding. A file
        cut off exactly at the end of a row cannot be told from a complete one.
    """
    header, header_lines = _header(path, mapping)
    is_utf8 = codecs.lookup(mapping.encoding).name == "utf-8-sig"
    if is_utf8 and header_lines == mapping.header_row and len(header) > 1:
        # The bytes are summarised while DuckDB reads: most files are regular, and for others its result is discarded.
        with ThreadPoolExecutor(max_workers=1) as executor:
            pending_summary = executor.submit(summarise_bytes, path, mapping.delimiter)
            regular = _read_regular(path, mapping, connection, header, pending_summary, scan_request)
        if regular is not None:
            return regular
    return _read_irregular(path, mapping, connection, scratch, header, header_lines, scan_request)


def _header(path: Path, mapping: Mapping) -> tuple[tuple[str, ...], int]:
    """Return the header and the number of physical lines up to its end."""
    with open_bytes(path) as file:
        lines = PhysicalLines(file, path, mapping.encoding)
        lines.skip(mapping.header_row - 1)
        try:
            cells = next(csv.reader(lines, delimiter=mapping.delimiter, strict=True), [])
        except csv.Error as error:
            raise BadData(f"{path} line {mapping.header_row}: the header does not end properly ({error})") from error
        if not is_text(cells):
            _refuse_legacy_bytes(path, mapping.header_row, "the header", cells)
            raise BadData(f"{path} line {mapping.header_row}: the header is not {mapping.encoding} text")
        if not lines.number:
            raise BadData(f"{path}: the file is empty")
        header = tuple(map(fold_header, cells))
        if len(header) > MAX_COLUMNS:
            raise BadData(
                f"{path} line {mapping.header_row}: {len(header):,} columns, {MAX_COLUMNS:,} at most were expected; "
                f"is {mapping.delimiter!r} the delimiter?"
            )
        if not any(header):
            raise BadData(f"{path} line {mapping.header_row}: a header was expected, the line is empty")
        return name_columns(header), lines.number


def _read_regular(
    path: Path,
    mapping: Mapping,
    connection: duckdb.DuckDBPyConnection,
    header: tuple[str, ...],
    pending_summary: Future[ByteSummary],
    scan_request: ScanRequest,
) -> Rows | None:
    """Return the rows as DuckDB reads them, or None when the file is not regular."""
    names = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(header)))
    scan = (
        f"read_csv({file_literal(path)}, columns = {{{names}}}, header = false, skip = {mapping.header_row}, "
        f"auto_detect = false, compression = '{'gzip' if is_compressed(path) else 'none'}', "
        f"delim = {literal(mapping.delimiter)}, quote = '\"', escape = '\"', nullstr = '{_NULL_TEXT}', "
        f"strict_mode = true, max_line_size = {_MAX_ROW_BYTES}"
    )
    try:
        connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        with_rejects = f"{scan}, store_rejects = true, rejects_limit = 0)"
        # DuckDB checks the encoding only of the columns it is asked for: it is asked for all.
        found = scan_cells(connection, with_rejects, scan_request, header, also_read=range(len(header)))
        rejects = connection.execute("SELECT DISTINCT line, error_type FROM reject_errors ORDER BY line").fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None
    summary = pending_summary.result()
    uneven_lines = [line for line, kind in rejects if kind in ("MISSING COLUMNS", "TOO MANY COLUMNS")]
    are_all_rows = summary.lines - mapping.header_row == found.count + len(uneven_lines)
    if not summary.is_plain or len(uneven_lines) < len(rejects) or not are_all_rows:
        return None
    relation, notes = f"{scan}, ignore_errors = true)", dict[str, int]()
    if found.has_unseen:
        relation, notes = visible_relation(connection, relation, header)
        found = scan_cells(connection, relation, scan_request, header)
    if not summary.ends_with_break:
        _refuse_cut(path, mapping, summary.lines, inside=summary.lines in uneven_lines)
    texts = lines_at(path, mapping.encoding, uneven_lines)
    widths = {line: len(next(csv.reader([text], delimiter=mapping.delimiter))) for line, text in texts.items()}
    unreadable = tuple(_uneven_row(line, widths[line], header) for line in uneven_lines)

    # The number of rows read before each of those that were not.
    read_before = np.array(uneven_lines, dtype=np.int64) - mapping.header_row - 1 - np.arange(len(uneven_lines))

    def lines(positions: np.ndarray) -> np.ndarray:
        return mapping.header_row + positions + np.searchsorted(read_before, positions, side="left")

    return Rows(
        name=path.name,
        header=header,
        relation=relation,
        count=found.count + len(unreadable),
        unreadable=unreadable,
        values=found.values,
        hashes=found.hashes,
        lines=lines,
        personal=personal_columns(header, mapping.personal),
        nameless=found.nameless,
        notes=notes,
        last_line_unfinished=not summary.ends_with_break and found.count > 0,
    )


def _read_irregular(
    path: Path,
    mapping: Mapping,
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
    header: tuple[str, ...],
    header_lines: int,
    scan_request: ScanRequest,
) -> Rows:
    personal = personal_columns(header, mapping.personal)
    stored = ScratchTable(
        scratch / "text.parquet", len(header), personal - set(positions_of(mapping.used_headers(), header))
    )
    unreadable: list[UnreadableRow] = []
    undecodable: list[str] = []
    last = 0
    with open_bytes(path) as file:
        lines = PhysicalLines(file, path, mapping.encoding)
        lines.skip(header_lines)
        for line, cells in _records(path, mapping, lines, len(header)):
            last = line
            if isinstance(cells, str):
                unreadable.append(UnreadableRow(line, "column_count", cells))
            elif len(cells) != len(header):
                unreadable.append(_uneven_row(line, len(cells), header))
            elif not is_text(cells):
                unreadable.append(UnreadableRow(line, "undecodable", f"not {mapping.encoding} text"))
                undecodable += cells[: max(0, _LEGACY_SAMPLE - len(undecodable))]
            else:
                stored.add(line, cells)
        ends_with_break = lines.ends_with_break
    if not ends_with_break and last:
        inside = bool(unreadable) and (unreadable[-1].line, unreadable[-1].code) == (last, "column_count")
        _refuse_cut(path, mapping, last, inside=inside)
    if undecodable:
        first = next(row.line for row in unreadable if row.code == "undecodable")
        _refuse_legacy_bytes(path, first, "the text", undecodable)
    relation = stored.close()
    found = scan_cells(connection, relation, scan_request, header)
    return Rows(
        name=path.name,
        header=header,
        relation=relation,
        count=found.count + len(unreadable),
        unreadable=tuple(unreadable),
        values=found.values,
        hashes=found.hashes,
        lines=stored.lines,
        personal=personal,
        nameless=found.nameless,
        notes=stored.notes,
        last_line_unfinished=not ends_with_break and last > 0,
    )


_LEGACY_SAMPLE = 1_000
"""Undecodable cells that are looked at for Vietnamese of before Unicode."""


def _refuse_legacy_bytes(path: Path, line: int, what: str, cells: Iterable[str]) -> None:
    """Refuse a file of which cells that could not be decoded are Vietnamese of before Unicode."""
    # Each undecodable byte stands as the lone surrogate that `_mark_undecodable` puts in its place.
    texts = ("".join(chr(ord(one) & 0xFF) if _is_lone(one) else one for one in cell) for cell in cells)
    name = legacy_encoding(texts)
    if name:
        raise BadData(f"{path} line {line}: {what} {not_unicode(name)}")


def _is_lone(letter: str) -> bool:
    return _FIRST_SURROGATE <= ord(letter) < _FIRST_SURROGATE + 256


def _records(path: Path, mapping: Mapping, lines: PhysicalLines, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Yield, per row, the line it starts on, and its cells or what is wrong with it."""
    reader = csv.reader(lines, delimiter=mapping.delimiter, strict=True)
    never_closed, last_is_whole = 0, True
    while True:
        start = lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            last_is_whole = False
            if "unexpected end of data" in str(error):
                never_closed = start
            if not lines.push_back_rest_of_record() and never_closed == start:
                break
            yield start, f"a quote where none can stand, or one left open ({error})"
            continue
        if cells:  # an empty line is no row
            last_is_whole = len(cells) == width
            yield start, cells
    # After a stray quote the last line would be a complete row; here it is the rest of the cell that the quote opened.
    if never_closed and not last_is_whole:
        raise BadData(_CUT_OFF.format(path=path, line=never_closed, what=_NEVER_CLOSED))


def _refuse_cut(path: Path, mapping: Mapping, line: int, *, inside: bool) -> None:
    """Refuse a file whose last line has no line break, where that shows that it is cut off."""
    if inside or mapping.ends_with_newline:
        raise BadData(_CUT_OFF.format(path=path, line=line, what=_ENDS_IN_ROW if inside else _NO_LAST_BREAK))


def _uneven_row(line: int, found: int, header: Sequence[str]) -> UnreadableRow:
    return UnreadableRow(line, "column_count", f"{found} columns, {len(header)} were expected as in the header")


_BREAKS = ("\n", "\r")
_FILLING = "\0\x1a"
_CHUNK_BYTES = 1 << 22
_MAX_SEARCHED_LINE = 1 << 17
_FIRST_SURROGATE = 0xDC00


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    # Unlike "surrogateescape" this marks every byte, those below 128 too: half a letter of UTF-16 may hold them.
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(_FIRST_SURROGATE + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("mark_undecodable", _mark_undecodable)


def is_text(cells: list[str]) -> bool:
    """Return whether all bytes of the cells of a row could be decoded."""
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_compressed(path: Path) -> bool:
    """Return whether a file is gzipped, judging by its name."""
    return path.suffix.lower() == ".gz"


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading its bytes, decompressed where it is gzipped.

    Raises
    ------
    BadData
        The compressed file is damaged or cut off.
    """
    with gzip.open(path) if is_compressed(path) else path.open("rb") as file:
        try:
            yield file  # type: ignore[misc]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadData(f"{path}: the compressed file is damaged or cut off ({error})") from error


@dataclass(frozen=True)
class ByteSummary:
    """The properties of a text file that its bytes show before it is read as rows.

    Attributes
    ----------
    lines : int
        Number of physical lines.
    ends_with_break : bool
        Whether the last of them ends with a line break.
    is_plain : bool
        Whether all line breaks are the same, no blanks stand between a quote and the edge of its cell, and there are no
        control characters; such a file can be read in one way only.
    """

    lines: int
    ends_with_break: bool
    is_plain: bool


def summarise_bytes(path: Path, delimiter: str) -> ByteSummary:
    """Return the properties of a text file that its bytes show.

    Parameters
    ----------
    path : Path
        The file, in UTF-8; gzipped or not.
    delimiter : str
        What separates its cells.

    Raises
    ------
    BadData
        It is a compressed file that is damaged or cut off.
    """
    breaks = returns = pairs = 0
    is_blank_near_quote, has_control, last = False, False, b""
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            breaks += chunk.count(b"\n")
            if b"\r" in chunk:
                returns += chunk.count(b"\r")
                pairs += chunk.count(b"\r\n")
            pairs += last == b"\r" and chunk.startswith(b"\n")
            has_control = has_control or has_controls(chunk)
            is_blank_near_quote = is_blank_near_quote or _has_blank_near_quote(last + chunk)
            last = chunk[-1:]
    is_plain = returns == pairs and pairs in (0, breaks) and not has_control
    if is_plain and is_blank_near_quote:
        is_plain = not _has_blank_between_quote_and_edge(path, delimiter)
    return ByteSummary(breaks + (last != b"\n"), last in (b"\n", b"\r"), is_plain)


def _has_blank_near_quote(text: bytes) -> bool:
    if b'"' not in text:
        return False
    # Searching for pairs of letters would take five times as long as everything else.
    letters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(letters == ord('"'))
    before, after = letters[np.maximum(quotes - 1, 0)], letters[np.minimum(quotes + 1, len(letters) - 1)]
    return bool(((before == ord(" ")) | (after == ord(" "))).any())


def _has_blank_between_quote_and_edge(path: Path, delimiter: str) -> bool:
    """Return whether blanks separate a quote from the edge of its cell; True also for a line too long to search."""
    mark = re.escape(delimiter.encode("utf-8"))
    blank_at_quote = re.compile(rb'(?:^|[\n"]|' + mark + rb') +"|" +(?:$|[\r\n]|' + mark + rb")")
    unfinished = b""
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            whole, ended, rest = chunk.rpartition(b"\n")
            unfinished, whole = (rest, unfinished + whole + ended) if ended else (unfinished + rest, b"")
            if len(unfinished) >= _MAX_SEARCHED_LINE or blank_at_quote.search(whole):
                return True
    return blank_at_quote.search(unfinished) is not None


class PhysicalLines:
    """The physical lines of a text as an iterator for the csv module, with lines that can be pushed back.

    Where a quote that is never closed has swallowed rows, reading continues at the line after the quote. What fills a
    file up behind its last line, NULs or the end mark of DOS, is no line.
    """

    def __init__(self, file: IO[bytes], path: Path, encoding: str) -> None:
        self._path = path
        self._text = io.TextIOWrapper(file, encoding=encoding, errors="mark_undecodable", newline="")
        # Windows-1258 has no composed letters, so that decomposed ones are no fault of the data.
        self._compose = codecs.lookup(encoding).name == "cp1258"
        self._pushed_back: deque[str] = deque()
        self._record: list[str] = []
        self.number = 0
        self.ends_with_break = True

    def __iter__(self) -> PhysicalLines:
        return self

    def __next__(self) -> str:
        line = self._pushed_back.popleft() if self._pushed_back else self._read()
        if self._compose:
            line = unicodedata.normalize("NFC", line)
        self._record.append(line)
        self.number += 1
        self.ends_with_break = line.endswith(_BREAKS)
        return line

    def _read(self) -> str:
        line = self._text.readline(MAX_LINE_LETTERS)
        while not line.endswith(_BREAKS):
            if len(line) < MAX_LINE_LETTERS:
                line = line.rstrip(_FILLING)
                if not line:
                    raise StopIteration
                break
            if line.strip(_FILLING):
                raise BadData(
                    f"{self._path} line {self.number + 1}: longer than {MAX_LINE_LETTERS:,} letters; "
                    "a table of text was expected, a line for each row"
                )
            line = self._text.readline(MAX_LINE_LETTERS)
        return line

    def begin_record(self) -> int:
        """Return the number of the line on which the next record starts."""
        self._record.clear()
        return self.number + 1

    def push_back_rest_of_record(self) -> bool:
        """Push back all lines of the record but the first; return whether there were any."""
        rest = self._record[1:]
        self._pushed_back.extendleft(reversed(rest))
        self.number -= len(rest)
        return bool(rest)

    def skip(self, lines: int) -> None:
        """Skip a number of lines."""
        for _ in range(lines):
            next(self, None)


def lines_at(path: Path, encoding: str, wanted: Collection[int]) -> dict[int, str]:
    r"""Return the text of physical lines by their numbers; undecodable bytes show as ``\xNN``.

    Parameters
    ----------
    path : Path
        A text file.
    encoding : str
        Its encoding.
    wanted : collection of int
        1-based numbers of the lines.
    """
    last, numbers = max(wanted, default=0), frozenset(wanted)
    with open_bytes(path) as file, io.TextIOWrapper(file, encoding, errors="backslashreplace", newline="") as text:
        lines = enumerate(islice(text, last), start=1)
        return {number: line.removesuffix("\n").removesuffix("\r") for number, line in lines if number in numbers}
