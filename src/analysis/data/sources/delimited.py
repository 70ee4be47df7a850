"""Files of text, byte by byte and line by line: what is counted, what cannot be decoded, what stands on a line."""

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
from pathlib import Path
from typing import IO

import duckdb
import numpy as np

from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import (
    HIDDEN,
    Asked,
    Broken,
    Rows,
    Scratch,
    fold_header,
    hide_in_row,
    look_through,
    personal_columns,
    positions_of,
)
from analysis.data.sql import file_literal, literal
from analysis.faults import BadData

_CHUNK = 1 << 22
_LONGEST_LINE = 1 << 17
_FIRST_SURROGATE = 0xDC00


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    # Unlike "surrogateescape" this marks every byte, those below 128 too: half a letter of UTF-16 may hold them.
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(_FIRST_SURROGATE + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("mark_undecodable", _mark_undecodable)


def is_text(cells: list[str]) -> bool:
    """Return whether all bytes of these cells could be decoded."""
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_compressed(path: Path) -> bool:
    """Return whether a file is decompressed as it is read: its name says so."""
    return path.suffix.lower() == ".gz"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed.

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
class Survey:
    """What the bytes of a text file tell before it is read as rows.

    Attributes
    ----------
    lines : int
        Physical lines.
    ends_with_break : bool
        The last of them is ended.
    is_plain : bool
        All its line breaks are the same, and no quote stands next to blanks at the edge of a cell: then there is one
        way only to read it.
    """

    lines: int
    ends_with_break: bool
    is_plain: bool


def survey(path: Path, delimiter: str) -> Survey:
    """Return what the bytes of a file tell.

    Raises
    ------
    BadData
        It is a compressed file that is damaged.
    """
    breaks = returns = pairs = 0
    is_blank_near_quote, last = False, b""
    with opened(path) as file:
        while chunk := file.read(_CHUNK):
            breaks += chunk.count(b"\n")
            if b"\r" in chunk:
                returns += chunk.count(b"\r")
                pairs += chunk.count(b"\r\n")
            pairs += last == b"\r" and chunk.startswith(b"\n")
            is_blank_near_quote = is_blank_near_quote or _has_blank_near_quote(last + chunk)
            last = chunk[-1:]
    is_plain = returns == pairs and pairs in (0, breaks)
    if is_plain and is_blank_near_quote:
        is_plain = not _has_blank_between_quote_and_edge(path, delimiter)
    return Survey(breaks + (last != b"\n"), last in (b"\n", b"\r"), is_plain)


def _has_blank_near_quote(text: bytes) -> bool:
    if b'"' not in text:
        return False
    # Searching for two letters at once would take five times as long as all the rest.
    letters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(letters == ord('"'))
    before, after = letters[np.maximum(quotes - 1, 0)], letters[np.minimum(quotes + 1, len(letters) - 1)]
    return bool(((before == ord(" ")) | (after == ord(" "))).any())


def _has_blank_between_quote_and_edge(path: Path, delimiter: str) -> bool:
    """Return whether a quote is parted by blanks from the edge of its cell; of a line too long to hold, True."""
    mark = re.escape(delimiter.encode("utf-8"))
    blank_at_quote = re.compile(rb'(?:^|[\n"]|' + mark + rb') +"|" +(?:$|[\r\n]|' + mark + rb")")
    begun = b""
    with opened(path) as file:
        while chunk := file.read(_CHUNK):
            whole, ended, rest = chunk.rpartition(b"\n")
            begun, whole = (rest, begun + whole + ended) if ended else (begun + rest, b"")
            if len(begun) >= _LONGEST_LINE or blank_at_quote.search(whole):
                return True
    return blank_at_quote.search(begun) is not None


class PhysicalLines:
    """The physical lines of a text, for the csv module, which can be given back.

    Where a quote that is never closed has swallowed rows, reading goes on at the line after it.
    """

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._text = io.TextIOWrapper(file, encoding=encoding, errors="mark_undecodable", newline="")
        # Windows-1258 has no composed letters: to find them apart says nothing about the data.
        self._compose = codecs.lookup(encoding).name == "cp1258"
        self._back: deque[str] = deque()
        self._record: list[str] = []
        self.number = 0
        self.ends_with_break = True

    def __iter__(self) -> PhysicalLines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._text)
        if self._compose:
            line = unicodedata.normalize("NFC", line)
        self._record.append(line)
        self.number += 1
        self.ends_with_break = line.endswith(("\n", "\r"))
        return line

    def begin_record(self) -> int:
        """Return the number of the line on which the next record starts."""
        self._record.clear()
        return self.number + 1

    def end_record_on_its_first_line(self) -> bool:
        """Give back all lines of the record but the first; return whether there were any."""
        given_back = self._record[1:]
        self._back.extendleft(reversed(given_back))
        self.number -= len(given_back)
        return bool(given_back)

    def skip(self, lines: int) -> None:
        """Leave lines out."""
        for _ in range(lines):
            next(self, None)


