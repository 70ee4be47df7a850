"""What a workbook says of its cells beside their values: errors, formulas without a result, hidden rows and columns.

calamine gives an empty cell for an error and for a formula that was never calculated, in every format. So the parts of
the file that tell them apart are read here: the XML of XLSX and ODS, the records of XLS. Sources: ECMA-376 part 1
§18.3.1 (XLSX), OpenDocument 1.3 part 3 §9 (ODS), [MS-XLS] §2.4 (XLS).
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

import olefile

Place = tuple[int, int]
"""Row and column of a cell, counted from 0."""


_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises on a damaged archive, and on one with a compression or encryption that it does not know."""


ERROR_TEXT = (
    r"#(REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)"
    r"|Err:[0-9]{3}"
)
"""Matches what a spreadsheet shows for an error; in a file saved from one as text it is all that is left of it."""


@dataclass
class SheetMarks:
    """What a sheet says of its cells beside their values.

    Attributes
    ----------
    errors : dict
        Cells that hold an error → the error, such as ``#REF!``.
    results : dict
        Cells with a formula → whether it has a result that calculating it gave.
    hidden_rows, hidden_columns : set of int
        Rows and columns that are hidden, counted from 0.
    """

    errors: dict[Place, str] = field(default_factory=dict)
    results: dict[Place, bool] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def is_legacy(path: Path) -> bool:
    """Return whether a file is a compound file, as legacy XLS is, judging by its first bytes."""
    return bool(olefile.isOleFile(str(path)))


