"""Files of text, byte by byte and line by line: what is counted, what cannot be decoded, what stands on a line."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import unicodedata
import zlib
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

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


def lines_at(path: Path, encoding: str, wanted: Collection[int], span: Mapping[int, int]) -> dict[int, str]:
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