def lines_at(path: Path, encoding: str, wanted: Collection[int], span: dict[int, int]) -> dict[int, str]:
    r"""Return the text that starts on physical lines; bytes that are no text in the encoding show as ``\xNN``.

    Parameters
    ----------
    path : Path
        A text file.
    encoding : str
        How it is written.
    wanted : collection of int
        1-based lines on which rows start.
    span : mapping
        How many lines a row takes, where that is not one.
    """
    found: dict[int, str] = {}
    with opened(path) as file, io.TextIOWrapper(file, encoding, errors="backslashreplace", newline="") as text:
        lines = enumerate(text, start=1)
        for start in sorted(set(wanted)):
            last = start + span.get(start, 1) - 1
            found[start] = "".join(_through(lines, start, last)).removesuffix("\n").removesuffix("\r")
    return found


def _through(lines: Iterator[tuple[int, str]], first: int, last: int) -> Iterator[str]:
    for number, content in lines:
        if number >= first:
            yield content
        if number >= last:
            return


_LONGEST_ROW = csv.field_size_limit()
"""Bytes; what no row of a one-stop system reaches, and where the csv module gives up on a quote left open."""

_IN_NO_CELL = "\n"
"""Text for missing cells: a file with it in a cell is not regular. Were it empty, which is DuckDB's own choice, a row
with empty cells too many would pass."""

_CUT = "{path} line {line}: {what}; is it cut off? Ask for the whole file"
_ENDS_IN_ROW = "the file ends inside a row"
_NO_LAST_BREAK = "the file ends without the line break the mapping promises"
_NEVER_CLOSED = "a quote opened here is never closed, so the file ends inside a row"


def read_delimited(
    path: Path, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, asked: Asked
) -> Rows:
    """Return the rows of a delimited text file.

    A regular file (UTF-8, one row a line, every quote closed on its line) is scanned by DuckDB where it lies. Any other
    is read by Python's csv module into a scratch file first; the two agree row by row, which a test holds them to.
    Regular means that the lines counted in the file are the rows DuckDB found, so that nothing can have been swallowed.

    An empty line is no row. A row with a quote where none can stand is rejected alone: reading goes on at the next
    line, so that it swallows none of the rows after it.

    Parameters
    ----------
    path : Path
        The file; ``.gz`` is decompressed as it is read.
    mapping : Mapping
        How it is written.
    connection : duckdb.DuckDBPyConnection
        What scans it.
    scratch : Path
        Folder for the scratch file.
    asked : Asked
        What is wanted of the cells of all rows.

    Raises
    ------
    BadData
        The file is empty, has no header, ends inside a row, or is no text in the declared encoding at all. A file cut
        off exactly where a row ends is whole as far as anybody can tell.
    """
    header, header_lines = _header(path, mapping)
    is_utf8 = codecs.lookup(mapping.encoding).name == "utf-8-sig"
    if is_utf8 and header_lines == mapping.header_row and len(header) > 1:
        # The bytes are surveyed while DuckDB reads: most files are regular, and what it read of others is left.
        with ThreadPoolExecutor(max_workers=1) as beside:
            surveying = beside.submit(survey, path, mapping.delimiter)
            regular = _read_regular(path, mapping, connection, header, surveying, asked)
        if regular is not None:
            return regular
    return _read_irregular(path, mapping, connection, scratch, header, header_lines, asked)


def _header(path: Path, mapping: Mapping) -> tuple[tuple[str, ...], int]:
    """Return the header and how many physical lines end with it."""
    with opened(path) as file:
        lines = PhysicalLines(file, mapping.encoding)
        lines.skip(mapping.header_row - 1)
        try:
            cells = next(csv.reader(lines, delimiter=mapping.delimiter, strict=True), [])
        except csv.Error as error:
            raise BadData(f"{path} line {mapping.header_row}: the header does not end properly ({error})") from error
        if not is_text(cells):
            raise BadData(f"{path} line {mapping.header_row}: the header is not {mapping.encoding} text")
        if not lines.number:
            raise BadData(f"{path}: the file is empty")
        header = tuple(map(fold_header, cells))
        if not any(header):
            raise BadData(f"{path} line {mapping.header_row}: a header was expected, the line is empty")
        return header, lines.number


