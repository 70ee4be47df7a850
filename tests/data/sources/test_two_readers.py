"""Delimited text has two readers; whichever a file gets, its rows and lines are the same."""

from __future__ import annotations

import csv
import io

import duckdb
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.data.sources import delimited
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import ScanRequest
from analysis.faults import BadData

MAPPING = Mapping.model_validate(
    {
        "about": {"title": "t", "source": "s"},
        "format": "csv",
        "table": "case_ratings",
        "columns": {"case_id": "a", "rating": "b", "rated_at": "c"},
    }
)
HEADER = b"a,b,c"
CONNECTION = duckdb.connect()


def _read(path, *, regular):
    """Return a file's rows by one of the readers, or the sentence it refuses the file with; None: not its kind."""
    scratch = path.parent / f"scratch-{regular}"
    scratch.mkdir(exist_ok=True)
    connection = CONNECTION.cursor()
    with pytest.MonkeyPatch.context() as patch:
        if regular:
            patch.setattr(delimited, "_read_irregular", lambda *_: None)
        else:
            patch.setattr(delimited, "_read_regular", lambda *_: None)
        try:
            rows = delimited.read_delimited(path, MAPPING, connection, scratch, scan_request=ScanRequest(("b",)))
        except BadData as refused:
            return str(refused)
        if rows is None:
            return None
        found = connection.execute(f"SELECT c0, c1, c2 FROM {rows.relation}").fetchall()
        lines = rows.lines(np.arange(1, len(found) + 1)).tolist()
        read = [(line, [cell or "" for cell in cells]) for line, cells in zip(lines, found, strict=True)]
        assert rows.count == len(found) + len(rows.unreadable)
        assert rows.values[1] == sorted({cells[1] for _, cells in read if cells[1]})
        broken = [(one.line, one.code) for one in rows.unreadable]
        return read, broken, rows.last_line_unfinished


# Cells and whole lines as files have them, good and bad: what stands on one line is one row, unless a quote spans it.
CELL = st.sampled_from(["", "x", "Đất đai", " x ", '"q"', '"a,b"', '"a ""b"" c"', '""', "it's", "1.234,5", "\x00", "é"])
WHOLE = st.lists(CELL, min_size=3, max_size=3).map(",".join)
UNEVEN = st.lists(CELL, min_size=1, max_size=5).map(",".join)
ODD = st.sampled_from(
    ['x"y,b,c', '"x"y,b,c', 'a,"b', 'a,b"', ' "a",b,c', '"a" ,b,c', '"a\nb",c,d', '"a\rb",c,d', "   "]
)
LINES = st.lists(WHOLE | WHOLE | UNEVEN | ODD | st.just(""), min_size=1, max_size=8)


def _bytes(lines, line_break, last_break, bad_byte, mark):
    body = line_break.join(line.encode() for line in lines)
    if bad_byte is not None:
        at = bad_byte % (len(body) + 1)
        body = body[:at] + b"\xff" + body[at:]
    return (b"\xef\xbb\xbf" if mark else b"") + HEADER + line_break + body + (line_break if last_break else b"")


@pytest.mark.slow
@settings(max_examples=50)
@given(
    lines=LINES,
    line_break=st.sampled_from([b"\n", b"\r\n"]),
    last_break=st.booleans(),
    bad_byte=st.none() | st.none() | st.integers(0, 200),
    mark=st.booleans(),
)
@example(lines=["a,b,c,", "a,b,c"], line_break=b"\n", last_break=True, bad_byte=None, mark=False)
@example(lines=['a,"" "",c'], line_break=b"\n", last_break=True, bad_byte=None, mark=False)
def test_whatever_the_file_both_readers_find_the_same(tmp_path_factory, lines, line_break, last_break, bad_byte, mark):
    path = tmp_path_factory.mktemp("readers") / "x.csv"
    path.write_bytes(_bytes(lines, line_break, last_break, bad_byte, mark))
    by_duckdb, by_csv = _read(path, regular=True), _read(path, regular=False)
    assert by_duckdb in (None, by_csv)


@settings(max_examples=40)
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cf"]), max_size=6), min_size=3, max_size=3)
    )
)
def test_what_the_csv_module_writes_comes_back_row_by_row(tmp_path_factory, rows):
    rows = [row for row in rows if row != [""]]
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.mktemp("readers") / "x.csv"
    path.write_text(file.getvalue(), encoding="utf-8", newline="")
    read, broken, unfinished = _read(path, regular=False)
    assert [cells for _, cells in read] == rows
    assert (broken, unfinished) == ([], False)
    by_duckdb = _read(path, regular=True)
    assert by_duckdb in (None, (read, broken, unfinished))


@settings(max_examples=40)
@given(lines=LINES, line_break=st.sampled_from([b"\n", b"\r\n"]))
def test_lines_are_those_an_editor_shows(tmp_path_factory, lines, line_break):
    path = tmp_path_factory.mktemp("readers") / "x.csv"
    path.write_bytes(_bytes(lines, line_break, True, None, False))
    found = _read(path, regular=False)
    if isinstance(found, str):
        return
    shown = path.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line, cells in found[0]:
        there = next(csv.reader(io.StringIO("\n".join(shown[line - 1 :]), newline="")))
        assert [cell.replace("\r", "\n") for cell in cells] == [cell.replace("\0", "") for cell in there]


def test_a_regular_file_goes_through_duckdb(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b'a,b,c\n1,"x, y",3\n1,2\n4,Tr\xe1\xbb\xb1c tuy\xe1\xba\xbfn,"6"\n')
    assert _read(path, regular=True) == (
        [(2, ["1", "x, y", "3"]), (4, ["4", "Trực tuyến", "6"])],
        [(3, "column_count")],
        False,
    )