def is_binary_xlsx(path: Path) -> bool:
    """Return whether a workbook is XLSB, whose parts are no XML."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.bin" in archive.namelist()
    except _ZIP_FAULTS:
        return False


def read_marks(path: Path, sheet: str, index: int) -> SheetMarks:
    """Return what a sheet says of its cells beside their values.

    Parameters
    ----------
    path : Path
        An XLSX, XLSM, ODS or XLS workbook that calamine can open.
    sheet : str
        Name of the sheet.
    index : int
        Its place among the sheets, from 0.

    Raises
    ------
    ValueError
        The file is damaged: a part is missing, or cannot be parsed.
    """
    try:
        if is_legacy(path):
            return _marks_of_xls(path, index)
        with zipfile.ZipFile(path) as archive:
            if "content.xml" in archive.namelist():
                return _marks_of_ods(archive, sheet)
            return _marks_of_xlsx(archive, sheet)
    except (LookupError, StopIteration, OSError, struct.error, expat.ExpatError, *_ZIP_FAULTS) as error:
        raise ValueError(str(error) or type(error).__name__) from error
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error


# XLSX

_PIECE = 1 << 20
_TELLING = re.compile(rb"""t\s*=\s*["']e["']|<f|:f|hidden|\0""")
"""Matches what a sheet has where it has errors, formulas, hidden rows or columns, or letters of two bytes, among which
this is not seen; most sheets have none of them."""


def _marks_of_xlsx(archive: zipfile.ZipFile, sheet: str) -> SheetMarks:
    part, is_recalculated = _xlsx_sheet(archive, sheet)
    with archive.open(part) as file:
        if not _has(file, _TELLING):
            return SheetMarks()
    reader = _XlsxSheet(is_recalculated)
    with archive.open(part) as file:
        _parse(file, reader.start, reader.end, reader.text)
    return reader.marks


def _xlsx_sheet(archive: zipfile.ZipFile, sheet: str) -> tuple[str, bool]:
    """Return the part that holds a sheet, and whether all formulas wait to be calculated when the book is opened.

    Libraries that write formulas without calculating them ask for that; Excel and LibreOffice do not.
    """
    relations = ElementTree.fromstring(archive.read("_rels/.rels"))
    book = next(one.get("Target", "") for one in relations if one.get("Type", "").endswith("/officeDocument"))
    book = book.lstrip("/")
    content = ElementTree.fromstring(archive.read(book))
    relation_of = {}
    is_recalculated = False
    for one in content.iter():
        name = _local(one.tag)
        if name == "sheet":
            relation_of[one.get("name")] = next(value for key, value in one.items() if key.endswith("}id"))
        if name == "calcPr":
            is_recalculated = one.get("fullCalcOnLoad") in ("1", "true")
    folder = PurePosixPath(book).parent
    targets = ElementTree.fromstring(archive.read(str(folder / "_rels" / f"{PurePosixPath(book).name}.rels")))
    target = next(one.get("Target", "") for one in targets if one.get("Id") == relation_of[sheet])
    return target.lstrip("/") if target.startswith("/") else str(folder / target), is_recalculated


class _XlsxSheet:
    """The handlers of one sheet's XML."""

    def __init__(self, is_recalculated: bool) -> None:
        self.marks = SheetMarks()
        self._is_recalculated = is_recalculated
        self._row = self._column = -1
        self._kind = ""
        self._has_formula = self._is_value = False
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            if "r" in attributes:
                self._row, self._column = _place(attributes["r"])
            else:
                self._column += 1
            self._kind, self._has_formula, self._value = attributes.get("t", "n"), False, ""
        elif name == "v":
            self._is_value = True
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.marks.hidden_rows.add(self._row)
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            self.marks.hidden_columns.update(range(int(attributes["min"]) - 1, int(attributes["max"])))

    def text(self, text: str) -> None:
        if self._is_value:
            self._value += text

    def end(self, name: str) -> None:
        if name == "v":
            self._is_value = False
        elif name == "c" and (self._has_formula or self._kind == "e"):
            if self._kind == "e":
                self.marks.errors[self._row, self._column] = self._value or "#ERROR"
            if self._has_formula:
                # A formula whose result is an empty text says that its result is text.
                has_result = bool(self._value) or self._kind == "str"
                is_placeholder = self._is_recalculated and self._value in ("", "0")
                self.marks.results[self._row, self._column] = has_result and not is_placeholder


def _place(reference: str) -> Place:
    """Return row and column of a cell by its reference: ``B3`` → 2, 1."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1


# ODS


def _marks_of_ods(archive: zipfile.ZipFile, sheet: str) -> SheetMarks:
    reader = _OdsContent(sheet)
    with archive.open("content.xml") as file:
        _parse(file, reader.start, reader.end, reader.words)
    return reader.marks


class _OdsContent:
    """The handlers of the XML of all sheets, which note what stands in one of them."""

    def __init__(self, sheet: str) -> None:
        self.marks = SheetMarks()
        self._sheet = sheet
        self._is_here = False
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._header_column = 0
        self._cell: dict[str, str] = {}
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self._is_here = _attribute(attributes, "name") == self._sheet
            self._row = self._header_column = 0
        if not self._is_here:
            return
        if name == "table-column":
            columns = int(_attribute(attributes, "number-columns-repeated") or 1)
            # What is repeated to the edge of the sheet is nothing.
            if _attribute(attributes, "visibility") in _ODS_HIDDEN and columns < _ODS_EDGE:
                self.marks.hidden_columns.update(range(self._header_column, self._header_column + columns))
            self._header_column += columns
        elif name == "table-row":
            self._rows, self._column = int(_attribute(attributes, "number-rows-repeated") or 1), 0
            if _attribute(attributes, "visibility") in _ODS_HIDDEN and self._rows < _ODS_EDGE:
                self.marks.hidden_rows.update(range(self._row, self._row + self._rows))
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._text = attributes, ""
            self._columns = int(_attribute(attributes, "number-columns-repeated") or 1)

    def words(self, text: str) -> None:
        if self._is_here:
            self._text += text

    def end(self, name: str) -> None:
        if not self._is_here:
            return
        if name == "table":
            self._is_here = False
        elif name == "table-row":
            self._row += self._rows
        elif name in ("table-cell", "covered-table-cell"):
            self._note_cell()
            self._column += self._columns

    def _note_cell(self) -> None:
        formula, kinds = (
            _attribute(self._cell, "formula"),
            [v for k, v in self._cell.items() if k.endswith("value-type")],
        )
        text = self._text.strip()
        is_error = "error" in kinds or (formula is not None and re.fullmatch(ERROR_TEXT, text) is not None)
        if formula is None and not is_error:
            return
        for row in range(self._row, self._row + min(self._rows, _ODS_EDGE)):
            for column in range(self._column, self._column + min(self._columns, _ODS_EDGE)):
                if is_error:
                    self.marks.errors[row, column] = text or "#ERROR"
                if formula is not None:
                    self.marks.results[row, column] = bool(kinds)


_ODS_HIDDEN = ("collapse", "filter")
_ODS_EDGE = 16_384


def _attribute(attributes: dict[str, str], name: str) -> str | None:
    return next((value for key, value in attributes.items() if key.rpartition(" ")[2] == name), None)


# XLS

_XLS_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_BOUNDSHEET, _FORMULA, _BOOLERR, _ROW, _COLINFO, _EOF = 0x85, (0x06, 0x206, 0x406), 0x205, 0x208, 0x7D, 0x0A


def _marks_of_xls(path: Path, index: int) -> SheetMarks:
    with olefile.OleFileIO(str(path)) as compound:
        name = next(one for one in ("Workbook", "Book") if compound.exists(one))
        content = compound.openstream(name).read()
    marks = SheetMarks()
    for kind, body in _records(content, _start_of_sheet(content, index)):
        if kind in _FORMULA:
            row, column = struct.unpack_from("<HH", body)
            result = body[6:14]
            is_number = result[6:8] != b"\xff\xff"
            if not is_number and result[0] == 2:
                marks.errors[row, column] = _XLS_ERRORS.get(result[2], "#ERROR")
            marks.results[row, column] = is_number or result[0] != 3
        elif kind == _BOOLERR:
            row, column, _, value, is_error = struct.unpack_from("<HHHBB", body)
            if is_error:
                marks.errors[row, column] = _XLS_ERRORS.get(value, "#ERROR")
        elif kind == _ROW and struct.unpack_from("<H", body, 12)[0] & 0x20:
            marks.hidden_rows.add(struct.unpack_from("<H", body)[0])
        elif kind == _COLINFO and struct.unpack_from("<H", body, 8)[0] & 1:
            first, last = struct.unpack_from("<HH", body)
            marks.hidden_columns.update(range(first, last + 1))
    # An empty text may be a result. Where no formula has any other, none was calculated.
    if any(marks.results.values()):
        marks.results = dict.fromkeys(marks.results, True)
    return marks


def _records(content: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of one substream up to its end: kind and body. Charts inside it are substreams of their own."""
    at, depth = start, 0
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, at)
        depth += (kind & 0xFF) == 0x09
        depth -= kind == _EOF
        if depth == 0:
            return
        if depth == 1:
            yield kind, content[at + 4 : at + 4 + length]
        at += 4 + length


def _start_of_sheet(content: bytes, index: int) -> int:
    sheets = [body for kind, body in _records(content, 0) if kind == _BOUNDSHEET]
    return int(struct.unpack_from("<I", sheets[index])[0])


# XML


def _parse(
    file: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Parse XML, piece by piece, calling the handlers with the names of elements as they are without their prefix."""
    local: dict[str, str] = {}

    def name_of(name: str) -> str:
        return local.get(name) or local.setdefault(name, name.rpartition(" ")[2])

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name_of(name), attributes)
    parser.EndElementHandler = lambda name: end(name_of(name))
    parser.CharacterDataHandler = text
    parser.ParseFile(file)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _has(file: IO[bytes], wanted: re.Pattern[bytes]) -> bool:
    """Return whether a file has something a pattern matches; what lies across two pieces is found, too."""
    before = b""
    while piece := file.read(_PIECE):
        if wanted.search(before + piece):
            return True
        before = piece[-16:]
    return False
