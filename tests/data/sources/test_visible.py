"""Cells as people see them: what nobody sees is taken out, in SQL and in Arrow alike, and nothing else is touched."""

from __future__ import annotations

import sqlite3

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.sources.visible import has_controls, is_visible, unseen_but_controls_sql, visible_cells, visible_sql

SEEN = {
    "M001": "M001",
    "M001\u200b": "M001",
    "M0\x0001": "M001",
    "\ufeffM001": "M001",
    "M\u00ad001": "M001",
    "\u202aM001\u202c": "M001",
    "M0\ufe0f0\u034f1\U000e0041": "M001",
    "M001\x1a\x7f": "M001",
    '="M001"': "M001",
    ' ="000123" ': "000123",
    '="a""b"': '="a""b"',
    "=SUM(A1)": "=SUM(A1)",
    "Sở Y tế": "Sở Y tế",
    "a\tb\nc": "a\tb\nc",
    "“x” – y": "“x” – y",
}
CONNECTION = duckdb.connect()


def _in_sql(sql, cells):
    cursor = CONNECTION.cursor()
    return [
        row[0] for row in cursor.execute(f"SELECT {sql('cell')} FROM (SELECT unnest(?) AS cell)", [cells]).fetchall()
    ]


def test_what_nobody_sees_is_taken_out():
    cells, changed = visible_cells(pa.array([*SEEN, None]))
    assert cells.to_pylist() == [*SEEN.values(), None]
    assert changed.to_pylist() == [*(before != after for before, after in SEEN.items()), False]
    assert [is_visible(cell) for cell in SEEN] == [before == after for before, after in SEEN.items()]
    assert visible_cells(pa.array(["M001", None]))[1] is None


@settings(max_examples=30)
@given(cells=st.lists(st.text(st.sampled_from('M0 =""\u200b\u00ad\x00\x1aổ\u0309\u202e“')), min_size=1, max_size=20))
def test_sql_and_arrow_agree(cells):
    shown = visible_cells(pa.array(cells))[0].to_pylist()
    assert _in_sql(visible_sql, cells) == shown
    # What the quick SQL does not find, a file's bytes tell.
    found = _in_sql(unseen_but_controls_sql, cells)
    assert [bool(one) or has_controls(cell.encode()) for one, cell in zip(found, cells, strict=True)] == [
        cell != after for cell, after in zip(cells, shown, strict=True)
    ]


CODES = ["M001", "M001\u200b", "M0\x0001", '"=""M001"""']


@pytest.mark.parametrize("irregular", [False, True], ids=["regular", "irregular"])
def test_identifiers_that_look_alike_are_one_case(bring_in, irregular):
    header = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\n"
    given = [code for code in CODES if irregular or "\0" not in code]
    rows = "".join(f"{code},Đất đai\u200b,1,01/09/2021,,\n" for code in given)
    rows += 'H9,"x\ny",1,01/09/2021,,\n' if irregular else ""
    brought = bring_in(header + rows)
    assert brought.table["case_id"].dropna().unique().tolist() == (["H9", "M001"] if irregular else ["M001"])
    assert [code for _, code in brought.rejected] == ["duplicate_case_id"] * (len(given) - 1)
    assert set(brought.table["field"]) <= {"dat-dai", "x-y"}
    assert brought.intake.notes == {"invisible_characters": len(given)}


def test_a_code_of_which_nobody_sees_a_part_is_the_code(bring_in):
    header = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\n"
    brought = bring_in(f"{header}H1,Đất\u200b đai,1,01/09/2021,,\nH2,Đất đai,\u20601,01/09/2021,,\n")
    assert brought.table[["field", "channel"]].to_numpy().tolist() == [["dat-dai", "counter"]] * 2


def test_sqlite_notes_them_as_every_other_source_does(bring_in, tmp_path):
    with sqlite3.connect(tmp_path / "system.db") as connection:
        connection.execute("CREATE TABLE ho_so (MaHoSo, NgayNhan, NgayXong)")
        connection.executemany("INSERT INTO ho_so VALUES (?, '2021-09-01', NULL)", [("M\u200b1",), ("M2",)])
    connection.close()
    how = {"format": "sqlite", "relation": "ho_so", "columns": {"channel": None, "due_at": None, "field": None}}
    brought = bring_in(tmp_path / "system.db", **how)
    assert brought.table["case_id"].tolist() == ["M1", "M2"]
    assert brought.intake.notes == {"invisible_characters": 1}


@pytest.mark.parametrize("end", ["\x1a", "\0" * 512, "\n\x1a", "\x1a\0\0"])
def test_what_fills_a_file_up_behind_its_last_line_is_no_row(bring_in, end):
    text = f"MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\nH1,x,1,01/09/2021,,\n{end}"
    brought = bring_in(text, ends_with_newline=True)
    assert (brought.intake.rows, brought.rejected, brought.flagged) == (1, [], [])
