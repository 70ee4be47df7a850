"""Columns about persons: told by their headers, and dropped at the door."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.data.sql import composed, parquet

HIDDEN = "…"
"""Stands in raw text for what was dropped at the door."""

_WORDS = re.compile(
    r"\b("
    # Vietnamese: the person, the holder, the official
    r"ho( va)? ten|ho dem|ten (nguoi|chu|cong dan|ca nhan|to chuc|khach hang|dai dien)|ca nhan|cong dan|khach hang"
    r"|nguoi (nop|nhan|gui|yeu cau|lien he|dai dien|duoc|uy quyen|thu|xu ly|tiep|tao|ky|dang|su dung|khai|mua|ban|lap)"
    r"|chu (ho|dau tu|so huu|su dung|the|don)|can bo|chuyen vien|nhan vien"
    # where and how to find them
    r"|dia chi|noi o|cho o|noi cu tru|thuong tru|tam tru|ho khau|que quan|dien thoai|di dong|so dt|sdt|dtdd|zalo"
    r"|email|e mail|thu dien tu"
    # numbers and facts of a person
    r"|cmnd|cmtnd|cmt|cccd|can cuoc|ho chieu|so dinh danh|ngay sinh|nam sinh|gioi tinh|ma so thue|mst|so tai khoan"
    # English
    r"|(first|last|full|middle|given|family|person|customer|client|citizen|user|staff|officer)s? name"
    r"|surname|username|applicants?|owners?|licensees?|permittees?|complainants?|request[eo]rs?|petitioners?|contractor"
    r"|contact|residents?|tenants?|submitter|inspector|(created|submitted|reported|filed|signed|assigned|received) by"
    r"|address(es)?|street|house (no|number)|phones?|telephone|mobile|fax"
    r"|passport|date of birth|birth ?(date|day|year)|dob|ssn|social security|national id|id card|gender|sex"
    r")\b"
    r"|^nguoi\b|^(ten|name)$"
)
"""Of a header in lower-case words without diacritics."""

_STEMS = re.compile(
    r"hoten|hovaten|tennguoi|tenchu|tencanhan|tencongdan|nguoinop|nguoinhan|nguoilienhe|nguoidaidien|nguoiyeucau"
    r"|nguoiduoc|uyquyen|chuhoso|chuhs|chusohuu|diachi(?!nh)|thuongtru|tamtru|hokhau|dienthoai|didong|thudientu"
    r"|cmnd|cmtnd|cccd|cancuoc|hochieu|sodinhdanh|ngaysinh|namsinh|gioitinh|masothue"
    r"|applicant|fullname|firstname|lastname|surname|phonenumber|telephone|mobilenumber|emailaddr|passport|dateofbirth"
)
"""Of a header written in one word, ``SODIENTHOAI``; only what is long enough to stand in no other word."""


def is_personal(header: str) -> bool:
    """Return whether a header names something about a person, however it is written: ``NguoiNop``, ``NGƯỜI NỘP``."""
    text = unicodedata.normalize("NFD", header.replace("Đ", "D").replace("đ", "d"))
    plain = "".join(letter for letter in text if not unicodedata.combining(letter))
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain).lower()
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’]s\b", "", apart)).strip()
    return bool(_WORDS.search(words) or _STEMS.search(words.replace(" ", "")))


def personal_columns(header: Sequence[str], listed: Collection[str]) -> frozenset[int]:
    """Return which columns of a header are about persons.

    A column without a name belongs to the one before it: that is how a header merged over several columns arrives.

    Parameters
    ----------
    header : sequence of str
        Folded headers.
    listed : collection of str
        Those the mapping says are about persons.
    """
    found: set[int] = set()
    for at, name in enumerate(header):
        if is_personal(name) or name in listed or (not name and at - 1 in found):
            found.add(at)
    return frozenset(found)


def hide_in_row(raw: str, delimiter: str, columns: Collection[int]) -> str:
    """Return the text of a row with the cells of some of its columns hidden."""
    if not columns:
        return raw
    cells = next(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter), [])
    out = io.StringIO()
    hidden = [HIDDEN if at in columns else cell for at, cell in enumerate(cells)]
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(hidden)
    return out.getvalue().removesuffix("\n")


BATCH = 50_000
"""Rows held in memory at once while a file is brought into scratch."""

_STREAMED = 1_000_000
"""Rows that pass at a time when only a few bytes of each are looked at."""

MOST_VALUES = 100_000
"""Different values of a column that are listed; a column of codes with more of them is not one."""


@dataclass(frozen=True)
class Broken:
    """A row that cannot be cut into the header's columns.

    Attributes
    ----------
    line : int
        1-based physical line on which it starts.
    code : str
        See `analysis.data.ingest.fault_codes`.
    reason : str
        What is wrong with this row.
    """

    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """A received file that DuckDB can scan, in the file's order and as often as needed, every cell as text.

    Attributes
    ----------
    name : str
        Name of the file; of a sheet or relation that the mapping names, ``file:relation``.
    header : tuple of str
        Its headers, folded; cell i of a row is the column ``c{i}``.
    relation : str
        What stands after FROM: the rows that are not broken, in the file's order, with the columns ``c0``, ``c1``, …;
        empty cells are empty or missing.
    count : int
        Rows that came in, the broken ones included.
    broken : tuple of Broken
        Rows that could not be read, in the file's order.
    values : dict of int to list
        Every distinct value of the columns asked for, up to one more than `MOST_VALUES`.
    hashes : tuple of np.ndarray
        Per column of identifiers asked for: the hash of each identifier's key, in no order.
    lines : callable
        From positions among those rows, counted from 1, to the physical lines they start on.
    raw : callable
        From physical lines to the text that stands there, what is about persons hidden.
    personal : frozenset of int
        Columns about persons.
    last_line_unfinished : bool
        The last row ends without a line break.
    """

    name: str
    header: tuple[str, ...]
    relation: str
    count: int
    broken: tuple[Broken, ...]
    values: dict[int, list[str]]
    lines: Callable[[np.ndarray], np.ndarray]
    raw: Callable[[Sequence[int]], dict[int, str]]
    hashes: tuple[np.ndarray, ...] = ()
    personal: frozenset[int] = frozenset()
    last_line_unfinished: bool = False


@dataclass(frozen=True)
class Asked:
    """What is wanted of the cells of all rows before one of them is judged.

    Attributes
    ----------
    listed : tuple of str
        Headers of the columns whose distinct values are wanted.
    identifiers : tuple of str
        Headers of the columns that identify a case: the system's own, then another system's where there is one.
    key : callable
        From SQL of an identifier to SQL of its key: what two rows of one case have in common.
    """

    listed: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    key: Callable[[str], str] = str


@dataclass(frozen=True)
class Seen:
    """What one scan of all cells found: see `Rows`."""

    count: int
    values: dict[int, list[str]]
    hashes: tuple[np.ndarray, ...]


def fold_header(name: object) -> str:
    """Return a header as mappings write it: composed letters, white space folded to single blanks."""
    return " ".join(unicodedata.normalize("NFC", str(name or "")).split())


def positions_of(headers: Iterable[str], header: Sequence[str]) -> list[int]:
    """Return where headers stand, the first place of each; one that is not there has none."""
    return [header.index(name) for name in headers if name in header]


@dataclass
class Scratch:
    """Rows of text written to a Parquet file as they are read, with the line each starts on.

    Attributes
    ----------
    path : Path
        The file.
    width : int
        Cells in a row.
    left_out : collection of int
        Columns that are not written: what is about persons does not even get into scratch.
    """

    path: Path
    width: int
    left_out: Collection[int] = ()
    _writer: pq.ParquetWriter | None = None
    _pending: list[tuple[int, Sequence[str | None]]] = field(default_factory=list)
    _written: int = 0

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        """Write one row; empty cells become missing."""
        self._pending.append((line, cells))
        if len(self._pending) == BATCH:
            self._flush()

    def close(self) -> str:
        """Write what is pending and return the relation DuckDB scans."""
        self._flush()
        assert self._writer is not None
        self._writer.close()
        return parquet(self.path)

    def lines(self, positions: np.ndarray) -> np.ndarray:
        """Return the lines on which rows start, by their positions."""
        return pq.read_table(self.path, columns=["line"])["line"].to_numpy()[positions - 1]

    def _flush(self) -> None:
        first, rows = self._written + 1, len(self._pending)
        columns: dict[str, pa.Array] = {
            "n": pa.array(range(first, first + rows), pa.int64()),
            "line": pa.array([line for line, _ in self._pending], pa.int64()),
        }
        for at in range(self.width):
            cells = [None] * rows if at in self.left_out else [cells[at] or None for _, cells in self._pending]
            columns[f"c{at}"] = pa.array(cells, pa.string())
        table = pa.table(columns)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="lz4")
        self._writer.write_table(table)
        self._written += rows
        self._pending = []


def look_through(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    asked: Asked,
    header: Sequence[str],
    *,
    touching: Iterable[int] = (),
) -> Seen:
    """Return how many rows a relation has and what is asked of their cells.

    Of a column with more than `MOST_VALUES` distinct values, one more than that is returned and the rest left where it
    is. Columns to touch are read too, so that what cannot be read in them comes to light.
    """
    listed, touched = sorted(set(positions_of(asked.listed, header))), sorted(touching)
    lists = "".join(f", list(DISTINCT c{at})[1:{MOST_VALUES + 1}]" for at in listed)
    counts = "".join(f", count(c{at})" for at in touched)
    # All is fetched, because DuckDB writes down what it could not read only when a query has run to its end.
    ((count, *found),) = connection.execute(f"SELECT count(*){lists}{counts} FROM {relation}").fetchall()
    values = dict(zip(listed, found, strict=False))
    filled = dict(zip(touched, found[len(listed) :], strict=True))
    identifiers = [at for at in positions_of(asked.identifiers, header) if filled.get(at) != 0]
    return Seen(
        count=count,
        values={at: sorted(filter(None, some or [])) for at, some in values.items()},
        hashes=_hashes(connection, relation, [f"c{at}" for at in identifiers], asked.key),
    )


def _hashes(
    connection: duckdb.DuckDBPyConnection, relation: str, cells: Sequence[str], key: Callable[[str], str]
) -> tuple[np.ndarray, ...]:
    """Return the hashes of each column of identifiers.

    One that equals the identifier before it in its row has none of its own: it says nothing new. They stream by, since
    gathering them in SQL takes many times their size; the file is read once more for them, these columns only.
    """
    if not cells:
        return ()
    ids = ", ".join(f"{composed(cell)} AS id_{cell}" for cell in cells)
    keys = ", ".join(f"{key(f'id_{cell}')} AS key_{cell}" for cell in cells)
    hashed = ", ".join(
        f"CASE WHEN key_{cell} {f'<> key_{before}' if before else 'IS NOT NULL'} THEN hash(key_{cell}) END AS {cell}"
        for before, cell in zip([None, *cells], cells, strict=False)
    )
    query = f"SELECT {hashed} FROM (SELECT {keys} FROM (SELECT {ids} FROM {relation}))"
    batches = list(connection.sql(query).to_arrow_reader(_STREAMED))
    return tuple(
        np.concatenate([np.empty(0, np.uint64), *(batch[cell].drop_null().to_numpy() for batch in batches)])
        for cell in cells
    )


def joined_cells(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    header: Sequence[str],
    positions: Sequence[int],
    hidden: Collection[int],
) -> dict[int, str]:
    """Return rows that have no line of text of their own as ``header=cell; …``, by position."""
    cells = ", ".join(f"c{at}" for at in range(len(header)))
    found = connection.execute(
        f"SELECT n, {cells} FROM {relation} WHERE n IN (SELECT unnest(?))", [list(positions)]
    ).fetchall()
    return {
        n: "; ".join(
            f"{name}={HIDDEN if at in hidden else '' if cell is None else cell}"
            for at, (name, cell) in enumerate(zip(header, row, strict=True))
        )
        for n, *row in found
    }
