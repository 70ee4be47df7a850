"""A person's name or telephone in a wrong cell is printed and stored nowhere; its row is found by its line."""

from __future__ import annotations

import sqlite3

import pandas as pd
import pytest
import xlsxwriter
from click.testing import CliRunner

from analysis.cli import main
from analysis.data.ingest.listed_rows import shape

NAME, TELEPHONE = "Trần Thị Canary", "0905778899"
HEADER = ["Ma", "LinhVuc", "Kenh", "TiepNhan", "HenTra", "KetThuc", "SoTrang", "GhiChu"]
GOOD = ["M{at}", "Đất đai", "1", "02/08/2021", "09/08/2021", "07/08/2021", "12", ""]
MAPPING = """
about: {title: t, source: s}
table: cases
extracted_on: "2021-09-20"
dates: [dd/mm/yyyy]
columns:
  case_id: Ma
  field: LinhVuc
  channel: {column: Kenh, codes: {"1": counter, "2": online}}
  accepted_at: TiepNhan
  due_at: HenTra
  finished_at: KetThuc
extra:
  pages: {kind: number, column: SoTrang}
ignored: [GhiChu]
format: """


def _rows():
    """Return thirty good rows, and for every place two bad ones: with the name there, and with the telephone."""
    rows = [[cell.format(at=at) for cell in GOOD] for at in range(30)]
    for place in range(len(HEADER)):
        for secret in (NAME, TELEPHONE):
            row = [cell.format(at=f"x{len(rows)}") for cell in GOOD]
            row[place] = secret
            # A row is rejected for the cell itself, or for another: an unknown channel.
            row[2] = secret if place == 2 else "9"
            rows.append(row)
    # Shifted by one: the name stands first, and everything behind it in the wrong column.
    rows.append([NAME, *GOOD[:-1]])
    rows.append([*GOOD[:1], TELEPHONE, NAME, *GOOD[2:-1]])
    return rows


def _csv(folder):
    path = folder / "export.csv"
    pd.DataFrame(_rows(), columns=HEADER).to_csv(path, index=False)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{NAME},{TELEPHONE}\n{NAME}\n")
    return path, "csv"


def _irregular(folder):
    path, _ = _csv(folder)
    with path.open("ab") as file:
        file.write(
            f'M77,"{NAME}\n{TELEPHONE}",9,,,,,\n"{NAME},x\n'.encode() + b"M78,\xff" + f"{NAME},1,,,,,\n".encode()
        )
    return path, "csv"


def _workbook(folder):
    path = folder / "export.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([HEADER, *_rows()]):
            sheet.write_row(row, 0, cells)
    return path, "workbook"


def _sqlite(folder):
    with sqlite3.connect(folder / "export.db") as database:
        pd.DataFrame(_rows(), columns=HEADER).to_sql("t", database, index=False)
    database.close()
    return folder / "export.db", "sqlite\nrelation: t"


def _parquet(folder):
    pd.DataFrame(_rows(), columns=HEADER).to_parquet(folder / "export.parquet")
    return folder / "export.parquet", "parquet"


@pytest.mark.usefixtures("readers_fork")
@pytest.mark.parametrize("write", [_csv, _irregular, _workbook, _sqlite, _parquet])
@pytest.mark.parametrize("limit", ["1", "0.05"], ids=["taken", "refused"])
def test_they_are_quoted_nowhere(tmp_path, write, limit):
    path, kind = write(tmp_path)
    (tmp_path / "m.yml").write_text(MAPPING + kind + "\n", encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["ingest", str(path), "--source", str(tmp_path / "m.yml"), "--out", str(out), "--reject-limit", limit]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == (0 if limit == "1" else 3), result.output
    told = result.output
    for file in out.rglob("*"):
        if file.is_file():
            told += pd.read_parquet(file).to_csv() if file.suffix == ".parquet" else file.read_text("utf-8", "replace")
    if limit == "1":
        listed = pd.read_parquet(out / "rejected.parquet")
        # Every bad row is found by its line. In the last column nobody reads what stands there.
        assert len(listed) >= 18
        # Of the right cells the raw text has what they hold.
        assert listed["raw"].str.contains("LinhVuc=Đất đai; ").sum() >= 14
    for secret in (NAME, TELEPHONE, "Canary", "canary", "778899"):
        assert secret not in told, told[max(0, told.index(secret) - 200) : told.index(secret) + 100]


def test_a_shape_says_what_a_text_is_made_of_and_not_the_text():
    assert shape(NAME) == "13 letters, 3 words"
    assert shape(TELEPHONE) == "10 digits"
    assert shape("0905 778-899") == "10 digits, 1 sign, 2 words"
    assert shape("x") == "1 letter"
    assert shape("") == ""


def test_an_unknown_code_is_quoted_where_five_rows_share_it(bring_in):
    header = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\n"
    rows = [f"H{at},x,{'ZALO' if at < 5 else 'FAX'},01/09/2021,," for at in range(9)]
    reasons = bring_in(header + "\n".join(rows) + "\n").intake.rejected["reason"].tolist()
    assert reasons == ["Kenh: 'ZALO'"] * 5 + ["Kenh: 3 letters"] * 4


def test_a_file_without_a_header_is_refused_without_quoting_its_first_row(bring_in):
    from analysis.faults import BadData

    with pytest.raises(BadData, match="the header has none of the mapping's columns") as refused:
        bring_in(f"H1,{NAME},{TELEPHONE},01/09/2021,,\nH2,{NAME},{TELEPHONE},01/09/2021,,\n")
    assert NAME not in str(refused.value)


HEADERS = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong"


def test_a_column_without_a_header_that_holds_something_stops_the_run(bring_in):
    from analysis.faults import BadData

    text = f"{HEADERS},,\nH1,x,1,01/09/2021,,,{NAME},\nH2,x,1,01/09/2021,,,,\n"
    told = "column 7 has no header and something below it; give it one, or list 'column 7' under ignored or personal"
    with pytest.raises(BadData, match=told) as refused:
        bring_in(text)
    assert NAME not in str(refused.value)
    # Column 8 is empty: many programs end every row with the mark between two cells.
    assert bring_in(text, ignored=["column 7"]).intake.accepted == 2
    assert bring_in(text, personal=["column 7"]).intake.dropped == ("column 7",)
    assert bring_in(text, columns={"procedure_code": "column 7"}).table["procedure_code"].notna().tolist() == [
        True,
        False,
    ]


def test_a_cell_of_a_sheet_beyond_its_header_stops_the_run_too(bring_in, tmp_path):
    from analysis.faults import BadData

    path = tmp_path / "export.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS.split(","))
        sheet.write_row(1, 0, ["H1", "x", "1", "01/09/2021", None, None, None, NAME])
        sheet.write_row(2, 0, ["H2", "x", "1", "01/09/2021", None, None, " "])
    with pytest.raises(BadData, match="column 8 has no header and something below it"):
        bring_in(path, format="workbook")
    assert bring_in(path, format="workbook", ignored=["column 8"]).intake.accepted == 2
