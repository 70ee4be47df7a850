"""The export is the cases in the layout an office uses; its dirty twin has the faults it says it has."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections import Counter
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
import yaml

from analysis.data.contracts import TABLES, check
from analysis.data.ingest.fault_codes import FLAGS, REJECTS
from analysis.data.simulate.simulation import write_cases
from analysis.data.sources.mapping import read_mapping
from analysis.faults import BadParameters
from analysis.parameters import ROOT

MAPPING = read_mapping(ROOT / "parameters" / "sources" / "one-stop-cases.yml")
CASE_COUNT = 20_000
EXTRACTED_ON = date(2021, 12, 20)
NEVER_IN_CASES = {
    "number_unreadable", "number_negative", "number_not_whole", "value_out_of_range", "part_without_whole",
    "part_exceeds_whole", "cell_error", "formula_without_result", "empty_row",
}  # fmt: skip
"""A case has no numbers, all its closed lists are codes, text has no formulas, and no line of this file is empty."""
FORM = re.compile(r"000\.00\.(\d\d)\.H32-(\d{6})-(\d{4,})|H32\.(\d\d)-(\d{6})-(\d{4,})")


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    write_cases(folder, 2021, CASE_COUNT)
    return folder


@pytest.fixture(scope="module")
def dirty(dirty_province):
    return dirty_province


def _truth(folder):
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


def _rows(path):
    """Return the header and the rows of an export; a row that is no text is None."""
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    texts = [line.decode("utf-8", "surrogateescape") for line in lines if line]
    cells = [next(csv.reader([text])) for text in texts]
    return cells[0], cells[1:]


def _time(cell):
    """Return a cell's time, None when empty, or "unreadable"."""
    if not cell:
        return None
    for form in ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y"):
        try:
            time = datetime.strptime(cell, form)
        except ValueError:
            continue
        return time if 1990 <= time.year <= 2100 else "unreadable"
    return "unreadable"


