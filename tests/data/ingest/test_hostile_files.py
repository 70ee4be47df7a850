"""A file that would end its reader, or the machine, is refused in one sentence by ``dunghen ingest``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from datetime import date

import pytest
import xlsxwriter

from analysis.data.ingest.archive import archive
from analysis.data.sources.mapping import Mapping
from analysis.faults import BadData

pytestmark = pytest.mark.usefixtures("readers_fork")
COUNTS = {
    "about": {"title": "t", "source": "s"},
    "table": "counts",
    "columns": {"period": "Ky", "agency": "DonVi", "received": "Nhan"},
}
HEADER = ["Ky", "DonVi", "Nhan"]
DAY = date(2021, 12, 31)


def _far(path, row, column):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["2021-09", "Sở A", 5])
        sheet.write_string(row, column, " ")


def _bomb(path):
    """Write a workbook of some kilobytes whose one text is two gigabytes of blanks."""
    _far(path, 2, 1)
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for name, text in parts.items():
            if name != "xl/sharedStrings.xml":
                out.writestr(name, text)
        with out.open("xl/sharedStrings.xml", "w") as file:
            head, tail = parts["xl/sharedStrings.xml"].split(b"<si>", 1)
            file.write(head + b"<si><t>")
            for _ in range(2000):
                file.write(b"x" * (1 << 20))
            file.write(b"</t></si><si>" + tail)


def _ingest(tmp_path, path, **mapping):
    (intake,) = archive(
        str(path), Mapping.model_validate(COUNTS | mapping), tmp_path / "out", extracted_on=DAY, reject_limit=0.05
    )
    return intake


@pytest.mark.parametrize(("row", "column"), [(1_048_575, 16_383), (99_999, 16_383)])
def test_a_blank_far_outside_the_table_ends_the_file_and_nothing_else(tmp_path, row, column):
    path = tmp_path / "counts.xlsx"
    _far(path, row, column)
    told = (
        "counts.xlsx: stopped while reading the rows, because that needed more than 1,900 MB; does a cell far outside"
    )
    with pytest.raises(BadData, match=told):
        _ingest(tmp_path, path, format="workbook")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]


def test_a_blank_a_little_outside_is_no_cell(tmp_path):
    path = tmp_path / "counts.xlsx"
    _far(path, 40, 40)
    assert _ingest(tmp_path, path, format="workbook").accepted == 1


@pytest.mark.slow
def test_a_small_workbook_that_unpacks_to_gigabytes_stays_within_bounds(tmp_path):
    path = tmp_path / "counts.xlsx"
    _bomb(path)
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(Mapping.model_validate(COUNTS | {"format": "workbook"}).model_dump_json(exclude_unset=True))
    run = [sys.executable, "-m", "analysis.cli", "ingest", str(path), "--source", str(mapping), "--out", "out"]
    process = subprocess.Popen(run, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 3
    assert re.search(r"counts.xlsx: (stopped while|not a readable workbook|.* longer than)", output), output
    # The most any of its processes held, in KiB; the child is one of them.
    assert usage.ru_maxrss < 2 * 1024 * 1024


def test_a_cell_of_a_sheet_longer_than_a_mebibyte_is_refused(tmp_path):
    path = tmp_path / "counts.xlsx"
    _far(path, 2, 1)
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in parts.items():
            out.writestr(name, text.replace("Sở A".encode(), b"A" * (1 << 20) + b"A"))
    with pytest.raises(BadData, match=r"counts\.xlsx row 2: column 'DonVi': a cell is longer than 1 MiB"):
        _ingest(tmp_path, path, format="workbook")


def test_a_text_with_a_million_columns_is_refused_at_its_header(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(",".join(["a"] * 1_000_000) + "\n" + "," * 999_999 + "\n", encoding="utf-8")
    with pytest.raises(BadData, match="line 1: 1,000,000 columns, 16,384 at most were expected; is ',' the delimiter"):
        _ingest(tmp_path, path, format="csv")


@pytest.mark.parametrize("line", [1, 2])
def test_a_line_without_end_is_refused_where_it_begins(tmp_path, line):
    path = tmp_path / "endless.csv"
    path.write_bytes((",".join(HEADER) + "\n").encode() * (line - 1) + b"x" * (1 << 24) + b"x\n")
    with pytest.raises(BadData, match=f"line {line}: longer than 16,777,216 letters; a table of text was expected"):
        _ingest(tmp_path, path, format="csv")