def _read_regular(
    path: Path,
    mapping: Mapping,
    connection: duckdb.DuckDBPyConnection,
    header: tuple[str, ...],
    surveying: Future[Survey],
    asked: Asked,
) -> Rows | None:
    """Return the rows as DuckDB reads them, or None where the lines show that it may have read them otherwise."""
    names = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(header)))
    scan = (
        f"read_csv({file_literal(path)}, columns = {{{names}}}, header = false, skip = {mapping.header_row}, "
        f"auto_detect = false, compression = '{'gzip' if is_compressed(path) else 'none'}', "
        f"delim = {literal(mapping.delimiter)}, quote = '\"', escape = '\"', nullstr = '{_IN_NO_CELL}', "
        f"strict_mode = true, max_line_size = {_LONGEST_ROW}"
    )
    try:
        connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        stored = f"{scan}, store_rejects = true, rejects_limit = 0)"
        # DuckDB looks for bytes that are no text in the columns asked for only: it is asked for all.
        seen = look_through(connection, stored, asked, header, touching=range(len(header)))
        rejects = connection.execute("SELECT DISTINCT line, error_type FROM reject_errors ORDER BY line").fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return None
    surveyed = surveying.result()
    uneven = [line for line, kind in rejects if kind in ("MISSING COLUMNS", "TOO MANY COLUMNS")]
    are_all_rows = surveyed.lines - mapping.header_row == seen.count + len(uneven)
    if not surveyed.is_plain or len(uneven) < len(rejects) or not are_all_rows:
        return None
    if not surveyed.ends_with_break:
        _refuse_cut(path, mapping, surveyed.lines, inside=surveyed.lines in uneven)
    texts = lines_at(path, mapping.encoding, uneven, {})
    widths = {line: len(next(csv.reader([text], delimiter=mapping.delimiter))) for line, text in texts.items()}
    broken = tuple(_uneven(line, widths[line], header) for line in uneven)

    # How many rows were read before each of those that were not.
    read_before = np.array(uneven, dtype=np.int64) - mapping.header_row - 1 - np.arange(len(uneven))

    def lines(positions: np.ndarray) -> np.ndarray:
        return mapping.header_row + positions + np.searchsorted(read_before, positions, side="left")

    return Rows(
        name=path.name,
        header=header,
        relation=f"{scan}, ignore_errors = true)",
        count=seen.count + len(broken),
        broken=broken,
        values=seen.values,
        hashes=seen.hashes,
        lines=lines,
        raw=lambda wanted: _raw(path, mapping, header, wanted, {}, broken),
        personal=personal_columns(header, mapping.personal),
        last_line_unfinished=not surveyed.ends_with_break and seen.count > 0,
    )


def _read_irregular(
    path: Path,
    mapping: Mapping,
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
    header: tuple[str, ...],
    header_lines: int,
    asked: Asked,
) -> Rows:
    personal = personal_columns(header, mapping.personal)
    kept = Scratch(scratch / "text.parquet", len(header), personal - set(positions_of(mapping.taken(), header)))
    broken: list[Broken] = []
    spans: dict[int, int] = {}
    last = 0
    with opened(path) as file:
        lines = PhysicalLines(file, mapping.encoding)
        lines.skip(header_lines)
        for line, cells in _records(path, mapping, lines, len(header)):
            last = line
            if lines.number > line:
                spans[line] = lines.number - line + 1
            if isinstance(cells, str):
                broken.append(Broken(line, "column_count", cells))
            elif len(cells) != len(header):
                broken.append(_uneven(line, len(cells), header))
            elif not is_text(cells):
                broken.append(Broken(line, "undecodable", f"not {mapping.encoding} text"))
            else:
                kept.add(line, cells)
        ends_with_break = lines.ends_with_break
    if not ends_with_break and last:
        inside = bool(broken) and (broken[-1].line, broken[-1].code) == (last, "column_count")
        _refuse_cut(path, mapping, last, inside=inside)
    relation = kept.close()
    seen = look_through(connection, relation, asked, header)
    return Rows(
        name=path.name,
        header=header,
        relation=relation,
        count=seen.count + len(broken),
        broken=tuple(broken),
        values=seen.values,
        hashes=seen.hashes,
        lines=kept.lines,
        raw=lambda wanted: _raw(path, mapping, header, wanted, spans, broken),
        personal=personal,
        last_line_unfinished=not ends_with_break and last > 0,
    )


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
            if not lines.end_record_on_its_first_line() and never_closed == start:
                break
            yield start, f"a quote where none can stand, or one left open ({error})"
            continue
        if cells:  # an empty line is no row
            last_is_whole = len(cells) == width
            yield start, cells
    # Had the quote been a stray one, the last line would be a row; it is the rest of the cell that the quote opened.
    if never_closed and not last_is_whole:
        raise BadData(_CUT.format(path=path, line=never_closed, what=_NEVER_CLOSED))


def _refuse_cut(path: Path, mapping: Mapping, line: int, *, inside: bool) -> None:
    """Refuse a file whose last line has no line break, when that shows it is cut off."""
    if inside or mapping.ends_with_newline:
        raise BadData(_CUT.format(path=path, line=line, what=_ENDS_IN_ROW if inside else _NO_LAST_BREAK))


def _uneven(line: int, found: int, header: Sequence[str]) -> Broken:
    return Broken(line, "column_count", f"{found} columns, {len(header)} were expected as in the header")


def _raw(
    path: Path,
    mapping: Mapping,
    header: Sequence[str],
    wanted: Sequence[int],
    spans: dict[int, int],
    broken: Iterable[Broken],
) -> dict[int, str]:
    """Return the text on lines; where it cannot be cut into columns, nobody knows what in it is about persons."""
    texts = lines_at(path, mapping.encoding, wanted, spans)
    personal = personal_columns(header, mapping.personal)
    if not personal:
        return texts
    uncut = {one.line for one in broken}
    return {
        line: HIDDEN if line in uncut else hide_in_row(text, mapping.delimiter, personal)
        for line, text in texts.items()
    }