def test_the_headers_are_those_of_the_mapping(clean):
    header, rows = _rows(clean / "cases.csv")
    assert set(header) == MAPPING.used_headers() | set(MAPPING.ignored)
    assert len(header) == len(set(header))
    assert {len(row) for row in rows} == {len(header)}
    text = (clean / "cases.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.endswith(b"\n")
    assert any("," in cell for row in rows[:100] for cell in row)  # names of procedures with a comma are quoted


def test_a_clean_export_read_back_is_the_cases(clean, made):
    header, rows = _rows(clean / "cases.csv")
    assert len(rows) == CASE_COUNT == _truth(clean)["rows"]
    read = pd.DataFrame(rows, columns=header)
    for name, source in MAPPING.columns.items():
        cells = read[source.column]
        if source.codes:
            values = cells.map(source.codes)
        elif name.endswith("_at"):
            values = pd.to_datetime(cells.replace("", None), format="%d/%m/%Y %H:%M:%S")
        else:
            values = (cells if name in ("case_id", "procedure_code") else cells.str.lower()).replace("", None)
        expected = made.cases[name]
        assert (values.isna() == expected.isna()).all(), name
        assert (values.dropna().to_numpy() == expected.dropna().to_numpy()).all(), name


def test_acceptance_is_due_eight_working_hours_after_the_filing(clean):
    header, rows = _rows(clean / "cases.csv")
    filed, due = header.index("NgayNopHoSo"), header.index("HanTiepNhan")
    by_filing = {row[filed]: row[due] for row in rows}
    in_hours = {filed: due for filed, due in by_filing.items() if filed.startswith("13/09/2021")}  # a Monday
    assert in_hours
    for filed, due in in_hours.items():
        clock = filed[11:]
        if "07:00:00" <= clock < "11:30:00" or "13:30:00" <= clock < "17:00:00":
            assert due == f"14/09/2021 {clock}"
        elif clock < "07:00:00":
            assert due == "14/09/2021 07:00:00"
        elif clock >= "17:00:00":
            assert due == "15/09/2021 07:00:00"


def test_ratings_are_exported_by_case(clean, made):
    header, *rows = csv.reader((clean / "ratings.csv").read_text(encoding="utf-8-sig").splitlines())
    assert header == ["MaHoSo", "LoaiDanhGia", "DanhGia", "ThoiGianDanhGia"]
    codes = {"1": "dissatisfied", "2": "satisfied", "3": "very_satisfied"}
    assert [(row[0], codes[row[2]], _time(row[3])) for row in rows] == [
        (one.case_id, one.rating, one.rated_at.floor("s").to_pydatetime()) for one in made.case_ratings.itertuples()
    ]


@pytest.mark.slow
def test_the_other_tables_and_the_day_of_the_extraction_stand_beside(clean, dirty):
    for folder in (clean, dirty):
        for name in ("survey", "catalogue", "progress"):
            check(pd.read_parquet(folder / f"{name}.parquet"), TABLES[name], where=name)
        about = yaml.safe_load((folder / "about.yml").read_text(encoding="utf-8"))
        assert about["simulated"] is True
        assert about["extracted_on"] == EXTRACTED_ON


def _first_reject(cells, header):
    """Return why a row by itself is rejected, in the order of the closed table, or None."""
    if len(cells) != len(header):
        return "column_count"
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return "undecodable"
    if next((cell for cell in cells if cell), "").startswith("Tổng"):
        return "total_row"
    row = dict(zip(header, cells, strict=True))
    if not row["MaHoSo"]:
        return "case_id_missing"
    for source in MAPPING.columns.values():
        if source.codes and row[source.column] and row[source.column] not in source.codes:
            return "code_unknown"
    times = {name: _time(row[MAPPING.columns[name].column]) for name in MAPPING.columns if name.endswith("_at")}
    if "unreadable" in times.values():
        return "date_unreadable"
    if not row["TrangThaiHoSo"]:
        return "value_missing"
    resolved = row["TrangThaiHoSo"] in ("9", "10")
    accepted, finished = times["accepted_at"], times["finished_at"]
    if accepted is None and (resolved or times["submitted_at"] is None):
        return "accepted_missing"
    if resolved and finished is None:
        return "finished_missing"
    if accepted and accepted.date() > EXTRACTED_ON:
        return "accepted_in_future"
    if finished and finished.date() > EXTRACTED_ON:
        return "finished_in_future"
    if accepted and finished and finished.date() < accepted.date():
        return "finished_before_accepted"
    return None


def _flags(row):
    """Yield what is worth a look in a row that is taken."""
    times = {name: _time(row[MAPPING.columns[name].column]) for name in MAPPING.columns if name.endswith("_at")}
    days = {name.removesuffix("_at"): time.date() for name, time in times.items() if time}
    still_open = row["TrangThaiHoSo"] in ("1", "2", "4", "5", "6", "8")
    if any(unicodedata.normalize("NFC", cell) != cell for cell in row.values()):
        yield "not_nfc"
    form = FORM.fullmatch(row["MaHoSo"])
    if not form:
        yield "case_id_form_unknown"
    elif (form[2] or form[5]) not in {f"{days[name]:%y%m%d}" for name in ("submitted", "accepted") if name in days}:
        yield "case_id_day_differs"
    if still_open and "accepted" not in days:
        yield "not_yet_accepted"
    if row["KenhThucHien"] == "2" and row["MucDo"] not in ("3", "4"):
        yield "online_below_level_3"
    if times["due_at"] != times["first_due_at"]:
        yield "due_date_replaced"
    for earlier, later, code in (
        ("accepted", "due", "due_before_accepted"),
        ("submitted", "accepted", "submitted_after_accepted"),
        ("finished", "returned", "returned_before_finished"),
    ):
        if earlier in days and later in days and days[later] < days[earlier]:
            yield code
    if still_open and "finished" in days:
        yield "open_with_finish"


def _faults(path):
    """Return every fault of an export, found by reading it row by row."""
    header, rows = _rows(path)
    found = Counter()
    taken = {}
    across = 0
    for cells in rows:
        code = _first_reject(cells, header)
        if code:
            found[code] += 1
            continue
        row = dict(zip(header, cells, strict=True))
        form = FORM.fullmatch(row["MaHoSo"])
        key = form.groups()[:3] if form and form[1] else form.groups()[3:] if form else row["MaHoSo"]
        same = taken.get(key)
        if same is None:
            taken[key] = row
            continue
        found["duplicate_case_id" if same["MaHoSo"] == row["MaHoSo"] else "duplicate_across_systems"] += 1
        if row["NgayKetThucXuLy"] and not same["NgayKetThucXuLy"]:
            taken[key] = row
    ids = {row["MaHoSo"] for row in taken.values()}
    for row in list(taken.values()):
        if row["MaHoSoKhac"] in ids:
            across += 1
            continue
        found.update(_flags(row))
    found["duplicate_across_systems"] += across
    found["last_line_unfinished"] += not path.read_bytes().endswith(b"\n")
    return +found


@pytest.mark.slow
def test_a_clean_export_has_only_what_happens_in_the_cleanest_province(clean):
    assert _faults(clean / "cases.csv") == _truth(clean)["faults"]
    assert set(_truth(clean)["faults"]) == {"not_yet_accepted", "due_date_replaced"}


@pytest.mark.slow
def test_the_dirty_twin_has_each_fault_as_often_as_it_says(dirty):
    truth = _truth(dirty)
    assert _faults(dirty / "cases.csv") == truth["faults"]
    assert len(_rows(dirty / "cases.csv")[1]) == truth["rows"] > CASE_COUNT


def test_the_dirty_twin_has_every_fault_that_cases_can_have(dirty):
    assert set(_truth(dirty)["faults"]) == {fault.code for fault in (*REJECTS, *FLAGS)} - NEVER_IN_CASES


def test_the_dirty_twin_is_the_same_province(clean, dirty):
    clean_lines = set((clean / "cases.csv").read_bytes().split(b"\n"))
    dirty_lines = (dirty / "cases.csv").read_bytes().split(b"\n")
    assert np.mean([line in clean_lines for line in dirty_lines]) > 0.99
    assert (clean / "ratings.csv").read_bytes() == (dirty / "ratings.csv").read_bytes()
    assert _truth(clean)["monthly"] == _truth(dirty)["monthly"]


@pytest.mark.slow
def test_a_province_too_small_for_every_fault_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(BadParameters, match="30 cases are too few for a dirty export"):
        write_cases(tmp_path / "none", 2021, 30, dirty=True)
    assert not (tmp_path / "none").exists()


def _number_fault(cell):
    if cell.startswith("-"):
        return "number_negative"
    if re.fullmatch(r"\d{1,3}(\.\d{3})*,\d+", cell):
        return "number_not_whole"
    return None if re.fullmatch(r"\d{1,3}(\.\d{3})*", cell) else "number_unreadable"


def test_the_dirty_counts_have_each_fault_as_often_as_they_say(dirty, made):
    header, *rows = csv.reader((dirty / "counts-dirty.csv").read_text(encoding="utf-8-sig").splitlines())
    assert header == ["Ky", "DonVi", "LinhVuc", "Kenh", "TiepNhan", "GiaiQuyet"]
    found = Counter()
    resolved = 0
    for row in rows:
        faults = ["value_missing"] * (not row[0]) + [fault for cell in row[4:] if (fault := _number_fault(cell))]
        assert len(faults) <= 1
        found.update(faults)
        resolved += 0 if faults and faults != ["value_missing"] else int(row[5].replace(".", ""))
    truth = _truth(dirty)
    assert found == truth["counts_faults"]
    assert len(rows) == truth["counts_rows"]
    year = made.counts.loc[made.counts["period"] >= "2021", "resolved"].sum()
    assert 0.9 * year < resolved < year


@pytest.mark.slow
def test_a_million_cases_are_made_and_written_in_seconds(tmp_path):
    started = datetime.now()
    write_cases(tmp_path, 1, 1_000_000, dirty=True)
    assert (datetime.now() - started).total_seconds() < 60
    truth = _truth(tmp_path)
    with (tmp_path / "cases.csv").open("rb") as file:
        assert sum(1 for _ in file) - 1 == truth["rows"] > 1_000_000
